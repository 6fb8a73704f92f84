"""The organiser's commands, as processes, against moto's server: an AWS that nobody of this project wrote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from infra.names import BOOTSTRAP_VERSION_PARAMETER, Names, bootstrap_bucket, bootstrap_repository
from infra.settings import Settings
from local_aws.ports import endpoint_url
from tests.helpers.leftovers import ACCOUNT, REGION, leave_a_run
from tests.helpers.moto_server import Moto
from tests.helpers.project import SETTINGS
from tests.infra.conftest import synthesise

RUN = "chitra--run-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/chitra-sagemaker-execution"
LOCATION = {"LocationConstraint": REGION}
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def deploy(aws: Moto, settings: Settings) -> None:
    """The real templates, and what the CDK CLI stages."""
    cloudformation = aws.client("cloudformation")
    for name, template in synthesise(settings).items():
        body = template.to_json()
        for resource in body["Resources"].values():
            if resource["Type"] == "AWS::SSM::Parameter":
                del resource["Properties"]["Tags"]  # moto takes a list there, CloudFormation a map
        cloudformation.create_stack(
            StackName=f"{settings.name}-{name}",
            TemplateBody=json.dumps(body),
            Tags=[{"Key": "workshop", "Value": settings.name}],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )


def furnish(aws: Moto, settings: Settings) -> None:
    """What one run with an endpoint leaves, results and an unfinished upload in the bucket, and an image."""
    names = Names(settings.name)
    expires = datetime.now(UTC) + timedelta(hours=2)
    run = leave_a_run(aws.client, settings.name, role=ROLE, image="image", expires=f"{expires:%Y-%m-%dT%H:%M:%S}")
    s3, bucket = aws.client("s3"), names.bucket(ACCOUNT, REGION)
    for body in (b"one", b"two"):
        s3.put_object(Bucket=bucket, Key=f"models/{run}/output/weights.bin", Body=body)
    s3.put_object(Bucket=bucket, Key=f"datasets/{run}/train/part.arrow", Body=b"x" * 100_000)
    s3.create_multipart_upload(Bucket=bucket, Key="models/unfinished")
    image = {"schemaVersion": 2, "mediaType": MANIFEST, "config": {"digest": f"sha256:{settings.name}"}, "layers": []}
    aws.client("ecr").put_image(
        repositoryName=bootstrap_repository(ACCOUNT, REGION),
        imageManifest=json.dumps(image),
        imageManifestMediaType=MANIFEST,
        imageTag=f"{names.run_prefix}1",
    )


def bootstrap(aws: Moto) -> None:
    aws.client("ssm").put_parameter(Name=BOOTSTRAP_VERSION_PARAMETER, Value="30", Type="String")
    aws.client("s3").create_bucket(Bucket=bootstrap_bucket(ACCOUNT, REGION), CreateBucketConfiguration=LOCATION)
    aws.client("ecr").create_repository(repositoryName=bootstrap_repository(ACCOUNT, REGION))


def listing(aws: Moto) -> set[str]:
    """What stands in the account, by moto's own word; without roles, which moto's CloudFormation does not delete."""
    sagemaker, s3, logs = aws.client("sagemaker"), aws.client("s3"), aws.client("logs")
    found = {f"stack {stack['StackName']}" for stack in aws.client("cloudformation").describe_stacks()["Stacks"]}
    found |= {f"endpoint {each['EndpointName']}" for each in sagemaker.list_endpoints()["Endpoints"]}
    found |= {f"config {each['EndpointConfigName']}" for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]}
    found |= {f"model {each['ModelName']}" for each in sagemaker.list_models()["Models"]}
    found |= {f"schedule {each['Name']}" for each in aws.client("scheduler").list_schedules()["Schedules"]}
    targets = aws.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    found |= {f"target {each['ResourceId']}" for each in targets["ScalableTargets"]}
    for bucket in s3.list_buckets()["Buckets"]:
        found.add(f"bucket {bucket['Name']}")
        versions = s3.list_object_versions(Bucket=bucket["Name"])
        found |= {f"object {each['Key']} {each['VersionId']}" for each in versions.get("Versions", [])}
    for group in logs.describe_log_groups()["logGroups"]:
        found.add(f"log group {group['logGroupName']}")
        streams = logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
        found |= {f"log stream {stream['logStreamName']}" for stream in streams}
    images = aws.client("ecr").list_images(repositoryName=bootstrap_repository(ACCOUNT, REGION))["imageIds"]
    found |= {f"image {image.get('imageTag')}" for image in images}
    iam = aws.client("iam")
    for user in iam.list_users()["Users"]:
        found.add(f"user {user['UserName']}")
        keys = iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
        found |= {f"key {key['AccessKeyId']}" for key in keys}
    return found


def answer_on_a_terminal(aws: Moto, arguments: list[str], answers: dict[str, str]) -> tuple[int, str]:
    """Run a command for somebody who sits at a terminal and answers its questions."""
    ours, its = os.openpty()
    command = [sys.executable, "-m", "workshop.cli", *arguments]
    process = subprocess.Popen(command, cwd=aws.folder, env=aws.environment(), stdin=its, stdout=its, stderr=its)
    os.close(its)
    shown = ""
    while True:
        try:
            shown += os.read(ours, 4096).decode(errors="replace")
        except OSError:  # the terminal is closed
            break
        for question in [question for question in answers if question in shown]:
            os.write(ours, answers.pop(question).encode() + b"\n")
    os.close(ours)
    return process.wait(60), shown


def test_should_offer_the_export_before_it_asks(moto: Moto) -> None:
    settings = SETTINGS
    bootstrap(moto)
    deploy(moto, settings)
    furnish(moto, settings)
    code, shown = answer_on_a_terminal(
        moto, ["teardown", "--settle", "0"], {"to export/ first?": "y", "things for good?": "n"}
    )
    assert code == 1, shown
    assert (moto.folder / f"export/{RUN}/SHA256SUMS").exists()
    assert moto.workshop("verify").returncode == 1
    code, shown = answer_on_a_terminal(moto, ["teardown", "--settle", "0"], {"things for good?": "y"})
    assert code == 0, shown
    assert "to export/ first?" not in shown
    assert "nothing remains" in shown


def test_should_run_a_whole_workshops_commands(moto: Moto) -> None:
    settings = SETTINGS
    bootstrap(moto)
    neighbour = settings.model_copy(update={"name": "chitra-2"})
    deploy(moto, neighbour)
    furnish(moto, neighbour)
    before = listing(moto)
    assert moto.workshop("verify").stdout == "nothing remains\n"
    deploy(moto, settings)
    furnish(moto, settings)

    # moto has neither quotas of SageMaker nor IAM's simulator; asked for quotas it fails in a way that is tried again
    # for a minute, its own pages say at once that there are none.
    pages = f"{endpoint_url(moto.port)}/moto-api/none"
    examined = moto.workshop("doctor", AWS_ENDPOINT_URL_SERVICE_QUOTAS=pages)
    assert "Traceback" not in examined.stderr
    assert "chitra-workflow is CREATE_COMPLETE" in examined.stdout
    assert "version 30" in examined.stdout
    assert "quotas: grant the permission, or check by hand" in examined.stdout

    issued = moto.workshop("credentials", "participant-1", "--console")
    assert issued.returncode == 0, issued.stderr
    assert (moto.folder / "credentials/participant-1.ini").stat().st_mode & 0o777 == 0o600

    again = moto.workshop("credentials", "--all")
    assert again.stdout == "participant-1: has an access key already (--rotate replaces it)\n"

    status = moto.workshop("status")
    assert status.returncode == 0, status.stderr
    assert RUN in status.stdout
    assert "1 x ml.m5.xlarge" in status.stdout
    assert "in 1 h 5" in status.stdout or "in 2 h 00 min" in status.stdout
    document = json.loads(moto.workshop("status", "--json").stdout)
    assert document.keys() == {"endpoints", "executions", "warm_pools", "strangers"}
    [endpoint] = document["endpoints"]
    assert (endpoint["name"], endpoint["capacity"]) == (RUN, "1 x ml.m5.xlarge")
    assert datetime.fromisoformat(endpoint["end"]) - datetime.now(UTC) < timedelta(hours=2)
    extended = moto.workshop("endpoint", "extend", "run-1", "--hours", "5")
    assert extended.returncode == 0, extended.stderr
    assert "5 h 00 min" in moto.workshop("status").stdout

    refused = moto.workshop("teardown", "--yes")
    assert refused.returncode == 1
    assert "1 run would be lost; nothing was removed" in refused.stderr
    exported = moto.workshop("export", "run-1")
    assert exported.returncode == 0, exported.stderr
    assert (moto.folder / f"export/{RUN}/weights.bin").read_bytes() == b"two"
    check = ["sha256sum", "--check", "SHA256SUMS"]
    subprocess.run(check, cwd=moto.folder / f"export/{RUN}", check=True, capture_output=True)

    assert moto.workshop("verify").returncode == 1
    done = moto.workshop("teardown", "--yes", "--settle", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert listing(moto) == before
    assert moto.workshop("verify").returncode == 0
    [receipt] = (moto.folder / "receipts").glob("*.json")
    content = json.loads(receipt.read_text())
    assert content["nothing_remains"]
    assert {"endpoint", "model", "stack", "image", "schedule"} <= {entry["kind"] for entry in content["deleted"]}
    assert moto.workshop("teardown", "--yes", "--settle", "0").returncode == 0


def test_should_end_what_participants_made_by_other_means(moto: Moto) -> None:
    """Notebooks bill until somebody ends them; what no command can remove is named and fails the teardown."""
    bootstrap(moto)
    settings = SETTINGS
    tags = [{"Key": "workshop", "Value": settings.name}]
    others = [{"Key": "workshop", "Value": "chitra-2"}]
    sagemaker, sqs = moto.client("sagemaker"), moto.client("sqs")
    for name, whose in (("My-Notebook", tags), ("chitra--theirs", others)):
        sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE, Tags=whose
        )
    definition = json.dumps({"Version": "2020-12-01", "Steps": []})
    sagemaker.create_pipeline(PipelineName="steps", PipelineDefinition=definition, RoleArn=ROLE, Tags=tags)
    queue = sqs.create_queue(QueueName="letters", tags={"workshop": settings.name})["QueueUrl"]

    ended = moto.workshop("teardown", "--yes", "--settle", "0")
    assert ended.returncode == 1
    assert "removed  notebook instance My-Notebook" in ended.stdout
    assert f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters" in ended.stdout
    assert "Traceback" not in ended.stderr
    [receipt] = (moto.folder / "receipts").glob("*.json")
    content = json.loads(receipt.read_text())
    assert not content["nothing_remains"]
    assert [entry["arn"] for entry in content["remaining"]] == [f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"]
    left = [each["NotebookInstanceName"] for each in sagemaker.list_notebook_instances()["NotebookInstances"]]
    assert left == ["chitra--theirs"]
    assert sagemaker.list_pipelines()["PipelineSummaries"] == []

    sqs.delete_queue(QueueUrl=queue)
    assert moto.workshop("verify").returncode == 0
