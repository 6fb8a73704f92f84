"""Parts of the page, without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chitra.contract import Explanation, WordWeight
from chitra.tokens import Reading, Word
from workshop.demo.article_files import Row
from workshop.demo.drawing import (
    draw_heading,
    draw_report,
    draw_results,
    draw_scores,
    draw_tokens,
    draw_why,
    endpoint_facts,
)
from workshop.demo.examples import MOST, examples
from workshop.demo.words import words_in
from workshop.report.words import Language
from workshop.runs.status import EndpointStatus

WORDS = words_in(Language.EN)
HOSTILE = '<img src=x onerror="alert(1)">\u202e\x1b${7*7}{{7*7}}'


def test_should_show_every_category_the_likeliest_first() -> None:
    scores = {f"category-{number:02}": number / 1225 for number in range(50)}
    drawn = draw_scores(scores, WORDS)
    assert re.findall(r'scope="row">(category-\d+)', drawn) == sorted(scores, reverse=True)
    assert drawn.count("%") == 50
    assert "<b>category-49</b>" in drawn
    assert ">0.040</td>" in drawn


def test_should_escape_whatever_others_wrote() -> None:
    reading = Reading([Word(HOSTILE, HOSTILE, (HOSTILE,)), Word(HOSTILE, "a", ("[UNK]",))], is_cut=False)
    row = Row("1", HOSTILE, "1.000", HOSTILE)
    for drawn in (
        draw_scores({HOSTILE: 1.0}, WORDS),
        draw_tokens(reading, WORDS, are_tokens=True),
        draw_results([row], WORDS),
        draw_heading("endpoint", HOSTILE, [HOSTILE], WORDS),
        draw_why(explanation((HOSTILE, 1.0), label_name=HOSTILE), WORDS),
    ):
        assert "<img" not in drawn
        assert "\x1b" not in drawn
        assert "\u202e" not in drawn
    assert draw_report(f'"></iframe>{HOSTILE}', WORDS).count("<") == len(["<iframe>", "</iframe>"])


def test_should_mark_normalised_words_with_what_they_were() -> None:
    words = [Word("引越し", "引っ越し", ("引っ越し",)), Word("し", "し", ("し",)), Word("届け", "届け", ("[UNK]",))]
    words.append(Word("すだち", "酢橘", ("[UNK]",)))
    drawn = draw_tokens(Reading(words, is_cut=True), WORDS, are_tokens=True)
    assert re.findall("<rt>(.*?)</rt>", drawn) == ["引越し", "届け", "すだち → 酢橘"]
    assert "tokens: 4 · normalised words: 2 · words not in the vocabulary: 2" in drawn
    assert "reads the first 4 tokens" in drawn
    assert "not on this machine" in draw_tokens(Reading(words, is_cut=False), WORDS, are_tokens=False)


def explanation(*weights: tuple[str, float], label_name: str = "sports") -> Explanation:
    return Explanation(
        method="integrated gradients",
        steps=8,
        label_name=label_name,
        logit=1.0,
        logit_without_words=0.0,
        words=[WordWeight(text=text, begin=0, end=len(text), weight=weight) for text, weight in weights],
        is_cut=True,
    )


def test_should_colour_the_words_that_a_category_rests_on() -> None:
    drawn = draw_why(explanation(("試合", 0.9), ("は", 0.01), ("、", 0.6), ("鍋", -0.35), ("試合", 0.8)), WORDS)
    assert re.findall(r'<span class="(\w*)" title="(.*?)">(.*?)</span>', drawn) == [
        ("for3", "+0.90", "試合"),
        ("", "+0.01", "は"),
        ("for2", "+0.60", "、"),
        ("against1", "-0.35", "鍋"),
        ("for3", "+0.80", "試合"),
    ]
    assert "What speaks for sports" in drawn
    assert "Raised it most: 試合<" in drawn
    assert "Lowered it most: 鍋<" in drawn
    assert "Only the beginning" in drawn
    assert "Raised" not in draw_why(explanation(("は", 0.0)), WORDS).replace("words raised", "")


def status(**change: Any) -> EndpointStatus:
    """Of an endpoint that was made an hour ago, and has another hour and a half."""
    now = datetime.now(UTC)
    end, begin = now + timedelta(minutes=95, seconds=30), now - timedelta(hours=1)
    return replace(EndpointStatus("e", "InService", "1 x ml.m5.xlarge", "", end, 0.3, 0.475, begin), **change)


def test_should_tell_time_and_money_of_an_endpoint() -> None:
    [end, cost] = endpoint_facts(status(), WORDS)
    assert end.startswith("deletes itself in 1 h 35 min, at ")
    assert cost == "about $0.300 so far, about $0.475 more until then"
    assert endpoint_facts(status(), words_in(Language.JA))[1] == "ここまで約 $0.300、期限までにあと約 $0.475"


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"state": "Updating"}, ["state Updating"]),
        ({"end": None, "expiry": "NEVER", "cost_left": None}, ["nothing deletes it by itself", "about $0.300 so far"]),
        ({"end": None, "expiry": "not allowed to see"}, ["when it deletes itself cannot be seen"]),
        ({"end": datetime(2026, 1, 1, tzinfo=UTC)}, ["is about to delete itself"]),
        ({"per_hour": None, "cost_left": None}, ["its price is unknown"]),
        ({"capacity": "serverless"}, ["billed per request"]),
    ],
)
def test_should_say_what_is_not_known_of_an_endpoint(change: dict[str, object], facts: list[str]) -> None:
    assert set(facts) <= set(endpoint_facts(status(**change), WORDS))


def test_should_offer_examples_of_the_models_categories(sample_corpus: Path, tmp_path: Path) -> None:
    known = examples(["sports", "cinema", "topic-news"], sample_corpus)
    assert [each.category for each in known] == ["cinema", "sports"]
    assert "延長十回" in known[1].text
    assert len(examples(["topic-news"], sample_corpus)) == MOST
    assert examples(["sports"], tmp_path / "none") == []
