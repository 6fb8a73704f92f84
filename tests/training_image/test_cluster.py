"""The instances of a job, as SageMaker tells them, and how their processes end."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from chitra.errors import InputError
from training_image import launch
from training_image.cluster import Cluster, count_gpus, read_cluster

TWO: dict[str, Any] = {
    "current_host": "algo-2",
    "current_instance_type": "ml.g5.xlarge",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-1", "algo-2"],
    "instance_groups": [],
    "network_interface_name": "eth0",
}


def cluster_of(base: Path, content: object) -> Cluster:
    (base / "input/config").mkdir(parents=True, exist_ok=True)
    (base / "input/config/resourceconfig.json").write_text(json.dumps(content))
    return read_cluster(base)


def test_should_read_what_sagemaker_writes(tmp_path: Path) -> None:
    assert read_cluster(tmp_path).hosts == ["localhost"]
    two = cluster_of(tmp_path, TWO)
    assert (two.rank, two.current_instance_type) == (1, "ml.g5.xlarge")
    assert cluster_of(tmp_path, {"current_instance_type": None}).rank == 0


@pytest.mark.parametrize(
    "content",
    [
        [],
        {**TWO, "hosts": "algo-1"},
        {**TWO, "hosts": ["a b"]},
        {**TWO, "current_host": "algo-3"},
        {**TWO, "hosts": []},
    ],
    ids=str,
)
def test_should_refuse_what_sagemaker_would_not_write(tmp_path: Path, content: object) -> None:
    with pytest.raises(InputError, match=r"resourceconfig\.json: .*Leave it as SageMaker wrote it\.$"):
        cluster_of(tmp_path, content)


def test_should_find_the_first_host_by_name_unless_all_are_this_machine() -> None:
    hosts = {"hosts": ["localhost", "algo-2"], "current_host": "algo-2"}
    assert Cluster(**hosts, network_interface_name="eth0").first_address() == "localhost"
    assert Cluster(**TWO | {"network_interface_name": "lo"}).first_address() == "127.0.0.1"
    with pytest.raises(InputError, match=r"host nobody\.invalid cannot be found"):
        Cluster(hosts=["nobody.invalid", "algo-2"], current_host="algo-2").first_address()


def test_should_count_gpus_by_their_devices(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert count_gpus(tmp_path) == 2


@pytest.mark.parametrize(
    ("codes", "code", "reason"),
    [
        ([1, -signal.SIGKILL], 1, "training was killed (SIGKILL), most likely because"),
        ([-signal.SIGABRT], 1, "training was ended by SIGABRT"),
        ([3], 1, "training failed; its log says why"),
    ],
)
def test_should_say_what_processes_cannot_say_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, codes: list[int], code: int, reason: str
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    assert launch.exit_code(codes) == code
    assert (tmp_path / "output/failure").read_text().startswith(reason)


def test_should_keep_the_reason_of_the_process_that_told_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    (tmp_path / "output").mkdir()
    (tmp_path / "output/failure").write_text("hyperparameter epoch: is unknown.")
    assert launch.exit_code([2, 1]) == 2
    assert (tmp_path / "output/failure").read_text() == "hyperparameter epoch: is unknown."
