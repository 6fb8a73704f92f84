"""Data is shown, never obeyed: by terminals, by rich's markup, by readers of a receipt."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from chitra.visible import visible
from workshop.commands.common import plain


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("日本語の記事 1", "日本語の記事 1"),
        ("\x1b[2Jrun", r"\x1b[2Jrun"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b31m", r"\x9b31m"),
        ("abc\u202etxt", r"abc\u202etxt"),
        ("half \ud800", r"half \ud800"),
    ],
)
def test_should_write_out_what_steers_a_terminal(given_text: str, shown: str) -> None:
    assert visible(given_text) == shown


@given(st.text(st.characters(codec=None)))
def test_should_be_one_line_without_control_characters(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown)
    shown.encode("utf-8")


@pytest.mark.parametrize("text", ["[/b] and [red]", ":smile:", "[link=file:///etc/passwd]x[/link]"])
def test_should_print_markup_as_it_stands(text: str) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(plain(text))
    assert console.file.getvalue() == text + "\n"  # type: ignore[attr-defined]
