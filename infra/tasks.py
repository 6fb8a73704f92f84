"""Tasks of the workflow that wait: in line at a quota, and for a service that gets too many calls."""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.jobs import Request

# At a quota a run waits in line, but not longer than a workshop lasts. Error and interval are those of Step Functions'
# own example ("Manage SageMaker AI jobs").
MINUTES_IN_LINE = 8 * 60
# What a service's SDK has no name for: throttling among it, but also requests that are refused for good. That of the
# Scheduler has names for both.
UNNAMED_ERRORS = {
    "sagemaker": ["SageMaker.AmazonSageMakerException", "SageMaker.SageMakerException"],
    "s3": ["S3.S3Exception"],
    "sfn": ["Sfn.SfnException"],
}
BUSY_WORDS = "/Throttling|Rate exceeded|SlowDown|reduce your request rate|Status Code: 5/"
MOST_TRIES = 20  # of one execution
PAUSE_SECONDS = (5, 30)  # at least and at most: those who were refused together do not come back together
IS_BUSY = f"{{% $tries < {MOST_TRIES} and $contains($failed.Cause, {BUSY_WORDS}) %}}"
RETRY_WHEN_BUSY = {
    "ErrorEquals": ["Scheduler.ThrottlingException", "Scheduler.InternalServerException"],
    "IntervalSeconds": 10,
    "MaxAttempts": 4,
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}


class Tasks:
    """Makes the workflow's states.

    An error without a name of its own is looked at: a call that the service was too busy for is made again, after a
    random time, and what it refuses for good fails at once. Step Functions' own retries cannot tell the two apart.
    """

    def __init__(self, scope: Construct) -> None:
        self._scope = scope
        shortest, longest = PAUSE_SECONDS
        self._back = sfn.Choice.jsonata(scope, "Back to the call")
        pause = self.state(
            "Let others go first",
            {
                "Type": "Wait",
                "Seconds": f"{{% {shortest} + $floor($random() * {longest - shortest}) %}}",
                "Assign": {"tries": "{% $tries + 1 %}"},
            },
        )
        pause.next(self._back)
        refused = self.fail("Refused", error="{% $failed.Error %}", cause="{% $failed.Cause %}")
        self.too_busy = sfn.Choice.jsonata(scope, "Too busy?")
        self.too_busy.when(sfn.Condition.jsonata(IS_BUSY), pause).otherwise(refused)

    @staticmethod
    def variables() -> Request:
        """What the first state assigns."""
        return {"tries": 0}

    def state(self, name: str, state_json: dict[str, Any]) -> sfn.CustomState:
        return sfn.CustomState(self._scope, name, state_json=state_json)

    def fail(self, name: str, *, error: str, cause: str) -> sfn.CustomState:
        return self.state(name, {"Type": "Fail", "Error": error, "Cause": cause})

    def task(
        self,
        name: str,
        resource: str,
        arguments: Request | str,
        *,
        minutes_in_line: int = MINUTES_IN_LINE,
        **fields: Any,
    ) -> sfn.CustomState:
        """One call of an AWS service."""
        task = self.state(
            name,
            {
                "Type": "Task",
                "Resource": f"arn:aws:states:::{resource}",
                "Arguments": arguments,
                "Retry": [_retry_at_a_quota(minutes_in_line), RETRY_WHEN_BUSY],
                **fields,
            },
        )
        if errors := UNNAMED_ERRORS.get(resource.split(":")[-2]):
            failed = {"failed": "{% $states.errorOutput %}", "failed_at": name}
            task.add_catch(self.too_busy, errors=errors, assign=failed)
            self._back.when(sfn.Condition.jsonata(f"{{% $failed_at = '{name}' %}}"), task)
        return task


def _retry_at_a_quota(minutes: int) -> dict[str, Any]:
    return {
        "ErrorEquals": ["SageMaker.ResourceLimitExceededException"],
        "IntervalSeconds": 60,
        "MaxAttempts": minutes,
        "BackoffRate": 1,
    }
