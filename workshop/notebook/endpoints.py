"""An endpoint as a reader asks for it: whether it is there, when it ends, and what it still costs."""

from __future__ import annotations

from dataclasses import dataclass

from infra.prices import usd
from workshop.aws.deployment import aws_errors
from workshop.notebook.place import Workshop
from workshop.runs.costs import PriceList
from workshop.runs.moments import moment
from workshop.runs.status import EndpointStatus, endpoint_statuses


@dataclass(frozen=True, slots=True)
class EndpointNow:
    """``status`` is None when there is no such endpoint."""

    name: str
    status: EndpointStatus | None
    local: bool

    def _repr_markdown_(self) -> str:
        if self.status is None:
            return f"エンドポイント `{self.name}` はありません。費用はもうかかりません。"
        rows = {
            "名前": f"`{self.name}`",
            "状態": self.status.state,
            "自動で削除される時刻": moment(self.status.end) if self.status.end else self.status.expiry,
            "それまでの費用": self._cost(self.status),
        }
        return "\n".join(["| | |", "|:--|:--|", *(f"| {key} | {value} |" for key, value in rows.items())])

    def _cost(self, status: EndpointStatus) -> str:
        if self.local:
            return "ローカル AWS なので、かかりません"
        if status.cost_left is None:
            return "料金表から単価を読み取れませんでした"
        return f"最大 {usd(status.cost_left)}（1 時間 {usd(status.per_hour)}）"


def endpoint_now(workshop: Workshop, name: str) -> EndpointNow:
    """Raises WorkshopError when AWS refuses to show it."""
    prices = PriceList(workshop.account, workshop.settings.prices)
    if workshop.is_local:
        prices.problem = "a local AWS has none"  # and would be asked for them
    with aws_errors():
        statuses = endpoint_statuses(
            workshop.account, workshop.deployment.names, prices, prefix=workshop.deployment.own_runs
        )
    found = next((each for each in statuses if each.name == name), None)
    return EndpointNow(name, found, workshop.is_local)
