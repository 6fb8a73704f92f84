"""What differs from one recording to the next, replaced by words in angle brackets; and examples to fill them in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

BUCKET = re.compile(
    r"arn:aws:s3:::(?P<workshop>[a-z0-9-]+)-sagemaker-(?P<account>\d{12})-(?P<region>[a-z0-9-]+?)(?:/|$)"
)
USER = re.compile(r"arn:aws:iam::\d{12}:user/(.+)")
ANY_REGION = re.compile(r"\b(?:af|ap|ca|eu|il|me|mx|sa|us)-(?:[a-z]+-)?[a-z]+-\d\b")
# In this order, after the workshop, its participants, the account and the region.
CHANGING = (
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "<hash>"),
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{4}\b"), "<run>"),
    (re.compile(r"\b\d{14}\b"), "<time>"),
    (re.compile(r"(?<=<workshop>--dataset-)<hash>-\d+"), "<hash>"),
    (re.compile(r"(:log-stream:[^/]+/).+"), r"\1<stream>"),
    (re.compile(r"(?<=checkpoints/)([^/]+)/.+"), r"\1/<file>"),
    (re.compile(r"(?<=datasets/<hash>/)(?!complete\.json$).+"), "<file>"),
    (re.compile(r"(:stack/[^/]+/).+"), r"\1<id>"),
)
RUN_OF_THE_WORKSHOP = re.compile(
    r"(?<=:execution:)([^:]+):(<(?:other )?participant>-)?[^:]+"
    r"|<workshop>--(?!dataset-)(<(?:other )?participant>-)?(?!smoke-)[^/:]+"
)
EXAMPLES = {
    "<other region>": "eu-west-1",
    "<other participant>": "another",
    "<id>": "6ea4552f-6959-401c-9f92-84a8f89e06a3",
    "<hash>": "5b6275b64dac3754ca48639601130b36",
    "<run>": "20261126-093000-1a2b",
    "<time>": "20261126093000",
    "<stream>": "algo-1-1764149400",
    "<file>": "data-00000-of-00001.arrow",
}


@dataclass(frozen=True, slots=True)
class Placeholders:
    """Of one recording: whatever belongs to one of ``workshops``, in ``region``, or to one of ``participants``.

    Where one of these calls, ``caller``, what is another's is told apart.
    """

    workshops: frozenset[str]
    participants: frozenset[str]
    region: str
    caller: str = ""

    @classmethod
    def of(cls, lines: Iterable[dict[str, Any]]) -> Placeholders:
        """Found by the names of the workshops' buckets and users."""
        lines = list(lines)
        buckets = [match for line in lines if (match := BUCKET.match(line.get("resource", "")))]
        workshops = frozenset(match["workshop"] for match in buckets)
        users = [match[1] for line in lines if (match := USER.match(line.get("principal", "")))]
        participants = {
            user.removeprefix(f"{name}-") for name in workshops for user in users if user.startswith(f"{name}-")
        }
        return cls(workshops, frozenset(participants), buckets[0]["region"] if buckets else "")

    def called_by(self, name: str) -> Placeholders:
        """For the calls of a user or a role of this name: a participant's own, or anybody's."""
        own = (each for each in self.participants for workshop in self.workshops if name in _own(workshop, each))
        return replace(self, caller=next(own, ""))

    def name(self, text: str) -> str:
        """A text without the account, region, workshop and participant that it speaks of."""
        for workshop in sorted(self.workshops, key=len, reverse=True):
            text = re.sub(rf"(?<![\w-]){re.escape(workshop)}(?=--|-(?!sdk)|/|$)", "<workshop>", text)
        for participant in sorted(self.participants, key=len, reverse=True):
            word = "<participant>" if self.caller in ("", participant) else "<other participant>"
            text = re.sub(rf"(?<=<workshop>-){re.escape(participant)}(?![\w])", word, text)
            text = re.sub(rf"(?:(?<=<workshop>--)|(?<=:)){re.escape(participant)}(?=-)", word, text)
        text = re.sub(r"\b\d{12}\b", "<account>", text)
        return ANY_REGION.sub(lambda match: "<region>" if match[0] == self.region else "<other region>", text)

    def resource(self, text: str) -> str:
        """An ARN, or part of one, that every recording has alike."""
        text = self.name(text)
        for pattern, word in CHANGING:
            text = pattern.sub(word, text)
        return text if ":iam:" in text or ":stateMachine:" in text else RUN_OF_THE_WORKSHOP.sub(_run, text)


def _own(workshop: str, participant: str) -> tuple[str, str]:
    """Names of a participant's user, and of the role of their jobs."""
    return f"{workshop}-{participant}", f"{workshop}--{participant}-jobs"


def _run(match: re.Match[str]) -> str:
    return f"{match[1]}:{match[2] or ''}<run>" if match[1] else f"<workshop>--{match[3] or ''}<run>"


def fill(value: Any, examples: dict[str, str]) -> Any:
    """A value as one certain call has it."""
    if isinstance(value, list):
        return [fill(each, examples) for each in value]
    for word, example in {**EXAMPLES, **examples}.items():
        value = value.replace(word, example)
    return value
