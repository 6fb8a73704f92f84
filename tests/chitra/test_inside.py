"""A name that somebody else chose never becomes a path outside of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chitra.inside import UnsafePathError, inside

OUTSIDE = ["..", "../x", "a/../../x", "/etc/passwd", "a//b", "", ".", "a/./b", "a/", "/", "a/.."]
NO_FILE_NAMES = ["a\nb", "\x1b[2J", "a\x00", "\x7f", "a\u202eb", "あ" * 86, "x/" * 2100 + "x"]


@pytest.mark.parametrize("name", OUTSIDE + NO_FILE_NAMES)
def test_should_refuse_what_leaves_the_folder_or_is_no_file_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafePathError) as caught:
        inside(tmp_path, name)
    assert str(caught.value).isprintable()
    with pytest.raises(UnsafePathError):
        inside(tmp_path, "first", name)


@pytest.mark.parametrize(
    "parts", [("a",), ("a/b", "c.txt"), ("..a", "b..", "日本語"), ("~", "$HOME", "a b"), ("x" * 255,)]
)
def test_should_join_plain_names(tmp_path: Path, parts: tuple[str, ...]) -> None:
    assert inside(tmp_path, *parts) == tmp_path.joinpath(*parts)
    assert inside(Path("relative"), *parts) == Path("relative").joinpath(*parts)


def test_should_follow_links_for_the_check(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "real").mkdir(parents=True)
    (home / "out").symlink_to(tmp_path)
    (home / "file").symlink_to(tmp_path / "not-yet-there")
    (home / "round").symlink_to(home / "round")
    (home / "alias").symlink_to(home / "real")
    for name in ("out/x", "out", "file", "round/x"):
        with pytest.raises(UnsafePathError):
            inside(home, name)
    assert inside(home, "alias/x") == home / "alias/x"
    (tmp_path / "link").symlink_to(home)
    assert inside(tmp_path / "link", "x") == tmp_path / "link/x"


@given(st.lists(st.text(st.one_of(st.sampled_from("./\\~:\x00\n"), st.characters(codec=None))), max_size=4))
def test_should_never_give_a_path_outside(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    home = tmp_path_factory.getbasetemp() / "home"
    try:
        target = inside(home, *parts)
    except UnsafePathError:
        return
    assert target.resolve().is_relative_to(home.resolve())
    assert target.resolve() != home.resolve()
