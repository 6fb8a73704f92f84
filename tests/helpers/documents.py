"""The project's documents as their readers see them: headings, text, links, tables and blocks of code."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.helpers.project import ROOT

READMES = (ROOT / "README.md", ROOT / "README.ja.md")
DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    line: int
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@dataclass
class Section:
    """What stands between a heading and the next one; the first of a document may have no heading."""

    level: int
    title: str
    text: str = ""
    spans: list[str] = field(default_factory=list)  # code within a line
    targets: list[str] = field(default_factory=list)  # of links and pictures
    rows: int = 0  # of tables
    blocks: list[Block] = field(default_factory=list)


def read(file: Path) -> list[Section]:
    """The sections of a document, in their order."""
    sections = [Section(0, "")]
    heading = 0
    for token in MARKDOWN.parse(file.read_text(encoding="utf-8")):
        section = sections[-1]
        match token.type:
            case "heading_open":
                heading = int(token.tag.removeprefix("h"))
            case "inline" if heading:
                sections.append(Section(heading, _visible(token)))
                heading = 0
            case "inline":
                _read_line(token, section)
            case "html_block":
                section.targets += _targets_in_html(token.content)
            case "tr_open":
                section.rows += 1
            case "fence":
                assert token.map
                section.blocks.append(Block(token.map[0] + 1, token.info, token.content))
    return sections


def _read_line(line: Token, section: Section) -> None:
    for token in line.children or []:
        match token.type:
            case "text":
                section.text += token.content
            case "softbreak" | "hardbreak":
                section.text += "\n"
            case "code_inline":
                section.spans.append(token.content)
            case "link_open":
                section.targets.append(str(token.attrs["href"]))
            case "image":
                section.targets.append(str(token.attrs["src"]))
            case "html_inline":
                section.targets += _targets_in_html(token.content)
    section.text += "\n"


def _targets_in_html(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]+)"', html)


def _visible(line: Token) -> str:
    return "".join(token.content for token in line.children or [] if token.type in ("text", "code_inline"))


def anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    kept = (each for each in title.lower() if each in "-_ " or unicodedata.category(each)[0] in "LNM")
    return "".join(kept).replace(" ", "-")


def without_comments(text: str) -> str:
    """Lines of a shell without their comments."""
    return re.sub(r"(^|\s+)#.*$", "", text, flags=re.MULTILINE)
