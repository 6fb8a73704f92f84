"""The local SageMaker service: the operations that the workshop, its workflow and its users call."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ministack.services import ecr

from local_aws import batches, scaling_api, warm_pools
from local_aws.permissions import refused
from local_aws.quotas import Quotas, instances_of
from local_aws.role_session import scope
from local_aws.runtime import Runtime
from local_aws.sagemaker_endpoints import EndpointRunner
from local_aws.sagemaker_jobs import JobRunner, image_of
from local_aws.sagemaker_permissions import further_permissions
from local_aws.sagemaker_store import (
    ENDPOINT,
    ENDPOINT_CONFIG,
    KINDS,
    MODEL,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    ApiError,
    Record,
    Store,
    StoredKind,
)
from local_aws.sagemaker_transforms import TransformRunner
from local_aws.tuning import TuningRunner, refuse_unusable
from local_aws.validation import problems_of_request, service_model

Answer = tuple[int, dict[str, str], bytes]
JSON_11 = {"Content-Type": "application/x-amz-json-1.1"}
DEFAULT_PAGE = 10
DOCKER_MANIFESTS = tuple(f"application/vnd.docker.distribution.manifest.{kind}" for kind in ("v2+json", "v1+prettyjws"))
INVOCATION = re.compile(r"/endpoints/([^/]+)/(async-)?invocations")
INLINE_BYTES = 128_000  # of a request that is answered later


class _RefusedError(Exception):
    """IAM refused a permission that the operation needs beside its own."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


class SageMakerService:
    """Handles requests of the services sagemaker and sagemaker-runtime."""

    def __init__(self, runtime: Runtime, work: Path) -> None:
        self.store = Store()
        self._quotas = Quotas.from_environment()
        self._jobs = JobRunner(self.store, runtime, work)
        self._endpoints = EndpointRunner(self.store, runtime, work)
        self._transforms = TransformRunner(self.store, runtime, work)
        self._tunings = TuningRunner(self.store, partial(self._create_job, TRAINING))
        self._operations: dict[str, Callable[[Record], Record]] = {
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
            "CreateProcessingJob": partial(self._create_job, PROCESSING),
            "CreateTrainingJob": partial(self._create_job, TRAINING),
            "CreateTransformJob": self._create_transform_job,
            "StopProcessingJob": partial(self._stop_job, PROCESSING),
            "StopTrainingJob": partial(self._stop_job, TRAINING),
            "StopTransformJob": partial(self._stop_job, TRANSFORM),
            "CreateHyperParameterTuningJob": self._create_tuning,
            "StopHyperParameterTuningJob": partial(self._stop_job, TUNING),
            "ListTrainingJobsForHyperParameterTuningJob": self._list_trials,
            "UpdateTrainingJob": self._update_training_job,
            "CreateModel": self._create_model,
            "CreateEndpointConfig": self._create_endpoint_config,
            "CreateEndpoint": self._create_endpoint,
            "DeleteModel": partial(self._delete, MODEL),
            "DeleteEndpointConfig": partial(self._delete, ENDPOINT_CONFIG),
            "DeleteEndpoint": self._delete_endpoint,
        }
        for kind in KINDS:
            self._operations[f"Describe{kind.noun}"] = partial(self._describe, kind)
            self._operations[f"List{kind.noun}s"] = partial(self._list, kind)

    def has_endpoint(self, name: str) -> bool:
        """Of the scope of the request."""
        return any(each["EndpointName"] == name for each in self.store.all_of(ENDPOINT))

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Answer:
        """MiniStack's handler signature. IAM has allowed the operation itself by now."""
        return await asyncio.to_thread(self._answer, path, headers, body)

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        operation = headers.get("x-amz-target", "").rpartition(".")[2] or "InvokeEndpoint"
        try:
            if operation == "InvokeEndpoint":
                return self._invoke(path, headers, body)
            request = json.loads(body or b"{}")
            return 200, dict(JSON_11), json.dumps(self._call(operation, request, headers)).encode()
        except _RefusedError as refusal:
            return refusal.answer
        except ApiError as error:
            content = {"__type": error.code, "message": error.message, "Message": error.message}
            return error.status, {**JSON_11, "x-amzn-ErrorType": error.code}, json.dumps(content).encode()

    def _call(self, operation: str, request: Record, headers: dict[str, str]) -> Record:
        if operation not in service_model("sagemaker").operation_names:
            raise ApiError("UnknownOperationException", f"{operation} is no operation of SageMaker.")
        problems = problems_of_request("sagemaker", operation, request)
        if problems:
            raise ApiError("ValidationException", "; ".join(problems))
        for action, resource, context in further_permissions(operation, request):
            if answer := refused("sagemaker", headers, action, resource, context):
                raise _RefusedError(answer)
        handler = self._operations.get(operation)
        if handler is None:
            raise ApiError("UnknownOperationException", f"{operation} is not part of the local SageMaker.")
        return handler(request)

    def _create_job(self, kind: StoredKind, request: Record, **fields: Any) -> Record:
        _require_image(image_of(request))
        status = {kind.status_key: "InProgress"}
        if kind is TRAINING:
            warm_pools.refuse_with_spot(request)
            status["SecondaryStatus"] = "Starting"
        room = partial(self._quotas.require_room, kind, *instances_of(request))
        record = self.store.create(kind, request, check=room, **status, **fields)
        if kind is TRAINING:
            warm_pools.reuse(self.store, record)
        self._jobs.start(kind, record, scope()[1])
        return {kind.arn_key: record[kind.arn_key]}

    def _create_transform_job(self, request: Record) -> Record:
        batches.check_request(request)
        self.store.get(MODEL, request["ModelName"])
        room = partial(self._quotas.require_room, TRANSFORM, *instances_of(request))
        record = self.store.create(TRANSFORM, request, check=room, TransformJobStatus="InProgress")
        self._transforms.start(record, scope()[1])
        return {"TransformJobArn": record["TransformJobArn"]}

    def _create_tuning(self, request: Record) -> Record:
        refuse_unusable(request)
        config, trial = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
        limits = config["ResourceLimits"]
        _require_image(image_of(trial))
        instance_type, count = instances_of(trial)
        at_a_time = count * limits["MaxParallelTrainingJobs"]
        self._quotas.require_room(TRAINING, instance_type, at_a_time, self.store.all_of(TRAINING))
        listed = {"Strategy": config["Strategy"], "ResourceLimits": limits}
        record = self.store.create(TUNING, request, HyperParameterTuningJobStatus="InProgress", **listed)
        self._tunings.start(record)
        return {TUNING.arn_key: record[TUNING.arn_key]}

    def _list_trials(self, request: Record) -> Record:
        """Of one tuning job, the newest first, as long as no other order is asked for."""
        status = request.get("StatusEquals")
        trials = self._tunings.trials_of(self.store.get(TUNING, request[TUNING.name_key]))
        found = [each for each in trials if status in (None, each["TrainingJobStatus"])]
        if request.get("SortOrder") == "Ascending":
            found.reverse()
        start = int(request.get("NextToken", "0"))
        end = start + request.get("MaxResults", DEFAULT_PAGE)
        return {"TrainingJobSummaries": found[start:end], **({"NextToken": str(end)} if end < len(found) else {})}

    def _stop_job(self, kind: StoredKind, request: Record) -> Record:
        record = self.store.get(kind, request[kind.name_key])
        if record[kind.status_key] != "InProgress":
            raise ApiError("ValidationException", f"The job is {record[kind.status_key]}; it cannot be stopped.")
        self.store.update(record, **{kind.status_key: "Stopping"})
        return {}

    def _update_training_job(self, request: Record) -> Record:
        return warm_pools.update(self.store, request)

    def _create_model(self, request: Record) -> Record:
        _require_image(request["PrimaryContainer"]["Image"])
        return {"ModelArn": self.store.create(MODEL, request)["ModelArn"]}

    def _create_endpoint_config(self, request: Record) -> Record:
        for variant in request["ProductionVariants"]:
            model = self.store.get(MODEL, variant["ModelName"])
            if "ServerlessConfig" in variant and "AsyncInferenceConfig" in request:
                raise ApiError("ValidationException", "ServerlessConfig is not supported with AsyncInferenceConfig.")
            if "ServerlessConfig" in variant and model.get("EnableNetworkIsolation"):
                raise ApiError("ValidationException", "Network isolation is not supported for serverless inference.")
        return {"EndpointConfigArn": self.store.create(ENDPOINT_CONFIG, request)["EndpointConfigArn"]}

    def _create_endpoint(self, request: Record) -> Record:
        config = self.store.get(ENDPOINT_CONFIG, request["EndpointConfigName"])
        instance_type = config["ProductionVariants"][0].get("InstanceType", "serverless")
        room = partial(self._quotas.require_room, ENDPOINT, instance_type, 1)
        later = {key: config[key] for key in ("AsyncInferenceConfig",) if key in config}
        record = self.store.create(ENDPOINT, request, check=room, EndpointStatus="Creating", **later)
        self._endpoints.start(record, scope()[1])
        return {"EndpointArn": record["EndpointArn"]}

    def _delete_endpoint(self, request: Record) -> Record:
        name = request["EndpointName"]
        record = self.store.get(ENDPOINT, name)
        if record["EndpointStatus"] in ("Creating", "Updating"):
            raise ApiError("ValidationException", f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
        self.store.update(record, EndpointStatus="Deleting")
        self._endpoints.stop(record["EndpointArn"])
        self.store.delete(ENDPOINT, name)
        scaling_api.deregister(name)
        return {}

    def _delete(self, kind: StoredKind, request: Record) -> Record:
        self.store.delete(kind, request[kind.name_key])
        return {}

    def _describe(self, kind: StoredKind, request: Record) -> Record:
        if kind is TRAINING:
            warm_pools.refresh(self.store, self.store.get(kind, request[kind.name_key]))
        return self.store.describe(kind, request[kind.name_key])

    def _list(self, kind: StoredKind, request: Record) -> Record:
        wanted = request.get("NameContains", "")
        status = request.get("StatusEquals")
        records = [
            record
            for record in self.store.all_of(kind)
            if wanted.lower() in record[kind.name_key].lower()
            and status in (None, record.get(kind.status_key))
            and record["CreationTime"] > request.get("CreationTimeAfter", 0)
        ]
        if request.get("SortOrder") == "Ascending":
            records.reverse()
        if kind is TRAINING:
            records = warm_pools.narrowed(self.store, records, request.get("WarmPoolStatusEquals"))
        start = int(request.get("NextToken", "0"))
        end = start + request.get("MaxResults", DEFAULT_PAGE)
        output = service_model("sagemaker").operation_model(f"List{kind.noun}s").output_shape
        list_key = next(key for key in output.members if key != "NextToken")
        members = output.members[list_key].member.members
        copies = [dict(record) for record in records[start:end]]  # jobs go on writing into theirs
        page = [{key: value for key, value in record.items() if key in members} for record in copies]
        return {list_key: page, **({"NextToken": str(end)} if end < len(records) else {})}

    def _add_tags(self, request: Record) -> Record:
        tags = self.store.tags(request["ResourceArn"])
        tags.update({tag["Key"]: tag["Value"] for tag in request["Tags"]})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _list_tags(self, request: Record) -> Record:
        tags = dict(self.store.tags(request["ResourceArn"]))
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _invoke(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        match = INVOCATION.fullmatch(unquote(path))
        if match is None:
            raise ApiError("UnknownOperationException", f"{path} is no operation of sagemaker-runtime.", 404)
        name = match.group(1)
        record = self.store.get(ENDPOINT, name)
        if record["EndpointStatus"] not in ("InService", "Updating"):
            raise ApiError("ValidationError", f"Endpoint {name} of account {scope()[0]} is not in service.")
        if match.group(2):
            return self._invoke_later(record["EndpointArn"], headers, body)
        given = {name: headers.get(name, "application/json") for name in ("content-type", "accept")}
        answer, answer_type = self._endpoints.invoke(record["EndpointArn"], body, given)
        return 200, {"Content-Type": answer_type, "x-Amzn-Invoked-Production-Variant": "AllTraffic"}, answer

    def _invoke_later(self, arn: str, headers: dict[str, str], body: bytes) -> Answer:
        place = headers.get("x-amzn-sagemaker-inputlocation", "")
        if bool(place) == bool(body):
            raise ApiError("ValidationError", "Provide exactly one of Body and InputLocation.")
        if len(body) > INLINE_BYTES:
            raise ApiError("ValidationError", f"Body is larger than {INLINE_BYTES} bytes.")
        names = {"content-type": "x-amzn-sagemaker-content-type", "accept": "x-amzn-sagemaker-accept"}
        given = {key: headers.get(name, "application/json") for key, name in names.items()}
        where = self._endpoints.invoke_later(arn, body, given, place)
        told = {f"X-Amzn-SageMaker-{key}": where[key] for key in ("OutputLocation", "FailureLocation")}
        return (
            202,
            {"Content-Type": "application/json", **told},
            json.dumps({"InferenceId": where["InferenceId"]}).encode(),
        )


def _require_image(uri: str) -> None:
    """The image must stand in the local registry, as SageMaker looks for it in ECR."""
    repository, _, tag = uri.rpartition("/")[2].partition(":")
    image = ecr._find_image(repository, {"imageTag": tag or "latest"})
    if image is None:
        raise ApiError("ValidationException", f"Cannot find image {uri}. Deploy the stacks first.")
    media_type = image["imageManifestMediaType"]
    if media_type not in DOCKER_MANIFESTS:  # in AWS's words (aws/amazon-sagemaker-feedback, issue 180)
        advice = "Ensure that valid manifest media type is used for specified image."
        raise ApiError("ValidationException", f"Unsupported manifest media type {media_type} for image {uri}. {advice}")
