"""What cannot be read of an image speaks against nothing."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from workshop.runs.image_check import DOCKER_MANIFEST, ImageName, why_refused

URI = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/images:v1"
MANIFEST = json.dumps({"config": {"digest": "sha256:1"}})


class Registry:
    """ECR with one image."""

    def __init__(self, manifest: str = MANIFEST, refused: str = "") -> None:
        self.manifest, self.refused, self.asked = manifest, refused, dict[str, Any]()

    def client(self, service: str, region: str = "") -> Registry:
        return self

    def batch_get_image(self, **given: Any) -> dict[str, Any]:
        self.asked = given
        if self.refused == "BatchGetImage":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "BatchGetImage")
        return {"images": [{"imageManifest": self.manifest, "imageManifestMediaType": DOCKER_MANIFEST}]}

    def get_download_url_for_layer(self, **given: Any) -> dict[str, str]:
        if self.refused:
            raise ClientError({"Error": {"Code": self.refused, "Message": ""}}, "GetDownloadUrlForLayer")
        return {"downloadUrl": "https://layers.example.com/1"}


@pytest.mark.parametrize("manifest", ["", "no JSON", "[]", "null", "{}", '{"config": null}', '{"config": {}}'])
def test_should_let_a_manifest_pass_that_it_cannot_read(manifest: str) -> None:
    assert why_refused(Registry(manifest), URI) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize("refused", ["BatchGetImage", "AccessDeniedException", "LayerInaccessibleException"])
def test_should_let_pass_what_the_caller_may_not_see(refused: str) -> None:
    assert why_refused(Registry(refused=refused), URI) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"os": "linux", "architecture": "amd64"}', ""),
        (b'{"os": "linux", "architecture": "arm64"}', "is for linux/arm64"),
        (b"null", ""),
        (b"[]", ""),
        (b"no JSON", ""),
    ],
)
def test_should_tell_the_platform_where_the_configuration_says_it(
    content: bytes, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = httpx.Request("GET", "https://layers.example.com/1")
    monkeypatch.setattr("httpx.get", lambda url, timeout: httpx.Response(200, content=content, request=request))
    said = why_refused(Registry(), URI)  # type: ignore[arg-type]
    assert says in said
    assert bool(said) == bool(says)


def test_should_ask_the_registry_that_the_name_names() -> None:
    registry = Registry()
    why_refused(registry, URI)  # type: ignore[arg-type]
    assert registry.asked["registryId"] == "123456789012"
    assert registry.asked["repositoryName"] == "images"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("localhost:5000/a/b:c", ImageName("localhost:5000", "a/b", {"imageTag": "c"})),
        ("r/a", ImageName("r", "a", {"imageTag": "latest"})),
        ("r/a:b@sha256:1", ImageName("r", "a", {"imageDigest": "sha256:1"})),
    ],
)
def test_should_read_names_of_images(uri: str, name: ImageName) -> None:
    assert ImageName.parse(uri) == name
