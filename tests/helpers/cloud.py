"""An account in memory, for tests that need thousands of accounts: the AWS calls of a teardown, answered as AWS does.

The local AWS and moto, which other tests use, are slower and know fewer states: nothing in them is ever stuck.
"""

from __future__ import annotations

import copy
import io
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.response import StreamingBody

ACCOUNT = "123456789012"
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
ENABLED = ("ap-northeast-1", "eu-west-1", "us-west-2")
SAGEMAKER = {
    "endpoint": "Endpoint",
    "endpoint-config": "EndpointConfig",
    "model": "Model",
    "processing-job": "ProcessingJob",
    "training-job": "TrainingJob",
    "hyper-parameter-tuning-job": "HyperParameterTuningJob",
    "transform-job": "TransformJob",
}
LIST_KEYS = {"Endpoint": "Endpoints", "EndpointConfig": "EndpointConfigs", "Model": "Models"}
# Kinds that only participants make: how the API names them, and how it lists them.
TOOLS = {
    "notebook-instance": ("NotebookInstanceName", "NotebookInstances"),
    "pipeline": ("PipelineName", "PipelineSummaries"),
    "model-package-group": ("ModelPackageGroupName", "ModelPackageGroupSummaryList"),
    "cluster": ("ClusterName", "ClusterSummaries"),
    "inference-component": ("InferenceComponentName", "InferenceComponents"),
    "compilation-job": ("CompilationJobName", "CompilationJobSummaries"),
    "automl-job": ("AutoMLJobName", "AutoMLJobSummaries"),
    "optimization-job": ("OptimizationJobName", ""),
    "mlflow-tracking-server": ("TrackingServerName", ""),
    "mlflow-app": ("Arn", ""),
    "feature-group": ("FeatureGroupName", ""),
}
# In these states a tool cannot be deleted.
RUNNING = {
    "notebook-instance": ("InService",),
    "compilation-job": ("STARTING", "INPROGRESS"),
    "optimization-job": ("STARTING", "INPROGRESS"),
}
ARNS = {
    "bucket": "arn:aws:s3:::{name}",
    "stack": "arn:aws:cloudformation:{region}:{account}:stack/{name}/1",
    "state-machine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "build-project": "arn:aws:codebuild:{region}:{account}:project/{name}",
    "log-group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "schedule-group": "arn:aws:scheduler:{region}:{account}:schedule-group/{name}",
    "queue": "arn:aws:sqs:{region}:{account}:{name}",
}
UNINDEXED = ("schedule", "scalable-target", "user")
BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
JOB_LOGS = {"processing-job": "ProcessingJobs", "training-job": "TrainingJobs", "transform-job": "TransformJobs"}

Record = dict[str, Any]


class RefusalError(Exception):
    """An error answer: code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


@dataclass
class Cloud:
    """``things`` maps (kind, region, name) to a record. What takes time takes ``looks`` descriptions.

    ``late_logs`` are log groups that come back once, after their writer is gone.
    """

    things: dict[tuple[str, str, str], Record] = field(default_factory=dict)
    enabled: tuple[str, ...] = ENABLED
    looks: int = 1
    late_logs: list[tuple[str, str]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def add(self, kind: str, region: str, name: str, **record: Any) -> Record:
        return self.things.setdefault((kind, region, name), {"tags": {}, **record})

    def get(self, kind: str, region: str, name: str, code: str = "", message: str = "") -> Record:
        record = self.things.get((kind, region, name))
        if record is None:
            raise RefusalError(code or "ResourceNotFoundException", message or f"{name} not found")
        return record

    def named(self, kind: str, region: str) -> list[tuple[str, Record]]:
        return [(key[2], record) for key, record in sorted(self.things.items()) if key[:2] == (kind, region)]

    def drop(self, kind: str, region: str, name: str) -> None:
        self.things.pop((kind, region, name), None)

    def snapshot(self) -> dict[tuple[str, str, str], Record]:
        return copy.deepcopy(self.things)

    def call(self, service: str, region: str, operation: str, params: Record) -> Record:
        """The answer to one request.

        Raises:
            RefusalError: as AWS refuses it.
        """
        with self.lock:
            self.calls.append(signature(service, region, operation, params))
            if region not in self.enabled:
                raise RefusalError("UnrecognizedClientException", "The security token is invalid.")
            handler: Callable[[str, str, Record], Record] = getattr(self, f"_{service.replace('-', '_')}")
            return handler(region, operation, params)

    def _sts(self, region: str, operation: str, params: Record) -> Record:
        return {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/organiser", "UserId": "AIDA"}

    def _ec2(self, region: str, operation: str, params: Record) -> Record:
        return {"Regions": [{"RegionName": name} for name in self.enabled]}

    def _pricing(self, region: str, operation: str, params: Record) -> Record:
        return {"PriceList": []}

    def _resourcegroupstaggingapi(self, region: str, operation: str, params: Record) -> Record:
        [wanted] = params["TagFilters"]
        found = [
            {"ResourceARN": self.arn(*key), "Tags": []}
            for key, record in sorted(self.things.items())
            if key[1] == region and record["tags"].get(wanted["Key"]) in wanted["Values"] and key[0] not in UNINDEXED
        ]
        return {"ResourceTagMappingList": found, "PaginationToken": ""}

    def arn(self, kind: str, region: str, name: str) -> str:
        """As the index of tags writes it."""
        if kind in ARNS:
            return ARNS[kind].format(region=region, account=ACCOUNT, name=name)
        return self._arn(kind, region, name)

    def _arn(self, kind: str, region: str, name: str) -> str:
        """SageMaker writes names in small letters there."""
        return f"arn:aws:sagemaker:{region}:{ACCOUNT}:{kind}/{name.lower()}"

    # SageMaker

    def _sagemaker(self, region: str, operation: str, params: Record) -> Record:
        if operation == "ListTags":
            return {"Tags": _tag_list(self._resource(*self._named_by(region, params["ResourceArn"]))["tags"])}
        verb = next(verb for verb in ("List", "Describe", "Delete", "Stop") if operation.startswith(verb))
        if tool := _tool(operation.removeprefix(verb)):
            return self._tools(verb, tool, region, params)
        noun = operation.removeprefix(verb).removesuffix("s" if verb == "List" else "")
        if noun in ("Domain", "ModelPackage", "PipelineExecution"):
            return {"Domains": [], "ModelPackageSummaryList": [], "PipelineExecutionSummaries": []}
        kind = next(kind for kind, candidate in SAGEMAKER.items() if candidate == noun)
        if verb == "List":
            wanted = params.get("NameContains", "").lower()
            entries = [
                self._sagemaker_answer(kind, region, name, record)
                for name, record in self.named(kind, region)
                if wanted in name.lower() and params.get("StatusEquals") in (None, record.get("state"))
            ]
            return {LIST_KEYS.get(noun, f"{noun}Summaries"): entries}
        name = params[f"{noun}Name"]
        record = self._resource(kind, region, name)
        if verb == "Describe":
            self._pass_time(kind, region, name, record)
            return self._sagemaker_answer(kind, region, name, self._resource(kind, region, name))
        return self._end(verb, kind, region, name, record)

    def _tools(self, verb: str, kind: str, region: str, params: Record) -> Record:
        key, list_key = TOOLS[kind]
        noun = key.removesuffix("Name")
        if verb == "List":
            names = [name for name, _ in self.named(kind, region)]
            return {list_key: [{f"{noun}Name": name, f"{noun}Arn": self._arn(kind, region, name)} for name in names]}
        name = params[key]
        if key == "Arn":
            _, _, name = self._named_by(region, name)
        record = self._resource(kind, region, name)
        match verb:
            case "Describe":
                return {f"{noun}Status": record["state"]} if "state" in record else {"RoleArn": "role"}
            case "Stop":
                record["state"] = "Stopped"
            case "Delete" if record.get("state") in RUNNING.get(kind, ()):
                raise RefusalError("ValidationException", f"Status ({record['state']}) not in ([Stopped, Failed])")
            case "Delete":
                self.drop(kind, region, name)
        return {}

    def _named_by(self, region: str, arn: str) -> tuple[str, str, str]:
        """Kind, region and name, as it was given, of what an ARN names."""
        kind, _, name = arn.split(":", 5)[5].partition("/")
        names = (given for given, _ in self.named(kind, region) if given.lower() == name)
        return kind, region, next(names, name)

    def _resource(self, kind: str, region: str, name: str) -> Record:
        return self.get(kind, region, name, "ValidationException", f'Could not find {kind} "{name}".')

    def _sagemaker_answer(self, kind: str, region: str, name: str, record: Record) -> Record:
        noun = SAGEMAKER[kind]
        answer = {f"{noun}Name": name, f"{noun}Arn": self._arn(kind, region, name), "CreationTime": EPOCH}
        if "state" in record:
            answer[f"{noun}Status"] = record["state"]
        if kind == "endpoint":
            answer["EndpointConfigName"] = name
        return answer

    def _end(self, verb: str, kind: str, region: str, name: str, record: Record) -> Record:
        if verb == "Stop":
            if record["state"] != "InProgress":
                raise RefusalError("ValidationException", f"The job is {record['state']}.")
            record.update(state="Stopping", left=self.looks)
        elif kind == "endpoint":
            if record["state"] in (*BUSY, "Deleting"):
                raise RefusalError("ValidationException", f"Cannot update in-progress endpoint {name}.")
            record.update(state="Deleting", left=self.looks)
        else:
            self.drop(kind, region, name)
        return {}

    def _pass_time(self, kind: str, region: str, name: str, record: Record) -> None:
        """A look at something that is under way; ``stuck`` things never move."""
        if record.get("stuck") or record.get("state") not in (*BUSY, "Deleting", "Stopping"):
            return
        record["left"] = record.get("left", self.looks) - 1
        if record["left"] >= 0:
            return
        record.pop("left")
        if record["state"] == "Deleting":
            self.drop(kind, region, name)
        else:
            record["state"] = "Stopped" if record["state"] == "Stopping" else "InService"
        if record["state"] in ("Deleting", "Stopped"):
            self._write_late(region, name)

    def _write_late(self, region: str, name: str) -> None:
        group = (region, f"/aws/sagemaker/Endpoints/{name}")
        if group in self.late_logs:
            self.late_logs.remove(group)
            self.add("log-group", region, group[1])

    # Step Functions, Scheduler, Auto Scaling

    def _stepfunctions(self, region: str, operation: str, params: Record) -> Record:
        name = next(iter(params.values())).split(":")[6]
        code = "ResourceNotFound" if operation == "ListTagsForResource" else "StateMachineDoesNotExist"
        machine = self.get("state-machine", region, name, code)
        if operation == "DescribeStateMachine":
            return {"name": name, "stateMachineArn": params["stateMachineArn"]}
        if operation == "ListTagsForResource":
            return {"tags": [{"key": key, "value": value} for key, value in machine["tags"].items()]}
        if operation == "StopExecution":
            machine["executions"].remove(params["executionArn"].split(":")[7])
            return {"stopDate": EPOCH}
        arn = params["stateMachineArn"].replace(":stateMachine:", ":execution:")
        return {
            "executions": [
                {"executionArn": f"{arn}:{run}", "name": run, "status": "RUNNING", "startDate": EPOCH}
                for run in machine["executions"]
            ]
        }

    def _scheduler(self, region: str, operation: str, params: Record) -> Record:
        if operation == "DeleteSchedule":
            self.get("schedule", region, params["Name"])
            self.drop("schedule", region, params["Name"])
            return {}
        if operation == "GetSchedule":
            schedule = self.get("schedule", region, params["Name"])
            ends = json.dumps({"EndpointName": schedule.get("ends", params["Name"])})
            target = {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint", "RoleArn": "role", "Input": ends}
            return {"Name": params["Name"], "Target": target | schedule.get("target", {})}
        if operation == "ListTagsForResource":
            group = self.get("schedule-group", region, params["ResourceArn"].rpartition("/")[2])
            return {"Tags": _tag_list(group["tags"])}
        named = [each for each in self.named("schedule", region) if each[0].startswith(params["NamePrefix"])]
        return {"Schedules": [{"Name": name, "GroupName": each.get("group", "default")} for name, each in named]}

    def _ssm(self, region: str, operation: str, params: Record) -> Record:
        known = [name for name in params["Names"] if ("parameter", region, name) in self.things]
        return {"Parameters": [{"Name": name} for name in known]}

    def _application_autoscaling(self, region: str, operation: str, params: Record) -> Record:
        if operation == "DeregisterScalableTarget":
            self.get("scalable-target", region, params["ResourceId"], "ObjectNotFoundException")
            self.drop("scalable-target", region, params["ResourceId"])
            return {}
        dimension = "sagemaker:variant:DesiredInstanceCount"
        names = [name for name, _ in self.named("scalable-target", region)]
        return {"ScalableTargets": [{"ResourceId": name, "ScalableDimension": dimension} for name in names]}

    # CloudFormation

    def _cloudformation(self, region: str, operation: str, params: Record) -> Record:
        name = params["StackName"].split("/")[1] if params["StackName"].startswith("arn:") else params["StackName"]
        stack = self.get("stack", region, name, "ValidationError", f"Stack with id {name} does not exist")
        if operation == "DescribeStacks":
            self._pass_time_of_stack(region, name, stack)
            stack = self.get("stack", region, name, "ValidationError", f"Stack with id {name} does not exist")
            identity = {"StackName": name, "StackId": f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/1"}
            details = {"StackStatus": stack["state"], "Tags": _tag_list(stack["tags"]), "CreationTime": EPOCH}
            return {"Stacks": [identity | details]}
        if operation == "ListStackResources":
            return {"StackResourceSummaries": [_summary(*held) for held in stack["holds"]]}
        if operation == "DescribeStackEvents":
            reason = {"LogicalResourceId": "It", "ResourceStatus": "DELETE_FAILED", "PhysicalResourceId": "it"}
            return {"StackEvents": [reason | {"ResourceStatusReason": stack.get("why", "")}]}
        if stack.get("protected"):
            raise RefusalError("ValidationError", f"Stack [{name}] cannot be deleted while TerminationProtection is on")
        stack.update(state="DELETE_IN_PROGRESS", left=self.looks)
        return {}

    def _pass_time_of_stack(self, region: str, name: str, stack: Record) -> None:
        state = stack["state"]
        if stack.get("stuck") or not state.endswith("_IN_PROGRESS") or state == "REVIEW_IN_PROGRESS":
            return
        stack["left"] = stack.get("left", self.looks) - 1
        if stack["left"] >= 0:
            return
        stack.pop("left")
        if state != "DELETE_IN_PROGRESS":
            stack["state"] = state.replace("_IN_PROGRESS", "_COMPLETE")
            return
        stack["why"] = next((why for held in stack["holds"] if (why := self._why_kept(region, *held))), "")
        if stack["why"]:
            stack["state"] = "DELETE_FAILED"
            return
        for kind, held in stack["holds"]:
            self.drop(kind, "global" if kind == "user" else region, held)
        self.drop("stack", region, name)

    def _why_kept(self, region: str, kind: str, name: str) -> str:
        if (
            kind == "bucket"
            and (held := self.things.get((kind, region, name)))
            and (held["objects"] or held["uploads"])
        ):
            return "The bucket you tried to delete is not empty"
        if kind == "user" and (user := self.things.get((kind, "global", name))) and (user["keys"] or user["password"]):
            return "Cannot delete entity, must delete access keys or login profile first."
        return ""

    # IAM

    def _iam(self, region: str, operation: str, params: Record) -> Record:
        name = params["UserName"]
        user = self.get("user", "global", name, "NoSuchEntity")
        match operation:
            case "ListAccessKeys":
                keys = [{"UserName": name, "AccessKeyId": key, "CreateDate": EPOCH} for key in user["keys"]]
                return {"AccessKeyMetadata": keys}
            case "DeleteAccessKey":
                if params["AccessKeyId"] not in user["keys"]:
                    raise RefusalError("NoSuchEntity", "The Access Key cannot be found.")
                user["keys"].remove(params["AccessKeyId"])
            case "GetLoginProfile" | "DeleteLoginProfile":
                if not user["password"]:
                    raise RefusalError("NoSuchEntity", "Login Profile for User cannot be found.")
                user["password"] = user["password"] and operation == "GetLoginProfile"
                return {"LoginProfile": {"UserName": name, "CreateDate": EPOCH}} if user["password"] else {}
        return {}

    # S3: objects are (key, version, is a delete marker)

    def _s3(self, region: str, operation: str, params: Record) -> Record:
        if operation == "ListBuckets":
            return {"Buckets": [{"Name": key[2], "CreationDate": EPOCH} for key in self.things if key[0] == "bucket"]}
        name, prefix = params["Bucket"], params.get("Prefix", "")
        bucket = self.get("bucket", region, name, "404" if operation == "HeadBucket" else "NoSuchBucket")
        match operation:
            case "GetBucketTagging":
                if not bucket["tags"]:
                    raise RefusalError("NoSuchTagSet", "The TagSet does not exist")
                return {"TagSet": _tag_list(bucket["tags"])}
            case "ListObjectVersions":
                entries = [entry for entry in bucket["objects"] if entry[0].startswith(prefix)]
                versions = [
                    {"Key": key, "VersionId": version, "Size": 1} for key, version, marker in entries if not marker
                ]
                markers = [{"Key": key, "VersionId": version} for key, version, marker in entries if marker]
                return {"Versions": versions, "DeleteMarkers": markers, "IsTruncated": False}
            case "ListMultipartUploads":
                uploads = [{"Key": key, "UploadId": key} for key in bucket["uploads"] if key.startswith(prefix)]
                return {"Uploads": uploads, "IsTruncated": False}
            case "DeleteObjects" if any("\x1b" in entry["Key"] for entry in params["Delete"]["Objects"]):
                raise RefusalError("MalformedXML", "The XML you provided was not well-formed")
            case "DeleteObject":
                entry = (params["Key"], params["VersionId"])
                bucket["objects"] = [each for each in bucket["objects"] if tuple(each[:2]) != entry]
            case "DeleteObjects":
                gone = {(entry["Key"], entry["VersionId"]) for entry in params["Delete"]["Objects"]}
                bucket["objects"] = [entry for entry in bucket["objects"] if tuple(entry[:2]) not in gone]
            case "AbortMultipartUpload":
                bucket["uploads"].remove(params["Key"])
            case "ListObjectsV2":
                keys = sorted({key for key, _, marker in bucket["objects"] if not marker and key.startswith(prefix)})
                entry = {"ETag": '"1"', "Size": 1, "LastModified": EPOCH}
                return {"Contents": [{"Key": key, **entry} for key in keys], "IsTruncated": False}
            case "GetObject":
                body = bucket.get("bodies", {}).get(params["Key"])
                if body is None:
                    raise RefusalError("NoSuchKey", "The specified key does not exist.")
                return {"Body": StreamingBody(io.BytesIO(body), len(body))}
            case "DeleteBucket":
                if bucket["objects"] or bucket["uploads"]:
                    raise RefusalError("BucketNotEmpty", "The bucket you tried to delete is not empty")
                self.drop("bucket", region, name)
        return {}

    # ECR and logs

    def _ecr(self, region: str, operation: str, params: Record) -> Record:
        name = params.get("repositoryName") or params["resourceArn"].partition("/")[2]
        repository = self.get("repository", region, name, "RepositoryNotFoundException")
        match operation:
            case "ListTagsForResource":
                return {"tags": _tag_list(repository["tags"])}
            case "ListImages":
                return {"imageIds": [{"imageTag": tag, "imageDigest": tag} for tag in repository["images"]]}
            case "DeleteRepository":
                self.drop("repository", region, name)
                return {}
        for image in params["imageIds"]:
            repository["images"].remove(image.get("imageTag") or image["imageDigest"])
        return {"imageIds": [], "failures": []}

    def _codebuild(self, region: str, operation: str, params: Record) -> Record:
        match operation:
            case "BatchGetProjects":
                known = [(name, self.things.get(("build-project", region, name))) for name in params["names"]]
                tags = {name: [{"key": k, "value": v} for k, v in each["tags"].items()] for name, each in known if each}
                return {"projects": [{"name": name, "tags": tags[name]} for name in tags]}
            case "DeleteProject":
                self.drop("build-project", region, params["name"])
                return {}
            case "BatchGetBuilds":
                builds = [self._build(region, name) for name in params["ids"]]
                return {"builds": [{"id": each["id"], "buildStatus": each["state"]} for each in builds]}
            case "StopBuild":
                self._build(region, params["id"])["state"] = "STOPPED"
                return {"build": {"id": params["id"], "buildStatus": "STOPPED"}}
        project = self.get("build-project", region, params["projectName"])
        return {"ids": [build["id"] for build in project["builds"]]}

    def _build(self, region: str, name: str) -> Record:
        builds: list[Record] = self.get("build-project", region, name.partition(":")[0])["builds"]
        return next(build for build in builds if build["id"] == name)

    def _logs(self, region: str, operation: str, params: Record) -> Record:
        match operation:
            case "DescribeLogGroups":
                return {"logGroups": self._groups(region, params.get("logGroupNamePrefix", ""))}
            case "ListTagsForResource":
                return {"tags": self.get("log-group", region, params["resourceArn"].split(":", 6)[6])["tags"]}
            case "DescribeSubscriptionFilters":
                group = self.get("log-group", region, params["logGroupName"])
                return {"subscriptionFilters": [{"filterName": name} for name in group.get("subscriptions", [])]}
        group = self.get("log-group", region, params["logGroupName"])
        streams = group.setdefault("streams", [])
        match operation:
            case "DescribeLogStreams":
                prefix = params.get("logStreamNamePrefix", "")
                return {"logStreams": [{"logStreamName": name} for name in streams if name.startswith(prefix)]}
            case "DeleteLogStream":
                streams.remove(params["logStreamName"])
            case "DeleteLogGroup":
                self.drop("log-group", region, params["logGroupName"])
        return {}

    def _groups(self, region: str, prefix: str) -> list[Record]:
        return [
            {
                "logGroupName": name,
                "arn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}:*",
                **({"retentionInDays": record["retention"]} if record.get("retention") else {}),
                **({"kmsKeyId": record["key"]} if record.get("key") else {}),
            }
            for name, record in self.named("log-group", region)
            if name.startswith(prefix)
        ]


def signature(service: str, region: str, operation: str, params: Record) -> str:
    """One request, in words."""
    return f"{service} {region} {operation} {json.dumps(params, sort_keys=True, default=str)}"


def _tool(noun: str) -> str:
    """The kind that an operation is about, when it is one of the tools."""
    wanted = noun.lower().removesuffix("s")
    return next((kind for kind in TOOLS if kind.replace("-", "") == wanted), "")


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _summary(kind: str, name: str) -> Record:
    types = {
        "bucket": "AWS::S3::Bucket",
        "build-project": "AWS::CodeBuild::Project",
        "repository": "AWS::ECR::Repository",
        "state-machine": "AWS::StepFunctions::StateMachine",
        "user": "AWS::IAM::User",
    }
    return {
        "LogicalResourceId": "It",
        "PhysicalResourceId": name,
        "ResourceType": types[kind],
        "ResourceStatus": "CREATE_COMPLETE",
    }
