"""Finds the workshop of the environment that the kernel runs in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from chitra.errors import InputError, WorkshopError
from infra.names import Names
from infra.settings import FOLDER_VARIABLE, PROJECT, Settings, SettingsError, read_settings
from workshop.aws.account import Account
from workshop.aws.caller import participant
from workshop.aws.deployment import Deployment, aws_errors, find_deployment
from workshop.notebook.errors import show_errors_in_one_line

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Workshop:
    """``participant`` is the caller's user name, empty for an organiser; ``address`` is where AWS calls go to;
    ``home`` is the workshop's folder: `export` writes there."""

    settings: Settings
    account: Account
    deployment: Deployment
    participant: str
    address: str
    home: Path

    @property
    def is_local(self) -> bool:
        """Whether a program on this machine answers in AWS's place."""
        return urlsplit(self.address).hostname in LOOPBACK

    def _repr_markdown_(self) -> str:
        where = f"ローカル AWS（`{self.address}`）" if self.is_local else f"AWS（{self.settings.region}）"
        rows = {
            "ワークショップ": self.settings.name,
            "場所": where,
            "AWS アカウント": self.account.number,
            "あなた": self.participant or "主催者",
            "バケット": self.deployment.bucket,
        }
        return "\n".join(["| | |", "|:--|:--|", *(f"| {key} | {value} |" for key, value in rows.items())])


def find_workshop() -> Workshop:
    """The workshop whose settings are in the workshop's folder, as the caller's credentials see it.

    Raises:
        WorkshopError: it is not deployed there, or nobody knows the credentials.
    """
    show_errors_in_one_line()
    home = Path(os.environ.get(FOLDER_VARIABLE, PROJECT))
    try:
        settings = read_settings(home)
        with aws_errors():
            account = Account(boto3.Session(region_name=settings.region))
            _ = account.caller  # fails at once where nobody answers
            address = account.client("sts").meta.endpoint_url
            deployment = find_deployment(account, settings)
            user = participant(account, Names(settings.name))
    except (InputError, SettingsError, WorkshopError) as error:
        raise WorkshopError(
            f"ワークショップが見つかりません（{error}）。"
            "ターミナルで `make notebooks` を実行し、ノートブックを開き直してください。"
        ) from error
    return Workshop(settings, account, deployment, user, address, home)
