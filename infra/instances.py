"""What instance types mean for the image: which have a GPU, and which of those PyTorch can use."""

from __future__ import annotations

import re

_GPU = re.compile(r"^ml\.(g|gr|p)\d")
# CUDA 13 dropped GPUs before Turing (P2: Kepler, P3: Volta, G3: Maxwell; CUDA 13.0 release notes); G5g is no x86.
_UNUSABLE = re.compile(r"^ml\.(p2|p3|p3dn|g3|g3s|g5g)\.")


def needs_gpu(instance_type: str) -> bool:
    """Whether the instance has NVIDIA GPUs, so that the image must hold CUDA."""
    return _GPU.match(instance_type) is not None


def is_usable(instance_type: str) -> bool:
    """Whether the image runs there."""
    return _UNUSABLE.match(instance_type) is None
