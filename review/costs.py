"""What the settings make a workshop cost, from a dated table of prices; what it lacks stays unknown, and is never 0."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from infra.settings import CONTEXT_KEY, Settings, SettingsError, parse_settings

PRICES = Path(__file__).with_name("prices.json")


class PriceTable(BaseModel):
    """US dollars per hour, by region, use (Processing, Training, Hosting) and instance type."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    date: str = ""
    source: str = ""
    usd_per_hour: dict[str, dict[str, dict[str, float]]] = {}

    def of(self, region: str, use: str, instance_type: str) -> float | None:
        return self.usd_per_hour.get(region, {}).get(use, {}).get(instance_type)


@dataclass(frozen=True)
class Stage:
    """What one execution starts at most: so many instances for so many hours."""

    use: str
    instance_type: str
    count: int
    hours: float

    def __str__(self) -> str:
        return f"{self.use.lower()}: {self.count} x {self.instance_type} for at most {self.hours:g} h"


def read_prices(file: Path = PRICES) -> PriceTable:
    return PriceTable.model_validate(json.loads(file.read_text(encoding="utf-8")))


def settings_of(context: Mapping[str, Any]) -> Settings | None:
    """None in a project that has no such settings, or has those of another version."""
    try:
        return parse_settings(context.get(CONTEXT_KEY))
    except SettingsError:
        return None


def stages(settings: Settings) -> list[Stage]:
    """A serverless endpoint bills for requests only, so it is none. An instance kept warm bills as in training."""
    before, training, endpoint = settings.preprocessing, settings.training, settings.endpoint
    warm = training.keep_warm_minutes
    found = [
        Stage("Processing", before.instance_type, before.instance_count, before.max_runtime_minutes / 60),
        Stage("Training", training.instance_type, training.instance_count, (training.max_runtime_minutes + warm) / 60),
    ]
    if endpoint.kind == "real-time":
        found.append(Stage("Hosting", endpoint.instance_type, 1, float(endpoint.hours_to_live)))
    return found


def cost_of(settings: Settings | None, prices: PriceTable) -> dict[str, float | None]:
    """``per_hour`` while one participant has one of each stage running, ``per_execution`` as it is expected (unknown
    until run times are measured), ``worst`` of one execution by every participant that lasts as long as it may."""
    per_hour: float | None = None
    worst: float | None = None
    if settings:
        asked = [(each, prices.of(settings.region, each.use, each.instance_type)) for each in stages(settings)]
        known = [(each, price * each.count) for each, price in asked if price is not None]
        if len(known) == len(asked):
            per_hour = round(sum(price for _, price in known), 4)
            worst = round(sum(price * each.hours for each, price in known) * len(settings.participants), 2)
    return {"per_hour": per_hour, "per_execution": None, "worst": worst}
