"""A workshop needs room for all its participants at once."""

from __future__ import annotations

from tests.helpers.project import SETTINGS
from workshop.aws.quotas import needed_quotas


def test_should_count_instances_of_all_participants() -> None:
    given = SETTINGS.model_copy(update={"participants": ["a", "b"]})
    training = given.training.model_copy(update={"spot": True})
    serverless = given.endpoint.model_copy(update={"kind": "serverless"})
    needed = needed_quotas(given.model_copy(update={"training": training, "endpoint": serverless}))
    assert {need.code or need.name: need.count for need in needed} == {
        "ml.m5.xlarge for processing job usage": 2,
        "ml.g4dn.xlarge for spot training job usage": 2,
        "L-F311B08F": 2,
        "L-00C91CB5": 2,
    }
