"""A dataset's key tells apart whatever decides the dataset, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import datasets
from infra.jobs import JobResources
from infra.names import Names
from infra.settings import PreprocessingSettings, Settings
from infra.stage_images import StageImages
from local_aws.validation import problems_of_request
from tests.infra.test_jobs import DEPLOYMENT, evaluate

Files = list[dict[str, Any]]
IMAGE = "sha256:1"
FILES: Files = [
    {"Key": "corpus/a.jsonl", "ETag": '"1"', "Size": 1, "LastModified": 5},
    {"Key": "corpus/b.jsonl", "ETag": '"2"', "Size": 2, "LastModified": 6},
]


def listing_of(files: Files, *, corpus: str = "corpus/", pages: int = 1) -> dict[str, Any]:
    """The variables after so many pages."""
    variables = {**evaluate(datasets.variables(DEPLOYMENT), {}, {}), "corpus": corpus, "after": corpus}
    size = -(-len(files) // pages)
    for page in range(pages):
        contents = files[page * size : (page + 1) * size]
        result = {"KeyCount": len(contents), **({"Contents": contents} if contents else {})}
        variables |= evaluate(datasets.corpus_listed(), variables, {"result": result})
    return variables


def key_of(
    files: Files, *, image: str = IMAGE, job: PreprocessingSettings | None = None, shared: bool = True, **given: Any
) -> str:
    variables = {**listing_of(files, **given), "image": image}
    template = datasets.name_dataset(job or PreprocessingSettings(), Names("chitra"), shared=shared)
    named = evaluate(template, variables, {})
    assert named["dataset_job"] == f"chitra--dataset-{named['dataset'][:16]}"
    return str(named["dataset"])


@pytest.mark.parametrize(
    "changes",
    [{"Key": "corpus/c.jsonl"}, {"ETag": '"9"'}, {"Size": 9}],
    ids=["name", "content", "size"],
)
def test_should_differ_with_the_corpus(changes: dict[str, Any]) -> None:
    changed = [FILES[0], FILES[1] | changes]
    assert key_of(changed) != key_of(FILES)
    assert key_of(FILES[:1]) != key_of(FILES)
    assert key_of([]) != key_of(FILES[:1])


@pytest.mark.parametrize(
    "changes", [{"max_length": 64}, {"seed": 1}, {"instance_count": 2}, {"instance_count": 3}], ids=str
)
def test_should_differ_with_the_settings(changes: dict[str, int]) -> None:
    assert key_of(FILES, job=PreprocessingSettings(**changes)) != key_of(FILES)  # type: ignore[arg-type]


def test_should_differ_with_the_image() -> None:
    assert key_of(FILES, image="sha256:2") != key_of(FILES)


def test_should_be_the_same_for_the_same_files_elsewhere_at_another_time_on_another_machine() -> None:
    moved = [file | {"Key": file["Key"].replace("corpus/", "corpora/u/"), "LastModified": 9} for file in FILES]
    assert key_of(moved, corpus="corpora/u/") == key_of(FILES)
    larger = PreprocessingSettings(instance_type="ml.m5.4xlarge", volume_gb=99, max_runtime_minutes=9)
    assert key_of(FILES, job=larger) == key_of(FILES)


def test_should_share_nothing_that_is_made_of_somebodys_own_corpus_where_people_are_apart() -> None:
    moved = [file | {"Key": file["Key"].replace("corpus/", "corpora/u/")} for file in FILES]
    own = key_of(moved, corpus="corpora/u/", shared=False)
    assert own == key_of(moved, corpus="corpora/u/", shared=False)
    assert own != key_of(FILES, shared=False)
    assert key_of(FILES, shared=False) == key_of(FILES)


def test_should_not_take_one_name_for_two_files() -> None:
    forged = [{"Key": 'corpus/a.jsonl "1" 1\nb.jsonl', "ETag": '"2"', "Size": 2}]
    assert key_of(forged) != key_of([file | {"ETag": file["ETag"]} for file in FILES])


def test_should_know_the_checksum_in_both_spellings_and_miss_nothing_without_one() -> None:
    other = [{"Etag" if key == "ETag" else key: value for key, value in file.items()} for file in FILES]
    assert key_of(other) == key_of(FILES)
    without = [{key: value for key, value in file.items() if key != "ETag"} for file in FILES]
    assert key_of(without) != key_of([without[0], without[1] | {"LastModified": 7}])


@given(st.integers(1, 30), st.integers(1, 5))
def test_should_read_every_page(count: int, pages: int) -> None:
    files: Files = [{"Key": f"corpus/{n:02}", "ETag": str(n), "Size": n} for n in range(count)]
    variables = listing_of(files, pages=pages)
    assert variables["after"] == files[-1]["Key"]
    assert listing_of(files[:-1], pages=pages)["listing"] != variables["listing"]


@pytest.mark.parametrize(
    ("reference", "asked"),
    [
        (":abc", {"imageTag": "abc"}),
        ("@sha256:" + "0" * 64, {"imageDigest": "sha256:" + "0" * 64}),
    ],
    ids=["tag", "digest"],
)
def test_should_ask_for_the_image_by_tag_or_digest(reference: str, asked: dict[str, str]) -> None:
    uri = f"123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/team/assets{reference}"
    request = evaluate(datasets.find_image(resources_with(uri)), {}, {})
    assert request["RegistryId"] == "123456789012"
    assert request["RepositoryName"] == "team/assets"
    assert [{key[0].lower() + key[1:]: value for key, value in each.items()} for each in request["ImageIds"]] == [asked]


def resources_with(uri: str) -> JobResources:
    return JobResources(bucket="b", images=StageImages(uri, "", ""), execution_role_arn="r")


def test_should_be_valid_requests(shipped: Settings) -> None:
    variables = {
        **{**listing_of(FILES), "run": "chitra--a", "corpus": "corpus/"},
        **{"dataset": "0" * 32, "dataset_job": "chitra--dataset-0", "attempt": 1},
    }
    requests = (
        ("s3", "ListObjectsV2", datasets.list_corpus(DEPLOYMENT)),
        ("s3", "ListObjectsV2", datasets.look_for_mark(DEPLOYMENT)),
        ("sagemaker", "DescribeProcessingJob", datasets.describe_job()),
    )
    for service, operation, template in requests:
        assert problems_of_request(service, operation, evaluate(template, variables, {})) == []
    mark = evaluate(datasets.mark(shipped.preprocessing, DEPLOYMENT), variables, {})
    assert mark["Key"] == f"datasets/{'0' * 32}/complete.json"
    assert evaluate(datasets.look_for_mark(DEPLOYMENT), variables, {})["Prefix"] == mark["Key"]
    note = evaluate(datasets.note_for_run(DEPLOYMENT), variables, {})
    assert note["Key"] == f"models/chitra--a/dataset/{'0' * 32}"


@pytest.mark.parametrize(
    ("status", "reason", "seen", "looks", "verdict"),
    [
        ("InProgress", "", False, 0, "at work"),
        ("Stopping", "", False, 0, "at work"),
        ("Completed", "", False, 0, "will be marked"),
        ("Completed", "", True, 3, "will be marked"),
        ("Completed", "", True, 4, "once more"),
        ("Failed", "AlgorithmError: exit code 2", True, 0, "failed for all"),
        ("Failed", "AlgorithmError: exit code 2", False, 0, "once more"),
        ("Failed", "InternalServerError", True, 0, "once more"),
        ("Stopped", "", True, 0, "once more"),
    ],
)
def test_should_decide_by_what_became_of_the_job(
    status: str, reason: str, seen: bool, looks: int, verdict: str
) -> None:
    result = {"ProcessingJobStatus": status, **({"FailureReason": reason} if reason else {})}
    variables = evaluate(datasets.job_described(), {"seen": seen, "looks": looks}, {"result": result})
    conditions = {
        "at work": datasets.IS_AT_WORK,
        "will be marked": datasets.WILL_BE_MARKED,
        "failed for all": datasets.FAILED_FOR_ALL,
    }
    met = [name for name, condition in conditions.items() if evaluate(condition, variables, {})]
    assert (met or ["once more"]) == [verdict]


@pytest.mark.parametrize(("answer", "there"), [({"KeyCount": 0}, False), ({"Contents": [{"Key": "k"}]}, True)])
def test_should_see_whether_the_mark_is_there(answer: dict[str, Any], there: bool) -> None:
    assert evaluate(datasets.IS_THERE, {}, {"input": answer}) is there
