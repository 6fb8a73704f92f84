"""How the local SageMaker cuts a transform job's objects, joins its answers, and what it refuses as AWS does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws.batches import MEGABYTE, BadDataError, Plan, assembled, check_request, requests_of
from local_aws.sagemaker_store import ApiError

LINES = "application/jsonlines"


def request(**changes: Any) -> dict[str, Any]:
    """A CreateTransformJob; ``a__b`` changes the member b of a."""
    made: dict[str, Any] = {
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in/"}},
            "ContentType": LINES,
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://b/out", "Accept": LINES, "AssembleWith": "Line"},
        "DataProcessing": {"JoinSource": "Input"},
    }
    for path, value in changes.items():
        *parents, key = path.split("__")
        section = made
        for parent in parents:
            section = section[parent]
        section[key] = value
    return made


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MaxPayloadInMB": 101}, "MaxPayloadInMB 101 cannot be greater than 100"),
        ({"MaxPayloadInMB": 6, "MaxConcurrentTransforms": 17}, "MaxConcurrentTransforms * MaxPayloadInMB"),
        ({"TransformOutput__Accept": "application/json"}, "JoinSource needs the same ContentType and Accept"),
        ({"TransformOutput__AssembleWith": "None"}, "JoinSource needs the same SplitType and AssembleWith"),
        ({"TransformInput__ContentType": "text/plain", "TransformOutput__Accept": "text/plain"}, "one of text/csv"),
        (
            {"TransformInput__ContentType": "application/json", "TransformOutput__Accept": "application/json"},
            "JSON lines are application/jsonlines",
        ),
        (
            {"TransformInput__DataSource__S3DataSource__S3DataType": "ManifestFile"},
            "S3DataType ManifestFile: is not part of the local SageMaker",
        ),
        ({"DataProcessing__OutputFilter": "$.id"}, "OutputFilter .id: is not part of the local SageMaker"),
    ],
)
def test_should_refuse_what_the_apis_model_lets_through(changes: dict[str, Any], message: str) -> None:
    check_request(request())
    with pytest.raises(ApiError) as refusal:
        check_request(request(**changes))
    assert message in refusal.value.message
    assert refusal.value.code == "ValidationException"


def test_should_let_the_request_count_before_the_containers_own_parameters() -> None:
    parameters = {"MaxConcurrentTransforms": 4, "MaxPayloadInMB": 2, "BatchStrategy": "SINGLE_RECORD"}
    assert Plan.of(request(), {}) == Plan(6 * MEGABYTE, 1, True, True, True)
    assert Plan.of(request(), parameters) == Plan(2 * MEGABYTE, 4, False, True, True)
    asked = request(MaxPayloadInMB=1, MaxConcurrentTransforms=2, BatchStrategy="MultiRecord")
    assert Plan.of(asked, parameters) == Plan(MEGABYTE, 2, True, True, True)


def test_should_put_as_many_lines_into_a_request_as_fit() -> None:
    content = b"aa\nbb\n\ncc\ndd"
    assert list(requests_of(content, Plan(5, 1, True, True, True))) == [b"aa\nbb", b"cc\ndd"]
    assert list(requests_of(content, Plan(5, 1, False, True, True))) == [b"aa", b"bb", b"cc", b"dd"]
    assert list(requests_of(content, Plan(99, 1, True, False, False))) == [content]
    with pytest.raises(BadDataError, match="a record of 2 bytes is larger than MaxPayloadInMB allows"):
        list(requests_of(content, Plan(1, 1, True, True, True)))
    with pytest.raises(BadDataError, match="empty"):
        list(requests_of(b"\n", Plan(5, 1, True, True, True)))


def test_should_join_each_answer_to_its_record() -> None:
    plan = Plan(99, 1, True, True, True)
    body = '{"text": "猫", "id": 1}\n"犬"'.encode()
    joined = assembled(body, b'{"label": 0}\n{"label": 1}\n', plan)
    assert [json.loads(line) for line in joined.splitlines()] == [
        {"text": "猫", "id": 1, "SageMakerOutput": {"label": 0}},
        {"SageMakerInput": "犬", "SageMakerOutput": {"label": 1}},
    ]
    with pytest.raises(BadDataError, match="2 records got 1 answers"):
        assembled(body, b"{}\n", plan)
    with pytest.raises(BadDataError, match="no JSON"):
        assembled(body, b"{}\nnothing\n", plan)
    assert assembled(b"a\nb", b"1\n2", Plan(99, 1, True, True, False)) == b"1\n2\n"
