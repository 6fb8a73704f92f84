"""Number formats and kernels that suit the hardware, where the hyperparameters do not name others."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from importlib.util import find_spec

import torch
from transformers import BertForSequenceClassification

from chitra.errors import InputError
from chitra.hyperparameters import Hyperparameters
from training_image.candidates.cpu import BF16, cpu_flags

HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}  # by precision; autocast leaves the others alone
TENSOR_CORES_OF_AMPERE = (8, 0)  # the first with bf16 and TF32; PyTorch would emulate bf16 on a T4, slowly


@dataclass(frozen=True, slots=True)
class Kernels:
    """``precision`` is fp32, tf32, fp16 (with a scaled loss) or bf16; ``fetchers`` of 0 prepare batches in line."""

    device: str
    precision: str
    attention: str
    optimizer: str
    compiled: bool
    fetchers: int

    def __str__(self) -> str:
        compiled = ", torch.compile" if self.compiled else ""
        return (
            f"{self.device}, {self.precision}, {self.attention} attention, {self.optimizer} AdamW, "
            f"{self.fetchers or 'no'} fetchers of batches{compiled}"
        )

    @property
    def gpu(self) -> bool:
        return self.device != "CPU"

    @property
    def half(self) -> bool:
        """Whether matrix products are computed in half precision."""
        return self.precision in HALF

    def to_json(self) -> dict[str, str | int | bool]:
        return asdict(self)

    def allow_tf32(self) -> None:
        """Matrix products of what stays in fp32 may use TF32, unless fp32 itself was asked for."""
        torch.set_float32_matmul_precision("highest" if self.precision == "fp32" else "high")


def choose_kernels(given: Hyperparameters) -> Kernels:
    """Of the GPU that this process uses, or of the CPU.

    Raises:
        InputError: the hardware cannot do what the hyperparameters name.
    """
    gpu = torch.cuda.is_available()
    if given.compile:
        _check_compiler(gpu)
    precision = _precision(given.precision, torch.cuda.get_device_capability() if gpu else None)
    return Kernels(
        device=torch.cuda.get_device_name() if gpu else "CPU",
        precision=precision,
        attention=_attention(gpu, precision) if given.attention == "auto" else given.attention,
        optimizer="fused" if given.fused_optimizer else "plain",
        compiled=given.compile,
        fetchers=given.fetchers,
    )


def compile_layers(model: BertForSequenceClassification) -> None:
    """Each layer of the encoder by itself: the first one's kernels serve them all, for batches of every shape."""
    for layer in model.bert.encoder.layer:
        layer.compile(dynamic=True)


def _check_compiler(gpu: bool) -> None:
    """PyTorch's compiler writes C++ for CPUs; for GPUs it writes Triton's language, and Triton some C."""
    variable, programs = ("CC", ["gcc", "clang"]) if gpu else ("CXX", ["g++"])
    asked = os.environ.get(variable, "").split()[:1]
    packages = ["torch._inductor.codegen", *(["triton"] if gpu else [])]
    if not any(map(shutil.which, asked or programs)) or not all(map(find_spec, packages)):
        raise InputError(
            "hyperparameter compile: needs PyTorch's compiler and a C compiler, which the image leaves out. "
            "Leave it out, or train in an image of your own (docs/training.md)."
        )


def _precision(asked: str, capability: tuple[int, int] | None) -> str:
    """``capability`` is CUDA's of the GPU, None on a CPU."""
    ampere = capability is not None and capability >= TENSOR_CORES_OF_AMPERE
    if asked == "auto" and capability is None:
        return "bf16" if BF16 & cpu_flags() else "fp32"
    if asked == "auto":
        return "bf16" if ampere else "fp16"
    if asked == "fp16" and capability is None:
        raise InputError("hyperparameter precision: fp16 needs a GPU. Leave it out, or take fp32 or bf16.")
    if asked == "tf32" and not ampere:
        raise InputError("hyperparameter precision: tf32 needs an Ampere GPU or a newer one. Leave it out.")
    return asked


def _attention(gpu: bool, precision: str) -> str:
    """PyTorch's SDPA for CPUs knows no dropout: it is computed step by step then, and in fp32 where bf16 was given."""
    return "eager" if not gpu and precision == "bf16" else "sdpa"
