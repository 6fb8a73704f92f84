"""One epoch of training after the other, ours and the hands-on's, on a model of random weights."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import datasets
import torch
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertForSequenceClassification,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from benchmarks.timing import Passes
from chitra.hyperparameters import Hyperparameters
from training_image.channels import Channels
from training_image.train import keep_quiet
from training_image.trainer import FineTuning

LENGTH = 512
OUR_BATCH, THEIR_BATCH = 16, 12
LARGER_BATCHES = (64, 256)  # what keeps a quick GPU busy


def gpu_name() -> str:
    """Empty without a GPU."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else ""


def random_model(layers: int, hidden: int, model_dir: Path, folder: Path) -> Path:
    """Write it to ``folder``, with the tokenizer of ``model_dir``."""
    shutil.copytree(model_dir, folder, ignore=shutil.ignore_patterns("pytorch_model.bin"))
    config = BertConfig.from_pretrained(model_dir).to_dict() | {
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "num_attention_heads": hidden // 64,
        "intermediate_size": 4 * hidden,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
    }
    torch.manual_seed(0)
    BertForPreTraining(BertConfig(**config)).save_pretrained(folder)
    return folder


def ours(encoded: str, chosen: list[int], model_dir: Path, scratch: Path, batch: int) -> Passes:
    keep_quiet()
    dataset = datasets.load_from_disk(Path(encoded) / "train")
    some = dataset.select(chosen)
    channels = Channels(some, some, some, dataset.features["label"].names, LENGTH)
    given = Hyperparameters(epochs=1, train_batch_size=min(batch, len(chosen)))
    tuning = FineTuning(
        channels, given, model_dir=model_dir, checkpoints=scratch / "checkpoints", stop=threading.Event()
    )
    tuning.kernels.allow_tf32()
    tuning.trainer.args.eval_strategy = tuning.trainer.args.save_strategy = "no"
    tuning.trainer.args.logging_strategy = "no"
    while True:
        yield tuning.trainer.train


def recipe(encoded: str, chosen: list[int], model_dir: Path, scratch: Path) -> Passes:
    keep_quiet()
    dataset = datasets.load_from_disk(Path(encoded) / "train").select(chosen)
    rows = [
        {
            "input_ids": ids + [0] * (LENGTH - len(ids)),
            "attention_mask": [1] * len(ids) + [0] * (LENGTH - len(ids)),
            "labels": label,
        }
        for ids, label in zip(dataset["input_ids"], dataset["label"], strict=True)
    ]
    model = BertForSequenceClassification.from_pretrained(
        model_dir, num_labels=len(dataset.features["label"].names), attn_implementation="eager"
    )
    arguments = TrainingArguments(
        output_dir=str(scratch / "recipe"),
        num_train_epochs=1,
        per_device_train_batch_size=min(THEIR_BATCH, len(chosen)),
        warmup_steps=500,
        learning_rate=5e-5,
        optim="adamw_torch",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=datasets.Dataset.from_list(rows))
    trainer.remove_callback(PrinterCallback)
    while True:
        yield trainer.train
