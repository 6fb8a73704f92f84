"""What the image's build does with the model, and which packages the image gets."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from chitra.fingerprint import fingerprint
from chitra.tokenisation import load_tokenizer
from training_image.building.bundle import BundleError, bundle
from training_image.building.slim import slim

ROOT = Path(__file__).parent.parent.parent


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_should_bundle_an_archive_by_address_and_by_file(tmp_path: Path, archive: Path) -> None:
    assert bundle(str(archive), sha256(archive), tmp_path / "by-file") == sha256(archive)
    assert bundle(archive.as_uri().replace("file://", ""), "", tmp_path / "unchecked") == sha256(archive)
    assert load_tokenizer(tmp_path / "by-file").word_form_type == "normalized_and_surface"


def test_should_bundle_a_folder(tmp_path: Path, stand_in: Path) -> None:
    bundle(str(stand_in), "", tmp_path / "model")
    assert (tmp_path / "model/pytorch_model.bin").is_file()


def test_should_say_which_model_the_image_bundles(tmp_path: Path, archive: Path, stand_in: Path) -> None:
    bundle(str(archive), sha256(archive), tmp_path / "chitra/model")
    done = subprocess.run(
        [sys.executable, "-m", "training_image.building.image_manifest", str(tmp_path / "chitra")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "chitra/manifest.json").read_text(encoding="utf-8"))
    assert (manifest["name"], manifest["sha256"]) == ("chitra-stand-in", sha256(archive))
    assert manifest["tokenisation"] == fingerprint(stand_in).to_json()


def test_should_label_the_image_with_the_projects_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in (ROOT / "training_image/building/Dockerfile").read_text()


def test_should_remove_only_what_is_listed(tmp_path: Path) -> None:
    unused = ("numpy/tests/test_a.py", "torch/include/a.h", "torch/bin/protoc", "pyarrow/libarrow_flight.so.25")
    unused += ("transformers/models/gpt2/modeling_gpt2.py",)
    used = ("numpy/core.py", "torch/bin/torch_shm_manager", "torch/testing/__init__.py", "pyarrow/libarrow.so.25")
    used += ("transformers/models/__init__.py", "transformers/models/bert/modeling_bert.py")
    for name in (*unused, *used):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"1234")
    assert slim(tmp_path) == 4 * len(unused)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == set(used)


def test_should_fail_the_build_with_one_line(tmp_path: Path, archive: Path) -> None:
    wrong = "0" * 64
    with pytest.raises(BundleError, match=f"has sha256 {sha256(archive)}, not {wrong}"):
        bundle(str(archive), wrong, tmp_path / "model")
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[:4000])
    with pytest.raises(BundleError, match="truncated or unsafe"):
        bundle(str(cut), "", tmp_path / "model")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleError, match=r"is no chiTra model, config\.json"):
        bundle(str(tmp_path / "empty"), "", tmp_path / "model")
    with pytest.raises(BundleError, match=r"cannot be fetched .* Put the archive into models/"):
        bundle("https://127.0.0.1:9/chiTra-1.0.tar.gz", "", tmp_path / "model")
    with pytest.raises(BundleError, match=r"needs a sha256, because it is no https address"):
        bundle("http://127.0.0.1:9/chiTra-1.0.tar.gz", "", tmp_path / "model")
    with pytest.raises(BundleError, match=r"cannot be fetched"):
        bundle("http://127.0.0.1:9/chiTra-1.0.tar.gz", wrong, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_should_run_alone_without_the_projects_packages(tmp_path: Path, stand_in: Path) -> None:
    """The Dockerfile starts it before anything else is copied."""
    program = ROOT / "training_image/building/bundle.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), "models/nothing.tar.gz", "", str(tmp_path / "model")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "error: models/nothing.tar.gz: does not exist. Put the archive into models/ or give its address."
    )


def test_should_copy_nothing_into_the_image_that_an_edit_elsewhere_changes() -> None:
    """CDK's list and the one for `docker build` are the same, but for a model of your own."""
    from infra.image import BUILD_CONTEXT

    ignored = (ROOT / "training_image/building/Dockerfile.dockerignore").read_text().split()
    own = {"*", "!models/*"}
    assert set(ignored) - own == {f"!{name}" for name in BUILD_CONTEXT} - {
        "!training_image/building/Dockerfile",  # which docker sends along anyway
        "!models/.gitkeep",
    }
