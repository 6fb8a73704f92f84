"""Gives participants access: one private file each, never printed, never in a template."""

from __future__ import annotations

import configparser
import io
import re
import secrets
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chitra.errors import InputError, WorkshopError
from chitra.files import write_whole
from chitra.nearest import did_you_mean
from infra.names import Names
from infra.settings import PARTICIPANT_PATTERN
from workshop.access.sheet import Access, sheet
from workshop.aws.stacks import stack_resources
from workshop.aws.users import access_keys, revoke_keys
from workshop.aws.waiting import none_if_missing

MAX_KEYS = 2  # IAM's limit per user
PASSWORD_LENGTH = 20
PASSWORD_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "!@#$%^&*()_+-=")


@dataclass(frozen=True, slots=True)
class CredentialIssuer:
    """Where credentials are issued: IAM of one account, and the folder that git ignores.

    ``users`` are those that the participants' stack made. Nobody else is touched, whatever they are called.
    """

    iam: Any
    names: Names
    account: str
    region: str
    folder: Path
    users: frozenset[str]

    def file(self, participant: str) -> Path:
        """For AWS_SHARED_CREDENTIALS_FILE."""
        return self.folder / f"{participant}.ini"

    def sheet(self, participant: str) -> Path:
        """One page that tells the participant what to do."""
        return self.folder / f"{participant}.md"


def users_of_stack(cloudformation: Any, names: Names) -> frozenset[str]:
    """Names of the users that the workshop's participants stack holds."""
    held = stack_resources(cloudformation, names.workshop, names.participants_stack)
    return frozenset(entry["PhysicalResourceId"] for entry in held if entry["ResourceType"] == "AWS::IAM::User")


def issue(issuer: CredentialIssuer, participant: str, *, console: bool = False) -> Path:
    """Write a new access key and a sheet, both readable by their owner only; returns the key's file.

    Raises:
        InputError: the name cannot be a participant's.
        WorkshopError: the stack made no such user, or it has AWS's most keys already.
    """
    user = _require_user(issuer, participant)
    if len(access_keys(issuer.iam, user)) >= MAX_KEYS:
        raise WorkshopError(
            f"participant {participant!r}: has {MAX_KEYS} access keys, and AWS allows no third. Replace them: "
            f"`.venv/bin/workshop credentials {participant} --rotate`; or delete them: --revoke."
        )
    return _issue(issuer, participant, user, console=console)


def give_password(issuer: CredentialIssuer, participant: str) -> Path:
    """A new console password for who has an access key already; returns the sheet, which has it."""
    user = _require_user(issuer, participant)
    _write_sheet(issuer, participant, user, _set_password(issuer, user))
    return issuer.sheet(participant)


def rotate(issuer: CredentialIssuer, participant: str, *, console: bool = False) -> Path:
    """Write a new access key and delete all earlier ones; the oldest goes first when there is no room for a new one."""
    user = _require_user(issuer, participant)
    earlier = sorted(access_keys(issuer.iam, user), key=lambda key: key["CreateDate"])
    if len(earlier) >= MAX_KEYS:
        issuer.iam.delete_access_key(UserName=user, AccessKeyId=earlier.pop(0)["AccessKeyId"])
    file = _issue(issuer, participant, user, console=console)
    for key in earlier:
        issuer.iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    return file


def revoke(issuer: CredentialIssuer, participant: str) -> int:
    """Delete the participant's access keys, console password and files; returns how many keys there were."""
    user = _require_user(issuer, participant)
    count = revoke_keys(issuer.iam, user)
    none_if_missing(lambda: issuer.iam.delete_login_profile(UserName=user))
    for file in (issuer.file(participant), issuer.sheet(participant)):
        file.unlink(missing_ok=True)
    return count


def holds_keys(issuer: CredentialIssuer, participant: str) -> bool:
    """Whether the participant has an access key."""
    return bool(access_keys(issuer.iam, _require_user(issuer, participant)))


def _require_user(issuer: CredentialIssuer, participant: str) -> str:
    if not re.fullmatch(PARTICIPANT_PATTERN, participant):
        raise InputError(f"participant {participant!r}: is no name of a participant; letters, digits and hyphens are.")
    user = issuer.names.user(participant)
    if user not in issuer.users or none_if_missing(lambda: issuer.iam.get_user(UserName=user)) is None:
        participants = [each.removeprefix(issuer.names.user("")) for each in issuer.users]
        raise WorkshopError(
            f"participant {participant!r}: is no user that workshop {issuer.names.workshop!r} made. "
            f"Add it to cdk.json and deploy.{did_you_mean(participant, participants)}"
        )
    return user


def _issue(issuer: CredentialIssuer, participant: str, user: str, *, console: bool) -> Path:
    password = _set_password(issuer, user) if console else ""
    key = issuer.iam.create_access_key(UserName=user)["AccessKey"]
    issuer.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        write_whole(issuer.file(participant), _profile(key, issuer.region), private=True)
    except OSError:  # a key that nobody holds must not stay
        issuer.iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        raise
    _write_sheet(issuer, participant, user, password)
    return issuer.file(participant)


def _write_sheet(issuer: CredentialIssuer, participant: str, user: str, password: str) -> None:
    file = issuer.file(participant).name
    access = Access(participant, user, issuer.account, issuer.region, file, password, issuer.names.workshop)
    issuer.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(issuer.sheet(participant), sheet(access), private=True)


def _profile(key: dict[str, str], region: str) -> str:
    content = configparser.ConfigParser(interpolation=None)
    content["default"] = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
        "region": region,
    }
    stream = io.StringIO()
    content.write(stream)
    return stream.getvalue()


def _set_password(issuer: CredentialIssuer, user: str) -> str:
    """A temporary console password; the participant has to change it at the first sign-in."""
    password = _new_password()
    profile = {"UserName": user, "Password": password, "PasswordResetRequired": True}
    if none_if_missing(lambda: issuer.iam.get_login_profile(UserName=user)) is None:
        issuer.iam.create_login_profile(**profile)
    else:
        issuer.iam.update_login_profile(**profile)
    return password


def _new_password() -> str:
    """Random, with a character of every class that a password policy may ask for."""
    required = [secrets.choice(letters) for letters in PASSWORD_CLASSES]
    rest = [secrets.choice("".join(PASSWORD_CLASSES)) for _ in range(PASSWORD_LENGTH - len(required))]
    characters = required + rest
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)
