"""Versions that work together; some of the newest ones do not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from dependencies.install import PYPI_LOCK, REQUIREMENTS_LOCK

ROOT = Path(__file__).parent.parent
REQUIREMENTS = re.findall(r"^([\w-]+)==(\S+)\s+# \S", (ROOT / "requirements.txt").read_text(), re.MULTILINE)


def test_should_give_every_direct_dependency_a_version_and_a_reason() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(REQUIREMENTS) == len(lines)


@pytest.mark.parametrize(("package", "pinned"), REQUIREMENTS)
def test_should_have_installed_what_is_pinned(package: str, pinned: str) -> None:
    assert version(package).partition("+")[0] == pinned


@pytest.mark.parametrize(
    ("package", "pinned"),
    [
        ("transformers", "4.57.6"),  # sudachitra 0.1.9 does not import under 5
        ("sudachitra", "0.1.9"),
        ("sudachipy", "0.7.0"),  # decides token ids
        ("sudachidict_core", "20261015"),  # decides token ids
        ("aws-cdk-lib", "2.275.0"),
        ("ministack", "1.5.33"),  # local_aws/extensions.py uses its private names
    ],
)
def test_should_keep_versions_that_other_code_relies_on(package: str, pinned: str) -> None:
    assert version(package) == pinned


def test_should_bring_node_24_and_the_cdk_cli() -> None:
    """npm's `latest` CDK CLI (3.0.0) is older code that cannot read this library's assemblies."""
    node = Path(sys.executable).parent / "node"
    cli = ROOT / "node_modules/aws-cdk/bin/cdk"
    assert subprocess.check_output([node, "--version"], text=True).startswith("v24.")
    assert subprocess.check_output([node, cli, "--version"], text=True).startswith("2.1148.1 ")
    assert json.loads((ROOT / "package.json").read_text())["dependencies"] == {"aws-cdk": "2.1148.1"}


def test_should_lock_everything_that_is_installed() -> None:
    locked = {**read(REQUIREMENTS_LOCK), **read(PYPI_LOCK)}
    assert {(canonicalize_name(name), number) for name, number in REQUIREMENTS} <= locked.items()
    installed = {canonicalize_name(package.name): package.version.partition("+")[0] for package in distributions()}
    del installed["chitra-workshop"]
    assert installed.items() <= locked.items()


def read(lock: str) -> dict[str, str]:
    """Versions by name."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE))
