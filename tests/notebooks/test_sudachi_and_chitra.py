"""Notebook 01, with the stand-in and with a model that has chiTra-1.0's name, ids and size of vocabulary."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.helpers.golden import VOCABULARY_SIZE, write_golden_vocabulary
from tests.notebooks.conftest import Execute, played, shown

NAME = "01_sudachi_and_chitra.ipynb"


@pytest.fixture(scope="module")
def chitra(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Path:
    """Small, untrained, with the vocabulary as far as it is known."""
    from transformers import BertConfig, BertForPreTraining

    folder = tmp_path_factory.mktemp("chitra") / "chiTra-1.0"
    config = BertConfig(vocab_size=VOCABULARY_SIZE, hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    BertForPreTraining(config).save_pretrained(folder)
    shutil.copy(stand_in / "tokenizer_config.json", folder)
    write_golden_vocabulary(folder)
    return folder


def test_should_run_with_the_stand_in(execute: Execute, environment: dict[str, str]) -> None:
    notebook = execute(NAME, environment)
    assert "正規形: 我が輩\n読み　: ワガハイ\n品詞　: ('代名詞'," in shown(notebook, "one-morpheme")
    assert shown(notebook, "whole-reading") == "'ワガハイハネコデアル。ナマエハマダナイ。'"
    assert shown(notebook, "only-nouns") == "['猫', '名前']"
    assert shown(notebook, "three-modes").splitlines() == [
        "A ['外国', '人', '参政', '権']",
        "B ['外国人', '参政権']",
        "C ['外国人参政権']",
    ]
    assert [line.strip() for line in shown(notebook, "word-forms").splitlines()[1::2]] == [
        "引越 | し | て | から | すだち | を | 届け | ます",
        "引っ越し | し | て | から | 酢橘 | を | 届け | ます",
        "引っ越し | 為る | て | から | 酢橘 | を | 届ける | ます",
    ]
    assert "A 国会 | 議員 | が | 附属 | の | 売店" in played(notebook)
    assert "単語　　: 引越 | し | て | から | すだち" in played(notebook)
    assert "答えに意味はほとんどありません" in shown(notebook, "model-folder")
    assert "この確認は行いません" in shown(notebook, "golden-ids")
    assert shown(notebook, "hidden-shape") == "torch.Size([1, 14, 192])"
    assert len(re.findall(r"0\.\d+", shown(notebook, "masked-top-five"))) == 5
    assert shown(notebook, "untrained-answers").count("回目: カテゴリー ") == 5


def test_should_check_the_ids_of_chitra(execute: Execute, environment: dict[str, str], chitra: Path) -> None:
    notebook = execute(NAME, environment | {"CHITRA_MODEL_DIR": str(chitra)})
    assert "chiTra-1.0 を使います。" in shown(notebook, "model-folder")
    assert "['我が', '##輩', 'は', '猫'," in re.sub(r"\s+", " ", shown(notebook, "chitra-tokens"))
    assert shown(notebook, "golden-ids") == "2022 年と同じ ID です。\n"


def test_should_say_how_to_get_a_model(execute: Execute, environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception) as failure:
        execute(NAME, environment | {"CHITRA_MODEL_DIR": str(tmp_path)})
    assert f"エラー: モデルがありません: {tmp_path}。" in str(failure.value)
