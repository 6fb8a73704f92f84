"""Thousands of requests that nobody thought of: each is answered as the endpoint's own OpenAPI document says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import psutil
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.openapi import media_type

from tests.conftest import Job
from tests.helpers.serving import serving
from training_image import serve

# The whole of JSON's strings, half surrogate pairs among them.
any_text = st.text(st.characters(), max_size=40)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["inputs", "text", "a"]), inner),
    max_leaves=8,
)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)
generated = settings(
    max_examples=250, derandomize=True, database=None, suppress_health_check=list(HealthCheck), deadline=None
)
media_type("application/jsonlines", texts.map(lambda text: json.dumps(text).encode()), aliases=["application/x-ndjson"])
media_type("text/csv", texts.map(lambda text: ('"' + text.replace('"', '""') + '"').encode()))


# The document has to be known before a server runs.
unused = serve.Endpoint(Mock(text_tokens=512, **{"model.device": "cpu"}), 50)
schema = schemathesis.openapi.from_dict(serve.build_app(unused).openapi())
unused.close()


class Endpoint:
    def __init__(self, url: str, process: psutil.Process) -> None:
        self.url, self.process = url, process
        self.client = httpx.Client(base_url=url, timeout=60)

    def post(self, body: bytes, content_type: str = "application/json", accept: str = "*/*") -> httpx.Response:
        return self.client.post("/invocations", content=body, headers={"Content-Type": content_type, "Accept": accept})


@pytest.fixture(scope="module")
def endpoint(trained: Path, make_job: Callable[[Path], Job]) -> Iterator[Endpoint]:
    job, pids = make_job(trained), list[int]()

    def start(variables: dict[str, str]) -> Any:
        process = job.start("training_image.serve", **variables)
        pids.append(process.pid)
        return process

    with serving(start) as url:
        yield Endpoint(url, psutil.Process(pids[0]))


# A function for each operation: those of one function would share an id, and pytest-xdist would run one of them.
@schema.include(path="/invocations").parametrize()
@generated
def test_should_answer_articles_as_its_own_document_says(case: Any, endpoint: Endpoint) -> None:
    case.call_and_validate(base_url=endpoint.url, timeout=60)


@schema.include(path="/execution-parameters").parametrize()
@generated
def test_should_tell_its_limits_as_its_own_document_says(case: Any, endpoint: Endpoint) -> None:
    case.call_and_validate(base_url=endpoint.url, timeout=60)


@schema.include(path="/ping").parametrize()
@generated
def test_should_be_in_good_health_as_its_own_document_says(case: Any, endpoint: Endpoint) -> None:
    case.call_and_validate(base_url=endpoint.url, timeout=60)


@schema.include(path="/metrics").parametrize()
@generated
def test_should_tell_its_counters_as_its_own_document_says(case: Any, endpoint: Endpoint) -> None:
    case.call_and_validate(base_url=endpoint.url, timeout=60)


def test_should_have_a_test_for_each_operation_of_its_document() -> None:
    paths = {"/invocations", "/execution-parameters", "/ping", "/metrics"}
    assert {each.ok().path for each in schema.get_all_operations()} == paths


@settings(generated, max_examples=900)
@given(
    st.sampled_from(
        ["application/json", "application/jsonlines", "application/x-ndjson", "text/csv", "", "text/plain"]
    ),
    st.sampled_from(["*/*", "application/json", "text/csv", "application/jsonlines", ",;q=x"]),
    st.binary(max_size=60)
    | any_json.map(lambda document: json.dumps(document).encode())
    | st.lists(any_json.map(json.dumps), max_size=4).map(lambda lines: "\n".join(lines).encode())
    | any_json.map(lambda inputs: json.dumps({"inputs": inputs}).encode())
    | texts.map(str.encode),
)
def test_should_answer_any_body_or_say_what_is_wrong_with_it(
    endpoint: Endpoint, content_type: str, accept: str, body: bytes
) -> None:
    answer = endpoint.post(body, content_type, accept)
    assert answer.status_code in (200, 400, 415)
    assert answer.is_success or list(answer.json()) == ["error"]


def test_should_need_no_more_memory_after_a_thousand_requests(endpoint: Endpoint) -> None:
    bodies = [json.dumps({"inputs": ["試合に勝ちました。" * length] * 2}).encode() for length in range(1, 12)]

    def memory_after(requests: int) -> int:
        for number in range(requests):
            body = b'{"inputs": [1]}' if number % 5 == 0 else bodies[number % len(bodies)]
            assert endpoint.post(body).status_code in (200, 400)
        return int(endpoint.process.memory_info().rss)

    before = memory_after(200)
    assert memory_after(1_000) < before + 16 * 2**20


def test_should_have_been_asked_more_than_two_thousand_times(endpoint: Endpoint) -> None:
    lines = endpoint.client.get("/metrics").text.splitlines()
    counts = dict(line.rsplit(" ", 1) for line in lines if line.startswith("chitra_requests_total"))
    assert sum(map(int, counts.values())) > 2_000
    assert {status.split('"')[1] for status in counts} == {"200", "400", "405", "415"}
