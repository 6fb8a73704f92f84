"""A participant's whole day with the access key from the organiser: the workshop's commands, then SageMaker's SDK.

With access ``full``, or with the one that ``ACCESS`` names in the environment.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from infra.names import Names
from infra.settings import FOLDER_VARIABLE, parse_settings
from local_aws.extensions import UNIVERSAL_TARGET
from local_aws.record import VARIABLE, stage
from local_aws.runtime import Runtime
from local_aws.server import ACCOUNT, LocalAws
from tests.helpers.project import ACCESS_OF_DAYS, CONTEXT, write_cdk_json
from tests.helpers.recording import not_in_the_table, record_file
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.caller import participant
from workshop.aws.deployment import Deployment, find_deployment
from workshop.data.upload import has_corpus

NAMES = Names("chitra")
USER = "chitra-participant-1"
WITH_ACCESS = CONTEXT | {"access": ACCESS_OF_DAYS}
SETTINGS = parse_settings(WITH_ACCESS)
OWN = NAMES.runs_of("participant-1") if SETTINGS.access == "scoped" else NAMES.run_prefix
RUN = f"{OWN}day"


@dataclass(frozen=True)
class Day:
    """``key`` is the participant's credentials file; the organiser's commands go without."""

    aws: LocalAws
    organiser: boto3.Session
    deployment: Deployment
    folder: Path

    @property
    def key(self) -> Path:
        return self.folder / "credentials/participant-1.ini"

    def program(self, *command: str, key: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = self.aws.environment() | {
            "COLUMNS": "200",
            "PATH": os.environ["PATH"],
            FOLDER_VARIABLE: str(self.folder),
        }
        if key:
            del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
            environment["AWS_SHARED_CREDENTIALS_FILE"] = str(key)
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def workshop(self, *arguments: str, key: Path | None = None, code: int = 0) -> str:
        """What a command prints, after it ended with ``code``."""
        words = arguments[: 2 if arguments[0] == "endpoint" else 1]
        with stage(" ".join(("workshop", *words))):
            done = self.program("-m", "workshop.cli", *arguments, key=key)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def keys(self, prefix: str) -> list[str]:
        s3 = self.organiser.client("s3")
        listed = s3.list_objects_v2(Bucket=self.deployment.bucket, Prefix=prefix).get("Contents", [])
        return [entry["Key"] for entry in listed]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, stand_in: Path, sample_corpus: Path) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day")
    write_cdk_json(folder, WITH_ACCESS)
    file = record_file(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(file))
        yield from begun(folder, stand_in, sample_corpus)
    assert not_in_the_table(file) == []


def begun(folder: Path, stand_in: Path, sample_corpus: Path) -> Iterator[Day]:
    with LocalAws(folder / "aws", runtime=Runtime(stand_in), region=SETTINGS.region) as aws:
        organiser = deploy(aws, SETTINGS)
        day = Day(aws, organiser, find_deployment(Account(organiser), SETTINGS), folder)
        day.workshop("upload", "--corpus", str(sample_corpus))
        day.workshop("credentials", "participant-1")
        yield day


def test_should_get_through_the_day_with_the_own_key(day: Day, sample_corpus: Path) -> None:
    assert day.keys("corp") == ["corpus/corpus.tar.gz"]
    uploaded = day.workshop("upload", "--corpus", str(sample_corpus), key=day.key)
    assert f"s3://{day.deployment.bucket}/corpora/{USER}/: 108 articles" in uploaded
    assert day.keys("corp") == [f"corpora/{USER}/corpus.tar.gz", "corpus/corpus.tar.gz"]

    shown = day.workshop("run", "--name", "day", "-p", "epochs=1", "--endpoint", key=day.key)
    assert f"corpus: your own, s3://{day.deployment.bucket}/corpora/{USER}/" in shown
    assert "test accuracy" in shown
    assert RUN in day.workshop("status", key=day.key)
    assert day.workshop("predict", "鍋で玉ねぎを炒めます。", key=day.key)
    assert "UpdateSchedule was denied" in day.workshop("endpoint", "extend", "day", "--hours", "3", key=day.key, code=1)

    day.workshop("export", "day", key=day.key)
    assert (day.folder / f"export/{RUN}/model.tar.gz").is_file()
    assert day.keys("exports/") == [f"exports/{USER}/{RUN}.json"]
    day.workshop("export", RUN)
    assert f"exports/{RUN}.json" in day.keys("exports/")

    assert day.workshop("endpoint", "delete", "day", key=day.key) == f"endpoint {RUN} is gone\n"
    made = day.workshop("endpoint", "create", "day", "--hours", "2", key=day.key).splitlines()[-1]
    assert made.endswith(" deletes itself in 2 hours")
    day.workshop("endpoint", "delete", made.split()[1], key=day.key)
    sagemaker = day.organiser.client("sagemaker")
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == sagemaker.list_models()["Models"] == []
    refused = day.workshop("credentials", "participant-1", "--revoke", key=day.key, code=1)
    assert "denied" in refused


def test_should_classify_a_folder_of_articles_without_an_endpoint(day: Day, sample_corpus: Path) -> None:
    articles = day.folder / "articles"
    articles.mkdir()
    for file in sorted((sample_corpus / "text/sports").glob("sports-*.txt"))[:2]:
        (articles / file.name).write_bytes(file.read_bytes())
    (articles / "more.csv").write_text("text\n鍋で玉ねぎを炒めます。\n", encoding="utf-8")
    assert "Add --yes" in day.workshop("classify", str(articles), key=day.key, code=2)
    shown = day.workshop("classify", str(articles), "--yes", key=day.key)
    assert f"3 articles, by the model of run {RUN}" in shown
    assert "at worst" in shown
    with (day.folder / "articles.classified.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["article"] for row in rows] == ["more.csv:2", *sorted(file.name for file in articles.glob("*.txt"))]
    assert all(row["category"] and float(row["score"]) > 0 for row in rows)
    [run] = {key.split("/")[3] for key in day.keys(f"users/{USER}/classified/")}
    assert day.keys(f"users/{USER}/classified/{run}/") == [
        f"users/{USER}/classified/{run}/articles.jsonl",
        f"users/{USER}/classified/{run}/articles.jsonl.out",
    ]
    assert day.organiser.client("sagemaker").list_models()["Models"] == []
    day.workshop("classify", "--collect", run, "--output", str(day.folder / "again.jsonl"), key=day.key)
    assert len((day.folder / "again.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_should_let_sagemakers_sdk_train_and_serve(day: Day) -> None:
    program = str(Path(__file__).with_name("sdk_day.py"))
    offered = find_deployment(Account(day.aws.session_from(day.key)), SETTINGS)
    images = (offered.training_image, offered.endpoint_image)
    with stage("SageMaker's SDK"):
        done = day.program(
            *(program, offered.bucket, offered.execution_role, *images, RUN, f"{OWN}sdk", f"users/{USER}"), key=day.key
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Completed" in done.stdout
    assert json.loads(done.stdout.partition("answered ")[2].splitlines()[0])["label_name"]


def test_should_let_the_expiry_role_delete_an_endpoint_of_the_workshop(day: Day) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{NAMES.expiry_role}"
    target = {"Arn": UNIVERSAL_TARGET, "RoleArn": role, "Input": json.dumps({"EndpointName": "chitra--gone"})}
    due = f"at({datetime.now(UTC) + timedelta(seconds=2):%Y-%m-%dT%H:%M:%S})"
    when = {"ScheduleExpression": due, "FlexibleTimeWindow": {"Mode": "OFF"}, "ActionAfterCompletion": "DELETE"}
    day.organiser.client("scheduler").create_schedule(Name="chitra--gone", Target=target, **when)
    deadline = time.monotonic() + 60
    while not (calls := of_the_expiry_role(day)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert calls == {"chitra--gone": True}


def of_the_expiry_role(day: Day) -> dict[str, bool]:
    """Which endpoints it was about to delete, and whether IAM let it."""
    lines = [json.loads(line) for line in record_file(day.folder).read_text(encoding="utf-8").splitlines()]
    return {
        line["resource"].rpartition("/")[2]: line["allowed"]
        for line in lines
        if line.get("principal", "").endswith(f":assumed-role/{NAMES.expiry_role}/service")
    }


def test_should_know_participants_by_the_tag_of_their_user(day: Day) -> None:
    assert participant(Account(day.organiser), NAMES) == ""
    assert participant(Account(day.aws.session_from(day.key)), NAMES) == USER
    assert participant(Account(day.aws.session_from(day.key)), Names("chitra-2")) == ""
    day.organiser.client("iam").create_user(UserName="chitra-admin")
    key = day.organiser.client("iam").create_access_key(UserName="chitra-admin")["AccessKey"]
    admin = day.aws.session(key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert participant(Account(admin), NAMES) == ""
    assert not has_corpus(
        day.organiser.client("s3"), day.deployment.bucket, NAMES.corpus_prefix("chitra-participant-2")
    )
    assert day.deployment.bucket.endswith(f"{ACCOUNT}-{day.aws.region}")
