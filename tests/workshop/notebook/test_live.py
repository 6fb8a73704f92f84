"""What the live view below a cell says at each moment of a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from workshop.notebook.live import EPOCHS_SHOWN, Progress
from workshop.runs.follow import Event, LogLine, OutOfSight, StageStarted, Waiting
from workshop.runs.history import InLine

START = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


def stage(name: str, seconds: int) -> StageStarted:
    return StageStarted(name, START + timedelta(seconds=seconds))


def epoch(number: int, accuracy: float) -> list[Event]:
    return [
        LogLine("Train", f"epoch {number}.00  step {number * 22}/440  loss 0.5000"),
        LogLine("Train", f"epoch {number}.00  validation accuracy {accuracy:.4f}  loss 1.2500"),
    ]


def seen(*events: Event) -> str:
    progress = Progress("chitra--a")
    for event in events:
        progress.add(event)
    return str(progress.html().data).replace(' style="text-align: left"', "")


def test_should_say_that_nothing_has_begun() -> None:
    assert "<b>chitra--a</b>" in seen()
    assert "… 開始を待っています" in seen()


def test_should_show_phases_with_their_seconds_and_the_step_at_work() -> None:
    running = [stage("Find image", 0), stage("Preprocess", 2), stage("Train", 14), *epoch(1, 0.5)[:1]]
    shown = seen(*running)
    assert "<td>✓ データの準備</td>" in shown
    assert "<td>14 秒</td>" in shown
    assert "<td>… 学習</td>" in shown
    assert "<td>ステップ 22 / 440</td>" in shown
    ended = seen(*running, stage("Create model", 100), stage("Describe endpoint", 110), stage("Done", 130))
    assert "<td>86 秒</td>" in ended
    assert "<td>✓ エンドポイントの作成</td>" in ended
    assert "<td>30 秒</td>" in ended
    assert "…" not in ended


def test_should_show_the_last_epochs_and_the_best_one() -> None:
    accuracies = [0.5, 0.9, 0.9, *[0.6] * EPOCHS_SHOWN]
    events = [event for number, accuracy in enumerate(accuracies, 1) for event in epoch(number, accuracy)]
    shown = seen(stage("Train", 0), *events, LogLine("Train", "test accuracy 0.7273, macro-F1 <0.57>"))
    assert "<td>2</td><td>0.5000</td><td>1.2500</td><td>0.9000</td><td>★</td>" in shown
    assert shown.count("★") == 1
    assert "<td>3</td>" not in shown
    assert shown.count("<td>1.2500</td>") == EPOCHS_SHOWN + 1
    assert "macro-F1 &lt;0.57&gt;" in shown


def test_should_say_what_it_waits_for_until_it_goes_on() -> None:
    waiting = Waiting("Train", InLine("ml.g4dn.xlarge for training job usage", START))
    assert "から、ml.g4dn.xlarge for training job usage）。" in seen(stage("Train", 0), waiting)
    assert "実行は続いています（AWS did not answer）。" in seen(
        stage("Train", 0), OutOfSight("Train", "AWS did not answer")
    )
    assert "ml.g4dn" not in seen(stage("Train", 0), waiting, stage("Create model", 9))


def test_should_mark_the_phase_in_which_a_job_failed() -> None:
    shown = seen(stage("Starting", 0), stage("Training", 90), stage("Failed", 100))
    assert "<td>✓ インスタンスの起動待ち</td>" in shown
    assert "<td>✗ 学習</td>" in shown


def test_should_survive_a_loss_that_is_no_number() -> None:
    lines = ["epoch 1.00  step 22/440  loss nan", "epoch 1.00  validation accuracy 0.1111  loss nan"]
    assert "<td>nan</td><td>nan</td><td>0.1111</td>" in seen(*(LogLine("Train", line) for line in lines))
