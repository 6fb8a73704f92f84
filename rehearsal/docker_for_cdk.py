"""What `cdk deploy` calls for docker in a rehearsal (CDK_DOCKER): the model's folder, then the call's own arguments.

The rehearsed assembly is the deployed one, byte for byte. What this machine cannot do as AWS does is changed in the
call: no GPU is here, so the CUDA target's image is the CPU target's once more, out of the build cache; the rehearsal's
model is bundled instead of the 395 MB of chiTra-1.0; and the local registry asks for no login, so the user's Docker
configuration stays as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.settings import MODELS_FOLDER

ENGINE_VARIABLE = "REHEARSAL_CDK_DOCKER"


def adapted(arguments: Sequence[str], model_dir: Path) -> list[str]:
    """The arguments for docker; none when nothing is to be called."""
    command, *rest = arguments
    if command == "login":
        return []
    if command != "build":
        return list(arguments)
    replaced = {"MODEL_ADDRESS": f"{MODELS_FOLDER}/{model_dir.name}", "MODEL_SHA256": ""}
    words: list[str] = []
    for word in rest:
        name = word.partition("=")[0]
        previous = words[-1] if words else ""
        if previous == "--build-arg" and name in replaced:
            words.append(f"{name}={replaced[name]}")
        else:
            words.append("cpu" if previous == "--target" else word)
    return [command, "--build-context", f"{MODELS_FOLDER}={model_dir.parent}", *words]


def write_command(folder: Path, model_dir: Path) -> dict[str, str]:
    """The variables with which the CDK CLI calls this module."""
    model = folder / MODELS_FOLDER / model_dir.name  # alone in its build context, which docker reads as a whole
    shutil.copytree(model_dir, model)
    script = folder / "docker-for-cdk"
    call = f'exec "{sys.executable}" -m rehearsal.docker_for_cdk "{model}" "$@"'
    root = Path(__file__).parent.parent
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{root}" {call}\n', encoding="utf-8")
    script.chmod(0o755)
    return {"CDK_DOCKER": str(script), ENGINE_VARIABLE: os.environ.get("CDK_DOCKER", "docker")}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.docker_for_cdk", description=__doc__)
    parser.add_argument("model", type=Path, help="the model's folder")
    parser.add_argument("call", nargs=argparse.REMAINDER, help="what docker was called with")
    given = parser.parse_args()
    if not given.call:
        parser.error("the following arguments are required: call")
    return given


if __name__ == "__main__":
    given = _parse()
    if words := adapted(given.call, given.model):
        engine = os.environ.get(ENGINE_VARIABLE, "docker")
        os.execvp(engine, [engine, *words])  # noqa: S606
