"""Articles are classified by a job that cannot run on, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.names import CLASSIFY_STATE
from infra.settings import Settings
from infra.stage_images import needed_targets
from tests.infra.conftest import Templates
from tests.infra.test_stacks import definition


def test_should_end_a_job_that_takes_too_long_and_remove_its_model(templates: Templates) -> None:
    states = definition(templates)
    assert states["Articles given?"]["Choices"][0]["Next"] == "Register model"
    assert states["Register model"]["Next"] == CLASSIFY_STATE
    classify = states[CLASSIFY_STATE]
    assert classify["Resource"].endswith(":sagemaker:createTransformJob.sync")
    assert classify["TimeoutSeconds"] == 3600
    caught = {error: each for each in classify["Catch"] for error in each["ErrorEquals"]}
    assert caught["States.Timeout"]["Next"] == "Stop classifying"
    assert "longer than the 60 minutes of" in caught["States.Timeout"]["Assign"]["problem_cause"]
    assert caught["States.ALL"]["Next"] == classify["Next"] == "Remove model"
    stop = states["Stop classifying"]
    assert stop["Resource"].endswith(":sagemaker:stopTransformJob")
    assert stop["Next"] == stop["Catch"][0]["Next"] == "Remove model"
    assert states["Remove model"]["Next"] == "Classified?"
    assert states["Classified?"]["Choices"][0]["Next"] == "Done"
    assert states["Classified?"]["Default"] == "Not classified"


def test_should_wait_as_long_as_the_settings_let_a_job_run(
    templates_with: Callable[[dict[str, Any]], Templates], shipped: Settings
) -> None:
    given = {"classification": {"instance_type": "ml.c5.2xlarge", "max_runtime_minutes": 600}}
    state = definition(templates_with(given))[CLASSIFY_STATE]
    assert state["TimeoutSeconds"] == 36_000
    assert state["Arguments"]["TransformResources"] == {"InstanceType": "ml.c5.2xlarge", "InstanceCount": 1}
    assert needed_targets(shipped)[0] == "cpu"  # the image that classifies is always built
