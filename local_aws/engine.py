"""The Docker engine of this machine: whether the rehearsal can use it, and what the rehearsal leaves in it."""

from __future__ import annotations

import shutil
import subprocess

OLDEST_MAJOR = 23  # the first whose `docker build` takes additional build contexts
CONTAINER_LABEL = "chitra-workshop-rehearsal"


def engine_problem() -> str:
    """Why jobs cannot run in containers here; empty when they can."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    answer = docker("version", "--format", "{{.Server.Version}}")
    if answer.returncode != 0:
        return "no Docker engine answers"
    version = answer.stdout.strip()
    if not version.split(".")[0].isdecimal() or int(version.split(".")[0]) < OLDEST_MAJOR:
        return f"Docker {version} is older than {OLDEST_MAJOR}"
    if docker("buildx", "version").returncode != 0:
        return "docker has no buildx"
    return ""


def remove_what_is_left(registry: str) -> None:
    """Remove what a killed `docker run` left behind, and the names of the images that went to ``registry``."""
    remove_containers(CONTAINER_LABEL)
    docker("network", "prune", "--force", "--filter", f"label={CONTAINER_LABEL}")
    of_registry = docker("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", f"reference={registry}/*")
    names = of_registry.stdout.split()
    for name in names:
        tag = name.rpartition("--")[2]
        docker("rmi", name, f"cdkasset-{tag}")


def remove_containers(label: str) -> None:
    """Remove all that carry the label, whether they run or not."""
    containers = docker("ps", "--all", "--quiet", "--filter", f"label={label}").stdout.split()
    if containers:
        docker("rm", "--force", *containers)


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
