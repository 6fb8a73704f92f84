"""The live part of a terminal that follows a run: stages, the job at work, the learning curve, time and money."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from chitra.training_lines import StepDone
from workshop.commands.common import plain
from workshop.language import Language, in_language
from workshop.runs.meanings import meaning, stage_text
from workshop.runs.money import money_text
from workshop.runs.progress import Progress

STAGES_SHOWN = 5
SHORT_SECONDS = 5.0  # stages that only prepare the next one are told of together
EPOCHS_SHOWN = 4
BARS = "▁▂▃▄▅▆▇█"
SPARKS = 20
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
LONGEST_BAR = 28

WORDS = {
    "others": ("ほか {count} 段階", "{count} others"),
    "epoch": ("エポック", "epoch"),
    "epoch_of": ("エポック {at:.2f} / {all:g}", "epoch {at:.2f} of {all:g}"),
    "loss": ("学習の損失", "training loss"),
    "accuracy": ("検証の正解率", "validation accuracy"),
    "validation_loss": ("検証の損失", "validation loss"),
    "best": ("最高", "best"),
    "left": ("学習の残り およそ {time}", "about {time} of training left"),
    "left_unknown": ("学習の残り時間はまだわかりません", "time left: not known yet"),
    "since": ("{clock} から", "since {clock}"),
    "waiting": (
        "インスタンスの空き(またはクォータの空き)を待っています({what})",
        "waiting for capacity or quota ({what})",
    ),
    "out_of_sight": ("AWS から応答がありません。実行は続いています", "AWS does not answer; the run goes on"),
}
Words = Mapping[str, str]


def words_in(language: Language) -> Words:
    return in_language(WORDS, language)


def picture(title: str, progress: Progress, now: datetime, language: Language) -> Group:
    """Some fifteen lines at most, made for sixty columns and more."""
    words = words_in(language)
    parts: list[RenderableType] = [_heading(title, progress, now), *_stages(progress, now, language, words)]
    if progress.step:
        parts += _training(progress, progress.step, words)
    if progress.epochs:
        parts.append(_epochs(progress, words))
    if left := left_text(progress, now, words):
        parts.append(_line(left))
    if money := progress.money(now):
        parts.append(_line(money_text(money, language)))
    return Group(*parts)


def clock(seconds: float) -> str:
    """``1:15:05``, or ``15:05`` below an hour."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def sparkline(values: Sequence[float]) -> str:
    """A character per value, the newest last; a gap for what is no number."""
    shown = values[-SPARKS:]
    finite = [value for value in shown if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    step = (high - low) / (len(BARS) - 1) or 1.0
    return "".join(BARS[round((value - low) / step)] if math.isfinite(value) else " " for value in shown)


def left_text(progress: Progress, now: datetime, words: Words) -> str:
    """Of the training; empty where nothing is trained at the moment."""
    left = progress.seconds_left(now)
    if left is not None:
        return words["left"].format(time=clock(left))
    training = progress.job and progress.job.status == "Training" and not progress.job.ended
    to_come = progress.step is None or progress.step.step < progress.step.steps
    return words["left_unknown"] if training and to_come else ""


def now_text(progress: Progress, language: Language, words: Words) -> str:
    """What the stage at work is doing or waiting for."""
    if progress.out_of_sight:
        return words["out_of_sight"]
    if progress.waiting:
        why = progress.waiting.why
        since = words["since"].format(clock=f"{why.since.astimezone():%H:%M}")
        return f"{words['waiting'].format(what=why.what)}, {since}"
    if progress.job is None:
        return ""
    job = progress.job
    text = ": ".join(filter(None, (job.status, meaning(job, language))))
    return f"{text} ({words['since'].format(clock=f'{job.since.astimezone():%H:%M}')})" if job.since else text


def _heading(title: str, progress: Progress, now: datetime) -> Rule:
    begin = progress.stages[0].begin if progress.stages else now
    elapsed = clock(max(0.0, ((progress.end or now) - begin).total_seconds()))
    return Rule(plain(f"{title}  {elapsed}".strip()), align="left", style="dim")


def _stages(progress: Progress, now: datetime, language: Language, words: Words) -> Iterator[RenderableType]:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    seconds = {stage.name: progress.seconds(stage, now) for stage in progress.stages}
    last = progress.stages[-1:]
    long = [each for each in progress.stages if each in last or seconds[each.name] >= SHORT_SECONDS][-STAGES_SHOWN:]
    others = [each for each in progress.stages if each not in long]
    if others:
        text = Text(words["others"].format(count=len(others)), style="dim")
        table.add_row("", text, clock(sum(seconds[each.name] for each in others)))
    for stage in long:
        name = plain(stage_text(stage.name, language))
        table.add_row(_mark(progress, now, last=stage in last), name, clock(seconds[stage.name]))
    yield table
    if not progress.end and (note := now_text(progress, language, words)):
        yield _line(note)


def _mark(progress: Progress, now: datetime, *, last: bool) -> Text:
    if not last or (progress.end and not progress.failed):
        return Text("✔", style="green")
    if progress.end:
        return Text("✘", style="red")
    return Text(SPINNER[int(now.timestamp() * 8) % len(SPINNER)], style="cyan")


def _line(text: str) -> Padding:
    return Padding(plain(text), (0, 0, 0, 2))


def _training(progress: Progress, step: StepDone, words: Words) -> Iterator[RenderableType]:
    over = progress.end is not None and not progress.failed
    done, epoch = (1.0, step.epochs) if over else (step.step / step.steps, step.epoch)
    bar = ProgressBar(total=1.0, completed=done, width=LONGEST_BAR, complete_style="cyan", finished_style="green")
    line = Table.grid(padding=(0, 1))
    line.add_row(" ", words["epoch_of"].format(at=epoch, all=step.epochs), bar, f"{done:.0%}")
    yield line
    yield _line(f"{words['loss']} {sparkline(progress.losses)} {step.loss:.4f}")


def _epochs(progress: Progress, words: Words) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(justify="right")
    table.add_column()
    accuracies = [each.accuracy for each in progress.epochs]
    best = max(progress.epochs, key=lambda each: each.accuracy)  # the first of equals, whose model is kept
    heading = (f"  {words['epoch']}", words["accuracy"], words["validation_loss"])
    table.add_row(*(Text(word, style="dim") for word in heading), sparkline(accuracies) if len(accuracies) > 1 else "")
    for each in progress.epochs[-EPOCHS_SHOWN:]:
        style = "bold" if each is best else ""
        values = (f"{each.epoch:g}", f"{each.accuracy:.4f}", f"{each.loss:.4f}")
        table.add_row(*(Text(value, style=style) for value in values), words["best"] if each is best else "")
    if best not in progress.epochs[-EPOCHS_SHOWN:]:
        table.add_row(f"{best.epoch:g}", f"{best.accuracy:.4f}", f"{best.loss:.4f}", words["best"], style="bold")
    return table
