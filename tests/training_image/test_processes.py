"""Two instances train one model: processes on this machine, each with a disk of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from local_aws.ports import free_port
from tests.conftest import Job
from training_image.train import train

HOSTS = ["algo-1", "algo-2"]
EPOCHS = 2


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Path:
    """Without dropout, which each process draws for itself."""
    folder = Path(shutil.copytree(stand_in, tmp_path_factory.mktemp("model") / "model"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"classifier_dropout": 0.0}))
    return folder


def job_on(base: Path, model: Path, preprocessed: Path, batch: int, **resources: object) -> Job:
    (base / "input/data").mkdir(parents=True)
    for name in ("train", "validation", "test"):
        (base / "input/data" / name).symlink_to(preprocessed / name)
    job = Job(base, model)
    job.set_hyperparameters(
        epochs=EPOCHS, train__batch__size=batch, learning_rate=0.001, max_length=64, precision="fp32"
    )
    (base / "input/config/resourceconfig.json").write_text(json.dumps(resources))
    return job


def start_all(jobs: list[Job]) -> list[subprocess.Popen[str]]:
    """As the image's `train`, each in a group of its own, which can be killed like a host."""
    port = str(free_port())
    return [
        subprocess.Popen(
            [sys.executable, "-m", "training_image.supervise"],
            env={**job.environment, "MASTER_PORT": port},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        for job in jobs
    ]


def test_should_train_as_one_process_would_and_go_on_after_a_host_has_died(
    tmp_path: Path, model: Path, preprocessed: Path
) -> None:
    alone = job_on(tmp_path / "alone", model, preprocessed, 4)
    train(alone.base, model, threading.Event())

    jobs = [
        job_on(tmp_path / host, model, preprocessed, 2, hosts=HOSTS, current_host=host, network_interface_name="lo")
        for host in HOSTS
    ]
    first, second = jobs
    lasting, dying = start_all(jobs)
    assert lasting.stdout is not None
    said = ""
    for line in lasting.stdout:
        said += line
        if line.startswith("epoch 1.2"):
            os.killpg(dying.pid, signal.SIGKILL)
    assert lasting.wait(60) == 1, said
    dying.wait()
    failure = (first.base / "output/failure").read_text()
    assert failure.startswith("training ended with another of its processes; the log of the instance that ended first ")
    assert said.splitlines()[-1] == f"error: {failure}"
    assert "Traceback" not in said

    shutil.copytree(first.base / "checkpoints", second.base / "checkpoints")  # as SageMaker brings them from S3
    again = start_all(jobs)
    logs = [process.communicate(timeout=120)[0] for process in again]
    assert [process.returncode for process in again] == [0, 0], logs
    assert "resuming from" in logs[0]
    assert "batches of 2 x 2 (processes x train-batch-size) articles" in logs[0]
    assert logs[1] == ""
    assert not (first.base / "output/failure").exists()
    assert not (second.base / "model").exists()
    assert not list((second.base / "output").glob("data/*"))
    expected, found = (load_file(job.base / "model/model.safetensors") for job in (alone, first))
    assert all(np.allclose(expected[name], found[name], atol=2e-4) for name in expected)
    accuracies = [json.loads((job.base / "output/data/metrics.json").read_text())["accuracy"] for job in (alone, first)]
    assert accuracies[0] == accuracies[1]
