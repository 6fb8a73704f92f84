"""What one execution starts, and what that costs by the hour and at worst."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from infra.prices import Price, PriceTable, shipped_prices
from infra.settings import Settings, SettingsError

# Billed seconds of the training job of the 2022 hands-on: one epoch of 5,894 articles on a T4
# (WorksApplications/chitra-handson-on-aws, notebook 02). There is no such figure for other instances.
HANDS_ON_SECONDS = {"ml.g4dn.xlarge": 920}
HANDS_ON = "one epoch on ml.g4dn.xlarge, as in the 2022 hands-on"


@dataclass(frozen=True)
class Stage:
    """So many instances for so many hours at most."""

    use: str
    instance_type: str
    count: int
    hours: float

    @property
    def title(self) -> str:
        """The use in words: ``batch transform``."""
        return "".join(f" {each}" if each.isupper() else each for each in self.use).strip().lower()

    def __str__(self) -> str:
        return f"{self.title}: {self.count} x {self.instance_type} for at most {self.hours:g} h"


def stages(settings: Settings) -> list[Stage]:
    """Of a run with an endpoint. A serverless one bills for requests only, so it is no stage; one that scales counts
    with all its instances. An instance kept warm bills as in training."""
    before, training, endpoint = settings.preprocessing, settings.training, settings.endpoint
    warm = training.keep_warm_minutes
    found = [
        Stage("Processing", before.instance_type, before.instance_count, before.max_runtime_minutes / 60),
        Stage("Training", training.instance_type, training.instance_count, (training.max_runtime_minutes + warm) / 60),
    ]
    if endpoint.kind != "serverless":
        found.append(Stage("Hosting", endpoint.instance_type, endpoint.max_instances, float(endpoint.hours_to_live)))
    return found


def classification(settings: Settings) -> Stage:
    """Of an execution that only classifies articles."""
    job = settings.classification
    return Stage("BatchTransform", job.instance_type, 1, job.max_runtime_minutes / 60)


def every_stage(settings: Settings) -> list[Stage]:
    """Of executions of all sorts."""
    return [*stages(settings), classification(settings)]


def price_of(stage: Stage, settings: Settings, table: PriceTable | None = None) -> Price | None:
    """Of one instance of the stage: the settings' own, else the table's."""
    table = shipped_prices() if table is None else table
    return table.find(settings.region, stage.use, stage.instance_type, settings.prices)


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per hour of all instances of a stage, 0 for a serverless endpoint, and hours at most."""

    processing: float
    training: float
    hosting: float
    processing_hours: float
    training_hours: float
    warm_hours: float
    transform: float
    transform_hours: float

    def jobs_at_worst(self, trainings: int = 1) -> float:
        """Of the jobs of one execution; a tuning has several trainings."""
        return self.processing * self.processing_hours + self.training * self.training_hours * trainings

    @property
    def classification_at_worst(self) -> float:
        return self.transform * self.transform_hours


def rates(settings: Settings, per_hour: Callable[[Stage], float | None] | None = None) -> Rates:
    """``per_hour`` of one instance of a stage, where others than the settings' and the table's prices are known.

    Raises:
        SettingsError: names every instance type that has no price, with the way out.
    """
    look = per_hour or (lambda stage: price.usd_per_hour if (price := price_of(stage, settings)) else None)
    found = {stage.use: stage for stage in every_stage(settings)}
    known = {use: look(stage) for use, stage in found.items()}
    if missing := [found[use] for use, price in known.items() if price is None]:
        raise SettingsError("\n".join(_no_price(each, settings.region) for each in _by_type(missing)))
    totals = {use: price * found[use].count for use, price in known.items() if price is not None}
    return Rates(
        totals["Processing"],
        totals["Training"],
        totals.get("Hosting", 0.0),
        found["Processing"].hours,
        found["Training"].hours,
        settings.training.keep_warm_minutes / 60,
        totals["BatchTransform"],
        found["BatchTransform"].hours,
    )


def _by_type(missing: Iterable[Stage]) -> list[list[Stage]]:
    types: dict[str, list[Stage]] = {}
    for stage in missing:
        types.setdefault(stage.instance_type, []).append(stage)
    return list(types.values())


def _no_price(missing: list[Stage], region: str) -> str:
    uses = " and ".join(stage.use for stage in missing)
    name = missing[0].instance_type
    return (
        f"cdk.json: no price is known for {name} ({uses}, {region}), and a budget (workshop.budget) needs one. Look it"
        f' up and set workshop.prices, say {{"{name}": 1.23}} (US dollars per hour, its dearest use), or renew the'
        " table: .venv/bin/workshop prices --renew"
    )
