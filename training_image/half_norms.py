"""LayerNorms that leave half precision only within themselves.

Autocast computes layer norms in fp32 and hands on their results so; every residual sum, and a copy for each of the
matrix products behind it, then moves twice the bytes. These return what the matrix products read. Mean and variance
are summed up in fp32 by PyTorch's kernels all the same.
"""

from __future__ import annotations

import torch
from torch import nn


class HalfLayerNorm(nn.LayerNorm):
    """Under autocast it returns autocast's number format, without it what a LayerNorm does."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        device = input.device.type
        if not torch.is_autocast_enabled(device):
            return super().forward(input)
        half = torch.get_autocast_dtype(device)
        with torch.autocast(device, enabled=False):
            if input.dtype != half:
                return super().forward(input.float()).to(half)
            return nn.functional.layer_norm(
                input, self.normalized_shape, self.weight.to(half), self.bias.to(half), self.eps
            )


def keep_norms_in_half(model: nn.Module) -> None:
    """Exchange the model's LayerNorms; parameters and their names stay."""
    norms = {name: module for name, module in model.named_modules() if type(module) is nn.LayerNorm}
    for name, norm in norms.items():
        half = HalfLayerNorm(norm.normalized_shape, eps=norm.eps)
        half.weight, half.bias = norm.weight, norm.bias
        model.set_submodule(name, half)
