"""Each dataset is made once, whoever needs it; and what is half-written or outdated is never trained on."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chitra.corpus import read_corpus
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import ROOT, SETTINGS
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment, find_deployment
from workshop.cli import app
from workshop.data.export import export_run
from workshop.data.results import dataset_keys, runs_with_results
from workshop.data.upload import upload_corpus
from workshop.runs.endpoint import create_endpoint
from workshop.runs.follow import Event, LogLine, RunFailedError, StageStarted, follow_run, read_logs
from workshop.runs.run import Run, find_run, start_run, stop_run
from workshop.runs.tuning import read_ranges, trials_of

QUICK = {"epochs": "1", "max_length": "32"}


@dataclass(frozen=True)
class Workshop:
    aws: LocalAws
    account: Account
    deployment: Deployment

    @property
    def s3(self) -> Any:
        return self.account.client("s3")

    def start(self, name: str, corpus: str = "corpus/") -> Run:
        return start_run(self.account, self.deployment, hyperparameters=QUICK, endpoint=False, name=name, corpus=corpus)

    def follow(self, run: Run) -> list[Event]:
        """Until the run has its dataset; it need not train."""
        events = list[Event]()
        for event in follow_run(self.account, run, poll_seconds=0.3):
            events.append(event)
            if event == StageStarted("Train"):
                stop_run(self.account, run)
                break
        return events

    def run(self, name: str, corpus: str = "corpus/") -> list[Event]:
        return self.follow(self.start(name, corpus))

    def jobs(self) -> list[str]:
        pages = self.account.client("sagemaker").get_paginator("list_processing_jobs").paginate()
        return [job["ProcessingJobName"] for page in pages for job in page["ProcessingJobSummaries"]]

    def key(self, run: str) -> str:
        [key] = dataset_keys(self.s3, self.deployment.bucket, f"chitra--{run}")
        return key

    def put_corpus(self, prefix: str, text: str) -> None:
        """The sample corpus with one more article."""
        articles = read_corpus(ROOT / "samples/corpus").articles
        rows = [{"sentence1": each.text, "label": each.category} for each in articles]
        rows.append({"sentence1": text, "label": articles[0].category})
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        self.s3.put_object(Bucket=self.deployment.bucket, Key=f"{prefix}a.jsonl", Body=lines.encode())


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, stand_in: Path, sample_corpus: Path) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("datasets")
    with LocalAws(folder, runtime=Runtime(stand_in), region=SETTINGS.region) as aws:
        account = Account(deploy(aws, SETTINGS))
        deployment = find_deployment(account, SETTINGS)
        upload_corpus(account.client("s3"), deployment, sample_corpus)
        yield Workshop(aws, account, deployment)


def stages(events: list[Event]) -> list[str]:
    return [event.name for event in events if isinstance(event, StageStarted)]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_should_make_a_dataset_once_for_all_who_start_together(workshop: Workshop, tmp_path: Path) -> None:
    seen: dict[str, list[Event]] = {}
    threads = [
        threading.Thread(target=lambda name=name: seen.update({name: workshop.run(name)})) for name in ("a", "b", "c")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert [stages(events)[-1] for events in seen.values()] == ["Train"] * 3
    [job] = workshop.jobs()
    assert re.fullmatch(r"chitra--dataset-[0-9a-f]{16}-1", job)
    assert len({workshop.key(name) for name in seen}) == 1
    assert sum("Wait for dataset" in stages(events) for events in seen.values()) == 2
    for events in seen.values():
        assert any(isinstance(event, LogLine) and "articles encoded" in event.text for event in events)


def test_should_take_the_dataset_that_is_there(workshop: Workshop, tmp_path: Path) -> None:
    before, bucket = workshop.jobs(), workshop.deployment.bucket
    run = workshop.start("later")
    events = list(follow_run(workshop.account, run, poll_seconds=0.3))
    assert stages(events)[-4:] == ["Look for dataset", "Note dataset", "Train", "Done"]
    assert workshop.jobs() == before
    assert {line.stage for line in read_logs(workshop.account, run)} == {"Train"}
    # It is in the run's export, and the report names it.
    export_run(workshop.s3, bucket, run.name, tmp_path)
    manifest = json.loads((tmp_path / "datasets/train/manifest.json").read_text())
    metrics = json.loads((tmp_path / "report/metrics.json").read_text())
    assert manifest["dataset"] == metrics["dataset"] == workshop.key("later") == workshop.key("a")
    runs = runs_with_results(workshop.s3, bucket)
    assert (runs.names, runs.refused) == ([f"chitra--{name}" for name in ("a", "b", "c", "later")], [])


def test_should_train_a_tuning_on_it_and_serve_the_best_model(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two real training jobs at a time, with values from the ranges."""
    monkeypatch.setattr("workshop.commands.following.follow_run", partial(follow_run, poll_seconds=0.3))
    monkeypatch.setattr("workshop.commands.common.console.width", 80)
    quick = [word for pair in QUICK.items() for word in ("-p", "=".join(pair))]
    asked = ["-r", "learning_rate=1e-3:1e-2:log", "-r", "train-batch-size=4,8", "--jobs", "2", *quick]
    done = CliRunner().invoke(app, ["tune", "--name", "tuned", *asked, "--yes"], env=workshop.aws.environment())
    assert done.exit_code == 0, done.output
    assert "2 trainings, 2 at a time, each of 120 minutes at most\ncosts: expected" in done.output
    sagemaker = workshop.account.client("sagemaker")
    first, second = trials = trials_of(sagemaker, "chitra--tuned")
    assert (first.number, second.number) == ("001", "002")
    for trial in trials:
        job = sagemaker.describe_training_job(TrainingJobName=trial.job)
        metrics = {each["MetricName"]: each["Value"] for each in job["FinalMetricDataList"]}
        assert (trial.status, trial.accuracy) == ("Completed", pytest.approx(metrics["validation:best_accuracy"]))
        assert 1e-3 <= float(job["HyperParameters"]["learning_rate"]) <= 1e-2
        assert job["HyperParameters"]["epochs"] == "1"
        assert job["TuningJobArn"].endswith("hyper-parameter-tuning-job/chitra--tuned")
        assert {"Key": "workshop", "Value": "chitra"} in sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
        assert f"{trial.number}  Completed  learning_rate" in done.output
    best = max(trials, key=lambda each: each.accuracy or 0)  # the first of equals
    assert f"best: {best.job}\nserve it: .venv/bin/workshop endpoint create chitra--tuned" in done.output
    serving = create_endpoint(workshop.account, workshop.deployment, "chitra--tuned", hours=1)
    stop_run(workshop.account, serving)
    states = workshop.account.client("stepfunctions")
    given = json.loads(states.describe_execution(executionArn=serving.execution_arn)["input"])
    assert given["artefact"] == f"s3://{workshop.deployment.bucket}/models/{best.job}/output/model.tar.gz"
    stages_of_logs = {line.stage for line in read_logs(workshop.account, find_tuned(workshop))}
    assert stages_of_logs == {"Tune 001", "Tune 002"}
    assert dataset_keys(workshop.s3, workshop.deployment.bucket, best.job) == [workshop.key("tuned")]


def find_tuned(workshop: Workshop) -> Run:
    return find_run(workshop.account, workshop.deployment, "chitra--tuned")


def test_should_stop_a_tuning_with_its_training_jobs(workshop: Workshop) -> None:
    asked = {"jobs": 3, "parallel": 1, "ranges": read_ranges(["learning_rate=1e-3:1e-2"])}
    slow = {**QUICK, "epochs": "50"}
    run = start_run(
        workshop.account, workshop.deployment, hyperparameters=slow, endpoint=False, name="endless", tuning=asked
    )
    sagemaker = workshop.account.client("sagemaker")

    def training() -> bool:
        listed = sagemaker.list_training_jobs(NameContains="chitra--endless-")["TrainingJobSummaries"]
        return bool(listed)

    until(training)
    stop_run(workshop.account, run)

    def ended() -> bool:
        job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=run.name)
        return bool(job["HyperParameterTuningJobStatus"] == "Stopped")

    until(ended)
    assert [trial.status for trial in trials_of(sagemaker, run.name)] == ["Stopped"]


def test_should_make_another_one_of_another_corpus(workshop: Workshop) -> None:
    workshop.put_corpus("corpora/chitra-u/", "延長戦の末に代表チームが勝ちました。")
    assert "Preprocess" in stages(workshop.run("own", "corpora/chitra-u/"))
    assert workshop.key("own") != workshop.key("a")


def test_should_never_take_a_half_written_one(workshop: Workshop) -> None:
    """Files without the mark, as an upload leaves them that was cut; the job's name is used up."""
    bucket, key = workshop.deployment.bucket, workshop.key("a")
    workshop.s3.delete_object(Bucket=bucket, Key=f"datasets/{key}/complete.json")
    workshop.s3.delete_object(Bucket=bucket, Key=f"datasets/{key}/train/state.json")
    assert "Preprocess" in stages(workshop.run("again"))
    assert f"chitra--dataset-{key[:16]}-2" in workshop.jobs()
    assert workshop.key("again") == key


def test_should_go_on_when_who_makes_it_is_stopped(workshop: Workshop) -> None:
    prefix = "corpora/stopped/"
    workshop.put_corpus(prefix, "試合は雨で中断されましたが、観客は帰りませんでした。")
    known = set(workshop.jobs())
    first = workshop.start("first", prefix)
    until(lambda: bool(set(workshop.jobs()) - known))
    second = workshop.start("second", prefix)
    stop_run(workshop.account, first)
    assert stages(workshop.follow(second))[-1] == "Train"
    [*_, job] = sorted(set(workshop.jobs()) - known)
    assert job == f"chitra--dataset-{workshop.key('second')[:16]}-2"


def test_should_tell_everybody_who_waits_why_it_cannot_be_made(workshop: Workshop) -> None:
    prefix = "corpora/bad/"
    workshop.s3.put_object(Bucket=workshop.deployment.bucket, Key=f"{prefix}a.jsonl", Body=b'{"no": "article"}')
    started = [workshop.start(f"bad-{number}", prefix) for number in range(2)]
    for run in started:
        with pytest.raises(RunFailedError, match=r"a\.jsonl") as failure:
            workshop.follow(run)
        assert failure.value.stage in ("Preprocess", "Wait for dataset")


def test_should_not_keep_what_was_made_of_a_corpus_that_changed_meanwhile(workshop: Workshop) -> None:
    prefix = "corpora/changed/"
    workshop.put_corpus(prefix, "春の大会が始まり、各地で熱戦が続いています。")
    known = set(workshop.jobs())
    run = workshop.start("changed", prefix)
    until(lambda: bool(set(workshop.jobs()) - known))
    workshop.put_corpus(prefix, "秋の大会が始まり、各地で熱戦が続いています。")
    assert stages(workshop.follow(run))[-1] == "Train"
    first, second = sorted(set(workshop.jobs()) - known, key=lambda job: workshop.key("changed")[:16] in job)
    assert workshop.key("changed")[:16] in second
    marks = workshop.s3.list_objects_v2(Bucket=workshop.deployment.bucket, Prefix="datasets/")["Contents"]
    assert not [each for each in marks if first[16:32] in each["Key"] and each["Key"].endswith("complete.json")]
