"""Hyperparameters come as texts or numbers, under the hands-on's names."""

from __future__ import annotations

from pathlib import Path

import pytest

from chitra.errors import InputError
from chitra.hyperparameters import Hyperparameters, parse_hyperparameters, read_hyperparameters


@pytest.mark.parametrize("values", [{"epochs": "2", "train-batch-size": "8"}, {"epochs": 2, "train-batch-size": 8}])
def test_should_read_texts_and_numbers(values: dict[str, object]) -> None:
    assert parse_hyperparameters(values) == Hyperparameters(epochs=2, train_batch_size=8)


def test_should_read_what_sagemakers_sdk_writes() -> None:
    """It encodes values as JSON and adds keys of its own."""
    values = {"learning_rate": '"3e-5"', "num_labels": "9", "sagemaker_region": '"ap-northeast-1"'}
    assert parse_hyperparameters(values) == Hyperparameters(learning_rate=3e-5, num_labels=9)


def test_should_know_the_names_of_the_2022_hands_on() -> None:
    names = ("epochs", "train-batch-size", "eval-batch-size", "learning_rate", "warmup_steps", "num_labels")
    assert parse_hyperparameters(dict.fromkeys(names, "1") | {"num_labels": "9"}).warmup_steps == 1


def test_should_list_the_known_ones_when_one_is_unknown() -> None:
    with pytest.raises(
        InputError, match=r"hyperparameter batch_size: is unknown\. Known are attention, classifier_learning_rate, "
    ):
        parse_hyperparameters({"batch_size": "8"})


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", "0"), ("epochs", "many"), ("learning_rate", "-1"), ("seed", "1.5"), ("epochs", None)]
)
def test_should_name_the_one_that_is_out_of_range(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"hyperparameter {name}: "):
        parse_hyperparameters({name: value})


def test_should_take_defaults_when_there_is_no_file(tmp_path: Path) -> None:
    assert read_hyperparameters(tmp_path / "hyperparameters.json") == Hyperparameters()


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 100_000, {"a": ["b"] * 10_000}])
def test_should_show_the_start_of_a_value_that_is_too_long(value: object) -> None:
    with pytest.raises(InputError, match="hyperparameter epochs: ") as caught:
        parse_hyperparameters({"epochs": value})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("content", ["[" * 100_000, '{"seed": ' + "9" * 5_000 + "}"])
def test_should_name_the_line_that_no_parser_takes(tmp_path: Path, content: str) -> None:
    file = tmp_path / "hyperparameters.json"
    file.write_text("\n\n" + content)
    with pytest.raises(InputError, match=r"hyperparameters\.json:3: (is nested too deeply|holds a number of more)"):
        read_hyperparameters(file)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_should_refuse_a_file_that_holds_no_hyperparameters(tmp_path: Path, content: str) -> None:
    file = tmp_path / "hyperparameters.json"
    file.write_text(content)
    with pytest.raises(InputError, match=r"hyperparameters\.json(:1)?: is not"):
        read_hyperparameters(file)
