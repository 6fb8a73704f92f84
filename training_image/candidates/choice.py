"""Chooses, at the start of an endpoint, the quickest way of the artefact that this machine can go."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from chitra.errors import in_one_line
from training_image.candidates.cpu import cpu_flags, suits
from training_image.candidates.model import Device, Model
from training_image.candidates.record import FILES, Way, read_record
from training_image.device import GPU_DEVICE

PROBE = [2, 3]  # ids that every vocabulary has


def load_model(folder: Path) -> Model:
    """Of the artefact in ``folder``; where one way fails, a warning says so and the next is taken.

    Raises:
        InputError: not even the weights as they were trained can be loaded.
    """
    device, flags = _device(), cpu_flags()
    for way in read_record(folder).served(device):
        if device == "cpu" and not suits(way.runtime, flags):
            continue
        try:
            model = load_way(folder, way)
            _probe(model)
        except Exception as error:  # the libraries promise no kind of error
            reason = in_one_line(error)
            _say(f"warning: {way} cannot be served, the next way is tried: {reason}")
            continue
        return _ready(model, way)
    fp32 = Way(runtime="fp32", device=device)
    return _ready(load_way(folder, fp32), fp32)


def load_way(folder: Path, way: Way) -> Model:
    """The model of the artefact in ``folder`` as ``way`` computes it.

    Raises:
        InputError: its files are not what `train` writes.
    """
    model_dir = way.model_dir(folder)
    if way.runtime in FILES:
        from training_image.candidates.onnx_model import OnnxModel

        return OnnxModel(model_dir / FILES[way.runtime], model_dir)
    from training_image.candidates.torch_model import load_torch  # brings PyTorch, which takes seconds

    return load_torch(model_dir, way.device, way.runtime)


def _probe(model: Model) -> None:
    logits = model.forward([PROBE])
    if logits.shape != (1, len(model.names)) or not np.isfinite(logits).all():
        raise ValueError("its logits are not one number per category")


def _device() -> Device:
    if not GPU_DEVICE.exists():
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _ready(model: Model, way: Way) -> Model:
    if way.device == "cpu" and way.runtime not in FILES:
        import torch

        torch.set_num_threads(1)  # as many requests at once as there are cores
    _say(f"serving {way}")
    return model


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # standard output is answers, of `python -m training_image.predict`
