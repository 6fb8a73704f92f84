"""Secrets that tests issued. At the end of the session no output, log or file may hold one, but the file it is for."""

from __future__ import annotations

import configparser
import hashlib
from pathlib import Path

ISSUED: set[str] = set()
MEANT_FOR_SECRETS = "credentials"  # the folder of .ini files and sheets


def collect(folder: Path) -> None:
    """Remember the secrets in all credentials files below a folder."""
    for file in folder.rglob(f"{MEANT_FOR_SECRETS}/*.ini"):
        content = configparser.ConfigParser(interpolation=None)
        content.read(file)
        ISSUED.add(content["default"]["aws_secret_access_key"])


def leaks(folder: Path) -> list[Path]:
    """Files below a folder that hold an issued secret and are not meant to."""
    needles = [secret.encode() for secret in ISSUED if len(secret) > 15]
    known = dict[bytes, bool]()  # models, datasets and checkouts lie about in dozens of copies
    found = list[Path]()
    for file in folder.rglob("*"):
        if file.parent.name == MEANT_FOR_SECRETS or not file.is_file():
            continue
        content = file.read_bytes()
        digest = hashlib.sha256(content).digest()
        if digest not in known:
            known[digest] = any(needle in content for needle in needles)
        if known[digest]:
            found.append(file)
    return found
