"""Two instances of each job on the local AWS: the deployed workflow, from the upload to the trained model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from datasets import load_from_disk

from chitra.contract import SPLITS
from chitra.corpus import read_corpus
from infra.settings import Settings
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from tests.helpers.project import SETTINGS
from tests.local_aws.conftest import deploy
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment, find_deployment
from workshop.data.export import export_run
from workshop.data.upload import upload_corpus
from workshop.runs.follow import LogLine, follow_run
from workshop.runs.run import start_run

INSTANCES = 2


@pytest.fixture(scope="module")
def settings() -> Settings:
    jobs = {"preprocessing": SETTINGS.preprocessing, "training": SETTINGS.training}
    return SETTINGS.model_copy(
        update={name: job.model_copy(update={"instance_count": INSTANCES}) for name, job in jobs.items()}
    )


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, stand_in: Path, settings: Settings) -> Iterator[boto3.Session]:
    folder = tmp_path_factory.mktemp("instances")
    with LocalAws(folder, runtime=Runtime(stand_in), region=settings.region) as aws:
        yield deploy(aws, settings)


@pytest.fixture(scope="module")
def deployment(session: boto3.Session, settings: Settings) -> Deployment:
    return find_deployment(Account(session), settings)


def test_should_make_one_dataset_and_one_model_of_two_instances(
    tmp_path: Path, session: boto3.Session, deployment: Deployment, sample_corpus: Path
) -> None:
    s3 = session.client("s3")
    assert upload_corpus(s3, deployment, sample_corpus, instances=INSTANCES) == 108
    run = start_run(Account(session), deployment, hyperparameters={"epochs": "1"}, endpoint=False, name="two")
    lines = [event.text for event in follow_run(Account(session), run, poll_seconds=0.2) if isinstance(event, LogLine)]
    assert any("batches of 2 x 16 (processes x train-batch-size) articles" in line for line in lines)
    assert sum("test accuracy" in line for line in lines) == 1
    export_run(s3, deployment.bucket, run.name, tmp_path)
    articles = read_corpus(sample_corpus).articles
    raw = load_from_disk(tmp_path / "datasets/raw")
    assert sorted(raw["sentence1"]) == sorted(article.text for article in articles)
    splits = {name: load_from_disk(tmp_path / "datasets" / name) for name in SPLITS}
    assert sum(map(len, splits.values())) == len(articles)
    assert {label for split in splits.values() for label in split["label"]} == {each.category for each in articles}
    manifests = [json.loads(file.read_text()) for file in sorted((tmp_path / "datasets/train").glob("manifest*.json"))]
    assert len(manifests) == INSTANCES
    assert all(manifest["articles"] > 40 for manifest in manifests)
    predictions = [json.loads(line) for line in (tmp_path / "report/predictions.jsonl").read_text().splitlines()]
    assert len(predictions) == len(splits["test"])
    assert all(raw[row["article"]]["label"] == row["label_name"] for row in predictions)
