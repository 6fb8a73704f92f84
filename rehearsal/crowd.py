"""Many people do the same thing in the same minute: whole days of participants, against a local AWS with quotas."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from chitra.corpus import CorpusReader
from infra.settings import PROJECT, Access
from local_aws.runtime import Runtime
from rehearsal.crowd_report import CrowdReport, plot_days, waited_seconds, write_crowd_report
from rehearsal.local_workshop import LeftoversError, LocalWorkshop, deployed, steps_told, take_down, upload_to
from rehearsal.participant import Commands, Day, spend_day
from rehearsal.phases import USES, Phase, phases
from rehearsal.progress import Step
from rehearsal.rehearse import SAMPLE_CORPUS, move_aside
from rehearsal.stand_in import build_stand_in
from rehearsal.their_settings import write_settings
from workshop.access.credentials import issue
from workshop.aws.account import Account
from workshop.runs.run import find_run

# An account as it might be on the day; everybody needs one of each.
QUOTAS = {"TrainingJob": 4, "ProcessingJob": 2, "Endpoint": 8}
STEPS = 11
EPOCHS = "2"  # the lesson is in the crowd, not in the models


@dataclass(frozen=True, slots=True)
class CrowdPlan:
    """``home`` is the workshop's folder, whose settings count, but for the participants and ``access`` if given."""

    participants: int
    home: Path = PROJECT
    corpus: Path = SAMPLE_CORPUS
    access: Access | None = None

    @property
    def folder(self) -> Path:
        """Of everything that the crowd's rehearsal writes."""
        return self.home / "build" / "crowd"

    @property
    def names(self) -> list[str]:
        return [f"participant-{number}" for number in range(1, self.participants + 1)]


def rehearse_crowd(plan: CrowdPlan, console: Console) -> tuple[CrowdReport, list[Day]]:
    """Every participant's day at once, then the teardown; the report is written whatever became of them.

    Raises:
        InputError: the corpus cannot be used.
        StepFailedError, LocalAwsError: the workshop could not be stood up or torn down; every process is stopped by
            then.
    """
    CorpusReader(plan.corpus)
    move_aside(plan.folder)
    (plan.folder / "logs").mkdir(parents=True)
    changes = {"participants": plan.names, **({"access": plan.access} if plan.access else {})}
    settings = write_settings(plan.home, plan.folder, changes)
    with steps_told(console, f"{plan.participants} participants at once", plan.folder, STEPS) as progress:
        with progress.step("Prepare the model"):
            build_stand_in(plan.corpus, plan.folder / "model", seed=settings.preprocessing.seed)
        runtime = Runtime(plan.folder / "model", threads=1)  # the jobs share this machine's cores
        where = {"home": plan.folder, "folder": plan.folder}
        with deployed(progress, settings, runtime, **where, quotas=QUOTAS, throttled=True) as workshop:
            upload_to(progress, workshop, plan.corpus, settings)
            with progress.step("Issue credentials"):
                issuer = workshop.issuer(plan.folder / "credentials")
                keys = {name: issue(issuer, name) for name in plan.names}
            started = time.time()
            with progress.step("Everybody trains, asks and leaves") as step:
                days = _spend_days(plan, workshop, keys, step)
            with progress.step("Look at what everybody got"):
                spent = _look_at(workshop, days)
                jobs = _processing_jobs(workshop)
            seconds, throttled = max(day.left for day in days) - started, workshop.aws.throttled_calls
            try:
                leftovers = take_down(progress, workshop, plan.folder, discard_data=True)
            except LeftoversError as error:
                leftovers = error.leftovers
    finished = sum(not day.problem for day in days)
    report = CrowdReport(
        participants=len(days),
        finished=finished,
        failed=len(days) - finished,
        waited_seconds=round(waited_seconds(spent), 1),
        preprocessing_jobs=jobs,
        throttled_calls=throttled,
        seconds=round(seconds, 1),
        leftovers=len(leftovers),
    )
    write_crowd_report(report, plan.folder / "report.json")
    if spent:
        plot_days(spent, plan.folder / "waiting.png")
    return report, days


def _spend_days(plan: CrowdPlan, workshop: LocalWorkshop, keys: Mapping[str, Path], step: Step) -> list[Day]:
    """Each with a model of their own: their numbers start from different seeds."""
    commands, start = Commands(plan.folder), threading.Barrier(len(keys))
    base = {**workshop.aws.environment(), "PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(PROJECT)}
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del base[variable]

    def spend(number: int, name: str) -> Day:
        environment = {**base, "AWS_SHARED_CREDENTIALS_FILE": str(keys[name])}
        log = plan.folder / "logs" / f"{name}.log"
        sagemaker = workshop.aws.session_from(keys[name]).client("sagemaker")
        day = spend_day(
            commands,
            name,
            environment,
            log,
            {"epochs": EPOCHS, "seed": str(number)},
            start=start,
            look_at=lambda run: _not_their_own(sagemaker, workshop, run),
        )
        step.log(f"{name} {day.problem or 'left'}")
        return day

    with ThreadPoolExecutor(len(keys)) as pool:
        try:
            return list(pool.map(spend, range(len(keys)), keys))
        except BaseException:
            start.abort()
            commands.stop()
            raise


def _look_at(workshop: LocalWorkshop, days: list[Day]) -> dict[str, list[Phase]]:
    """What each participant's run spent its time with."""
    spent = dict[str, list[Phase]]()
    account = workshop.organiser
    for day in days:
        if not day.run:
            continue
        history = phases(_history(account, find_run(account, workshop.deployment, day.run).execution_arn))
        if history and day.left:
            history.append(Phase(USES, history[-1].end, datetime.fromtimestamp(day.left, UTC)))
        if history:
            spent[day.participant] = history
    return spent


def _not_their_own(sagemaker: Any, workshop: LocalWorkshop, run: str) -> str:
    """What is wrong with the model behind a run's endpoint; empty when it is the one that the run trained."""
    served = sagemaker.describe_model(ModelName=run)["PrimaryContainer"]["ModelDataUrl"]
    own = f"s3://{workshop.deployment.bucket}/models/{run}/output/model.tar.gz"
    return "" if served == own else f"was served {served}, not {own}"


def _history(account: Account, execution: str) -> list[dict[str, Any]]:
    pages = account.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]


def _processing_jobs(workshop: LocalWorkshop) -> int:
    pages = workshop.organiser.client("sagemaker").get_paginator("list_processing_jobs").paginate()
    return sum(len(page["ProcessingJobSummaries"]) for page in pages)
