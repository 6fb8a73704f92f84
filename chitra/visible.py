"""Text from a bucket, a model or a participant, made harmless for terminals, reports and file names."""

from __future__ import annotations

import unicodedata

# Control characters (Cc), half surrogate pairs (Cs), line and paragraph separators (Zl, Zp).
STEERING = frozenset({"Cc", "Cs", "Zl", "Zp"})
# These change the order in which a line is shown (Unicode, UAX #9, "Explicit formatting characters").
REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str) -> str:
    """The same text on one line, with every character that steers a terminal written out: ESC becomes ``\\x1b``."""
    return "".join(_escaped(character) if _steers(character) else character for character in text)


def _steers(character: str) -> bool:
    return unicodedata.category(character) in STEERING or character in REORDERING


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
