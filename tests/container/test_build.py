"""What a build takes, what it refuses, and that two of them give the same files."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from pathlib import Path

from local_aws.engine import docker
from tests.container.conftest import LABEL, build

Files = dict[str, tuple[bytes, int, int, int, str]]


def files_of(image: str) -> Files:
    """Type, mode, owner, group and hash or link target of every file, by name; times are left out."""
    container = docker("create", image).stdout.strip()
    files: Files = {}
    with (
        subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export,
        tarfile.open(fileobj=export.stdout, mode="r|") as tar,
    ):
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            content = hashlib.file_digest(stream, "sha256").hexdigest() if stream else member.linkname
            files[member.name] = (member.type, member.mode, member.uid, member.gid, content)
    docker("rm", container)
    return files


def test_should_hold_the_same_files_when_built_again(image: str, stand_in: Path) -> None:
    again = f"{LABEL}:again"
    done = build(stand_in, again, "--no-cache")
    assert done.returncode == 0, done.stderr[-4000:]
    first, second = files_of(image), files_of(again)
    docker("rmi", again)
    assert len(first) > 10_000
    assert {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)} == set()


def test_should_bundle_an_archive_and_check_it(engine: None, archive: Path) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    done = build(archive, f"{LABEL}:model", "--target", "model", MODEL_SHA256=digest)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"bundled models/chiTra-1.0.tar.gz, sha256 {digest}" in done.stderr
    docker("rmi", f"{LABEL}:model")
    done = build(archive, f"{LABEL}:model", "--target", "model", MODEL_SHA256="0" * 64)
    assert done.returncode != 0
    assert f"error: models/chiTra-1.0.tar.gz: has sha256 {digest}, not {'0' * 64}. Fetch it again." in done.stderr


def test_should_fail_with_one_line_on_what_is_no_model(engine: None, archive: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[:4000])
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "readme.txt").write_text("no model")
    for source, line in (
        (cut, "error: models/cut.tar.gz: truncated or unsafe"),
        (empty, "error: models/empty: is no chiTra model, config.json"),
        (tmp_path / "nothing.tar.gz", "error: models/nothing.tar.gz: does not exist."),
    ):
        done = build(source, f"{LABEL}:model", "--target", "model")
        assert done.returncode != 0
        assert line in done.stderr
        assert "Traceback" not in done.stderr
