"""The environment in which every command talks to a local workshop: as shell lines, or as a shell of its own."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from chitra.contract import MODEL_DIR_VARIABLE
from chitra.errors import InputError
from chitra.hyperparameters import HYPERPARAMETERS_VARIABLE
from infra.settings import FOLDER_VARIABLE, PROJECT
from local_aws.server import root_variables
from rehearsal.local_state import CREDENTIALS, LocalState, local_folder, participants

ROOT_ONLY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
FORMER_PATH = "CHITRA_FORMER_PATH"  # what PATH was before, for the way back
PROGRAMS = (Path(sys.executable).parent, PROJECT / "node_modules" / ".bin")


def variables(home: Path, state: LocalState, participant: str | None) -> dict[str, str]:
    """Of the account's root user, or of a participant.

    Raises:
        InputError: nobody of that name was given a key.
    """
    folder = local_folder(home)
    found = root_variables(state.port, state.region, folder)
    found |= {FOLDER_VARIABLE: str(home), MODEL_DIR_VARIABLE: state.model}
    if state.hyperparameters:
        found[HYPERPARAMETERS_VARIABLE] = json.dumps(state.hyperparameters)
    if participant is None:
        return found
    known = participants(folder)
    if participant not in known:
        raise InputError(f"participant {participant!r}: has no key of this local workshop; {', '.join(known)} have.")
    found["AWS_SHARED_CREDENTIALS_FILE"] = str(folder / CREDENTIALS / f"{participant}.ini")
    return {name: value for name, value in found.items() if name not in ROOT_ONLY}


def export_lines(chosen: Mapping[str, str]) -> list[str]:
    """For a POSIX shell. AWS's variables that are not ``chosen`` are unset: a profile would win over a file."""
    lines = [f"unset {name};" for name in _others(chosen)]
    lines += [f"export {name}={shlex.quote(value)};" for name, value in chosen.items()]
    programs = shlex.quote(os.pathsep.join(map(str, PROGRAMS)))
    lines += [f'export {FORMER_PATH}="${{{FORMER_PATH}-$PATH}}";', f'export PATH={programs}:"${FORMER_PATH}";']
    return lines


def unset_lines() -> list[str]:
    """The way back, but for variables that were replaced."""
    names = [
        *root_variables(1, "", Path()),
        FOLDER_VARIABLE,
        MODEL_DIR_VARIABLE,
        HYPERPARAMETERS_VARIABLE,
    ]  # whatever their values
    return [f"unset {' '.join(names)};", f'export PATH="${{{FORMER_PATH}-$PATH}}";', f"unset {FORMER_PATH};"]


def environment_with(chosen: dict[str, str]) -> dict[str, str]:
    """This process's environment with the ``chosen`` variables, no other ones of AWS, and the project's programs."""
    path = os.pathsep.join([*map(str, PROGRAMS), os.environ.get("PATH", os.defpath)])
    others = _others(chosen)
    kept = {key: value for key, value in os.environ.items() if key not in others}
    return kept | chosen | {"PATH": path}


def enter_shell(chosen: dict[str, str], folder: Path, name: str) -> None:
    """Become the user's shell, with ``name`` in its prompt where that can be done."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    environment = environment_with(chosen)
    arguments, prompt = _with_prompt(Path(shell).name, folder, name, environment["PATH"])
    os.execvpe(shell, [shell, *arguments], environment | prompt)  # noqa: S606


def _with_prompt(shell: str, folder: Path, name: str, path: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and variables. What a user's own file sets comes first, so that it can neither hide the prompt nor
    the programs."""
    ours = f"PATH={shlex.quote(path)}\nPS1={shlex.quote(f'({name}) ')}$PS1\n"
    if shell == "bash":
        start = folder / "bashrc"
        start.write_text(f"[ -f ~/.bashrc ] && . ~/.bashrc\n{ours}", encoding="utf-8")
        return ["--rcfile", str(start)], {}
    if shell == "zsh":
        own = shlex.quote(os.environ.get("ZDOTDIR") or str(Path.home()))
        (folder / ".zshenv").write_text(f"[ -f {own}/.zshenv ] && . {own}/.zshenv\n", encoding="utf-8")
        source = f"ZDOTDIR={own}\n[ -f $ZDOTDIR/.zshrc ] && . $ZDOTDIR/.zshrc\n"
        (folder / ".zshrc").write_text(source + ours, encoding="utf-8")
        return [], {"ZDOTDIR": str(folder)}
    return [], {"PS1": f"({name}) $ "}


def _others(chosen: Mapping[str, str]) -> list[str]:
    return sorted(name for name in os.environ if name.startswith("AWS_") and name not in chosen)
