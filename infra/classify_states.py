"""The states that classify a batch of articles: a model, a transform job, and the model removed, however it ended."""

from __future__ import annotations

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra import classification, jobs
from infra.jobs import JobResources, Request
from infra.names import CLASSIFY_STATE, REMOVE_MODEL_STATE, STOP_CLASSIFYING_STATE
from infra.settings import Settings
from infra.tasks import Tasks

SUCCESS = ""


def classify_variables() -> Request:
    """What the first state assigns: why the articles were not classified, empty until something fails."""
    return {"problem": SUCCESS, "problem_cause": ""}


def classify_states(
    scope: Construct, tasks: Tasks, *, settings: Settings, resources: JobResources, done: sfn.IChainable
) -> sfn.IChainable:
    """The first of the states. SageMaker knows no longest run time of a transform job: the state that waits has one,
    and a state behind it stops the job, so that nothing depends on Step Functions doing so."""
    register = tasks.task(
        "Register model", "aws-sdk:sagemaker:createModel", classification.classifying_model(settings, resources)
    )
    classify = tasks.task(
        CLASSIFY_STATE,
        "sagemaker:createTransformJob.sync",
        classification.transform_job(settings, resources),
        TimeoutSeconds=60 * settings.classification.max_runtime_minutes,
    )
    stop = tasks.state(
        STOP_CLASSIFYING_STATE,
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:stopTransformJob",
            "Arguments": {"TransformJobName": jobs.RUN},
        },
    )
    remove = tasks.task(REMOVE_MODEL_STATE, "aws-sdk:sagemaker:deleteModel", {"ModelName": jobs.RUN})
    late = f"longer than the {settings.classification.max_runtime_minutes} minutes of "
    way_out = "classification.max_runtime_minutes (cdk.json): the job is stopped. Raise them, or give fewer articles."
    classify.add_catch(stop, errors=["States.Timeout"], assign=_problem("TookTooLong", f"{late}{way_out}"))
    found = _problem("{% $states.errorOutput.Error %}", "{% $states.errorOutput.Cause %}")
    classify.add_catch(remove, errors=["States.ALL"], assign=found)
    stop.add_catch(remove, errors=["States.ALL"])  # it may be stopping already
    register.next(classify)
    classify.next(remove)
    stop.next(remove)
    failed = tasks.fail("Not classified", error="{% $problem %}", cause="{% $problem_cause %}")
    outcome = sfn.Choice.jsonata(scope, "Classified?")
    outcome.when(sfn.Condition.jsonata(f"{{% $problem = '{SUCCESS}' %}}"), done).otherwise(failed)
    remove.next(outcome)
    return register


def _problem(error: str, cause: str) -> Request:
    return {"problem": error, "problem_cause": cause}
