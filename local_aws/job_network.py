"""How the instances of one job reach each other, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from local_aws import engine

# SageMaker's names of network interfaces: where all instances are one machine, it is the loopback.
LOOPBACK, OF_CONTAINERS = "lo", "eth0"


@dataclass(frozen=True, slots=True)
class JobNetwork:
    """``variables`` are for the programs of all instances. ``name`` is Docker's of a network, empty for processes."""

    name: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)

    def create(self) -> None:
        if self.name:
            label = ("--label", engine.CONTAINER_LABEL)
            made = engine.docker("network", "create", "--internal", *label, self.name)
            if made.returncode:
                raise OSError(f"docker network create {self.name}: {made.stderr.strip()}")

    def remove(self) -> None:
        if self.name:
            engine.docker("network", "rm", self.name)

    def options(self, host: str) -> tuple[str, ...]:
        """Of `docker run`, for the instance that the others know as ``host``; empty where it needs none."""
        return ("--network", self.name, "--network-alias", host) if self.name else ()


NO_NETWORK = JobNetwork()
