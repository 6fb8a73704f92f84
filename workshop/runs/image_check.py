"""Whether SageMaker will take the pushed image, asked before anything is started: its manifest and its platform."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from botocore.exceptions import ClientError

from workshop.aws.account import Account
from workshop.aws.advice import AWS_ERRORS, is_denied
from workshop.aws.waiting import none_if_missing

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
REFUSED_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
PLATFORM = ("linux", "amd64")  # of SageMaker's instances, but for those with Graviton
ECR_REGISTRY = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
TIMEOUT_SECONDS = 10.0
BUILD_ANEW = 'Build and push it anew: docs/image.md, "An image that SageMaker takes"'


@dataclass(frozen=True, slots=True)
class ImageName:
    """``<registry>/<repository>:<tag>``, or with ``@<digest>``."""

    registry: str
    repository: str
    reference: dict[str, str]

    @classmethod
    def parse(cls, uri: str) -> ImageName:
        registry, _, rest = uri.partition("/")
        repository, at, digest = rest.partition("@")
        if at:
            return cls(registry, repository.partition(":")[0], {"imageDigest": digest})
        repository, _, tag = rest.partition(":")
        return cls(registry, repository, {"imageTag": tag or "latest"})


def why_refused(account: Account, uri: str) -> str:
    """Why SageMaker would refuse to run an image, and what to do; empty when nothing speaks against it.

    Whether the image is there is not asked here. What the caller may not see speaks against nothing.
    """
    name = ImageName.parse(uri)
    match = ECR_REGISTRY.fullmatch(name.registry)
    ecr = account.client("ecr", match["region"] if match else "")
    where = {"repositoryName": name.repository, **({"registryId": match["account"]} if match else {})}
    try:
        image = _image(ecr, where, name)
    except ClientError as error:
        if is_denied(error):
            return ""
        raise
    if image is None:
        return ""
    media_type = image.get("imageManifestMediaType", DOCKER_MANIFEST)
    if media_type != DOCKER_MANIFEST:
        return f"{uri}: its manifest is {media_type}, which SageMaker refuses. {BUILD_ANEW}."
    platform = _platform(ecr, where, image["imageManifest"])
    if platform not in (None, PLATFORM):
        return f"{uri}: is for {'/'.join(platform)}, SageMaker's instances are {'/'.join(PLATFORM)}. {BUILD_ANEW}."
    return ""


def _image(ecr: Any, where: dict[str, str], name: ImageName) -> dict[str, Any] | None:
    ask = partial(
        ecr.batch_get_image,
        **where,
        imageIds=[name.reference],
        acceptedMediaTypes=[DOCKER_MANIFEST, *REFUSED_MANIFESTS],
    )
    answer = none_if_missing(ask)
    return answer["images"][0] if answer and answer["images"] else None


def _platform(ecr: Any, where: dict[str, str], manifest: str) -> tuple[str, str] | None:
    """System and architecture from the image's configuration; None where it cannot be read, whatever the reason."""
    try:
        digest = json.loads(manifest)["config"]["digest"]
        layer = ecr.get_download_url_for_layer(**where, layerDigest=digest)
        configuration = httpx.get(layer["downloadUrl"], timeout=TIMEOUT_SECONDS).raise_for_status().json()
        return str(configuration["os"]), str(configuration["architecture"])
    except (*AWS_ERRORS, httpx.HTTPError, httpx.InvalidURL, LookupError, TypeError, ValueError):
        return None
