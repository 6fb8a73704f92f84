"""Which of the measured ways are served: the quickest whose accuracy holds, and what stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from training_image.candidates.record import ALLOWED, Measured, Way

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Quality:
    """On validation articles. ``agreement`` is the share of them that fp32 classifies the same."""

    accuracy: float
    agreement: float


def choose(
    ways: Iterable[Measured], fp32_accuracy: float, quality: Callable[[Way], Quality | None]
) -> Iterator[Measured]:
    """Of ways for one device, quickest first; ``quality`` is asked for no more of them than it takes.

    Served is what classifies at most 0.2 points worse than fp32, up to the first way that any CPU can go, and fp32
    itself. A ``quality`` of None means that the way failed.
    """
    settled = False
    for way in ways:
        if way.is_fp32:
            found: Quality | None = Quality(fp32_accuracy, 1.0)
        else:
            found = None if settled else quality(way)
        served = found is not None and found.accuracy >= fp32_accuracy - ALLOWED - ROUNDING
        settled = settled or (served and way.runtime != "bf16")
        numbers = {"accuracy": found.accuracy, "agreement": found.agreement} if found else {}
        yield way.model_copy(update={**numbers, "served": served})
