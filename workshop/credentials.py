"""Issues access keys to participants: one file each, never printed, never in a template."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import Any

from infra.names import Names
from workshop.errors import WorkshopError

MAX_KEYS = 2  # IAM's limit per user


def issue_credentials(iam: Any, names: Names, participant: str, *, region: str, folder: Path) -> Path:
    """Write ``<folder>/<participant>.ini`` (mode 0600), for AWS_SHARED_CREDENTIALS_FILE."""
    user = names.user(participant)
    try:
        iam.get_user(UserName=user)
    except iam.exceptions.NoSuchEntityException as error:
        raise WorkshopError(f"participant {participant!r}: is no user. Add it to cdk.json and deploy.") from error
    if len(iam.list_access_keys(UserName=user)["AccessKeyMetadata"]) >= MAX_KEYS:
        raise WorkshopError(
            f"participant {participant!r}: has {MAX_KEYS} access keys, AWS's limit. "
            f"Revoke one first: `workshop credentials {participant} --revoke`."
        )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    content = configparser.ConfigParser()
    content["default"] = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
        "region": region,
    }
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{participant}.ini"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as stream:
        content.write(stream)
    return file


def revoke_credentials(iam: Any, user: str) -> int:
    """Delete every access key of a user; returns how many there were."""
    keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    for key in keys:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    return len(keys)
