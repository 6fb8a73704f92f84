"""Both sides of a review out of a git repository: the base from a worktree of its own, the head as it lies there."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from chitra.errors import WorkshopError
from review.findings import check_assemblies
from review.sides import Side, synthesise

VENV = ".venv"
LOCK = "requirements.lock"
MAINS = ("main", "origin/main")


def project_root(folder: Path) -> Path:
    """The repository that a folder belongs to.

    Raises:
        WorkshopError: it belongs to none.
    """
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel"))
    except WorkshopError as error:
        raise WorkshopError(f"no git repository is here ({error}).") from error


def both_sides(root: Path, output: Path, base: str = "") -> tuple[Side, Side]:
    """The merge base with ``base`` (main, where empty) and the working tree, each synthesised in a folder of its own.

    Raises:
        WorkshopError: there is no such commit, or a side cannot be synthesised.
    """
    commit = merge_base(root, base)
    output.mkdir(parents=True, exist_ok=True)
    folders = output / "base", output / "head"
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    with _worktree(root, output / "worktree", commit) as worktree, ThreadPoolExecutor(2) as both:
        _give_environment(root, worktree, output / "environments")
        sides = [
            both.submit(synthesise, worktree, folders[0], commit[:12]),
            both.submit(synthesise, root, folders[1], _head_label(root)),
        ]
        synthesised = [side.result() for side in sides]
    checked = check_assemblies(folders, output / "checked")
    return replace(synthesised[0], checked=checked[0]), replace(synthesised[1], checked=checked[1])


def merge_base(root: Path, base: str) -> str:
    """The commit that a change began at."""
    if not base:
        base = next((name for name in MAINS if _is_commit(root, name)), "")
        if not base:
            raise WorkshopError(f"no branch is called {' or '.join(MAINS)} here. Name one: make review BASE=HEAD~1.")
    if not _is_commit(root, base):
        raise WorkshopError(f"{base}: is no commit here. Fetch it, or name another: make review BASE=HEAD~1.")
    return _git(root, "merge-base", base, "HEAD")


def _is_commit(root: Path, name: str) -> bool:
    call = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    return subprocess.run(call, cwd=root, capture_output=True, check=False).returncode == 0


def _head_label(root: Path) -> str:
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return _git(root, "rev-parse", "HEAD")[:12] + (" and uncommitted changes" if changed else "")


@contextmanager
def _worktree(root: Path, folder: Path, commit: str) -> Iterator[Path]:
    _drop(root, folder)
    _git(root, "worktree", "add", "--quiet", "--detach", str(folder), commit)
    try:
        yield folder
    finally:
        _drop(root, folder)


def _drop(root: Path, folder: Path) -> None:
    """Also one that a killed review left behind."""
    remove = ["git", "worktree", "remove", "--force", str(folder)]
    subprocess.run(remove, cwd=root, capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)


def _give_environment(root: Path, worktree: Path, environments: Path) -> None:
    """The head's where both lock the same packages; else one of the base's own, kept for the next review."""
    venv = worktree / VENV
    if not (root / VENV).exists() or venv.exists():
        return
    lock = _bytes(worktree / LOCK)
    if lock == _bytes(root / LOCK):
        venv.symlink_to(root / VENV)
        return
    own = environments / hashlib.sha256(lock).hexdigest()[:16]
    own.mkdir(parents=True, exist_ok=True)
    venv.symlink_to(own)
    finished = own / ".finished"
    if not finished.exists():
        done = subprocess.run(["make", f"{VENV}/.installed"], cwd=worktree, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise WorkshopError(f"the base locks other packages, and they cannot be installed: {said[-1]}")
        finished.touch()


def _bytes(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise WorkshopError("git: is not installed here.") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason"]
        raise WorkshopError(f"git {arguments[0]}: {said[0]}")
    return done.stdout.strip()
