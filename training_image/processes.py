"""The processes that train one model together, one for each GPU or instance: `training_image.launch` starts them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chitra.contract import end_in_failure, was_reported

if TYPE_CHECKING:
    import torch

PR_SET_PDEATHSIG = 1  # linux/prctl.h
COLLECTIVES = "/torch/distributed/"


def rank() -> int:
    """Which of the processes this is: the first, 0, writes what all have made."""
    return int(os.environ.get("RANK", "0"))


def count() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def lost_contact(error: BaseException) -> bool:
    """Whether it came out of talking to the other processes, as it does when one of them has ended."""
    frames = traceback.extract_tb(error.__traceback__)
    return count() > 1 and any(COLLECTIVES in frame.filename for frame in frames)


def end_with_launcher() -> None:
    """The launcher gives each process a session of its own: nothing else ends it when the launcher is killed."""
    if count() > 1 and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end(reason: str, code: int) -> int:
    """Say why training ends, and return ``code``. Of an instance's processes the first that ends says it for all."""
    if count() > 1 and was_reported("failure"):
        return code
    return end_in_failure(reason, code)


def gathered(value: Any) -> list[Any]:
    """Everybody's value, in the order of the processes."""
    if count() == 1:
        return [value]
    import torch.distributed as dist

    values: list[Any] = [None] * count()
    dist.all_gather_object(values, value)
    return values


def average(tensors: Sequence[torch.Tensor], weight: float) -> None:
    """Put the average over all processes, each with its weight, into each of the tensors, in one exchange."""
    import torch
    import torch.distributed as dist

    flat = torch.cat([*(tensor.reshape(-1) for tensor in tensors), tensors[0].new_ones(1)]).mul_(weight)
    dist.all_reduce(flat)
    averages = flat.div_(flat[-1].clone()).split([tensor.numel() for tensor in tensors] + [1])
    for tensor, found in zip(tensors, averages, strict=False):
        tensor.copy_(found.view_as(tensor))


def part() -> None:
    """The end of working together."""
    if "torch" in sys.modules:
        import torch.distributed as dist

        if dist.is_available() and dist.is_initialized():
            dist.destroy_process_group()
