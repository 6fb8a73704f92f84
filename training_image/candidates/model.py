"""What a server needs of a trained model, whatever it computes with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from training_image.forward import Array

Device = Literal["cpu", "cuda"]


class Model(Protocol):
    """Several threads may call ``forward`` at once; on a CPU each call keeps to one core.

    ``names`` are the categories by their ids.
    """

    names: dict[int, str]
    pad_id: int
    device: Device

    def forward(self, inputs: Sequence[Sequence[int]]) -> Array:
        """Logits of shape (inputs, categories) of one batch: token ids with [CLS] and [SEP], of any lengths."""
        ...

    def forward_alone(self, inputs: Sequence[Sequence[int]]) -> Array:
        """The same on all cores, while no other call is at work: sooner, but with more work in all."""
        ...
