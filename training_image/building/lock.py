"""Writes what the image installs: the packages its programs import and all they need, as installed here.

`make lock` runs it, so the image holds the versions that the tests ran with: requirements.lock for both targets,
cuda.lock for torch's CUDA build, whose own packages are resolved by pip.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

IMPORTED = (
    "accelerate",
    "datasets",
    "fastapi",
    "matplotlib",
    "matplotlib-fontja",
    "numpy",
    "pydantic",
    "scikit-learn",
    "sudachidict-core",
    "sudachipy",
    "sudachitra",
    "torch",
    "transformers",
    "uvicorn",
)
# Asked for by one of those and imported by none of the programs; a test of the image watches it.
NOT_IMPORTED = ("contourpy", "hf-xet", "httpcore", "logzero", "networkx", "setuptools", "triton")
CUDA_PREFIXES = ("cuda-", "nvidia-", "torch")
FOLDER = Path(__file__).parent


def image_requirements() -> dict[str, str]:
    """Versions by name: everything that ``IMPORTED`` needs here, with the extras it asks for."""
    pending, found = list(IMPORTED), dict[str, str]()
    while pending:
        name = canonicalize_name(pending.pop())
        if name in found or name in NOT_IMPORTED:
            continue
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:
            continue  # for another platform
        for text in requires(name) or []:
            requirement = Requirement(text)
            extras = requirement.extras or {""}
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                pending.append(requirement.name)
                pending += [
                    Requirement(inner).name
                    for extra in extras - {""}
                    for inner in requires(requirement.name) or []
                    if (marker := Requirement(inner).marker) and marker.evaluate({"extra": extra})
                ]
    return dict(sorted(found.items()))


def cuda_requirements(torch_version: str) -> dict[str, str]:
    """Versions by name of torch's build for CUDA and the packages that only it needs, from PyPI's metadata."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        ask = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        subprocess.run(
            [*ask, "--target", scratch, "--report", str(report), f"torch=={torch_version}"],
            check=True,
            env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""},  # a local CPU build would win
        )
        installed = json.loads(report.read_text(encoding="utf-8"))["install"]
    packages = {canonicalize_name(item["metadata"]["name"]): item["metadata"]["version"] for item in installed}
    return dict(sorted((name, number) for name, number in packages.items() if name.startswith(CUDA_PREFIXES)))


def write_lock(file: Path, packages: dict[str, str]) -> None:
    file.write_text("".join(f"{name}=={number}\n" for name, number in packages.items()), encoding="utf-8")


if __name__ == "__main__":
    both = image_requirements()
    write_lock(FOLDER / "requirements.lock", both)
    write_lock(FOLDER / "cuda.lock", cuda_requirements(both["torch"]))
