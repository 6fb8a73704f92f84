"""What `workshop upload` puts into the bucket."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chitra.corpus import read_corpus
from chitra.errors import InputError, WorkshopError
from infra.names import Names
from workshop.aws.deployment import Deployment
from workshop.data import upload

BUCKET = "chitra-sagemaker-bucket"
DEPLOYMENT = Deployment(Names("chitra"), BUCKET, "role", "workflow", "image", "image", "image")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "workshop", "Value": "chitra"}]})
        client.put_object(Bucket=BUCKET, Key="corpus/earlier.jsonl", Body=b"{}")
        yield client


def keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]


def test_should_send_a_folder_of_articles_as_one_archive(s3: Any, sample_corpus: Path) -> None:
    assert upload.upload_corpus(s3, DEPLOYMENT, sample_corpus) == 108
    assert keys(s3) == ["corpus/corpus.tar.gz"]


@pytest.mark.parametrize("instances", [2, 5])
def test_should_send_files_that_instances_can_share(
    tmp_path: Path, s3: Any, sample_corpus: Path, instances: int
) -> None:
    assert upload.upload_corpus(s3, DEPLOYMENT, sample_corpus, instances=instances) == 108
    names = keys(s3)
    assert instances * 3 <= len(names) <= instances * upload.FILES_PER_INSTANCE
    for name in names:
        s3.download_file(BUCKET, name, str(tmp_path / Path(name).name))
    here, there = read_corpus(sample_corpus).articles, read_corpus(tmp_path).articles
    assert [(each.text, each.category) for each in there] == [(each.text, each.category) for each in here]


def test_should_send_a_large_corpus_as_files_of_articles(
    monkeypatch: pytest.MonkeyPatch, s3: Any, sample_corpus: Path
) -> None:
    monkeypatch.setattr(upload, "LARGE_CORPUS", 10_000)
    monkeypatch.setattr(upload, "ARTICLES_FILE", 5_000)
    upload.upload_corpus(s3, DEPLOYMENT, sample_corpus)
    assert len(keys(s3)) > 4
    sizes = [entry["Size"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert max(sizes) < 10_000


def test_should_leave_the_bucket_as_it_was_when_the_corpus_is_bad(tmp_path: Path, s3: Any) -> None:
    (tmp_path / "mine.jsonl").write_text(json.dumps({"sentence1": "本文"}) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.jsonl:1: the key 'label' is missing"):
        upload.upload_corpus(s3, DEPLOYMENT, tmp_path, instances=2)
    assert keys(s3) == ["corpus/earlier.jsonl"]


def test_should_replace_a_participants_corpus_and_no_other(s3: Any, sample_corpus: Path) -> None:
    own, another = "corpora/chitra-participant-1/", "corpora/chitra-participant-10/a.jsonl"
    for key in (f"{own}earlier.jsonl", another):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    upload.upload_corpus(s3, DEPLOYMENT, sample_corpus, prefix=own)
    assert keys(s3) == [f"{own}corpus.tar.gz", another, "corpus/earlier.jsonl"]
    assert upload.has_corpus(s3, BUCKET, own)
    assert not upload.has_corpus(s3, BUCKET, "corpora/chitra-participant-2/")


@pytest.mark.parametrize("tags", [[], [{"Key": "workshop", "Value": "chitra-2"}]])
def test_should_replace_nothing_in_a_bucket_of_others(s3: Any, sample_corpus: Path, tags: list[dict[str, str]]) -> None:
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
    with pytest.raises(WorkshopError, match="does not carry the tag of workshop 'chitra'; nothing was uploaded"):
        upload.upload_corpus(s3, DEPLOYMENT, sample_corpus)
    assert keys(s3) == ["corpus/earlier.jsonl"]


def test_should_send_nested_files_under_their_own_names(tmp_path: Path, s3: Any) -> None:
    """What is counted is what travels: the reader looks into folders."""
    for number, name in enumerate(("2024/a.jsonl", "2025/deep/a.jsonl", ".hidden/b.jsonl")):
        (tmp_path / name).parent.mkdir(parents=True)
        row = {"sentence1": f"本文{number}", "label": f"label{number}"}
        (tmp_path / name).write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert upload.upload_corpus(s3, DEPLOYMENT, tmp_path) == 2
    assert keys(s3) == ["corpus/2024/a.jsonl", "corpus/2025/deep/a.jsonl"]


@pytest.mark.parametrize("fault", ["interrupted", "cut"])
def test_should_leave_the_earlier_corpus_when_an_upload_fails(
    monkeypatch: pytest.MonkeyPatch, s3: Any, sample_corpus: Path, fault: str
) -> None:
    whole = s3.upload_file

    def broken(file: str, bucket: str, key: str) -> None:
        if len(keys(s3)) > 2 and fault == "interrupted":
            raise KeyboardInterrupt
        whole(file, bucket, key)
        if fault == "cut":
            s3.put_object(Bucket=bucket, Key=key, Body=b"{")

    monkeypatch.setattr(s3, "upload_file", broken)
    with pytest.raises((KeyboardInterrupt, WorkshopError)):
        upload.upload_corpus(s3, DEPLOYMENT, sample_corpus, instances=2)
    assert keys(s3) == ["corpus/earlier.jsonl"]
    assert s3.get_object(Bucket=BUCKET, Key="corpus/earlier.jsonl")["Body"].read() == b"{}"


def test_should_pack_the_same_articles_the_same_way(s3: Any, sample_corpus: Path, tmp_path: Path) -> None:
    """The archive's checksum decides which dataset a run uses."""

    def checksum() -> str:
        return str(s3.head_object(Bucket=BUCKET, Key="corpus/corpus.tar.gz")["ETag"])

    upload.upload_corpus(s3, DEPLOYMENT, sample_corpus)
    first, copy = checksum(), tmp_path / "copy"
    for number, file in enumerate(sorted(sample_corpus.rglob("*.txt"), reverse=True)):
        place = copy / file.relative_to(sample_corpus)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
        os.utime(place, (number, number))
    upload.upload_corpus(s3, DEPLOYMENT, copy)
    assert checksum() == first
    changed = next(copy.rglob("*.txt"))
    changed.write_text(changed.read_text(encoding="utf-8") + "一文を足します。\n", encoding="utf-8")
    upload.upload_corpus(s3, DEPLOYMENT, copy)
    assert checksum() != first
