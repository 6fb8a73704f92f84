"""The one image under SageMaker's contract: no network, read-only root, no capabilities, /opt/ml its user's own."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from datasets import load_from_disk

from chitra.fingerprint import fingerprint
from local_aws.engine import docker
from tests.container.conftest import WATCH, Box, ended

SITE_PACKAGES = "/opt/site-packages/"
LARGEST_BYTES = 1_570_000_000  # 70 MB of it for ONNX Runtime and onnx
REQUEST = """
import json, sys, urllib.request
body = json.dumps({"inputs": sys.argv[1]}).encode()
headers = {"Content-Type": "application/json"}
with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8080/invocations", body, headers)) as answer:
    print(answer.read().decode())
"""


@dataclass(frozen=True)
class Journey:
    """Preprocessing, training and serving, one after the other, from one image."""

    base: Path
    training_log: str
    answer: dict[str, object]
    serving_code: int


@pytest.fixture(scope="module")
def journey(image: str, sample_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    base = tmp_path_factory.mktemp("journey")
    watch = base / "sitecustomize.py"
    watch.write_text(WATCH)
    flags = ("--volume", f"{watch}:/opt/program/sitecustomize.py:ro")
    box = Box(image, base)
    shutil.copytree(sample_corpus, base / "processing/input/corpus")
    code, log = box.run("python", "-m", "preprocessing", "--max-length", "512", "--seed", "42", flags=flags)
    assert code == 0, log
    for name in ("train", "validation", "test", "raw"):  # SageMaker may give channels that nobody asked for
        shutil.copytree(base / "processing/output" / name, base / "input/data" / name)
    hyperparameters = {"epochs": "2", "train-batch-size": 4, "learning_rate": 0.002, "warmup_ratio": "0.1"}
    (base / "input/config").mkdir()
    (base / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    code, log = box.run(flags=flags)  # the image's default command
    assert code == 0, log
    name = box.start("serve", flags=flags)
    answer = ask(name, "投手が好投して試合に勝ちました。")
    ask(name, "[SEP] のような語が本文にあると、SudachiTra だけが読めます。")
    docker("stop", "--time", "20", name)
    serving_code, serving_log = ended(name)
    assert serving_code == 0, serving_log
    return Journey(base, log, answer, serving_code)


def ask(container: str, text: str) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done = docker("exec", container, "python", "-c", REQUEST, text)
        if done.returncode == 0:
            answer: dict[str, object] = json.loads(done.stdout)
            return answer
        time.sleep(0.5)
    pytest.fail(done.stderr + docker("logs", container).stderr)


def test_should_encode_as_the_process_does(journey: Journey, preprocessed: Path) -> None:
    for split in ("train", "validation", "test"):
        ours, reference = (load_from_disk(folder / split) for folder in (journey.base / "input/data", preprocessed))
        assert ours["input_ids"] == reference["input_ids"]


def test_should_take_hyperparameters_as_texts_and_as_numbers(journey: Journey) -> None:
    assert "epochs=2.0 train_batch_size=4" in journey.training_log
    assert "test accuracy" in journey.training_log


def test_should_write_a_model_that_another_user_reads_and_no_checkpoint(journey: Journey, image: str) -> None:
    model = journey.base / "model"
    assert sorted({file.name for file in model.rglob("*")} - {"int8.onnx", "model.onnx"}) == [
        "candidates.json",
        "config.json",
        "model.safetensors",
        "tokenisation.json",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    done = docker(
        *("run", "--rm", "--user", "12345:12345", "--volume", f"{model}:/model:ro", image),
        *("sh", "-c", "cat /model/* > /dev/null"),
    )
    assert done.returncode == 0, done.stderr


def test_should_serve_what_it_trained(journey: Journey) -> None:
    assert journey.answer["label_name"] in json.loads((journey.base / "model/config.json").read_text())["label2id"]
    assert journey.serving_code == 0


def test_should_hold_no_package_that_nothing_imports(journey: Journey, image: str) -> None:
    imported = {line for note in journey.base.glob("imported-*") for line in note.read_text().splitlines()}
    listing = (
        "import importlib.metadata as m, json; print(json.dumps({d.name: [str(f) for f in d.files] "
        f"for d in m.distributions(path=['{SITE_PACKAGES}'])}}))"
    )
    packages = json.loads(docker("run", "--rm", image, "python", "-c", listing).stdout)
    assert len(packages) > 50
    idle = [name for name, files in packages.items() if not any(SITE_PACKAGES + file in imported for file in files)]
    assert idle == []


def test_should_say_which_model_it_bundles(image: str, stand_in: Path) -> None:
    manifest = json.loads(docker("run", "--rm", image, "cat", "/opt/chitra/manifest.json").stdout)
    assert manifest["name"] == "chitra-stand-in"
    assert manifest["tokenisation"] == fingerprint(stand_in).to_json()


def test_should_be_small_and_hold_no_tools_and_no_trace_of_its_build(image: str) -> None:
    [inspected] = json.loads(docker("image", "inspect", image).stdout)
    assert inspected["Size"] <= LARGEST_BYTES
    assert inspected["Config"]["Cmd"] == ["train"]
    assert not inspected["Config"].get("Healthcheck")  # one marks training containers as unhealthy
    assert inspected["Config"]["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    words = docker("history", "--no-trunc", image).stdout + json.dumps(inspected)
    assert not [name for name in ("PIP_", "AWS_", "TOKEN", "SECRET", "http://") if name in words]
    find = f"find {SITE_PACKAGES} /opt/program /opt/chitra"
    assert docker("run", "--rm", image, "sh", "-c", f"{find} ! -perm -o=r").stdout == ""
    assert docker("run", "--rm", image, "sh", "-c", f"{find} -name '*.h' -o -path '*/torch/test'").stdout == ""
    assert docker("run", "--rm", image, "sh", "-c", f"{find} -name 'modeling_bert*.pyc'").stdout.count("\n") == 1
    assert docker("run", "--rm", image, "sh", "-c", "command -v cc gcc make").stdout == ""


def test_should_name_the_missing_channel_and_the_second_host(job: Box) -> None:
    (job.base / "input/config/resourceconfig.json").write_text('{"hosts": ["algo-1", "algo-2"]}')
    code, log = job.run("train")
    assert (code, job.failure[:40]) == (2, "/opt/ml/input/config/resourceconfig.json")
    assert "Traceback" not in log
    (job.base / "input/config/resourceconfig.json").unlink()
    shutil.rmtree(job.base / "input/data/validation")
    code, log = job.run("train")
    assert (code, job.failure[:31]) == (2, "channel validation: is missing ")
    assert "Traceback" not in log


def test_should_name_the_gpu_that_it_cannot_use(job: Box) -> None:
    """A GPU instance on which the container sees no device: the job ends at once instead of training for days."""
    resources = {"hosts": ["algo-1"], "current_instance_type": "ml.g4dn.xlarge"}
    (job.base / "input/config/resourceconfig.json").write_text(json.dumps(resources))
    assert job.run("train")[0] == 2
    assert job.failure == (
        "ml.g4dn.xlarge: there is a GPU, but the image holds PyTorch for CPUs. Build its target cuda (docs/image.md)."
    )


def test_should_keep_a_checkpoint_at_sigterm(job: Box) -> None:
    hyperparameters = {"epochs": "40", "learning_rate": "0.0001", "train-batch-size": "4"}
    (job.base / "input/config/hyperparameters.json").write_text(json.dumps(hyperparameters))
    name = job.start("train")
    deadline = time.monotonic() + 90
    while "\nepoch " not in docker("logs", name).stdout and time.monotonic() < deadline:
        time.sleep(0.3)
    docker("stop", "--time", "60", name)
    code, log = ended(name)
    assert code == 0, log
    assert "stopped by SIGTERM" in log
    assert list((job.base / "checkpoints").glob("checkpoint-*/trainer_state.json"))
    assert not list((job.base / "model").rglob("*") if (job.base / "model").exists() else [])


def test_should_tell_that_it_was_killed_for_its_memory(job: Box) -> None:
    code, log = job.run("train", flags=("--memory", "200m", "--memory-swap", "200m"))
    assert code == 1, log
    assert job.failure.startswith("training was killed (SIGKILL), most likely because the instance's memory was full")


@pytest.fixture
def artefact(journey: Journey, tmp_path: Path, image: str) -> Box:
    shutil.copytree(journey.base / "model", tmp_path / "model")
    return Box(image, tmp_path)


def test_should_refuse_an_artefact_of_another_tokenisation(artefact: Box) -> None:
    file = artefact.base / "model/tokenisation.json"
    content = json.loads(file.read_text())
    content["fingerprint"]["dictionary"] = "core 20211220"
    file.write_text(json.dumps(content))
    code, log = artefact.run("serve")
    assert code == 2
    assert "dictionary: core 20211220 / core 20261015" in log
    assert "Traceback" not in log
