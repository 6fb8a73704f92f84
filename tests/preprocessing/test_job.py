"""The processing job as SageMaker runs it: folders in, folders out, one line when the input is bad."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from datasets import load_from_disk

from chitra.contract import SPLITS
from preprocessing.__main__ import main
from tests.conftest import Job

ARTICLE = "https://example.com/\n2026-01-01T00:00:00+0900\n題名\n本文{}です。\n"


def test_should_write_datasets_that_hugging_face_opens(preprocessed: Path, sample_corpus: Path) -> None:
    raw = load_from_disk(preprocessed / "raw")
    assert raw.column_names == ["sentence1", "label"]
    assert len(raw) == 108
    manifest = json.loads((preprocessed / "train/manifest.json").read_text())
    for name, size in zip(SPLITS, (86, 11, 11), strict=True):
        split = load_from_disk(preprocessed / name)
        assert len(split) == size == manifest["splits"][name]
        assert split.features["label"].names == manifest["categories"]
        assert split.features["input_ids"].feature.dtype == "uint16"
        first = split[0]
        assert raw[first["article"]]["label"] == split.features["label"].names[first["label"]]
        assert first["input_ids"][0] == 2  # [CLS]
        assert max(map(len, split["input_ids"])) <= 512
    assert json.loads((preprocessed / "raw/categories.json").read_text()) == manifest["categories"]


def test_should_say_in_the_manifest_where_the_data_came_from(preprocessed: Path) -> None:
    manifest = json.loads((preprocessed / "raw/manifest.json").read_text())
    assert manifest["seed"] == 42
    assert manifest["articles"] == 108
    assert manifest["duplicates"] == 0
    [source] = manifest["sources"]
    assert len(source["sha256"]) == 64
    assert manifest["tokenisation"]["word_form"] == "normalized_and_surface"
    assert manifest["tokenisation"]["split_mode"] == "C"
    assert (preprocessed.parent.parent / "output/message").read_text().startswith("108 articles encoded")


@pytest.fixture
def base(tmp_path: Path, stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    monkeypatch.setenv("CHITRA_MODEL_DIR", str(stand_in))
    corpus = tmp_path / "processing/input/corpus"
    for category in ("movies", "sports"):
        (corpus / category).mkdir(parents=True)
        for number in range(12):
            text = ARTICLE.format(f"{category}{number}")
            (corpus / category / f"{number}.txt").write_text(text, encoding="utf-8")
    for name in ("raw", *SPLITS):
        (tmp_path / "processing/output" / name).mkdir(parents=True)
    return tmp_path


def spoil_encoding(corpus: Path) -> None:
    (corpus / "movies/3.txt").write_bytes(ARTICLE.encode("shift_jis"))


def empty_an_article(corpus: Path) -> None:
    (corpus / "movies/3.txt").write_text("a\nb\nc\n")


def keep_one_category(corpus: Path) -> None:
    shutil.rmtree(corpus / "sports")


def shrink_a_category(corpus: Path) -> None:
    for number in range(3):
        (corpus / f"sports/{number}.txt").unlink()


def truncate_an_archive(corpus: Path) -> None:
    shutil.rmtree(corpus / "movies")
    shutil.rmtree(corpus / "sports")
    (corpus / "corpus.tar.gz").write_bytes(b"\x1f\x8b\x08\x00broken")


def forget_a_key(corpus: Path) -> None:
    shutil.rmtree(corpus / "movies")
    shutil.rmtree(corpus / "sports")
    (corpus / "mine.jsonl").write_text('{"sentence1": "x"}\n')


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (spoil_encoding, "movies/3.txt"),
        (empty_an_article, "movies/3.txt"),
        (keep_one_category, "category 'movies'"),
        (shrink_a_category, "category 'sports'"),
        (truncate_an_archive, "corpus.tar.gz"),
        (forget_a_key, "mine.jsonl:1"),
    ],
)
def test_should_end_with_one_line_and_no_output_when_input_is_bad(
    base: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], None], named: str
) -> None:
    spoil(base / "processing/input/corpus")
    assert main([]) == 2
    line = capsys.readouterr().err.strip()
    assert line.startswith("error: ")
    assert named in line
    assert "\n" not in line
    assert (base / "output/message").read_text() == line.removeprefix("error: ")
    assert [file for file in (base / "processing/output").rglob("*") if file.is_file()] == []


def test_should_leave_nothing_behind_when_writing_fails(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("preprocessing.manifest.write_json", fail)
    assert main([]) == 1
    assert (base / "output/message").read_text() == "preprocessing failed: OSError: no space left on device"
    assert [file for file in (base / "processing/output").rglob("*") if file.is_file()] == []


def test_should_report_a_bad_max_length_in_one_line(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--max-length", "2"]) == 2
    assert "max_length 2: leaves no room" in capsys.readouterr().err


def test_should_end_as_a_process_with_exit_code_2(tmp_path: Path, make_job: Callable[[Path], Job]) -> None:
    done = make_job(tmp_path).run("preprocessing")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "no such corpus" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("text", "fallbacks"), [("本文です。", 0), ("本文の[MASK]です。", 1)])
def test_should_load_no_pytorch(base: Path, text: str, fallbacks: int) -> None:
    """In none of its processes, and SudachiTra only for a text that nothing else can encode."""
    (base / "processing/input/corpus/movies/0.txt").write_text(ARTICLE.format(text), encoding="utf-8")
    command = [sys.executable, "-X", "importtime", "-m", "preprocessing"]
    job = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in job.stderr.splitlines() if line.startswith("import time:")}
    manifest = json.loads((base / "processing/output/raw/manifest.json").read_text())
    assert manifest["fallbacks"] == fallbacks
    assert "datasets" in loaded
    assert "torch" not in loaded
    assert ("sudachitra" in loaded) is (fallbacks > 0)
