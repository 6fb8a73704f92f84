"""LayerNorms whose results are in half precision.

Autocast computes layer norms in fp32 and returns fp32. The residual sums of BERT are then in fp32, too, and each matrix
product makes itself a copy in half precision. These norms return half precision, so that all in between moves half the
bytes. Sums are taken in fp32 all the same: on GPUs by PyTorch's kernels, on CPUs by computing the norm in fp32, since
PyTorch's kernels there would add up gradients of weight and bias in half precision, and lose a tenth of them or more.
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
            if input.dtype != half or device == "cpu":
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
