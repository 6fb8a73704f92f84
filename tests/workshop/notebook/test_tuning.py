"""What the notebooks train with, and where a reader's own corpus goes."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from chitra.errors import InputError
from chitra.hyperparameters import HYPERPARAMETERS_VARIABLE, parse_hyperparameters
from infra.names import Names
from infra.settings import parse_settings
from tests.helpers.project import CONTEXT
from workshop.aws.account import Account
from workshop.aws.deployment import Deployment
from workshop.notebook import Workshop
from workshop.notebook.charts import learning_rates
from workshop.notebook.corpora import own_prefix
from workshop.notebook.tuning import FOR_SMALL_CORPUS, OF_2022, STEPS_OF_2022, chosen_hyperparameters


def test_should_train_as_the_deployment_says_unless_the_corpus_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HYPERPARAMETERS_VARIABLE, raising=False)
    assert chosen_hyperparameters(7_367) == {}
    assert chosen_hyperparameters(36) == FOR_SMALL_CORPUS
    monkeypatch.setenv(HYPERPARAMETERS_VARIABLE, '{"epochs": 2, "learning_rate": "0.002"}')
    assert chosen_hyperparameters(7_367) == chosen_hyperparameters(36) == {"epochs": "2", "learning_rate": "0.002"}
    for wrong in ("epochs=2", "[2]", '{"epoch": 2}'):
        monkeypatch.setenv(HYPERPARAMETERS_VARIABLE, wrong)
        with pytest.raises(InputError):
            chosen_hyperparameters(36)


def test_should_never_reach_the_learning_rate_of_2022() -> None:
    given = parse_hyperparameters(dict(OF_2022))
    assert given.warmup_steps is not None
    rates = learning_rates(STEPS_OF_2022, given.warmup_steps, given.learning_rate)
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(0.984 * given.learning_rate)
    ours = learning_rates(440, 44, 0.002)
    assert (ours[0], max(ours), ours.index(max(ours)), ours[-1]) == (0, 0.002, 44, 0)


@pytest.mark.parametrize(
    ("participant", "prefix"), [("chitra-sato", "corpora/chitra-sato/"), ("", "corpora/organiser/")]
)
def test_should_keep_everybodys_corpus_out_of_reach(participant: str, prefix: str, tmp_path: Path) -> None:
    deployment = Deployment(Names("chitra"), "bucket", "role", "workflow", "image", "image", "image")
    account = Account(boto3.Session(region_name="ap-northeast-1"))
    workshop = Workshop(parse_settings(CONTEXT), account, deployment, participant, "https://aws.example", tmp_path)
    assert own_prefix(workshop) == prefix
