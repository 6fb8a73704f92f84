"""The check of a training instance, as a training job without channels."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from chitra.hyperparameters import Hyperparameters
from chitra.smoke import SmokeReport, find_report
from tests.conftest import Job
from training_image import smoke

LINES = {
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024": "535.183.01",
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (builder@host)": "580.95.05",
    "GCC version:  gcc version 11.4.0": "",
}


@pytest.fixture
def job(tmp_path: Path, make_job: Callable[[Path], Job]) -> Job:
    return make_job(tmp_path)


def test_should_train_ten_steps_and_report_what_it_saw(job: Job) -> None:
    job.set_hyperparameters(train__batch__size="4", eval__batch__size="2", max_length="64", epochs="3")
    done = job.run("training_image.smoke")
    assert done.returncode == 0, done.stderr
    report = find_report(done.stdout.splitlines())
    assert report
    assert (report.gpu, report.driver, report.memory_peak, report.memory_total) == ("", smoke.driver_version(), 0, 0)
    assert (report.torch, report.cuda) == (torch.__version__, torch.version.cuda or "")
    assert "no GPU: training on the CPU\ntraining 10 steps of 4 articles with 64 ids each\n" in done.stdout
    assert "  step 10/10  " in done.stdout
    assert f"\n{report.articles_per_second} articles/s\n" in done.stdout
    assert not (job.base / "model").exists()


def test_should_end_as_the_training_would_where_it_cannot_use_the_gpu(job: Job) -> None:
    config = job.base / "input/config"
    config.mkdir(parents=True)
    (config / "resourceconfig.json").write_text('{"current_instance_type": "ml.g4dn.xlarge"}')
    done = job.run("training_image.smoke")
    assert done.returncode == 2
    assert done.stdout.startswith("driver ")
    reason = (
        "the container sees no GPU" if torch.version.cuda else "there is a GPU, but the image holds PyTorch for CPUs"
    )
    assert (job.base / "output/failure").read_text().startswith(f"ml.g4dn.xlarge: {reason}.")
    assert "Traceback" not in done.stderr


def test_should_stop_at_sigterm_without_a_report(job: Job) -> None:
    job.set_hyperparameters(train__batch__size=64)
    process = job.start("training_image.smoke")
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "  step 1/10  " in line:
            process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, said
    assert "stopped by SIGTERM" in said
    assert find_report(said.splitlines()) is None


def test_should_make_the_longest_articles_that_training_reads(stand_in: Path) -> None:
    hyperparameters = Hyperparameters(max_length=16, eval_batch_size=3)
    channels = smoke.random_channels(stand_in, hyperparameters, articles=40)
    assert (len(channels.train), len(channels.validation), len(channels.categories)) == (40, 3, 9)
    assert {len(ids) for ids in channels.train["input_ids"]} == {16}


@pytest.mark.parametrize(("text", "version"), LINES.items())
def test_should_know_the_version_of_the_driver(tmp_path: Path, text: str, version: str) -> None:
    (tmp_path / "version").write_text(f"{text}\n")
    assert smoke.driver_version(tmp_path / "version") == version
    assert smoke.driver_version(tmp_path / "nothing") == ""


def test_should_find_the_report_among_other_lines() -> None:
    report = SmokeReport(
        gpu="T4", driver="535", torch="2", cuda="12", memory_peak=1, memory_total=2, articles_per_second=9.5
    )
    assert find_report(["starting", report.to_line(), "done"]) == report
    for line in ('{"smoke": {}}', '{"smoke": ', '{"smoke": [' + "[" * 1000, report.to_line().replace("9.5", "0.0")):
        assert find_report([line]) is None
    assert find_report([]) is None
