"""What runs by the hour, and what it costs: as AWS's price list says, or a dated table where it does not answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.prices import Sheet, shipped_prices
from workshop.aws.account import BRISK, Account
from workshop.aws.advice import AWS_ERRORS, advice

PRICE_LIST_REGION = "us-east-1"
HOSTING, TRAINING, PROCESSING, TRANSFORM = "Hosting", "Training", "Processing", "BatchTransform"
NOTEBOOK = "Notebook"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Instances that are billed by the hour. ``use`` is the price list's word."""

    instance_type: str
    count: int
    use: str

    def __str__(self) -> str:
        return f"{self.count} x {self.instance_type}"


class PriceList:
    """On-demand prices in US dollars per hour: the settings' ``own``, else AWS's, else those of a dated table.

    ``problem`` says why AWS was not asked or did not answer, ``remark`` what people have to know about the amounts.
    """

    def __init__(self, account: Account, own: Mapping[str, float] | None = None) -> None:
        self._account, self._own = account, own or {}
        self._known: dict[tuple[str, str, str], float | None] = {}
        self._sheets: list[Sheet] = []
        self._unknown = False
        self.problem = ""

    @property
    def remark(self) -> str:
        """Empty where every amount is AWS's."""
        said = []
        if self._sheets:
            dates = " and ".join(sorted({sheet.date for sheet in self._sheets}))
            said.append(f"prices are estimates, of {dates} (infra/prices.json has the sources)")
        if self._unknown:
            said.append(f"some prices are unknown{f': {self.problem}' if self.problem else ''}")
        return "; ".join(said)

    def together(self, region: str, capacities: list[Capacity]) -> float | None:
        """The sum of all; None when one price is not to be had."""
        asked = [self.per_hour(region, each) for each in capacities]
        known = [price for price in asked if price is not None]
        return sum(known) if len(known) == len(asked) else None

    def per_hour(self, region: str, capacity: Capacity) -> float | None:
        """Of all the instances; None when the price is not to be had."""
        key = (region, capacity.instance_type, capacity.use)
        if key not in self._known:
            self._known[key] = self._find(*key)
        price = self._known[key]
        return None if price is None else price * capacity.count

    def _find(self, region: str, instance_type: str, use: str) -> float | None:
        if instance_type in self._own:
            return self._own[instance_type]
        asked = None if self.problem else self._look_up(region, instance_type, use)
        if asked is not None:
            return asked
        estimate = shipped_prices().find(region, use, instance_type)
        if estimate is None or estimate.sheet is None:
            self._unknown = True
            return None
        self._sheets.append(estimate.sheet)
        return estimate.usd_per_hour

    def _look_up(self, region: str, instance_type: str, use: str) -> float | None:
        wanted = {"regionCode": region, "instanceName": instance_type, "platoinstancetype": use}
        filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
        try:
            pricing = self._account.client("pricing", PRICE_LIST_REGION, BRISK)
            answer = pricing.get_products(ServiceCode="AmazonSageMaker", Filters=filters)
        except AWS_ERRORS as error:
            self.problem = advice(error)
            return None
        prices = [price for product in answer["PriceList"] for price in _hourly(json.loads(product))]
        return prices[0] if prices else None


def _hourly(product: dict[str, Any]) -> list[float]:
    terms = product.get("terms", {}).get("OnDemand", {}).values()
    dimensions = [dimension for term in terms for dimension in term["priceDimensions"].values()]
    return [float(each["pricePerUnit"]["USD"]) for each in dimensions if "USD" in each["pricePerUnit"]]


def capacity_of(account: Account, kind: str, name: str, region: str) -> list[Capacity]:
    """The instances behind an endpoint or a job; none behind anything else.

    Raises:
        AWS_ERRORS: it could not be looked at.
    """
    look = _LOOKS.get(kind)
    return look(account.client("sagemaker", region), name) if look else []


def capacity_of_endpoint(sagemaker: Any, name: str) -> list[Capacity]:
    """One per variant; none for serverless ones, which cost nothing while nobody asks."""
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    running = {variant["VariantName"]: variant for variant in endpoint.get("ProductionVariants", [])}
    return [
        Capacity(
            variant["InstanceType"],
            running.get(variant["VariantName"], {}).get("CurrentInstanceCount", variant["InitialInstanceCount"]),
            HOSTING,
        )
        for variant in config["ProductionVariants"]
        if "InstanceType" in variant
    ]


def _of_processing(sagemaker: Any, name: str) -> list[Capacity]:
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    return [_capacity(job["ProcessingResources"]["ClusterConfig"], PROCESSING)]


def _of_training(sagemaker: Any, name: str) -> list[Capacity]:
    return [capacity_of_training(sagemaker.describe_training_job(TrainingJobName=name))]


def capacity_of_training(job: dict[str, Any]) -> Capacity:
    """Of a job that was described, also when it has ended and keeps its instances warm: they cost the same."""
    return _capacity(job["ResourceConfig"], TRAINING)


def _of_transform(sagemaker: Any, name: str) -> list[Capacity]:
    return [_capacity(sagemaker.describe_transform_job(TransformJobName=name)["TransformResources"], TRANSFORM)]


def _of_notebook(sagemaker: Any, name: str) -> list[Capacity]:
    """A stopped one keeps a disk only."""
    notebook = sagemaker.describe_notebook_instance(NotebookInstanceName=name)
    running = notebook["NotebookInstanceStatus"] != "Stopped"
    return [Capacity(notebook["InstanceType"], 1, NOTEBOOK)] if running else []


def _capacity(resources: dict[str, Any], use: str) -> Capacity:
    return Capacity(resources["InstanceType"], resources["InstanceCount"], use)


_LOOKS: dict[str, Callable[[Any, str], list[Capacity]]] = {
    "endpoint": capacity_of_endpoint,
    "processing job": _of_processing,
    "training job": _of_training,
    "warm pool": _of_training,
    "transform job": _of_transform,
    "notebook instance": _of_notebook,
}
