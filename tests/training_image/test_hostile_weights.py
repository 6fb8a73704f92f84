"""Weights are numbers: a pickle that would run code is refused in one line, in training and in serving."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from chitra.errors import InputError
from tests.conftest import Job
from training_image.weights import load_classifier


class Runs:
    """Unpickling it makes a file."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mknod, (str(self._marker),)


def legacy(file: Path, marker: Path) -> None:
    file.write_bytes(pickle.dumps(Runs(marker)))


def zipped(file: Path, marker: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Runs(marker), 2))
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")


def beside_tensors(file: Path, marker: Path) -> None:
    torch.save({"bert.pooler.dense.bias": torch.zeros(2), "x": Runs(marker)}, file)


def garbage(file: Path, marker: Path) -> None:
    file.write_bytes(b"\x80garbage")


def empty(file: Path, marker: Path) -> None:
    file.write_bytes(b"")


WEIGHTS = [legacy, zipped, beside_tensors, garbage, empty]


def expect_one_line(job: Job, module: str) -> None:
    done = job.run(module)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "its weights cannot be loaded" in line


@pytest.mark.parametrize("make", [legacy, beside_tensors])
def test_should_not_train_from_a_pickle_that_runs_code(
    tmp_path: Path, stand_in: Path, preprocessed: Path, make: Callable[[Path, Path], None]
) -> None:
    shutil.copytree(stand_in, tmp_path / "bundled")
    make(tmp_path / "bundled/pytorch_model.bin", tmp_path / "ran")
    (tmp_path / "input/data").mkdir(parents=True)
    for name in ("train", "validation", "test"):
        (tmp_path / "input/data" / name).symlink_to(preprocessed / name)
    expect_one_line(Job(tmp_path, tmp_path / "bundled"), "training_image.train")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("make", [legacy, beside_tensors])
def test_should_not_serve_a_pickle_that_runs_code(
    tmp_path: Path, trained: Path, make_job: Callable[[Path], Job], make: Callable[[Path, Path], None]
) -> None:
    shutil.copytree(trained / "model", tmp_path / "model")
    (tmp_path / "model/model.safetensors").unlink()
    (tmp_path / "model/candidates.json").unlink()  # which would name a way that needs no weights
    make(tmp_path / "model/pytorch_model.bin", tmp_path / "ran")
    expect_one_line(make_job(tmp_path), "training_image.serve")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("make", WEIGHTS, ids=lambda make: make.__name__)
def test_should_load_nothing_but_tensors(tmp_path: Path, stand_in: Path, make: Callable[[Path, Path], None]) -> None:
    shutil.copytree(stand_in, tmp_path / "model")
    make(tmp_path / "model/pytorch_model.bin", tmp_path / "ran")
    with pytest.raises(InputError, match="its weights cannot be loaded") as caught:
        load_classifier(tmp_path / "model", ["a", "b"])
    assert len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"auto_map": {"AutoConfig": "evil.Config"}}, "auto_map"),
        ({"model_type": "gpt2"}, "model_type"),
        ({"hidden_size": 10**9}, "hidden_size"),
        ({"vocab_size": "many"}, "vocab_size"),
        ({"hidden_act": "quick_gelu"}, "hidden_act"),
        ({"id2label": {"0": "a"}}, "id2label names no categories"),
        ({"id2label": {"0": "a", "2": "b"}}, "id2label names no categories"),
        ({"id2label": ["a"]}, "id2label"),
        ({"num_attention_heads": 5}, "its weights cannot be loaded"),
        ({"hidden_size": 256}, "its weights cannot be loaded"),
    ],
)
def test_should_name_the_value_that_is_no_berts(
    tmp_path: Path, trained: Path, changes: dict[str, Any], named: str
) -> None:
    shutil.copytree(trained / "model", tmp_path / "model")
    file = tmp_path / "model/config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    with pytest.raises(InputError, match=named):
        load_classifier(tmp_path / "model")


def test_should_ignore_what_a_configuration_says_of_code(tmp_path: Path, trained: Path) -> None:
    shutil.copytree(trained / "model", tmp_path / "model")
    file = tmp_path / "model/config.json"
    extra = {
        "transformers_weights": "../../evil.bin",
        "quantization_config": {"quant_method": "bitsandbytes"},
        "_attn_implementation_internal": "evil/kernel",
        "attn_implementation": "evil/kernel",
        "torchscript": True,
        "custom_pipelines": {"x": {"impl": "evil.Pipeline"}},
    }
    file.write_text(json.dumps(json.loads(file.read_text()) | extra))
    assert load_classifier(tmp_path / "model").config.num_labels == 9


def test_should_not_build_a_model_that_its_weights_do_not_hold(tmp_path: Path, trained: Path) -> None:
    """A few kilobytes would otherwise take gigabytes, filled with random numbers."""
    folder = tmp_path / "model"
    shutil.copytree(trained / "model", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 1_000_000, "hidden_size": 1_024}))
    with pytest.raises(InputError, match=r"describes [\d,]+ numbers, its weights have"):
        load_classifier(folder)
