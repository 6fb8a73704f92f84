"""What instances cost where AWS's Price List is not asked: a dated table, an estimate wherever it is shown.

The table holds what sources were found for, or what its note says how it was worked out. An instance without a price
has none, which is not 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

# Written by hand, or by `workshop prices --renew` from AWS's public price list.
PRICES = Path(__file__).with_name("prices.json")
PricedUse = Literal["Processing", "Training", "Hosting", "BatchTransform"]  # the price list's words


class Sheet(BaseModel):
    """US dollars per hour of instances for one use in one region; ``note`` says how well the source is confirmed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    region: str
    use: PricedUse
    date: str
    source: str
    note: str = ""
    usd_per_hour: dict[str, float]


@dataclass(frozen=True, slots=True)
class Price:
    """``sheet`` is None where the settings give the price."""

    usd_per_hour: float
    sheet: Sheet | None


@dataclass(frozen=True)
class PriceTable:
    sheets: tuple[Sheet, ...] = ()

    def find(self, region: str, use: str, instance_type: str, own: Mapping[str, float] | None = None) -> Price | None:
        """The settings' ``own`` price of the type first; None where no price is known."""
        if own and instance_type in own:
            return Price(own[instance_type], None)
        for sheet in self.sheets:
            if (sheet.region, sheet.use) == (region, use) and instance_type in sheet.usd_per_hour:
                return Price(sheet.usd_per_hour[instance_type], sheet)
        return None

    def with_sheets(self, sheets: list[Sheet]) -> PriceTable:
        """The table in which ``sheets`` take the place of all older ones of their regions."""
        regions = {sheet.region for sheet in sheets}
        kept = [sheet for sheet in self.sheets if sheet.region not in regions]
        return PriceTable(tuple(sorted([*kept, *sheets], key=lambda each: (each.region, each.use))))

    def to_json(self) -> str:
        return json.dumps([sheet.model_dump() for sheet in self.sheets], indent=1) + "\n"


def read_prices(file: Path = PRICES) -> PriceTable:
    """Raises pydantic's ValidationError where the file is no table."""
    return PriceTable(tuple(TypeAdapter(list[Sheet]).validate_json(file.read_text(encoding="utf-8"))))


@cache
def shipped_prices() -> PriceTable:
    return read_prices()


def usd(amount: float | None) -> str:
    """Money as everything here shows it: to a tenth of a cent below ten dollars, to a cent above."""
    if amount is None:
        return "unknown"
    return f"${amount:,.3f}" if abs(amount) < 10 else f"${amount:,.2f}"
