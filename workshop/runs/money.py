"""Money of a run, spoken of one way: so far, expected, at worst."""

from __future__ import annotations

from dataclasses import dataclass

from infra.prices import usd
from workshop.language import Language, in_language

WORDS = {
    "so_far": ("現在までの料金 {amount}", "costs so far {amount}"),
    "expected": ("見込み {amount}", "expected {amount}"),
    "at_worst": ("最大 {amount}", "at worst {amount}"),
    "unknown": ("不明", "unknown"),
}


@dataclass(frozen=True, slots=True)
class Money:
    """US dollars; None where it is not known, which is not nothing."""

    so_far: float | None
    expected: float | None
    at_worst: float | None


def money_text(money: Money, language: Language = Language.EN) -> str:
    """``so_far`` is always said; of the others what is known."""
    words = in_language(WORDS, language)

    def amount(value: float | None) -> str:
        return words["unknown"] if value is None else usd(value)

    said = [words["so_far"].format(amount=amount(money.so_far))]
    for name, value in (("expected", money.expected), ("at_worst", money.at_worst)):
        if value is not None:
            said.append(words[name].format(amount=amount(value)))
    return " · ".join(said)
