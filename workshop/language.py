"""The two languages that participants are spoken to in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """Of a page, a help text, a display."""

    JA = "ja"
    EN = "en"


def language_of(environment: Mapping[str, str]) -> Language:
    """Japanese where the locale is, as POSIX reads it from the environment; else English."""
    given = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((value for value in given if value), "")
    return Language.JA if locale.lower().startswith("ja") else Language.EN
