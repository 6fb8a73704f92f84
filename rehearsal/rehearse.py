"""The whole workshop on one machine: the real stacks, CLI, jobs and endpoint, against the local AWS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets import load_from_disk
from rich.console import Console

from chitra.contract import SPLITS
from chitra.corpus import CorpusReader
from chitra.encoded import MANIFESTS
from chitra.fingerprint import fingerprint
from chitra.model_files import STAND_IN_NAME, is_stand_in
from infra.names import COUNT_ENDPOINTS_STATE, COUNT_RUNS_STATE, PREPROCESS_STATE, TRAIN_STATE
from infra.settings import PROJECT, Settings
from local_aws.runtime import Runtime
from rehearsal.local_workshop import LeftoversError, deployed, steps_told, take_down, upload_to
from rehearsal.programs import StepFailedError
from rehearsal.progress import Progress, Step
from rehearsal.report import Report, write_report
from rehearsal.stand_in import build_stand_in
from rehearsal.their_settings import write_settings
from workshop.access.credentials import issue
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment, find_deployment
from workshop.aws.waiting import Pace
from workshop.data.export import export_run
from workshop.report.job import describe_job
from workshop.runs.costs import PriceList
from workshop.runs.endpoint import create_endpoint, delete_endpoint
from workshop.runs.follow import Event, LogLine, OutOfSight, RunFailedError, StageStarted, Waiting, follow_run
from workshop.runs.predict import predict
from workshop.runs.run import Run, start_run
from workshop.runs.status import endpoint_statuses

SAMPLE_CORPUS = PROJECT / "samples" / "corpus"
RUN_NAME = "rehearsal"
PREDICTED_ARTICLES = 5
FREE_TEXT = "延長戦の末に代表チームが勝ち、監督は全員の守備をたたえました。"
EXCERPT = 60
POLL_SECONDS = 0.5
SMALL_CORPUS = 1_000
STEPS = 17


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse, in the workshop's folder ``home``; ``settings`` are its, but for ``access``.

    Without a model the stand-in is built; without ``docker`` jobs are processes.
    """

    settings: Settings
    corpus: Path = SAMPLE_CORPUS
    model: Path | None = None
    docker: bool = False
    home: Path = PROJECT

    @property
    def folder(self) -> Path:
        """Of everything that the rehearsal writes."""
        return self.home / "build" / "rehearsal"


def rehearse(plan: Plan, console: Console) -> Report:
    """Run every step and write the report; a failed step ends the rehearsal and is in the report.

    Raises:
        StepFailedError: names the step; every process is stopped by then.
        InputError: the corpus or the model cannot be used; the results of the last run are as they were.
    """
    CorpusReader(plan.corpus)
    if plan.model:
        fingerprint(plan.model)
    move_aside(plan.folder)
    plan.folder.mkdir(parents=True)
    write_settings(plan.home, plan.folder, {"access": plan.settings.access})  # the rehearsed workshop's folder
    report = Report()
    export = plan.folder / "export"
    try:
        with steps_told(console, f"chiTra workshop rehearsal: {plan.corpus}", plan.folder, STEPS) as progress:
            report.steps = progress.steps
            _run_steps(plan, progress, report, export)
    finally:
        write_report(report, plan.folder, export, RUN_NAME)
    return report


def move_aside(folder: Path) -> None:
    """Keep the results of the run before this one."""
    if folder.exists():
        previous = folder.with_name(f"{folder.name}.previous")
        shutil.rmtree(previous, ignore_errors=True)
        folder.rename(previous)


def _run_steps(plan: Plan, progress: Progress, report: Report, export: Path) -> None:
    settings = plan.settings
    with progress.step("Read the corpus") as step:
        articles = sum(1 for _ in CorpusReader(plan.corpus))
        step.note = f"{articles:,} articles"
    with progress.step("Prepare the model") as step:
        model_dir = plan.model or _stand_in(plan)
        fingerprint(model_dir)
        stand_in = is_stand_in(model_dir)
        report.model = {"name": STAND_IN_NAME if stand_in else model_dir.name, "stand_in": stand_in}
        step.note = str(report.model["name"])
    runtime = Runtime(model_dir, plan.docker)
    report.runtime = runtime.name
    with deployed(progress, settings, runtime, home=plan.folder, folder=plan.folder) as workshop:
        upload_to(progress, workshop, plan.corpus, settings)
        with progress.step("Issue a participant's credentials") as step:
            name = settings.participants[0]
            file = issue(workshop.issuer(plan.folder / "credentials"), name)
            step.note = f"{name}: {file}"
        participant = Account(workshop.aws.session_from(file))
        _use_as_participant(plan, progress, report, participant, articles, export)
        try:
            report.leftovers = take_down(progress, workshop, plan.folder)
        except LeftoversError as error:
            report.leftovers = error.leftovers
            raise


def _use_as_participant(
    plan: Plan,
    progress: Progress,
    report: Report,
    account: Account,
    articles: int,
    export: Path,
) -> None:
    """Run, predict and export with the permissions of one participant."""
    deployment = find_deployment(account, plan.settings)
    hyperparameters = stand_in_hyperparameters(articles) if report.model["stand_in"] else {}
    with progress.step("Start the workflow") as step:
        run = start_run(account, deployment, hyperparameters=hyperparameters, endpoint=True, name=RUN_NAME)
        step.note = run.name
    _follow(account, run, progress)
    with progress.step("Export the model") as step:
        by = deployment.names.user(plan.settings.participants[0])
        files = export_run(account.client("s3"), deployment.bucket, run.name, export, by=by)
        step.note = f"{len(files)} files in {export}"
        _read_results(report, export)
        report.job = describe_job(account, run.name)
    with progress.step("Predict") as step:
        report.predictions = _predict(account, run, export)
        right = sum(row["predicted"] == row["label_name"] for row in report.predictions if row["label_name"])
        step.note = f"{right} of {PREDICTED_ARTICLES} held-out articles right"
    with progress.step("Serve the model again") as step:
        _serve_again(account, deployment, run, plan.settings, step)


def _serve_again(account: Account, deployment: Deployment, run: Run, settings: Settings, step: Step) -> None:
    """What `workshop endpoint create` and `delete` do: nothing is trained for it, and everything goes with it."""
    user = deployment.names.user(settings.participants[0])
    again = create_endpoint(account, deployment, run.name, hours=1, user=user)
    events = follow_run(account, again, poll_seconds=POLL_SECONDS)
    if TRAIN_STATE in [event.name for event in events if isinstance(event, StageStarted)]:
        raise StepFailedError(f"the endpoint of {run.name} was trained for")
    names, prices = deployment.names, PriceList(account)
    statuses = endpoint_statuses(account, names, prices, prefix=deployment.own_runs)
    [status] = [each for each in statuses if each.name == again.name]
    delete_endpoint(account, settings, again.name, Pace(pause=POLL_SECONDS))
    step.note = f"it would have lived until {status.expiry}"


def stand_in_hyperparameters(articles: int) -> dict[str, str]:
    """What the small model learns well with; chiTra itself takes the deployed defaults."""
    small = articles < SMALL_CORPUS
    return {
        "epochs": "8" if small else "2",
        "train-batch-size": "16" if small else "32",
        "learning_rate": "0.0005",
        "embedding_learning_rate": "0.001",
        "classifier_learning_rate": "0.01",
        "word_dropout": "0.2",
        "max_length": "512",
        "long_articles": "windows",
        "precision": "fp32",  # so small a model gains little by bf16; every CPU learns the same, but for rounding
    }


def _stand_in(plan: Plan) -> Path:
    folder = plan.folder / "model"
    build_stand_in(plan.corpus, folder, seed=plan.settings.preprocessing.seed)
    return folder


def _follow(account: Account, run: Run, progress: Progress) -> None:
    """One step per stage of the execution."""
    events = follow_run(account, run, poll_seconds=POLL_SECONDS)
    pending = next(events, None)
    while pending is not None:
        if not isinstance(pending, StageStarted) or pending.name in PASSING:
            pending = next(events, None)
            continue
        with progress.step(STEP_NAMES.get(pending.name, pending.name)) as step:
            pending = _follow_stage(events, step)


PASSING = (
    COUNT_RUNS_STATE,
    COUNT_ENDPOINTS_STATE,
    "Find image",
    "List corpus",
    "Look for dataset",
    "Mark dataset",
    "Note dataset",
    "Done",
)
SERVING = "describe endpoint"
STEP_NAMES = {
    PREPROCESS_STATE: "Preprocessing job",
    TRAIN_STATE: "Training job",
    "Create model": "Create the endpoint",
}


def _follow_stage(events: Iterator[Event], step: Step) -> Event | None:
    """Consume the events of one step; returns the first that belongs to the next one."""
    try:
        for event in events:
            if isinstance(event, LogLine):
                step.log(event.text)
                step.note = event.text if "accuracy" in event.text or "encoded" in event.text else step.note
            elif isinstance(event, Waiting | OutOfSight):
                step.note = str(event.why)
            elif not isinstance(event, StageStarted):
                continue
            elif event.name in STEP_NAMES or event.name in PASSING:
                step.note = "in service" if step.note == SERVING else step.note
                return event
            else:
                step.note = event.name.lower()
    except RunFailedError as error:
        for line in error.tail:
            step.log(line)
        raise
    return None


def _read_results(report: Report, export: Path) -> None:
    files = (export / "datasets/train").glob(MANIFESTS)
    by_instance = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    metrics = json.loads((export / "report/metrics.json").read_text(encoding="utf-8"))
    report.corpus = {
        "articles": sum(manifest["articles"] for manifest in by_instance),
        "categories": len({category for manifest in by_instance for category in manifest["categories"]}),
        **{name: sum(manifest["splits"][name] for manifest in by_instance) for name in SPLITS},
    }
    report.evaluation = {key: metrics[key] for key in ("accuracy", "macro_f1", "baseline_accuracy")}
    report.warnings = metrics["warnings"]


def _predict(account: Account, run: Run, export: Path) -> list[dict[str, object]]:
    rows = [json.loads(line) for line in (export / "report/predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = rows[:: max(1, len(rows) // PREDICTED_ARTICLES)][:PREDICTED_ARTICLES]
    raw = load_from_disk(export / "datasets/raw")
    texts = [*(raw[row["article"]]["sentence1"] for row in chosen), FREE_TEXT]
    labels = [*(row["label_name"] for row in chosen), None]
    answers = predict(account, run.name, texts)
    return [
        {
            "text": text[:EXCERPT],
            "label_name": label,
            "predicted": answer["label_name"],
            "score": answer["scores"][answer["label_name"]],
        }
        for text, label, answer in zip(texts, labels, answers, strict=True)
    ]
