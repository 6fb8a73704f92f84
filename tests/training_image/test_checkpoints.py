"""Going on from checkpoints, of which the newest may have been cut while it was written or uploaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Job
from training_image.checkpoints import newest_complete_checkpoint

FILES = [
    *("config.json", "model.safetensors", "training_args.bin", "optimizer.pt", "scheduler.pt"),
    "trainer_state.json",
]


@pytest.fixture
def checkpoints(tmp_path: Path, trained: Path) -> Path:
    """Of a finished training: checkpoint-22 and checkpoint-44."""
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


def remove(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut_in_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def cut_the_last_bytes(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2])


def lose_a_block(file: Path) -> None:
    """What was never written to the disk is zeros, and the file's length is right."""
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(content[:middle] + bytes(len(content) - middle))


def test_should_take_the_newest_of_complete_checkpoints(checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert newest_complete_checkpoint(checkpoints) == checkpoints / "checkpoint-44"
    (checkpoints / "checkpoint-22").rename(checkpoints / "checkpoint-100")
    assert newest_complete_checkpoint(checkpoints) == checkpoints / "checkpoint-100"
    assert capsys.readouterr().out == ""


def test_should_know_every_file_that_the_trainer_writes(checkpoints: Path) -> None:
    assert {file.name for file in (checkpoints / "checkpoint-44").iterdir()} == set(FILES)


@pytest.mark.parametrize("damage", [remove, empty, cut_in_half, cut_the_last_bytes])
@pytest.mark.parametrize("name", FILES)
def test_should_skip_a_checkpoint_that_is_incomplete_and_say_why(
    checkpoints: Path, capsys: pytest.CaptureFixture[str], name: str, damage: Callable[[Path], None]
) -> None:
    damage(checkpoints / "checkpoint-44" / name)
    before = sorted(checkpoints.rglob("*"))
    assert newest_complete_checkpoint(checkpoints) == checkpoints / "checkpoint-22"
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"skipping checkpoint-44: {name} ")
    assert sorted(checkpoints.rglob("*")) == before


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "trainer_state.json"])
def test_should_skip_a_checkpoint_with_a_file_of_full_length_but_other_content(checkpoints: Path, name: str) -> None:
    lose_a_block(checkpoints / "checkpoint-44" / name)
    assert newest_complete_checkpoint(checkpoints) == checkpoints / "checkpoint-22"


def test_should_skip_a_state_that_is_none_of_the_trainer(checkpoints: Path) -> None:
    (checkpoints / "checkpoint-44/trainer_state.json").write_text('{"steps": 44}')
    assert newest_complete_checkpoint(checkpoints) == checkpoints / "checkpoint-22"


def test_should_need_the_scale_of_half_precision_only_where_it_is_used(checkpoints: Path) -> None:
    assert newest_complete_checkpoint(checkpoints, half_precision=True) is None
    shutil.copy(checkpoints / "checkpoint-22/scheduler.pt", checkpoints / "checkpoint-22/scaler.pt")
    assert newest_complete_checkpoint(checkpoints, half_precision=True) == checkpoints / "checkpoint-22"


def test_should_start_anew_without_any_complete_checkpoint(
    tmp_path: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert newest_complete_checkpoint(tmp_path / "none") is None
    for checkpoint in checkpoints.iterdir():
        (checkpoint / "optimizer.pt").unlink()
    (checkpoints / "checkpoint-of-mine").mkdir()
    (checkpoints / "checkpoint-99").write_text("no folder")
    assert newest_complete_checkpoint(checkpoints) is None
    assert capsys.readouterr().out.splitlines() == [
        "skipping checkpoint-44: optimizer.pt is missing",
        "skipping checkpoint-22: optimizer.pt is missing",
    ]


def test_should_go_on_from_the_newest_complete_checkpoint(tmp_path: Path, trained: Path, stand_in: Path) -> None:
    shutil.copytree(trained, tmp_path / "ml", symlinks=True)
    cut_in_half(tmp_path / "ml/checkpoints/checkpoint-44/optimizer.pt")
    done = Job(tmp_path / "ml", stand_in).run("training_image.train")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("skipping checkpoint-44: optimizer.pt ") for line in lines)
    assert f"resuming from {tmp_path}/ml/checkpoints/checkpoint-22" in lines
    assert sum("validation accuracy" in line for line in lines) == 1  # the second of two epochs
