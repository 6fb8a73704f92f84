"""Looks for everything that belongs to the workshop, in all its regions at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from infra.names import Names
from infra.settings import Settings
from workshop.account import Account
from workshop.advice import AWS_ERRORS, advice, is_denied
from workshop.belongings import access, image, logs, sagemaker, scaling, stacks, storage, workflow
from workshop.belongings.belonging import WAVES, Belonging, Finding, Lister, Lookalike, Place, Problem, Topic
from workshop.belongings.regions import find_regions
from workshop.belongings.tags import Tagged, tagged_in_sagemaker

LISTERS: tuple[tuple[Topic, Lister], ...] = (
    (Topic.ACCESS, access.list_access),
    (Topic.EXECUTIONS, workflow.list_executions),
    (Topic.EXECUTIONS, image.list_builds),
    (Topic.SCALING, scaling.list_scalable_targets),
    (Topic.ENDPOINTS, sagemaker.list_endpoints),
    *((Topic.JOBS, sagemaker.job_lister(kind)) for kind in sagemaker.JOBS),
    (Topic.SERVING, sagemaker.list_serving),
    (Topic.EXPIRY, workflow.list_schedules),
    (Topic.DATA, storage.list_bucket),
    (Topic.STAGED, storage.list_templates),
    (Topic.STAGED, image.list_images),
    (Topic.WORKFLOW_STACK, stacks.list_stacks),
    (Topic.LOGS, logs.list_logs),
)
THREADS = 8
ORDER = {topic: wave for wave, topics in enumerate(WAVES) for topic in topics}


@dataclass(slots=True)
class Survey:
    """``belongings`` in the order of removal."""

    regions: tuple[str, ...] = ()
    belongings: list[Belonging] = field(default_factory=list)
    lookalikes: list[Lookalike] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    tagged: dict[str, Tagged] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """Nothing is there, and everything could be looked at."""
        return not self.belongings and not self.problems


def survey(account: Account, settings: Settings, remembered: Sequence[tuple[str, str, str]] = ()) -> Survey:
    """List from scratch.

    ``remembered`` are (region, kind, name) that carried the workshop's tag in SageMaker when an earlier survey saw
    them: their logs, which carry none, are known by them alone.
    """
    names = Names(settings.name)
    regions = find_regions(account, settings)
    result = Survey(regions=regions.present, problems=list(regions.problems))
    with ThreadPoolExecutor(THREADS) as pool:
        for region, answer in zip(
            regions.present, pool.map(lambda region: _tagged(account, names, region), regions.present), strict=True
        ):
            if isinstance(answer, Problem):
                result.problems.append(answer)
                answer = {}
            result.tagged[region] = _merged(answer, region, remembered)
        places = [Place(account, names, region, result.tagged[region]) for region in regions.present]
        work = [(topic, lister, place) for place in places for topic, lister in LISTERS]
        for findings in pool.map(lambda task: _findings(*task), work):
            for finding in findings:
                _sort_in(result, finding)
    result.belongings = sorted(
        dict.fromkeys(result.belongings), key=lambda each: (ORDER[each.topic], each.region, each.kind, each.name)
    )
    result.lookalikes = sorted(dict.fromkeys(result.lookalikes), key=str)
    return result


def _tagged(account: Account, names: Names, region: str) -> Tagged | Problem:
    try:
        return tagged_in_sagemaker(account, names, region)
    except AWS_ERRORS as error:
        text = f"only resources named {names.run_prefix}* were looked for: {advice(error)}"
        return Problem(None, region, text, is_denied(error))


def _merged(tagged: Tagged, region: str, remembered: Sequence[tuple[str, str, str]]) -> Tagged:
    merged = {kind: set(names) for kind, names in tagged.items()}
    for seen_in, kind, name in remembered:
        if seen_in == region:
            merged.setdefault(kind, set()).add(name)
    return {kind: frozenset(names) for kind, names in merged.items()}


def _findings(topic: Topic, lister: Lister, place: Place) -> list[Finding | Problem]:
    """What a lister found before it failed counts."""
    findings: list[Finding | Problem] = []
    try:
        findings.extend(lister(place))
    except AWS_ERRORS as error:
        findings.append(Problem(topic, place.region, advice(error), is_denied(error)))
    return findings


def _sort_in(result: Survey, finding: Finding | Problem) -> None:
    match finding:
        case Belonging():
            result.belongings.append(finding)
        case Lookalike():
            result.lookalikes.append(finding)
        case Problem():
            result.problems.append(finding)
