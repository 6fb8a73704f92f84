"""What carries the workshop's tag in any other service.

What the workshop's stacks are made of is removed when its stack is gone without it. No command of the workshop makes
anything else, so none removes it: it is reported by name and ARN, and keeps a teardown from being done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from typing import Any

from workshop.aws.log_groups import ENDPOINT_LOGS
from workshop.aws.stacks import describe_stack
from workshop.aws.tags import Arn
from workshop.aws.waiting import Pace, delete_call, none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.resource import Finding, Held, Place, Resource, guarded_each, refuse

BY_HAND = (
    "{arn}: carries the workshop's tag, but no command of the workshop makes or removes its kind. Remove it, "
    "or take the tag off; what is gone already leaves AWS's index of tags by itself"
)


def list_others(place: Place) -> Iterator[Finding]:
    """Tagged things that no other lister names, that no stack of the workshop holds, and that are not gone."""
    others = (
        arn
        for arn in place.arns
        if arn.service != "sagemaker" and not _has_lister(place, arn) and not is_held(arn, place.held)
    )
    return guarded_each(Topic.OTHERS, place.region, others, partial(_look_at, place), attrgetter("text"))


def _look_at(place: Place, arn: Arn) -> Iterator[Resource]:
    look = EXISTENCE.get((arn.service, arn.kind))
    if look is None or none_if_missing(partial(look, place, arn)):
        kind = " ".join(filter(None, (arn.service, arn.kind)))
        remove = _removal(place, arn)
        by_hand = "" if remove else BY_HAND.format(arn=arn.text)
        remove = remove or refuse(by_hand)
        yield Resource(Topic.OTHERS, kind, arn.name, place.region, remove, arn=arn.text, by_hand=by_hand)


def is_held(arn: Arn, held: frozenset[Held]) -> bool:
    """Whether a stack of the workshop holds it, so that it goes with its stack. A physical id is an ARN or a name."""
    ids = (arn.text, arn.name, f"/{arn.name}", arn.name.rpartition("/")[2])
    return any((arn.service, each) in held for each in ids)


def _has_lister(place: Place, arn: Arn) -> bool:
    names = place.names
    own_log_groups = (names.workflow_log_group, names.build_log_group)
    match arn.service, arn.kind:
        case "cloudformation", "stack":
            return arn.name.split("/")[0] in names.stacks
        case "s3", "":
            region = arn.name.removeprefix(names.bucket(place.account.number, ""))
            return re.fullmatch("[a-z]{2}(-[a-z]+)+-[0-9]", region) is not None
        case "logs", "log-group":
            return arn.name in own_log_groups or arn.name.startswith(ENDPOINT_LOGS + names.run_prefix)
        case "ecr", "repository":
            return arn.name == names.image_repository
        case "codebuild", "project":
            return arn.name == names.build_project
        case "application-autoscaling", "scalable-target":
            return True  # those of endpoints; the index of tags remembers them for hours
    return False


def _removal(place: Place, arn: Arn) -> Callable[[Pace], object] | None:
    """None where no command of the workshop makes this kind."""
    match arn.service, arn.kind:
        case "states", "stateMachine":
            return delete_call(place.client("stepfunctions").delete_state_machine, stateMachineArn=arn.text)
        case "ssm", "parameter":
            return delete_call(place.client("ssm").delete_parameters, Names=[arn.name, f"/{arn.name}"])
    return None


def _state_machine(place: Place, arn: Arn) -> bool:
    answer = place.client("stepfunctions").describe_state_machine(stateMachineArn=arn.text)
    return bool(answer.get("status") != "DELETING")


def _log_group(place: Place, arn: Arn) -> bool:
    pages = place.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=arn.name)
    return any(group["logGroupName"] == arn.name for page in pages for group in page["logGroups"])


def _parameter(place: Place, arn: Arn) -> bool:
    names = [arn.name, f"/{arn.name}"]
    return bool(place.client("ssm").get_parameters(Names=names)["Parameters"])


def _build_project(place: Place, arn: Arn) -> bool:
    return bool(place.client("codebuild").batch_get_projects(names=[arn.name])["projects"])


def _repository(place: Place, arn: Arn) -> bool:
    return bool(place.client("ecr").describe_repositories(repositoryNames=[arn.name])["repositories"])


def _stack(place: Place, arn: Arn) -> bool:
    return describe_stack(place.client("cloudformation"), arn.text) is not None


def _answers(service: str, operation: str, key: str, *, by_arn: bool = False) -> Callable[[Place, Arn], Any]:
    """Whether one call that names the thing is answered at all."""

    def look(place: Place, arn: Arn) -> bool:
        name = arn.text if by_arn else arn.name.rpartition("/")[2]
        getattr(place.client(service), operation)(**{key: name})
        return True

    return look


# The index of tags lags behind: of these kinds, which the workshop's stacks are made of, the service itself is asked.
EXISTENCE: dict[tuple[str, str], Callable[[Place, Arn], Any]] = {
    ("s3", ""): _answers("s3", "head_bucket", "Bucket"),
    ("states", "stateMachine"): _state_machine,
    ("logs", "log-group"): _log_group,
    ("ssm", "parameter"): _parameter,
    ("cloudformation", "stack"): _stack,
    ("ecr", "repository"): _repository,
    ("codebuild", "project"): _build_project,
    ("iam", "role"): _answers("iam", "get_role", "RoleName"),
    ("iam", "user"): _answers("iam", "get_user", "UserName"),
    ("iam", "policy"): _answers("iam", "get_policy", "PolicyArn", by_arn=True),
}
