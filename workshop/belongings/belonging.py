"""One thing that belongs to the workshop, and when in a teardown it goes."""

from __future__ import annotations

import enum
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from infra.names import Names
from workshop.account import Account
from workshop.advice import AWS_ERRORS, advice, is_denied
from workshop.belongings.memory import Memory
from workshop.belongings.tags import Arn, Tagged

Held = tuple[str, str]  # the service as ARNs call it, and CloudFormation's physical id

SETTLE_SECONDS = 30.0
GLOBAL = "global"  # IAM's region


class Topic(enum.Enum):
    """What belongings are about; the value is how people call it."""

    ACCESS = "access keys and passwords"
    EXECUTIONS = "executions and builds"
    SCALING = "scalable targets"
    TENANTS = "what runs on endpoints and in Studio"
    SPACES = "Studio's spaces"
    PROFILES = "Studio's user profiles"
    ENDPOINTS = "endpoints"
    JOBS = "jobs"
    INSTANCES = "notebooks, servers, clusters and Studio"
    SERVING = "models and endpoint configs"
    EXPIRY = "expiry schedules"
    DATA = "the bucket's contents"
    STAGED = "images and templates"
    PARTICIPANTS_STACK = "the participants' stack"
    WORKFLOW_STACK = "the workflow's stack"
    FOUNDATION_STACK = "the foundation's stack"
    OTHERS = "what else carries the tag"
    LOGS = "logs"


# In the order of removal: nobody starts anything new, what costs money stops, then data, stacks and logs.
WAVES = (
    (Topic.ACCESS, Topic.EXECUTIONS),
    (Topic.SCALING, Topic.TENANTS),
    (Topic.ENDPOINTS, Topic.JOBS, Topic.SPACES),
    (Topic.PROFILES,),
    (Topic.INSTANCES,),
    (Topic.SERVING, Topic.EXPIRY),
    (Topic.DATA, Topic.STAGED),
    (Topic.PARTICIPANTS_STACK,),
    (Topic.WORKFLOW_STACK,),
    (Topic.FOUNDATION_STACK,),
    (Topic.OTHERS,),
    (Topic.LOGS,),
)
# A failed removal, or a place that could not be seen, blocks only its dependants. An endpoint that is being created
# hangs for an hour when its model is deleted; its expiry, and the role that the expiry uses, are what ends it when
# nobody comes back.
WAITS_FOR: dict[Topic, frozenset[Topic]] = {
    Topic.SERVING: frozenset({Topic.ENDPOINTS}),
    Topic.EXPIRY: frozenset({Topic.ENDPOINTS}),
    Topic.PARTICIPANTS_STACK: frozenset({Topic.ACCESS}),
    Topic.WORKFLOW_STACK: frozenset({Topic.ENDPOINTS, Topic.EXPIRY, Topic.PARTICIPANTS_STACK}),
    Topic.FOUNDATION_STACK: frozenset({Topic.ENDPOINTS, Topic.JOBS, Topic.DATA, Topic.WORKFLOW_STACK}),
}


class StillThereError(Exception):
    """Removal was asked for, but the thing does not go away yet; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between two looks, until one removal is given up for now, and quiet time in which no log comes back.

    Setting ``interrupted`` ends every wait.
    """

    pause: float = 5.0
    patience: float = 1200.0
    settle: float = SETTLE_SECONDS
    interrupted: threading.Event = field(default_factory=threading.Event, compare=False)


@dataclass(frozen=True, slots=True)
class Belonging:
    """``remove`` returns when the thing is gone, or when AWS will see to that; removing twice does no harm.

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
    the index of tags, ``held`` is what the workshop's stacks hold in any region.
    """

    account: Account
    names: Names
    region: str
    tagged: Tagged = field(default_factory=dict)
    arns: tuple[Arn, ...] = ()
    held: frozenset[Held] = frozenset()
    memory: Memory = field(default_factory=Memory)

    def client(self, service: str) -> Any:
        return self.account.client(service, self.region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account.number}:{resource}"


Finding = Belonging | Lookalike
Lister = Callable[[Place], Iterator[Finding]]
T = TypeVar("T")


def unexpected(error: Exception) -> str:
    """In one line, for a mistake in this program or an answer that nobody foresaw."""
    return f"unexpected {type(error).__name__} ({error}): please report it; everything else goes on"


def guarded(look: Callable[[], T], topic: Topic | None, region: str, what: str = "") -> T | Problem:
    """What ``look`` returns, or why it failed, after the words ``what``: one failed look never ends a survey."""
    try:
        return look()
    except AWS_ERRORS as error:
        return Problem(topic, region, what + advice(error), is_denied(error))
    except Exception as error:
        return Problem(topic, region, what + unexpected(error), True, traceback.format_exc())
