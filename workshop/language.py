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


def one_of(pair: tuple[str, str], language: Language) -> str:
    """Of a text in Japanese and in English."""
    return pair[language is Language.EN]


def in_language(words: Mapping[str, tuple[str, str]], language: Language) -> dict[str, str]:
    """Each word of a table in Japanese and in English."""
    return {key: one_of(pair, language) for key, pair in words.items()}
