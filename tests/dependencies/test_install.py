"""Which build of PyTorch a set-up takes, with real pip against package indexes on this machine."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dependencies.install import CPU_LOCK, INSTALLER_LOCK, PYPI_LOCK, REQUIREMENTS_LOCK, answers, has_cpu_build, install

ROOT = Path(__file__).parent.parent.parent
CPU_TORCH = "torch==9.9.9+cpu"
HERE, ELSEWHERE = "py3-none-any", "cp39-cp39-win32"
INSTALL = (
    "import sys, pathlib; from dependencies.install import install; install(pathlib.Path(sys.argv[1]), sys.argv[2])"
)


def publish(index: Path, requirement: str, tag: str = HERE, needs: tuple[str, ...] = ()) -> str:
    """Put an empty wheel into an index; returns its line of a lock."""
    name, number = requirement.split("==")
    wheel = index / name / f"{name.replace('-', '_')}-{number}-{tag}.whl"
    wheel.parent.mkdir(parents=True, exist_ok=True)
    information = f"{name.replace('-', '_')}-{number}.dist-info"
    asked = "".join(f"Requires-Dist: {need}\n" for need in needs)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n{asked}")
        archive.writestr(f"{information}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{information}/RECORD", "")
    return f"{requirement} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server of ``tmp_path``, whose listings of folders are indexes that pip can read."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def only_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip as on a machine without settings, and with an index that holds nothing instead of PyPI."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "pypi").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "pypi").as_uri())


@pytest.mark.usefixtures("only_here")
def test_should_take_the_cpu_build_that_an_index_offers(tmp_path: Path, address: str) -> None:
    lock = tmp_path / "torch-cpu.lock"
    lock.write_text(publish(tmp_path / "cpu", CPU_TORCH))
    assert answers(f"{address}/cpu")
    assert has_cpu_build(lock, ["--extra-index-url", f"{address}/cpu"])


@pytest.mark.usefixtures("only_here")
def test_should_take_the_cpu_build_where_pip_is_configured_to_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "torch-cpu.lock"
    lock.write_text(publish(tmp_path / "wheels", CPU_TORCH))
    assert not has_cpu_build(lock, [])
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels/torch"))
    assert has_cpu_build(lock, [])


@pytest.mark.usefixtures("only_here")
def test_should_leave_a_cpu_build_that_is_not_locked_or_for_another_interpreter(tmp_path: Path, address: str) -> None:
    lock = tmp_path / "torch-cpu.lock"
    lock.write_text(publish(tmp_path / "elsewhere", CPU_TORCH, ELSEWHERE))
    publish(tmp_path / "unlocked", CPU_TORCH)
    assert not has_cpu_build(lock, ["--extra-index-url", f"{address}/elsewhere"])
    assert not has_cpu_build(lock, ["--extra-index-url", f"{address}/unlocked"])


def test_should_not_wait_for_an_index_that_is_away(address: str) -> None:
    assert not answers(f"{address}/nothing-here")
    assert not answers("http://127.0.0.1:9")


def test_should_keep_the_cpu_build_that_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dependencies.install.installed", {"torch": "9.9.9+cpu"}.get)
    lock = tmp_path / "torch-cpu.lock"
    lock.write_text(f"{CPU_TORCH} \\\n    --hash=sha256:{'0' * 64}\n")
    assert has_cpu_build(lock, [])


class SetUp:
    """A folder with small locks whose packages lie in an index beside it, and an empty virtual environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pypi = folder / "pypi"
        (folder / "dependencies").mkdir()
        needs_cuda = ("nvidia-cublas==1.0",)
        (folder / INSTALLER_LOCK).write_text(publish(self.pypi, "builder==1.0"))
        (folder / REQUIREMENTS_LOCK).write_text(publish(self.pypi, "program==1.0", needs=("torch",)))
        (folder / PYPI_LOCK).write_text(
            publish(self.pypi, "torch==9.9.9", needs=needs_cuda) + publish(self.pypi, needs_cuda[0])
        )
        (folder / CPU_LOCK).write_text(publish(folder / "cpu", CPU_TORCH))
        venv.create(folder / "venv", with_pip=True, symlinks=True)
        self.python = folder / "venv/bin/python"

    def run(self, address: str, cpu_index: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-c", INSTALL, str(self.folder), cpu_index],
            cwd=ROOT,
            env={**os.environ, "PIP_INDEX_URL": f"{address}/pypi"},
            capture_output=True,
            text=True,
            check=False,
        )

    def packages(self) -> set[str]:
        listed = subprocess.check_output([self.python, "-m", "pip", "list", "--format=freeze"], text=True).split()
        return {line for line in listed if not line.startswith(("pip==", "setuptools=="))}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyPI's build is the one for CPUs")
@pytest.mark.usefixtures("only_here")
def test_should_install_without_cuda_where_a_cpu_build_can_be_had(tmp_path: Path, address: str) -> None:
    set_up = SetUp(tmp_path)
    done = set_up.run(address, f"{address}/cpu")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert set_up.packages() == {"builder==1.0", "program==1.0", CPU_TORCH}
    assert set_up.run(address, "http://127.0.0.1:9").stdout == ""  # what is installed stays, index or not
    assert set_up.packages() == {"builder==1.0", "program==1.0", CPU_TORCH}


@pytest.mark.usefixtures("only_here")
def test_should_install_pypis_build_elsewhere_and_nothing_whose_hash_is_not_locked(
    tmp_path: Path, address: str
) -> None:
    set_up = SetUp(tmp_path)
    locked = (tmp_path / REQUIREMENTS_LOCK).read_text()
    (tmp_path / REQUIREMENTS_LOCK).write_text(f"program==1.0 --hash=sha256:{'0' * 64}\n")
    refused = set_up.run(address, "http://127.0.0.1:9")
    assert refused.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in refused.stderr
    assert refused.stderr.splitlines()[-1].startswith("error: pip could not install dependencies/torch-pypi.lock; its ")
    (tmp_path / REQUIREMENTS_LOCK).write_text(locked)
    assert set_up.run(address, "http://127.0.0.1:9").returncode == 0
    assert set_up.packages() == {"builder==1.0", "program==1.0", "torch==9.9.9", "nvidia-cublas==1.0"}


def test_should_make_an_environment_again_whose_set_up_was_stopped(tmp_path: Path) -> None:
    """One whose packages are only to be changed is kept."""
    command = ["make", "--dry-run", "--always-make", "setup", "PYTHON=python3", f"VENV={tmp_path}"]
    assert f"python3 -m venv  {tmp_path}\n" in subprocess.check_output(command, cwd=ROOT, text=True)
    (tmp_path / ".unfinished").touch()
    assert f"python3 -m venv --clear {tmp_path}\n" in subprocess.check_output(command, cwd=ROOT, text=True)


def test_should_say_that_there_is_no_pytorch_for_intel_macs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(SystemExit, match="PyTorch has no build for Macs with Intel processors"):
        install(tmp_path, "")
