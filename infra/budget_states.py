"""The states that let an execution start only while its worst case fits into what is left of the budget."""

from __future__ import annotations

from typing import Any

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra import budget_requests as requests
from infra.costs import rates
from infra.jobs import JobResources
from infra.names import Names
from infra.settings import BudgetSettings, Settings
from infra.tasks import Tasks


class BudgetStates:
    """From ``first`` to what ``then`` names; an execution that does not fit fails before it has started anything."""

    def __init__(
        self,
        scope: Construct,
        tasks: Tasks,
        *,
        settings: Settings,
        budget: BudgetSettings,
        names: Names,
        resources: JobResources,
    ) -> None:
        self._scope, self._tasks = scope, tasks
        known = rates(settings)
        begin = tasks.task(
            "Look up begin",
            "aws-sdk:sfn:describeStateMachine",
            {"StateMachineArn": requests.MACHINE},
            Assign=requests.begin(known),
        )
        running = self._pages(
            "List executions", "sfn:listExecutions", requests.list_running(), requests.running_listed(names)
        )
        jobs = requests.list_jobs(names)
        training = self._pages(
            "List training jobs", "sagemaker:listTrainingJobs", jobs, requests.training_listed(names, known)
        )
        transforms = self._pages(
            "List transform jobs", "sagemaker:listTransformJobs", jobs, requests.transforms_listed(names, known)
        )
        processing = self._pages(
            "List processing jobs", "sagemaker:listProcessingJobs", jobs, requests.processing_listed(names, known)
        )
        endpoints = self._pages(
            "List endpoints", "sagemaker:listEndpoints", jobs, requests.endpoints_listed(names, known)
        )
        note = tasks.task("Note costs", "aws-sdk:s3:putObject", requests.note(resources))
        read = tasks.task(
            "Read notes", "aws-sdk:s3:listObjectsV2", requests.list_notes(resources), Assign=requests.notes_listed()
        )
        self._within = self._choice("Within the budget?")
        more = self._choice("More notes?").when(sfn.Condition.jsonata(requests.HAS_MORE_NOTES), read)
        read.next(more.otherwise(self._within))
        note.next(read)
        begin.next(running[0])
        for (_, last), following in zip(
            (running, training, transforms, processing, endpoints),
            (training[0], transforms[0], processing[0], endpoints[0], note),
            strict=True,
        ):
            last.otherwise(following)
        self._release = tasks.task("Over budget", "aws-sdk:s3:deleteObject", requests.release(resources))
        refused = tasks.fail("Refused by budget", error="BudgetExceeded", cause=requests.refusal(budget.amount))
        self._release.next(refused)
        self._amount = budget.amount
        self.first = begin

    def then(self, following: sfn.IChainable) -> None:
        """What comes when the execution may start."""
        self._within.when(sfn.Condition.jsonata(requests.is_within(self._amount)), following).otherwise(self._release)

    def _pages(
        self, name: str, call: str, arguments: Any, assign: dict[str, Any]
    ) -> tuple[sfn.CustomState, sfn.Choice]:
        task = self._tasks.task(name, f"aws-sdk:{call}", arguments, Assign=assign)
        more = self._choice(f"{name}: more?").when(sfn.Condition.jsonata(requests.HAS_MORE), task)
        task.next(more)
        return task, more

    def _choice(self, name: str) -> sfn.Choice:
        return sfn.Choice.jsonata(self._scope, name)
