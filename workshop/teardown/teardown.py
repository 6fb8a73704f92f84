"""Removes what belongs to the workshop, in a safe order, then looks again from scratch."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice, is_denied
from workshop.aws.waiting import Pace, StillThereError
from workshop.teardown.journal import Journal
from workshop.teardown.order import WAITS_FOR, WAVES, Topic
from workshop.teardown.resources.resource import GLOBAL, Problem, Resource, unexpected
from workshop.teardown.survey import Survey, survey

THREADS = 32  # most of them wait for AWS
ROUNDS = 5
WRITERS = frozenset({Topic.EXECUTIONS, Topic.ENDPOINTS, Topic.JOBS, Topic.WORKFLOW_STACK})  # their logs come late


@dataclass(frozen=True, slots=True)
class Attempt:
    """One removal: it is gone when ``problem`` is empty. ``final`` problems do not go away by trying again now.

    ``trace`` is the traceback of a mistake in this program.
    """

    resource: Resource
    problem: str
    final: bool
    at: datetime
    trace: str = ""


@dataclass(slots=True)
class Outcome:
    """How a teardown ended: what it removed, and what its last look from scratch found."""

    started: datetime
    ended: datetime
    removed: list[Attempt] = field(default_factory=list)
    problems: dict[Resource, str] = field(default_factory=dict)
    last: Survey = field(default_factory=Survey)

    @property
    def clean(self) -> bool:
        return self.last.clean


OnAttempt = Callable[[Attempt], None]
OnStart = Callable[[Resource], None]
WhyKept = Callable[[Resource], str]
Remove = Callable[[Resource], Attempt]


def teardown(
    account: Account,
    settings: Settings,
    first: Survey,
    *,
    journal: Journal,
    pace: Pace,
    why_kept: WhyKept = lambda resource: "",
    on_start: OnStart = lambda resource: None,
    on_attempt: OnAttempt = lambda attempt: None,
) -> Outcome:
    """Remove everything, beginning with what ``first`` found, in rounds: each ends with a survey from scratch.

    ``why_kept`` is asked right before each removal, because what writes may have written until then; a reason keeps it.
    A failed removal blocks only its dependants. A round follows as long as one removes something or meets problems that
    may pass. What failed counts as gone only when a later survey looked at its region and did not find it.
    """
    outcome = Outcome(datetime.now(UTC), datetime.now(UTC), last=first)
    for number in range(ROUNDS):
        journal.saw(outcome.last)
        attempts: list[Attempt] = []
        remove = partial(_remove, pace=pace, why_kept=why_kept, on_start=on_start)
        for attempt in _work_off(outcome.last, journal, pace, remove):
            attempts.append(attempt)
            if attempt.problem:
                journal.failed(f"{attempt.resource}: {attempt.problem}", attempt.trace)
            else:
                journal.removed(attempt.resource, attempt.at)
                outcome.removed.append(attempt)
            on_attempt(attempt)
        outcome.problems = {each.resource: each.problem for each in attempts if each.problem}
        outcome.last = _look_again(account, settings, journal, attempts, pace)
        if outcome.clean or not _is_worth_another_round(attempts, outcome.last):
            break
        if number + 1 < ROUNDS:
            time.sleep(pace.pause)
    outcome.ended = datetime.now(UTC)
    return outcome


def _work_off(found: Survey, journal: Journal, pace: Pace, remove: Remove) -> Iterator[Attempt]:
    """Wave by wave, each in parallel."""
    stuck = {(problem.topic, problem.region) for problem in found.problems if problem.topic}
    with ThreadPoolExecutor(THREADS) as pool:
        for wave in WAVES:
            ready = []
            for resource in (each for each in found.resources if each.topic in wave):
                reasons = _reasons_to_wait(resource, stuck)
                if reasons:
                    stuck.add((resource.topic, resource.region))
                    yield Attempt(resource, f"waits for {', '.join(reasons)}", True, datetime.now(UTC))
                else:
                    ready.append(resource)
            journal.begins(ready)
            for attempt in _remove_all(pool, ready, pace, remove):
                if attempt.problem:
                    stuck.add((attempt.resource.topic, attempt.resource.region))
                yield attempt


def _remove_all(pool: ThreadPoolExecutor, resources: list[Resource], pace: Pace, remove: Remove) -> Iterator[Attempt]:
    """In the order in which they end. An interruption ends the waiting, too."""
    futures = [pool.submit(remove, resource) for resource in resources]
    try:
        for future in as_completed(futures):
            yield future.result()
    except BaseException:
        pace.interrupted.set()
        for future in futures:
            future.cancel()
        raise


def _reasons_to_wait(resource: Resource, stuck: set[tuple[Topic, str]]) -> list[str]:
    topics = WAITS_FOR.get(resource.topic, frozenset())
    places = (resource.region, GLOBAL)
    return sorted({topic.value for topic, region in stuck if topic in topics and region in places})


def _remove(resource: Resource, *, pace: Pace, why_kept: WhyKept, on_start: OnStart) -> Attempt:
    on_start(resource)
    problem, final, trace = "", False, ""
    try:
        if reason := why_kept(resource):
            raise StillThereError(reason)
        resource.remove(pace)
    except StillThereError as error:
        problem, final = str(error), True
    except AWS_ERRORS as error:
        problem, final = advice(error), is_denied(error)
    except Exception as error:
        problem, final, trace = unexpected(error), True, traceback.format_exc()
    return Attempt(resource, problem, final, datetime.now(UTC), trace)


def _look_again(account: Account, settings: Settings, journal: Journal, attempts: list[Attempt], pace: Pace) -> Survey:
    """A survey; when something that writes logs was removed, one more after a quiet time, for what came late."""
    found = survey(account, settings, journal.memory)
    writers = any(attempt.resource.topic in WRITERS and not attempt.problem for attempt in attempts)
    if found.clean and writers:
        time.sleep(pace.settle)
        found = survey(account, settings, journal.memory)
    journal.saw(found)
    found.problems += _not_seen_again(attempts, found)
    return found


def _not_seen_again(attempts: list[Attempt], found: Survey) -> list[Problem]:
    """What could not be removed from a region that the last survey did not look into."""
    looked_into = (*found.regions, GLOBAL)
    lost = [each for each in attempts if each.problem and each.resource.region not in looked_into]
    return [
        Problem(each.resource.topic, each.resource.region, f"{each.resource}: {each.problem}", each.final)
        for each in lost
    ]


def _is_worth_another_round(attempts: list[Attempt], found: Survey) -> bool:
    """Something is there that was not tried or came back, or a problem may pass."""
    failed = {attempt.resource for attempt in attempts if attempt.problem}
    fresh = any(resource not in failed for resource in found.resources)
    passing = any(attempt.problem and not attempt.final for attempt in attempts)
    return fresh or passing or any(not problem.final for problem in found.problems)
