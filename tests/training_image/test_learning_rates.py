"""Each part of the model learns at its own rate."""

from __future__ import annotations

import pytest
from transformers import BertConfig, BertForSequenceClassification

from chitra.hyperparameters import parse_hyperparameters
from training_image.learning_rates import learning_rate, parameter_groups

LAYERS = 3


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("bert.embeddings.word_embeddings.weight", 0.006),
        ("bert.embeddings.position_embeddings.weight", 0.001 * 0.5**3),
        ("bert.encoder.layer.0.attention.self.query.weight", 0.001 * 0.5**2),
        ("bert.encoder.layer.2.output.dense.bias", 0.001),
        ("bert.pooler.dense.weight", 0.001),
        ("classifier.weight", 0.01),
    ],
)
def test_should_take_the_rate_of_its_part(name: str, rate: float) -> None:
    given = parse_hyperparameters(
        {
            "learning_rate": "0.001",
            "layer_decay": "0.5",
            "embedding_learning_rate": "0.006",
            "classifier_learning_rate": "0.01",
        }
    )
    assert learning_rate(name, given, LAYERS) == pytest.approx(rate)


def test_should_hold_every_parameter_once_and_decay_what_it_should() -> None:
    model = BertForSequenceClassification(
        BertConfig(vocab_size=9, hidden_size=4, num_hidden_layers=LAYERS, num_attention_heads=2, intermediate_size=4)
    )
    given = parse_hyperparameters({"layer_decay": "0.9", "weight_decay": "0.02"})
    groups = parameter_groups(model, given, {"classifier.weight"})
    assert sorted(id(each) for group in groups for each in group["params"]) == sorted(map(id, model.parameters()))
    assert [group["lr"] for group in groups if group["weight_decay"]] == [given.learning_rate]
    assert len({group["lr"] for group in groups}) == LAYERS + 1
