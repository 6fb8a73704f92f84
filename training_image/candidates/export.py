"""Writes a trained model as ONNX files: in floats with a fused graph, and in whole numbers of eight bits."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from training_image.weights import load_classifier

OPSET = 17
INPUTS, OUTPUT = ("input_ids", "attention_mask"), "logits"
FLOAT = 1  # ONNX's number for the type, for tensors whose type the graph does not tell once it is fused


def write_onnx(model_dir: Path, file: Path) -> None:
    """The classifier in ``model_dir``, for batches of any size and length; operators fused as ONNX Runtime has them."""
    from onnxruntime.transformers.optimizer import optimize_model

    model: Any = load_classifier(model_dir, attention="eager").eval()
    ids = torch.ones((2, 16), dtype=torch.long)
    with _quiet():
        torch.onnx.export(
            _Logits(model),
            (ids, torch.ones_like(ids)),
            str(file),
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_axes={**{name: {0: "batch", 1: "length"} for name in INPUTS}, OUTPUT: {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,  # the newer exporter needs onnxscript
        )
        config = model.config
        fused = optimize_model(
            str(file), "bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size, opt_level=0
        )
        fused.save_model_to_file(str(file))


def write_int8(onnx_file: Path, file: Path) -> None:
    """What ``write_onnx`` wrote with weights of eight bits, whose inputs are quantised as they come.

    Weights use seven of their bits: with eight, sums of products overflow on CPUs that have AVX2 but not VNNI, so that
    the accuracy measured on one machine would not hold on another.
    """
    from onnxruntime.quantization import quantize_dynamic

    with _quiet():
        quantize_dynamic(
            onnx_file, file, per_channel=True, reduce_range=True, extra_options={"DefaultTensorType": FLOAT}
        )


class _Logits(torch.nn.Module):
    """A model whose inputs and outputs have places instead of names, which is what the exporter takes."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter and the fusion warn of what is wanted here."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
