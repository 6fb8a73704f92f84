"""A training that was killed goes on to the very model that it would have made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Job

EPOCHS = 4
# What is drawn at random: the order of articles, the windows, the hidden words, the dropout of BERT.
RANDOM = {"word_dropout": 0.2, "max_length": 32, "long_articles": "windows", "learning_rate": 0.001}


def start(base: Path, make_job: Callable[[Path], Job], preprocessed: Path) -> Job:
    (base / "input/data").mkdir(parents=True)
    for name in ("train", "validation", "test"):
        (base / "input/data" / name).symlink_to(preprocessed / name)
    job = make_job(base)
    job.set_hyperparameters(epochs=EPOCHS, train__batch__size=8, **RANDOM)
    return job


def result(job: Job) -> tuple[bytes, bytes]:
    """The model and what it predicts."""
    return (job.base / "model/model.safetensors").read_bytes(), (
        job.base / "output/data/predictions.jsonl"
    ).read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(
    tmp_path_factory: pytest.TempPathFactory, make_job: Callable[[Path], Job], preprocessed: Path
) -> tuple[bytes, bytes]:
    job = start(tmp_path_factory.mktemp("uninterrupted"), make_job, preprocessed)
    done = job.run("training_image.train")
    assert done.returncode == 0, done.stderr
    return result(job)


@pytest.mark.parametrize("moment", ["epoch 1.3", "epoch 2.00  validation", "epoch 3.5"])
def test_should_make_the_same_model_after_it_was_killed(
    tmp_path: Path,
    make_job: Callable[[Path], Job],
    preprocessed: Path,
    uninterrupted: tuple[bytes, bytes],
    moment: str,
) -> None:
    """The second moment is that of writing a checkpoint, which may be left half-written."""
    job = start(tmp_path / "ml", make_job, preprocessed)
    process = job.start("training_image.train")
    assert process.stdout is not None
    assert any(line.startswith(moment) for line in process.stdout)
    process.kill()
    process.wait()
    shutil.rmtree(job.base / "model", ignore_errors=True)
    done = job.run("training_image.train")
    assert done.returncode == 0, done.stderr
    assert "resuming from" in done.stdout
    assert result(job) == uninterrupted
