"""What the model sees of articles that are longer than its input."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitra.long_articles import Strategy, View

CLS, SEP = 2, 3
LENGTH = 10
lengths = st.integers(8, 64)
STRATEGIES: tuple[Strategy, ...] = ("head", "head_tail", "windows")


def encoding(pieces: int) -> list[int]:
    return [CLS, *range(100, 100 + pieces), SEP]


@given(lengths, st.integers(0, 500), st.sampled_from(STRATEGIES))
def test_should_make_inputs_that_fit(length: int, pieces: int, strategy: Strategy) -> None:
    for part in View(length, strategy).parts(encoding(pieces)):
        assert len(part) <= length
        assert (part[0], part[-1]) == (CLS, SEP)


@given(lengths, st.integers(0, 500))
def test_should_show_every_piece_of_an_article_in_windows(length: int, pieces: int) -> None:
    parts = View(length, "windows").parts(encoding(pieces))
    assert sorted({piece for part in parts for piece in part[1:-1]}) == list(range(100, 100 + pieces))
    assert len(parts) == 1 or all(len(part) == length for part in parts)


@given(lengths, st.integers(0, 500))
def test_should_let_windows_overlap(length: int, pieces: int) -> None:
    parts = View(length, "windows").parts(encoding(pieces))
    for before, after in itertools.pairwise(parts):
        assert len(set(before[1:-1]) & set(after[1:-1])) >= (length - 2) // 8


@given(lengths, st.sampled_from(STRATEGIES))
def test_should_leave_an_article_that_fits_as_it_is(length: int, strategy: Strategy) -> None:
    whole = encoding(length - 2)
    assert View(length, strategy).parts(whole) == [whole]
    assert View(length, strategy).of_epoch(whole, 1, 2, 3) == whole


@pytest.mark.parametrize(
    ("strategy", "seen"),
    [
        ("head", [[100, 101, 102, 103, 104, 105, 106, 107]]),
        ("head_tail", [[100, 101, 114, 115, 116, 117, 118, 119]]),
        ("windows", [[*range(100, 108)], [*range(106, 114)], [*range(112, 120)]]),
    ],
)
def test_should_cut_as_its_strategy_says(strategy: Strategy, seen: list[list[int]]) -> None:
    parts = View(LENGTH, strategy).parts(encoding(20))
    assert [part[1:-1] for part in parts] == seen


@given(st.integers(9, 500), st.integers(0, 9), st.integers(0, 9))
def test_should_draw_the_same_window_for_the_same_epoch_and_article(pieces: int, epoch: int, article: int) -> None:
    view, whole = View(LENGTH, "windows"), encoding(pieces)
    seen = view.of_epoch(whole, 42, epoch, article)
    assert seen == view.of_epoch(whole, 42, epoch, article)
    assert seen[1:-1] == list(range(seen[1], seen[1] + LENGTH - 2))


def test_should_draw_windows_from_all_over_an_article() -> None:
    view, whole = View(LENGTH, "windows"), encoding(20)
    starts = {view.of_epoch(whole, 42, epoch, 7)[1] for epoch in range(200)}
    assert starts == set(range(100, 113))


@pytest.mark.parametrize("strategy", ["head", "head_tail"])
def test_should_show_the_same_in_every_epoch_without_windows(strategy: Strategy) -> None:
    view, whole = View(LENGTH, strategy), encoding(20)
    assert [view.of_epoch(whole, 42, epoch, 7) for epoch in range(3)] == [view.parts(whole)[0]] * 3
