"""Every command in the documents exists, and is run by a test or says that it needs more than this machine.

Commands stand in blocks of the language ``sh``, or in the middle of a text.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import dropwhile, groupby
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rehearsal.cli import app as rehearse
from rehearsal.local import app as local_aws
from tests.helpers.documents import DOCUMENTS, Block, read, without_comments
from tests.helpers.project import ROOT
from workshop.cli import app as workshop

APPS: dict[str, typer.Typer] = {"workshop": workshop, "local-aws": local_aws, "rehearse": rehearse}
TOOLS = ("cdk", "docker", "jupyter", "lint-imports", "mypy", "pip-audit", "pytest", "python", "ruff")
OF_THE_SYSTEM = {"cd", "eval", "exit", "export", "git", "jq", "sudo", "wsl", "$EDITOR"}
SET_UP = (".venv/.installed", "node_modules/.installed", ".venv-checks/.installed")
MAKE = ["make", "--dry-run", *(word for stamp in SET_UP for word in ("--old-file", stamp))]

JOURNEY = ("tests/e2e/test_rehearsal.py", "as `make run` makes it")
DAY, LOCAL = "tests/rehearsal/test_participants_day.py", "tests/rehearsal/test_local.py"
MOTO, PROGRAMS = "tests/workshop/test_moto.py", "tests/test_programs.py"

# Which test runs a command, or what a command calls, and by which words one finds it there.
RUN_BY = {
    "cdk bootstrap": JOURNEY,
    "cdk deploy": JOURNEY,
    "cdk diff": (LOCAL, "cdk diff --fail"),
    "cdk synth": ("tests/infra/test_stacks.py", '"synth", "--quiet"'),
    "docker build": ("tests/container/conftest.py", '"build", "--progress"'),
    "docker image": ("tests/container/test_container.py", '"image", "inspect"'),
    "jupyter lab": ("tests/notebooks/test_jupyterlab.py", "/lab/api/settings"),
    "jupyter nbconvert": ("tests/notebooks/test_committed.py", '"nbconvert", "--clear-output"'),
    "local-aws notebooks": ("tests/notebooks/test_jupyterlab.py", '"rehearsal.local", "notebooks"'),
    "local-aws down": (LOCAL, "{LOCAL} down"),
    "local-aws env": (LOCAL, "{LOCAL} env"),
    "local-aws status": (LOCAL, "{LOCAL} status"),
    "local-aws shell": (LOCAL, "{LOCAL} shell --as participant-2"),
    "local-aws up": (LOCAL, "{LOCAL} up"),
    "python -m benchmarks.accuracy": (PROGRAMS, '["benchmarks.accuracy"'),
    "python -m benchmarks.preprocessing": (PROGRAMS, '["benchmarks.preprocessing"'),
    "python -m benchmarks.serving": (PROGRAMS, '["benchmarks.serving"'),
    "python -m benchmarks.training": (PROGRAMS, '["benchmarks.training"'),
    "python -m checks": ("tests/checks/test_checks.py", "main([str(tmp_path)])"),
    "python -m dependencies.lock": ("tests/dependencies/test_locks.py", "# Written by `make lock`."),
    "python -m permissions": ("tests/permissions/test_table.py", "from permissions.__main__ import main"),
    "python -m review": ("tests/review/test_command.py", '"-m", "review"'),
    "python -P": ("tests/review/test_command.py", '"-P", "-m", "review"'),
    "python samples/sagemaker_local.py": ("tests/container/test_sagemaker_sdk.py", "samples/sagemaker_local.py"),
    "rehearse": JOURNEY,
    "rehearse crowd": ("tests/rehearsal/test_crowd.py", '"rehearsal.cli", "crowd", "--participants"'),
    "workshop": ("tests/workshop/test_cli.py", '"-h"'),
    "workshop build-image": ("tests/workshop/runs/test_image_build.py", "`workshop build-image`"),
    "workshop classify": (DAY, 'day.workshop("classify"'),
    "workshop compare": ("tests/workshop/report/test_compare.py", '["workshop", "compare", *arguments]'),
    "workshop credentials": (MOTO, 'moto.workshop("credentials", "--all")'),
    "workshop demo": ("tests/workshop/demo/test_page_of_a_model.py", '"workshop.cli", "demo"'),
    "workshop doctor": (MOTO, 'moto.workshop("doctor"'),
    "workshop endpoint create": (DAY, '"endpoint", "create", "day"'),
    "workshop endpoint delete": (DAY, '"endpoint", "delete", "day"'),
    "workshop endpoint extend": (MOTO, '"endpoint", "extend", "run-1", "--hours", "5"'),
    "workshop export": (DAY, 'day.workshop("export", "day"'),
    "workshop fetch corpus": ("tests/workshop/test_cli.py", '"fetch", "corpus", "--from"'),
    "workshop fetch model": ("tests/workshop/test_folder.py", '"fetch", "model", "--from"'),
    "workshop follow": ("tests/local_aws/test_quotas.py", '"follow", "chitra--left"'),
    "workshop logs": ("tests/local_aws/test_quotas.py", 'narrow.says("logs", "a")'),
    "workshop notebooks": ("tests/notebooks/test_jupyterlab.py", '["workshop.cli", "--profile", "mine", "notebooks"]'),
    "workshop predict": (LOCAL, "{WORKSHOP} predict {TEXT}"),
    "workshop report": ("tests/workshop/report/test_command.py", '["workshop", "report", *arguments]'),
    "workshop run": (LOCAL, "{WORKSHOP} run --endpoint"),
    "workshop smoke": ("tests/workshop/runs/test_smoke.py", '"workshop.cli", "smoke"'),
    "workshop budget": ("tests/local_aws/test_workflow.py", 'meter_of(aws, folder, "budget")'),
    "workshop prices": ("tests/workshop/test_money.py", '["prices", "--folder"'),
    "workshop status": (MOTO, 'moto.workshop("status")'),
    "workshop stop": ("tests/local_aws/test_quotas.py", '"stop", "left"'),
    "workshop teardown": (MOTO, '"teardown", "--yes"'),
    "workshop tune": ("tests/local_aws/test_datasets.py", '["tune", "--name", "tuned"'),
    "workshop upload": (DAY, 'day.workshop("upload"'),
    "workshop verify": (MOTO, 'moto.workshop("verify")'),
}
# `make test` itself.
RUN_BY |= dict.fromkeys(("lint-imports", "mypy", "pytest", "ruff"), ("Makefile", "test: setup"))

# What no test runs, and how the document says so, in the command's line or in its block's first one.
NEEDS = {"docker history": "what each layer weighs", "docker push": "AWS account", "pip-audit": "as PyPI knows them"}


@dataclass(frozen=True)
class Call:
    """A command in a document; ``place`` is empty within a text, ``said`` are the comments that belong to it."""

    place: str
    words: tuple[str, ...]
    said: str

    def __str__(self) -> str:
        return f"{self.place} {' '.join(self.words)}".strip()


def calls_in(text: str) -> Iterator[tuple[str, ...]]:
    """The words of each call in a line of a shell; those of ``$(...)`` are a call of their own."""
    for inner in re.findall(r"\$\(([^)]*)\)", text):
        yield from calls_in(inner)
    lexer = shlex.shlex(without_comments(text), posix=True, punctuation_chars="|&;")
    lexer.whitespace_split, lexer.commenters = True, ""
    for is_between, part in groupby(lexer, key=lambda word: not word.strip("|&;")):
        words = [word.removeprefix(".venv/bin/") for word in part]
        words = list(dropwhile(re.compile(r"[A-Z_]+=").match, words))
        if words and not is_between:
            yield tuple(words)


def calls_of(file: Path, block: Block) -> Iterator[Call]:
    first = block.lines[0] if block.lines[0].startswith("#") else ""
    for number, line in enumerate(block.lines, block.line + 1):
        said = f"{first} {line.partition('#')[2]}"
        for words in calls_in(line):
            yield Call(f"{file.relative_to(ROOT)}:{number}", words, said)


def is_ours(text: str) -> bool:
    words = text.removeprefix(".venv/bin/").split()
    return len(words) > 1 and words[0] in {*APPS, "make"} and "..." not in words[1]


SECTIONS = [(file, section) for file in DOCUMENTS for section in read(file)]
BLOCKS = [(file, block) for file, section in SECTIONS for block in section.blocks]
CALLS = [call for file, block in BLOCKS if block.language == "sh" for call in calls_of(file, block)]
SPANS = {span for _, section in SECTIONS for span in section.spans if is_ours(span)}
MENTIONS = [Call("", words, "") for span in sorted(SPANS) for words in calls_in(span.replace("...", "X"))]


@pytest.mark.parametrize(("file", "block"), BLOCKS, ids=lambda value: getattr(value, "name", None))
def test_should_say_of_each_block_whether_it_holds_commands(file: Path, block: Block) -> None:
    place = f"{file.name}:{block.line}"
    assert block.language in ("json", "mermaid", "sh", "text"), place
    assert block.language in ("mermaid", "sh") or not [line for line in block.lines if is_ours(line)], place


@pytest.mark.parametrize("call", CALLS + MENTIONS, ids=str)
def test_should_name_what_exists(call: Call) -> None:
    assert problem(call.words) == ""


@pytest.mark.parametrize("call", CALLS + MENTIONS, ids=str)
def test_should_be_run_by_a_test_or_say_what_it_needs(call: Call) -> None:
    for name in names_of(call.words):
        assert name in RUN_BY or NEEDS[name] in call.said or not call.place


@pytest.mark.parametrize("name", RUN_BY)
def test_should_find_each_command_in_the_test_that_runs_it(name: str) -> None:
    file, words = RUN_BY[name]
    assert words in (ROOT / file).read_text(encoding="utf-8")


def test_should_list_no_command_that_no_document_has() -> None:
    assert {name for call in CALLS + MENTIONS for name in names_of(call.words)} == RUN_BY.keys() | NEEDS.keys()


def names_of(words: tuple[str, ...]) -> set[str]:
    """A command's name without its arguments; of a target of make, the names of what it calls."""
    program, *rest = words
    if program == "make":
        return {
            name
            for line in dry_run(*rest).stdout.replace("\\\n", " ").splitlines()
            if line.split()[0] in {*APPS, *TOOLS}
            for name in names_of(tuple(line.split()))
        }
    if program in APPS:
        return {" ".join((program, *subcommands(program, rest)[0]))}
    if program == "python":
        return {" ".join(words[: 3 if rest[0] == "-m" else 2])}
    if program in ("cdk", "docker", "jupyter"):
        return {f"{program} {rest[0]}"}
    return set() if program in OF_THE_SYSTEM else {program}


def subcommands(program: str, words: list[str]) -> tuple[list[str], bool]:
    """Their names, and whether they name a command and no group."""
    command: Any = typer.main.get_command(APPS[program])
    names = []
    for word in words:
        if word in getattr(command, "commands", {}):
            command = command.commands[word]
            names.append(word)
    return names, not hasattr(command, "commands")


def problem(words: tuple[str, ...]) -> str:
    """What is wrong with a call, for somebody who types it; empty where nothing is."""
    program, *rest = words
    if program in APPS:
        names, is_whole = subcommands(program, rest)
        place = rest.index(names[-1]) + 1 if is_whole else len(rest)
        tried = CliRunner().invoke(APPS[program], [*rest[:place], "--help", *rest[place:]])  # options are read first
        return tried.output if tried.exit_code else ""
    if program == "make":
        known = re.findall(r"\$\((?:or |if |filter 1,)*\$?\(?([A-Z_0-9]+)", (ROOT / "Makefile").read_text("utf-8"))
        given = [word.partition("=")[0] for word in rest if "=" in word]
        return dry_run(*rest).stderr or "".join(f"no variable {name}" for name in given if name not in known)
    if program == "cdk":
        shown = cdk_help(rest[0])
        options = set(re.findall(r"--[\w-]+", shown))
        asked = {word.partition("=")[0] for word in rest if word.startswith("--")}
        return "" if shown.startswith(f"cdk {rest[0]}") and asked <= options else shown
    if program in ("python", "pytest"):
        files = [word for word in rest if word.endswith(".py")]
        return "".join(f"no file {file}" for file in files if not (ROOT / file).is_file())
    return "" if program in {*TOOLS, *OF_THE_SYSTEM} else f"no program {program}"


@cache
def dry_run(*words: str) -> subprocess.CompletedProcess[str]:
    engine = {**os.environ, "CDK_DOCKER": "docker"}  # whatever takes its place where the tests run
    return subprocess.run([*MAKE, *words], cwd=ROOT, env=engine, capture_output=True, text=True, check=False)


@cache
def cdk_help(command: str) -> str:
    call = [ROOT / "node_modules/.bin/cdk", command, "--help"]
    quiet = {**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true"}
    return subprocess.run(call, env=quiet, capture_output=True, text=True, check=True).stdout
