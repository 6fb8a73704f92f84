"""A training that was killed goes on to the very model that it would have made."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Job
from training_image.checkpoints import newest_complete_checkpoint

EPOCHS = 3
# What is drawn at random: the order of articles, the windows, the hidden words, the dropout of BERT.
RANDOM = {"word_dropout": 0.2, "max_length": 32, "long_articles": "windows", "learning_rate": 0.001}
RANDOM |= {"precision": "bf16"}  # with what autocast and its norms keep

# The training, which is killed when it has begun to write the second epoch's optimiser.
DIES_WRITING = """
import os, signal, sys, torch
from training_image import train
save, written = torch.save, []

def torn(content, file, *rest, **options):
    if str(file).endswith("optimizer.pt"):
        written.append(file)
    if len(written) < 2:
        return save(content, file, *rest, **options)
    with open(file, "wb") as half:
        half.write(b"PK")
    os.kill(os.getpid(), signal.SIGKILL)

torch.save = torn
sys.exit(train.main())
"""


def start(base: Path, make_job: Callable[[Path], Job], preprocessed: Path) -> Job:
    (base / "input/data").mkdir(parents=True)
    for name in ("train", "validation", "test"):
        (base / "input/data" / name).symlink_to(preprocessed / name)
    job = make_job(base)
    job.set_hyperparameters(epochs=EPOCHS, train__batch__size=8, **RANDOM)
    return job


Result = tuple[bytes, bytes, list[tuple[float, float]]]


def result(job: Job) -> Result:
    """The model, what it predicts, and the accuracy after each epoch."""
    output = job.base / "output/data"
    epochs = json.loads((output / "metrics.json").read_text(encoding="utf-8"))["epochs"]
    return (
        (job.base / "model/model.safetensors").read_bytes(),
        (output / "predictions.jsonl").read_bytes(),
        [(each["epoch"], each["validation_accuracy"]) for each in epochs],
    )


@pytest.fixture(scope="module")
def uninterrupted(
    tmp_path_factory: pytest.TempPathFactory, make_job: Callable[[Path], Job], preprocessed: Path
) -> Result:
    job = start(tmp_path_factory.mktemp("uninterrupted"), make_job, preprocessed)
    done = job.run("training_image.train")
    assert done.returncode == 0, done.stderr
    return result(job)


def kill_at_some_step(job: Job) -> None:
    """At any of the steps that are told, before the first checkpoint or after the last one, too."""
    process = job.start("training_image.train")
    assert process.stdout is not None
    step = random.randrange(16)  # noqa: S311
    print(f"killed at the {step}th step that is told")
    steps = (line for line in process.stdout if "  step " in line)
    assert any(number == step for number, _ in enumerate(steps))
    process.kill()
    process.wait()


def kill_while_it_writes_a_checkpoint(job: Job) -> None:
    killed = subprocess.run([sys.executable, "-c", DIES_WRITING], env=job.environment, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    torn = max((job.base / "checkpoints").iterdir(), key=lambda folder: int(folder.name.rpartition("-")[2]))
    assert (torn / "optimizer.pt").read_bytes() == b"PK"


def stop_within_an_epoch(job: Job) -> None:
    """As SageMaker does before it takes a spot instance away."""
    process = job.start("training_image.train")
    assert process.stdout is not None
    said = next(line for line in process.stdout if line.startswith("epoch 1.") and "  step " in line)
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read()
    assert process.wait(60) == 0
    assert "stopped by SIGTERM" in rest
    assert "validation accuracy" not in rest, said


@pytest.mark.parametrize("kill", [kill_at_some_step, kill_while_it_writes_a_checkpoint, stop_within_an_epoch])
def test_should_make_the_same_model_after_it_was_killed(
    tmp_path: Path,
    make_job: Callable[[Path], Job],
    preprocessed: Path,
    uninterrupted: Result,
    kill: Callable[[Job], None],
) -> None:
    job = start(tmp_path / "ml", make_job, preprocessed)
    kill(job)
    shutil.rmtree(job.base / "model", ignore_errors=True)
    complete = newest_complete_checkpoint(job.base / "checkpoints") is not None
    done = job.run("training_image.train")
    assert done.returncode == 0, done.stderr
    assert ("resuming from" in done.stdout) == complete
    assert result(job) == uninterrupted
