"""At a quota runs wait in line, and everybody gets their turn; what is stopped is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.settings import FOLDER_VARIABLE
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import SETTINGS, write_cdk_json
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment, find_deployment
from workshop.aws.run_names import new_run_name
from workshop.data.upload import upload_corpus
from workshop.runs.follow import Event, RunFailedError, StageStarted, Waiting, follow_run
from workshop.runs.run import start_run, stop_run


@dataclass(frozen=True)
class Narrow:
    """A deployment in an account where one job of each kind may be at work."""

    aws: LocalAws
    account: Account
    deployment: Deployment
    folder: Path

    def workshop(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "workshop.cli", *arguments],
            env={
                **self.aws.environment(),
                "COLUMNS": "200",
                "PATH": os.environ["PATH"],
                FOLDER_VARIABLE: str(self.folder),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def says(self, *arguments: str, code: int = 0) -> str:
        process = self.workshop(*arguments)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == code, said
        return said

    def jobs_at_work(self) -> set[str]:
        sagemaker = self.account.client("sagemaker")
        states = {
            *(each["ProcessingJobStatus"] for each in sagemaker.list_processing_jobs()["ProcessingJobSummaries"]),
            *(each["TrainingJobStatus"] for each in sagemaker.list_training_jobs()["TrainingJobSummaries"]),
        }
        return states - {"Completed", "Failed", "Stopped"}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory, stand_in: Path, sample_corpus: Path) -> Iterator[Narrow]:
    folder = tmp_path_factory.mktemp("narrow")
    write_cdk_json(folder)
    quotas = {"ProcessingJob": 1, "TrainingJob": 1, "Endpoint": 0}
    with LocalAws(folder / "aws", runtime=Runtime(stand_in), region=SETTINGS.region, quotas=quotas) as aws:
        account = Account(deploy(aws, SETTINGS))
        deployment = find_deployment(account, SETTINGS)
        upload_corpus(account.client("s3"), deployment, sample_corpus)
        yield Narrow(aws, account, deployment, folder)


def test_should_let_runs_wait_in_line(narrow: Narrow) -> None:
    seen: dict[str, list[Event]] = {}

    def take_part(name: str) -> None:
        given = {"epochs": "1", "max_length": "64"}
        run = start_run(narrow.account, narrow.deployment, hyperparameters=given, endpoint=False, name=name)
        seen[name] = list(follow_run(narrow.account, run, poll_seconds=0.2))

    threads = [threading.Thread(target=take_part, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert [events[-1] for events in seen.values()] == [StageStarted("Done")] * 3
    waited = [event for events in seen.values() for event in events if isinstance(event, Waiting)]
    assert {event.why.what for event in waited} <= {
        f"{SETTINGS.preprocessing.instance_type} for processing job usage",
        f"{SETTINGS.training.instance_type} for training job usage",
    }
    assert sum(any(isinstance(event, Waiting) for event in events) for events in seen.values()) >= 2


def test_should_cap_the_runs_that_are_called_after_their_participant(narrow: Narrow) -> None:
    """With access ``full`` the name says whose a run is: a name of one's own choice is nobody's."""
    limit = SETTINGS.limits.executions_per_participant
    users = [f"chitra-participant-{number}" for number in [*[1] * limit, 10, 1]]
    names = ["participant-1", *(new_run_name(narrow.deployment.names, user) for user in users)]
    runs = [
        start_run(narrow.account, narrow.deployment, hyperparameters={}, endpoint=False, name=name) for name in names
    ]
    try:
        refused = rf"participant-1 has already {limit} runs: (participant-1-[\w-]+(, )?){{{limit}}}\. Wait for one"
        with pytest.raises(RunFailedError, match=refused):
            list(follow_run(narrow.account, runs[-1], poll_seconds=0.1))
        for run in runs[:-1]:
            assert StageStarted("Find image") in follow_run(narrow.account, run, poll_seconds=0.1)  # behind the caps
    finally:
        for run in runs:
            stop_run(narrow.account, run)


def test_should_refuse_in_sagemakers_words(narrow: Narrow) -> None:
    sagemaker = narrow.account.client("sagemaker")
    role, image = narrow.deployment.execution_role, narrow.deployment.endpoint_image
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    with pytest.raises(ClientError) as refusal:
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    error = refusal.value.response["Error"]
    assert error["Code"] == "ResourceLimitExceeded"
    assert error["Message"].startswith(
        "The account-level service limit 'ml.m5.xlarge for endpoint usage' is 0 Instances"
    )


def test_should_refuse_an_isolated_model_for_a_serverless_endpoint(narrow: Narrow) -> None:
    sagemaker = narrow.account.client("sagemaker")
    container = {"Image": narrow.deployment.endpoint_image}
    for name, isolated in (("open", False), ("isolated", True)):
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=narrow.deployment.execution_role,
            PrimaryContainer=container,
            EnableNetworkIsolation=isolated,
        )
    variant = {"VariantName": "v", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}
    open_variant, isolated_variant = {**variant, "ModelName": "open"}, {**variant, "ModelName": "isolated"}
    sagemaker.create_endpoint_config(EndpointConfigName="open", ProductionVariants=[open_variant])
    with pytest.raises(ClientError, match="Network isolation is not supported"):
        sagemaker.create_endpoint_config(EndpointConfigName="isolated", ProductionVariants=[isolated_variant])


def test_should_leave_a_run_at_ctrl_c_come_back_to_it_and_stop_it(narrow: Narrow) -> None:
    process = narrow.workshop("run", "--name", "left", "-p", "epochs=100")
    assert process.stdout
    for line in process.stdout:
        if line == "Train\n":
            break
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "chitra--left goes on without you, and so does what it costs." in said
    assert "`.venv/bin/workshop follow chitra--left`" in said
    assert "Traceback" not in said
    assert "chitra--left is stopped; its job ends" in narrow.says("stop", "left")
    deadline = time.monotonic() + 60
    while narrow.jobs_at_work():
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert "chitra--left was ABORTED already" in narrow.says("stop", "left")
    followed = narrow.says("follow", "chitra--left", code=1)
    assert "Train\n" in followed
    assert "stopped by arn:aws:" in followed
    assert "stopped by" in narrow.says("status")


def test_should_print_the_logs_of_a_run(narrow: Narrow) -> None:
    said = narrow.says("logs", "a")
    assert said.index("Preprocess") < said.index("Train\n")
    assert "accuracy" in said
    assert "run chitra--nosuch: there is none." in narrow.says("logs", "nosuch", code=1)
