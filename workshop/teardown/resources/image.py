"""The image: builds that run, what was pushed, and the repository and project that `workshop build-image` uses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.names import bootstrap_repository
from workshop.aws.waiting import Pace, StillThereError, delete_call, none_if_missing
from workshop.teardown.order import Topic
from workshop.teardown.resources.resource import Finding, Lookalike, Place, Resource
from workshop.teardown.resources.stacks import is_own, stack_exists

MOST_IMAGES = 100  # that one deletion takes


def list_builds(place: Place) -> Iterator[Finding]:
    """The project's builds that run; the project goes with its stack, or alone when that is gone."""
    codebuild, project = place.client("codebuild"), place.names.build_project
    known = codebuild.batch_get_projects(names=[project])["projects"]
    if not known:
        return
    if not is_own(place, known[0].get("tags", []), place.names.workflow_stack, project):
        yield Lookalike("build project", project, place.region)
        return
    for build in _builds(codebuild, project):
        if build["buildStatus"] == "IN_PROGRESS":
            stop = delete_call(codebuild.stop_build, id=build["id"])
            yield Resource(Topic.EXECUTIONS, "build", build["id"], place.region, stop, "IN_PROGRESS")
    if not stack_exists(place, place.names.workflow_stack):
        delete = delete_call(codebuild.delete_project, name=project)
        yield Resource(Topic.STAGED, "build project", project, place.region, delete)


def _builds(codebuild: Any, project: str) -> Iterator[dict[str, Any]]:
    pages = codebuild.get_paginator("list_builds_for_project").paginate(projectName=project)
    for ids in none_if_missing(lambda: [page["ids"] for page in pages if page["ids"]]) or []:
        yield from codebuild.batch_get_builds(ids=ids)["builds"]


def list_images(place: Place) -> Iterator[Finding]:
    """Tags with the workshop's prefix in the bootstrap repository, and everything in its own."""
    ecr = place.client("ecr")
    shared = bootstrap_repository(place.account.number, place.region)
    for image in _images(ecr, shared):
        tag = image.get("imageTag", "")
        if tag.startswith(place.names.run_prefix):
            remove = partial(_delete_images, ecr, shared, [{"imageTag": tag}])
            yield Resource(Topic.STAGED, "image", tag, place.region, remove)
    yield from _own_repository(place, ecr)


def _own_repository(place: Place, ecr: Any) -> Iterator[Finding]:
    name = place.names.image_repository
    arn = place.arn("ecr", f"repository/{name}")
    tags = none_if_missing(partial(ecr.list_tags_for_resource, resourceArn=arn))
    if tags is None:
        return
    if not is_own(place, tags["tags"], place.names.workflow_stack, name):
        yield Lookalike("repository", name, place.region)
        return
    images = _images(ecr, name)
    if images:
        # By digest: a tag that goes leaves its image behind.
        digests = [{"imageDigest": digest} for digest in sorted({image["imageDigest"] for image in images})]
        remove = partial(_delete_images, ecr, name, digests)
        yield Resource(Topic.STAGED, "images in", name, place.region, remove, f"{len(digests)} of them")
    if not stack_exists(place, place.names.workflow_stack):
        delete = delete_call(ecr.delete_repository, repositoryName=name, force=True)
        yield Resource(Topic.STAGED, "repository", name, place.region, delete)


def _images(ecr: Any, repository: str) -> list[dict[str, str]]:
    pages = ecr.get_paginator("list_images").paginate(repositoryName=repository)
    return none_if_missing(lambda: [image for page in pages for image in page["imageIds"]]) or []


def _delete_images(ecr: Any, repository: str, images: list[dict[str, str]], pace: Pace) -> None:
    for start in range(0, len(images), MOST_IMAGES):
        batch = images[start : start + MOST_IMAGES]
        answer = none_if_missing(partial(ecr.batch_delete_image, repositoryName=repository, imageIds=batch))
        for failure in (answer or {}).get("failures", []):
            if failure["failureCode"] != "ImageNotFound":
                raise StillThereError(f"{failure['failureCode']}: {failure.get('failureReason', '')}")
