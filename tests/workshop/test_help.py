"""Help in two languages, examples, and completion: what one reads before anything costs money."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.helpers.project import ROOT
from workshop.cli import app
from workshop.commands.examples import EXAMPLES
from workshop.commands.help import as_typed, commands_of, fold
from workshop.commands.japanese import JAPANESE

COMMANDS = dict(commands_of(app))
JAPANESE_LETTER = re.compile(r"[぀-ヿ一-鿿]")
OWN_HELP_OPTION = "Show this message and exit."


def texts(command: Any) -> list[str]:
    return [command.help, *(parameter.help for parameter in command.params)]


def shown(*arguments: str, columns: int = 80, **locale: str) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "AWS_"))}
    done = subprocess.run(
        [sys.executable, "-m", "workshop.cli", *arguments, "--help"],
        cwd=ROOT,
        env={**kept, "PYTHONIOENCODING": "utf-8", "COLUMNS": str(columns), **locale},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("words", COMMANDS)
def test_should_have_every_text_in_japanese(words: str) -> None:
    translated = [JAPANESE[text] for text in texts(COMMANDS[words])]
    assert all(JAPANESE_LETTER.search(text) or text == "1.0 か 1.1。" for text in translated)
    assert not [text for text in translated if not text.endswith("。")]


def test_should_translate_nothing_that_is_not_there() -> None:
    assert set(JAPANESE) == {text for command in COMMANDS.values() for text in texts(command)} | {OWN_HELP_OPTION}


@pytest.mark.parametrize("words", EXAMPLES)
def test_should_show_examples_that_the_command_takes(words: str) -> None:
    for line, japanese, english in EXAMPLES[words]:
        assert line.startswith(words)
        assert JAPANESE_LETTER.search(japanese)
        assert not JAPANESE_LETTER.search(english)
        chosen = next(COMMANDS[each] for each in sorted(COMMANDS, key=len, reverse=True) if line.startswith(each))
        known = {name for parameter in chosen.params for name in parameter.opts} | {"-h"}
        assert set(re.findall(r"(?<=\s)-{1,2}[a-z][a-z-]*", line)) <= known, line
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("words", ["", "run", "predict", "endpoint create"])
def test_should_speak_english_elsewhere(words: str) -> None:
    text = shown(*words.split(), LANG="C.UTF-8")
    assert text == shown(*words.split(), LANG="ja_JP.UTF-8", LC_ALL="C.UTF-8")
    said = " ".join(text.split())
    assert text.startswith("Usage: ")
    for parameter in COMMANDS[words].params:
        assert parameter.help in said
    assert not JAPANESE_LETTER.search(text.partition("Examples:")[0])
    assert "Examples:\n    # " in text


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("words", ["", "run", "endpoint"])
def test_should_speak_japanese_where_the_locale_does(words: str, columns: int) -> None:
    text = shown(*words.split(), columns=columns, LANG="ja_JP.UTF-8")
    assert text.startswith("使い方: ")
    help_text, _, examples = text.partition("例:")
    assert max(map(cell_len, help_text.splitlines())) <= columns
    assert not re.search("^[、。」』)]", help_text, re.MULTILINE)
    for heading in ("オプション:", *(["コマンド:"] if words != "run" else [])):
        assert f"\n{heading}\n" in text
    assert "この説明を表示して終わります。" in "".join(text.split())
    assert "workshop" in examples
    assert not re.search(r"\[(default|required|env var)", text)


def test_should_speak_of_exit_codes() -> None:
    assert "Exit codes: 0 done, 1 failed, 2 bad input or settings, 130 interrupted." in shown(LANG="C.UTF-8")
    assert "終了コード: 0 成功、1 失敗、2 入力や設定の誤り、130 中断。" in shown(LANG="ja_JP.UTF-8")


@pytest.mark.parametrize(
    ("called", "typed"),
    [
        (".venv/bin/workshop", ".venv/bin/workshop"),
        ("/home/me/.venv/bin/workshop", "workshop"),
        ("workshop", "workshop"),
        ("/x/workshop/cli.py", "workshop"),
    ],
)
def test_should_name_the_program_as_it_can_be_typed(called: str, typed: str) -> None:
    assert as_typed(called) == typed


def test_should_end_lines_where_japanese_may_end() -> None:
    text = "持ち帰ります。(AWS は不要)「学習」を、見る。"
    assert all(cell_len(line) <= 10 for line in fold(text, 10))
    assert "".join(fold(text, 10)).replace(" ", "") == text.replace(" ", "")
    assert not [line for line in fold(text, 10) if line[0] in "、。)」" or line[-1] in "(「"]
    assert fold("plain words go on", 11) == ["plain words", "go on"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """`workshop`, as a set-up puts it on PATH."""
    file = tmp_path / "workshop"
    file.write_text(f"#!{sys.executable}\nfrom workshop.cli import main\nmain()\n", encoding="utf-8")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["st"], ["stop", "status"]),
        (["endpoint", ""], ["create", "extend", "delete"]),
        (["follow", "--"], ["--json", "--folder", "--help"]),
        (["report", "--lang", ""], ["ja", "en"]),
    ],
)
def test_should_complete_in_bash(program: Path, typed: list[str], offered: list[str]) -> None:
    words = " ".join(f"'{word}'" for word in ["workshop", *typed])
    script = (
        'eval "$(_WORKSHOP_COMPLETE=source_bash workshop)"; '
        f"COMP_WORDS=({words}); COMP_CWORD={len(typed)}; "
        'complete -p workshop; _workshop_completion workshop; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{program.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    registered, _, completions = done.stdout.partition("\n")
    assert registered == "complete -o default -F _workshop_completion workshop", done.stderr
    assert completions.split() == offered


@pytest.mark.parametrize(("shell", "line"), [("zsh", "#compdef workshop"), ("fish", "complete --command workshop")])
def test_should_have_a_script_for_other_shells(program: Path, shell: str, line: str) -> None:
    done = subprocess.run(
        [program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "_WORKSHOP_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert line in done.stdout
