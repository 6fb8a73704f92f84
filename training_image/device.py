"""Whether PyTorch can use the instance's GPU, and if not, why."""

from __future__ import annotations

from pathlib import Path

GPU_DEVICE = Path("/dev/nvidiactl")  # what NVIDIA's driver, and its container toolkit, give a machine with a GPU
GPU_FAMILIES = ("ml.g", "ml.p")
# CreateTrainingJob has no InferenceAmiVersion: AWS chooses the driver.
FOR_TRAINING = "training jobs cannot choose one: take a newer training.instance_type, as ml.g6.xlarge, or one for CPUs."
FOR_ENDPOINTS = "for endpoints set the variant's InferenceAmiVersion (docs/image.md)."


def gpu_problem(way_out: str, instance_type: str = "", device: Path = GPU_DEVICE) -> str:
    """Why a GPU that is there cannot be used, with the way out; empty when it can, or when there is none.

    ``way_out`` is what to do about a driver. ``instance_type`` is SageMaker's (endpoints are not told theirs: the
    device file tells).
    """
    there = device.exists() or instance_type.startswith(GPU_FAMILIES)
    if not there:
        return ""
    import torch  # takes seconds, which a job without a GPU spends only once its input is known to be good

    if torch.cuda.is_available():
        return ""
    where = f"{instance_type}: " if instance_type else ""
    if torch.version.cuda is None:
        return f"{where}there is a GPU, but the image holds PyTorch for CPUs. Build its target cuda (docs/image.md)."
    if not device.exists():
        return (
            f"{where}the container sees no GPU. Check that the image sets NVIDIA_VISIBLE_DEVICES=all (docs/image.md)."
        )
    return (
        f"{where}PyTorch {torch.__version__} cannot use the GPU: {_reason()} CUDA {torch.version.cuda} needs a driver "
        f"that supports it; {way_out}"
    )


def _reason() -> str:
    import torch

    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return str(error).splitlines()[0].rstrip(".") + "."
    return "no usable device was found."
