"""A trained model that ONNX Runtime computes, on a CPU: without PyTorch, whose imports take seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from chitra.model_files import CONFIG
from training_image.bert import read_bert, read_categories
from training_image.candidates.cpu import cores
from training_image.candidates.model import Device
from training_image.candidates.onnx_check import read_checked
from training_image.forward import Array

ERRORS_ONLY = 3


class OnnxModel:
    """A `Model`: one session that any number of threads share, each on one core, and one that has all cores.

    ``model_dir`` holds the ``config.json`` of the model in ``file``.

    Raises:
        InputError: the file holds anything but a model of `train`.
    """

    device: Device = "cpu"

    def __init__(self, file: Path, model_dir: Path) -> None:
        bert = read_bert(model_dir / CONFIG)
        self.pad_id = bert.pad_token_id
        self.names = dict(enumerate(read_categories(model_dir / CONFIG, bert)))
        graph = read_checked(file)
        self._session = _session(graph, threads=1)
        self._session_alone = _session(graph, threads=cores()) if cores() > 1 else self._session

    def forward(self, inputs: Sequence[Sequence[int]]) -> Array:
        """Logits of shape (inputs, categories).

        Inputs are computed one by one: what is quantised together shares a scale, so that a text's logits would
        depend on its neighbours. Batches of long texts are no quicker on a CPU, those of a few words would be.
        """
        return np.concatenate([_logits(self._session, ids) for ids in inputs])

    def forward_alone(self, inputs: Sequence[Sequence[int]]) -> Array:
        return np.concatenate([_logits(self._session_alone, ids) for ids in inputs])


def _session(graph: bytes, *, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = ERRORS_ONLY
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _logits(session: onnxruntime.InferenceSession, ids: Sequence[int]) -> Array:
    given = np.array([ids], np.int64)
    logits: Array = session.run(["logits"], {"input_ids": given, "attention_mask": np.ones_like(given)})[0]
    return logits
