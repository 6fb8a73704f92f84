"""What many tests start from: the sample corpus, a stand-in model made of it, and its preprocessed splits."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from infra.settings import FOLDER_VARIABLE
from tests import secrets
from tests.helpers.project import LEFT_OUT, ROOT, copy_project, write_cdk_json
from tests.helpers.shared import made_once

SEED = 42
PRINTED: list[str] = []

settings.register_profile("suite", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("suite")


def pytest_configure() -> None:
    """Ctrl-C is tested: a shell without job control starts its background jobs, and their children, without it.

    CloudFormation's own validation takes each synthesis seconds; tests/infra/test_checks.py has it on.
    """
    os.environ["CDK_VALIDATION"] = "false"
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The workers share the cores: threads of several jobs would wait for each other most of the time.
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def sample_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve articles of each category of the sample corpus."""
    folder = tmp_path_factory.mktemp("samples") / "corpus"
    return Path(shutil.copytree(ROOT / "samples/corpus", folder, ignore=LEFT_OUT))


@pytest.fixture(scope="session", autouse=True)
def settings_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The workshop's folder of all commands that are told no other one."""
    folder = tmp_path_factory.mktemp("settings")
    write_cdk_json(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        yield


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder as an organiser has it, with the tests' settings in cdk.json."""
    return copy_project(tmp_path_factory.mktemp("project") / "chitra")


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory, sample_corpus: Path) -> Path:
    def make(folder: Path) -> None:
        from rehearsal.stand_in import build_stand_in  # brings PyTorch, which takes seconds

        build_stand_in(sample_corpus, folder / "model", seed=SEED)

    return made_once(tmp_path_factory, "stand-in", make) / "model"


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Path:
    """The stand-in as chiTra is published, alone in its folder."""
    file = tmp_path_factory.mktemp("archive") / "chiTra-1.0.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(stand_in, arcname="chiTra-1.0")
    return file


class Job:
    """A folder laid out like /opt/ml, and the image's programs run on it as real processes."""

    def __init__(self, base: Path, model_dir: Path) -> None:
        self.base = base
        self._model_dir = model_dir

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SAGEMAKER_BASE_DIR": str(self.base), "CHITRA_MODEL_DIR": str(self._model_dir)}

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=300, check=False)

    def start(self, module: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", module],
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def set_hyperparameters(self, **values: object) -> None:
        file = self.base / "input/config/hyperparameters.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({key.replace("__", "-"): value for key, value in values.items()}))


@pytest.fixture(scope="session")
def make_job(stand_in: Path) -> Callable[[Path], Job]:
    return lambda base: Job(base, stand_in)


@pytest.fixture(scope="session")
def preprocessed(tmp_path_factory: pytest.TempPathFactory, sample_corpus: Path, stand_in: Path) -> Path:
    """The output of the real preprocessing job on the sample corpus."""

    def make(base: Path) -> None:
        (base / "processing/input").mkdir(parents=True)
        (base / "processing/input/corpus").symlink_to(sample_corpus)
        done = Job(base, stand_in).run("preprocessing")
        assert done.returncode == 0, done.stderr

    return made_once(tmp_path_factory, "preprocessed", make) / "processing/output"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, preprocessed: Path, stand_in: Path) -> Path:
    """The /opt/ml of a finished training job: model, output and checkpoints; ``log`` is what it printed."""

    def make(base: Path) -> None:
        (base / "input/data").mkdir(parents=True)
        for name in ("train", "validation", "test"):
            (base / "input/data" / name).symlink_to(preprocessed / name)
        job = Job(base, stand_in)
        job.set_hyperparameters(epochs="2", learning_rate="0.002", train__batch__size=4)
        done = job.run("training_image.train")
        assert done.returncode == 0, done.stderr
        (base / "log").write_text(done.stdout, encoding="utf-8")

    return made_once(tmp_path_factory, "trained", make)


@pytest.fixture(scope="session", autouse=True)
def no_secret_in_any_output(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever tests wrote or printed holds no secret that was issued to somebody."""
    yield
    base = tmp_path_factory.getbasetemp()
    secrets.collect(base)
    assert secrets.leaks(base) == []
    assert not [secret for secret in secrets.ISSUED if any(secret in text for text in PRINTED)]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    PRINTED.extend([report.capstdout, report.capstderr, report.caplog])


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Counts that tests recorded, for example how many faults a teardown survived."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", []):
            if report.when == "call":
                terminalreporter.write_line(f"{name}: {value}")
