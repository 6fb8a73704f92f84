"""Access for participants: private files, AWS's limit explained, everything revocable, nothing printed."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chitra.errors import WorkshopError
from infra.names import Names
from tests.secrets import ISSUED
from workshop.access.credentials import CredentialIssuer, give_password, holds_keys, issue, revoke, rotate
from workshop.cli import app

ACCOUNT, REGION = "123456789012", "ap-northeast-1"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[CredentialIssuer]:
    with mock_aws():
        iam = boto3.client("iam", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
        iam.create_user(UserName="chitra-tanaka")
        users = frozenset({"chitra-tanaka"})
        yield CredentialIssuer(iam, Names("chitra"), ACCOUNT, REGION, tmp_path / "credentials", users)


def profile(file: Path) -> dict[str, str]:
    content = configparser.ConfigParser(interpolation=None)
    content.read(file)
    ISSUED.add(content["default"]["aws_secret_access_key"])
    return dict(content["default"])


def keys(issuer: CredentialIssuer) -> set[str]:
    listed = issuer.iam.list_access_keys(UserName="chitra-tanaka")["AccessKeyMetadata"]
    return {key["AccessKeyId"] for key in listed}


def test_should_write_a_private_profile_and_a_sheet(issuer: CredentialIssuer, capfd: Any) -> None:
    file = issue(issuer, "tanaka")
    assert file.stat().st_mode & 0o777 == 0o600
    assert issuer.sheet("tanaka").stat().st_mode & 0o777 == 0o600
    assert issuer.folder.stat().st_mode & 0o777 == 0o700
    content = profile(file)
    assert content["region"] == REGION
    session = boto3.Session(content["aws_access_key_id"], content["aws_secret_access_key"], region_name=REGION)
    assert session.client("sts").get_caller_identity()["Account"] == ACCOUNT
    sheet = issuer.sheet("tanaka").read_text(encoding="utf-8")
    assert "chitra-tanaka" in sheet
    assert "AWS_SHARED_CREDENTIALS_FILE=$PWD/credentials/tanaka.ini" in sheet
    named = set(re.findall(r"\.venv/bin/workshop ([a-z]+)", sheet))
    assert named == {"run", "status", "endpoint", "predict", "export", "follow", "stop", "upload"}
    assert named <= {each.name for each in [*app.registered_commands, *app.registered_groups]}
    assert content["aws_secret_access_key"] not in sheet + "".join(capfd.readouterr())
    assert "仮パスワード" not in sheet
    assert '"Key": "workshop", "Value": "chitra"' in sheet


def test_should_explain_awss_limit_of_two_keys(issuer: CredentialIssuer) -> None:
    for _ in range(2):
        profile(issue(issuer, "tanaka"))
    with pytest.raises(WorkshopError, match=r"has 2 access keys, and AWS allows no third.*--rotate"):
        issue(issuer, "tanaka")
    with pytest.raises(WorkshopError, match=r"'suzuki': is no user that workshop 'chitra' made\. Add it to cdk\.json"):
        issue(issuer, "suzuki")
    with pytest.raises(WorkshopError, match=r"Did you mean tanaka\?$"):
        issue(issuer, "tanak")


def test_should_know_who_holds_a_key(issuer: CredentialIssuer) -> None:
    assert not holds_keys(issuer, "tanaka")
    profile(issue(issuer, "tanaka"))
    assert holds_keys(issuer, "tanaka")


def test_should_leave_only_the_new_key_after_a_rotation(issuer: CredentialIssuer) -> None:
    for _ in range(2):
        profile(issue(issuer, "tanaka"))
    before = keys(issuer)
    new = profile(rotate(issuer, "tanaka"))
    assert keys(issuer) == {new["aws_access_key_id"]}
    assert not keys(issuer) & before


def test_should_revoke_keys_password_and_files(issuer: CredentialIssuer) -> None:
    profile(issue(issuer, "tanaka", console=True))
    assert revoke(issuer, "tanaka") == 1
    assert keys(issuer) == set()
    with pytest.raises(issuer.iam.exceptions.NoSuchEntityException):
        issuer.iam.get_login_profile(UserName="chitra-tanaka")
    assert list(issuer.folder.iterdir()) == []
    assert revoke(issuer, "tanaka") == 0


def test_should_set_a_temporary_password_on_the_sheet_alone(issuer: CredentialIssuer) -> None:
    profiles: list[dict[str, Any]] = []
    issuer.iam.meta.events.register(
        "before-parameter-build.iam.CreateLoginProfile", lambda params, **rest: profiles.append(dict(params))
    )
    content = profile(issue(issuer, "tanaka", console=True))
    sheet = issuer.sheet("tanaka").read_text(encoding="utf-8")
    password = sheet.partition("仮パスワード | `")[2].partition("`")[0]
    ISSUED.add(password)
    assert len(password) == 20
    assert any(c.islower() for c in password)
    assert any(c.isupper() for c in password)
    assert any(c.isdigit() for c in password)
    assert password not in issuer.file("tanaka").read_text() + str(content)
    assert profiles == [{"UserName": "chitra-tanaka", "Password": password, "PasswordResetRequired": True}]
    profile(rotate(issuer, "tanaka", console=True))
    assert password not in issuer.sheet("tanaka").read_text(encoding="utf-8")


def test_should_give_a_password_to_who_has_a_key(issuer: CredentialIssuer) -> None:
    first = profile(issue(issuer, "tanaka"))
    sheet = give_password(issuer, "tanaka").read_text(encoding="utf-8")
    password = sheet.partition("仮パスワード | `")[2].partition("`")[0]
    ISSUED.add(password)
    assert len(password) == 20
    assert keys(issuer) == {first["aws_access_key_id"]}
    assert profile(issuer.file("tanaka")) == first
    assert issuer.iam.get_login_profile(UserName="chitra-tanaka")["LoginProfile"]["UserName"]


def test_should_delete_a_key_that_nobody_would_hold(issuer: CredentialIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("workshop.access.credentials.write_whole", full)
    with pytest.raises(OSError, match="No space left"):
        issue(issuer, "tanaka")
    assert keys(issuer) == set()
