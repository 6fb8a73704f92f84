"""Commands about money: what the workshop has cost and may still cost, and what instances cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from chitra.files import write_whole
from infra.costs import Stage, price_of, rates, stages
from infra.prices import PRICES, Price, shipped_prices, usd
from infra.settings import PROJECT, Settings
from workshop.aws.deployment import aws_errors, find_deployment
from workshop.commands.common import FolderOption, JsonOption, account_of, print_json, say, settings_of
from workshop.commands.tables import show_table
from workshop.runs.meter import Meter, count, read_listing

NOT_COUNTED = "storage, logs, data transfer, a serverless endpoint's requests, the image's build, what was made by hand"


def budget(as_json: JsonOption = False, folder: FolderOption = PROJECT) -> None:
    """Show what the workshop's jobs and endpoints have cost, what running ones may still cost, and what is left."""
    settings = settings_of(folder)
    known = rates(settings)
    with aws_errors():
        account = account_of(settings)
        deployment = find_deployment(account, settings)
        meter = count(read_listing(account, deployment), known, deployment.names)
    if as_json:
        print_json(_document(settings, meter))
        return
    runs = len(meter.running)
    endpoints = "endpoints, until they end" if settings.budget else "endpoints that are there, so far"
    for title, amount in (
        ("jobs so far", meter.jobs),
        (endpoints, meter.endpoints),
        (f"reserved by {runs} running run{'' if runs == 1 else 's'}", meter.reserved),
        ("together at worst", meter.total),
    ):
        _line(title, amount)
    if settings.budget:
        _line(f"left of the budget of {usd(settings.budget.amount)}", meter.left(settings.budget.amount))
    else:
        say("no budget is set: nothing stops a run (workshop.budget, docs/costs.md)")
    say(f"not counted: {NOT_COUNTED}")
    if remark := _remark(settings):
        say(remark)


def _line(title: str, amount: float) -> None:
    say(f"{title:<36}{usd(amount):>12}")


def _document(settings: Settings, meter: Meter) -> dict[str, Any]:
    limit = settings.budget.amount if settings.budget else None
    reserved = meter.reserved if settings.budget else None
    return {
        **asdict(meter),
        "reserved": reserved,
        "total": meter.total,
        "budget": limit,
        "left": None if limit is None else meter.left(limit),
        "prices": [_priced(stage, settings) for stage in stages(settings)],
    }


def _priced(stage: Stage, settings: Settings) -> dict[str, Any]:
    price = price_of(stage, settings)
    return {
        "use": stage.use,
        "instance_type": stage.instance_type,
        "usd_per_hour": price.usd_per_hour if price else None,
        "date": price.sheet.date if price and price.sheet else None,
        "source": _source(price),
    }


def _source(price: Price | None) -> str:
    if price is None:
        return "no price is known"
    return price.sheet.source if price.sheet else "workshop.prices"


def _remark(settings: Settings) -> str:
    found = [price_of(stage, settings) for stage in stages(settings)]
    dates = sorted({price.sheet.date for price in found if price and price.sheet})
    return f"prices are estimates, of {' and '.join(dates)} (`workshop prices`)" if dates else ""


def prices(
    renew: Annotated[
        bool, typer.Option("--renew", help="Write the region's prices anew, from AWS's public price list.")
    ] = False,
    as_json: JsonOption = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Show what the settings' instances cost by the hour, each price with its date and source."""
    settings = settings_of(folder)
    table = shipped_prices()
    if renew:
        from workshop.runs.price_renewal import PRICE_LIST, fetch_sheets

        sheets = fetch_sheets(settings.region, PRICE_LIST)
        table = table.with_sheets(sheets)
        write_whole(PRICES, table.to_json())
        shipped_prices.cache_clear()
        say(f"{PRICES.name}: {sum(len(each.usd_per_hour) for each in sheets):,} prices of {settings.region}")
    if as_json:
        print_json([_priced(stage, settings) for stage in stages(settings)])
        return
    rows = []
    for stage in stages(settings):
        price = price_of(stage, settings, table)
        dated = price.sheet.date if price and price.sheet else ""
        amount = usd(price.usd_per_hour) if price else "no price known"
        rows.append((stage.instance_type, stage.use, amount, dated, _source(price) if price else ""))
    show_table(f"US dollars per hour in {settings.region}", ("instance", "use", "price", "of", "source"), rows)
