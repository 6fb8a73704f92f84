"""The local AWS by itself: permissions count, requests are checked, endpoints serve and expire."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil
import pytest
from botocore.exceptions import ClientError

from chitra.errors import WorkshopError
from local_aws.ports import endpoint_url
from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from workshop.aws.account import Account as WorkshopAccount
from workshop.runs.predict import predict

REGION = "ap-northeast-1"
BUCKET = "test-sagemaker-bucket"
REPOSITORY = "images"
FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
TEXT = "鍋で玉ねぎを炒めます。"


@dataclass(frozen=True)
class Account:
    aws: LocalAws
    organiser: boto3.Session
    user: boto3.Session
    role: str
    image: str


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("local-aws")
    with LocalAws(folder, runtime=Runtime(stand_in), region=REGION) as aws:
        organiser = aws.session()
        iam = organiser.client("iam")
        role = make_role(iam, "execution", "sagemaker.amazonaws.com")
        iam.attach_role_policy(RoleName="execution", PolicyArn=FULL_ACCESS)
        iam.create_user(UserName="participant")
        iam.attach_user_policy(UserName="participant", PolicyArn=FULL_ACCESS)
        key = iam.create_access_key(UserName="participant")["AccessKey"]
        user = aws.session(key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        configuration = {"LocationConstraint": REGION}
        organiser.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=configuration)
        ecr = organiser.client("ecr")
        repository = ecr.create_repository(repositoryName=REPOSITORY)["repository"]
        ecr.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageTag": "v1"}])
        yield Account(aws, organiser, user, role, f"{repository['repositoryUri']}:v1")


def make_role(iam: Any, name: str, service: str, policy: dict[str, Any] | None = None) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    if policy:
        document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
        iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=document)
    return arn


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


def test_should_refuse_what_sagemaker_full_access_does_not_allow(account: Account) -> None:
    with pytest.raises(ClientError) as error:
        account.user.client("iam").list_users()
    assert code_of(error) == "AccessDenied"
    with pytest.raises(ClientError) as error:
        account.user.client("cloudformation").create_stack(StackName="x", TemplateBody="{}")
    assert code_of(error) == "AccessDenied"


def test_should_require_pass_role_for_the_role_of_a_model(account: Account) -> None:
    iam = account.organiser.client("iam")
    iam.create_user(UserName="no-pass-role")
    statement = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="no-pass-role", PolicyName="policy", PolicyDocument=document)
    key = iam.create_access_key(UserName="no-pass-role")["AccessKey"]
    user = account.aws.session(key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    container = {"Image": account.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    with pytest.raises(ClientError, match="iam:PassRole") as error:
        user.client("sagemaker").create_model(
            ModelName="refused", ExecutionRoleArn=account.role, PrimaryContainer=container
        )
    assert code_of(error) == "AccessDeniedException"


def test_should_refuse_invalid_requests_and_unknown_images(account: Account) -> None:
    sagemaker = account.organiser.client("sagemaker")
    container = {"Image": account.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    with pytest.raises(ClientError, match="does not match"):
        sagemaker.create_model(ModelName="under_score", ExecutionRoleArn=account.role, PrimaryContainer=container)
    container["Image"] = account.image.replace(":v1", ":v2").replace(REPOSITORY, "other")
    with pytest.raises(ClientError, match="Cannot find image"):
        sagemaker.create_model(ModelName="m", ExecutionRoleArn=account.role, PrimaryContainer=container)
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.describe_model(ModelName="nothing")
    with pytest.raises(ClientError, match="not part of the local SageMaker"):
        sagemaker.list_domains()


def test_should_list_in_pages(account: Account) -> None:
    sagemaker = account.organiser.client("sagemaker")
    container = {"Image": account.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    for number in range(12):
        sagemaker.create_model(ModelName=f"m{number}", ExecutionRoleArn=account.role, PrimaryContainer=container)
    assert len(sagemaker.list_models()["Models"]) == 10
    pages = sagemaker.get_paginator("list_models").paginate(NameContains="m")
    assert len([model for page in pages for model in page["Models"]]) == 12
    for number in range(12):
        sagemaker.delete_model(ModelName=f"m{number}")


def test_should_fail_a_job_with_the_programs_own_reason(account: Account) -> None:
    account.organiser.client("s3").put_object(Bucket=BUCKET, Key="corpus/mine.jsonl", Body=b"{}\n")
    sagemaker = account.organiser.client("sagemaker")
    sagemaker.create_processing_job(
        ProcessingJobName="bad-input",
        RoleArn=account.role,
        AppSpecification={"ImageUri": account.image, "ContainerEntrypoint": ["python", "-m", "preprocessing"]},
        ProcessingInputs=[
            {
                "InputName": "corpus",
                "S3Input": {
                    "S3Uri": f"s3://{BUCKET}/corpus/",
                    "LocalPath": "/opt/ml/processing/input/corpus",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingResources={
            "ClusterConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10}
        },
        StoppingCondition={"MaxRuntimeInSeconds": 120},
    )
    job = await_status(lambda: sagemaker.describe_processing_job(ProcessingJobName="bad-input"), "ProcessingJobStatus")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"].startswith("mine.jsonl:1: the key 'sentence1' is missing")
    assert "exit code: 2" in job["FailureReason"]
    logs = account.organiser.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/sagemaker/ProcessingJobs", logStreamNamePrefix="bad-input/")
    assert any("mine.jsonl:1" in event["message"] for event in events["events"])


def await_status(describe: Any, key: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        description: dict[str, Any] = describe()
        if description[key] not in ("InProgress", "Creating"):
            return description
        time.sleep(0.3)
    raise AssertionError(f"still {description[key]}")


@pytest.fixture(scope="module")
def model(account: Account, trained: Path) -> str:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for file in (trained / "model").iterdir():
            tar.add(file, arcname=file.name)
    account.organiser.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive.getvalue())
    container = {"Image": account.image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    account.organiser.client("sagemaker").create_model(
        ModelName="e", ExecutionRoleArn=account.role, PrimaryContainer=container
    )
    return "e"


@pytest.fixture(scope="module")
def endpoint(account: Account, model: str) -> str:
    sagemaker = account.organiser.client("sagemaker")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="e", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="e")
    description = await_status(lambda: sagemaker.describe_endpoint(EndpointName="e"), "EndpointStatus")
    assert description["EndpointStatus"] == "InService", description
    return "e"


def test_should_listen_on_loopback_only(account: Account, endpoint: str) -> None:
    """The emulator's own servers and the containers that it runs."""
    url = f"{endpoint_url(account.aws.port)}/_ministack/ready"
    while httpx.get(url).status_code != 200:  # its slow servers come up behind its port
        time.sleep(0.3)
    server = psutil.Process(account.aws.pid)
    connections = [each for process in (server, *server.children(True)) for each in process.net_connections("inet")]
    listening = {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_should_pass_invocations_on_to_the_container(account: Account, endpoint: str) -> None:
    """As a participant, who may invoke endpoints by AmazonSageMakerFullAccess."""
    runtime = account.user.client("sagemaker-runtime")
    body = json.dumps({"inputs": TEXT}).encode()
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)
    assert "label_name" in json.loads(answer["Body"].read())
    with pytest.raises(ClientError, match=r"Received client error \(400\).*inputs") as error:
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=b"{}")
    assert code_of(error) == "ModelError"


def test_should_answer_the_sagemaker_python_sdk(account: Account, endpoint: str, monkeypatch: Any) -> None:
    """A client that nobody here wrote: SDK v3's resource classes."""
    for name, value in account.aws.environment().items():
        monkeypatch.setenv(name, value)
    from sagemaker.core.resources import Endpoint

    resource = Endpoint.get(endpoint_name=endpoint, session=boto3.Session(region_name=REGION), region=REGION)
    assert resource.endpoint_status == "InService"
    answer = resource.invoke(body=json.dumps({"inputs": [TEXT, TEXT]}), content_type="application/json")
    assert len(json.loads(answer.body.read())["label"]) == 2


TRANSFORM = {
    "BatchStrategy": "MultiRecord",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/batch/"}},
        "ContentType": "application/jsonlines",
        "SplitType": "Line",
    },
    "TransformOutput": {
        "S3OutputPath": f"s3://{BUCKET}/batch",
        "Accept": "application/jsonlines",
        "AssembleWith": "Line",
    },
    "DataProcessing": {"JoinSource": "Input"},
    "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
}


def test_should_transform_every_object_and_join_the_answers(account: Account, model: str) -> None:
    """One object is bad: the others' answers are there, and the job has failed."""
    s3, sagemaker = account.organiser.client("s3"), account.user.client("sagemaker")
    lines = "".join(json.dumps({"id": number, "text": TEXT}) + "\n" for number in range(3))
    s3.put_object(Bucket=BUCKET, Key="batch/sub/good.jsonl", Body=lines.encode())
    s3.put_object(Bucket=BUCKET, Key="batch/bad.jsonl", Body=b'{"id": 1}\n')
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.create_transform_job(TransformJobName="batch", ModelName="nothing", **TRANSFORM)
    sagemaker.create_transform_job(TransformJobName="batch", ModelName=model, **TRANSFORM)
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_transform_job(TransformJobName="batch", ModelName=model, **TRANSFORM)
    job = await_status(lambda: sagemaker.describe_transform_job(TransformJobName="batch"), "TransformJobStatus")
    assert (job["TransformJobStatus"], job["FailureReason"].partition(": Bad HTTP status")[0]) == (
        "Failed",
        f"ClientError: {BUCKET}/batch/bad.jsonl",
    )
    answers = s3.get_object(Bucket=BUCKET, Key="batch/sub/good.jsonl.out")["Body"].read().decode()
    joined = [json.loads(line) for line in answers.splitlines()]
    assert [(each["id"], each["text"]) for each in joined] == [(number, TEXT) for number in range(3)]
    assert all(each["SageMakerOutput"]["label_name"] in each["SageMakerOutput"]["scores"] for each in joined)
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="batch/")["Contents"]
    assert "batch/bad.jsonl.out" not in [each["Key"] for each in listed]
    logs = account.organiser.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix="batch/")
    assert any(
        "bad.jsonl: Bad HTTP status received from algorithm: 400" in each["message"] for each in events["events"]
    )


def test_should_answer_later_through_s3(account: Account, model: str) -> None:
    sagemaker, runtime = account.organiser.client("sagemaker"), account.user.client("sagemaker-runtime")
    places = {"S3OutputPath": f"s3://{BUCKET}/answers", "S3FailurePath": f"s3://{BUCKET}/failures"}
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 1,
    }
    serverless = {
        "VariantName": "v",
        "ModelName": model,
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    later = {"OutputConfig": places}
    with pytest.raises(ClientError, match="ServerlessConfig is not supported with AsyncInferenceConfig"):
        sagemaker.create_endpoint_config(
            EndpointConfigName="l", ProductionVariants=[serverless], AsyncInferenceConfig=later
        )
    sagemaker.create_endpoint_config(EndpointConfigName="l", ProductionVariants=[variant], AsyncInferenceConfig=later)
    sagemaker.create_endpoint(EndpointName="l", EndpointConfigName="l")
    described = await_status(lambda: sagemaker.describe_endpoint(EndpointName="l"), "EndpointStatus")
    assert described["AsyncInferenceConfig"] == later
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    with pytest.raises(ClientError, match="call InvokeEndpointAsync"):
        runtime.invoke_endpoint(EndpointName="l", ContentType="application/json", Body=b"{}")
    workshop = WorkshopAccount(account.user)
    [answer] = predict(workshop, "l", [TEXT])
    assert answer["label_name"] in answer["scores"]
    with pytest.raises(WorkshopError, match=r"endpoint l: .*400.*must be a text that is not empty"):
        predict(workshop, "l", [" "])
    account.organiser.client("s3").put_object(
        Bucket=BUCKET, Key="asked.json", Body=json.dumps({"inputs": TEXT}).encode()
    )
    told = runtime.invoke_endpoint_async(
        EndpointName="l", ContentType="application/json", InputLocation=f"s3://{BUCKET}/asked.json"
    )
    assert told["OutputLocation"] == f"s3://{BUCKET}/answers/{told['InferenceId']}.out"
    sagemaker.delete_endpoint(EndpointName="l")


def test_should_start_instances_when_requests_come_faster(account: Account, endpoint: str) -> None:
    scaling = account.organiser.client("application-autoscaling")
    which = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    tracked = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    policy = {"TargetValue": 2.0, "PredefinedMetricSpecification": tracked}
    naming = {"PolicyName": "p", "PolicyType": "TargetTrackingScaling"}
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.put_scaling_policy(**which, **naming, TargetTrackingScalingPolicyConfiguration=policy)
    with pytest.raises(scaling.exceptions.ValidationException, match="cannot be less than"):
        scaling.register_scalable_target(**which, MinCapacity=2, MaxCapacity=1)
    nothing = which | {"ResourceId": "endpoint/nothing/variant/AllTraffic"}
    with pytest.raises(scaling.exceptions.ValidationException, match="does not exist"):
        scaling.register_scalable_target(**nothing, MinCapacity=1, MaxCapacity=2)
    scaling.register_scalable_target(**which, MinCapacity=1, MaxCapacity=2, Tags={"workshop": "chitra"})
    scaling.put_scaling_policy(**which, **naming, TargetTrackingScalingPolicyConfiguration=policy)
    sagemaker, runtime = account.organiser.client("sagemaker"), account.user.client("sagemaker-runtime")
    body = json.dumps({"inputs": TEXT}).encode()
    for _ in range(5):
        runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)
    deadline = time.monotonic() + 60
    while sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"][0]["CurrentInstanceCount"] < 2:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body)["Body"].read()


def test_should_delete_an_endpoint_when_its_schedule_is_due(account: Account, endpoint: str) -> None:
    """And what lets it scale goes with it, for which the schedule's role needs a permission."""
    actions = ["sagemaker:DeleteEndpoint", "application-autoscaling:DeregisterScalableTarget"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    role = make_role(account.organiser.client("iam"), "expiry", "scheduler.amazonaws.com", allowed)
    due = datetime.now(UTC) + timedelta(seconds=1)
    scheduler = account.organiser.client("scheduler")
    scheduler.create_schedule(
        Name="expiry",
        ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint",
            "RoleArn": role,
            "Input": json.dumps({"EndpointName": endpoint}),
        },
    )
    sagemaker = account.organiser.client("sagemaker")
    deadline = time.monotonic() + 60
    while sagemaker.list_endpoints()["Endpoints"] or scheduler.list_schedules()["Schedules"]:
        assert time.monotonic() < deadline, "neither the endpoint nor its schedule is gone"
        time.sleep(0.5)
    scaling = account.organiser.client("application-autoscaling")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
