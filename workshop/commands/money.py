"""Commands about money: what the workshop has cost and may still cost, and what instances cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from chitra.files import write_whole
from infra.costs import Stage, every_stage, price_of, rates
from infra.prices import PRICES, Price, shipped_prices, usd
from infra.settings import PROJECT, Settings, SettingsError
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment, aws_errors, find_deployment
from workshop.commands.common import FolderOption, JsonOption, account_of, print_json, say, settings_of
from workshop.commands.tables import show_table
from workshop.runs.costs import Capacity, PriceList
from workshop.runs.meter import Meter, count, read_listing, with_assumed_notes

NOT_COUNTED = "storage, logs, data transfer, a serverless endpoint's requests, the image's build, what was made by hand"


def budget(as_json: JsonOption = False, folder: FolderOption = PROJECT) -> None:
    """Show what the workshop's jobs and endpoints have cost, what running ones may still cost, and what is left."""
    settings = settings_of(folder)
    with aws_errors():
        account = account_of(settings)
        deployment = find_deployment(account, settings)
        asked = PriceList(account, settings.prices)
        meter = _meter(account, deployment, settings, asked)
    if as_json:
        print_json(_document(settings, meter))
        return
    endpoints = "endpoints, until they end" if settings.budget else "endpoints that are there, so far"
    runs = f"reserved by running runs ({len(meter.running)})" if meter else "reserved by running runs"
    amounts = (meter.jobs, meter.endpoints, meter.reserved, meter.total) if meter else (None,) * 4
    for title, amount in zip(("jobs so far", endpoints, runs, "together at worst"), amounts, strict=True):
        _line(title, amount)
    if settings.budget and meter:
        _line(f"left of the budget of {usd(settings.budget.amount)}", meter.left(settings.budget.amount))
    else:
        say("no budget is set: nothing stops a run (workshop.budget)")
    say(f"not counted: {NOT_COUNTED}")
    if remark := _remark(settings) if settings.budget else asked.remark:
        say(remark)


def _meter(account: Account, deployment: Deployment, settings: Settings, asked: PriceList) -> Meter | None:
    """With a budget at the prices that the workflow has, else at AWS's; None where one of them is unknown."""
    listing = read_listing(account, deployment)
    if settings.budget:
        return count(listing, rates(settings), deployment.names)
    try:
        known = rates(
            settings, lambda stage: asked.per_hour(settings.region, Capacity(stage.instance_type, 1, stage.use))
        )
    except SettingsError:
        return None
    return count(with_assumed_notes(listing, known), known, deployment.names)


def _line(title: str, amount: float | None) -> None:
    say(f"{title:<36}{usd(amount):>12}")


def _document(settings: Settings, meter: Meter | None) -> dict[str, Any]:
    limit = settings.budget.amount if settings.budget else None
    counted = asdict(meter) if meter else dict.fromkeys(("jobs", "endpoints", "reserved", "running"))
    return {
        **counted,
        "total": meter.total if meter else None,
        "budget": limit,
        "left": meter.left(limit) if meter and limit else None,
        "prices": [_priced(stage, settings) for stage in every_stage(settings)],
    }


def _priced(stage: Stage, settings: Settings) -> dict[str, Any]:
    price = price_of(stage, settings)
    return {
        "use": stage.use,
        "instance_type": stage.instance_type,
        "usd_per_hour": price.usd_per_hour if price else None,
        "date": price.sheet.date if price and price.sheet else None,
        "source": _source(price),
        "note": _note(price),
    }


def _source(price: Price | None) -> str:
    if price is None:
        return "no price is known"
    return price.sheet.source if price.sheet else "workshop.prices"


def _note(price: Price | None) -> str:
    return price.sheet.note if price and price.sheet else ""


def _remark(settings: Settings) -> str:
    found = [price_of(stage, settings) for stage in every_stage(settings)]
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
        from workshop.runs import price_renewal

        sheets = price_renewal.fetch_sheets(settings.region, price_renewal.PRICE_LIST)
        table = table.with_sheets(sheets)
        write_whole(PRICES, table.to_json())
        shipped_prices.cache_clear()
        say(f"{PRICES.name}: {sum(len(each.usd_per_hour) for each in sheets):,} prices of {settings.region}")
    if as_json:
        print_json([_priced(stage, settings) for stage in every_stage(settings)])
        return
    rows, notes = [], []
    for stage in every_stage(settings):
        price = price_of(stage, settings, table)
        dated = price.sheet.date if price and price.sheet else ""
        amount = usd(price.usd_per_hour) if price else "no price known"
        rows.append((stage.instance_type, stage.use, amount, dated, _source(price) if price else ""))
        if _note(price):
            notes.append(f"{stage.instance_type}, {stage.use}: {_note(price)}")
    show_table(f"US dollars per hour in {settings.region}", ("instance", "use", "price", "of", "source"), rows)
    for note in notes:
        say(note)
