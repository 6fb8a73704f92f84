"""Secrets that tests issued. At the end of the session no output, log or file may hold one, but the file it is for."""

from __future__ import annotations

import configparser
import os
import subprocess
import tempfile
from pathlib import Path

ISSUED: set[str] = set()
MEANT_FOR_SECRETS = "credentials"  # the folder of .ini files and sheets
LARGEST = 20_000_000  # bytes


def collect(folder: Path) -> None:
    """Remember the secrets in all credentials files below a folder."""
    for parent, _, names in os.walk(folder):
        if Path(parent).name != MEANT_FOR_SECRETS:
            continue
        for name in names:
            if name.endswith(".ini"):
                content = configparser.ConfigParser(interpolation=None)
                content.read(Path(parent) / name)
                ISSUED.add(content["default"]["aws_secret_access_key"])


def leaks(folder: Path) -> list[Path]:
    """Files below a folder that hold an issued secret and are not meant to.

    What is larger than ``LARGEST`` is a model, an archive, or a hole that a test made in order to have it refused.
    """
    needles = "".join(f"{secret}\n" for secret in ISSUED if len(secret) > 15)
    files = [
        file
        for parent, _, names in os.walk(folder)
        for file in map(Path(parent).joinpath, names)
        if file.parent.name != MEANT_FOR_SECRETS and file.is_file() and file.stat().st_size <= LARGEST
    ]
    with tempfile.NamedTemporaryFile("w", encoding="ascii") as patterns:
        patterns.write(needles)
        patterns.flush()
        # All secrets at once, in one pass over some hundred thousand files.
        command = ["xargs", "-0", "grep", "-laF", "-f", patterns.name, os.devnull]
        done = subprocess.run(
            command,
            input=b"\0".join(map(os.fsencode, files)),
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            check=False,
        )
    assert not done.stderr, done.stderr
    return [Path(line) for line in os.fsdecode(done.stdout).splitlines()]
