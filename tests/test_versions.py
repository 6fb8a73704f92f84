"""Versions that work together; some of the newest ones do not."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import warnings
from importlib import import_module
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from chitra.fingerprint import fingerprint
from dependencies.install import PYPI_LOCK, REQUIREMENTS_LOCK

ROOT = Path(__file__).parent.parent
REQUIREMENTS = re.findall(r"^([\w-]+)==(\S+)\s+# \S", (ROOT / "requirements.txt").read_text(), re.MULTILINE)


def test_should_fail_where_this_project_calls_what_is_deprecated() -> None:
    """Those of others are shown, and ignored one by one in pyproject.toml."""
    with pytest.raises(DeprecationWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


def test_should_give_every_direct_dependency_a_version_and_a_reason() -> None:
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(REQUIREMENTS) == len(lines)


@pytest.mark.parametrize(("package", "pinned"), REQUIREMENTS)
def test_should_have_installed_what_is_pinned(package: str, pinned: str) -> None:
    assert version(package).partition("+")[0] == pinned


def test_should_tokenise_with_the_same_versions_here_and_in_the_image(stand_in: Path) -> None:
    """They decide token ids. SudachiTra 0.1.9 does not import under transformers 5."""
    image = read("training_image/building/requirements.lock")
    here = read(REQUIREMENTS_LOCK)
    deciding = ("transformers", "tokenizers", "sudachitra", "sudachipy", "sudachidict-core")
    assert {name: image[name] for name in deciding} == {name: here[name] for name in deciding}
    assert here["transformers"].startswith("4.")
    found = fingerprint(stand_in)
    assert (found.sudachipy, found.sudachitra) == (here["sudachipy"], here["sudachitra"])
    assert found.tokenizers == here["tokenizers"]
    assert found.dictionary == f"core {here['sudachidict-core']}"


def test_should_find_in_ministack_what_the_local_aws_puts_its_own_into() -> None:
    """Its private names may change with any version."""
    for source in (ROOT / "local_aws").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
                module = import_module(str(node.module))
                for name in node.names:
                    assert hasattr(module, name.name) or import_module(f"{node.module}.{name.name}"), source.name


def test_should_bring_node_24_and_the_cdk_cli() -> None:
    """npm's `latest` CDK CLI (3.0.0) is older code that cannot read this library's assemblies."""
    node = Path(sys.executable).parent / "node"
    cli = ROOT / "node_modules/aws-cdk/bin/cdk"
    assert subprocess.check_output([node, "--version"], text=True).startswith("v24.")
    assert subprocess.check_output([node, cli, "--version"], text=True).startswith("2.1148.1 ")
    pinned = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert pinned == {"@aws-cdk/cloudformation-diff": "2.187.5", "aws-cdk": "2.1148.1"}


def test_should_lock_everything_that_is_installed() -> None:
    locked = {**read(REQUIREMENTS_LOCK), **read(PYPI_LOCK)}
    assert {(canonicalize_name(name), number) for name, number in REQUIREMENTS} <= locked.items()
    installed = {canonicalize_name(package.name): package.version.partition("+")[0] for package in distributions()}
    del installed["chitra-workshop"]
    assert installed.items() <= locked.items()


def read(lock: str) -> dict[str, str]:
    """Versions by name, for this interpreter."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    lines = re.findall(r"^([\w.-]+)==([^\s;]+)(?: ; ([^\\\n]+))?", text, re.MULTILINE)
    return {name: number for name, number, marker in lines if not marker or Marker(marker).evaluate()}
