"""`workshop smoke` on the local AWS, as a process, and what it makes of an instance."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from chitra.smoke import SmokeReport
from infra.settings import Settings, parse_settings
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import CONTEXT, SETTINGS, write_cdk_json
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.runs.costs import Capacity
from workshop.runs.follow import Event, OutOfSight, StageStarted, follow_training_job
from workshop.runs.smoke import Verdict, cost_at_most, judge, judge_smoke
from workshop.teardown.resources.resource import Resource
from workshop.teardown.survey import survey

T4 = {"gpu": "Tesla T4", "driver": "535.183.01", "torch": "2.10.0+cu128", "cuda": "12.8"}
MEMORY = {"memory_peak": 6_100_000_000, "memory_total": 15_600_000_000}
FAILED = {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed"}
ON_CPU = {"gpu": "", "driver": "", "torch": "2.10.0+cu128", "cuda": "12.8", "memory_peak": 0, "memory_total": 0}


def on_cpus(batch: int) -> dict[str, Any]:
    hyperparameters = CONTEXT["training"]["hyperparameters"] | {"train-batch-size": batch, "max_length": 64}
    changes = {"instance_type": "ml.m5.2xlarge", "hyperparameters": hyperparameters}
    return CONTEXT | {"training": CONTEXT["training"] | changes}


@dataclass(frozen=True)
class Deployed:
    """A workshop that trains on CPUs, in an account of the local AWS."""

    aws: LocalAws
    account: Account
    settings: Settings
    folder: Path

    def smoke(self, folder: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "workshop.cli", "smoke", "--folder", str(folder)],
            env={**self.aws.environment(), "COLUMNS": "200", "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def left(self) -> list[tuple[str, str]]:
        """What teardown's survey finds of smoke jobs: kind and name, or how many log streams."""
        found: list[Resource] = survey(self.account, self.settings).resources
        jobs = [(each.kind, each.name) for each in found if "--smoke-" in each.name]
        return jobs + [(each.kind, each.state) for each in found if each.name == "/aws/sagemaker/TrainingJobs"]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[Deployed]:
    folder, settings = tmp_path_factory.mktemp("smoke"), parse_settings(on_cpus(4))
    write_cdk_json(folder, on_cpus(4))
    with LocalAws(folder / "aws", runtime=Runtime(stand_in), region=settings.region) as aws:
        yield Deployed(aws, Account(deploy(aws, settings)), settings, folder)


def test_should_find_an_instance_good_enough_and_leave_what_teardown_finds(deployed: Deployed) -> None:
    process = deployed.smoke(deployed.folder)
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    first, second, *between, last = said.splitlines()
    assert first.startswith("costs 15 minutes of 1 x ml.m5.2xlarge at most (price ")
    name = second.removeprefix("training job ")
    assert name.startswith("chitra--smoke-20")
    assert "  no GPU: training on the CPU" in between
    assert last.startswith("good enough: 5,894 articles x 3 epochs take ")
    assert deployed.left() == [("log streams in", "1 of them")]
    objects = deployed.account.client("s3").list_objects_v2(Bucket=bucket(deployed))
    assert objects["KeyCount"] == 0
    on_a_gpu = judge_smoke(deployed.account, SETTINGS, name)
    assert str(on_a_gpu).startswith("not good enough: ml.g4dn.xlarge has a GPU, but the job ran on the CPU")


def bucket(deployed: Deployed) -> str:
    [name] = [each["Name"] for each in deployed.account.client("s3").list_buckets()["Buckets"]]
    return str(name)


def test_should_say_at_ctrl_c_how_the_job_is_ended(deployed: Deployed, tmp_path: Path) -> None:
    write_cdk_json(tmp_path, on_cpus(512))
    process = deployed.smoke(tmp_path)
    assert process.stdout
    shown = ""
    for line in process.stdout:
        shown += line
        if "Starting" in line or "Training" in line:
            break
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    [name] = [line.split()[-1] for line in shown.splitlines() if line.startswith("training job ")]
    stop = f"aws sagemaker stop-training-job --training-job-name {name} --region {deployed.settings.region}"
    assert f"{name} goes on without you, for 15 minutes at most. End it: `{stop}`." in said
    assert "Traceback" not in said
    assert ("training job", name) in deployed.left()
    deployed.account.client("sagemaker").stop_training_job(TrainingJobName=name)
    ended = list(follow_training_job(deployed.account, name, poll_seconds=0.2))
    assert StageStarted("Stopped") in ended
    verdict = judge_smoke(deployed.account, deployed.settings, name)
    assert str(verdict).startswith("not good enough: the job ended as Stopped without a report; it was stopped, or ")


@pytest.mark.parametrize(
    ("seen", "good", "text"),
    [
        (
            T4 | MEMORY | {"articles_per_second": 10.0},
            True,
            "5,894 articles x 3 epochs take 29 minutes at 10.0 articles/s, 120 are allowed; "
            "6.1 of 15.6 GB of GPU memory are used",
        ),
        (
            T4 | MEMORY | {"articles_per_second": 2.0},
            False,
            "5,894 articles x 3 epochs take 147 minutes at 2.0 articles/s, 120 are allowed: raise "
            "training.max_runtime_minutes, or take a faster training.instance_type",
        ),
        (
            T4 | MEMORY | {"articles_per_second": 10.0, "memory_peak": 15_000_000_000},
            False,
            "15.0 of 15.6 GB of GPU memory are used: take a smaller train-batch-size",
        ),
        (
            ON_CPU | {"articles_per_second": 100.0},
            False,
            "ml.g4dn.xlarge has a GPU, but the job ran on the CPU (docs/image.md)",
        ),
    ],
)
def test_should_hold_what_was_seen_against_what_the_day_needs(seen: dict[str, Any], good: bool, text: str) -> None:
    assert judge(SETTINGS, SmokeReport(**seen)) == Verdict(good, text)


def test_should_say_everything_that_is_not_good_enough() -> None:
    verdict = judge(SETTINGS, SmokeReport(**ON_CPU, articles_per_second=1.0))
    assert "ran on the CPU" in verdict.text
    assert "raise training.max_runtime_minutes" in verdict.text


class Prices:
    """A price list with one price, or with none."""

    def __init__(self, price: float | None, problem: str = "") -> None:
        self._price, self.problem, self.remark = price, problem, ""

    def per_hour(self, region: str, capacity: Capacity) -> float | None:
        assert (region, capacity) == ("ap-northeast-1", Capacity("ml.g4dn.xlarge", 1, "Training"))
        return self._price


def test_should_say_before_what_it_costs_at_most() -> None:
    known = cost_at_most(Prices(1.0), SETTINGS)  # type: ignore[arg-type]
    assert known == "costs $0.250 at most: 15 minutes of 1 x ml.g4dn.xlarge at $1.000 per hour"
    denied = cost_at_most(Prices(None, "GetProducts was denied"), SETTINGS)  # type: ignore[arg-type]
    assert denied == "costs 15 minutes of 1 x ml.g4dn.xlarge at most (price GetProducts was denied)"
    assert cost_at_most(Prices(None), SETTINGS).endswith(" at most (price unknown)")  # type: ignore[arg-type]


class Service:
    """SageMaker and CloudWatch Logs with one training job, which ends after its ``looks``."""

    def __init__(self, looks: list[Any], ending: dict[str, str]) -> None:
        self._looks, self._ending = looks, ending
        self.exceptions = SimpleNamespace(ResourceNotFoundException=LookupError)

    def client(self, service: str) -> Service:
        return self

    def describe_training_job(self, **given: Any) -> dict[str, str]:
        if not self._looks:
            return self._ending
        look = self._looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return {"TrainingJobStatus": "InProgress", "SecondaryStatus": str(look)}

    def describe_log_streams(self, **given: Any) -> dict[str, Any]:
        assert given == {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "chitra--smoke-1/"}
        return {"logStreams": []}


def test_should_go_on_following_when_aws_does_not_answer_for_a_while() -> None:
    gone = EndpointConnectionError(endpoint_url="https://sagemaker")
    service = Service(
        ["Starting", gone, gone, "Training"], {"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed"}
    )
    events: list[Event] = list(follow_training_job(service, "chitra--smoke-1", poll_seconds=0.0))  # type: ignore[arg-type]
    assert [event.name for event in events if isinstance(event, StageStarted)] == ["Starting", "Training", "Failed"]
    assert len([event for event in events if isinstance(event, OutOfSight)]) == 1


def test_should_give_the_reason_of_a_job_that_failed_in_one_line() -> None:
    reason = "AlgorithmError: ml.g4dn.xlarge: PyTorch cannot use the GPU:\nthe driver is too old, exit code: 2"
    verdict = judge_smoke(Service([], FAILED | {"FailureReason": reason}), SETTINGS, "chitra--smoke-1")  # type: ignore[arg-type]
    assert verdict == Verdict(False, " ".join(reason.split()))
