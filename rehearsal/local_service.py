"""Stands a workshop up that stays when the command ends, and takes it down."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from chitra.corpus import CorpusReader
from chitra.errors import WorkshopError
from chitra.fingerprint import fingerprint
from chitra.model_files import STAND_IN_NAME
from infra.settings import Settings
from local_aws.ports import endpoint_url
from local_aws.runtime import Runtime
from local_aws.server import ACCOUNT, ROOT_SECRET, LocalSession
from rehearsal.local_state import CREDENTIALS, LocalState, end_processes, local_folder, state_file, write_state
from rehearsal.local_workshop import LocalWorkshop, deployed, steps_told, upload_to
from rehearsal.progress import Progress
from rehearsal.their_settings import write_settings
from workshop.access.credentials import issue
from workshop.aws.account import Account
from workshop.aws.deployment import aws_errors, find_deployment


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """``home`` is the workshop's folder; ``settings`` are its, but for ``access``. Without a model the stand-in is
    built."""

    settings: Settings
    corpus: Path
    model: Path | None
    home: Path

    @property
    def folder(self) -> Path:
        return local_folder(self.home)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Only one command at a time starts or ends a folder's local workshop.

    Raises:
        WorkshopError: another one does.
    """
    file = local_folder(home).with_suffix(".lock")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkshopError(
                f"{file}: another `local-aws up` or `local-aws down` is at work. Wait until it ends."
            ) from None
        yield


def stand_up(plan: LocalPlan, console: Console) -> LocalState:
    """Start, deploy, upload, issue credentials; whatever ends it before leaves nothing running.

    Raises:
        InputError: the corpus or the model cannot be used.
        StepFailedError: names the step.
    """
    CorpusReader(plan.corpus)
    if plan.model:
        fingerprint(plan.model)
    shutil.rmtree(plan.folder, ignore_errors=True)
    plan.folder.mkdir(parents=True)
    write_settings(plan.home, plan.folder, {"access": plan.settings.access})
    try:
        with steps_told(console, f"Local workshop: {plan.corpus}", plan.folder) as progress:
            return _run_steps(plan, progress)
    except BaseException:
        forget(plan.folder)
        raise


def _run_steps(plan: LocalPlan, progress: Progress) -> LocalState:
    with progress.step("Prepare the model") as step:
        model, hyperparameters = (plan.model, {}) if plan.model else _stand_in(plan)
        step.note = model.name
    # Participants' jobs run side by side.
    runtime = Runtime(model, threads=max(1, (os.cpu_count() or 1) // 2))
    stay = state_file(plan.folder)
    with deployed(progress, plan.settings, runtime, home=plan.folder, folder=plan.folder, stay_file=stay) as workshop:
        upload_to(progress, workshop, plan.corpus, plan.settings)
        with progress.step("Issue the participants' credentials") as step:
            _issue_all(plan, workshop)
            step.note = ", ".join(plan.settings.participants)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        pid, port = workshop.aws.pid, workshop.aws.port
        state = LocalState(pid, port, workshop.aws.region, str(model), hyperparameters, now)
        write_state(plan.folder, state)
        workshop.aws.leave_running()
    return state


def _stand_in(plan: LocalPlan) -> tuple[Path, dict[str, str]]:
    from rehearsal.rehearse import stand_in_hyperparameters
    from rehearsal.stand_in import build_stand_in

    model = plan.folder / STAND_IN_NAME
    build_stand_in(plan.corpus, model, seed=plan.settings.preprocessing.seed)
    return model, stand_in_hyperparameters(sum(1 for _ in CorpusReader(plan.corpus)))


def _issue_all(plan: LocalPlan, workshop: LocalWorkshop) -> None:
    """Keys only: the sheets tell how to reach AWS itself."""
    issuer = workshop.issuer(plan.folder / CREDENTIALS)
    for name in plan.settings.participants:
        issue(issuer, name)
        issuer.sheet(name).unlink()


def root_account(state: LocalState) -> Account:
    return Account(LocalSession(endpoint_url(state.port), ACCOUNT, ROOT_SECRET, state.region))


def is_deployed(account: Account, settings: Settings) -> bool:
    """False after a teardown."""
    with aws_errors():
        try:
            find_deployment(account, settings)
        except WorkshopError:
            return False
    return True


def take_away(folder: Path, state: LocalState) -> int:
    """End every process and remove the credentials; returns how many processes there were. The log stays."""
    ended = end_processes(folder, state)
    forget(folder)
    return ended


def forget(folder: Path) -> None:
    """Remove what only means something while the local AWS runs."""
    state_file(folder).unlink(missing_ok=True)
    for name in (CREDENTIALS, "jobs"):
        shutil.rmtree(folder / name, ignore_errors=True)
