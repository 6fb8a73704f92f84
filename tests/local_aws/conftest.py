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
            TemplateBody=json.dumps(template.to_json()),
            Tags=[{"Key": "workshop", "Value": settings.name}],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        waiter = session.client("cloudformation").get_waiter("stack_create_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    for image in find_deployment(Account(session), settings).images:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": image.rpartition(":")[2]}])
    return session
