"""Texts travel in portions that an endpoint can answer in time, to the caller's own newest endpoint."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chitra.errors import InputError, WorkshopError
from infra.names import Names
from workshop.aws.run_names import new_run_name
from workshop.runs import asynchronous
from workshop.runs.predict import explain, newest_endpoint, predict

NAMES = Names("chitra")


class Endpoints:
    """SageMaker with endpoints, the newest first; each text's label is its number."""

    def __init__(self, *names: str) -> None:
        self.names, self.asked = names, list[list[str]]()

    def client(self, service: str, **given: Any) -> Endpoints:
        return self

    def get_paginator(self, operation: str) -> Endpoints:
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        assert given["StatusEquals"] == "InService"
        return [{"Endpoints": [{"EndpointName": name}]} for name in self.names]

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        return {"EndpointName": EndpointName}

    def invoke_endpoint(self, Body: bytes, **given: Any) -> dict[str, Any]:  # noqa: N803
        texts = json.loads(Body)["inputs"]
        self.asked.append(texts)
        answer = {"label": [int(text) for text in texts], "label_name": ["a" for _ in texts]}
        answer |= {"logits": [[0.0] for _ in texts], "scores": [{"a": 1.0} for _ in texts]}
        return {"Body": io.BytesIO(json.dumps(answer).encode())}


@pytest.mark.parametrize("count", [1, 32, 33, 100])
def test_should_send_at_most_32_texts_at_a_time_and_keep_their_order(count: int) -> None:
    service, heard = Endpoints(), list[int]()
    answers = predict(service, "e", [str(number) for number in range(count)], heard.append)  # type: ignore[arg-type]
    assert [answer["label"] for answer in answers] == list(range(count))
    assert max(map(len, service.asked)) <= 32
    assert heard == [len(texts) for texts in service.asked]
    assert sum(heard) == count


def test_should_say_that_an_older_image_explains_nothing() -> None:
    service: Any = Endpoints()
    with pytest.raises(WorkshopError, match="endpoint e: its image is an older one, which explains nothing"):
        explain(service, "e", "1")


def test_should_take_the_callers_own_newest_endpoint() -> None:
    of_sato, of_sato_2 = new_run_name(NAMES, "chitra-sato"), new_run_name(NAMES, "chitra-sato-2")
    service: Any = Endpoints(of_sato_2, "other--x", of_sato, "chitra--named")
    assert newest_endpoint(service, NAMES, "chitra-sato") == of_sato
    assert newest_endpoint(service, NAMES, "chitra-sato-2") == of_sato_2
    assert newest_endpoint(service, NAMES, "chitra-named") == of_sato_2
    assert newest_endpoint(service, NAMES) == of_sato_2
    with pytest.raises(WorkshopError, match="no endpoint is in service"):
        newest_endpoint(Endpoints("other--x"), NAMES, "chitra-sato")  # type: ignore[arg-type]


class LaterEndpoints(Endpoints):
    """Answers through objects, the second time that one looks."""

    def __init__(self) -> None:
        super().__init__("e")
        self.objects, self.looks = dict[str, bytes](), 0

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:  # noqa: N803
        return {"EndpointName": EndpointName, "AsyncInferenceConfig": {}}

    def invoke_endpoint_async(self, Body: bytes, **given: Any) -> dict[str, Any]:  # noqa: N803
        self.objects["answers/1.out"] = self.invoke_endpoint(Body=Body)["Body"].read()
        return {"OutputLocation": "s3://b/answers/1.out", "FailureLocation": "s3://b/failures/1-error.out"}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self.looks += 1
        if self.looks == 1 or Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}


def test_should_wait_for_an_endpoint_that_answers_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asynchronous, "LOOK_SECONDS", 0.0)
    service: Any = LaterEndpoints()
    texts = [str(number).rjust(50_000) for number in range(5)]
    assert [answer["label"] for answer in predict(service, "e", texts)] == [0, 1, 2, 3, 4]
    assert [len(portion) for portion in service.asked] == [2, 2, 1]
    with pytest.raises(InputError, match=r"too long for an asynchronous endpoint, 128,000 bytes"):
        predict(service, "e", ["1", " " * 128_000])
    with pytest.raises(InputError, match=r"too long for an asynchronous endpoint, 128,000 bytes"):
        explain(service, "e", " " * 128_000)
    with pytest.raises(WorkshopError, match="endpoint e: its image is an older one, which explains nothing"):
        explain(service, "e", "1")
    assert service.asked[-1] == "1"
