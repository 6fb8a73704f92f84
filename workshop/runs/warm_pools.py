"""What training jobs keep warm for the next one, until when, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.names import Names
from infra.prices import usd
from workshop.aws.account import Account
from workshop.aws.tags import owner_in_sagemaker
from workshop.aws.warm_pools import is_warm, jobs_with_warm_pools
from workshop.runs.costs import Capacity, PriceList, capacity_of_training
from workshop.runs.moments import moment


@dataclass(frozen=True, slots=True)
class WarmPool:
    """``cost_left`` is in US dollars until ``end``; None where the price is unknown."""

    job: str
    capacity: Capacity
    end: datetime
    cost_left: float | None

    def __str__(self) -> str:
        costs = f"{usd(self.cost_left)} until then"
        return f"kept warm by {self.job}: {self.capacity} until {moment(self.end)}, {costs}"


def warm_pools(account: Account, names: Names, prices: PriceList, *, prefix: str = "") -> list[WarmPool]:
    """Those of jobs that carry the workshop's tag; only where their names begin with ``prefix``."""
    sagemaker = account.client("sagemaker")
    own = (
        job["TrainingJobName"]
        for job in jobs_with_warm_pools(sagemaker)
        if job["TrainingJobName"].startswith(prefix)
        and owner_in_sagemaker(sagemaker, job["TrainingJobArn"]) == names.workshop
    )
    described = (sagemaker.describe_training_job(TrainingJobName=name) for name in own)
    return [_warm_pool(account, job, prices) for job in described if is_warm(job)]


def _warm_pool(account: Account, job: dict[str, Any], prices: PriceList) -> WarmPool:
    capacity = capacity_of_training(job)
    end = job["TrainingEndTime"] + timedelta(seconds=job["ResourceConfig"]["KeepAlivePeriodInSeconds"])
    per_hour = prices.per_hour(account.region, capacity)
    hours = max(0.0, (end - datetime.now(UTC)).total_seconds() / 3600)
    return WarmPool(
        job["TrainingJobName"], capacity, end.astimezone(UTC), None if per_hour is None else per_hour * hours
    )
