"""Parts of the page as HTML; whatever is put into them is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from chitra.contract import Explanation
from chitra.tokens import Reading
from chitra.visible import visible
from infra.prices import usd
from workshop.demo.article_files import Row
from workshop.demo.words import Words
from workshop.language import Language
from workshop.runs.status import SERVERLESS, EndpointStatus

IN_SERVICE = "InService"
SHADES = 3  # of a word that speaks for a category, or against it
STRONGEST = 5
OPENING = 60  # characters of an article in a table
_templates = Environment(
    loader=PackageLoader("workshop.demo", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_templates.filters |= {"visible": visible, "opening": lambda text: visible(" ".join(text.split())[:OPENING])}


def _drawn(template: str, words: Words, **values: object) -> str:
    return _templates.get_template(f"{template}.html.j2").render(t=words, **values)


def draw_problem(text: str) -> str:
    return _drawn("problem", {}, text=text)


def draw_note(text: str) -> str:
    return _drawn("note", {}, text=text)


def draw_scores(scores: Mapping[str, float], words: Words) -> str:
    """All categories, the likeliest first; those of one score by name."""
    ordered = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return _drawn("scores", words, scores=ordered)


def draw_tokens(reading: Reading, words: Words, *, are_tokens: bool) -> str:
    """The words with their tokens, or the words alone where nobody knows the tokens."""
    kind, cut = ("token", "cut") if are_tokens else ("word", "words_cut")
    return _drawn(
        "tokens",
        words,
        reading=reading,
        heading=words[f"{kind}s"],
        help=words[f"{kind}s_help"],
        facts=[
            words[f"{kind}_count"].format(count=reading.count),
            words["changed_count"].format(count=sum(word.is_changed for word in reading.words)),
            words["unknown_count"].format(count=sum(word.is_unknown for word in reading.words)),
        ],
        cut=words[cut].format(count=reading.count) if reading.is_cut else "",
    )


def draw_why(explanation: Explanation, words: Words) -> str:
    """The explained text, each word the darker the more it says; and the words that say most."""
    weights = {word["weight"] for word in explanation["words"]}
    largest = max(map(abs, weights), default=0) or 1
    shades = [(word, _shade(word["weight"] / largest)) for word in explanation["words"]]
    ordered = sorted(explanation["words"], key=lambda word: word["weight"])
    speaking_for = [word["text"] for word in reversed(ordered) if _shade(word["weight"] / largest).startswith("for")]
    against = [word["text"] for word in ordered if _shade(word["weight"] / largest).startswith("against")]
    return _drawn(
        "why",
        words,
        explanation=explanation,
        shaded=shades,
        strongest=[(words[key], _first(found)) for key, found in (("why_for", speaking_for), ("why_against", against))],
    )


def _shade(share: float) -> str:
    """A style's class, of a weight's share of the largest one."""
    level = round(abs(share) * SHADES)
    return f"{'for' if share > 0 else 'against'}{level}" if level else ""


def _first(words: Sequence[str]) -> list[str]:
    """Without punctuation, and without those that were named before."""
    return list(dict.fromkeys(word for word in words if any(map(str.isalnum, word))))[:STRONGEST]


def draw_results(rows: Sequence[Row], words: Words) -> str:
    """One line per article of a file."""
    return _drawn("results", words, rows=rows, done=words["file_done"].format(count=len(rows)))


def draw_report(page: str, words: Words) -> str:
    """A page that was made of others' files: its frame runs no script and is of no origin."""
    return _drawn("report", words, page=page)


def draw_language(other: Language, words: Words) -> str:
    """The way to the same page in the other language."""
    return _drawn("language", words, other=other.value)


def draw_heading(kind: str, name: str, facts: list[str], words: Words) -> str:
    """``kind`` is ``model`` or ``endpoint``."""
    return _drawn("heading", words, kind=words[kind], name=name, facts=facts)


def endpoint_facts(status: EndpointStatus, words: Words) -> list[str]:
    """How long an endpoint still lives, and what it costs; its state where that is worth a word."""
    state = [] if status.state == IN_SERVICE else [f"{words['state']} {status.state}"]
    return [*state, _end(status, words), _cost(status, words)]


def _end(status: EndpointStatus, words: Words) -> str:
    if status.end is None or status.left is None:
        return words["never" if status.expiry == "NEVER" else "end_unknown"]
    if status.left <= timedelta():
        return words["overdue"]
    at = f"{status.end.astimezone():%H:%M %Z}"
    return words["time_left"].format(left=_duration(status.left, words), at=at)


def _duration(left: timedelta, words: Words) -> str:
    hours, minutes = divmod(int(left.total_seconds() / 60), 60)
    return words["hours_minutes" if hours else "minutes"].format(hours=hours, minutes=minutes)


def _cost(status: EndpointStatus, words: Words) -> str:
    if status.capacity == SERVERLESS:
        return words["per_request"]
    if status.cost_so_far is None:
        return words["cost_unknown"]
    so_far = words["cost"].format(so_far=usd(status.cost_so_far))
    if status.cost_left is None:
        return so_far
    return so_far + words["cost_left"].format(left=usd(max(0, status.cost_left)))
