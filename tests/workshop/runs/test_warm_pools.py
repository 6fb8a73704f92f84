"""What is kept warm bills: status says until when and how much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.names import Names
from tests.helpers.accounts import HOME, TAG, build, warm
from tests.helpers.cloud import Cloud
from tests.helpers.cloud_session import CloudSession
from workshop.aws.account import Account
from workshop.runs.costs import Capacity, PriceList, capacity_of
from workshop.runs.warm_pools import WarmPool, warm_pools


class Warm(Cloud):
    """Its training jobs ended at ``end`` and keep two instances for an hour."""

    end: datetime

    def _sagemaker(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        answer = super()._sagemaker(region, operation, params)
        if operation == "DescribeTrainingJob":
            cluster = {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 2, "KeepAlivePeriodInSeconds": 3600}
            answer |= {"TrainingEndTime": self.end, "ResourceConfig": cluster}
        return answer


def account_of(*ended: timedelta) -> Account:
    cloud = build([warm("chitra--a", TAG), warm("chitra-2--b", {"workshop": "chitra-2"}), warm("nobody", {})])
    cloud.add("training-job", HOME, "chitra--over", state="Completed", tags=TAG, pool="Terminated")
    cloud.add("training-job", HOME, "chitra--at-work", state="InProgress", tags=TAG, pool="InUse")
    cloud.__class__ = Warm
    assert isinstance(cloud, Warm)
    cloud.end = datetime.now(UTC) - sum(ended, timedelta())
    return Account(CloudSession(cloud))


def pools_of(account: Account, price: float | None) -> list[WarmPool]:
    prices = PriceList(account)
    prices.per_hour = lambda region, capacity: None if price is None else price * capacity.count  # type: ignore[method-assign]
    return warm_pools(account, Names("chitra"), prices)


def test_should_tell_what_is_left_of_the_workshops_own() -> None:
    [pool] = pools_of(account_of(timedelta(minutes=30)), 1.0)
    assert (pool.job, str(pool.capacity)) == ("chitra--a", "2 x ml.g4dn.xlarge")
    assert pool.cost_left == pytest.approx(1.0, rel=0.1)
    assert str(pool).startswith("kept warm by chitra--a: 2 x ml.g4dn.xlarge until ")


def test_should_count_nothing_for_what_is_about_to_end() -> None:
    [pool] = pools_of(account_of(timedelta(hours=2)), 1.0)
    assert pool.cost_left == 0.0


def test_should_say_that_the_price_is_unknown() -> None:
    [pool] = pools_of(account_of(), None)
    assert str(pool).endswith("UTC, unknown until then")


def test_should_know_what_a_warm_pool_costs_per_hour() -> None:
    assert capacity_of(account_of(), "warm pool", "chitra--a", HOME) == [Capacity("ml.g4dn.xlarge", 2, "Training")]
