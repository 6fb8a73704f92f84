"""Continuous integration asks the machine's own mirrors for a newer Debian."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

NEWER_SOURCES = Path(__file__).parent.parent / ".ci/newer-sources"

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib  # ours
deb [arch=amd64 signed-by=/usr/share/keyrings/mirror.gpg] https://mirror.example/debian   bookworm contrib main
deb http://mirror.example/debian bookworm-updates main
deb-src http://mirror.example/debian bookworm main
deb https://tools.example/apt bookworm stable
"""
NEWER_LINES = """\
deb http://mirror.example/debian trixie main
deb [arch=amd64 signed-by=/usr/share/keyrings/mirror.gpg] https://mirror.example/debian trixie main
"""
DEB822 = """\
# Of the installer
Types: deb deb-src
URIs: http://mirror.example/debian
  http://second.example/debian
Suites: bookworm bookworm-updates
# a comment among the fields
Components: main
  contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

types: deb
uris: https://third.example/debian
suites: bookworm
components: main
"""
NEWER_PARAGRAPHS = """\
URIs: http://mirror.example/debian
  http://second.example/debian
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS
 -----END PGP PUBLIC KEY BLOCK-----
Types: deb
Suites: trixie
Components: main

uris: https://third.example/debian
Types: deb
Suites: trixie
Components: main
"""


def derive(folder: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    call = [str(NEWER_SOURCES), "bookworm", "trixie", str(folder), *map(str, files)]
    return subprocess.run(call, capture_output=True, text=True, check=False)


def test_should_keep_mirrors_keys_and_options(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(ONE_LINE)
    (tmp_path / "debian.sources").write_text(DEB822)
    (tmp_path / "tools.list").write_text("deb https://tools.example/apt bookworm stable\n")
    (tmp_path / "old.list.disabled").write_text(ONE_LINE)
    folder = tmp_path / "newer"
    done = derive(folder, *sorted(tmp_path.glob("*")), tmp_path / "nosuch.list")
    assert done.returncode == 0, done.stderr
    written = {file.name: file.read_text() for file in folder.iterdir()}
    assert written == {"sources.list": NEWER_LINES, "debian.sources": NEWER_PARAGRAPHS}


def test_should_say_that_no_source_is_debians(tmp_path: Path) -> None:
    (tmp_path / "tools.list").write_text("deb https://tools.example/apt bookworm stable\n")
    done = derive(tmp_path / "newer", tmp_path / "tools.list")
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path}/tools.list: name no source of bookworm main\n"


@pytest.mark.skipif(not shutil.which("apt-get"), reason="apt reads sources on Debian and its kin only")
@pytest.mark.parametrize("form", ["list", "sources"])
def test_should_write_what_apt_reads(form: str, tmp_path: Path) -> None:
    """A mirror in a folder, with an option without which apt would refuse it."""
    mirror, folder = tmp_path / "mirror", tmp_path / "newer"
    release = mirror / "dists/trixie/Release"
    packages = release.parent / "main/binary-all/Packages"
    packages.parent.mkdir(parents=True)
    packages.write_text("")
    release.write_text("Suite: stable\nCodename: trixie\nArchitectures: all\nComponents: main\n")
    given = {
        "list": f"deb [trusted=yes] file:{mirror} bookworm main\n",
        "sources": f"Types: deb\nURIs: file:{mirror}\nSuites: bookworm\nComponents: main\nTrusted: yes\n",
    }
    (tmp_path / f"own.{form}").write_text(given[form])
    assert derive(folder, tmp_path / f"own.{form}").returncode == 0
    (tmp_path / "state/lists/partial").mkdir(parents=True)
    (tmp_path / "state/status").touch()
    options = {"Etc::SourceList": "/dev/null", "Etc::SourceParts": folder, "State": tmp_path / "state"}
    options |= {"State::status": tmp_path / "state/status", "Cache": tmp_path}
    words = [word for name, value in options.items() for word in ("-o", f"Dir::{name}={value}")]
    done = subprocess.run(["apt-get", *words, "-q", "update"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"file:{mirror} trixie" in done.stdout
