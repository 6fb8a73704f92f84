"""The image's programs as processes, on a folder laid out like /opt/ml."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from chitra.contract import MODEL_DIR_VARIABLE, SPLITS


def environment(base: Path, model_dir: Path) -> dict[str, str]:
    return {**os.environ, "SAGEMAKER_BASE_DIR": str(base), MODEL_DIR_VARIABLE: str(model_dir)}


def run_job(module: str, base: Path, model_dir: Path, *arguments: str, code: int = 0) -> None:
    """Ends this process when the job ends with another exit code."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment(base, model_dir), capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise SystemExit(f"{module} ended with exit code {done.returncode}: {done.stderr}")


def prepare_training(base: Path) -> None:
    """The processing job's output becomes the training job's input."""
    (base / "input/data").mkdir(parents=True)
    (base / "input/config").mkdir()
    for name in SPLITS:
        (base / "input/data" / name).symlink_to(base / "processing/output" / name)


def cpu_seconds() -> float:
    """Of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
