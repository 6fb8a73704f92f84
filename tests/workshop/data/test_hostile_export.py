"""Whatever lies in the bucket: an export stays in its folder, names what it refuses and brings home the rest."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.names import PARAMETER_KEYS, Names
from infra.settings import FOLDER_VARIABLE
from tests.helpers.project import CONTEXT, cdk_json, write_cdk_json
from workshop import cli
from workshop.aws.account import Account
from workshop.data.unexported_runs import list_unexported_runs

REGION = "ap-northeast-1"
BUCKET = f"chitra-sagemaker-123456789012-{REGION}"
GOOD, OTHER = "chitra--good", "chitra--other"
ESC = "\x1b]0;owned\x07"


def archive(content: bytes = b"weights") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo("file.bin")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[boto3.Session]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    write_cdk_json(tmp_path)
    with mock_aws():
        session = boto3.Session("x", "x", region_name=REGION)
        s3, ssm = session.client("s3"), session.client("ssm")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for key in PARAMETER_KEYS:
            ssm.put_parameter(Name=f"/chitra/{key}", Value=BUCKET if key == "bucket" else "x", Type="String")
        for run in (GOOD, OTHER):
            s3.put_object(Bucket=BUCKET, Key=f"models/{run}/output/model.tar.gz", Body=archive())
            s3.put_object(Bucket=BUCKET, Key=f"datasets/{run}/train/data.arrow", Body=b"ids" * 100)
        monkeypatch.setattr("workshop.commands.runs.account_of", lambda settings: Account(session))
        yield session


@pytest.fixture
def export(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """The command, with its exit code and what it said."""

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["workshop", "export", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        text = said.out + said.err
        assert "\x1b" not in text
        assert "Traceback" not in text
        code = ended.value.code
        return (0 if code is None else int(code)), text

    return call


def put(session: boto3.Session, key: str, body: bytes = b"evil") -> None:
    session.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)


def files_below(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


GOOD_FILES = {"SHA256SUMS", "model.tar.gz", "model/file.bin", "datasets/train/data.arrow"}

REFUSED = [
    "models/../output/cdk.json",
    "models/../../output/cdk.json",
    "datasets/../cdk.json",
    "models/./output/cdk.json",
    "models//output/cdk.json",
    f"models/{ESC}/output/x",
    "models/chitra--good\n/output/x",
    f"models/{'a' * 64}/output/x",
    "models/-x/output/x",
    "models/x-/output/x",
    "models/日本語/output/x",
    "datasets/[bold]/x",
    f"datasets/{GOOD}/../../cdk.json",
    "datasets/chitra--nothing-else/../../cdk.json",
    f"datasets/{GOOD}//etc/passwd",
    f"datasets/{GOOD}/a/./b",
    f"datasets/{GOOD}/{ESC}",
    f"datasets/{GOOD}/a\nb",
    f"datasets/{GOOD}/{'a' * 256}",
    f"datasets/{GOOD}/train/data.arrow/below-a-file",
    f"models/{GOOD}/output/datasets/train/data.arrow",
    f"models/{GOOD}/output/datasets",
    f"models/{GOOD}/output/SHA256SUMS",
    f"models/{GOOD}/output/sha256sums",
    f"models/{GOOD}/output/model/config.json",
    f"models/{GOOD}/output/report",
    f"models/{GOOD}/output/report.html",
    f"models/{GOOD}/output/../../../cdk.json",
    f"models/{GOOD}/output//x",
    f"models/{GOOD}/output/Model.tar.gz/x",
]


@pytest.mark.parametrize("key", REFUSED)
def test_should_refuse_the_key_by_name_and_bring_home_the_rest(
    session: boto3.Session, export: Callable[..., tuple[int, str]], tmp_path: Path, key: str
) -> None:
    put(session, key)
    code, said = export()
    assert code == 0
    lines = [line for line in said.splitlines() if "refused" in line]
    assert len(lines) == 1, said
    assert json.loads((tmp_path / "cdk.json").read_text()) == cdk_json(CONTEXT)
    assert files_below(tmp_path) == {
        "cdk.json",
        *(f"export/{run}/{file}" for run in (GOOD, OTHER) for file in GOOD_FILES),
    }
    assert b"evil" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert list_unexported_runs(Account(session), Names("chitra"), (REGION,)) == []


def test_should_refuse_what_a_link_leads_out_of_the_folder(
    session: boto3.Session, export: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "export" / GOOD).mkdir(parents=True)
    (tmp_path / "export" / GOOD / "datasets").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "export" / OTHER).symlink_to(tmp_path / "elsewhere")
    code, said = export()
    assert code == 1
    assert "datasets/chitra--good/train/data.arrow" in said
    assert f"{OTHER}" in said
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "export" / GOOD / "model/file.bin").is_file()
    states = {each.run: each.state for each in list_unexported_runs(Account(session), Names("chitra"), (REGION,))}
    assert set(states) == {GOOD, OTHER}


def test_should_remove_nothing_behind_a_link(
    session: boto3.Session, export: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere/model").mkdir(parents=True)
    (tmp_path / "elsewhere/model/mine").write_text("mine")
    (tmp_path / "export" / GOOD).mkdir(parents=True)
    (tmp_path / "export" / GOOD / ".partial").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "export" / OTHER).mkdir(parents=True)
    (tmp_path / "export" / OTHER / "model").symlink_to(tmp_path / "elsewhere/model")
    assert export()[0] == 1
    assert files_below(tmp_path / "elsewhere") == {"model/mine"}


@pytest.mark.parametrize("name", ["../x", "..", "a/b", "a\nb", "a b", "", "x-", "[red]", "a" * 64, "あ"])
@pytest.mark.usefixtures("session")
def test_should_end_with_2_for_a_name_that_is_no_runs(export: Callable[..., tuple[int, str]], name: str) -> None:
    code, said = export(name)
    assert code == 2
    assert len(said.strip().splitlines()) == 1
    assert "no name of a run" in said


def bomb() -> bytes:
    return archive(bytes(200_000_000))


@pytest.mark.parametrize(
    "content",
    [b"no archive", b"\x1f\x8b\x08\x00broken", archive()[:-9], bomb()],
    ids=["none", "garbage", "cut", "bomb"],  # gzip's bytes hold the time
)
def test_should_report_an_archive_that_cannot_be_unpacked_and_go_on(
    session: boto3.Session, export: Callable[..., tuple[int, str]], tmp_path: Path, content: bytes
) -> None:
    put(session, f"models/{GOOD}/output/model.tar.gz", content)
    code, said = export()
    assert code == 1
    assert f"run {GOOD}: " in said
    assert said.strip().splitlines()[-1].startswith("error: ")
    assert GOOD in said.strip().splitlines()[-1]
    assert (tmp_path / "export" / GOOD / "model.tar.gz").read_bytes() == content
    assert not (tmp_path / "export" / GOOD / "model").exists()
    assert (tmp_path / "export" / OTHER / "model/file.bin").is_file()
    assert list_unexported_runs(Account(session), Names("chitra"), (REGION,)) == []


class Denying:
    """An S3 client that may not read one key."""

    def __init__(self, s3: Any, key: str) -> None:
        self._s3, self._key = s3, key

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **request: Any) -> Any:
        if request["Key"] == self._key:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no\n[/b]"}}, "GetObject")
        return self._s3.get_object(**request)


@pytest.mark.parametrize("key", [f"datasets/{GOOD}/train/data.arrow", f"exports/{GOOD}.json"])
def test_should_report_a_denied_object_and_go_on(
    session: boto3.Session,
    export: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    key: str,
) -> None:
    denying = Denying(session.client("s3"), key)

    class Session:
        region_name = REGION

        def client(self, service: str, **rest: Any) -> Any:
            return denying if service == "s3" else session.client(service, **rest)

    monkeypatch.setattr("workshop.commands.runs.account_of", lambda settings: Account(Session()))  # type: ignore[arg-type]
    code, said = export()
    if key.startswith("datasets/"):
        assert code == 1
        assert "GetObject was denied" in said
        assert (tmp_path / "export" / GOOD / "model.tar.gz").is_file()
    assert (tmp_path / "export" / OTHER / "SHA256SUMS").is_file()


LEDGERS: list[bytes] = [
    b"",
    b"garbage",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'"finished"',
    b'{"state": "finished"}',
    b'{"state": "finished", "objects": []}',
    b'{"state": "finished", "objects": {"a": 1}}',
    b'{"state": ["finished"], "objects": {}}',
    b'{"objects": {}}',
    b"[" * 200_000,
    b'{"state": ' + b"9" * 5_000 + b"}",
    b'{"state": "finished", "objects": {"a": "' + b"x" * 40_000_000 + b'"}}',
]


@pytest.mark.parametrize("ledger", LEDGERS, ids=range(len(LEDGERS)))
def test_should_name_the_run_whose_record_cannot_be_read(
    session: boto3.Session, export: Callable[..., tuple[int, str]], ledger: bytes
) -> None:
    put(session, f"exports/{GOOD}.json", ledger)
    unexported = {each.run: str(each) for each in list_unexported_runs(Account(session), Names("chitra"), (REGION,))}
    assert "its export record cannot be read" in unexported[GOOD]
    assert "it was never exported" in unexported[OTHER]
    assert export()[0] == 0
    assert list_unexported_runs(Account(session), Names("chitra"), (REGION,)) == []
    recorded = json.loads(session.client("s3").get_object(Bucket=BUCKET, Key=f"exports/{GOOD}.json")["Body"].read())
    assert recorded["state"] == "finished"


def test_should_not_stumble_over_other_things_in_the_bucket(
    session: boto3.Session, export: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    """SageMaker's profiler writes beside a run's output; folders made in the console are empty objects."""
    for key in ("models/", "models/../", "datasets/", f"datasets/{GOOD}/empty/", "models/chitra--p/profiler-output/x"):
        put(session, key, b"")
    code, said = export()
    assert (code, "refused" in said) == (0, False)
    assert files_below(tmp_path / "export" / GOOD) == GOOD_FILES
    assert not (tmp_path / "export" / "chitra--p").exists()


def test_should_not_mistake_a_key_for_its_own_partial_file(
    session: boto3.Session, export: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    s3 = session.client("s3")
    key = f"datasets/{GOOD}/train/data.arrow"
    etag = s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
    put(session, f"{key}.{etag}.partial")
    put(session, f"datasets/{GOOD}/.partial/x")
    put(session, f"models/{GOOD}/output/.partial/x")
    assert export()[0] == 0
    assert (tmp_path / "export" / GOOD / "datasets/train/data.arrow").read_bytes() == b"ids" * 100
    assert not (tmp_path / "export" / GOOD / ".partial").exists()
