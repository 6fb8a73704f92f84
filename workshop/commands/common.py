"""What every command uses: settings, account, and where it prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import boto3
import typer
from rich.console import Console

from infra.settings import Settings
from workshop.account import Account
from workshop.plain import plain

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

console = Console()
errors = Console(stderr=True, soft_wrap=True)

CorpusOption = Annotated[Path, typer.Option("--corpus", help="Archive, extracted folder, or JSONL files.")]


def session(settings: Settings) -> boto3.Session:
    return boto3.Session(region_name=settings.region)


def signed_in(settings: Settings) -> Account:
    """Ask AWS who the caller is, so that wrong credentials fail at once and in one line."""
    account = Account(session(settings))
    _ = account.caller
    return account


def may_ask() -> bool:
    """Whether somebody sits there to answer."""
    return sys.stdin.isatty()


def say(text: str, style: str = "") -> None:
    """Print one line that may hold data: names, texts and log lines of others are shown as they are, never obeyed."""
    console.print(plain(text), style=style, soft_wrap=True)
