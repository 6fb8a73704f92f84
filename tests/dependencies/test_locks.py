"""Every package of the set-up and of the image is locked with the hashes of its files."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from dependencies.install import CHECKOV_LOCK, CPU_LOCK, INSTALLER_LOCK, PYPI_LOCK, REQUIREMENTS_LOCK
from dependencies.lock import CHECKOV, CUDA_LOCK, CUDA_TORCH, IMAGE_LOCK, NOT_IMPORTED, entries

ROOT = Path(__file__).parent.parent.parent
LOCKS = (REQUIREMENTS_LOCK, PYPI_LOCK, CPU_LOCK, INSTALLER_LOCK, IMAGE_LOCK, CUDA_LOCK)


def read(*names: str) -> dict[str, str]:
    """Entries by name: a requirement and, in lines below it, its hashes."""
    return {name: entry for lock in names for name, entry in entries((ROOT / lock).read_text()).items()}


@pytest.mark.parametrize("lock", LOCKS)
def test_should_give_every_line_of_a_lock_a_version_and_hashes(lock: str) -> None:
    packages = read(lock)
    pinned = re.compile(r"([\w.-]+==[\w.+]+( ; [^\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n)+")
    assert not [entry for entry in packages.values() if not pinned.fullmatch(entry)]
    assert "# Written by `make lock`.\n" + "".join(packages.values()) == (ROOT / lock).read_text()


def test_should_lock_checkov_apart_also_where_versions_differ_by_interpreter() -> None:
    text = (ROOT / CHECKOV_LOCK).read_text()
    assert f"\n{CHECKOV} \\\n" in text
    lines = re.fullmatch(
        r"# Written by `make lock`.\n([\w.-]+==\S+( ; [^\n]+)? \\\n( +--hash=sha256:\w{64}( \\)?\n)+)+", text
    )
    assert lines


def test_should_cut_the_images_locks_out_of_the_set_ups() -> None:
    image, set_up = read(IMAGE_LOCK, INSTALLER_LOCK), read(REQUIREMENTS_LOCK)
    assert image.items() <= set_up.items()


def test_should_take_pytorch_for_cuda_12_where_gpus_are() -> None:
    """CUDA 13 needs a driver that AWS promises to no training job."""
    packages = read(CUDA_LOCK)
    assert packages.pop("torch").split()[0] == CUDA_TORCH
    assert {"nvidia-cublas-cu12", "nvidia-cudnn-cu12", "nvidia-nccl-cu12"} <= packages.keys()
    assert [name for name in packages if not re.fullmatch(r"nvidia-[a-z-]+-cu12", name)] == []
    assert not packages.keys() & {*read(IMAGE_LOCK), *NOT_IMPORTED}


def test_should_install_into_the_image_what_the_tests_run_with() -> None:
    packages = read(IMAGE_LOCK)
    assert {"datasets", "sudachitra", "transformers"} <= packages.keys()
    assert not [entry for name, entry in packages.items() if not entry.startswith(f"{name}=={version(name)} ")]


def test_should_keep_cuda_out_of_what_is_installed_with_the_cpu_build() -> None:
    assert {"nvidia-cublas", "nvidia-cudnn-cu13", "torch", "triton"} <= read(PYPI_LOCK).keys()
    assert not read(PYPI_LOCK).keys() & read(REQUIREMENTS_LOCK, IMAGE_LOCK).keys()
    assert read(CPU_LOCK).keys() == {"torch"}


def test_should_pin_the_same_torch_in_every_build_for_cpus() -> None:
    pypi, cpu = (read(lock)["torch"].split()[0] for lock in (PYPI_LOCK, CPU_LOCK))
    assert cpu == f"{pypi}+cpu"


def test_should_leave_pip_nothing_to_install() -> None:
    """What is locked for this platform is installed: pip itself reads the locks and their markers."""
    lock = CPU_LOCK if "+cpu" in version("torch") else PYPI_LOCK
    ask = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps", "--require-hashes"]
    done = subprocess.run(
        [*ask, "-r", REQUIREMENTS_LOCK, "-r", lock], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Would install" not in done.stdout
