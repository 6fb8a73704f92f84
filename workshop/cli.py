"""The `workshop` command. Exit codes: 0 done, 1 failed, 2 bad input or settings, 130 interrupted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from infra.names import Names
from infra.settings import Settings, SettingsError, read_settings
from preprocessing.errors import EXIT_INPUT, InputError
from workshop import fetch as fetching
from workshop.deployment import aws_errors, find_deployment
from workshop.errors import WorkshopError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The chiTra hands-on on AWS.", rich_markup_mode=None)
fetch_app = typer.Typer(no_args_is_help=True, help="Download the model or the corpus.")
app.add_typer(fetch_app, name="fetch")
console = Console()
errors = Console(stderr=True, soft_wrap=True)

CorpusOption = Annotated[Path, typer.Option("--corpus", help="Archive, extracted folder, or JSONL files.")]


def _session(settings: Settings) -> boto3.Session:
    return boto3.Session(region_name=settings.region)


@app.command()
def rehearse(
    corpus: Annotated[Path | None, typer.Option(help="Your corpus; the sample corpus when left out.")] = None,
    model: Annotated[Path | None, typer.Option(help="Unpacked chiTra model; a stand-in when left out.")] = None,
    docker: Annotated[
        bool | None, typer.Option(help="Run jobs in the built image; by default when engine and image are there.")
    ] = None,
) -> None:
    """Run the whole workshop on this machine, without an AWS account."""
    from rehearsal.rehearse import SAMPLE_CORPUS, Plan
    from rehearsal.rehearse import rehearse as run_rehearsal
    from rehearsal.runtime import DOCKER_IMAGE, local_docker_image

    image = "" if docker is False else local_docker_image()
    if docker and not image:
        raise WorkshopError(f"no Docker engine runs or it has no image {DOCKER_IMAGE}. Build it: see docs/image.md.")
    plan = Plan(read_settings(), (corpus or SAMPLE_CORPUS).resolve(), model.resolve() if model else None, image)
    try:
        report = run_rehearsal(plan, console)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    finally:
        console.print(f"report: {plan.folder / 'report.html'}", soft_wrap=True)
    numbers = report.evaluation
    table = Table(title="Test split", title_justify="left")
    for heading in ("accuracy", "macro-F1", "TF-IDF + linear SVM"):
        table.add_column(heading, justify="right")
    table.add_row(*(f"{numbers[key]:.4f}" for key in ("accuracy", "macro_f1", "baseline_accuracy")))
    console.print(table)
    for row in report.predictions:
        console.print(f"{row['predicted']:>16} {row['score']:.3f}  {row['text']}…", soft_wrap=True)
    console.print("[green]passed[/]: nothing is left" if report.passed else "[red]failed[/]")


@app.command("stand-in")
def stand_in(
    corpus: CorpusOption,
    output: Annotated[Path, typer.Option(help="The model's folder.")] = Path("build/stand-in"),
) -> None:
    """Build a small model in chiTra's format from a corpus's training split."""
    from workshop.stand_in import build_stand_in

    size = build_stand_in(corpus, output, seed=read_settings().preprocessing.seed)
    console.print(f"{output}: stand-in with {size:,} word pieces")


@fetch_app.command("model")
def fetch_model(
    version: Annotated[str, typer.Option(help="1.0 or 1.1.")] = "1.0",
    source: Annotated[Path | None, typer.Option("--from", help="A local archive or folder instead.")] = None,
) -> None:
    """Download chiTra and unpack it to build/models/."""
    if version not in fetching.MODELS:
        raise InputError(f"--version {version}: is unknown. Known are {', '.join(fetching.MODELS)}.")
    archive = _obtain(fetching.MODELS[version], source)
    folder = fetching.unpack_model(archive, Path("build/models") / f"chiTra-{version}")
    console.print(f"{folder}: ready. Rehearse with it: workshop rehearse --model {folder}")


@fetch_app.command("corpus")
def fetch_corpus(
    source: Annotated[Path | None, typer.Option("--from", help="A local archive instead.")] = None,
) -> None:
    """Download the livedoor news corpus."""
    from preprocessing.corpus import read_corpus

    archive = _obtain(fetching.CORPUS, source)
    console.print(f"{archive}: {len(read_corpus(archive).articles):,} articles")


def _obtain(download: fetching.Download, source: Path | None) -> Path:
    if source is not None:
        if not source.exists():
            raise InputError(f"{source}: does not exist.")
        return source
    columns = (TextColumn(download.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(download.name, total=None)
        return fetching.fetch(
            download,
            fetching.DOWNLOADS,
            fetching.LOCK_FILE,
            lambda done, total: bar.update(task, completed=done, total=total),
        )


@app.command()
def upload(corpus: CorpusOption) -> None:
    """Put a corpus into the workshop's bucket."""
    from workshop.upload import upload_corpus

    settings = read_settings()
    session = _session(settings)
    with aws_errors():
        deployment = find_deployment(session, settings)
        count = upload_corpus(session.client("s3"), deployment.bucket, corpus)
    console.print(f"s3://{deployment.bucket}/corpus/: {count:,} articles")


@app.command()
def run(
    name: Annotated[str | None, typer.Option(help="Name of the run; the time when left out.")] = None,
    hyperparameter: Annotated[list[str] | None, typer.Option("--hyperparameter", "-p", help="name=value.")] = None,
    endpoint: Annotated[
        bool, typer.Option(help="Also create an endpoint, which costs money until it expires.")
    ] = False,
) -> None:
    """Preprocess and train on AWS, and follow it."""
    from workshop.run import LogLine, follow_run, start_run

    settings = read_settings()
    overrides = dict(_pair(text) for text in hyperparameter or [])
    session = _session(settings)
    with aws_errors():
        deployment = find_deployment(session, settings)
        started = start_run(session, deployment, hyperparameters=overrides, endpoint=endpoint, name=name)
        console.print(f"run {started.name}")
        for event in follow_run(session, started):
            console.print(
                f"  {event.text}" if isinstance(event, LogLine) else f"[bold]{event.name}[/]", highlight=False
            )
    if endpoint:
        console.print(f"endpoint {started.name} deletes itself in {settings.endpoint.hours_to_live} hours")


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key or not value:
        raise InputError(f"--hyperparameter {text}: write name=value, for example epochs=2.")
    return key, value


@app.command()
def predict(
    text: Annotated[
        list[str] | None, typer.Argument(help="Texts; one per line of standard input when left out.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="The newest one when left out.")] = None,
) -> None:
    """Classify texts with an endpoint."""
    from workshop.predict import newest_endpoint
    from workshop.predict import predict as ask

    texts = text or [line.strip() for line in sys.stdin if line.strip()]
    if not texts:
        raise InputError("no text was given. Write: workshop predict 'a text'.")
    settings = read_settings()
    session = _session(settings)
    with aws_errors():
        answers = ask(session, endpoint or newest_endpoint(session, Names(settings.name)), texts)
    for given, answer in zip(texts, answers, strict=True):
        score = answer["scores"][answer["label_name"]]
        console.print(f"{answer['label_name']:>16} {score:.3f}  {given[:60]}", highlight=False, soft_wrap=True)


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="Name of the run, as `workshop run` printed it.")],
    output: Annotated[Path, typer.Option(help="Where to put it.")] = Path("export"),
) -> None:
    """Download a run's model, report and datasets."""
    from workshop.export import export_run

    settings = read_settings()
    session = _session(settings)
    prefix = Names(settings.name).run_prefix
    run_name = name if name.startswith(prefix) else prefix + name
    with aws_errors():
        deployment = find_deployment(session, settings)
        files = export_run(session.client("s3"), deployment.bucket, run_name, output / run_name)
    console.print(f"{output / run_name}: {len(files)} files")


@app.command()
def credentials(
    participant: str,
    revoke: Annotated[bool, typer.Option(help="Delete the participant's access keys instead.")] = False,
) -> None:
    """Issue an access key to a participant, as a file in credentials/."""
    from workshop.credentials import issue_credentials, revoke_credentials

    settings = read_settings()
    names = Names(settings.name)
    iam: Any = _session(settings).client("iam")
    with aws_errors():
        if revoke:
            console.print(f"{participant}: {revoke_credentials(iam, names.user(participant))} access keys deleted")
            return
        file = issue_credentials(iam, names, participant, region=settings.region, folder=Path("credentials"))
    console.print(f"{participant}: AWS_SHARED_CREDENTIALS_FILE={file}")


@app.command("teardown")
def tear_down(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
) -> None:
    """Remove everything that belongs to the workshop, then look again."""
    from workshop.belongings import list_belongings
    from workshop.teardown import teardown

    settings = read_settings()
    session = _session(settings)
    assembly = Path("cdk.out")
    with aws_errors():
        found = list_belongings(session, settings, assembly)
        for belonging in found:
            console.print(f"  {belonging}", highlight=False, soft_wrap=True)
        if dry_run or not found:
            console.print(f"{len(found)} things belong to workshop {settings.name}")
            return
        if not yes:
            typer.confirm(f"Remove these {len(found)} things, data included?", abort=True)
        remaining = teardown(
            session,
            settings,
            assembly=assembly,
            on_removed=lambda belonging, problem: console.print(
                f"{'failed ' if problem else 'removed'} {belonging} {problem}", highlight=False, soft_wrap=True
            ),
        )
    if remaining:
        raise WorkshopError(f"{len(remaining)} things remain: {', '.join(map(str, remaining))}. Run the command again.")
    console.print("nothing is left")


def main() -> None:
    """Every failure that a user can mend is one line; see the exit codes above."""
    try:
        app()
    except (InputError, SettingsError) as error:
        errors.print(f"error: {error}", markup=False, highlight=False)
        sys.exit(EXIT_INPUT)
    except WorkshopError as error:
        errors.print(f"error: {error}", markup=False, highlight=False)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
