"""The states that find an execution's dataset, or make it when nobody has."""

from __future__ import annotations

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra import datasets, jobs
from infra.names import PREPROCESS_STATE, WAIT_FOR_DATASET_STATE, Names
from infra.settings import Settings
from infra.tasks import Tasks

NAME_IN_USE = "SageMaker.ResourceInUseException"
# Should Step Functions not call it so: SageMaker's own words ("a job with this name already exists").
IS_NAME_IN_USE = f"{{% $failed_at = '{PREPROCESS_STATE}' and $contains($failed.Cause, 'already exist') %}}"


class DatasetStates:
    """From ``first`` to ``last``; between them either nothing is done, or the dataset is made, or waited for."""

    def __init__(
        self, scope: Construct, tasks: Tasks, *, settings: Settings, names: Names, resources: jobs.JobResources
    ) -> None:
        self._scope, self._tasks = scope, tasks
        self._settings, self._resources = settings, resources
        self.last = tasks.task("Note dataset", "aws-sdk:s3:putObject", datasets.note_for_run(resources))
        mark = tasks.task("Mark dataset", "aws-sdk:s3:putObject", datasets.mark(settings.preprocessing, resources))
        mark.next(self.last)
        page = tasks.task(
            "List corpus",
            "aws-sdk:s3:listObjectsV2",
            datasets.list_corpus(resources),
            Assign=datasets.corpus_listed(),
        )
        shared = settings.access != "scoped"
        name = self._pass("Name dataset", datasets.name_dataset(settings.preprocessing, names, shared=shared))
        name.next(self._look(self._pass("Look at corpus again", datasets.LIST_ANEW).next(page)))
        as_read = self._choice("As the job read it?")
        as_read.when(sfn.Condition.jsonata(datasets.IS_AS_READ), mark).otherwise(name)
        page.next(self._choice("More of it?").when(sfn.Condition.jsonata(datasets.HAS_MORE), page).otherwise(as_read))
        self.first = self._find_image(page)

    def _look(self, when_made: sfn.IChainable) -> sfn.CustomState:
        look = self._tasks.task("Look for dataset", "aws-sdk:s3:listObjectsV2", datasets.look_for_mark(self._resources))
        there = self._choice("Dataset there?").when(sfn.Condition.jsonata(datasets.IS_THERE), self.last)
        look.next(there.otherwise(self._preprocess(look, when_made)))
        return look

    def _find_image(self, then: sfn.IChainable) -> sfn.CustomState:
        """What cannot be asked for, as in a repository of another account, is known by its address."""
        find = self._tasks.state(
            "Find image",
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:ecr:describeImages",
                "Arguments": datasets.find_image(self._resources),
                "Assign": datasets.image_found(),
            },
        )
        find.add_catch(then, errors=["States.ALL"])
        find.next(then)
        return find

    def _preprocess(self, look: sfn.CustomState, when_made: sfn.IChainable) -> sfn.CustomState:
        preprocess = self._tasks.task(
            PREPROCESS_STATE,
            "sagemaker:createProcessingJob.sync",
            jobs.processing_job(self._settings, self._resources),
        )
        preprocess.next(when_made)
        pause = self._tasks.state("Pause", {"Type": "Wait", "Seconds": datasets.POLL_SECONDS})
        preprocess.add_catch(pause, errors=[NAME_IN_USE])
        self._tasks.too_busy.when(sfn.Condition.jsonata(IS_NAME_IN_USE), pause)
        wait = self._tasks.task(
            WAIT_FOR_DATASET_STATE,
            "aws-sdk:sagemaker:describeProcessingJob",
            datasets.describe_job(),
            Assign=datasets.job_described(),
        )
        over = self._choice("Job over?")
        over.when(sfn.Condition.jsonata(datasets.IS_AT_WORK), pause)
        over.when(sfn.Condition.jsonata(datasets.WILL_BE_MARKED), look)
        failed = self._tasks.fail("Dataset failed", error="DatasetFailed", cause="{% $string($reasons) %}")
        over.when(sfn.Condition.jsonata(datasets.FAILED_FOR_ALL), failed)
        over.otherwise(self._pass("Try once more", datasets.NEXT_ATTEMPT).next(preprocess))
        pause.next(wait.next(over))
        return preprocess

    def _choice(self, name: str) -> sfn.Choice:
        return sfn.Choice.jsonata(self._scope, name)

    def _pass(self, name: str, assign: jobs.Request) -> sfn.CustomState:
        return self._tasks.state(name, {"Type": "Pass", "Assign": assign})
