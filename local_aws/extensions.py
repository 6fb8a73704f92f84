"""What the local AWS adds to MiniStack 1.5.33, and where it is stricter, to be nearer to AWS.

MiniStack offers no public way to add a service, so this module uses its private names; the exact version is
pinned and a test says so.
"""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json, json_response
from ministack.services import ecr, eventbridge, iam, s3
from ministack.services.cloudformation import provisioners

from local_aws import (
    budgets,
    permissions,
    recording,
    role_session,
    sagemaker_api,
    sagemaker_permissions,
    scaling_api,
    step_functions,
    throttling,
)
from local_aws.role_session import client
from local_aws.runtime import Runtime, registry

LOOPBACK = ("127.0.0.1", "::1")
MANAGED_POLICIES = ("AmazonSageMakerFullAccess", "PowerUserAccess")
UNIVERSAL_TARGET = "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint"


def install(runtime: Runtime, work: Path) -> None:
    """Extend the MiniStack of this process."""
    sagemaker = sagemaker_api.SageMakerService(runtime, work)
    _add_sagemaker(sagemaker)
    _add_scaling(sagemaker)
    _look_for_repository_names()
    role_session.install()
    permissions.install()
    recording.install()
    step_functions.install()
    budgets.install()
    throttling.install(app.SERVICE_HANDLERS)
    _add_managed_policies()
    _add_scheduler_target()
    _refuse_to_delete_full_buckets()
    _tag_buckets()
    _take_loopback_for_tls()
    _serve_images_from_this_machine()
    _list_and_delete_images_by_tag()
    if runtime.docker:
        _say_which_images_are_missing()
    else:
        _publish_images_that_are_asked_for()


def _add_sagemaker(service: sagemaker_api.SageMakerService) -> None:
    app.SERVICE_HANDLERS["sagemaker"] = service.handle_request
    router.SERVICE_PATTERNS["sagemaker"] = {"target_prefixes": ["SageMaker."], "credential_scope": "sagemaker"}
    iam_actions.SERVICE_TO_IAM_NAMESPACE["sagemaker"] = "sagemaker"
    sagemaker_permissions.install(service.store)


def _add_scaling(sagemaker: sagemaker_api.SageMakerService) -> None:
    scaling_api.install()
    app.SERVICE_HANDLERS["application-autoscaling"] = partial(scaling_api.handle_request, sagemaker.has_endpoint)
    router.SERVICE_PATTERNS["application-autoscaling"] = {
        "target_prefixes": ["AnyScaleFrontendService."],
        "credential_scope": "application-autoscaling",
    }
    iam_actions.SERVICE_TO_IAM_NAMESPACE["application-autoscaling"] = "application-autoscaling"


def _look_for_repository_names() -> None:
    """DescribeRepositories names its repositories in a list, which MiniStack's IAM does not look into."""
    known = iam_actions.extract_resource_arn

    def extract_resource_arn(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any
    ) -> Any:
        if service == "ecr":
            request = json.loads(body or b"{}")
            names = request.get("repositoryNames") or []
            body = json.dumps({"repositoryName": names[0], **request}).encode() if len(names) == 1 else body
        return known(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extract_resource_arn


def _take_loopback_for_tls() -> None:
    """Bucket policies refuse what does not come by TLS; what never leaves the machine counts as if it did."""
    known = app.pin_request_origin

    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        known(source_ip, secure_transport or source_ip in LOOPBACK)

    app.pin_request_origin = pin_request_origin


def _add_managed_policies() -> None:
    """The documents that AWS publishes, as moto ships them."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    published = json.loads(aws_managed_policies_data)
    for name in MANAGED_POLICIES:
        arn = f"arn:aws:iam::aws:policy/{name}"
        record = iam._lookup_policy(arn) or iam._autovivify_aws_managed_policy(arn)
        document = published[name]["Document"]
        record["Versions"][record["DefaultVersionId"]]["Document"] = json.dumps(document)


def _add_scheduler_target() -> None:
    """EventBridge Scheduler's universal target for DeleteEndpoint, called as the schedule's role."""
    known = eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> None:
        if target.get("Arn") == UNIVERSAL_TARGET:
            client("sagemaker", target["RoleArn"], region=event["Region"]).delete_endpoint(
                **json.loads(target["Input"])
            )
        else:
            known(target, event, rule, *rest)

    eventbridge._invoke_target = invoke_target


def _refuse_to_delete_full_buckets() -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    known = handlers["delete"]

    def delete(name: str, properties: dict[str, Any]) -> None:
        bucket = s3._buckets.get(name)
        if bucket is not None and (bucket["objects"] or s3._bucket_has_versions(name)):
            raise ValueError(f"The bucket you tried to delete is not empty: {name}")
        known(name, properties)

    handlers["delete"] = delete


def _tag_buckets() -> None:
    """CloudFormation's property Tags, which MiniStack's buckets lack."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    known = handlers["create"]

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        name, attributes = known(logical_id, properties, stack)
        s3._bucket_tags[name] = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        return name, attributes

    handlers["create"] = create


def _serve_images_from_this_machine() -> None:
    """Repositories are where the engine of this machine reaches them; its requests, which nobody signs, are ours."""
    port = int(os.environ["GATEWAY_PORT"])
    ecr._repo_uri = lambda name: f"{registry(port)}/{name}"
    known = ecr._get_authorization_token

    def get_authorization_token(request: dict[str, Any]) -> Any:
        status, headers, body = known(request)
        answer = json.loads(body)
        for entry in answer["authorizationData"]:
            entry["proxyEndpoint"] = f"http://{registry(port)}"
        return status, headers, json.dumps(answer).encode()

    ecr._get_authorization_token = get_authorization_token
    ecr._get_download_url_for_layer = partial(_download_url, port)
    ecr._select_registry_request_scope = lambda *request: ecr.set_request_account_id(os.environ["AWS_ACCESS_KEY_ID"])


def _download_url(port: int, request: dict[str, Any]) -> Any:
    """Layers come from the registry of this machine, too."""
    name, digest = request["repositoryName"], request["layerDigest"]
    return json_response({"downloadUrl": f"http://{registry(port)}/v2/{name}/blobs/{digest}", "layerDigest": digest})


def _list_and_delete_images_by_tag() -> None:
    """An image with several tags is listed once for each, and stays until the last one is deleted."""
    list_images, delete_images = ecr._list_images, ecr._batch_delete_image

    def list_each_tag(request: dict[str, Any]) -> Any:
        status, headers, body = list_images(request)
        if status == 200:
            images = ecr._images.get(request["repositoryName"], [])
            ids = [
                {"imageDigest": each["imageDigest"], **tag}
                for each in images
                for tag in [{"imageTag": tag} for tag in each["imageTags"]] or [{}]
            ]
            body = json.dumps({"imageIds": ids}).encode()
        return status, headers, body

    def delete_tags_first(request: dict[str, Any]) -> Any:
        untagged = [each for each in request["imageIds"] if _lost_one_of_its_tags(request["repositoryName"], each)]
        rest = [each for each in request["imageIds"] if each not in untagged]
        status, headers, body = delete_images({**request, "imageIds": rest})
        answer = json.loads(body)
        return status, headers, json.dumps({**answer, "imageIds": [*untagged, *answer.get("imageIds", [])]}).encode()

    ecr._list_images, ecr._batch_delete_image = list_each_tag, delete_tags_first


def _lost_one_of_its_tags(repository: str, image_id: dict[str, str]) -> bool:
    """Take the tag from an image that has others, too; false where there is nothing to take, or it is the last one."""
    image = ecr._find_image(repository, image_id) if "imageDigest" not in image_id else None
    if image is None or len(image["imageTags"]) < 2:
        return False
    image["imageTags"].remove(image_id["imageTag"])
    return True


def _say_which_images_are_missing() -> None:
    """MiniStack lists none where AWS answers that there is no such image, and the CDK CLI would then push nothing."""
    known = ecr._describe_images

    def describe_images(request: dict[str, Any]) -> Any:
        for image_id in request.get("imageIds") or []:
            if ecr._find_image(request.get("repositoryName", ""), image_id) is None:
                text = f"The image with imageId {json.dumps(image_id)} does not exist within the repository"
                return error_response_json("ImageNotFoundException", text, 400)
        return known(request)

    ecr._describe_images = describe_images


def _publish_images_that_are_asked_for() -> None:
    """An image that the CDK CLI looks for counts as pushed: jobs run from what this machine has (see Runtime)."""
    known = ecr._describe_images

    def describe_images(request: dict[str, Any]) -> Any:
        repository = request.get("repositoryName", "")
        if repository in ecr._repositories:
            for image_id in request.get("imageIds") or []:
                if "imageTag" in image_id and ecr._find_image(repository, image_id) is None:
                    _record_image(repository, image_id["imageTag"])
        return known(request)

    ecr._describe_images = describe_images


def _record_image(repository: str, tag: str) -> None:
    manifest = json.dumps({"schemaVersion": 2, "tag": tag, "runs": "from this machine"})
    ecr._put_image({"repositoryName": repository, "imageManifest": manifest, "imageTag": tag})
