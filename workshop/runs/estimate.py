"""What an execution will cost, before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from infra.costs import HANDS_ON, HANDS_ON_SECONDS, classification, stages
from infra.names import Names
from infra.prices import usd
from infra.settings import Settings
from workshop.aws.account import Account
from workshop.aws.kinds import PROCESSING, TRAINING, Kind
from workshop.aws.waiting import none_if_hidden
from workshop.runs.costs import Capacity, PriceList
from workshop.runs.money import Money

NEWEST = 5  # finished jobs, whose median is what is expected
SMOKE = "smoke-"


@dataclass(frozen=True, slots=True)
class Estimate:
    """``basis`` says where the expected run time comes from; empty where nothing is expected."""

    money: Money
    basis: str

    def __str__(self) -> str:
        expected, at_worst = usd(self.money.expected), usd(self.money.at_worst)
        return f"expected {expected} · at worst {at_worst}{f' ({self.basis})' if self.basis else ''}"


def estimate(
    account: Account, settings: Settings, prices: PriceList, *, jobs: bool = True, hours: int = 0, trainings: int = 1
) -> Estimate:
    """Of an execution with or without jobs, and an endpoint of so many hours; a serverless one is not in it.

    A tuning has several ``trainings``.

    Raises:
        AWS_ERRORS: the jobs before could not be looked at.
    """
    per_hour = {
        stage.use: prices.per_hour(settings.region, Capacity(stage.instance_type, stage.count, stage.use))
        for stage in stages(settings)
    }
    longest = {stage.use: stage.hours for stage in stages(settings)} | {"Hosting": float(hours)}
    used = (["Processing", "Training"] if jobs else []) + (["Hosting"] if hours and "Hosting" in per_hour else [])
    longest["Training"] *= trainings
    worst = _sum([_cost(per_hour[use], longest[use]) for use in used])
    if not jobs:
        return Estimate(Money(0.0, worst, worst), "")
    seconds, basis = _expected(account, settings)
    if seconds is None:
        return Estimate(Money(0.0, None, worst), "expected run times are unknown until a run has finished")
    hours_of_one = seconds[1] / 3600 + settings.training.keep_warm_minutes / 60
    expected = _cost(per_hour["Training"], trainings * hours_of_one)
    parts = [_cost(per_hour["Processing"], seconds[0] / 3600) if seconds[0] else 0.0, expected]
    return Estimate(Money(0.0, _sum([*parts, *(_cost(per_hour[use], longest[use]) for use in used[2:])]), worst), basis)


def estimate_classification(settings: Settings, prices: PriceList) -> Estimate:
    """Of one that takes as long as it may; how long a batch takes depends on its articles."""
    stage = classification(settings)
    per_hour = prices.per_hour(settings.region, Capacity(stage.instance_type, stage.count, stage.use))
    basis = f"{stage.count} x {stage.instance_type} for at most {settings.classification.max_runtime_minutes} minutes"
    return Estimate(Money(0.0, None, _cost(per_hour, stage.hours)), basis)


def _expected(account: Account, settings: Settings) -> tuple[tuple[float, float] | None, str]:
    """Seconds of preprocessing and training, as the workshop's own finished jobs took, or as in 2022."""
    sagemaker, names = account.client("sagemaker"), Names(settings.name)
    trained = [
        float(job["BillableTimeInSeconds"])
        for job in _finished(sagemaker, TRAINING, names)
        if job.get("ResourceConfig", {}).get("InstanceType") == settings.training.instance_type
        and "BillableTimeInSeconds" in job
    ]
    read = [
        (job["ProcessingEndTime"] - job["ProcessingStartTime"]) / timedelta(seconds=1)
        for job in _finished(sagemaker, PROCESSING, names)
        if "ProcessingStartTime" in job and "ProcessingEndTime" in job
    ]
    if trained:
        return (median(read or [0.0]), median(trained)), f"as long as the newest {len(trained)} that finished"
    if settings.training.instance_type in HANDS_ON_SECONDS:
        seconds = float(HANDS_ON_SECONDS[settings.training.instance_type])
        return (0.0, seconds), f"training alone: {HANDS_ON}"
    return None, ""


def _finished(sagemaker: Any, kind: Kind, names: Names) -> list[dict[str, Any]]:
    listed = getattr(sagemaker, kind.plural_operation)(
        NameContains=names.run_prefix, StatusEquals="Completed", SortBy="CreationTime", SortOrder="Descending"
    )[kind.list_key]
    own = [each[kind.name_key] for each in listed if each[kind.name_key].startswith(names.run_prefix)]
    chosen = [name for name in own if not name.removeprefix(names.run_prefix).startswith(SMOKE)]
    seen = (none_if_hidden(partial(kind.call, sagemaker, "Describe", name)) for name in chosen)
    return list(islice(filter(None, seen), NEWEST))


def _cost(per_hour: float | None, hours: float) -> float | None:
    return None if per_hour is None else per_hour * hours


def _sum(amounts: list[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
