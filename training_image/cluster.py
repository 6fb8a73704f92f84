"""The instances of a training job, from the file that SageMaker writes for each of them.

See the developer guide, "Distributed Training Configuration".
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from chitra.errors import InputError, first_problem
from chitra.json_text import read_json

RESOURCES = "input/config/resourceconfig.json"
LOOPBACK = "lo"
GPU_DEVICES = "nvidia[0-9]*"

HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")]
InterfaceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,15}$")]


class Cluster(BaseModel):
    """``hosts`` of one job, of which this is ``current_host``."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    hosts: list[HostName] = ["localhost"]
    current_host: HostName = "localhost"
    current_instance_type: str = ""
    network_interface_name: InterfaceName = ""

    @property
    def rank(self) -> int:
        """Which of the hosts this is, from 0."""
        return self.hosts.index(self.current_host) if len(self.hosts) > 1 else 0

    def first_address(self) -> str:
        """Where the first host is found: by its name, or here where all hosts are on one machine.

        Raises:
            InputError: nobody knows the name.
        """
        if self.network_interface_name == LOOPBACK or len(self.hosts) == 1:
            return "127.0.0.1"
        try:
            socket.getaddrinfo(self.hosts[0], None)
        except OSError as error:
            raise InputError(
                f"{RESOURCES}: host {self.hosts[0]} cannot be found ({error}). The instances of a job must reach each "
                "other by these names."
            ) from error
        return self.hosts[0]


def read_cluster(base: Path) -> Cluster:
    """One host where SageMaker wrote nothing.

    Raises:
        InputError: the file is not SageMaker's.
    """
    file = base / RESOURCES
    if not file.exists():
        return Cluster()
    try:
        cluster = Cluster.model_validate(_without_nulls(read_json(file)))
    except ValidationError as error:
        key, problem = first_problem(error)
        raise InputError(f"{file}: {key}: {problem}. Leave it as SageMaker wrote it.") from error
    if len(cluster.hosts) != 1 and cluster.current_host not in cluster.hosts:
        raise InputError(f"{file}: does not say which of its hosts this is. Leave it as SageMaker wrote it.")
    return cluster


def _without_nulls(content: object) -> object:
    if not isinstance(content, dict):
        return content
    return {key: value for key, value in content.items() if value is not None}


def count_gpus(devices: Path = Path("/dev")) -> int:
    """Of this machine, told without PyTorch, whose import takes seconds."""
    return len(list(devices.glob(GPU_DEVICES)))
