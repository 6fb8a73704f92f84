"""What runs by the hour and what it costs, as AWS's price list tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.prices import usd
from tests.helpers.accounts import build
from tests.helpers.cloud import Cloud, RefusalError
from tests.helpers.cloud_session import CloudSession
from workshop.aws.account import Account
from workshop.runs.costs import HOSTING, NOTEBOOK, Capacity, PriceList, capacity_of

CAPACITY = Capacity("ml.m5.xlarge", 2, HOSTING)
# The shape that GetProducts answers with (AWS Price List API reference); the price is made up.
PRODUCT = {
    "product": {"attributes": {"instanceName": "ml.m5.xlarge", "platoinstancetype": "Hosting"}},
    "terms": {"OnDemand": {"T": {"priceDimensions": {"D": {"unit": "Hrs", "pricePerUnit": {"USD": "0.25"}}}}}},
}


class Priced(Cloud):
    asked: list[dict[str, Any]]

    def _pricing(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        assert region == "us-east-1"
        self.asked.append(params)
        wanted = {each["Field"]: each["Value"] for each in params["Filters"]}
        return {"PriceList": [json.dumps(PRODUCT)] if wanted["instanceName"] == "ml.m5.xlarge" else []}


@pytest.fixture
def cloud() -> Priced:
    cloud = build([])
    cloud.enabled += ("us-east-1",)
    cloud.__class__ = Priced
    assert isinstance(cloud, Priced)
    cloud.asked = []
    return cloud


def test_should_multiply_the_price_by_the_instances(cloud: Priced) -> None:
    prices = PriceList(Account(CloudSession(cloud)))
    assert prices.per_hour("ap-northeast-1", CAPACITY) == 0.5
    assert prices.per_hour("ap-northeast-1", CAPACITY) == 0.5
    assert len(cloud.asked) == 1
    fields = {each["Field"]: each["Value"] for each in cloud.asked[0]["Filters"]}
    assert fields == {
        "regionCode": "ap-northeast-1",
        "instanceName": "ml.m5.xlarge",
        "platoinstancetype": "Hosting",
    }


def test_should_say_when_a_price_is_unknown(cloud: Priced) -> None:
    prices = PriceList(Account(CloudSession(cloud)))
    assert prices.per_hour("ap-northeast-1", Capacity("ml.new.xlarge", 1, HOSTING)) is None
    assert usd(None) == "unknown"

    def denied(region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        raise RefusalError("AccessDeniedException", "no")

    cloud._pricing = denied  # type: ignore[method-assign]
    prices = PriceList(Account(CloudSession(cloud)))
    assert prices.per_hour("ap-northeast-3", CAPACITY) is None
    assert "GetProducts was denied" in prices.problem
    assert prices.remark.startswith("some prices are unknown: ")
    assert "GetProducts was denied" in prices.remark


def test_should_take_the_settings_price_first_and_a_dated_estimate_last(cloud: Priced) -> None:
    prices = PriceList(Account(CloudSession(cloud)), {"ml.m5.xlarge": 4.0})
    assert prices.per_hour("ap-northeast-1", CAPACITY) == 8.0
    assert (cloud.asked, prices.remark) == ([], "")
    assert prices.per_hour("ap-northeast-1", Capacity("ml.g4dn.xlarge", 1, HOSTING)) == 0.994
    assert prices.remark == "prices are estimates, of 2026-09-03 (infra/prices.json has the sources)"


def test_should_know_no_price_that_is_not_in_dollars(cloud: Priced, monkeypatch: pytest.MonkeyPatch) -> None:
    dimensions = {"D": {"unit": "Hrs", "pricePerUnit": {"CNY": "2"}}}
    monkeypatch.setitem(PRODUCT, "terms", {"OnDemand": {"T": {"priceDimensions": dimensions}}})
    assert PriceList(Account(CloudSession(cloud))).per_hour("ap-northeast-3", CAPACITY) is None


@pytest.mark.parametrize(("status", "count"), [("InService", 1), ("Stopped", 0)])
def test_should_count_a_notebook_that_runs(cloud: Priced, status: str, count: int) -> None:
    answer = {"NotebookInstanceStatus": status, "InstanceType": "ml.t3.medium"}
    cloud._sagemaker = lambda *given: answer  # type: ignore[method-assign]
    found = capacity_of(Account(CloudSession(cloud)), "notebook instance", "n", "ap-northeast-1")
    assert found == [Capacity("ml.t3.medium", 1, NOTEBOOK)] * count
    assert capacity_of(Account(CloudSession(cloud)), "bucket", "n", "ap-northeast-1") == []
