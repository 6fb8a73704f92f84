"""Commands that end a workshop: teardown and its proof."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chitra.errors import WorkshopError
from chitra.visible import visible
from infra.names import Names
from infra.prices import usd
from infra.settings import PROJECT, Settings
from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, advice
from workshop.aws.deployment import aws_errors
from workshop.aws.waiting import SETTLE_SECONDS, Pace
from workshop.commands.common import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    FolderOption,
    JsonOption,
    console,
    may_ask,
    print_json,
    say,
    settings_of,
    short,
    signed_in,
)
from workshop.commands.tables import show_table
from workshop.commands.transfer import EXPORT, export_runs
from workshop.data.unexported_runs import UnexportedRun, list_unexported_runs
from workshop.runs.costs import PriceList, capacity_of
from workshop.runs.strangers import list_strangers
from workshop.teardown.journal import Journal
from workshop.teardown.order import Topic
from workshop.teardown.receipt import journal_file, regions_of_receipts, verification, write_receipt
from workshop.teardown.resources.resource import Problem, Resource, guarded
from workshop.teardown.resources.storage import CONTENTS
from workshop.teardown.survey import Survey, survey
from workshop.teardown.teardown import Attempt, Outcome, WhyKept, teardown

MAY_BILL = frozenset({Topic.TENANTS, Topic.INSTANCES, Topic.OTHERS})  # by the hour, where no price is looked up

Settle = Annotated[float, typer.Option(help="Seconds of quiet in which no log may come back.")]


def tear_down(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    discard_data: Annotated[
        bool, typer.Option("--discard-data", help="Remove runs that were not exported in full, too.")
    ] = False,
    settle: Settle = SETTLE_SECONDS,
    folder: FolderOption = PROJECT,
) -> None:
    """Remove everything that belongs to the workshop, look again from scratch, and write a receipt.

    Exit code 0: nothing remains. 1: something remains or could not be seen; run the command again.
    """
    settings = settings_of(folder)
    with aws_errors():
        account = signed_in(settings)
        journal = _journal(folder, settings, account)
        with console.status("looking for everything that belongs to the workshop"):
            found = survey(account, settings, journal.memory)
        show_plan(account, settings, found)
        if dry_run:
            return
        if found.resources:
            _keep_data_safe(account, settings, found, folder / EXPORT, yes=yes, discard=discard_data)
            if not yes:
                typer.confirm(f"Remove {_count_of(len(found.resources), 'thing')} for good?", abort=True)
        why_kept = (lambda resource: "") if discard_data else partial(why_data_is_kept, account, settings)
        outcome = _work(account, settings, found, journal, Pace(settle=settle), why_kept)
    receipt = write_receipt(folder, outcome, journal, settings, account)
    say(f"receipt: {short(receipt)}")
    if not outcome.clean:
        for line in _what_remains(outcome):
            say(line)
        raise WorkshopError(f"{_count(outcome.last)}. Run the command again; it goes on where it stopped.")
    journal.close()
    console.print("nothing remains")


def verify(
    as_json: JsonOption = False,
    folder: FolderOption = PROJECT,
) -> None:
    """List from scratch what belongs to the workshop, and delete nothing. Exit code 1 when something does."""
    settings = settings_of(folder)
    with aws_errors():
        account = signed_in(settings)
        found = survey(account, settings, _journal(folder, settings, account).memory)
        if as_json:
            print_json(verification(found, settings, account, datetime.now(UTC)))
        else:
            show_plan(account, settings, found)
            for stranger in list_strangers(account, PriceList(account, settings.prices)):
                say(str(stranger))
    if not found.clean:
        raise typer.Exit(EXIT_FAILED)
    if not as_json:
        console.print("nothing remains")


def _journal(folder: Path, settings: Settings, account: Account) -> Journal:
    return Journal(journal_file(folder, settings, account), regions_of_receipts(folder, settings, account))


def show_plan(account: Account, settings: Settings, found: Survey) -> None:
    """What was found, with what each costs per hour."""
    prices = PriceList(account, settings.prices)
    if found.resources:
        title = f"Workshop {settings.name} in account {account.number}, in the order of removal"
        total, unknown = _show_resources(account, prices, found, title)
        together = f"{usd(total)}{' + unknown' if unknown else ''} per hour together"
        say(f"{_count_of(len(found.resources), 'thing')}, {together}{_unknown_prices(prices)}")
        for each in found.resources:
            if each.by_hand or (each.arn and each.topic in MAY_BILL):
                say(each.by_hand or f"{each.kind}: {each.arn}")
    for lookalike in found.lookalikes:
        say(f"left alone: {lookalike} ({lookalike.region}) {lookalike.why}")
    for problem in found.problems:
        say(f"not seen: {problem.region}: {problem}")


def _show_resources(account: Account, prices: PriceList, found: Survey, title: str) -> tuple[float, bool]:
    """Returns what is known of the costs per hour, and whether something is unknown."""
    regions = ["region"] if len(found.regions) > 1 else []
    total, unknown, rows = 0.0, False, list[list[str]]()
    for resource in found.resources:
        costs, amount = _costs(account, prices, resource)
        total, unknown = total + (amount or 0.0), unknown or amount is None
        where = [resource.region] if regions else []
        rows.append([f"{resource.kind} {resource.name}", *where, resource.state, costs])
    show_table(title, ["what", *regions, "state", "costs per hour"], rows)
    return total, unknown


def _costs(account: Account, prices: PriceList, resource: Resource) -> tuple[str, float | None]:
    """In words, and in US dollars per hour; None when that is unknown."""
    try:
        capacity = capacity_of(account, resource.kind, resource.name, resource.region)
        amount = prices.together(resource.region, capacity) if capacity else 0.0
    except AWS_ERRORS as error:
        return f"cannot be seen: {advice(error)}", None
    except Exception as error:  # an answer that nobody foresaw keeps nothing from being removed
        return f"cannot be seen: unexpected {type(error).__name__} ({error})", None
    if not capacity:
        return ("unknown", None) if resource.topic in MAY_BILL else ("", 0.0)
    return f"{', '.join(map(str, capacity))}: {usd(amount)}", amount


def _unknown_prices(prices: PriceList) -> str:
    return f"; {prices.remark}" if prices.remark else ""


def _count_of(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _keep_data_safe(
    account: Account, settings: Settings, found: Survey, export: Path, *, yes: bool, discard: bool
) -> None:
    """Offer the export of what was never taken home; refuse to destroy it unless told so."""
    if discard:
        return
    unseen = [problem for problem in found.problems if problem.topic is Topic.DATA]
    if unseen:
        raise WorkshopError(
            f"whether every run was exported cannot be seen ({unseen[0].region}: {unseen[0]}); nothing was removed. "
            "To remove them unseen: --discard-data."
        )
    regions = [each.region for each in found.resources if each.kind == CONTENTS]
    names = Names(settings.name)
    look = partial(list_unexported_runs, account, names, regions, lambda refusal: say(f"no export has it: {refusal}"))
    unexported = guarded(look, Topic.DATA, settings.region)
    if isinstance(unexported, Problem):
        raise WorkshopError(
            f"whether every run was exported cannot be seen: {unexported.advice}. "
            "To remove them unseen: --discard-data."
        )
    if not unexported:
        return
    for run in unexported:
        say(str(run))
    if not yes and may_ask() and typer.confirm(f"Export them to {short(export)}/ first?", default=True):
        _export(account, unexported, export)
        return
    raise WorkshopError(
        f"{_count_of(len(unexported), 'run')} would be lost; nothing was removed. "
        "Take them home: `.venv/bin/workshop export`; or let them go: `.venv/bin/workshop teardown --discard-data`."
    )


def why_data_is_kept(account: Account, settings: Settings, resource: Resource) -> str:
    """Runs that were not there, or whose region was not seen, when the organiser was asked."""
    if resource.topic is not Topic.DATA:
        return ""
    unexported = list_unexported_runs(account, Names(settings.name), [resource.region])
    if not unexported:
        return ""
    more = f" (and {len(unexported) - 1} more)" if len(unexported) > 1 else ""
    return f"{unexported[0]}{more}: take it home with `.venv/bin/workshop export`, or let it go with --discard-data"


def _export(account: Account, unexported: list[UnexportedRun], output: Path) -> None:
    for (region, bucket), group in groupby(unexported, key=lambda each: (each.region, each.bucket)):
        export_runs(account.client("s3", region), bucket, [each.run for each in group], output)


def _work(
    account: Account, settings: Settings, found: Survey, journal: Journal, pace: Pace, why_kept: WhyKept
) -> Outcome:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("removing", total=len(found.resources))
        at_work: dict[Resource, None] = {}

        def started(resource: Resource) -> None:
            at_work[resource] = None
            bar.update(task, description=f"removing {_shown(resource)}")

        def ended(attempt: Attempt) -> None:
            at_work.pop(attempt.resource, None)
            bar.advance(task)
            last = next(reversed(at_work), None)
            bar.update(task, description=f"removing {_shown(last)}" if last else "looking again")
            text = (
                f"kept     {attempt.resource}: {attempt.problem}" if attempt.problem else f"removed  {attempt.resource}"
            )
            say(text)

        try:
            return teardown(
                account,
                settings,
                found,
                journal=journal,
                pace=pace,
                why_kept=why_kept,
                on_start=started,
                on_attempt=ended,
            )
        except KeyboardInterrupt:
            say(f"interrupted; what was removed stands in {short(journal.file)}. Run the command again to go on.")
            raise typer.Exit(EXIT_INTERRUPTED) from None


def _shown(resource: Resource) -> str:
    """The progress bar reads markup."""
    return escape(visible(str(resource)))


def _what_remains(outcome: Outcome) -> list[str]:
    lines = []
    for each in outcome.last.resources:
        why = outcome.problems.get(each) or each.by_hand or "was found at the end"
        arn = f" ({each.arn})" if each.arn and each.arn not in why else ""
        lines.append(f"remains  {each}: {why}{arn}")
    return lines + [f"not seen {problem.region}: {problem}" for problem in outcome.last.problems]


def _count(last: Survey) -> str:
    remain = _count_of(len(last.resources), "thing") + (" remains" if len(last.resources) == 1 else " remain")
    unseen = f"{_count_of(len(last.problems), 'place')} could not be looked at"
    return ", ".join([*([remain] if last.resources else []), *([unseen] if last.problems else [])])
