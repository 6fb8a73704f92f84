"""Builds the images in CodeBuild, and follows the build."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from chitra.errors import WorkshopError
from infra.names import Names
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.aws.log_lines import new_lines
from workshop.aws.waiting import none_if_missing
from workshop.runs.image_check import ImageName

RUNNING = "IN_PROGRESS"
POLL_SECONDS = 5.0


class BuildFailedError(WorkshopError):
    """The build ended without success, or could not begin."""


def is_built(account: Account, deployment: Deployment) -> bool:
    """Whether every image that the deployment runs is in its repository."""
    ecr = account.client("ecr")
    return all(_is_there(ecr, ImageName.parse(image)) for image in deployment.images)


def _is_there(ecr: Any, name: ImageName) -> bool:
    ask = partial(ecr.describe_images, repositoryName=name.repository, imageIds=[name.reference])
    answer = none_if_missing(ask)
    return bool(answer and answer["imageDetails"])


def build_image(account: Account, names: Names, poll_seconds: float = POLL_SECONDS) -> Iterator[str]:
    """Start a build; yields the lines of its log as they come, and ends with the build.

    Raises:
        BuildFailedError: says in which phase and why.
    """
    codebuild, logs = account.client("codebuild"), account.client("logs")
    answer = none_if_missing(partial(codebuild.start_build, projectName=names.build_project))
    if answer is None:
        raise BuildFailedError(
            f"{names.build_project}: no such project. Set image_source in cdk.json to codebuild and run `make deploy`."
        )
    build = answer["build"]
    token = ""
    while True:
        place = build.get("logs", {})
        if place.get("groupName") and place.get("streamName"):
            lines, token = new_lines(logs, place["groupName"], place["streamName"], token)
            yield from (line.text.rstrip("\n") for line in lines)
        if build["buildStatus"] != RUNNING:
            break
        time.sleep(poll_seconds)
        [build] = codebuild.batch_get_builds(ids=[build["id"]])["builds"]
    if build["buildStatus"] != "SUCCEEDED":
        raise BuildFailedError(f"{build['id']}: {_why(build)}")


def _why(build: dict[str, Any]) -> str:
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") not in (None, "SUCCEEDED"):
            contexts = [context.get("message", "") for context in phase.get("contexts", [])]
            reason = " ".join(" ".join(contexts).split()) or "see the lines above"
            return f"{phase['phaseType']} {phase['phaseStatus']}: {reason}"
    return str(build["buildStatus"])
