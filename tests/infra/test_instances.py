"""The list of instance types is botocore's, and settings are held against it."""

from __future__ import annotations

import json
import os

import botocore.session
import pytest

from infra.instances import INSTANCE_TYPES, known_types, why_unusable
from infra.settings import SettingsError, parse_settings
from tests.infra.test_settings import changed

SHAPES = {
    "processing jobs": "ProcessingInstanceType",
    "training jobs": "TrainingInstanceType",
    "transform jobs": "TransformInstanceType",
    "endpoints": "ProductionVariantInstanceType",
}


def test_should_list_what_sagemakers_api_takes() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    current = {use: sorted(model.shape_for(shape).enum) for use, shape in SHAPES.items()}
    if os.environ.get("UPDATE_SNAPSHOTS"):
        INSTANCE_TYPES.write_text(json.dumps(current, indent=1) + "\n", encoding="utf-8")
        known_types.cache_clear()
    assert json.loads(INSTANCE_TYPES.read_text(encoding="utf-8")) == current


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("training.instance_type", "ml.nosuch.xlarge", "is no instance type of SageMaker's training jobs"),
        ("training.instance_type", "ml.g4dm.xlarge", "did you mean ml.g4dn.xlarge?"),
        ("training.instance_type", "ml.t2.medium", "is no instance type of SageMaker's training jobs"),  # of endpoints
        ("preprocessing.instance_type", "ml.m5.huge", "is no instance type of SageMaker's processing jobs"),
        ("classification.instance_type", "ml.t3.medium", "is no instance type of SageMaker's transform jobs"),
        ("endpoint.instance_type", "ml.m5.nano", "is no instance type of SageMaker's endpoints"),
    ],
)
def test_should_refuse_what_sagemaker_does_not_know(key: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse_settings(changed(key, value))
    assert str(refusal.value).startswith(f"cdk.json: workshop.{key}: is no instance type of SageMaker's ")
    assert message in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_should_take_what_the_settings_name_by_default() -> None:
    assert why_unusable("ml.m5.xlarge", "processing jobs") == ""
    assert why_unusable("ml.g4dn.xlarge", "training jobs") == ""
    assert why_unusable("ml.m5.xlarge", "endpoints") == ""


def test_should_classify_on_cpus() -> None:
    with pytest.raises(SettingsError, match=r"classification.instance_type: has a GPU, whose driver .* take ml.m5.xla"):
        parse_settings(changed("classification.instance_type", "ml.g5.xlarge"))
