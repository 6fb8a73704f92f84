"""Where the images of jobs and endpoints are, for policies: by name, so that the roles need no image to be there."""

from __future__ import annotations

import re

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.names import Names, bootstrap_repository
from infra.settings import Settings

OF_URI = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^:@]+)")
PULL = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")


def repositories(stack: Stack, settings: Settings, names: Names) -> list[str]:
    """ARNs; that of preprocessing's image comes first."""
    if settings.image_source == "uri":
        uris = dict.fromkeys(filter(None, (settings.image_uri, settings.cuda_image_uri)))
        places = [(match["account"], match["region"], match["name"]) for match in map(OF_URI.match, uris) if match]
    elif settings.image_source == "local":
        places = [(stack.account, stack.region, bootstrap_repository(stack.account, stack.region))]
    else:
        places = [(stack.account, stack.region, names.image_repository)]
    arns = (
        stack.format_arn(service="ecr", account=account, region=region, resource="repository", resource_name=name)
        for account, region, name in places
    )
    return list(dict.fromkeys(arns))


def read_images(stack: Stack, settings: Settings, names: Names) -> list[iam.PolicyStatement]:
    """Pull them; a token is for the whole registry."""
    return [
        iam.PolicyStatement(
            sid="PullImages",
            actions=[f"ecr:{each}" for each in PULL],
            resources=repositories(stack, settings, names),
        ),
        iam.PolicyStatement(sid="SignInToTheRegistry", actions=["ecr:GetAuthorizationToken"], resources=["*"]),
    ]
