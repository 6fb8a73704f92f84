"""AWS calls made by the emulator on behalf of a role, so that the role's policies decide."""

from __future__ import annotations

import secrets
import threading
import time
from functools import lru_cache
from typing import Any

import boto3
from ministack.core.responses import get_account_id, get_region
from ministack.services import sts

from local_aws.ports import endpoint_url

HOURS_VALID = 12
RENEWED_SECONDS = HOURS_VALID * 3600 / 2
_registering = threading.Lock()  # MiniStack goes through all sessions at each registration, in whatever thread


def install() -> None:
    """Let sessions be registered by many threads."""
    known = sts.register_session

    def register_session(access_key: str, session: dict[str, Any]) -> None:
        with _registering:
            known(access_key, session)

    sts.register_session = register_session


def service_session(role_arn: str, *, region: str | None = None) -> boto3.Session:
    """A session as the AWS service that ``role_arn`` trusts would assume it."""
    key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30), secrets.token_urlsafe(60)
    role_name = role_arn.rsplit("/", 1)[-1]
    account = role_arn.split(":")[4]
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/service",
        "UserId": f"{sts._role_id(role_arn)}:service",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": time.time() + HOURS_VALID * 3600,
        "AccountId": account,
        "PrincipalType": "AssumedRole",
        "SessionTags": [],
        "SessionPolicies": None,
    }
    sts.register_session(key, session)
    return boto3.Session(key, secret, token, region_name=region or get_region())


def client(service: str, role_arn: str, *, region: str | None = None) -> Any:
    """A boto3 client of the local AWS that acts as the role; one for all calls of some hours, because making it takes
    longer than most of them."""
    return _client(service, role_arn, region or get_region(), int(time.time() // RENEWED_SECONDS))


@lru_cache(maxsize=64)
def _client(service: str, role_arn: str, region: str, period: int) -> Any:
    return service_session(role_arn, region=region).client(service, endpoint_url=endpoint_url())


def scope() -> tuple[str, str]:
    """Account and region of the request being served."""
    return get_account_id(), get_region()
