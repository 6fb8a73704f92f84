"""Which instance types SageMaker knows, and what they mean for the image: GPUs, and where it does not run."""

from __future__ import annotations

import difflib
import json
import re
from functools import cache
from pathlib import Path
from typing import Literal

# Written from botocore's model of SageMaker by `UPDATE_SNAPSHOTS=1 pytest tests/infra/test_instances.py`: synth imports
# no AWS SDK.
INSTANCE_TYPES = Path(__file__).with_name("instance_types.json")
Use = Literal["processing jobs", "training jobs", "transform jobs", "endpoints"]

_GPU = re.compile(r"^ml\.(g|gr|p)\d")
# GPUs before Turing. PyTorch for CUDA 12.8 has no code for P2 (Kepler) and G3 (Maxwell); it has for P3 (Volta), which
# PyTorch for CUDA 13 has not, and which nobody here has tried.
_OLD_GPU = re.compile(r"^ml\.(p2|p3|p3dn|g3|g3s)\.")
_ARM = re.compile(r"^ml\.([a-z]+\d+g[a-z]*|p\d+e-gb\d+)\.")  # Graviton, and Grace beside Blackwell


def needs_gpu(instance_type: str) -> bool:
    """Whether the instance has NVIDIA GPUs, so that the image must hold CUDA."""
    return _GPU.match(instance_type) is not None


@cache
def known_types(use: Use) -> frozenset[str]:
    """What SageMaker's API takes for one use."""
    return frozenset(json.loads(INSTANCE_TYPES.read_text(encoding="utf-8"))[use])


def why_unusable(instance_type: str, use: Use) -> str:
    """Why SageMaker would not take it, or why the image does not run there, with the way out; empty when it does."""
    if _OLD_GPU.match(instance_type):
        return "has a GPU that this PyTorch no longer supports; take ml.g4dn.xlarge, ml.g5.xlarge or a newer one"
    if _ARM.match(instance_type):
        return "is no x86 machine, and the image is for x86; take one whose family does not end with g"
    if use == "transform jobs" and needs_gpu(instance_type):
        # AWS's API reference, TransformResources: driver 470, unless an AMI is named that Step Functions may not know.
        return "has a GPU, whose driver in transform jobs is too old for this PyTorch; take ml.m5.xlarge"
    known = known_types(use)
    if instance_type not in known:
        alike = difflib.get_close_matches(instance_type, sorted(known), n=1)
        return f"is no instance type of SageMaker's {use}{f'; did you mean {alike[0]}?' if alike else ''}"
    return ""
