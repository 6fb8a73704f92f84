"""The `local-aws` command: a workshop on this machine that stays until it is taken down.

Exit codes: 0 done, 1 failed or nothing runs, 2 bad input or settings, 130 interrupted.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from chitra.errors import InputError, WorkshopError
from infra.names import Names
from infra.settings import FOLDER_VARIABLE, PROJECT, Access, Settings, read_settings
from local_aws.ports import endpoint_url
from local_aws.server import LOG
from rehearsal.local_environment import enter_shell, environment_with, export_lines, unset_lines, variables
from rehearsal.local_state import LocalState, is_running, local_folder, participants, read_state
from workshop.commands.common import (
    EXIT_INTERRUPTED,
    HELP,
    AccessOption,
    FolderOption,
    VersionOption,
    console,
    errors,
    may_ask,
    plain,
    run_app,
    say,
    short,
    with_access,
)
from workshop.notebook.jupyterlab import open_jupyterlab

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, context_settings=HELP)
LOCAL_AWS = Path(sys.executable).parent / "local-aws"
CorpusOption = Annotated[Path | None, typer.Option("--corpus", help="Your corpus; the sample corpus when left out.")]
ModelOption = Annotated[Path | None, typer.Option("--model", help="Unpacked chiTra model; a stand-in when left out.")]
AsOption = Annotated[
    str | None, typer.Option("--as", metavar="PARTICIPANT", help="With this participant's key; the organiser's else.")
]


@app.callback()
def local_aws(version: VersionOption = False) -> None:
    """A workshop on this machine, without an AWS account, that stays until `down`."""


@app.command()
def up(
    corpus: CorpusOption = None,
    model: ModelOption = None,
    access: AccessOption = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Start the local AWS, deploy the workshop of cdk.json, upload the corpus and give every participant a key."""
    state = _up(corpus, model, access, folder)
    _tell_where(folder, state)
    _tell_how(folder, state)


@app.command()
def notebooks(
    options: Annotated[list[str] | None, typer.Argument(metavar="-- OPTIONS", help="JupyterLab's own options.")] = None,
    participant: Annotated[
        str | None,
        typer.Option("--as", metavar="PARTICIPANT", help="Whose key; the first participant's when left out."),
    ] = None,
    corpus: CorpusOption = None,
    model: ModelOption = None,
    access: AccessOption = None,
    folder: FolderOption = PROJECT,
) -> None:
    """Open the notebooks in JupyterLab as a participant, after `up` where nothing runs. Ctrl-C ends JupyterLab only."""
    state, files = _up(corpus, model, access, folder), local_folder(folder)
    chosen = variables(folder, state, participant or participants(files)[0])
    _tell_where(folder, state)
    say(f"JupyterLab ends at Ctrl-C, the local workshop with `{short(LOCAL_AWS)} down`.")
    open_jupyterlab(folder, environment_with(chosen), options or [])


def _up(corpus: Path | None, model: Path | None, access: Access | None, folder: Path) -> LocalState:
    """Of the local workshop that runs, or of one that is started now."""
    from rehearsal.local_service import LocalPlan, alone, is_deployed, root_account, stand_up, take_away
    from rehearsal.rehearse import SAMPLE_CORPUS

    settings, files = with_access(read_settings(folder), access), local_folder(folder)
    plan = LocalPlan(settings, (corpus or SAMPLE_CORPUS).resolve(), model.resolve() if model else None, folder)
    with alone(folder):
        state = read_state(files)
        if state and is_running(files, state):
            if is_deployed(root_account(state), settings):
                unused = (
                    "; --corpus, --model and --access were not used: `down` first" if corpus or model or access else ""
                )
                say(f"It runs already{unused}.")
                return state
            say("The local AWS runs, but its workshop was torn down: it starts anew.")
        elif state:
            say(f"{_lost(state)} It starts anew.")
        if state:
            take_away(files, state)
        try:
            return stand_up(plan, console)
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None


@app.command()
def status(folder: FolderOption = PROJECT) -> None:
    """Say whether it runs, who may use it, and what it does now."""
    from rehearsal.local_service import is_deployed, root_account
    from workshop.aws.deployment import aws_errors, find_deployment
    from workshop.runs.costs import PriceList
    from workshop.runs.status import endpoint_statuses, execution_statuses

    settings = read_settings(folder)
    state = _running(local_folder(folder))
    _tell_where(folder, state)
    account = root_account(state)
    if not is_deployed(account, settings):
        say(f"Its workshop was torn down. `{short(LOCAL_AWS)} up` starts anew.")
        return
    with aws_errors():
        endpoints = endpoint_statuses(account, Names(settings.name), PriceList(account))
        executions = execution_statuses(account, find_deployment(account, settings))
    active = [each for each in executions if each.state == "RUNNING"]
    say(f"Endpoints: {', '.join(f'{each.name} ({each.state})' for each in endpoints) or 'none'}")
    say(f"Running executions: {', '.join(f'{each.name} ({each.stage})' for each in active) or 'none'}")
    _tell_how(folder, state)


@app.command()
def env(
    participant: AsOption = None,
    unset: Annotated[bool, typer.Option("--unset", help="Print the way back instead.")] = False,
    folder: FolderOption = PROJECT,
) -> None:
    """Print what makes a POSIX shell's commands use it: eval "$(local-aws env)"."""
    if unset and participant:
        raise InputError("--unset: goes not with --as.")
    if unset:
        lines = unset_lines()
    else:
        lines = export_lines(variables(folder, _running(local_folder(folder)), participant))
        lines.append(f'# The way back: eval "$({short(LOCAL_AWS)} env --unset)"')
    sys.stdout.write("\n".join(lines) + "\n")


@app.command()
def shell(participant: AsOption = None, folder: FolderOption = PROJECT) -> None:
    """Start your shell ($SHELL) with commands that use it; `exit` leads back."""
    files = local_folder(folder)
    chosen = variables(folder, _running(files), participant)
    who = participant or "organiser"
    errors.print(plain(f"The local workshop's {who}: workshop, cdk, local-aws, Python. `exit` leads back."))
    enter_shell(chosen, files, f"local-aws {who}")


@app.command()
def down(folder: FolderOption = PROJECT) -> None:
    """End it with every job and endpoint, and remove its credentials. All that is on it is lost: export first."""
    from rehearsal.local_service import alone, take_away

    settings, files = read_settings(folder), local_folder(folder)
    with alone(folder):
        state = read_state(files)
        if state is None:
            say("No local workshop runs.")
            return
        if is_running(files, state):
            _warn_of_loss(state, settings)
        ended = take_away(files, state)
    say(f"The local workshop has ended (processes: {ended}), its credentials are removed. Log: {short(files / LOG)}")


def _warn_of_loss(state: LocalState, settings: Settings) -> None:
    """Ask where somebody can answer."""
    from rehearsal.local_service import root_account
    from workshop.aws.advice import AWS_ERRORS
    from workshop.data.unexported_runs import list_unexported_runs

    try:
        lost = list_unexported_runs(root_account(state), Names(settings.name), [state.region])
    except AWS_ERRORS:  # it is ended all the more
        return
    for each in lost:
        say(f"{each}; it goes with the local workshop")
    if lost and may_ask():
        typer.confirm("End it all the same?", abort=True)


def _running(files: Path) -> LocalState:
    state = read_state(files)
    if state and is_running(files, state):
        return state
    reason = _lost(state) if state else "no local workshop runs."
    raise WorkshopError(f"{reason} Start one: `{short(LOCAL_AWS)} up`.")


def _lost(state: LocalState) -> str:
    return f"the local AWS that ran since {state.since:%Y-%m-%d %H:%M} has ended by itself; what was on it is lost."


def _tell_where(home: Path, state: LocalState) -> None:
    files = local_folder(home)
    log, keys = short(files / LOG), ", ".join(participants(files))
    say(f"Local AWS: {endpoint_url(state.port)} ({state.region}), process {state.pid}, log {log}")
    say(f"Runs since {state.since:%Y-%m-%d %H:%M}. Model: {Path(state.model).name}. Participants: {keys}")


def _tell_how(home: Path, state: LocalState) -> None:
    local, keys = short(LOCAL_AWS), participants(local_folder(home))
    where = "" if home == PROJECT or os.environ.get(FOLDER_VARIABLE) else f" --folder {shlex.quote(str(home))}"
    say("A shell in which every command uses it, as the organiser or with a participant's key:", "bold")
    say(f"  {local} shell{where}")
    say(f"  {local} shell --as {keys[0] if keys else 'PARTICIPANT'}{where}")
    say("The same in the shell that you are in:", "bold")
    say(f'  eval "$({local} env{where})"')
    say("There, for example:", "bold")
    chosen = "".join(f" -p {name}={value}" for name, value in state.hyperparameters.items())
    say(f"  workshop run --endpoint{chosen}")
    say("  workshop predict '延長戦の末に代表チームが勝ちました。'")
    say(f"End it with `{local} down{where}`. What is on it is lost then: `workshop export` takes it home.")


def main() -> None:
    """Every failure that a user can mend is one line; see the exit codes above."""
    run_app(app)


if __name__ == "__main__":
    main()
