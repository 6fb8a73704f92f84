"""Taking models and datasets home: verified, resumed, and recorded so that teardown knows."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from chitra.errors import WorkshopError
from infra.names import Names
from workshop.aws.account import Account
from workshop.data.export import etag_of, export_run, likely_part_sizes
from workshop.data.results import Refusal, results_of, runs_with_results
from workshop.data.unexported_runs import list_unexported_runs

REGION = "ap-northeast-1"
BUCKET = f"chitra-sagemaker-123456789012-{REGION}"
RUN = "chitra--run-1"
PART_BYTES = 5 * 1024 * 1024


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    with mock_aws():
        session = boto3.Session("x", "x", region_name=REGION)
        s3 = session.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=BUCKET, Key=f"models/{RUN}/output/model.tar.gz", Body=archive(b"weights"))
        s3.put_object(Bucket=BUCKET, Key=f"models/{RUN}/output/output.tar.gz", Body=archive(b"metrics"))
        s3.put_object(Bucket=BUCKET, Key=f"datasets/{RUN}/train/data.arrow", Body=b"ids" * 1000)
        s3.put_object(Bucket=BUCKET, Key=f"datasets/{RUN}/train/empty", Body=b"")
        s3.put_object(Bucket=BUCKET, Key=f"checkpoints/{RUN}/checkpoint-1", Body=b"not taken home")
        yield session


def archive(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo("file.bin")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


class Cut:
    """An S3 client whose downloads break off after some bytes, a few times."""

    def __init__(self, s3: Any, after: int, times: int) -> None:
        self._s3, self._after, self.left, self.ranges = s3, after, times, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, **request: Any) -> Any:
        answer = self._s3.get_object(**request)
        if "Range" in request:
            self.ranges.append(request["Range"])
            if self.left:
                self.left -= 1
                answer["Body"] = self
                self._content = answer
                self._body = self._s3.get_object(**request)["Body"]
        return answer

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        yield self._body.read(self._after)
        raise ReadTimeoutError(endpoint_url="https://s3.amazonaws.com")


def test_should_bring_a_run_home_with_checksums(session: boto3.Session, tmp_path: Path) -> None:
    s3 = session.client("s3")
    assert runs_with_results(s3, BUCKET).names == [RUN]
    files = export_run(s3, BUCKET, RUN, tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in files} == {
        "model.tar.gz",
        "output.tar.gz",
        "datasets/train/data.arrow",
        "datasets/train/empty",
    }
    assert (tmp_path / "model/file.bin").read_bytes() == b"weights"
    assert (tmp_path / "report/file.bin").read_bytes() == b"metrics"
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    assert not list(tmp_path.rglob("*.partial"))


def test_should_go_on_where_a_download_was_cut(session: boto3.Session, tmp_path: Path) -> None:
    s3 = Cut(session.client("s3"), after=70, times=1)
    export_run(s3, BUCKET, RUN, tmp_path)
    assert s3.ranges[:2] == ["bytes=0-", "bytes=70-"]
    assert (tmp_path / "datasets/train/data.arrow").read_bytes() == b"ids" * 1000


def test_should_resume_in_a_second_command_and_tell_the_first_one_apart(session: boto3.Session, tmp_path: Path) -> None:
    account = Account(session)
    names = Names("chitra")
    [never] = list_unexported_runs(account, names, (REGION,))
    assert "it was never exported" in str(never)
    s3 = Cut(session.client("s3"), after=10, times=5)
    with pytest.raises(WorkshopError, match=r"was cut off .* Run the command again to go on"):
        export_run(s3, BUCKET, RUN, tmp_path)
    [begun] = list_unexported_runs(account, names, (REGION,))
    assert "its export was begun and not finished" in str(begun)
    s3 = Cut(session.client("s3"), after=0, times=0)
    export_run(s3, BUCKET, RUN, tmp_path)
    assert s3.ranges[0] == "bytes=50-"
    assert list_unexported_runs(account, names, (REGION,)) == []


def test_should_download_nothing_twice(session: boto3.Session, tmp_path: Path) -> None:
    export_run(session.client("s3"), BUCKET, RUN, tmp_path)
    s3 = Cut(session.client("s3"), after=0, times=0)
    (tmp_path / "datasets/train/data.arrow").write_bytes(b"damaged")
    export_run(s3, BUCKET, RUN, tmp_path)
    assert len(s3.ranges) == 1
    assert (tmp_path / "datasets/train/data.arrow").read_bytes() == b"ids" * 1000


def test_should_ask_again_when_a_run_left_more_since(session: boto3.Session, tmp_path: Path) -> None:
    s3, account = session.client("s3"), Account(session)
    export_run(s3, BUCKET, RUN, tmp_path)
    s3.delete_object(Bucket=BUCKET, Key=f"datasets/{RUN}/train/empty")
    assert list_unexported_runs(account, Names("chitra"), (REGION,)) == []
    s3.put_object(Bucket=BUCKET, Key=f"datasets/{RUN}/train/new", Body=b"new")
    assert len(list_unexported_runs(account, Names("chitra"), (REGION,))) == 1


def test_should_record_an_export_in_the_folder_of_who_made_it(session: boto3.Session, tmp_path: Path) -> None:
    s3, account = session.client("s3"), Account(session)
    export_run(s3, BUCKET, RUN, tmp_path / "p", by="chitra-participant-1")
    records = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="exports/")["Contents"]]
    assert records == [f"exports/chitra-participant-1/{RUN}.json"]
    assert list_unexported_runs(account, Names("chitra"), (REGION,)) == []
    s3.put_object(Bucket=BUCKET, Key=f"datasets/{RUN}/train/new", Body=b"new")
    assert len(list_unexported_runs(account, Names("chitra"), (REGION,))) == 1
    export_run(s3, BUCKET, RUN, tmp_path / "o")
    assert list_unexported_runs(account, Names("chitra"), (REGION,)) == []


def test_should_take_no_run_for_another_whose_name_ends_alike(session: boto3.Session, tmp_path: Path) -> None:
    s3 = session.client("s3")
    s3.put_object(Bucket=BUCKET, Key=f"exports/chitra-participant-1/x/{RUN}.json", Body=b"no record")
    [never] = list_unexported_runs(Account(session), Names("chitra"), (REGION,))
    assert "it was never exported" in str(never)


def test_should_verify_an_object_that_was_uploaded_in_parts(session: boto3.Session, tmp_path: Path) -> None:
    s3 = session.client("s3")
    weights = tmp_path / "weights.bin"
    weights.write_bytes(bytes(range(256)) * (2 * PART_BYTES // 256 + 999))
    key = f"models/{RUN}/output/weights.bin"
    s3.upload_file(str(weights), BUCKET, key, Config=TransferConfig(PART_BYTES, multipart_chunksize=PART_BYTES))
    [source] = [source for source in results_of(s3, BUCKET, RUN).sources if source.key == key]
    assert source.etag.endswith('-3"')
    assert etag_of(weights, PART_BYTES) == source.etag.strip('"')
    export_run(s3, BUCKET, RUN, tmp_path / "home")
    assert (tmp_path / "home/weights.bin").read_bytes() == weights.read_bytes()


def test_should_refuse_what_leaves_the_folder(session: boto3.Session, tmp_path: Path) -> None:
    s3 = session.client("s3")
    s3.put_object(Bucket=BUCKET, Key=f"datasets/{RUN}/../../evil", Body=b"x")
    refused: list[Refusal] = []
    export_run(s3, BUCKET, RUN, tmp_path / "home", on_refusal=refused.append)
    assert [refusal.key for refusal in refused] == [f"datasets/{RUN}/../../evil"]
    assert not list(tmp_path.rglob("evil"))
    with pytest.raises(WorkshopError, match="has nothing to export"):
        export_run(s3, BUCKET, "chitra--nothing", tmp_path / "home")


@given(size=st.integers(1, 10**10), part_mebibytes=st.integers(5, 600))
def test_should_find_the_part_size_among_the_likely_ones(size: int, part_mebibytes: int) -> None:
    part_bytes = part_mebibytes * 1024 * 1024
    parts = -(-size // part_bytes)
    if parts > 1:
        likely = likely_part_sizes(size, parts)
        assert part_bytes in likely
        assert all(-(-size // each) == parts for each in likely)


@given(content=st.binary(max_size=200), part_bytes=st.integers(1, 50))
def test_should_count_the_parts_of_an_etag(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, part_bytes: int
) -> None:
    file = tmp_path_factory.mktemp("etag") / "file"
    file.write_bytes(content)
    assert int(etag_of(file, part_bytes).partition("-")[2]) == -(-len(content) // part_bytes)
