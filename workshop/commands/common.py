"""What every command uses: settings, account, and where it prints."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import ConfigParseError, ProfileNotFound
from rich.console import Console
from rich.text import Text

from chitra.errors import EXIT_INPUT, InputError, WorkshopError
from chitra.visible import visible
from infra.settings import (
    FOLDER_VARIABLE,
    REGION_PATTERN,
    Access,
    Settings,
    SettingsError,
    parse_settings,
    read_settings,
)
from workshop.aws.account import Account

HELP = {"help_option_names": ["-h", "--help"]}  # for each program's Typer
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

PIPE_WIDTH = 10_000  # a row of a table is a line, however long, where programs read it

console = Console()
if not console.is_terminal:
    console.width = PIPE_WIDTH
errors = Console(stderr=True, soft_wrap=True)

FolderOption = Annotated[
    Path,
    typer.Option(
        "--folder",
        envvar=FOLDER_VARIABLE,
        exists=True,
        file_okay=False,
        resolve_path=True,
        show_default="the project's",
        help="The workshop's folder: cdk.json is read there, and what a command writes goes there.",
    ),
]


_profile: ContextVar[str | None] = ContextVar("profile", default=None)


def _choose_profile(name: str | None) -> str | None:
    _profile.set(name)
    return name


_region: ContextVar[str | None] = ContextVar("region", default=None)


def _choose_region(name: str | None) -> str | None:
    _region.set(name)
    return name


def settings_of(folder: Path) -> Settings:
    """Those of the workshop's folder, with the region that was asked for instead of theirs.

    Raises:
        SettingsError: they cannot be used.
        InputError: --region names none.
    """
    settings, region = read_settings(folder), _region.get()
    if region is None:
        return settings
    if not re.fullmatch(REGION_PATTERN, region):
        raise InputError(f"--region {region}: is no region. Write for example us-east-1.")
    return settings.model_copy(update={"region": region})


def with_access(settings: Settings, access: Access | None) -> Settings:
    """The settings with what participants may do changed.

    Raises:
        SettingsError: they do not go with it.
    """
    return parse_settings(settings.model_dump(mode="json") | {"access": access}) if access else settings


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"chitra-workshop {version('chitra-workshop')}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and end.")
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", callback=_choose_profile, help="Profile of your AWS configuration; before AWS_PROFILE."),
]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", callback=_choose_region, help="Region of the workshop; that of cdk.json when left out."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs, and nothing else.")]
JsonLinesOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object per line, for programs; the last one says how it ended.")
]
AccessOption = Annotated[
    Access | None, typer.Option(help="What participants may do; as set in cdk.json when left out (docs/security.md).")
]
CorpusOption = Annotated[Path, typer.Option("--corpus", help="Archive, extracted folder, or JSONL files.")]


def account_of(settings: Settings) -> Account:
    """The account of the caller's credentials, in the settings' region.

    Raises:
        InputError: --profile names a profile that no file holds.
        WorkshopError: AWS_PROFILE does, or a file is no configuration.
    """
    try:
        session = boto3.Session(profile_name=_profile.get(), region_name=settings.region)
        _ = session.available_profiles  # reads the files now
        return Account(session)
    except ConfigParseError as error:
        raise WorkshopError(
            f"AWS's configuration: {error}. Mend the file, or name another: AWS_CONFIG_FILE, "
            "AWS_SHARED_CREDENTIALS_FILE."
        ) from error
    except ProfileNotFound as error:
        if _profile.get():
            raise InputError(f"--profile: {error}. Name one of your AWS configuration.") from error
        raise WorkshopError(f"AWS_PROFILE: {error}. Name one of your AWS configuration, or unset it.") from error


def aws_variables() -> dict[str, str]:
    """The environment of a program that is to have the caller's credentials: --profile counts there, too."""
    profile = _profile.get()
    if profile is None:
        return dict(os.environ)
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {name: value for name, value in os.environ.items() if name not in keys} | {"AWS_PROFILE": profile}


def signed_in(settings: Settings) -> Account:
    """Ask AWS who the caller is, so that wrong credentials fail at once and in one line."""
    account = account_of(settings)
    _ = account.caller
    return account


def may_ask() -> bool:
    """Whether somebody sits there to answer."""
    return sys.stdin.isatty()


def short(path: Path) -> str:
    """As it can be typed where the command was called."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def plain(text: str) -> Text:
    """For a console or a table: no markup, no emoji names, no control characters."""
    return Text(visible(text))


def say(text: str, style: str = "") -> None:
    """Print one line that may hold data: names, texts and log lines of others are shown as they are, never obeyed."""
    console.print(plain(text), style=style, soft_wrap=True)


def print_json(document: object) -> None:
    """On standard output, in ASCII: names of others are data. Times are in UTC, as ISO 8601 has them."""
    print(json.dumps(document, indent=2, default=as_json))


def as_json(value: object) -> str:
    """For json.dumps: what JSON has no word for."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case Enum():
            return str(value.value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def run_app(app: Callable[[], Any]) -> None:
    """Run a command line and end with its exit code; every failure that a user can mend is one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale may lack a character, which is no reason to end
    try:
        app()
    except SystemExit as end:
        if _was_interrupted(end):
            sys.exit(EXIT_INTERRUPTED)
        raise
    except SettingsError as error:
        errors.print(Text("\n").join(map(plain, f"error: {error}".split("\n"))))
        sys.exit(EXIT_INPUT)
    except InputError as error:
        errors.print(plain(f"error: {error}"))
        sys.exit(EXIT_INPUT)
    except WorkshopError as error:
        errors.print(plain(f"error: {error}"))
        sys.exit(EXIT_FAILED)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        errors.print(plain(f"error: {place}{error.strerror or error}. Mend the place, then run the command again."))
        sys.exit(EXIT_FAILED)
    except ValueError as error:
        if not str(error).startswith("Invalid endpoint: "):  # botocore's words, which have no class of their own
            raise
        errors.print(plain(f"error: AWS_ENDPOINT_URL: {error}. Give an address, or unset it."))
        sys.exit(EXIT_FAILED)


def _was_interrupted(end: SystemExit) -> bool:
    """Typer ends with 1 for Ctrl-C as for a declined question; only the cause tells them apart."""
    return isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt)
