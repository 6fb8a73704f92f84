"""Each call of the table, as a certain request of everybody who makes it, against the policies of the templates."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from permissions.judge import Answer, Request, judge
from permissions.placeholders import Placeholders, fill
from permissions.principals import DOES_AS, PARTICIPANT, kind_of_role, kind_of_user
from permissions.recorded import Call
from permissions.templates import Identity, Policies

BUCKET_ARN = "arn:aws:s3:::"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What IAM answers to a call, in a deployment of the named variant."""

    call: Call
    variant: str
    request: Request
    answer: Answer

    @property
    def line(self) -> str:
        """For a call that is not judged as it should be."""
        asked = f"{self.call.principal} ({self.variant}): {self.request.action} on {self.request.resource}"
        if self.answer.error:
            return f"{asked}: is no request of IAM's: {self.answer.error}"
        if self.answer.allowed:
            return f"{asked}: is allowed by {', '.join(sorted({name for name, _ in self.answer.allows}))}"
        return f"{asked}: is denied ({self.answer.why}); the permission {self.request.action} is missing"


def verdicts(calls: Iterable[Call], variants: Mapping[str, Policies]) -> list[Verdict]:
    """For each call one by every variant that has its principal; none where that is nobody's of the templates."""
    calls, asked, documents = list(calls), list[tuple[str, Call, Request]](), dict[str, Any]()
    for variant, policies in variants.items():
        documents |= {_within(variant, name): document for name, document in policies.documents.items()}
        examples = examples_of(policies)
        asked += [(variant, call, request) for call in calls for request in _requests(call, policies, examples)]
    answers = judge(documents, [_request_within(variant, request) for variant, _, request in asked])
    return [
        Verdict(call, variant, request, _answer_without(variant, answer))
        for (variant, call, request), answer in zip(asked, answers, strict=True)
    ]


def _within(variant: str, document: str) -> str:
    """Documents of different variants have the same names, and go to the evaluator together: it takes long to start."""
    return f"{variant}: {document}" if document else ""


def _request_within(variant: str, request: Request) -> Request:
    return replace(
        request,
        policies=[_within(variant, name) for name in request.policies],
        boundary=_within(variant, request.boundary),
        resource_policy=_within(variant, request.resource_policy),
    )


def _answer_without(variant: str, answer: Answer) -> Answer:
    prefix = f"{variant}: "
    allows = tuple((name.removeprefix(prefix), number) for name, number in answer.allows)
    return replace(answer, allows=allows, why=answer.why.replace(prefix, ""))


def examples_of(policies: Policies) -> dict[str, str]:
    """What the placeholders stand for in a deployment: the first of its participants is the one who calls."""
    bucket = next(iter(policies.of_buckets))
    place = Placeholders.of([{"resource": f"{BUCKET_ARN}{bucket}"}])
    [workshop] = place.workshops
    user = next(each.name for each in policies.identities.values() if ":user/" in each.arn)
    return {
        "<account>": bucket.removesuffix(f"-{place.region}")[-12:],
        "<region>": place.region,
        "<workshop>": workshop,
        "<participant>": user.removeprefix(f"{workshop}-"),
    }


def _requests(call: Call, policies: Policies, examples: dict[str, str]) -> Iterator[Request]:
    identity = next((each for each in policies.identities.values() if makes(each, call, examples)), None)
    if identity is None:
        return
    account, kind = examples["<account>"], "user" if ":user/" in identity.arn else "role"
    principal = f"arn:aws:sts::{account}:assumed-role/{identity.name}/service" if kind == "role" else identity.arn
    resource = fill(call.resource, examples)
    keys = {
        "aws:PrincipalArn": identity.arn,
        "aws:PrincipalAccount": account,
        "aws:SecureTransport": "true",
        "aws:RequestedRegion": examples["<region>"],
        **({"aws:username": identity.name} if kind == "user" else {}),
        **{f"aws:PrincipalTag/{key}": value for key, value in identity.tags.items()},
        **{key: fill(value, examples) for key, value in json.loads(call.conditions).items()},
    }
    bucket = resource.removeprefix(BUCKET_ARN).partition("/")[0] if resource.startswith(BUCKET_ARN) else ""
    yield Request(
        *(principal, call.action, resource, keys, identity.policies, identity.boundary),
        resource_policy=policies.of_buckets.get(bucket, ""),
    )


def makes(identity: Identity, call: Call, examples: Mapping[str, str]) -> bool:
    """Whether the call is one of the identity's, or of somebody whose calls it makes, too."""
    kind = kind_of(identity, examples)
    return call.principal in (kind, DOES_AS.get(kind))


def kind_of(identity: Identity, examples: Mapping[str, str]) -> str:
    if ":user/" in identity.arn:
        return kind_of_user(identity.attached)
    name = identity.name
    for word in ("<account>", "<region>", "<workshop>", "<participant>"):
        name = name.replace(examples[word], word, 1)
    return kind_of_role(name, identity.attached)


def refused(found: Iterable[Verdict]) -> list[str]:
    """Lines about calls that are not answered as they were recorded.

    A user's are the same in every variant. Of a role's, one variant must let them through: images are elsewhere when
    CodeBuild builds them.
    """
    by_call: dict[Call, list[Verdict]] = defaultdict(list)
    for verdict in found:
        by_call[verdict.call].append(verdict)
    lines = list[str]()
    for call, judged in by_call.items():
        wrong = [each for each in judged if each.answer.error or each.answer.allowed != call.allowed]
        if len(wrong) == len(judged) or (wrong and call.principal.startswith(PARTICIPANT)):
            lines.append(wrong[0].line)
    return sorted(lines)


def let_through(found: Iterable[Verdict]) -> list[str]:
    """Lines about calls that nobody may make, and somebody may, or that are none."""
    return sorted({each.line for each in found if each.answer.allowed or each.answer.error})
