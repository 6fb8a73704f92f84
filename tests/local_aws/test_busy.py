"""A call that the service was too busy for is made again by the workflow; one that is refused for good is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_aws.runtime import Runtime
from local_aws.server import ACCOUNT, LocalAws
from tests.helpers.project import SETTINGS
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment, find_deployment
from workshop.runs.endpoint import create_endpoint
from workshop.runs.follow import RunFailedError, follow_run
from workshop.runs.run import Run, start_execution

RUN = "chitra--trained"


@dataclass(frozen=True)
class Busy:
    """A deployment in an account where one model may be made at once, and one more in five seconds."""

    account: Account
    deployment: Deployment

    def end_of(self, run: Run) -> str:
        """Why the run failed."""
        with pytest.raises(RunFailedError) as failure:
            list(follow_run(self.account, run, poll_seconds=0.3))
        return str(failure.value)

    def calls(self, run: Run, state: str) -> list[str]:
        """The errors of a state's calls, empty texts for those that went through."""
        states = self.account.client("stepfunctions")
        found, entered = list[str](), ""
        for event in states.get_execution_history(executionArn=run.execution_arn, maxResults=1000)["events"]:
            entered = event.get("stateEnteredEventDetails", {}).get("name", entered)
            if entered == state and event["type"] in ("TaskFailed", "TaskSucceeded"):
                found.append(event.get("taskFailedEventDetails", {}).get("error", ""))
        return found


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[Busy]:
    folder = tmp_path_factory.mktemp("busy")
    rates = {"sagemaker CreateModel": (1, 0.2)}
    local = LocalAws(folder, runtime=Runtime(stand_in), region=SETTINGS.region, throttled=True, rates=rates)
    with local as aws:
        account = Account(deploy(aws, SETTINGS))
        bucket = account.client("s3")
        name = f"chitra-sagemaker-{ACCOUNT}-{SETTINGS.region}"
        bucket.put_object(Bucket=name, Key=f"models/{RUN}/output/model.tar.gz", Body=b"no archive")
        yield Busy(account, find_deployment(account, SETTINGS))


def test_should_come_back_after_a_while(busy: Busy) -> None:
    """The last one is served although botocore's own few tries are used up; what it serves is no model."""
    runs = [create_endpoint(busy.account, busy.deployment, RUN, hours=1) for _ in range(6)]
    for run in runs:
        assert "Failed" in busy.end_of(run)
    calls = [call for run in runs for call in busy.calls(run, "Create model")]
    assert calls.count("") == len(runs)
    assert calls.count("SageMaker.SageMakerException") > 0


def test_should_not_ask_twice_for_what_is_refused(busy: Busy) -> None:
    run = start_execution(busy.account, busy.deployment, "chitra--refused", {"artefact": "nowhere", "endpoint": True})
    assert "'nowhere' does not match" in busy.end_of(run)
    assert busy.calls(run, "Create model") == ["SageMaker.SageMakerException"]
