"""One thing that belongs to the workshop, and when in a teardown it goes."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from infra.names import Names
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice, is_denied
from workshop.aws.tags import Arn, Tagged
from workshop.aws.waiting import Pace, StillThereError
from workshop.teardown.memory import Memory
from workshop.teardown.order import Topic

Held = tuple[str, str]  # the service as ARNs call it, and CloudFormation's physical id

GLOBAL = "global"  # IAM's region


@dataclass(frozen=True, slots=True)
class Resource:
    """``remove`` returns when the thing is gone, or when AWS will see to that; removing twice does no harm.

    ``by_hand`` says what somebody has to do where no removal can help.

    Raises (``remove``):
        StillThereError: it is not gone within the pace's patience.
        AWS_ERRORS: AWS refused or did not answer.
    """

    topic: Topic
    kind: str
    name: str
    region: str
    remove: Callable[[Pace], object] = field(compare=False)
    state: str = field(default="", compare=False)
    arn: str = field(default="", compare=False)
    by_hand: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Lookalike:
    """Has a name as the workshop gives it but not its tag, or belongs to such a thing: reported and left alone."""

    kind: str
    name: str
    region: str
    why: str = field(default="has the name but not the tag", compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be looked at, and what to do; ``topic`` is None where that concerns no removal.

    A ``final`` one does not go away by looking again. ``trace`` is the traceback of a mistake in this program.
    """

    topic: Topic | None
    region: str
    advice: str
    final: bool
    trace: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.topic.value if self.topic else 'regions and tags'}: {self.advice}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lister looks.

    ``tagged`` are the names in SageMaker that carry the workshop's tag or did so, ``arns`` is all that carries it by
    the index of tags, ``held`` is what the workshop's stacks hold in any region, ``owners`` is which workshop's tag
    SageMaker showed on a resource, by ARN, in this survey.
    """

    account: Account
    names: Names
    region: str
    tagged: Tagged = field(default_factory=dict)
    arns: tuple[Arn, ...] = ()
    held: frozenset[Held] = frozenset()
    memory: Memory = field(default_factory=Memory)
    owners: dict[str, str | None] = field(default_factory=dict, compare=False)

    def client(self, service: str) -> Any:
        return self.account.client(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account.number}:{resource}"


Finding = Resource | Lookalike | Problem
Lister = Callable[[Place], Iterator[Finding]]
T = TypeVar("T")


def guarded_each(
    topic: Topic, region: str, entries: Iterable[T], look: Callable[[T], Iterable[Finding]], name: Callable[[T], str]
) -> Iterator[Finding]:
    """What ``look`` yields of each entry; one that cannot be looked at is its own problem and hides no other."""
    for entry in entries:
        label = guarded(lambda entry=entry: f"{name(entry)}: ", topic, region)  # type: ignore[misc]
        if isinstance(label, Problem):
            yield label
            continue
        found = guarded(lambda entry=entry: list(look(entry)), topic, region, label)  # type: ignore[misc]
        yield from [found] if isinstance(found, Problem) else found


def unexpected(error: Exception) -> str:
    """In one line, for a mistake in this program or an answer that nobody foresaw."""
    return f"unexpected {type(error).__name__} ({error}): please report it; everything else goes on"


def refuse(why: str) -> Callable[[Pace], object]:
    """The removal of what no command can remove."""

    def remove(pace: Pace) -> None:
        raise StillThereError(why)

    return remove


def guarded(look: Callable[[], T], topic: Topic | None, region: str, what: str = "") -> T | Problem:
    """What ``look`` returns, or why it failed, after the words ``what``: one failed look never ends a survey."""
    try:
        return look()
    except AWS_ERRORS as error:
        return Problem(topic, region, what + advice(error), is_denied(error))
    except Exception as error:
        return Problem(topic, region, what + unexpected(error), True, traceback.format_exc())
