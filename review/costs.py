"""What the settings make a workshop cost; what no price is known for stays unknown, and is never 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.costs import HANDS_ON_SECONDS, every_stage, price_of, stages
from infra.prices import PriceTable
from infra.settings import CONTEXT_KEY, Settings, SettingsError, parse_settings


def settings_of(context: Mapping[str, Any]) -> Settings | None:
    """None in a project that has no such settings, or has those of another version."""
    try:
        return parse_settings(context.get(CONTEXT_KEY))
    except SettingsError:
        return None


def cost_of(settings: Settings | None, table: PriceTable) -> dict[str, float | None]:
    """``per_hour`` while one participant has one of each stage running, ``per_execution`` as the training of the 2022
    hands-on took on the same instance, ``worst`` of one execution by every participant that lasts as long as it may."""
    unknown: dict[str, float | None] = dict.fromkeys(("per_hour", "per_execution", "worst"))
    if settings is None:
        return unknown
    priced = [(stage, price_of(stage, settings, table)) for stage in stages(settings)]
    amounts = {stage.use: price.usd_per_hour * stage.count for stage, price in priced if price}
    expected = unknown["per_execution"]
    if "Training" in amounts and settings.training.instance_type in HANDS_ON_SECONDS:
        expected = round(amounts["Training"] * HANDS_ON_SECONDS[settings.training.instance_type] / 3600, 4)
    if len(amounts) < len(priced):
        return unknown | {"per_execution": expected}
    worst = sum(amounts[stage.use] * stage.hours for stage, _ in priced) * len(settings.participants)
    return {"per_hour": round(sum(amounts.values()), 4), "per_execution": expected, "worst": round(worst, 2)}


def sources_of(settings: Settings | None, table: PriceTable) -> list[str]:
    """Per stage where its price comes from, or that there is none."""
    if settings is None:
        return []
    said = []
    for stage in every_stage(settings):
        price = price_of(stage, settings, table)
        what = f"{stage.instance_type} ({stage.title})"
        if price is None:
            said.append(f"no price known: {what} in {settings.region}")
        elif price.sheet is None:
            said.append(f"price of the settings: {what} ${price.usd_per_hour:g} an hour")
        else:
            note = f". {price.sheet.note}" if price.sheet.note else ""
            said.append(
                f"estimate of {price.sheet.date}: {what} ${price.usd_per_hour:g} an hour, "
                f"from {price.sheet.source}{note}"
            )
    return said
