"""A teardown reads every list to its end, and believes no answer that says in its body what was not done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.names import bootstrap_bucket, bootstrap_repository
from tests.helpers.accounts import (
    HOME,
    NAMES,
    TAG,
    Thing,
    build,
    sagemaker,
    some_neighbours,
    stacks,
    staged,
    warm,
    whole_workshop,
    without_history,
)
from tests.helpers.cloud import ACCOUNT, SAGEMAKER, Cloud
from tests.helpers.cloud_session import CloudSession
from tests.helpers.paging import PagedCloud, paged
from tests.helpers.project import SETTINGS
from tests.workshop.teardown.test_teardown_properties import AT_ONCE, tear_down
from tests.workshop.teardown.test_teardown_states import impatient
from workshop.aws.account import Account
from workshop.teardown.journal import Journal
from workshop.teardown.survey import survey
from workshop.teardown.teardown import Attempt, teardown

Record = dict[str, Any]
BUCKET, REPOSITORY = NAMES.bucket(ACCOUNT, HOME), NAMES.image_repository
SHARED_BUCKET, SHARED_REPOSITORY = bootstrap_bucket(ACCOUNT, HOME), bootstrap_repository(ACCOUNT, HOME)
LISTED_TOOLS = ("notebook-instance", "pipeline", "model-package-group", "cluster", "compilation-job", "automl-job")
STUDIO = [("domain", "d-1"), ("domain", "d-2"), ("space", "d-2/a"), ("space", "d-2/b")]
STUDIO += [("user-profile", "d-2/suzuki"), ("user-profile", "d-2/tanaka")]
STUDIO += [("app", "d-2/suzuki/JupyterLab/default"), ("app", "d-2/tanaka/JupyterLab/default")]


def more_of_everything() -> list[Thing]:
    """Things of the workshop that come last in their lists, behind others."""
    jobs = [thing for kind in SAGEMAKER for thing in sagemaker(kind, f"zz-{kind}", TAG)]
    tools = [Thing(kind, HOME, f"{name}-{kind}", {"tags": TAG}) for kind in LISTED_TOOLS for name in ("a", "z")]
    return [
        *jobs,
        *tools,
        warm("zz-warm", TAG),
        *(Thing("stream", HOME, f"chitra--z/{number}", inside="/aws/sagemaker/TrainingJobs") for number in range(3)),
        *(Thing("object", HOME, f"models/{number}", inside=BUCKET) for number in range(3)),
        Thing("upload", HOME, "models/z", inside=BUCKET),
        Thing("object", HOME, "chitra/z.json", inside=SHARED_BUCKET),
        Thing("image", HOME, "chitra--z", inside=SHARED_REPOSITORY),
        Thing("image", HOME, "z", inside=REPOSITORY),
        Thing("schedule", HOME, "chitra--z"),
        Thing("scalable-target", HOME, "endpoint/chitra--z/variant/AllTraffic"),
        Thing("log-group", HOME, "/aws/sagemaker/Endpoints/chitra--z"),
    ]


class Holding(PagedCloud):
    """Pipelines run twice, groups of model packages hold two versions, and endpoints have two components each."""

    held: dict[str, list[str]]

    def _sagemaker(self, region: str, operation: str, params: Record) -> Record:
        match operation:
            case "ListPipelineExecutions":
                listed = self.held.setdefault(f"pipeline/{params['PipelineName']}/execution", ["1", "2"])
                arns = [self._arn("pipeline", region, f"{params['PipelineName']}/execution/{each}") for each in listed]
                states = [{"PipelineExecutionArn": arn, "PipelineExecutionStatus": "Executing"} for arn in arns]
                return {"PipelineExecutionSummaries": states}
            case "StopPipelineExecution":
                return self._take(params["PipelineExecutionArn"])
            case "ListModelPackages":
                listed = self.held.setdefault(f"model-package/{params['ModelPackageGroupName']}", ["1", "2"])
                arns = [
                    self._arn("model-package", region, f"{params['ModelPackageGroupName']}/{one}") for one in listed
                ]
                return {"ModelPackageSummaryList": [{"ModelPackageArn": arn} for arn in arns]}
            case "DeleteModelPackage":
                return self._take(params["ModelPackageName"])
            case "DescribeEndpointConfig":  # names no model: components do
                return {**params, "ProductionVariants": [{"VariantName": "v"}]}
        return super()._sagemaker(region, operation, params)

    def _take(self, arn: str) -> Record:
        key, _, number = arn.split(":", 5)[5].rpartition("/")
        self.held[key].remove(number)
        return {}


def test_should_read_every_list_to_its_end(tmp_path: Path) -> None:
    components = [Thing("inference-component", HOME, f"{name}-component", {"tags": TAG}) for name in "az"]
    cloud = paged(build([*some_neighbours(), *whole_workshop(), *more_of_everything(), *components]), Holding)
    cloud.studio, cloud.held = dict.fromkeys(STUDIO, TAG), {}
    outcome = tear_down(cloud, tmp_path / "journal")
    assert outcome.clean, (outcome.problems, outcome.last.problems)
    ended = [cloud.things.pop(("automl-job", HOME, f"{name}-automl-job"))["state"] for name in "az"]
    assert ended == ["Stopped", "Stopped"]
    assert without_history(cloud) == without_history(build(some_neighbours()))
    assert cloud.studio == {}
    assert len(cloud.held) == 4
    assert not any(cloud.held.values())
    assert cloud.cut - cloud.continued == set()
    assert {each.split()[1] for each in cloud.cut} >= {
        "ListPipelineExecutions",
        "ListModelPackages",
        "ListInferenceComponents",
        "ListBuildsForProject",
        "ListAccessKeys",
        "ListApps",
        "ListStackResources",
        "GetResources",
    }


@pytest.mark.parametrize("number", [1, 2])
def test_should_stop_a_build_behind_the_first_page(tmp_path: Path, number: int) -> None:
    cloud = paged(build(stacks()), Holding)
    cloud.studio = {}
    cloud.things["build-project", HOME, NAMES.build_project]["builds"] = [
        {"id": f"{NAMES.build_project}:{each}", "state": "IN_PROGRESS" if each == number else "SUCCEEDED"}
        for each in (1, 2)
    ]
    outcome = tear_down(cloud, tmp_path / "journal")
    assert f"build {NAMES.build_project}:{number}" in [str(attempt.resource) for attempt in outcome.removed]


class Refusing(Cloud):
    """Answers 200 to deletions of many, and says in the body which of them it did not do."""

    locked: str
    codes: tuple[str, str] = ("AccessDenied", "Access Denied because of a bucket policy")

    def _s3(self, region: str, operation: str, params: Record) -> Record:
        if operation != "DeleteObjects":
            return super()._s3(region, operation, params)
        answer = super()._s3(region, operation, params)
        kept = [each for each in params["Delete"]["Objects"] if self.locked == each["Key"]]
        bucket = self.things["bucket", region, params["Bucket"]]
        bucket["objects"] += [[each["Key"], each["VersionId"], False] for each in kept]
        errors = [{**each, "Code": self.codes[0], "Message": self.codes[1]} for each in kept]
        return answer | ({"Errors": errors} if errors else {})

    def _ecr(self, region: str, operation: str, params: Record) -> Record:
        answer = super()._ecr(region, operation, params)
        images = params["imageIds"] if operation == "BatchDeleteImage" else []
        kept = [each for each in images if self.locked in each.values()]
        failures = [{"imageId": each, "failureCode": self.codes[0], "failureReason": self.codes[1]} for each in kept]
        if failures and self.codes[0] != "ImageNotFound":
            self.things["repository", region, params["repositoryName"]]["images"].append(self.locked)
        return answer | ({"failures": failures} if failures else {})


def refusing(locked: str) -> Refusing:
    cloud = build([*some_neighbours(), *stacks(), *staged()])
    cloud.__class__ = Refusing
    assert isinstance(cloud, Refusing)
    cloud.locked = locked
    return cloud


@pytest.mark.parametrize(
    ("locked", "where", "says"),
    [
        ("models/r/output/m", f"contents of bucket {BUCKET}", "1 objects were not deleted, models/r/output/m first: "),
        ("exports/r.json", f"contents of bucket {BUCKET}", "1 objects were not deleted, exports/r.json first: "),
        ("chitra/2.json", f"staged templates {SHARED_BUCKET}/chitra/", "1 objects were not deleted, chitra/2.json"),
    ],
)
def test_should_not_believe_a_deletion_of_objects_that_says_what_it_left(
    locked: str, where: str, says: str, tmp_path: Path
) -> None:
    cloud = refusing(locked)
    outcome, text = impatient(cloud, tmp_path)
    [(_, problem)] = [(each, why) for each, why in outcome.problems.items() if str(each) == where]
    assert problem.startswith(says)
    assert problem.endswith(cloud.codes[1])
    assert not outcome.clean
    assert where in text
    assert "NOTHING REMAINS" not in text
    cloud.locked = ""
    assert tear_down(cloud, tmp_path / "journal").clean


REFERENCED = ("ImageReferencedByManifestList", "Requested image referenced by manifest list")


def test_should_not_believe_a_deletion_of_images_that_says_what_it_left(tmp_path: Path) -> None:
    cloud = refusing("chitra--2")
    cloud.codes = REFERENCED
    outcome, text = impatient(cloud, tmp_path)
    assert [why for each, why in outcome.problems.items() if str(each) == "image chitra--2"] == [": ".join(REFERENCED)]
    assert not outcome.clean
    assert "image chitra--2" in text
    assert "NOTHING REMAINS" not in text


def test_should_try_again_to_empty_the_own_repository(tmp_path: Path) -> None:
    """The stack waits for it, and takes the rest along."""
    cloud = refusing("built")
    cloud.codes = REFERENCED
    account, journal, attempts = Account(CloudSession(cloud)), Journal(tmp_path / "journal"), list[Attempt]()
    found = survey(account, SETTINGS)
    outcome = teardown(account, SETTINGS, found, journal=journal, pace=AT_ONCE, on_attempt=attempts.append)
    tried = [each.problem for each in attempts if str(each.resource) == f"images in {REPOSITORY}"]
    assert tried[0] == ": ".join(REFERENCED)
    assert outcome.clean == (("repository", HOME, REPOSITORY) not in cloud.things)


def test_should_take_an_image_that_is_gone_already_for_deleted(tmp_path: Path) -> None:
    cloud = refusing("built")
    cloud.codes = ("ImageNotFound", "Requested image not found")
    assert tear_down(cloud, tmp_path / "journal").clean
