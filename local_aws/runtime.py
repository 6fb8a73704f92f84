"""How the emulator runs a container of the workshop's image: as a process of this Python, or in Docker."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chitra.contract import BASE_DIR, MODEL_DIR_VARIABLE
from local_aws import engine
from local_aws.job_network import LOOPBACK, OF_CONTAINERS, JobNetwork
from local_aws.ports import free_port

OPT_ML = Path(BASE_DIR)
# The image's programs, and their modules.
PROGRAMS = {
    ("train",): "training_image.supervise",
    ("serve",): "training_image.serve",
    ("python", "-m", "training_image.smoke"): "training_image.smoke",
    ("python", "-m", "preprocessing"): "preprocessing",
}
# Variables with which a job's request would choose what an interpreter or a loader runs.
STEERING_VARIABLES = ("PYTHON", "LD_", "DYLD_", "OMP_TOOL")
KEPT_VARIABLES = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "VIRTUAL_ENV", "OMP_NUM_THREADS"),
    *("DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST"),
)


@dataclass(frozen=True, slots=True)
class Runtime:
    """``model_dir`` is the model that the image bundles; ``docker`` says whether jobs run in containers.

    ``threads`` is how many cores a process may use, 0 all: jobs that wait for each other's threads take many times as
    long as one after the other.
    """

    model_dir: Path
    docker: bool = False
    threads: int = 0

    @property
    def name(self) -> str:
        return "docker" if self.docker else "process"

    @classmethod
    def from_environment(cls) -> Runtime:
        docker = os.environ["REHEARSAL_RUNTIME"] == "docker"
        return cls(Path(os.environ["REHEARSAL_MODEL_DIR"]), docker, int(os.environ["REHEARSAL_THREADS"]))

    def to_environment(self) -> dict[str, str]:
        return {
            "REHEARSAL_MODEL_DIR": str(self.model_dir),
            "REHEARSAL_RUNTIME": self.name,
            "REHEARSAL_THREADS": str(self.threads),
        }

    @property
    def interface(self) -> str:
        """Of the network, as a job is told."""
        return OF_CONTAINERS if self.docker else LOOPBACK

    def network(self, job: str) -> JobNetwork:
        """For a job of several instances. Processes of one machine need a port that no other job has."""
        return JobNetwork(f"chitra-{job}") if self.docker else JobNetwork(variables={"MASTER_PORT": str(free_port())})

    def command(
        self,
        arguments: Sequence[str],
        *,
        image: str,
        base: Path,
        environment: Mapping[str, str],
        port: int | None,
        network: Sequence[str] = (),
    ) -> list[str]:
        """What to execute on this machine so that ``arguments`` run in the container with ``base`` as /opt/ml.

        ``image`` is what the job asked for; in Docker it is fetched from the local registry each time. ``network`` are
        options of `docker run` for a job that has one.
        """
        if not self.docker:
            return _of_this_machine(arguments)
        inside = {**environment, **self._serving(port)}
        variables = [word for key, value in inside.items() for word in ("--env", f"{key}={value}")]
        hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--init"]  # noqa: S108
        owner = ["--user", f"{os.getuid()}:{os.getgid()}", "--label", engine.CONTAINER_LABEL]
        network = network or ["--network", "host" if port else "none"]
        mounts = ["--volume", f"{base}:{OPT_ML}"]
        return [
            *("docker", "run", "--rm", "--pull", "always", "--quiet"),
            *owner,
            *network,
            *hardened,
            *mounts,
            *variables,
            in_local_registry(image, int(os.environ["GATEWAY_PORT"])),
            *arguments,
        ]

    def remove_what_is_left(self, port: int) -> None:
        """Of containers and images, after the local AWS at ``port`` ended."""
        if self.docker:
            engine.remove_what_is_left(registry(port))

    def variables(self, *, base: Path, environment: Mapping[str, str], port: int | None) -> dict[str, str]:
        """The environment of that command. A job gets no credentials: the image makes no AWS calls."""
        kept = {key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}
        if self.docker:
            return kept
        places = {"SAGEMAKER_BASE_DIR": str(base), MODEL_DIR_VARIABLE: str(self.model_dir)}
        asked = {key: value for key, value in environment.items() if not key.upper().startswith(STEERING_VARIABLES)}
        # No module from the folder that holds the job's data; and as in the image, nothing from the Internet.
        python = {"PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1", "HF_HUB_OFFLINE": "1"}
        threads = {"OMP_NUM_THREADS": str(self.threads)} if self.threads else {}
        return {**asked, **kept, **places, **self._serving(port), **python, **threads}

    @staticmethod
    def _serving(port: int | None) -> dict[str, str]:
        return {"SAGEMAKER_BIND_TO_PORT": str(port), "SERVE_HOST": "127.0.0.1"} if port else {}


def _of_this_machine(arguments: Sequence[str]) -> list[str]:
    """The image's own programs as this Python runs them; any other would run with the rights of who holds the workshop.

    Raises:
        ValueError: it is another program.
    """
    for program, module in PROGRAMS.items():
        if tuple(arguments[: len(program)]) == program:
            return [sys.executable, "-m", module, *arguments[len(program) :]]
    known = ", ".join(" ".join(program) for program in PROGRAMS)
    raise ValueError(f"{' '.join(arguments)!r} is none of the image's programs ({known}); others need --docker")


def registry(port: int) -> str:
    """Where the local AWS keeps images; an engine takes a registry on localhost without TLS."""
    return f"localhost:{port}"


def in_local_registry(image: str, port: int) -> str:
    """An image of ECR by its name in the local registry."""
    return f"{registry(port)}/{image.partition('/')[2]}"
