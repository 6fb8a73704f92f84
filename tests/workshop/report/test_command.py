"""`workshop report`: fetches what the page needs and no more; what is on disk is asked of nobody."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from infra.names import PARAMETER_KEYS
from infra.settings import FOLDER_VARIABLE
from tests.helpers.project import write_cdk_json
from tests.workshop.report.conftest import RUN
from workshop import cli
from workshop.aws.account import Account

REGION, BUCKET, KEY = "ap-northeast-1", "results", "0123456789abcdef" * 2
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def bucket(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """A deployment's bucket with what the run left; nothing of it on disk."""
    home = exported.rename(tmp_path / "made")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    write_cdk_json(tmp_path)
    with mock_aws():
        session = boto3.Session("x", "x", region_name=REGION)
        s3, ssm = session.client("s3"), session.client("ssm")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for name in PARAMETER_KEYS:
            ssm.put_parameter(Name=f"/chitra/{name}", Value=BUCKET if name == "bucket" else "x", Type="String")
        objects = {f"datasets/{KEY}/raw/{file.name}": file.read_bytes() for file in (home / "datasets/raw").iterdir()}
        objects |= {f"datasets/{KEY}/train/data.arrow": b"ids", f"models/{RUN}/output/model.tar.gz": b"weights"}
        objects |= {f"models/{RUN}/output/output.tar.gz": archive(home / "report"), f"models/{RUN}/dataset/{KEY}": b""}
        for name, body in objects.items():
            s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        monkeypatch.setattr("workshop.commands.report.account_of", lambda settings: Account(session))
        yield session


def archive(folder: Path) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for file in folder.iterdir():
            tar.add(file, arcname=file.name)
    return stream.getvalue()


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, with its exit code and what it said."""

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["workshop", "report", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return call


def test_should_fetch_what_the_page_needs_and_no_more(
    bucket: boto3.Session, report: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert report("one") == (0, f"export/{RUN}/report.html: open it in a browser\n")
    home = tmp_path / "export" / RUN
    assert "混同行列" in (home / "report.html").read_text(encoding="utf-8")
    assert {entry.name for entry in home.iterdir()} == {"datasets", "output.tar.gz", "report", "report.html"}
    assert [entry.name for entry in (home / "datasets").iterdir()] == ["raw"]
    recorded = bucket.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert not [entry["Key"] for entry in recorded if "export" in entry["Key"]]


def test_should_ask_nobody_for_what_is_on_disk(exported: Path, report: Command, tmp_path: Path) -> None:
    write_cdk_json(tmp_path)
    target = tmp_path / "pages/one.html"
    code, said = report(RUN, "--lang", "en", "--output", str(target), "--folder", str(tmp_path))
    assert code == 0, said
    assert "Confusion matrix" in target.read_text(encoding="utf-8")


def test_should_say_that_there_is_no_report(bucket: boto3.Session, report: Command) -> None:
    bucket.client("s3").delete_object(Bucket=BUCKET, Key=f"models/{RUN}/output/output.tar.gz")
    code, said = report(RUN)
    assert (code, len(said.splitlines())) == (1, 1)
    assert said.startswith(f"error: run {RUN}: has no report in s3://{BUCKET}.")


def test_should_name_the_broken_file(exported: Path, report: Command, tmp_path: Path) -> None:
    write_cdk_json(tmp_path)
    (exported / "report/metrics.json").write_text('{"accuracy": "\x1b"}')
    code, said = report(RUN, "--folder", str(tmp_path))
    assert (code, len(said.splitlines())) == (2, 1)
    assert f"{RUN}/report/metrics.json" in said
    assert "Traceback" not in said
