"""What the doctor asks IAM for is what the commands call: neither less, nor anything that nobody calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from infra.settings import PROJECT
from tests.helpers.accounts import EARLIER, HOME, TAG, Thing, build, whole_workshop
from tests.helpers.cloud import TOOLS
from tests.helpers.cloud_session import client_of
from tests.helpers.studio import StudioCloud
from tests.workshop.teardown.test_teardown_properties import tear_down
from workshop.aws.permissions import ORGANISER_ACTIONS

# IAM's prefix, where it is not the client's name.
PREFIXES = {
    "resourcegroupstaggingapi": "tag",
    "sagemaker-runtime": "sagemaker",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}
# Of S3, the actions that are not called like the operation (Service Authorization Reference).
S3_ACTIONS = {
    "DeleteObjects": ("DeleteObject", "DeleteObjectVersion"),
    "HeadBucket": ("ListBucket",),
    "HeadObject": ("GetObject",),
    "ListBuckets": ("ListAllMyBuckets",),
    "ListMultipartUploads": ("ListBucketMultipartUploads",),
    "ListObjectVersions": ("ListBucketVersions",),
    "ListObjectsV2": ("ListBucket",),
}
ALWAYS_ALLOWED = {"sts:GetCallerIdentity"}
SERVICES = (
    *(
        "application-autoscaling",
        "cloudformation",
        "codebuild",
        "ec2",
        "ecr",
        "iam",
        "logs",
        "pricing",
        "s3",
        "scheduler",
    ),
    *("resourcegroupstaggingapi", "sagemaker", "sagemaker-runtime", "service-quotas", "ssm", "stepfunctions", "sts"),
)
# Jinja's, two listers of the teardown, and what expressions and commands are called.
NOT_AWS = {"get_template", "list_builds", "list_stacks", "search"}
NOT_IN_CODE = {"iam:PassRole"}  # what scheduler:UpdateSchedule and sagemaker:CreateTrainingJob ask for


def actions_of(service: str, operation: str) -> set[str]:
    """In IAM's words."""
    names = S3_ACTIONS.get(operation, (operation,)) if service == "s3" else (operation,)
    return {f"{PREFIXES.get(service, service)}:{name}" for name in names} - ALWAYS_ALLOWED


def calls_of_teardown(folder: Path) -> set[tuple[str, str]]:
    """Client and operation, of a workshop with one of everything."""
    tools = [Thing(kind, HOME, f"own-{kind}", {"tags": TAG, "state": "InService"}) for kind in TOOLS]
    group = Thing("log-group", HOME, "/aws/sagemaker/TransformJobs", {"retention": 7, "streams": ["chitra--x/algo-1"]})
    cloud = build([*whole_workshop(), *tools, group, *stack_that_hangs()])
    cloud.__class__ = StudioCloud
    assert isinstance(cloud, StudioCloud)
    inside = [("app", "d-1/tanaka/JupyterLab/default"), ("space", "d-1/room"), ("user-profile", "d-1/tanaka")]
    cloud.studio = {("domain", "d-1"): TAG, **{key: {} for key in inside}}
    tear_down(cloud, folder / "journal")
    return {(words[0], words[2]) for words in map(str.split, cloud.calls)}


def stack_that_hangs() -> list[Thing]:
    return [Thing("stack", EARLIER, "chitra-workflow", {"state": "DELETE_FAILED", "tags": TAG, "holds": []})]


def names_in_code() -> Iterator[str]:
    """Attributes and texts: an operation is called as a method, or handed to a paginator."""
    for file in (PROJECT / "workshop").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_should_ask_for_every_call_of_a_teardown(tmp_path: Path) -> None:
    calls = calls_of_teardown(tmp_path)
    assert len(calls) > 80
    needed = set().union(*(actions_of(service, operation) for service, operation in calls))
    assert needed - set(ORGANISER_ACTIONS) == set()


def test_should_ask_for_every_call_of_the_commands() -> None:
    methods = {service: client_of(service, HOME).meta.method_to_api_mapping for service in SERVICES}
    asked = set(ORGANISER_ACTIONS) | ALWAYS_ALLOWED
    missing = {}
    for name in set(names_in_code()) - NOT_AWS:
        meant = [actions_of(service, known[name]) for service, known in methods.items() if name in known]
        if meant and not any(actions <= asked for actions in meant):
            missing[name] = meant
    assert missing == {}


def test_should_ask_for_nothing_that_iam_does_not_know() -> None:
    known = {
        action
        for service in SERVICES
        for operation in client_of(service, HOME).meta.service_model.operation_names
        for action in actions_of(service, operation)
    }
    assert set(ORGANISER_ACTIONS) - known - NOT_IN_CODE == set()
    assert list(ORGANISER_ACTIONS) == sorted(set(ORGANISER_ACTIONS))
