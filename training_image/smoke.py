"""A check of a training instance within minutes: ten steps of the real training, on articles of random ids.

`workshop smoke` starts it as a training job without channels: `python -m training_image.smoke`.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from chitra.contract import base_dir, bundled_model_dir
from chitra.encoded import encoded_features
from chitra.errors import InputError
from chitra.hyperparameters import Hyperparameters, read_hyperparameters
from chitra.model_files import read_tokenizer_files
from chitra.smoke import SmokeReport
from chitra.tokenisation import smallest_id_type
from training_image.channels import Channels
from training_image.cluster import count_gpus, read_cluster
from training_image.device import FOR_TRAINING, gpu_problem
from training_image.train import keep_quiet, run_job
from training_image.trainer import FineTuning

STEPS = 10
UNTIMED_STEPS = 2  # the first ones wait for the GPU's kernels to be loaded
CATEGORIES = [f"category-{number}" for number in range(9)]  # as many as livedoor news has
DRIVER = Path("/proc/driver/nvidia/version")
# "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024"
DRIVER_VERSION = re.compile(r"Kernel Module.*?\s(\d+(?:\.\d+)+)\s")
GIGABYTE = 1e9


def main() -> int:
    """0, 2 for a GPU that cannot be used or is too small, 1 for a fault of ours; ``output/failure`` says why.

    The first GPU of an instance stands for all.
    """
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    return run_job(lambda stop: check(base_dir(), bundled_model_dir(), stop))


def check(base: Path, model_dir: Path, stop: threading.Event) -> None:
    """Train ten batches of the job's hyperparameters, evaluate one, and print what was seen.

    Raises:
        InputError: the GPU, the hyperparameters or the model cannot be used.
    """
    keep_quiet()
    hyperparameters = read_hyperparameters(base / "input/config/hyperparameters.json")
    cluster = read_cluster(base)
    print(f"driver {driver_version() or 'none'}, PyTorch {torch.__version__}, CUDA {torch.version.cuda or 'none'}")
    if problem := gpu_problem(FOR_TRAINING, cluster.current_instance_type):
        raise InputError(problem)
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
    gpus = max(1, count_gpus()) if gpu else 1
    print(f"GPU {gpu}" if gpu else "no GPU: training on the CPU", flush=True)
    one_epoch = hyperparameters.model_copy(update={"epochs": 1.0})
    batch = hyperparameters.train_batch_size
    channels = random_channels(model_dir, one_epoch, articles=STEPS * batch)
    print(f"training {STEPS} steps of {batch} articles with {hyperparameters.max_length} ids each", flush=True)
    tuning = FineTuning(channels, one_epoch, model_dir=model_dir, checkpoints=base / "checkpoints", stop=stop)
    print(tuning, flush=True)
    clock = StepClock()
    tuning.trainer.add_callback(clock)
    if not tuning.run():
        print("stopped by SIGTERM", flush=True)
        return
    report = SmokeReport(
        gpu=gpu,
        driver=driver_version(),
        torch=torch.__version__,
        cuda=torch.version.cuda or "",
        memory_peak=torch.cuda.max_memory_allocated() if gpu else 0,
        memory_total=torch.cuda.get_device_properties(0).total_memory if gpu else 0,
        articles_per_second=round(clock.steps_per_second() * batch * gpus, 2),
    )
    print(f"{report.articles_per_second} articles/s")
    if gpu:
        print(f"GPU memory: {report.memory_peak / GIGABYTE:.1f} of {report.memory_total / GIGABYTE:.1f} GB at most")
    print(report.to_line(), flush=True)


def random_channels(model_dir: Path, hyperparameters: Hyperparameters, *, articles: int) -> Channels:
    """Of the longest articles that training would read; validation has one batch, which is the test split, too."""
    vocabulary = read_tokenizer_files(model_dir).vocabulary
    random = np.random.default_rng(hyperparameters.seed)
    features = encoded_features(smallest_id_type(vocabulary).name, CATEGORIES)

    def split(count: int) -> Dataset:
        ids = random.integers(len(vocabulary), size=(count, hyperparameters.max_length))
        labels = random.integers(len(CATEGORIES), size=count)
        return Dataset.from_dict({"input_ids": ids, "label": labels, "article": range(count)}, features=features)

    validation = split(hyperparameters.eval_batch_size)
    return Channels(split(articles), validation, validation, CATEGORIES, hyperparameters.max_length)


class StepClock(TrainerCallback):
    """Times the steps, without the evaluation and the checkpoint behind them."""

    def __init__(self) -> None:
        self._ends: list[float] = []

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> TrainerControl:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self._ends.append(time.monotonic())
        return control

    def steps_per_second(self) -> float:
        timed = self._ends[UNTIMED_STEPS - 1 :]
        return (len(timed) - 1) / (timed[-1] - timed[0])


def driver_version(file: Path = DRIVER) -> str:
    """Of NVIDIA's kernel module, which containers see, too; empty without one."""
    try:
        found = DRIVER_VERSION.search(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1] if found else ""


if __name__ == "__main__":
    sys.exit(main())
