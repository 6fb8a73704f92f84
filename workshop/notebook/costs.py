"""What a step costs, told before it is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from infra.prices import usd
from infra.settings import JobSettings, Settings
from workshop.notebook.place import Workshop
from workshop.runs.costs import HOSTING, PROCESSING, TRAINING, Capacity, PriceList

Step = Literal["preprocessing", "training", "endpoint"]
WORDS: dict[Step, str] = {"preprocessing": "前処理ジョブ", "training": "学習ジョブ", "endpoint": "エンドポイント"}
PRICES = "https://aws.amazon.com/jp/sagemaker/ai/pricing/"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one step. ``per_hour`` is in US dollars, None where the price list does not tell; after ``hours`` the step
    is ended whatever happens. ``capacity`` is None for a serverless endpoint."""

    step: Step
    capacity: Capacity | None
    hours: float
    per_hour: float | None
    local: bool
    remark: str = ""

    def _repr_markdown_(self) -> str:
        name = WORDS[self.step]
        if self.local:
            return f"**{name}**: ローカル AWS なので、費用はかかりません。（AWS では {self._on_aws()}）"
        return f"**{name}**: {self._on_aws()}"

    def _on_aws(self) -> str:
        if self.capacity is None:
            return f"サーバーレスなので、リクエストの処理時間に応じて課金されます。[料金表]({PRICES})"
        instances = f"`{self.capacity.instance_type}` × {self.capacity.count} 台"
        billed = f"{instances}の実行時間に応じて課金、最長 {self.hours:g} 時間"
        if self.per_hour is None:
            return f"{billed}。単価は[料金表]({PRICES})をご覧ください。"
        return f"{billed}。1 時間 {usd(self.per_hour)}、最大でも {usd(self.per_hour * self.hours)}。{self.remark}"


def cost_of(workshop: Workshop, step: Step) -> Cost:
    """What ``step`` costs with the workshop's settings; a notebook shows it as a sentence."""
    capacity, hours = _planned(workshop.settings, step)
    price, remark = None, ""
    if capacity and not workshop.is_local:
        prices = PriceList(workshop.account, workshop.settings.prices)
        price = prices.per_hour(workshop.settings.region, capacity)
        remark = "（単価は概算です。）" if price is not None and prices.remark else ""
    return Cost(step, capacity, hours, price, workshop.is_local, remark)


def _planned(settings: Settings, step: Step) -> tuple[Capacity | None, float]:
    """The instances, None for a serverless endpoint, and the hours after which the step is ended."""
    match step:
        case "preprocessing":
            job: JobSettings = settings.preprocessing
            return Capacity(job.instance_type, job.instance_count, PROCESSING), job.max_runtime_minutes / 60
        case "training":
            job = settings.training
            return Capacity(job.instance_type, job.instance_count, TRAINING), job.max_runtime_minutes / 60
        case "endpoint":
            endpoint = settings.endpoint
            most = Capacity(endpoint.instance_type, endpoint.max_instances, HOSTING)
            return None if endpoint.kind == "serverless" else most, endpoint.hours_to_live
