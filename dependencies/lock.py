"""Writes the locks: every package with its version and the hashes of its files for every platform.

`make lock` runs it after requirements.txt has changed. uv resolves; what is locked stays as long as requirements.txt
allows it. The image's locks are cut out of the set-up's, so the image holds the versions that the tests ran with; but
for PyTorch on GPUs, ``CUDA_TORCH``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from dependencies.install import (
    CHECKOV_LOCK,
    CPU_INDEX,
    CPU_LOCK,
    INSTALLER_LOCK,
    PYPI_LOCK,
    REQUIREMENTS_LOCK,
    ROOT,
    answers,
    cpu_build_hash,
)

IMAGE_LOCK = "training_image/building/requirements.lock"
CUDA_LOCK = "training_image/building/cuda.lock"
# PyPI builds 2.11 and newer for CUDA 13, which needs driver 580: AWS names no driver for training jobs, and lets nobody
# choose one. This is the last one for CUDA 12 (12.8), which drivers from 525 on run.
CUDA_TORCH = "torch==2.10.0"
# Scans the templates. Its own pins of boto3, packaging and others are not those of requirements.txt.
CHECKOV = "checkov==3.3.30"
# What the image's programs import.
IMPORTED = (
    "accelerate",
    "datasets",
    "fastapi",
    "matplotlib",
    "matplotlib-fontja",
    "numpy",
    "onnx",
    "onnxruntime",
    "pydantic",
    "scikit-learn",
    "sudachidict-core",
    "sudachipy",
    "sudachitra",
    "tensorboardx",
    "torch",
    "transformers",
    "uvicorn",
)
# Asked for by one of those and imported by none of the programs; a test of the image watches it.
NOT_IMPORTED = (
    *("contourpy", "flatbuffers", "hf-xet", "httpcore", "logzero", "networkx", "setuptools", "triton"),
    *("cuda-bindings", "cuda-pathfinder"),  # of torch 2.10, its own tests alone do
)
INSTALLERS = ("pip", "setuptools", "setuptools-scm")
CUDA = re.compile(r"cuda-|nvidia-|torch$|triton$")
PYTHON = ("--python-version", "3.11")
EVERYWHERE = ("--universal", *PYTHON)
IMAGE = ("--python-platform", "x86_64-manylinux_2_28", *PYTHON)
HEADER = "# Written by `make lock`.\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / "full.lock"
        full.write_text("".join(read(name) for name in (REQUIREMENTS_LOCK, PYPI_LOCK)), encoding="utf-8")
        resolve(["requirements.txt", "--output-file", str(full), "--generate-hashes", *EVERYWHERE])
        packages = entries(full.read_text(encoding="utf-8"))
        in_constraints = ["-", "--constraints", str(full)]
        image = entries(resolve([*in_constraints, *IMAGE], IMPORTED)).keys() - set(NOT_IMPORTED)
        installers = entries(resolve([*in_constraints, *EVERYWHERE], INSTALLERS)).keys()
        cuda = {name for name in packages if CUDA.match(name)}
        on_gpus = for_gpus(cut(packages, packages.keys() - cuda), Path(scratch))
        checkov = apart(CHECKOV, CHECKOV_LOCK, Path(scratch))
    contents = {
        REQUIREMENTS_LOCK: cut(packages, packages.keys() - cuda),
        PYPI_LOCK: cut(packages, cuda),
        CPU_LOCK: cpu_entry(packages["torch"]),
        INSTALLER_LOCK: cut(packages, installers),
        IMAGE_LOCK: cut(packages, image - cuda),
        CHECKOV_LOCK: checkov,
        CUDA_LOCK: cut(on_gpus, on_gpus.keys() - (image - cuda) - set(NOT_IMPORTED)),
    }
    for name, content in contents.items():
        (ROOT / name).write_text(HEADER + content, encoding="utf-8")


def for_gpus(shared: str, scratch: Path) -> dict[str, str]:
    """Entries of the image's packages with ``CUDA_TORCH``; all but it and what it brings are those of ``shared``."""
    constraints, lock = scratch / "shared.lock", scratch / "cuda.lock"
    constraints.write_text(shared, encoding="utf-8")
    lock.write_text(read(CUDA_LOCK), encoding="utf-8")
    asked = tuple(CUDA_TORCH if name == "torch" else name for name in IMPORTED)
    kept = ["--constraints", str(constraints), "--output-file", str(lock)]
    resolve(["-", *kept, "--generate-hashes", *IMAGE], asked)
    return entries(lock.read_text(encoding="utf-8"))


def apart(requirement: str, name: str, scratch: Path) -> str:
    """The lock of a package and what it needs, whatever versions the others have; ``name`` is where it stands."""
    lock = scratch / "apart.lock"
    lock.write_text(read(name), encoding="utf-8")
    resolve(["-", "--output-file", str(lock), "--generate-hashes", *EVERYWHERE], (requirement,))
    return lock.read_text(encoding="utf-8")


def resolve(arguments: list[str], requirements: tuple[str, ...] = ()) -> str:
    """What `uv pip compile` prints; ``requirements`` are its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-annotate", "--no-header", *arguments],
        cwd=ROOT,
        input="\n".join(requirements),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit("error: uv could not resolve requirements.txt; its reason stands above. The locks are as they were.")
    return done.stdout


def entries(lock: str) -> dict[str, str]:
    """A lock's entries (a requirement, and its hashes in lines below it) by the package's name.

    Where interpreters get different versions, a package has an entry for each of them.
    """
    packages: dict[str, str] = {}
    for entry, name in re.findall(r"^(([\w.-]+)==.*\n(?:[ ].*\n)*)", lock, re.MULTILINE):
        packages[name] = packages.get(name, "") + entry
    return packages


def cut(packages: dict[str, str], names: Iterable[str]) -> str:
    return "".join(packages[name] for name in sorted(names))


def cpu_entry(pypi_entry: str) -> str:
    """The same version's CPU build: from PyTorch's index, or as it is locked, or the one that pip finds here."""
    requirement = pypi_entry.split()[0] + "+cpu"
    if answers(CPU_INDEX):
        torch_only = ["-", "--no-deps", "--default-index", CPU_INDEX, "--generate-hashes", *EVERYWHERE]
        return resolve(torch_only, (requirement,))
    locked = entries(read(CPU_LOCK)).get("torch", "")
    if locked.split()[:1] == [requirement]:
        return locked
    if (found := cpu_build_hash(requirement, [])) is None:
        sys.exit(f"error: {CPU_INDEX} does not answer, so {requirement} cannot be locked. The locks are as they were.")
    return f"{requirement} \\\n    --hash=sha256:{found}\n"


def read(name: str) -> str:
    file = ROOT / name
    return file.read_text(encoding="utf-8") if file.exists() else ""


if __name__ == "__main__":
    main()
