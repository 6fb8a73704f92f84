"""How the emulator runs a container of the workshop's image: as a process of this Python, or in Docker."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from preprocessing.contract import BASE_DIR, BUNDLED_MODEL_DIR

OPT_ML = Path(BASE_DIR)
DOCKER_IMAGE = "chitra-workshop:latest"
CONTAINER_LABEL = "chitra-workshop-rehearsal"
# The commands that the Dockerfile installs.
INSTALLED = {"train": "training_image.train", "serve": "training_image.serve"}
KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "VIRTUAL_ENV", "DOCKER_HOST", "DOCKER_CONTEXT")


@dataclass(frozen=True, slots=True)
class Runtime:
    """``docker_image`` empty means processes; ``model_dir`` is the model that the image bundles."""

    model_dir: Path
    docker_image: str = ""

    @property
    def name(self) -> str:
        return "docker" if self.docker_image else "process"

    @classmethod
    def from_environment(cls) -> Runtime:
        return cls(Path(os.environ["REHEARSAL_MODEL_DIR"]), os.environ.get("REHEARSAL_DOCKER_IMAGE", ""))

    def to_environment(self) -> dict[str, str]:
        return {"REHEARSAL_MODEL_DIR": str(self.model_dir), "REHEARSAL_DOCKER_IMAGE": self.docker_image}

    def command(
        self, arguments: Sequence[str], *, base: Path, environment: Mapping[str, str], port: int | None
    ) -> list[str]:
        """What to execute on this machine so that ``arguments`` run in the container with ``base`` as /opt/ml."""
        if not self.docker_image:
            program, *rest = arguments
            if program in INSTALLED:
                return [sys.executable, "-m", INSTALLED[program], *rest]
            return [sys.executable if program == "python" else program, *rest]
        inside = {**environment, **self._serving(port)}
        variables = [word for key, value in inside.items() for word in ("--env", f"{key}={value}")]
        mounts = ["--volume", f"{base}:{OPT_ML}", "--volume", f"{self.model_dir}:{BUNDLED_MODEL_DIR}:ro"]
        hardened = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--init"]  # noqa: S108
        owner = ["--user", f"{os.getuid()}:{os.getgid()}", "--label", CONTAINER_LABEL]
        network = ["--network", "host" if port else "none"]
        return [
            "docker",
            "run",
            "--rm",
            *owner,
            *network,
            *hardened,
            *mounts,
            *variables,
            self.docker_image,
            *arguments,
        ]

    def remove_containers(self) -> None:
        """Remove what a killed `docker run` left behind."""
        if self.docker_image:
            left = _docker("ps", "--all", "--quiet", "--filter", f"label={CONTAINER_LABEL}").stdout.split()
            if left:
                _docker("rm", "--force", *left)

    def variables(self, *, base: Path, environment: Mapping[str, str], port: int | None) -> dict[str, str]:
        """The environment of that command. A job gets no credentials: the image makes no AWS calls."""
        kept = {key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}
        if self.docker_image:
            return kept
        places = {"SAGEMAKER_BASE_DIR": str(base), "CHITRA_MODEL_DIR": str(self.model_dir)}
        return {**kept, **environment, **places, **self._serving(port), "PYTHONUNBUFFERED": "1"}

    @staticmethod
    def _serving(port: int | None) -> dict[str, str]:
        return {"SAGEMAKER_BIND_TO_PORT": str(port), "SERVE_HOST": "127.0.0.1"} if port else {}


def local_docker_image() -> str:
    """The built image when an engine and the image are there, else an empty text."""
    if shutil.which("docker") is None:
        return ""
    return DOCKER_IMAGE if _docker("image", "inspect", DOCKER_IMAGE).returncode == 0 else ""


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
