"""Access for participants: private files, AWS's limit explained, everything revocable, nothing printed."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.names import Names
from tests.secrets import ISSUED
from workshop.credentials import Desk, holds_keys, issue, revoke, rotate
from workshop.errors import WorkshopError

ACCOUNT, REGION = "123456789012", "ap-northeast-1"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with mock_aws():
        iam = boto3.client("iam", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
        iam.create_user(UserName="chitra-tanaka")
        users = frozenset({"chitra-tanaka"})
        yield Desk(iam, Names("chitra"), ACCOUNT, REGION, tmp_path / "credentials", users)


def profile(file: Path) -> dict[str, str]:
    content = configparser.ConfigParser(interpolation=None)
    content.read(file)
    ISSUED.add(content["default"]["aws_secret_access_key"])
    return dict(content["default"])


def keys(desk: Desk) -> set[str]:
    listed = desk.iam.list_access_keys(UserName="chitra-tanaka")["AccessKeyMetadata"]
    return {key["AccessKeyId"] for key in listed}


def test_should_write_a_private_profile_and_a_sheet(desk: Desk, capfd: Any) -> None:
    file = issue(desk, "tanaka")
    assert file.stat().st_mode & 0o777 == 0o600
    assert desk.sheet("tanaka").stat().st_mode & 0o777 == 0o600
    assert desk.folder.stat().st_mode & 0o777 == 0o700
    content = profile(file)
    assert content["region"] == REGION
    session = boto3.Session(content["aws_access_key_id"], content["aws_secret_access_key"], region_name=REGION)
    assert session.client("sts").get_caller_identity()["Account"] == ACCOUNT
    sheet = desk.sheet("tanaka").read_text(encoding="utf-8")
    assert "chitra-tanaka" in sheet
    assert "AWS_SHARED_CREDENTIALS_FILE=$PWD/tanaka.ini" in sheet
    assert content["aws_secret_access_key"] not in sheet + "".join(capfd.readouterr())
    assert "仮パスワード" not in sheet
    assert '"Key": "workshop", "Value": "chitra"' in sheet


def test_should_explain_awss_limit_of_two_keys(desk: Desk) -> None:
    for _ in range(2):
        profile(issue(desk, "tanaka"))
    with pytest.raises(WorkshopError, match=r"has 2 access keys, and AWS allows no third.*--rotate"):
        issue(desk, "tanaka")
    with pytest.raises(WorkshopError, match=r"'suzuki': is no user that workshop 'chitra' made\. Add it to cdk\.json"):
        issue(desk, "suzuki")


def test_should_know_who_holds_a_key(desk: Desk) -> None:
    assert not holds_keys(desk, "tanaka")
    profile(issue(desk, "tanaka"))
    assert holds_keys(desk, "tanaka")


def test_should_leave_only_the_new_key_after_a_rotation(desk: Desk) -> None:
    for _ in range(2):
        profile(issue(desk, "tanaka"))
    before = keys(desk)
    new = profile(rotate(desk, "tanaka"))
    assert keys(desk) == {new["aws_access_key_id"]}
    assert not keys(desk) & before


def test_should_revoke_keys_password_and_files(desk: Desk) -> None:
    profile(issue(desk, "tanaka", console=True))
    assert revoke(desk, "tanaka") == 1
    assert keys(desk) == set()
    with pytest.raises(desk.iam.exceptions.NoSuchEntityException):
        desk.iam.get_login_profile(UserName="chitra-tanaka")
    assert list(desk.folder.iterdir()) == []
    assert revoke(desk, "tanaka") == 0


def test_should_set_a_temporary_password_on_the_sheet_alone(desk: Desk) -> None:
    profiles: list[dict[str, Any]] = []
    desk.iam.meta.events.register(
        "before-parameter-build.iam.CreateLoginProfile", lambda params, **rest: profiles.append(dict(params))
    )
    content = profile(issue(desk, "tanaka", console=True))
    sheet = desk.sheet("tanaka").read_text(encoding="utf-8")
    password = sheet.partition("仮パスワード | `")[2].partition("`")[0]
    ISSUED.add(password)
    assert len(password) == 20
    assert any(c.islower() for c in password)
    assert any(c.isupper() for c in password)
    assert any(c.isdigit() for c in password)
    assert password not in desk.file("tanaka").read_text() + str(content)
    assert profiles == [{"UserName": "chitra-tanaka", "Password": password, "PasswordResetRequired": True}]
    profile(rotate(desk, "tanaka", console=True))
    assert password not in desk.sheet("tanaka").read_text(encoding="utf-8")


def test_should_delete_a_key_that_nobody_would_hold(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("workshop.credentials.write_whole", full)
    with pytest.raises(OSError, match="No space left"):
        issue(desk, "tanaka")
    assert keys(desk) == set()
