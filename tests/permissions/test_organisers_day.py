"""Every command of the organiser's, for the table of permissions: `make permissions` runs it, the suite skips it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.settings import parse_settings
from local_aws.record import stage
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import ACCESS_OF_DAYS, CONTEXT, write_cdk_json
from tests.helpers.recording import NAMED
from tests.local_aws.conftest import deploy
from tests.rehearsal.test_participants_day import Day
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment
from workshop.runs.image_build import build_image
from workshop.runs.run import start_run

pytestmark = pytest.mark.skipif(not NAMED, reason="records for the table only")
# CodeBuild's images are elsewhere, for whatever access: once is enough.
SOURCE = "codebuild" if ACCESS_OF_DAYS == "full" else "local"
WITH_ACCESS = CONTEXT | {"access": ACCESS_OF_DAYS, "image_source": SOURCE}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[Day]:
    folder, settings = tmp_path_factory.mktemp("organiser"), parse_settings(WITH_ACCESS)
    write_cdk_json(folder, WITH_ACCESS)
    with LocalAws(folder / "aws", runtime=Runtime(stand_in), region=settings.region) as aws:
        organiser = deploy(aws, settings)
        yield Day(aws, organiser, find_deployment(Account(organiser), settings), folder)


def whatever_it_finds(day: Day, command: str) -> None:
    """The machine differs, and the local AWS has no GPU."""
    with stage(f"workshop {command}"):
        assert day.program("-m", "workshop.cli", command).returncode in (0, 1)


def stop_a_run_that_trains(day: Day) -> None:
    """As the participant who started it."""
    account = Account(day.aws.session_from(day.key))
    deployment = find_deployment(account, parse_settings(WITH_ACCESS))
    run = start_run(account, deployment, hyperparameters={}, endpoint=False, name="stopped")
    sagemaker = day.organiser.client("sagemaker")
    while run.name not in [each["TrainingJobName"] for each in sagemaker.list_training_jobs()["TrainingJobSummaries"]]:
        time.sleep(0.2)
    day.workshop("stop", "stopped", key=day.key)
    while sagemaker.describe_training_job(TrainingJobName=run.name)["TrainingJobStatus"] == "InProgress":
        time.sleep(0.2)


def build_images(day: Day) -> None:
    with stage("workshop build-image"):
        list(build_image(Account(day.organiser), day.deployment.names, poll_seconds=0.1))
    ecr = day.organiser.client("ecr")
    for image in day.deployment.images:  # the local CodeBuild builds nothing
        ecr.describe_images(repositoryName="chitra-image", imageIds=[{"imageTag": image.rpartition(":")[2]}])


def test_should_run_every_command(day: Day, sample_corpus: Path) -> None:
    if SOURCE == "codebuild":
        build_images(day)
    whatever_it_finds(day, "doctor")
    day.workshop("upload", "--corpus", str(sample_corpus))
    day.workshop("credentials", "participant-1", "--console")
    day.workshop("run", "--name", "day", "-p", "epochs=1", "--endpoint")
    day.workshop("status")
    day.workshop("logs", "day")
    day.workshop("predict", "鍋で玉ねぎを炒めます。")
    day.workshop("endpoint", "extend", "day", "--hours", "3")
    day.workshop("export", "day")
    day.workshop("endpoint", "delete", "day")
    stop_a_run_that_trains(day)
    day.workshop("status", key=day.key)
    day.workshop("run", "--name", "own", "-p", "epochs=1", key=day.key)
    day.workshop("report", "own", key=day.key)
    for run, name, key in (("day", "tuned", None), ("own", "own-tuned", day.key)):
        said = day.workshop("tune", "--name", name, "--jobs", "2", "-p", "epochs=1", "--yes", key=key)
        [best] = [line.removeprefix("best: ") for line in said.splitlines() if line.startswith("best: ")]
        day.workshop("compare", run, best, key=key)
    whatever_it_finds(day, "smoke")
    day.workshop("credentials", "participant-1", "--revoke")
    day.workshop("teardown", "--yes", "--discard-data", "--settle", "1")
    day.workshop("verify")
