"""An artefact of chiTra's shape with random weights: what is measured is how quick it is served."""

from __future__ import annotations

import threading
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

from chitra.long_articles import View
from chitra.model_files import read_tokenizer_files
from training_image.artefact import save_artefact
from training_image.candidates.build import time_ways
from training_image.candidates.measure import one_core_each
from training_image.candidates.record import Record

MAX_LENGTH = 512
CATEGORIES = 9  # as many as livedoor news has


def make_artefact(tokenizer_dir: Path, folder: Path, *, layers: int) -> Record:
    """Of ``layers`` layers of 768. Whichever way is quickest is served: random weights have no accuracy to lose."""
    torch.manual_seed(0)
    words = len(read_tokenizer_files(tokenizer_dir).vocabulary)
    names = {number: f"category-{number}" for number in range(CATEGORIES)}
    config = BertConfig(vocab_size=words, num_hidden_layers=layers, id2label=names)
    model = BertForSequenceClassification(config)
    save_artefact(model, tokenizer_dir, folder, view=View(MAX_LENGTH), article_length=MAX_LENGTH)
    del model
    with one_core_each():
        timed = time_ways(folder, ["cpu"], threading.Event())
    record = Record(ways=[way.model_copy(update={"served": True, "accuracy": 0, "agreement": 0}) for way in timed])
    record.write(folder)
    return record
