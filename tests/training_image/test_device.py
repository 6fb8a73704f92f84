"""A GPU that cannot be used is named with its reason, and with the way out of whoever has it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from training_image.device import FOR_ENDPOINTS, FOR_TRAINING, gpu_problem

OLD_DRIVER = "The NVIDIA driver on your system is too old (found version 11040)."


@pytest.fixture
def device(tmp_path: Path) -> Path:
    file = tmp_path / "nvidiactl"
    file.touch()
    return file


@pytest.fixture
def old_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch for CUDA beside a driver that it refuses."""

    def init() -> None:
        raise RuntimeError(f"{OLD_DRIVER} Please update your GPU driver\nor install another PyTorch.")

    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)


@pytest.mark.usefixtures("old_driver")
def test_should_tell_a_training_job_what_it_can_do_about_its_driver(device: Path) -> None:
    problem = gpu_problem(FOR_TRAINING, "ml.g4dn.xlarge", device)
    assert problem.startswith(f"ml.g4dn.xlarge: PyTorch {torch.__version__} cannot use the GPU: {OLD_DRIVER} ")
    assert "CUDA 12.8 needs a driver that supports it; training jobs cannot choose one: take a newer" in problem
    assert "InferenceAmiVersion" not in problem
    assert len(problem.splitlines()) == 1


@pytest.mark.usefixtures("old_driver")
def test_should_tell_an_endpoint_that_it_can_choose_its_driver(device: Path) -> None:
    problem = gpu_problem(FOR_ENDPOINTS, device=device)
    assert problem.startswith("PyTorch ")
    assert problem.endswith("; for endpoints set the variant's InferenceAmiVersion (docs/image.md).")


@pytest.mark.usefixtures("old_driver")
def test_should_name_the_variable_of_the_image_without_which_a_container_sees_no_gpu(tmp_path: Path) -> None:
    problem = gpu_problem(FOR_TRAINING, "ml.g5.xlarge", tmp_path / "nothing")
    assert problem.startswith("ml.g5.xlarge: the container sees no GPU. Check that the image sets NVIDIA_VISIBLE")


def test_should_name_the_image_for_cpus(device: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    problem = gpu_problem(FOR_TRAINING, "ml.g4dn.xlarge", device)
    assert problem.startswith("ml.g4dn.xlarge: there is a GPU, but the image holds PyTorch for CPUs.")


def test_should_find_nothing_wrong_without_a_gpu_or_with_one_that_works(
    tmp_path: Path, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gpu_problem(FOR_TRAINING, "ml.m5.2xlarge", tmp_path / "nothing") == ""
    assert gpu_problem(FOR_TRAINING, "local", tmp_path / "nothing") == ""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert gpu_problem(FOR_TRAINING, "ml.g4dn.xlarge", device) == ""
