"""What instance types mean for the image: which have a GPU, and which it does not run on."""

from __future__ import annotations

import re

_GPU = re.compile(r"^ml\.(g|gr|p)\d")
# CUDA 13 dropped GPUs before Turing (P2: Kepler, P3: Volta, G3: Maxwell; CUDA 13.0 release notes).
_OLD_GPU = re.compile(r"^ml\.(p2|p3|p3dn|g3|g3s)\.")
_GRAVITON = re.compile(r"^ml\.[a-z]+\d+g[a-z]*\.")


def needs_gpu(instance_type: str) -> bool:
    """Whether the instance has NVIDIA GPUs, so that the image must hold CUDA."""
    return _GPU.match(instance_type) is not None


def why_unusable(instance_type: str) -> str:
    """Why the image does not run there, with the way out; empty when it does."""
    if _OLD_GPU.match(instance_type):
        return "has a GPU that this PyTorch no longer supports; take ml.g4dn.xlarge, ml.g5.xlarge or a newer one"
    if _GRAVITON.match(instance_type):
        return "is no x86 machine, and the image is for x86; take one whose family does not end with g"
    return ""
