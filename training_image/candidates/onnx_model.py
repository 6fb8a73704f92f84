"""A trained model that ONNX Runtime computes, on a CPU: without PyTorch, whose imports take seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from chitra.model_files import CONFIG
from training_image.bert import read_bert, read_categories
from training_image.candidates.model import Device
from training_image.candidates.onnx_check import read_checked
from training_image.forward import Array

ERRORS_ONLY = 3


class OnnxModel:
    """A `Model`: one session, which any number of threads share, each on one core.

    ``model_dir`` holds the ``config.json`` of the model in ``file``.

    Raises:
        InputError: the file holds anything but a model of `train`.
    """

    device: Device = "cpu"

    def __init__(self, file: Path, model_dir: Path) -> None:
        bert = read_bert(model_dir / CONFIG)
        self.pad_id = bert.pad_token_id
        self.names = dict(enumerate(read_categories(model_dir / CONFIG, bert)))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(read_checked(file), options, providers=["CPUExecutionProvider"])

    def forward(self, inputs: Sequence[Sequence[int]]) -> Array:
        """Logits of shape (inputs, categories).

        Inputs are computed one by one: what is quantised together shares a scale, so that a text's logits would
        depend on its neighbours. Batches of long texts are no quicker on a CPU, those of a few words would be.
        """
        return np.concatenate([self._logits(ids) for ids in inputs])

    def _logits(self, ids: Sequence[int]) -> Array:
        given = np.array([ids], np.int64)
        logits: Array = self._session.run(["logits"], {"input_ids": given, "attention_mask": np.ones_like(given)})[0]
        return logits
