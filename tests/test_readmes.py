"""README.md and README.ja.md say the same: headings, commands, figures, links and tables, section by section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.helpers.documents import DOCUMENTS, READMES, Block, Section, read, without_comments

ENGLISH, JAPANESE = map(read, READMES)
PAIRS = [
    pytest.param(ours, theirs, id=f"{number} {ours.title or 'top'}")
    for number, (ours, theirs) in enumerate(zip(ENGLISH, JAPANESE, strict=False))
]
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
KANA_OR_KANJI = "[ぁ-んァ-ヶー一-龠]"
LABEL = re.compile(r"\[[^]]*\]|\|[^|]*\|")  # of a diagram's boxes and arrows


def test_should_have_the_same_headings() -> None:
    assert [section.level for section in ENGLISH] == [section.level for section in JAPANESE]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_should_show_the_same_code(ours: Section, theirs: Section) -> None:
    assert list(map(essence, ours.blocks)) == list(map(essence, theirs.blocks))


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_should_tell_the_same_figures(ours: Section, theirs: Section) -> None:
    assert figures(ours) == figures(theirs)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_should_name_the_same_commands_files_and_settings(ours: Section, theirs: Section) -> None:
    assert Counter(ours.spans) == Counter(theirs.spans)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_should_lead_to_the_same_places(ours: Section, theirs: Section) -> None:
    assert places(ours.targets) == places(theirs.targets)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_should_have_as_many_rows_in_tables(ours: Section, theirs: Section) -> None:
    assert ours.rows == theirs.rows


@pytest.mark.parametrize(
    "file", [file for file in DOCUMENTS if file.name.endswith(".ja.md")], ids=lambda file: file.name
)
def test_should_break_japanese_lines_where_no_gap_shows(file: Path) -> None:
    """Browsers show the end of a line as a space, which is seen between two kanji and not behind a comma."""
    text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert re.findall(rf".*{KANA_OR_KANJI}\n *{KANA_OR_KANJI}.*", text) == []


def essence(block: Block) -> tuple[str, str]:
    """What no translation changes."""
    match block.language:
        case "sh":
            return block.language, without_comments(block.text)
        case "mermaid":
            return block.language, LABEL.sub("", block.text)
    return block.language, block.text


def figures(section: Section) -> Counter[str]:
    """Numbers in the text, the heading, and the comments of code."""
    comments = (line.partition("#")[2] for block in section.blocks for line in block.lines if block.language == "sh")
    return Counter(NUMBER.findall("\n".join([section.title, section.text, *comments])))


def places(targets: Iterable[str]) -> Counter[str]:
    """Each of the two leads to the other, and to the same pages of AWS in its own language."""
    return Counter(target.replace("README.ja.md", "README.md").replace(".com/jp/", ".com/") for target in targets)
