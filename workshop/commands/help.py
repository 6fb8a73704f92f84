"""Gives the command line its examples, and its Japanese where the locale is Japanese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.cells import cell_len

from workshop.commands.examples import PROGRAM, epilog
from workshop.commands.japanese import HEADINGS, JAPANESE, REMARKS, USAGE
from workshop.language import Language

# What stays on one line: a word, or a wide character with the marks that belong to it.
UNIT = re.compile(r"[「『(]*(?:[!-~]+|\S)[、。・」』)ーっゃゅょッャュョ]*\s*")
REMARK = re.compile(r"  (\[[^\[\]]+\])$")
MOST_COLUMNS = 32  # of what stands before an option's text


def command_line(app: typer.Typer, language: Language, called: str) -> Callable[[], Any]:
    """The program of an app, with examples below each command's options. ``called`` is how the program was named."""
    program = typer.main.get_command(app)
    for words, command in _commands(program):
        command.epilog = epilog(words, language, as_typed(called))
        if language is Language.JA:
            _translate(command)
    return program


def as_typed(called: str) -> str:
    """A path in the folder, as ``.venv/bin/workshop``, works there again; what the shell found by itself has a name."""
    path = Path(called)
    return PROGRAM if path.is_absolute() or path.name != PROGRAM else called


def commands_of(app: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Each command with its words, the program itself, which has none, first."""
    yield from _commands(typer.main.get_command(app))


def _commands(command: Any, words: str = "") -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{words} {name}".strip())


def _translate(command: Any) -> None:
    command.help = JAPANESE[command.help]
    command.short_help = f"{command.help.partition('。')[0]}。"
    for parameter in command.params:
        parameter.help = JAPANESE[parameter.help]
    command.context_class = type("JapaneseContext", (command.context_class,), {"formatter_class": JapaneseFormatter})


class JapaneseFormatter(typer.Context.formatter_class):  # type: ignore[misc, valid-type]
    """Knows that Japanese characters are two columns wide, and where a line of them may end."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, USAGE)

    def write_heading(self, heading: str) -> None:
        super().write_heading(HEADINGS.get(heading, heading))

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        blocks = []
        for paragraph in text.split("\n\n"):
            as_it_is = paragraph.startswith("\b\n")
            lines = paragraph[2:].split("\n") if as_it_is else fold(paragraph, self.width - len(indent))
            blocks.append("\n".join(f"{indent}{line}" for line in lines))
        self.write("\n\n".join(blocks) + "\n")

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = MOST_COLUMNS, col_spacing: int = 2) -> None:
        indent = self.current_indent
        column = min(max(cell_len(first) for first, _ in rows), col_max) + col_spacing + indent
        for first, second in rows:
            head = f"{'':>{indent}}{first}"
            texts = fold(_remarked(second), self.width - column)
            if cell_len(head) > column - col_spacing:
                self.write(f"{head}\n")
                head = ""
            for line in texts:
                self.write(f"{head}{' ' * (column - cell_len(head))}{line}\n")
                head = ""


def _remarked(text: str) -> str:
    """A parameter's text with what Typer adds to it: whether it is required, and what it is when left out."""
    found = REMARK.search(text)
    said, remark = (text[: found.start()], found[1]) if found else (text, "")
    for english, japanese in REMARKS.items():
        remark = remark.replace(english, japanese)
    return f"{JAPANESE.get(said, said)} {remark}".strip()


def fold(text: str, width: int) -> list[str]:
    """Lines of so many columns at most; none begins with a mark that ends a phrase."""
    lines = [""]
    for unit in UNIT.findall(text):
        if lines[-1] and cell_len(lines[-1] + unit.rstrip()) > width:
            lines.append("")
        lines[-1] += unit
    return [line.rstrip() for line in lines]
