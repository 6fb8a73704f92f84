"""Number formats and kernels by what the hardware can do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from chitra.errors import InputError
from chitra.hyperparameters import Hyperparameters
from training_image import kernels
from training_image.kernels import choose_kernels


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    name, capability = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: name)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)


T4, A10G = ("Tesla T4", (7, 5)), ("NVIDIA A10G", (8, 6))


@pytest.mark.parametrize(("gpu", "precision"), [(T4, "fp16"), (A10G, "bf16")], indirect=["gpu"])
@pytest.mark.usefixtures("gpu")
def test_should_take_half_precision_on_gpus(precision: str) -> None:
    chosen = choose_kernels(Hyperparameters())
    assert (chosen.precision, chosen.attention, chosen.optimizer) == (precision, "sdpa", "fused")
    assert chosen.gpu
    assert str(chosen).endswith(f", {precision}, sdpa attention, fused AdamW, no fetchers of batches")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"avx2", "avx512_vnni"}, "CPU, fp32, sdpa attention, fused AdamW, no fetchers of batches"),
        ({"avx2", "amx_bf16"}, "CPU, bf16, eager attention, fused AdamW, no fetchers of batches"),
        ({"avx512_bf16"}, "CPU, bf16, eager attention, fused AdamW, no fetchers of batches"),
    ],
)
def test_should_take_half_precision_on_cpus_that_compute_it(
    flags: set[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "cpu_flags", lambda: frozenset(flags))
    assert str(choose_kernels(Hyperparameters())) == expected
    assert choose_kernels(Hyperparameters(precision="fp32")).attention == "sdpa"


@pytest.mark.parametrize("gpu", [A10G], indirect=True)
@pytest.mark.usefixtures("gpu")
def test_should_take_what_the_hyperparameters_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "find_spec", lambda name: name)  # Triton comes with PyTorch for CUDA
    given = Hyperparameters(precision="tf32", attention="eager", fused_optimizer=False, compile=True, fetchers=2)
    assert choose_kernels(given).to_json() == {
        "device": "NVIDIA A10G",
        "precision": "tf32",
        "attention": "eager",
        "optimizer": "plain",
        "compiled": True,
        "fetchers": 2,
    }


@pytest.mark.parametrize("gpu", [T4], indirect=True)
@pytest.mark.usefixtures("gpu")
def test_should_refuse_what_a_gpu_cannot_do() -> None:
    with pytest.raises(InputError, match="hyperparameter precision: tf32 needs an Ampere GPU"):
        choose_kernels(Hyperparameters(precision="tf32"))


def test_should_refuse_what_a_cpu_cannot_do() -> None:
    with pytest.raises(InputError, match="hyperparameter precision: fp16 needs a GPU"):
        choose_kernels(Hyperparameters(precision="fp16"))


def test_should_refuse_to_compile_without_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    refusal = r"hyperparameter compile: needs PyTorch's compiler and a C compiler.*Leave it out"
    with pytest.raises(InputError, match=refusal):
        choose_kernels(Hyperparameters(compile=True))
    compiler = tmp_path / "g++"
    compiler.write_text("")
    compiler.chmod(0o755)
    assert choose_kernels(Hyperparameters(compile=True)).compiled
    monkeypatch.setenv("CXX", "ccache g++")
    with pytest.raises(InputError, match=refusal):
        choose_kernels(Hyperparameters(compile=True))
    monkeypatch.delenv("CXX")
    monkeypatch.setattr(kernels, "find_spec", lambda name: None)  # as in the image
    with pytest.raises(InputError, match=refusal):
        choose_kernels(Hyperparameters(compile=True))


def test_should_allow_tf32_unless_single_precision_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(kernels.torch, "set_float32_matmul_precision", asked.append)
    for precision in ("fp32", "tf32", "bf16"):
        kernels.Kernels("NVIDIA A10G", precision, "sdpa", "fused", False, 2).allow_tf32()
    assert asked == ["highest", "high", "high"]
