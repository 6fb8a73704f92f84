"""In half precision the norms hand on half precision, and the model computes what it computed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForSequenceClassification

from training_image.collation import padded
from training_image.half_norms import HalfLayerNorm, keep_norms_in_half
from training_image.kernels import compile_layers


@pytest.fixture
def model() -> Any:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=100, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, num_labels=9
    )
    return BertForSequenceClassification(config).eval()


BATCH = padded([[2, *range(5, 50), 3], [2, 8, 3]], pad_id=0)


def test_should_hand_on_half_precision_with_the_same_results(model: Any) -> None:
    names, expected = list(model.state_dict()), model(**BATCH).logits
    keep_norms_in_half(model)
    assert list(model.state_dict()) == names
    assert torch.equal(model(**BATCH).logits, expected)
    formats = set[torch.dtype]()
    for norm in (module for module in model.modules() if isinstance(module, HalfLayerNorm)):
        norm.register_forward_hook(lambda module, given, result: formats.add(result.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(**BATCH, labels=torch.tensor([0, 1]))
    assert formats == {torch.bfloat16}
    torch.testing.assert_close(logits.logits.float(), expected, atol=5e-3, rtol=0)
    logits.loss.backward()
    assert all(each.grad is not None and each.grad.dtype == torch.float32 for each in model.parameters())


@given(mean=st.floats(-0.5, 0.5), seed=st.integers(0, 9))
@settings(max_examples=10, deadline=None)
def test_should_lose_no_gradient_over_many_rows(mean: float, seed: int) -> None:
    """Sums over all positions of a batch: in half precision they would end where one addend more changes nothing."""
    torch.manual_seed(seed)
    rows, back = torch.randn(8_192, 64), (torch.randn(8_192, 64) + mean).bfloat16()
    exact, half = torch.nn.LayerNorm(64), HalfLayerNorm(64)
    exact(rows.bfloat16().float()).backward(back.float())
    with torch.autocast("cpu", torch.bfloat16):
        half(rows.bfloat16()).backward(back)
    for found, expected in zip(half.parameters(), exact.parameters(), strict=True):
        torch.testing.assert_close(found.grad, expected.grad, atol=1.0, rtol=0.01)


def test_should_compile_layers_in_place(model: Any) -> None:
    """Weights keep their names: an artefact or a checkpoint knows nothing of it."""
    names = list(model.state_dict())
    compile_layers(model)
    assert list(model.state_dict()) == names
    assert all(layer._compiled_call_impl for layer in model.bert.encoder.layer)
