"""A workshop that is deployed on the local AWS, without the CDK CLI."""

from __future__ import annotations

import json

import boto3

from infra.names import BOOTSTRAP_VERSION_PARAMETER, bootstrap_repository
from infra.settings import Settings
from local_aws.server import ACCOUNT, LocalAws
from tests.infra.conftest import synthesise
from workshop.aws.account import Account
from workshop.aws.deployment import find_deployment

LONGEST_BODY = 51_200  # bytes of CreateStack's TemplateBody


def deploy(aws: LocalAws, settings: Settings) -> boto3.Session:
    """The organiser's session after the real templates were deployed and the images count as pushed."""
    session = aws.session()
    repository = bootstrap_repository(ACCOUNT, settings.region)
    session.client("ssm").put_parameter(Name=BOOTSTRAP_VERSION_PARAMETER, Value="30", Type="String", Overwrite=True)
    ecr = session.client("ecr")
    if repository not in [each["repositoryName"] for each in ecr.describe_repositories()["repositories"]]:
        ecr.create_repository(repositoryName=repository)
    for name, template in synthesise(settings).items():
        stack = f"{settings.name}-{name}"
        session.client("cloudformation").create_stack(
            StackName=stack,
            **_template(session, stack, json.dumps(template.to_json())),
            Tags=[{"Key": "workshop", "Value": settings.name}],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        waiter = session.client("cloudformation").get_waiter("stack_create_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    for image in find_deployment(Account(session), settings).images:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": image.rpartition(":")[2]}])
    return session


def _template(session: boto3.Session, stack: str, text: str) -> dict[str, str]:
    """In the request, which takes so much, or by an object, as the CDK hands templates over."""
    if len(text) <= LONGEST_BODY:
        return {"TemplateBody": text}
    s3, bucket = session.client("s3"), f"templates-of-{stack}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": session.region_name})
    s3.put_object(Bucket=bucket, Key="template", Body=text.encode())
    return {"TemplateURL": f"https://s3.{session.region_name}.amazonaws.com/{bucket}/template"}
