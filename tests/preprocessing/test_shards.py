"""Several instances, each with its share of the files, make the datasets that one instance makes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, load_from_disk

from chitra.contract import SPLITS
from chitra.corpus import Article, read_corpus
from chitra.errors import InputError
from chitra.fingerprint import fingerprint
from chitra.split import split_by_hash, split_hash
from preprocessing.__main__ import main
from tests.conftest import SEED
from training_image.channels import read_channels

FILES = 7
Run = Callable[[Sequence[Sequence[Path]]], Path]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, sample_corpus: Path) -> list[Path]:
    """The sample corpus dealt out to JSONL files; one article is there twice, in two of them."""
    folder = tmp_path_factory.mktemp("files")
    articles = read_corpus(sample_corpus).articles
    return [
        write_jsonl(folder / f"{n}.jsonl", [*articles[n::FILES], *articles[:1]][: 40 if n < 2 else -1])
        for n in range(FILES)
    ]


def write_jsonl(file: Path, articles: Sequence[Article]) -> Path:
    rows = [{"sentence1": article.text, "label": article.category} for article in articles]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture
def run(tmp_path: Path, stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the job once per share; what the instances write goes to one place, as their uploads to S3 do."""

    def instances(shares: Sequence[Sequence[Path]]) -> Path:
        hosts = [f"algo-{number + 1}" for number in range(len(shares))]
        united = tmp_path / f"united-{len(list(tmp_path.iterdir()))}"
        for host, share in zip(hosts, shares, strict=True):
            base = tmp_path / "opt"
            shutil.rmtree(base, ignore_errors=True)
            (base / "processing/input/corpus").mkdir(parents=True)
            (base / "config").mkdir()
            (base / "config/resourceconfig.json").write_text(json.dumps({"current_host": host, "hosts": hosts}))
            for file in share:
                shutil.copy(file, base / "processing/input/corpus")
            monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(base))
            monkeypatch.setenv("CHITRA_MODEL_DIR", str(stand_in))
            assert main(["--sharded"]) == 0
            shutil.copytree(base / "processing/output", united, dirs_exist_ok=True)
        return united

    return instances


def content(folder: Path) -> dict[str, list[tuple[str, list[int]]]]:
    """Label and ids of every article, by split, in an order of their own."""
    return {name: sorted(rows(load_from_disk(folder / name))) for name in SPLITS}


def rows(split: Dataset) -> list[tuple[str, list[int]]]:
    return list(zip(split["label"], split["input_ids"], strict=True))


@pytest.mark.parametrize("instances", [2, 5])
def test_should_unite_to_what_one_instance_makes(files: list[Path], run: Run, instances: int) -> None:
    one = run([files])
    several = run([files[number::instances] for number in range(instances)])
    assert content(several) == content(one)
    assert sum(map(len, content(one).values())) == len(load_from_disk(one / "raw")) == 110
    other_way_round = run([files[::-1][number::instances] for number in range(instances)])
    assert content(other_way_round) == content(one)


def test_should_give_training_one_dataset(files: list[Path], run: Run, stand_in: Path) -> None:
    united = run([files[:1], files[1:], []])
    channels = read_channels(united, fingerprint(stand_in))
    raw = load_from_disk(united / "raw")
    assert len(channels.categories) == 9
    for name in SPLITS:
        split = getattr(channels, name)
        assert split.features["label"].names == channels.categories
        assert [channels.categories[label] for label in split["label"]] == [
            raw[article]["label"] for article in split["article"]
        ]
    assert np.unique(np.concatenate([getattr(channels, name)["article"] for name in SPLITS])).size == len(raw)


def test_should_miss_an_instances_output(files: list[Path], run: Run, stand_in: Path) -> None:
    united = run([files[:3], files[3:]])
    (united / "test/data-00001-of-00002.arrow").unlink()
    with pytest.raises(InputError, match=r"channel test: is no output .*data-00001-of-00002\.arrow"):
        read_channels(united, fingerprint(stand_in))


def test_should_refuse_a_category_that_training_never_sees(
    tmp_path: Path, files: list[Path], run: Run, stand_in: Path
) -> None:
    texts = (f"たった一つの記事です。{number}" for number in range(100))
    held_out = next(text for text in texts if split_by_hash(np.array([split_hash(text, SEED)], np.uint64))[0])
    united = run([files, [write_jsonl(tmp_path / "lonely.jsonl", [Article(held_out, "lonely", "")])]])
    with pytest.raises(InputError, match="category 'lonely': has no article in train"):
        read_channels(united, fingerprint(stand_in))


def test_should_refuse_a_split_without_articles(tmp_path: Path, run: Run, stand_in: Path) -> None:
    articles = [Article("同じ本文です。", category, "") for category in ("movies", "sports")]
    united = run([[write_jsonl(tmp_path / "same.jsonl", articles)]])
    manifest = json.loads((united / "raw/manifest-00000-of-00001.json").read_text())
    assert manifest["splits"] == {"train": 2, "validation": 0, "test": 0}
    with pytest.raises(InputError, match="channel validation: holds no article"):
        read_channels(united, fingerprint(stand_in))


def test_should_refuse_several_instances_that_each_split_the_whole(
    tmp_path: Path, stand_in: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config").mkdir()
    cluster = {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}
    (tmp_path / "config/resourceconfig.json").write_text(json.dumps(cluster))
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    monkeypatch.setenv("CHITRA_MODEL_DIR", str(stand_in))
    assert main([]) == 2
    assert "InstanceCount 2: several instances need --sharded" in capsys.readouterr().err
