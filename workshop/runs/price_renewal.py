"""Renews the shipped table from AWS's public price list, which needs no credentials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import httpx

from chitra.errors import WorkshopError
from infra.instances import known_types
from infra.prices import PricedUse, Sheet

# AWS Billing user guide, "Getting price list files manually": one file per service and region.
PRICE_LIST = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/{region}/index.json"
USES: tuple[str, ...] = get_args(PricedUse)
WAIT_SECONDS = 60.0


def fetch_sheets(region: str, address: str = PRICE_LIST) -> list[Sheet]:
    """A sheet per use, dated as AWS published it.

    Raises:
        WorkshopError: the list cannot be had, or knows no instance.
    """
    source = address.format(region=region)
    try:
        answer = httpx.get(source, timeout=WAIT_SECONDS, follow_redirects=True)
        answer.raise_for_status()
        offers = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise WorkshopError(f"{source}: {error}. Look whether this machine reaches it, then run it again.") from error
    prices = sorted(_prices(offers))
    date, note = str(offers.get("publicationDate", ""))[:10], "AWS's own list."
    sheets = [
        Sheet(region=region, use=use, date=date, source=source, note=note, usd_per_hour=found)  # type: ignore[arg-type]
        for use in USES
        if (found := {name: price for of, name, price in prices if of == use})
    ]
    if not sheets:
        raise WorkshopError(f"{source}: names no instance. Is {region} a region of SageMaker?")
    return sheets


def _prices(offers: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Use, instance type and dollars an hour, of types that jobs or endpoints take."""
    usable = known_types("processing jobs") | known_types("training jobs") | known_types("endpoints")
    terms = offers.get("terms", {}).get("OnDemand", {})
    for sku, product in offers.get("products", {}).items():
        attributes = product.get("attributes", {})
        name = str(attributes.get("instanceName", ""))
        use = str(attributes.get("platoinstancetype") or attributes.get("component", ""))
        if name not in usable or use not in USES:
            continue
        dimensions = [each for term in terms.get(sku, {}).values() for each in term["priceDimensions"].values()]
        amounts = [float(each["pricePerUnit"]["USD"]) for each in dimensions if "USD" in each["pricePerUnit"]]
        if paid := [amount for amount in amounts if amount > 0]:
            yield use, name, max(paid)
