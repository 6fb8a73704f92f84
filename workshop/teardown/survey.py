"""Looks for everything that belongs to the workshop, in all its regions at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from infra.names import Names
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.kinds import JOBS
from workshop.aws.tags import Arn, Tagged, names_in_sagemaker, tagged_arns
from workshop.teardown.memory import Memory
from workshop.teardown.order import WAVES, Topic
from workshop.teardown.regions import find_regions
from workshop.teardown.resources import (
    access,
    image,
    logs,
    others,
    sagemaker,
    sagemaker_tools,
    scaling,
    stacks,
    storage,
    studio,
    workflow,
)
from workshop.teardown.resources.kinds import tagged_names
from workshop.teardown.resources.resource import Finding, Held, Lister, Lookalike, Place, Problem, Resource, guarded

LISTERS: tuple[tuple[Topic, Lister], ...] = (
    (Topic.ACCESS, access.list_access),
    (Topic.EXECUTIONS, workflow.list_executions),
    (Topic.EXECUTIONS, image.list_builds),
    (Topic.SCALING, scaling.list_scalable_targets),
    (Topic.ENDPOINTS, sagemaker.list_endpoints),
    *((Topic.JOBS, sagemaker.job_lister(kind)) for kind in JOBS),
    (Topic.JOBS, sagemaker.list_warm_pools),
    (Topic.INSTANCES, sagemaker_tools.list_tools),
    (Topic.INSTANCES, studio.list_studio),
    (Topic.SERVING, sagemaker.list_serving),
    (Topic.EXPIRY, workflow.list_schedules),
    (Topic.DATA, storage.list_bucket),
    (Topic.STAGED, storage.list_templates),
    (Topic.STAGED, image.list_images),
    (Topic.WORKFLOW_STACK, stacks.list_stacks),
    (Topic.OTHERS, others.list_others),
    (Topic.LOGS, logs.list_logs),
)
THREADS = 8
ORDER = {topic: wave for wave, topics in enumerate(WAVES) for topic in topics}
T = TypeVar("T")


@dataclass(slots=True)
class Survey:
    """``resources`` in the order of removal."""

    regions: tuple[str, ...] = ()
    resources: list[Resource] = field(default_factory=list)
    lookalikes: list[Lookalike] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    tagged: dict[str, Tagged] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Nothing is there, and everything could be looked at."""
        return not self.resources and not self.problems


def survey(account: Account, settings: Settings, memory: Memory | None = None) -> Survey:
    """List from scratch. ``memory`` is what earlier surveys saw and earlier removals began."""
    memory, names = memory or Memory(), Names(settings.name)
    regions = find_regions(account, settings, memory)
    result = Survey(regions=regions.present, problems=list(regions.problems))
    places = [Place(account, names, region, memory=memory) for region in regions.present]
    with ThreadPoolExecutor(THREADS) as pool:
        indexes = _all(pool, _tagged, places, result, tuple[Arn, ...]())
        held = frozenset[Held]().union(*_all(pool, _held, places, result, frozenset[Held]()))
        places = [replace(place, arns=arns, held=held) for place, arns in zip(places, indexes, strict=True)]
        given = _all(pool, _names, places, result, dict[str, frozenset[str]]())
        places = [
            replace(place, tagged=_merged(names, names_in_sagemaker(place.arns), memory.names_in(place.region)))
            for place, names in zip(places, given, strict=True)
        ]
        work = [(topic, lister, place) for place in places for topic, lister in LISTERS]
        for findings in pool.map(lambda task: _findings(*task), work):
            for finding in findings:
                _sort_in(result, finding)
    result.tagged = {place.region: _merged(place.tagged, _names_of(result.resources, place)) for place in places}
    result.resources = sorted(
        dict.fromkeys(result.resources), key=lambda each: (ORDER[each.topic], each.region, each.kind, each.name)
    )
    result.lookalikes = sorted(dict.fromkeys(result.lookalikes), key=str)
    return result


def _all(
    pool: ThreadPoolExecutor, look: Callable[[Place], T | Problem], places: list[Place], result: Survey, nothing: T
) -> list[T]:
    """What each place answers; where it does not, ``nothing`` and a problem in the result."""
    answers = []
    for answer in pool.map(look, places):
        if isinstance(answer, Problem):
            result.problems.append(answer)
            answer = nothing
        answers.append(answer)
    return answers


def _tagged(place: Place) -> tuple[Arn, ...] | Problem:
    look = partial(tagged_arns, place.account, place.names, place.region)
    return guarded(look, None, place.region, "what carries the workshop's tag in other services was not looked for: ")


def _held(place: Place) -> frozenset[Held] | Problem:
    return guarded(partial(stacks.held_by_stacks, place), Topic.WORKFLOW_STACK, place.region)


def _names(place: Place) -> dict[str, frozenset[str]] | Problem:
    what = "names of what carries the workshop's tag: "
    return guarded(partial(tagged_names, place, place.arns), Topic.LOGS, place.region, what)


def _merged(*parts: Tagged) -> Tagged:
    """Names by kind: what carries the tag now, and what did so when an earlier survey saw it."""
    kinds = {kind for part in parts for kind in part}
    return {kind: frozenset().union(*(part.get(kind, frozenset()) for part in parts)) for kind in kinds}


def _names_of(resources: list[Resource], place: Place) -> Tagged:
    """Names that SageMaker's own lists gave: the index may not have them yet."""
    listed = [(Arn.parse(each.arn), each.name) for each in resources if each.region == place.region]
    names = {(arn.kind, name) for arn, name in listed if arn.service == "sagemaker"}
    return {kind: frozenset(name for of, name in names if of == kind) for kind, _ in names}


def _findings(topic: Topic, lister: Lister, place: Place) -> list[Finding]:
    """What a lister found before it failed counts."""
    findings: list[Finding] = []
    problem = guarded(lambda: findings.extend(lister(place)), topic, place.region)
    return [*findings, problem] if problem else findings


def _sort_in(result: Survey, finding: Finding) -> None:
    match finding:
        case Resource():
            result.resources.append(finding)
        case Lookalike():
            result.lookalikes.append(finding)
        case Problem():
            result.problems.append(finding)
