"""The training job as SageMaker runs it, on a real process."""

from __future__ import annotations

import json
import shutil
import signal
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from chitra.errors import InputError
from chitra.fingerprint import fingerprint
from chitra.hyperparameters import Hyperparameters
from chitra.long_articles import View
from tests.conftest import Job
from training_image.callbacks import epochs_without_gain
from training_image.channels import read_channels
from training_image.collation import TrainingCollator
from training_image.train import keep_quiet
from training_image.trainer import FineTuning


@pytest.fixture
def job(tmp_path: Path, make_job: Callable[[Path], Job], preprocessed: Path) -> Job:
    (tmp_path / "input/data").mkdir(parents=True)
    for name in ("train", "validation", "test"):
        shutil.copytree(preprocessed / name, tmp_path / "input/data" / name)
    return make_job(tmp_path)


def failure_of(job: Job) -> str:
    return (job.base / "output/failure").read_text(encoding="utf-8")


def test_should_write_metrics_predictions_and_plots(trained: Path) -> None:
    output = trained / "output/data"
    metrics = json.loads((output / "metrics.json").read_text())
    rows = [json.loads(line) for line in (output / "predictions.jsonl").read_text().splitlines()]
    right = sum(row["predicted"] == row["label_name"] for row in rows)
    assert len(rows) == 11
    assert metrics["accuracy"] == pytest.approx(right / 11)
    assert sum(map(sum, metrics["confusion_matrix"])) == 11
    assert len(metrics["categories"]) == 9
    assert len(metrics["epochs"]) == 2
    assert (metrics["model"]["name"], metrics["model"]["layers"]) == ("chitra-stand-in", 1)
    assert 0 < metrics["baseline_accuracy"] <= 1
    assert metrics["train_articles_per_second"] > 0
    for name in ("confusion_matrix.png", "learning_curve.png"):
        with Image.open(output / name) as image:
            assert min(image.size) > 400


def test_should_write_an_artefact_that_others_can_read(trained: Path) -> None:
    model = trained / "model"
    assert {file.name for file in model.iterdir()} - {"int8.onnx", "model.onnx"} == {
        "candidates.json",
        "config.json",
        "model.safetensors",
        "tokenisation.json",
        "tokenizer_config.json",
        "vocab.txt",
    }
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o644 for file in model.iterdir())
    config = json.loads((model / "config.json").read_text())
    assert config["id2label"]["0"] == "animals"
    assert config["label2id"]["travel"] == 8


def test_should_say_how_it_went_on_standard_output(trained: Path) -> None:
    first, *between, last = (trained / "log").read_text(encoding="utf-8").splitlines()
    metrics = json.loads((trained / "output/data/metrics.json").read_text())
    assert first.startswith("training on 86 articles: ")
    epochs = [f"{each['validation_accuracy']:.4f}" for each in metrics["epochs"]]
    assert [line.split()[4] for line in between if "validation accuracy" in line] == epochs
    assert len([line for line in between if "step" in line and "loss" in line]) >= 10
    assert last.startswith(
        f"test accuracy {metrics['accuracy']:.4f}, macro-F1 {metrics['macro_f1']:.4f};"
        f" TF-IDF + linear SVM on the same split {metrics['baseline_accuracy']:.4f}"
    )
    assert not (trained / "output/failure").exists()


def test_should_name_the_unknown_hyperparameter(job: Job) -> None:
    job.set_hyperparameters(batch_size=8)
    done = job.run("training_image.train")
    assert done.returncode == 2
    assert failure_of(job).startswith("hyperparameter batch_size: is unknown. Known are")
    assert "Traceback" not in done.stderr


def test_should_name_the_missing_channel(job: Job) -> None:
    shutil.rmtree(job.base / "input/data/validation")
    assert job.run("training_image.train").returncode == 2
    assert failure_of(job).startswith("channel validation: is missing")


def test_should_refuse_channels_of_another_tokenizer(job: Job) -> None:
    for name in ("train", "validation", "test"):
        file = job.base / "input/data" / name / "manifest.json"
        manifest = json.loads(file.read_text())
        manifest["tokenisation"]["dictionary"] = "core 20211220"
        file.write_text(json.dumps(manifest))
    assert job.run("training_image.train").returncode == 2
    assert "dictionary: core 20211220 / core 20261015" in failure_of(job)


def without_tokenisation(text: str) -> str:
    return json.dumps({key: value for key, value in json.loads(text).items() if key != "tokenisation"})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: '{"seed": ' + "9" * 5_000 + "}",
        lambda text: "",
        without_tokenisation,
        lambda text: json.dumps(json.loads(text) | {"tokenisation": {}}),
        lambda text: json.dumps(json.loads(text) | {"max_length": "many"}),
        lambda text: json.dumps(json.loads(text) | {"categories": {"a": 1}}),
    ],
)
def test_should_refuse_a_manifest_that_preprocessing_did_not_write(
    tmp_path: Path, preprocessed: Path, stand_in: Path, spoil: Callable[[str], str]
) -> None:
    for name in ("train", "validation", "test"):
        shutil.copytree(preprocessed / name, tmp_path / name)
        file = tmp_path / name / "manifest.json"
        file.write_text(spoil(file.read_text()))
    with pytest.raises(InputError, match="channel train: ") as caught:
        read_channels(tmp_path, fingerprint(stand_in))
    assert len(str(caught.value).splitlines()) == 1


def test_should_refuse_a_dataset_that_preprocessing_did_not_write(
    tmp_path: Path, preprocessed: Path, stand_in: Path
) -> None:
    for name in ("train", "validation", "test"):
        shutil.copytree(preprocessed / name, tmp_path / name)
    broken = {"dataset_info.json": "[" * 100_000, "state.json": "[]", "data-00000-of-00001.arrow": "x"}
    for file, content in broken.items():
        (tmp_path / "train" / file).write_text(content)
        with pytest.raises(InputError, match="channel train: is no output of the preprocessing job"):
            read_channels(tmp_path, fingerprint(stand_in))


def test_should_refuse_a_wrong_number_of_labels_and_several_hosts(job: Job) -> None:
    job.set_hyperparameters(num_labels=3)
    assert job.run("training_image.train").returncode == 2
    assert failure_of(job).startswith("hyperparameter num_labels: is 3, but the corpus has 9")
    (job.base / "input/config/resourceconfig.json").write_text(
        '{"hosts": ["algo-1", "algo-2"], "current_host": "algo-1"}'
    )
    assert job.run("training_image.train").returncode == 2
    assert failure_of(job).startswith("resourceconfig.json: names 2 hosts. Start each by `train`.")


def test_should_stop_at_sigterm_with_a_checkpoint_and_go_on_from_it(job: Job) -> None:
    job.set_hyperparameters(epochs=40, learning_rate=0.0001, train__batch__size=4)
    process = job.start("training_image.train")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch"):
            process.send_signal(signal.SIGTERM)
            break
    rest = process.stdout.read()
    assert process.wait(60) == 0
    assert "stopped by SIGTERM" in rest
    [checkpoint, *_] = sorted((job.base / "checkpoints").glob("checkpoint-*"))
    assert (checkpoint / "trainer_state.json").is_file()
    assert not (job.base / "output/failure").exists()
    process = job.start("training_image.train")
    assert process.stdout is not None
    resumed = next(line for line in process.stdout if line.startswith("resuming from"))
    assert "checkpoint-" in resumed
    process.kill()
    process.wait()


def test_should_train_no_further_once_patience_has_ended_it(
    tmp_path: Path, stand_in: Path, preprocessed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The job was interrupted while it made what comes behind the training, and starts again."""
    given = Hyperparameters(epochs=6, patience=2, learning_rate=1e-9, max_length=16)
    curves = []
    keep_quiet()
    for _ in range(2):
        channels = read_channels(preprocessed, fingerprint(stand_in))
        tuning = FineTuning(
            channels, given, model_dir=stand_in, checkpoints=tmp_path / "checkpoints", stop=threading.Event()
        )
        assert tuning.run()
        curves.append([(epoch.epoch, epoch.validation_accuracy) for epoch in tuning.learning_curve()])
    assert [epoch for epoch, _ in curves[0]] == [1, 2, 3]
    assert curves[1] == curves[0]
    assert (tuning.epochs, tuning.epochs_of_this_run) == (3, 0)
    assert "resuming from" in capsys.readouterr().out


def test_should_count_the_epochs_since_the_best_one() -> None:
    assert epochs_without_gain([]) == 0
    history = [{"loss": 1.0}, *({"eval_accuracy": each} for each in (0.5, 0.7, 0.7, 0.6))]
    assert [epochs_without_gain(history[:count]) for count in range(6)] == [0, 0, 0, 0, 1, 2]


def test_should_pad_to_the_longest_and_rebuild_masks() -> None:
    rows = [{"input_ids": [2, 7, 8, 9, 3], "label": 1, "article": 0}, {"input_ids": [2, 3], "label": 0, "article": 1}]
    batch = TrainingCollator(0, View(4), seed=42)(rows)
    assert batch["input_ids"].tolist() == [[2, 7, 8, 3], [2, 3, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch["labels"].tolist() == [1, 0]


def test_should_hide_other_words_in_every_epoch_but_never_the_special_tokens() -> None:
    rows = [{"input_ids": [2, *range(100, 600), 3], "label": 1, "article": 5}]
    collator = TrainingCollator(0, View(512), seed=42, word_dropout=0.2, unknown_id=1)
    first, again = collator(rows)["input_ids"][0], collator(rows)["input_ids"][0]
    collator.epoch = 1
    other = collator(rows)["input_ids"][0]
    assert first.tolist() == again.tolist() != other.tolist()
    assert (int(first[0]), int(first[-1])) == (2, 3)
    assert 60 <= (first == 1).sum() <= 140


@pytest.mark.parametrize(
    ("broken", "warned"), [("baseline_accuracy", "the TF-IDF baseline"), ("plot_learning_curve", "learning")]
)
def test_should_keep_the_model_when_its_report_fails(
    broken: str, warned: str, job: Job, monkeypatch: pytest.MonkeyPatch, stand_in: Path
) -> None:
    """The model was paid for; what is beside its own numbers is a warning."""
    from training_image import report, train

    def fail(*given: object, **rest: object) -> float:
        raise ValueError("no terms remain")

    monkeypatch.setattr(report, broken, fail)
    job.set_hyperparameters(epochs="1", train__batch__size=4)
    train.train(job.base, stand_in, threading.Event())
    assert (job.base / "model/model.safetensors").is_file()
    metrics = json.loads((job.base / "output/data/metrics.json").read_text())
    assert any(warned in warning and "no terms remain" in warning for warning in metrics["warnings"])
    assert 0 <= metrics["accuracy"] <= 1


def test_should_keep_the_model_when_there_is_no_report(
    job: Job, monkeypatch: pytest.MonkeyPatch, stand_in: Path
) -> None:
    from training_image import report, train

    monkeypatch.setattr(report, "prediction_rows", lambda *given: 1 / 0)
    job.set_hyperparameters(epochs="1", train__batch__size=4)
    train.train(job.base, stand_in, threading.Event())
    assert (job.base / "model/model.safetensors").is_file()
