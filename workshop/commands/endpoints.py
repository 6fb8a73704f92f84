"""Commands that watch and steer what costs money."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from chitra.errors import WorkshopError
from infra.names import Names
from infra.prices import usd
from infra.settings import PROJECT
from workshop.aws.caller import participant
from workshop.aws.deployment import aws_errors, find_deployment
from workshop.aws.run_names import check_run_name, full_name
from workshop.aws.waiting import Pace, StillThereError
from workshop.commands.common import (
    FolderOption,
    JsonOption,
    account_of,
    errors,
    plain,
    print_json,
    say,
    settings_of,
    signed_in,
)
from workshop.commands.following import show
from workshop.commands.runs import say_costs
from workshop.commands.tables import show_table
from workshop.runs.costs import PriceList
from workshop.runs.endpoint import (
    check_hours,
    create_endpoint,
    delete_endpoint,
    exact_name,
    extend_endpoint,
    schedule_of,
)
from workshop.runs.meter import note_more_hours, require_room
from workshop.runs.moments import moment
from workshop.runs.money import money_text
from workshop.runs.status import SERVERLESS, EndpointStatus, ExecutionStatus, endpoint_statuses, execution_statuses
from workshop.runs.strangers import Stranger, list_strangers
from workshop.runs.warm_pools import WarmPool, warm_pools

endpoint_app = typer.Typer(no_args_is_help=True, help="Create, extend or delete endpoints.")

Endpoint = Annotated[str, typer.Argument(help="Name of the endpoint, as `workshop status` prints it.")]


@endpoint_app.command("create")
def create(
    run: Annotated[str, typer.Argument(help="Name of the run whose model to serve.")],
    hours: Annotated[int | None, typer.Option(help="Hours until it deletes itself; as set in cdk.json.")] = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Serve a finished run's model. The schedule that deletes the endpoint is made before the endpoint."""
    settings = settings_of(folder)
    check_run_name(full_name(Names(settings.name), run))
    if hours is not None:
        check_hours(hours)
    aws = account_of(settings)
    with aws_errors():
        deployment = find_deployment(aws, settings)
        name = check_run_name(deployment.full_name(run))
        user = participant(aws, deployment.names)
        lives = hours or settings.endpoint.hours_to_live
        require_room(aws, deployment, settings, jobs=False, hours=lives)
        say_costs(aws, settings, jobs=False, hours=lives)
        started = create_endpoint(aws, deployment, name, hours=hours, user=user)
        show(aws, started, settings.prices)
    say(f"endpoint {started.name} deletes itself in {hours or settings.endpoint.hours_to_live} hours")


@endpoint_app.command("extend")
def extend(
    endpoint: Endpoint,
    hours: Annotated[int, typer.Option(help="Hours to live from now on.")],
    folder: FolderOption = PROJECT,
) -> None:
    """Move an endpoint's end."""
    settings = settings_of(folder)
    check_hours(hours)
    check_run_name(endpoint)
    with aws_errors():
        account = signed_in(settings)
        name = exact_name(account, settings, endpoint)
        deployment = find_deployment(account, settings)
        require_room(account, deployment, settings, jobs=False, hours=hours)
        schedule = schedule_of(account, settings, name)
        note_more_hours(account, deployment, settings, name, hours)
        end = extend_endpoint(account, schedule, hours)
    say(f"endpoint {name} deletes itself at {moment(end)}")


@endpoint_app.command("delete")
def delete(endpoint: Endpoint, folder: FolderOption = PROJECT) -> None:
    """Delete an endpoint with its config, model and schedule."""
    settings = settings_of(folder)
    check_run_name(endpoint)
    with aws_errors():
        account = signed_in(settings)
        name = exact_name(account, settings, endpoint)
        try:
            left = delete_endpoint(account, settings, name, Pace())
        except StillThereError as error:
            raise WorkshopError(f"endpoint {name}: {error}. Its schedule stays.") from error
    say(f"endpoint {name} is gone")
    for line in left:
        say(line)


def status(as_json: JsonOption = False, folder: FolderOption = PROJECT) -> None:
    """Show every endpoint with time and cost left, and every execution with its stage."""
    settings = settings_of(folder)
    names = Names(settings.name)
    with aws_errors():
        account = signed_in(settings)
        prices, deployment = PriceList(account, settings.prices), find_deployment(account, settings)
        endpoints = endpoint_statuses(account, names, prices, prefix=deployment.own_runs)
        executions = execution_statuses(account, deployment)
        pools = warm_pools(account, names, prices, prefix=deployment.own_runs)
        strangers = list(list_strangers(account, prices))
    if as_json:
        _print_status(prices, endpoints, executions, pools, strangers)
        return
    headings = ("endpoint", "state", "runs on", "deletes itself", "costs")
    show_table("Endpoints", headings, list(map(_endpoint_row, endpoints)))
    if prices.remark:
        say(prices.remark)
    rows = [(each.name, each.state, moment(each.started), each.stage) for each in executions]
    show_table("Executions", ("execution", "state", "started", "stage"), rows)
    for line in (*pools, *strangers):
        say(str(line))


def _print_status(
    prices: PriceList,
    endpoints: list[EndpointStatus],
    executions: list[ExecutionStatus],
    pools: list[WarmPool],
    strangers: list[Stranger | str],
) -> None:
    document = {
        "endpoints": list(map(asdict, endpoints)),
        "executions": list(map(asdict, executions)),
        "warm_pools": list(map(asdict, pools)),
        "strangers": [asdict(each) for each in strangers if isinstance(each, Stranger)],
    }
    print_json(document)
    not_seen = [each for each in strangers if isinstance(each, str)]
    for problem in [prices.remark] * bool(prices.remark) + not_seen:
        errors.print(plain(problem))


def _endpoint_row(each: EndpointStatus) -> tuple[str, ...]:
    left = each.left
    end = each.expiry if left is None else f"{each.expiry}, in {_clock(left)}"
    costs = f"{usd(each.per_hour)} per hour, {money_text(each.money)}"
    return each.name, each.state, each.capacity, end, costs if each.capacity != SERVERLESS else "per request"


def _clock(left: timedelta) -> str:
    minutes = max(0, round(left.total_seconds() / 60))
    return f"{minutes // 60} h {minutes % 60:02} min"
