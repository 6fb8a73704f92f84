"""What is known of a run that is followed: stages and their time, the job at work, epochs, time left, money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chitra.training_lines import EpochDone, StepDone, read_line
from infra.names import TRAIN_STATE, TUNE_STATE
from workshop.runs.costs import Capacity
from workshop.runs.follow import Event, LogLine, OutOfSight, StageStarted, Waiting
from workshop.runs.job_state import JobState
from workshop.runs.money import Money

SECONDS_PER_HOUR = 3600
DONE = "Done"  # the stage that every execution ends with that has not failed


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    begin: datetime


@dataclass
class Progress:
    """Takes the events of a run. ``per_hour`` is what instances cost in US dollars, None where that is unknown."""

    per_hour: Callable[[Capacity], float | None] = lambda capacity: None
    stages: list[Stage] = field(default_factory=list)
    job: JobState | None = None
    waiting: Waiting | None = None
    out_of_sight: OutOfSight | None = None
    step: StepDone | None = None
    losses: list[float] = field(default_factory=list)
    epochs: list[EpochDone] = field(default_factory=list)
    end: datetime | None = None
    failed: bool = False
    _jobs: dict[str, JobState] = field(default_factory=dict)
    _measured: tuple[datetime, StepDone] | None = None  # the first step of the job, from which speed is measured
    _newest: datetime | None = None  # when `step` was written

    def take(self, event: Event, now: datetime) -> StepDone | EpochDone | None:
        """Returns what a line of the training's log told, if it did."""
        self.out_of_sight = event if isinstance(event, OutOfSight) else None
        match event:
            case StageStarted(name, begin):
                self.stages = [*self.stages, Stage(name, begin or now)]
                self.job = self.waiting = None
            case JobState():
                self._take_job(event)
            case Waiting():
                self.waiting = event
            case LogLine(_, text, at):
                return self._take_line(text, at or now)
        return None

    def close(self, at: datetime, *, failed: bool = False) -> None:
        """The run has ended: with the stage of that name, if it got there."""
        self.end = self.stages[-1].begin if self.stage == DONE else at
        self.failed, self.waiting = failed, None

    @property
    def stage(self) -> str:
        return self.stages[-1].name if self.stages else ""

    def seconds(self, stage: Stage, now: datetime) -> float:
        """How long a stage took, or has taken so far."""
        later = self.stages[self.stages.index(stage) + 1 :]
        return max(0.0, ((later[0].begin if later else self.end or now) - stage.begin).total_seconds())

    def seconds_left(self, now: datetime) -> float | None:
        """Of the training's steps, at the speed that was seen; None until that can be told, and once it is over.

        What comes behind them, the evaluation and the upload of the model, is not in it.
        """
        if self._measured is None or self.step is None or self._newest is None or self.stage != TRAIN_STATE:
            return None
        begin, first = self._measured
        done = self.step.step - first.step
        if done <= 0 or self.end or (self.job and self.job.ended):
            return None
        per_step = (self._newest - begin).total_seconds() / done
        at = self._newest + timedelta(seconds=per_step * (self.step.steps - self.step.step))
        left = (at - now).total_seconds()
        return left if left > 0 else None

    def money(self, now: datetime) -> Money | None:
        """Of the jobs so far; None before one was billed. What is expected is told while the training can be timed,
        what it costs at worst once the training job is there: at its longest run time."""
        own = [job for job in self._jobs.values() if job.own and job.started]
        if not own:
            return None
        trained = (job for job in own if job.stage in (TRAIN_STATE, TUNE_STATE))
        left, training = self.seconds_left(now), next(trained, None)
        so_far = _sum([self._cost(job, _billed(job, now)) for job in own])
        if training is None or training.ended:
            warm = self._cost(training, training.warm_seconds) if training else 0.0
            total = None if so_far is None or warm is None else so_far + warm
            return Money(so_far, total if training else None, total if training else None)
        others = [self._cost(job, _billed(job, now)) for job in own if job is not training]
        longest = training.longest_seconds
        at_worst = None if longest is None else self._cost(training, longest + training.warm_seconds)
        more = None if left is None else self._cost(training, left + training.warm_seconds)
        return Money(so_far, _sum([so_far, more]), _sum([*others, at_worst]))

    def _take_job(self, state: JobState) -> None:
        self.per_hour(state.capacity)  # asks AWS now, rather than while something is drawn
        self._jobs = {**self._jobs, state.job: state}
        if state.stage == self.stage:
            self.job, self.waiting = state, None

    def _take_line(self, text: str, at: datetime) -> StepDone | EpochDone | None:
        told = read_line(text)
        match told:
            case StepDone():
                if self.step is None or told.step <= self.step.step:  # a spot instance was taken away: it goes on anew
                    self._measured, self.losses = (at, told), []
                self.step, self._newest = told, at
                self.losses = [*self.losses, told.loss]
            case EpochDone():
                self.epochs = [*(each for each in self.epochs if each.epoch < told.epoch), told]
        return told

    def _cost(self, job: JobState, seconds: float) -> float | None:
        price = self.per_hour(job.capacity)
        return None if price is None else price * seconds / SECONDS_PER_HOUR


def _billed(job: JobState, now: datetime) -> float:
    if job.billed_seconds is not None:
        return job.billed_seconds
    return max(0.0, ((job.ended or now) - job.started).total_seconds()) if job.started else 0.0


def _sum(amounts: list[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
