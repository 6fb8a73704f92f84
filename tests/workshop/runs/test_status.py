"""What participants see of endpoints: those without an end stand out."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.names import Names
from tests.helpers.accounts import HOME, TAG, build
from tests.helpers.cloud import Cloud, RefusalError
from tests.helpers.cloud_session import CloudSession
from tests.helpers.cloud_things import EPOCH
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.runs.costs import PriceList
from workshop.runs.moments import moment
from workshop.runs.status import endpoint_statuses, execution_statuses

DEPLOYMENT = Deployment(Names("chitra"), "bucket", "role", "machine", "image", "image", "image")


class Watched(Cloud):
    """A cloud whose endpoints have configs and schedules with times."""

    variant: dict[str, Any]
    end: datetime
    may_see: bool = True
    ends: str = ""
    expression: str = ""
    state: str = "ENABLED"
    refusal: str = "AccessDeniedException"
    config_is_gone: bool = False

    def _sagemaker(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "DescribeEndpointConfig" and self.config_is_gone:
            raise RefusalError("ValidationException", "Could not find endpoint configuration.")
        if operation == "DescribeEndpointConfig":
            return {"ProductionVariants": [{"VariantName": "v", "ModelName": "m", **self.variant}]}
        answer = super()._sagemaker(region, operation, params)
        if operation == "DescribeEndpoint":
            answer["ProductionVariants"] = [{"VariantName": "v", "CurrentInstanceCount": 3}]
        return answer

    def _scheduler(self, region: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if not self.may_see:
            raise RefusalError(self.refusal, "no")
        self.get("schedule", region, params["Name"])
        target = {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint", "RoleArn": "r"}
        target["Input"] = json.dumps({"EndpointName": self.ends or params["Name"]})
        expression = self.expression or f"at({self.end:%Y-%m-%dT%H:%M:%S})"
        return {"Name": params["Name"], "Target": target, "ScheduleExpression": expression, "State": self.state}


def watched(variant: dict[str, Any]) -> tuple[Watched, Account]:
    cloud = build([])
    cloud.__class__ = Watched
    assert isinstance(cloud, Watched)
    cloud.variant, cloud.end = variant, datetime.now(UTC) + timedelta(hours=2)
    cloud.add("endpoint", HOME, "chitra--run", state="InService", tags=TAG)
    cloud.add("endpoint", HOME, "chitra-2--run", state="InService", tags={"workshop": "chitra-2"})
    return cloud, Account(CloudSession(cloud))


def test_should_show_time_and_cost_left() -> None:
    cloud, account = watched({"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})
    cloud.add("schedule", HOME, "chitra--run")
    prices = PriceList(account)
    prices.per_hour = lambda region, capacity: 0.25 * capacity.count  # type: ignore[method-assign]
    [status] = endpoint_statuses(account, Names("chitra"), prices)
    assert (status.name, status.capacity) == ("chitra--run", "3 x ml.m5.xlarge")
    assert status.left is not None
    assert timedelta(hours=1, minutes=59) < status.left <= timedelta(hours=2)
    assert status.per_hour == 0.75
    assert status.cost_left is not None
    assert 1.48 < status.cost_left <= 1.5


def test_should_say_never_when_nothing_ends_an_endpoint() -> None:
    cloud, account = watched({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}})
    [status] = endpoint_statuses(account, Names("chitra"), PriceList(account))
    assert (status.capacity, status.expiry, status.left) == ("serverless", "NEVER", None)
    cloud.add("schedule", HOME, "chitra--run")
    cloud.ends = "chitra--another"
    [status] = endpoint_statuses(account, Names("chitra"), PriceList(account))
    assert status.expiry == "NEVER"
    cloud.may_see = False
    [status] = endpoint_statuses(account, Names("chitra"), PriceList(account))
    assert status.expiry == "not allowed to see"


def test_should_show_a_schedule_that_is_due_again_and_again_as_it_is() -> None:
    """Somebody made it by hand: it has no time that could be shown."""
    cloud, account = watched({"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})
    cloud.add("schedule", HOME, "chitra--run")
    cloud.expression = "rate(5 minutes)"
    [status] = endpoint_statuses(account, Names("chitra"), PriceList(account))
    assert (status.expiry, status.left, status.cost_left) == ("by rate(5 minutes)", None, None)


def test_should_show_an_endpoint_whose_config_is_gone() -> None:
    """It bills on."""
    cloud, account = watched({"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})
    cloud.config_is_gone = True
    [status] = endpoint_statuses(account, Names("chitra"), PriceList(account))
    assert (status.name, status.capacity, status.per_hour) == ("chitra--run", "unknown", None)


def test_should_say_never_when_the_schedule_is_switched_off() -> None:
    cloud, account = watched({"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})
    cloud.add("schedule", HOME, "chitra--run")
    cloud.state = "DISABLED"
    [status] = endpoint_statuses(account, Names("chitra"), PriceList(account))
    assert (status.expiry, status.left, status.cost_left) == ("NEVER", None, None)


def test_should_not_hide_that_schedules_cannot_be_seen_for_another_reason() -> None:
    cloud, account = watched({"InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1})
    cloud.may_see, cloud.refusal = False, "ValidationException"
    with pytest.raises(ClientError, match="ValidationException"):
        endpoint_statuses(account, Names("chitra"), PriceList(account))


def test_should_know_no_cost_left_without_a_price() -> None:
    cloud, account = watched({"InstanceType": "ml.new.xlarge", "InitialInstanceCount": 1})
    cloud.add("schedule", HOME, "chitra--run")
    [status] = endpoint_statuses(account, Names("chitra"), PriceList(account))
    assert status.left is not None
    assert (status.per_hour, status.cost_left) == (None, None)


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("UTC0", "2026-11-25 16:30 UTC"),
        ("EET-2", "2026-11-25 16:30 UTC (18:30 EET)"),
        ("JST-9", "2026-11-25 16:30 UTC (2026-11-26 01:30 JST)"),
    ],
)
def test_should_show_the_time_of_where_people_are(zone: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        shown = moment(datetime(2026, 11, 25, 16, 30, tzinfo=UTC))
    time.tzset()
    assert shown == said


class Histories:
    """Step Functions with one execution that has waited at a quota for hours."""

    def client(self, service: str) -> Histories:
        return self

    def get_paginator(self, operation: str) -> Any:
        pages = self.executions() if operation == "list_executions" else self.history()
        return SimpleNamespace(paginate=lambda **given: pages)

    def executions(self) -> list[dict[str, Any]]:
        return [{"executions": [{"name": "r", "status": "RUNNING", "executionArn": "arn", "startDate": EPOCH}]}]

    def history(self) -> list[dict[str, Any]]:
        cause = "service limit 'ml.g4dn.xlarge for training job usage' is 4"
        details = {"error": "SageMaker.ResourceLimitExceededException", "cause": cause}
        refused = [{"timestamp": EPOCH + timedelta(minutes=n), "taskFailedEventDetails": details} for n in range(400)]
        entered = {"stateEnteredEventDetails": {"name": "Train"}}
        newest = [*reversed(refused), entered]
        return [{"events": newest[start : start + 100]} for start in range(0, len(newest), 100)]


def test_should_find_the_stage_however_long_a_run_waits() -> None:
    [status] = execution_statuses(Histories(), DEPLOYMENT)  # type: ignore[arg-type]
    assert status.stage.startswith("Train: waiting for capacity or quota since ")
    assert f"{EPOCH.astimezone():%H:%M:%S}" in status.stage
    assert status.stage.endswith("(ml.g4dn.xlarge for training job usage)")
