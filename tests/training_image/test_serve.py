"""The endpoint's container: SageMaker's two routes, the hands-on's protocol, and no stack trace for anybody."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from safetensors.torch import load_file, save_file

from tests.conftest import Job
from tests.helpers.serving import serving
from training_image.bodies import MAX_BODY_BYTES

LINES = "application/jsonlines"
MEGABYTE = 10**6
TEXT = "鍋で玉ねぎを炒め、出汁と醤油で味を調えます。"


@pytest.fixture(scope="module")
def url(trained: Path, make_job: Callable[[Path], Job]) -> Iterator[str]:
    job = make_job(trained)
    with serving(lambda variables: job.start("training_image.serve", **variables)) as address:
        yield address


def invoke(url: str, document: object) -> httpx.Response:
    return httpx.post(f"{url}/invocations", json=document, timeout=60)


def test_should_answer_ping(url: str) -> None:
    assert httpx.get(f"{url}/ping").status_code == 200


def test_should_answer_a_text_as_the_hands_on_did(url: str) -> None:
    answer = invoke(url, {"inputs": TEXT}).json()
    assert isinstance(answer["label"], int)
    [logits] = answer["logits"]
    assert len(logits) == 9
    assert logits.index(max(logits)) == answer["label"]
    assert answer["scores"][answer["label_name"]] == max(answer["scores"].values())
    assert sum(answer["scores"].values()) == pytest.approx(1, abs=1e-3)


def test_should_answer_a_list_in_order(url: str) -> None:
    texts = [TEXT, "投手が好投して試合に勝ちました。", TEXT]
    answer = invoke(url, {"inputs": texts}).json()
    assert len(answer["label"]) == len(answer["label_name"]) == len(answer["logits"]) == len(answer["scores"]) == 3
    assert answer["logits"][0] == pytest.approx(answer["logits"][2], abs=1e-5)
    assert answer["logits"][0] == pytest.approx(invoke(url, {"inputs": TEXT}).json()["logits"][0], abs=1e-4)


def test_should_predict_what_the_evaluation_predicted(url: str, trained: Path, preprocessed: Path) -> None:
    from datasets import load_from_disk

    raw = load_from_disk(preprocessed / "raw")
    rows = [json.loads(line) for line in (trained / "output/data/predictions.jsonl").read_text().splitlines()]
    answer = invoke(url, {"inputs": [raw[row["article"]]["sentence1"] for row in rows]}).json()
    same = sum(name == row["predicted"] for name, row in zip(answer["label_name"], rows, strict=True))
    assert same >= len(rows) - 1  # of articles between two categories, fewer bits may choose the other


@pytest.mark.parametrize(
    ("inputs", "status", "reason"),
    [
        ("", 400, "must be a text that is not empty"),
        ([], 400, "not empty"),
        ([TEXT, 3], 400, '"inputs"[1] must be a text'),
        (None, 400, "must be a text or a list"),
        ({"a": 1}, 400, "must be a text or a list"),
        (["a"] * 100_000, 413, "the texts are about 3,200,000 tokens of work"),
    ],
)
def test_should_explain_bad_inputs(url: str, inputs: Any, status: int, reason: str) -> None:
    answer = invoke(url, {"inputs": inputs})
    assert answer.status_code == status
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "reason"),
    [
        (b"{oops", "application/json", 400, "is not JSON"),
        (b"\xff\xfe", "application/json", 400, "is not JSON in UTF-8"),
        (b"[]", "application/json", 400, '"inputs" is missing'),
        (b'{"text": "x"}', "application/json", 400, '"inputs" is missing'),
        (b'{"inputs": "\\ud83d"}', "application/json", 400, "half a surrogate pair"),
        (
            b"x",
            "text/plain",
            415,
            "send Content-Type application/json, application/jsonlines or text/csv, not text/plain",
        ),
        (b"x", "", 415, "not none"),
        (b"[" * 100_000, "application/json", 400, "is not JSON"),
        (b'{"inputs": ' + b"9" * 5_000 + b"}", "application/json", 400, "is not JSON"),
        (b'{"inputs": [' * 300 + b"]}" * 300, "application/json", 400, "text"),
        (b'"' + b"x" * MAX_BODY_BYTES + b'"', "application/json", 413, "larger than"),
    ],
)
def test_should_explain_bad_requests(url: str, body: bytes, content_type: str, status: int, reason: str) -> None:
    answer = httpx.post(f"{url}/invocations", content=body, headers={"Content-Type": content_type}, timeout=60)
    assert answer.status_code == status
    assert reason in answer.json()["error"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("text", [" \u3000。\n", "😀👍🏽", "x" * 60_000, "[MASK][CLS]", "東京。" * 34_000, "\x00\x07"])
def test_should_answer_unusual_texts(url: str, text: str) -> None:
    assert invoke(url, {"inputs": text}).status_code in (200, 400)
    assert invoke(url, {"inputs": TEXT}).status_code == 200


def test_should_answer_lines_and_csv(url: str) -> None:
    texts = [TEXT, "投手が好投して、試合に勝ちました。"]
    answer = invoke(url, {"inputs": texts}).json()
    lines = "".join(json.dumps({"id": number, "text": text}) + "\n" for number, text in enumerate(texts))

    def post(body: str, **headers: str) -> str:
        return httpx.post(f"{url}/invocations", content=body.encode(), headers=headers, timeout=60).text

    found = [json.loads(line) for line in post(lines, **{"Content-Type": "application/jsonlines"}).splitlines()]
    assert [line["label_name"] for line in found] == answer["label_name"]
    rows = [line.split(",")[:2] for line in post(lines, **{"Content-Type": LINES, "Accept": "text/csv"}).splitlines()]
    assert rows == [list(map(str, row)) for row in zip(answer["label"], answer["label_name"], strict=True)]
    column = "".join(f'"{text}"\r\n' for text in texts)
    assert [line.split(",")[:2] for line in post(column, **{"Content-Type": "text/csv"}).splitlines()] == rows


def test_should_explain_a_prediction_by_the_words_of_the_text(url: str) -> None:
    text = f"{TEXT}[MASK]\n {TEXT}" * 20
    answer = httpx.post(f"{url}/invocations", json={"inputs": text, "explain": True}, timeout=120).json()
    explanation = answer["explanation"]
    assert explanation["label_name"] == answer["label_name"]
    assert [text[word["begin"] : word["end"]] for word in explanation["words"]] == [
        word["text"] for word in explanation["words"]
    ]
    assert "[MASK]" in {word["text"] for word in explanation["words"]}
    assert explanation["is_cut"]
    difference = explanation["logit"] - explanation["logit_without_words"]
    assert sum(word["weight"] for word in explanation["words"]) == pytest.approx(difference, abs=0.02)
    short = httpx.post(f"{url}/invocations", json={"inputs": TEXT, "explain": True}, timeout=120).json()
    # the explanation is of fp32, the answer may be computed in fewer bits
    assert short["explanation"]["logit"] == pytest.approx(max(short["logits"][0]), abs=0.1)
    assert not short["explanation"]["is_cut"]


def test_should_say_how_a_transform_job_asks_best(url: str) -> None:
    answer = httpx.get(f"{url}/execution-parameters").json()
    assert answer["BatchStrategy"] == "MULTI_RECORD"
    assert answer["MaxPayloadInMB"] * MEGABYTE <= MAX_BODY_BYTES
    assert answer["MaxConcurrentTransforms"] == len(os.sched_getaffinity(0))


def test_should_refuse_an_artefact_of_another_tokenisation(
    tmp_path: Path, trained: Path, make_job: Callable[[Path], Job]
) -> None:
    shutil.copytree(trained / "model", tmp_path / "model")
    file = tmp_path / "model/tokenisation.json"
    content = json.loads(file.read_text())
    content["fingerprint"]["sudachipy"] = "0.6.2"
    file.write_text(json.dumps(content))
    done = make_job(tmp_path).run("training_image.serve")
    assert done.returncode == 2
    assert "trained with another tokenisation than this image has (sudachipy: 0.6.2 / 0.7.0)" in done.stderr
    assert "Traceback" not in done.stderr


def test_should_refuse_a_folder_without_an_artefact(tmp_path: Path, make_job: Callable[[Path], Job]) -> None:
    done = make_job(tmp_path).run("training_image.serve")
    assert done.returncode == 2
    assert "tokenisation.json: is missing" in done.stderr


def test_should_refuse_a_model_that_cannot_classify(
    tmp_path: Path, trained: Path, make_job: Callable[[Path], Job]
) -> None:
    """It would load, be ready, and fail on every request."""
    shutil.copytree(trained / "model", tmp_path / "model")
    (tmp_path / "model/candidates.json").unlink()
    weights = load_file(tmp_path / "model/model.safetensors")
    embeddings = "bert.embeddings.word_embeddings.weight"
    save_file(weights | {embeddings: weights[embeddings][:4].clone()}, tmp_path / "model/model.safetensors")
    config = json.loads((tmp_path / "model/config.json").read_text())
    (tmp_path / "model/config.json").write_text(json.dumps(config | {"vocab_size": 4}))
    done = make_job(tmp_path).run("training_image.serve")
    assert done.returncode == 2
    assert f"{tmp_path}/model: its model cannot classify a text (IndexError: " in done.stderr
    assert "Traceback" not in done.stderr
