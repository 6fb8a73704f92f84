"""Installs what the locks hold into the virtual environment whose Python runs this.

`make setup` starts it in an environment that holds pip alone, so it imports the standard library only. On Linux PyPI's
build of PyTorch needs NVIDIA's libraries; PyTorch's own index has one for CPUs, a tenth of the size.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import urllib.request
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE = 5.0  # seconds for the index's answer
ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS_LOCK = "requirements.lock"  # everything but torch and what only its CUDA build needs
INSTALLER_LOCK = "dependencies/installer.lock"
CPU_LOCK = "dependencies/torch-cpu.lock"
PYPI_LOCK = "dependencies/torch-pypi.lock"
CHECKOV_LOCK = "dependencies/checkov.lock"  # it pins boto3 and others exactly: it gets an environment of its own
# Only sudachitra comes as source. What builds it is in installer.lock: no build fetches anything without a hash.
LOCKED = ("--require-hashes", "--no-build-isolation", "--only-binary=:all:", "--no-binary=sudachitra")


def install(root: Path, index: str) -> None:
    """Install everything, with the CPU build of torch from ``index`` or wherever pip is configured to look."""
    if (sys.platform, platform.machine()) == ("darwin", "x86_64"):
        sys.exit("error: PyTorch has no build for Macs with Intel processors. Take Linux, or a Mac with Apple silicon.")
    pip(root, "--require-hashes", "-r", INSTALLER_LOCK)
    lock = PYPI_LOCK
    if sys.platform == "linux":  # elsewhere PyPI's build is the one for CPUs
        places = ["--extra-index-url", index] if answers(index) else []
        if has_cpu_build(root / CPU_LOCK, places):
            pip(root, *LOCKED, "--no-deps", *places, "-r", CPU_LOCK)
            lock = CPU_LOCK
        else:
            print("no CPU build of PyTorch can be had here: taking PyPI's, some 3 GB more")
    pip(root, *LOCKED, "-r", REQUIREMENTS_LOCK, "-r", lock)


def install_checkov(root: Path) -> None:
    """Install the templates' scanner alone; all of it comes as wheels, so any pip does."""
    pip(root, "--require-hashes", "--only-binary=:all:", "-r", CHECKOV_LOCK)


def pip(root: Path, *arguments: str) -> None:
    """`pip install`, or the end of this process with one line below pip's own."""
    if subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", *arguments], cwd=root):
        sys.exit(
            f"error: pip could not install {arguments[-1]}; its reason stands above. "
            "Run the same command again when it is gone: finished downloads are kept."
        )


def answers(index: str) -> bool:
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=PATIENCE):  # noqa: S310 (no address of a user)
            return True
    except (OSError, HTTPException):
        return False


def has_cpu_build(lock: Path, places: list[str]) -> bool:
    """Whether the locked CPU build is installed, or pip finds it for this interpreter with a hash that is locked."""
    text = lock.read_text(encoding="utf-8")
    requirement = next(line for line in text.splitlines() if line.startswith("torch==")).split()[0]
    if installed("torch") == requirement.removeprefix("torch=="):
        return True
    found = cpu_build_hash(requirement, places)
    return found is not None and f"sha256:{found}" in text


def cpu_build_hash(requirement: str, places: list[str]) -> str | None:
    """The sha256 of the wheel that pip would install here for ``torch==VERSION+cpu``; None when it finds none."""
    ask = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
    asked = subprocess.run(
        [*ask, "--only-binary=:all:", "--report=-", *places, requirement],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # that there is none is no error
        check=False,
    )
    if asked.returncode:
        return None
    (package,) = json.loads(asked.stdout)["install"]
    found = package["download_info"]["archive_info"]
    # pip before 23.1 knows one hash, in one text.
    return str(found["hashes"]["sha256"] if "hashes" in found else found["hash"].removeprefix("sha256="))


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    try:
        install_checkov(ROOT) if sys.argv[1:] == ["checkov"] else install(ROOT, CPU_INDEX)
    except KeyboardInterrupt:
        sys.exit("stopped. Run the same command again: finished downloads are kept.")
