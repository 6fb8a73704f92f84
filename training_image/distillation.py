"""Trains a model of half the layers on what a trained one computes: a student, which answers in half the time.

It starts as every second layer of its teacher. Its targets are the teacher's logits, softened as in Hinton et al. 2015
(arXiv:1503.02531), and the hidden states behind the layers that its own stand for.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.nn import functional
from torch.utils.data import DataLoader
from transformers import BertForSequenceClassification, get_linear_schedule_with_warmup

from chitra.hyperparameters import Hyperparameters
from chitra.long_articles import View
from chitra.model_files import unknown_id
from training_image.batches import EpochBatches, input_lengths
from training_image.candidates.attempt import attempt
from training_image.candidates.record import STUDENT
from training_image.collation import TrainingCollator
from training_image.kernels import HALF, choose_kernels
from training_image.learning_rates import parameter_groups

TEMPERATURE = 2.0
UNDECAYED = ("bias", "LayerNorm.weight")
LOGGED = 5  # lines in each epoch's log
LONGEST_GRADIENT = 1.0


def add_student(
    folder: Path,
    teacher: BertForSequenceClassification,
    train: Dataset,
    view: View,
    given: Hyperparameters,
    epochs: float,
    stop: threading.Event,
) -> None:
    """Distil the ``teacher`` for so many ``epochs``, and put the student's weights into the artefact in ``folder``.

    There is no student, and a line in the log says why, when that fails, when ``stop`` is set before its end, or when
    the teacher has a single layer.
    """
    if teacher.config.num_hidden_layers < 2:
        print("warning: distil: the model has one layer, which cannot be halved", flush=True)
        return
    pad, unknown = teacher.config.pad_token_id or 0, unknown_id(folder)
    collator = TrainingCollator(pad, view, seed=given.seed, word_dropout=given.word_dropout, unknown_id=unknown)
    student: Any = halved(teacher)
    if attempt("distilling", lambda: distil(student, teacher, train, collator, given, epochs, stop)):
        student.save_pretrained(folder / STUDENT)


def halved(teacher: BertForSequenceClassification) -> BertForSequenceClassification:
    """Every second layer of the teacher, from its second on; embeddings, pooler and classifier as they are."""
    student = copy.deepcopy(teacher)
    student.bert.encoder.layer = student.bert.encoder.layer[1::2]
    student.config.num_hidden_layers = len(student.bert.encoder.layer)
    return student


def distil(
    student: BertForSequenceClassification,
    teacher: BertForSequenceClassification,
    train: Dataset,
    collator: TrainingCollator,
    given: Hyperparameters,
    epochs: float,
    stop: threading.Event,
) -> bool:
    """Train the student; False when ``stop`` was set before the end."""
    torch.manual_seed(given.seed)
    batches = EpochBatches(input_lengths(train, collator.view), given.train_batch_size, seed=given.seed)
    loader = DataLoader(train, batch_sampler=batches, collate_fn=collator)
    steps = max(1, round(len(batches) * epochs))
    model: Any = student
    decayed = {name for name, _ in model.named_parameters() if not name.endswith(UNDECAYED)}
    optimizer = torch.optim.AdamW(parameter_groups(student, given, decayed), lr=given.learning_rate)
    warmup = round(steps * given.warmup_ratio) if given.warmup_steps is None else given.warmup_steps
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, steps)
    kernels = choose_kernels(given)
    scaler = torch.amp.GradScaler(teacher.device.type, enabled=kernels.precision == "fp16")
    teacher.eval()
    student.train()
    every = max(1, len(batches) // LOGGED)
    print(f"distilling {_layers(teacher)} layers into {_layers(student)}", flush=True)
    for first in range(0, steps, len(batches)):
        collator.epoch = batches.epoch = first // len(batches)
        for step, batch in enumerate(islice(loader, steps - first), first + 1):
            if stop.is_set():
                print("distilling: stopped by SIGTERM, the model that was trained is kept", flush=True)
                return False
            moved = {name: tensor.to(teacher.device) for name, tensor in batch.items()}
            with torch.autocast(teacher.device.type, HALF.get(kernels.precision), enabled=kernels.half):
                loss = loss_of(student, teacher, moved)
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), LONGEST_GRADIENT)
            scaler.step(optimizer)
            scaler.update()
            schedule.step()
            optimizer.zero_grad()
            if step % every == 0 or step == steps:
                done = f"epoch {step / len(batches):.2f}  step {step}/{steps}"
                print(f"distilling: {done}  distance {loss.item():.4f}", flush=True)
    student.eval()
    return True


def loss_of(
    student: BertForSequenceClassification, teacher: BertForSequenceClassification, batch: dict[str, torch.Tensor]
) -> torch.Tensor:
    """How far the student's logits and hidden states are from the teacher's, on a batch of the collator's."""
    asked = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "output_hidden_states": True}
    with torch.no_grad():
        wanted = teacher(**asked)
    found = student(**asked)
    soft = functional.kl_div(
        functional.log_softmax(found.logits.float() / TEMPERATURE, dim=1),
        functional.log_softmax(wanted.logits.float() / TEMPERATURE, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    words = batch["attention_mask"].bool()
    loss: torch.Tensor = soft * TEMPERATURE**2 + _distance(found.hidden_states, wanted.hidden_states, words)
    return loss


def _distance(found: Sequence[torch.Tensor], wanted: Sequence[torch.Tensor], words: torch.Tensor) -> torch.Tensor:
    """Mean squared difference behind each of the student's layers, over all that is no padding."""
    behind = zip(found[1:], wanted[2::2], strict=False)
    return torch.stack(
        [functional.mse_loss(ours[words].float(), theirs[words].float()) for ours, theirs in behind]
    ).mean()


def _layers(model: BertForSequenceClassification) -> int:
    return int(model.config.num_hidden_layers)
