"""AWS calls made by the emulator on behalf of a role, so that the role's policies decide."""

from __future__ import annotations

import secrets
import time
from typing import Any

import boto3
from ministack.core.responses import get_account_id, get_region
from ministack.services import sts

from local_aws.ports import endpoint_url

HOURS_VALID = 12


def service_session(role_arn: str, *, region: str | None = None) -> boto3.Session:
    """A session as the AWS service that ``role_arn`` trusts would assume it."""
    key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30), secrets.token_urlsafe(60)
    role_name = role_arn.rsplit("/", 1)[-1]
    account = role_arn.split(":")[4]
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/service",
            "UserId": f"{sts._role_id(role_arn)}:service",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + HOURS_VALID * 3600,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SessionTags": [],
            "SessionPolicies": None,
        },
    )
    return boto3.Session(key, secret, token, region_name=region or get_region())


def client(service: str, role_arn: str, *, region: str | None = None) -> Any:
    """A boto3 client of the local AWS that acts as the role."""
    return service_session(role_arn, region=region).client(service, endpoint_url=endpoint_url())


def scope() -> tuple[str, str]:
    """Account and region of the request being served."""
    return get_account_id(), get_region()
