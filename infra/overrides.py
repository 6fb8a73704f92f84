"""Settings given with a call: `cdk synth -c workshop.region=us-east-1`."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from chitra.nearest import did_you_mean
from infra.settings import CDK_JSON, CONTEXT_KEY, PROJECT, Settings, SettingsError, parse_settings, section_of

PREFIX = f"{CONTEXT_KEY}."
LOOKED_UP = PROJECT / "cdk.context.json"  # the CDK CLI's own
CONTEXT_FILES = (CDK_JSON, LOOKED_UP, Path.home() / ".cdk.json")  # the CLI reads the last one, too


def settings_of_call(context: Mapping[str, Any]) -> Settings:
    """The settings of cdk.json with those that ``-c`` gives; ``context`` is all that the CDK CLI hands over.

    Raises:
        SettingsError: names every key that cannot be used, and says whether cdk.json or the call gave it.
    """
    given = {key: value for key, value in context.items() if key.startswith(PREFIX)}
    if unknown := [key for key in context.keys() - given.keys() - _of_files() if ":" not in key]:
        raise SettingsError("\n".join(_no_setting(key) for key in sorted(unknown)))
    settings = copy.deepcopy(context.get(CONTEXT_KEY))
    for key, value in given.items():
        _put(settings, key, _typed(value))
    return parse_settings(settings, given)


def _of_files() -> set[str]:
    """What somebody wrote into a file is theirs, whatever it is for; keys with a colon are the CDK's own."""
    keys = {CONTEXT_KEY}
    for file in filter(Path.exists, CONTEXT_FILES):
        document = json.loads(file.read_text(encoding="utf-8"))
        keys.update(document if file == LOOKED_UP else document.get("context", {}))
    return keys


def _no_setting(key: str) -> str:
    known = [*_keys(PREFIX, Settings)]
    meant = did_you_mean(key, known) or did_you_mean(f"{PREFIX}{key}", known)
    return f"-c {key}: is no setting; settings are given as {PREFIX}KEY.{meant}"


def _keys(prefix: str, section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield f"{prefix}{name}"
        if inner := section_of(field.annotation):
            yield from _keys(f"{prefix}{name}.", inner)


def _put(settings: Any, key: str, value: Any) -> None:
    *sections, last = key.removeprefix(PREFIX).split(".")
    for name in sections:
        settings = settings.setdefault(name, {}) if isinstance(settings, dict) else None
    if not isinstance(settings, dict):
        raise SettingsError(f"-c {key}: {key.rpartition('.')[0]} holds no settings of its own.")
    settings[last] = value


def _typed(value: Any) -> Any:
    """``-c`` hands texts over: JSON is what it says, as in cdk.json, and anything else is a text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
