"""Names, values and lists as a page of GitHub's Markdown shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Any

LONGEST = 160  # of a value, in characters
MEMBERS = 3  # of a list that is a value
SHOWN = 6  # of a list, before the rest is folded


def folded(lines: Sequence[str], shown: int = SHOWN) -> Iterator[str]:
    yield from lines[:shown]
    if rest := lines[shown:]:
        yield ""
        yield f"<details><summary>{len(rest)} {'more' if shown else 'of them'}</summary>"
        yield ""
        yield from rest
        yield ""
        yield "</details>"


def several(names: Sequence[str], shown: int | None = 3) -> str:
    """Names in a line; all, or some and how many more."""
    shown = len(names) if shown is None else shown
    first = ", ".join(code(name) for name in names[:shown])
    return first if len(names) <= shown else f"{first} and {len(names) - shown} more"


def both(old: Any, new: Any) -> str:
    """Before and after; of long texts the part in which they differ, of long lists what comes and goes."""
    if isinstance(old, str) and isinstance(new, str):
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
        start = alike - LONGEST // 4
        if start > 0 and max(len(old), len(new)) > LONGEST:
            old, new = (f"…{text[start:]}" for text in (old, new))
    if isinstance(old, list) and isinstance(new, list) and max(len(old), len(new)) > MEMBERS:
        gone, came = ([each for each in one if each not in other] for one, other in ((old, new), (new, old)))
        changes = [f"{word} {value(each)}" for word, each in (("removed:", gone), ("added:", came)) if each]
        return "; ".join(changes) or "the same in another order"
    return f"{value(old)} → {value(new)}"


def value(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list) and len(value) > MEMBERS:
        return f"{len(value)} of them: {', '.join(code(str(each)) for each in value[:MEMBERS])}, …"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    if not text:
        return "empty"
    return code(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def code(text: str) -> str:
    """As code, whatever is in it: a name can neither open HTML nor mention anybody."""
    text = " ".join(text.split()) or " "
    return f"`` {text} ``" if "`" in text else f"`{text}`"
