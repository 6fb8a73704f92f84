"""What a notebook says that a step costs, before it is started."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from infra.prices import usd
from infra.settings import Settings, parse_settings
from tests.helpers.project import CONTEXT, SETTINGS
from workshop.notebook.costs import PRICES, Step, cost_of
from workshop.notebook.place import Workshop
from workshop.runs.costs import Capacity, PriceList

SERVERLESS = parse_settings(CONTEXT | {"endpoint": {"kind": "serverless"}})


def workshop(settings: Settings = SETTINGS, address: str = "https://sts.ap-northeast-1.amazonaws.com") -> Workshop:
    unused: Any = SimpleNamespace()
    return Workshop(settings, unused, unused, "chitra-participant-1", address, Path())


def said(found: Workshop, step: Step) -> str:
    return cost_of(found, step)._repr_markdown_()


@pytest.fixture
def price(monkeypatch: pytest.MonkeyPatch) -> None:
    """A price list on which every instance costs two dollars an hour."""
    monkeypatch.setattr(PriceList, "per_hour", lambda self, region, capacity: 2.0 * capacity.count)


@pytest.mark.usefixtures("price")
@pytest.mark.parametrize(
    ("step", "hours"),
    [
        ("preprocessing", SETTINGS.preprocessing.max_runtime_minutes / 60),
        ("training", SETTINGS.training.max_runtime_minutes / 60),
        ("endpoint", SETTINGS.endpoint.hours_to_live),
    ],
)
def test_should_tell_the_price_and_the_worst_case(step: Step, hours: float) -> None:
    cost = cost_of(workshop(), step)
    assert isinstance(cost.capacity, Capacity)
    assert f"最長 {hours:g} 時間" in cost._repr_markdown_()
    assert f"1 時間 $2.000、最大でも {usd(2 * hours)}。" in cost._repr_markdown_()


def test_should_name_the_price_list_where_it_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PriceList, "per_hour", lambda self, region, capacity: None)
    assert f"単価は[料金表]({PRICES})をご覧ください。" in said(workshop(), "training")


@pytest.mark.usefixtures("price")
def test_should_say_what_is_free() -> None:
    local = workshop(address="http://localhost:4566")
    assert said(local, "training").startswith("**学習ジョブ**: ローカル AWS なので、費用はかかりません。")
    assert "$" not in said(local, "training")
    assert "サーバーレスなので" in said(workshop(SERVERLESS), "endpoint")
