"""The image, really built, and its containers as SageMaker starts them. Needs a Docker engine; skipped without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_aws.engine import docker, engine_problem, remove_containers

ROOT = Path(__file__).parent.parent.parent
LABEL = "chitra-workshop-test"
OWN_LABEL = f"{LABEL}={os.getpid()}"  # of this process: others may run tests, too
WAIT_SECONDS = 180
HARDENED = ("--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")  # noqa: S108
# Notes which modules a program had imported when it ended.
WATCH = """
import atexit, os, sys, uuid
def note():
    files = {os.path.realpath(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    with open(f"/opt/ml/imported-{uuid.uuid4().hex}", "w") as stream:
        stream.write("\\n".join(sorted(files)))
atexit.register(note)
"""


def build(model: Path, tag: str, *flags: str, **arguments: str) -> subprocess.CompletedProcess[str]:
    """`docker build` with a model's folder or archive as an additional build context, as `make image` does it."""
    given = {"MODEL_ADDRESS": f"models/{model.name}", **arguments}
    words = [word for key, value in given.items() for word in ("--build-arg", f"{key}={value}")]
    command = [os.environ.get("CDK_DOCKER", "docker"), "build", "--progress", "plain", "--tag", tag]
    command += [
        "--file",
        "training_image/building/Dockerfile",
        "--build-context",
        f"models={model.parent}",
        *words,
        *flags,
        ".",
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Box:
    """Runs the image on a folder laid out like /opt/ml."""

    image: str
    base: Path

    def start(self, *arguments: str, flags: Sequence[str] = ()) -> str:
        """The name of a container that was started."""
        name = f"{LABEL}-{uuid.uuid4().hex[:8]}"
        # SageMaker starts containers as root, which owns /opt/ml; here that is whoever runs the tests.
        owner = ("--user", f"{os.getuid()}:{os.getgid()}", "--label", OWN_LABEL, "--name", name)
        mount = ("--volume", f"{self.base}:/opt/ml")
        done = docker("run", "--detach", *owner, *HARDENED, *mount, *flags, self.image, *arguments)
        assert done.returncode == 0, done.stderr
        return name

    def run(self, *arguments: str, flags: Sequence[str] = ()) -> tuple[int, str]:
        """Exit code and output."""
        return ended(self.start(*arguments, flags=flags))

    @property
    def failure(self) -> str:
        return (self.base / "output/failure").read_text(encoding="utf-8")


def ended(name: str) -> tuple[int, str]:
    """Waits for the container; its exit code and output."""
    code = int(subprocess.check_output(["docker", "wait", name], timeout=WAIT_SECONDS))
    logs = docker("logs", name)
    docker("rm", name)
    return code, logs.stdout + logs.stderr


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    if problem := engine_problem():
        pytest.skip(f"containers: {problem}")
    yield
    remove_containers(OWN_LABEL)


@pytest.fixture(scope="session")
def image(engine: None, stand_in: Path) -> str:
    """The CPU target with the stand-in."""
    done = build(stand_in, f"{LABEL}:cpu")
    assert done.returncode == 0, done.stderr[-4000:]
    return f"{LABEL}:cpu"


@pytest.fixture
def job(tmp_path: Path, image: str, preprocessed: Path) -> Box:
    """A training job with its three channels."""
    for name in ("train", "validation", "test"):
        shutil.copytree(preprocessed / name, tmp_path / "input/data" / name)
    (tmp_path / "input/config").mkdir()
    return Box(image, tmp_path)
