"""Downloads resume, are checked against the lock file, and never leave something half-written in use."""

from __future__ import annotations

import http.server
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chitra.archives import sha256_of
from chitra.errors import InputError, WorkshopError
from workshop.data.fetch import Download, fetch, unpack_model

CONTENT = bytes(range(256)) * 4096


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT with ranges; cuts the connection after ``cut`` bytes when asked to."""

    cut = 0
    etag = ""
    heeds_if_range = True
    ranges: list[str]
    content = CONTENT

    @property
    def download(self) -> Download:
        return Download("thing", f"http://127.0.0.1:{self.server_port}/thing.tar.gz")


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        if self.server.heeds_if_range and self.headers.get("If-Range", self.server.etag) != self.server.etag:
            asked = ""
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = self.server.content[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body)))
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        self.end_headers()
        cut, self.server.cut = self.server.cut, 0
        self.wfile.write(body[:cut] if cut else body)
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.ranges = []
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def no_progress(done: int, total: int) -> None:
    pass


def test_should_record_size_and_checksum_at_the_first_download(tmp_path: Path, server: Server) -> None:
    seen: list[tuple[int, int]] = []
    lock = tmp_path / "lock.json"
    file = fetch(server.download, tmp_path / "d", lock, lambda done, total: seen.append((done, total)))
    assert file.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    entry = json.loads(lock.read_text())["thing"]
    assert entry == {"address": server.download.address, "size": len(CONTENT), "sha256": sha256_of(file)}


def test_should_go_on_where_the_connection_was_cut(tmp_path: Path, server: Server) -> None:
    server.cut = 300_000
    with pytest.raises(WorkshopError, match="Run the command again to go on, or put the file at"):
        fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    assert not (tmp_path / "thing.tar.gz").exists()
    assert not (tmp_path / "lock.json").exists()
    file = fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    assert file.read_bytes() == CONTENT
    assert server.ranges == ["", "bytes=300000-"]


@pytest.mark.parametrize("heeds", [True, False])
def test_should_not_join_two_versions_of_a_file(tmp_path: Path, server: Server, heeds: bool) -> None:
    """The first half of the old file and the second of the new one would be recorded as the truth."""
    server.cut, server.etag, server.heeds_if_range = 100_000, '"old"', heeds
    with pytest.raises(WorkshopError, match="Run the command again to go on"):
        fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    server.content, server.etag = bytes(reversed(CONTENT)), '"new"'
    if not heeds:
        with pytest.raises(WorkshopError, match="the file changed since the download began"):
            fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    file = fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    assert file.read_bytes() == server.content
    assert [each.name for each in tmp_path.iterdir() if "partial" in each.name] == []


def test_should_not_download_again(tmp_path: Path, server: Server) -> None:
    for _ in range(2):
        fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    assert server.ranges == [""]


def test_should_refuse_what_differs_from_the_lock_file(tmp_path: Path, server: Server) -> None:
    file = fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    file.unlink()
    server.content = b"x" + CONTENT[1:]
    with pytest.raises(WorkshopError, match=r"sha256 is [0-9a-f]{64}, but"):
        fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    assert not list(tmp_path.glob("thing*"))


def test_should_say_what_to_do_without_network(tmp_path: Path) -> None:
    nowhere = Download("thing", "http://127.0.0.1:9/thing.tar.gz")
    with pytest.raises(WorkshopError) as caught:
        fetch(nowhere, tmp_path, tmp_path / "lock.json", no_progress)
    assert nowhere.address in str(caught.value)
    assert str(tmp_path / "thing.tar.gz") in str(caught.value)


@pytest.mark.parametrize("content", ["[]", '{"thing": [1]}', "{", "[" * 100_000, '{"thing": ' + "9" * 5_000 + "}"])
def test_should_name_a_lock_file_that_cannot_be_read(tmp_path: Path, server: Server, content: str) -> None:
    (tmp_path / "lock.json").write_text(content)
    with pytest.raises(InputError, match=r"lock\.json(:1)?: (is|holds)") as caught:
        fetch(server.download, tmp_path, tmp_path / "lock.json", no_progress)
    assert len(str(caught.value)) < 300


def test_should_refuse_a_model_that_wants_more_than_is_given(tmp_path: Path, stand_in: Path) -> None:
    shutil.copytree(stand_in, tmp_path / "evil")
    config = tmp_path / "evil/tokenizer_config.json"
    config.write_text('{"sudachipy_kwargs": {"config_path": "sudachi.json"}}')
    for source in (tmp_path / "evil", archive_of(tmp_path / "evil", tmp_path / "evil.tar.gz")):
        with pytest.raises(WorkshopError, match=r"evil.*: tokenizer_config\.json: sudachipy_kwargs\.config_path"):
            unpack_model(source, tmp_path / "models/m")
    assert list((tmp_path / "models").iterdir()) == []


def archive_of(model: Path, file: Path) -> Path:
    with tarfile.open(file, "w:gz") as tar:
        tar.add(model, arcname="chiTra-1.0")
    return file


def test_should_unpack_an_archive_in_chitras_layout(tmp_path: Path, stand_in: Path) -> None:
    archive = archive_of(stand_in, tmp_path / "chiTra-1.0.tar.gz")
    folder = unpack_model(archive, tmp_path / "models/chiTra-1.0")
    assert {file.name for file in folder.iterdir()} == {file.name for file in stand_in.iterdir()}
    assert unpack_model(stand_in, tmp_path / "models/chiTra-1.0").is_dir()


def test_should_refuse_a_truncated_or_foreign_archive(tmp_path: Path, stand_in: Path) -> None:
    archive = archive_of(stand_in, tmp_path / "model.tar.gz")
    archive.write_bytes(archive.read_bytes()[:5000])
    with pytest.raises(WorkshopError, match="truncated or unsafe"):
        unpack_model(archive, tmp_path / "models/m")
    other = tmp_path / "other"
    other.mkdir()
    (other / "vocab.txt").write_text("x")
    with pytest.raises(WorkshopError, match=r"is no chiTra model, config\.json, pytorch_model\.bin"):
        unpack_model(other, tmp_path / "models/m")
    assert list((tmp_path / "models").iterdir()) == []
