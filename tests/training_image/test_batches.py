"""Which articles a step takes, and what happens when they do not fit into the memory."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertForSequenceClassification

from chitra.errors import InputError
from chitra.fingerprint import fingerprint
from chitra.hyperparameters import Hyperparameters
from training_image.accumulation import Accumulation
from training_image.batches import EpochBatches
from training_image.channels import Channels, read_channels
from training_image.trainer import FineTuning

LENGTHS = st.lists(st.integers(3, 512), min_size=4, max_size=400)


def of_all(lengths: list[int], size: int, processes: int, epoch: int = 0) -> list[list[list[int]]]:
    """Per step what each of the processes takes."""
    each = [EpochBatches(lengths, size, seed=1, rank=rank, processes=processes) for rank in range(processes)]
    for batches in each:
        batches.epoch = epoch
    return [list(step) for step in zip(*each, strict=True)]


@given(LENGTHS, st.integers(1, 20), st.integers(1, 4))
def test_should_take_each_article_once_an_epoch(lengths: list[int], size: int, processes: int) -> None:
    steps = of_all(lengths, size, processes)
    assert sorted(row for step in steps for share in step for row in share) == list(range(len(lengths)))
    sizes = [len(share) for step in steps for share in step]
    assert min(sizes) >= 1
    assert size == 1 or max(sizes) <= size
    assert (
        max(map(sum, ([len(share) for share in step] for step in steps)))
        - min(map(sum, ([len(share) for share in step] for step in steps)))
        <= 1
    )
    assert len(EpochBatches(lengths, size, seed=1, processes=processes)) == len(steps)


def test_should_take_the_same_steps_with_one_process_and_with_two() -> None:
    lengths = np.random.default_rng(0).integers(10, 500, 300).tolist()
    one, two = of_all(lengths, 8, 1), of_all(lengths, 4, 2)
    assert [sorted(step[0]) for step in one] == [sorted(step[0] + step[1]) for step in two]


def test_should_make_other_batches_in_each_epoch_and_the_same_ones_again() -> None:
    lengths = np.random.default_rng(0).integers(10, 500, 300).tolist()
    assert of_all(lengths, 8, 1) == of_all(lengths, 8, 1) != of_all(lengths, 8, 1, epoch=1)


def test_should_pad_less_than_a_twentieth() -> None:
    lengths = np.random.default_rng(0).integers(100, 512, 6_000)
    batches = list(EpochBatches(lengths.tolist(), 16, seed=1))
    padded = sum(len(rows) * int(lengths[rows].max()) for rows in batches)
    assert lengths.sum() > 0.95 * padded
    assert lengths[batches[0]].sum() == max(lengths[rows].sum() for rows in batches)


def test_should_refuse_more_processes_than_articles() -> None:
    with pytest.raises(InputError, match="channel train: has 3 articles for 4 processes"):
        EpochBatches([5, 5, 5], 2, seed=1, processes=4)


def test_should_end_when_a_single_article_is_too_large() -> None:
    def backward(part: dict[str, torch.Tensor]) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    batch = {"input_ids": torch.ones(3, 8), "attention_mask": torch.ones(3, 8), "labels": torch.zeros(3)}
    with pytest.raises(InputError, match="memory is full with one article at a time: take a smaller max_length"):
        Accumulation().run(batch, backward, lambda: None)


@pytest.fixture
def channels(preprocessed: Path, stand_in: Path) -> Channels:
    return read_channels(preprocessed, fingerprint(stand_in))


def trained(channels: Channels, stand_in: Path, checkpoints: Path) -> FineTuning:
    given = Hyperparameters(
        epochs=0.3, train_batch_size=8, eval_batch_size=8, max_length=64, learning_rate=1e-3, precision="fp32"
    )
    tuning = FineTuning(channels, given, model_dir=stand_in, checkpoints=checkpoints, stop=threading.Event())
    tuning.model.dropout.p = 0.0
    for module in tuning.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    assert tuning.run()
    return tuning


def test_should_halve_what_does_not_fit_and_learn_the_same(
    tmp_path: Path,
    channels: Channels,
    stand_in: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = trained(channels, stand_in, tmp_path / "whole")
    assert whole.batches() == {"processes": 1, "articles_per_step": 8, "ids_at_a_time": None}
    forward = BertForSequenceClassification.forward

    def in_small_memory(model: Any, input_ids: torch.Tensor, **rest: Any) -> Any:
        if input_ids.numel() > 200:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(model, input_ids=input_ids, **rest)

    monkeypatch.setattr(BertForSequenceClassification, "forward", in_small_memory)
    halved = trained(channels, stand_in, tmp_path / "halved")
    at_a_time = halved.batches()["ids_at_a_time"]
    assert at_a_time is not None
    assert 50 < at_a_time <= 200
    said = capsys.readouterr().out
    assert f"memory is full: from now on {at_a_time} ids at a time, the batch stays as it is" in said
    for ours, theirs in zip(halved.model.parameters(), whole.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)
    assert halved.learning_curve()[-1].validation_accuracy == whole.learning_curve()[-1].validation_accuracy
