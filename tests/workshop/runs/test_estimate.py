"""What a run is expected to cost before it starts: as its forerunners took, or as in 2022, or unknown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.settings import Settings, parse_settings
from tests.helpers.project import CONTEXT, SETTINGS
from workshop.runs.estimate import Estimate, estimate

BEGIN = datetime(2026, 11, 26, tzinfo=UTC)
PRICE = {"ml.m5.xlarge": 1.0, "ml.g4dn.xlarge": 10.0}


class History:
    """A SageMaker with finished jobs: name to seconds."""

    def __init__(self, trained: dict[str, int], read: dict[str, int]) -> None:
        self._trained, self._read = trained, read

    def list_training_jobs(self, **_: Any) -> Any:
        return {"TrainingJobSummaries": [{"TrainingJobName": name} for name in self._trained]}

    def list_processing_jobs(self, **_: Any) -> Any:
        return {"ProcessingJobSummaries": [{"ProcessingJobName": name} for name in self._read]}

    def describe_training_job(self, TrainingJobName: str) -> Any:  # noqa: N803
        if "another" in TrainingJobName:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "DescribeTrainingJob")
        return {
            "BillableTimeInSeconds": self._trained[TrainingJobName],
            "ResourceConfig": {"InstanceType": "ml.g4dn.xlarge"},
        }

    def describe_processing_job(self, ProcessingJobName: str) -> Any:  # noqa: N803
        end = BEGIN + timedelta(seconds=self._read[ProcessingJobName])
        return {"ProcessingStartTime": BEGIN, "ProcessingEndTime": end}


def estimated(
    trained: dict[str, int] | None = None,
    read: dict[str, int] | None = None,
    settings: Settings = SETTINGS,
    price: dict[str, float] = PRICE,
    **asked: Any,
) -> Estimate:
    account: Any = SimpleNamespace(client=lambda service: History(trained or {}, read or {}))
    known = lambda region, capacity: price.get(capacity.instance_type)  # noqa: E731
    prices: Any = SimpleNamespace(per_hour=known)
    return estimate(account, settings, prices, **asked)


def test_should_expect_what_the_workshops_own_runs_took() -> None:
    trained = {"chitra--a": 1800, "chitra--b": 3600, "chitra--c": 7200, "chitra--smoke-1": 1, "my-chitra--d": 1}
    found = estimated(trained, {"chitra--dataset-1-1": 360}, hours=2)
    assert found.money.expected == pytest.approx(0.1 + 10.0 + 2.0)
    assert found.money.at_worst == pytest.approx(1.0 + 20.0 + 2.0)
    assert found.basis == "as long as the newest 3 that finished"
    assert estimated({"chitra--another-s": 1, **trained}, {"chitra--dataset-1-1": 360}, hours=2) == found


def test_should_name_the_2022_hands_on_before_there_are_any_and_expect_nothing_elsewhere() -> None:
    assert str(estimated()) == (
        "expected $2.556 · at worst $21.00 (training alone: one epoch on ml.g4dn.xlarge, as in the 2022 hands-on)"
    )
    larger = parse_settings(CONTEXT | {"training": {"instance_type": "ml.g5.xlarge"}})
    found = estimated(settings=larger, price={**PRICE, "ml.g5.xlarge": 20.0})
    assert (found.money.expected, found.money.at_worst) == (None, 41.0)
    assert "unknown until a run has finished" in found.basis


def test_should_count_an_endpoint_alone_until_it_ends_and_no_price_as_unknown() -> None:
    assert estimated(jobs=False, hours=3).money.at_worst == 3.0
    assert estimated(price={"ml.m5.xlarge": 1.0}).money.at_worst is None
