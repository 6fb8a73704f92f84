"""What earlier looks saw and earlier removals began, because the account itself no longer tells it."""

from __future__ import annotations

from dataclasses import dataclass

Thing = tuple[str, str, str]  # region, kind, name


@dataclass(frozen=True, slots=True)
class Memory:
    """``regions`` held something of the workshop, ``emptied`` did so until an earlier teardown left nothing there.

    ``tagged`` carried its tag in SageMaker, by the ARN's word for their kind: logs take no tag and are known by these
    names alone. ``begun`` are removals, by the resource's kind, of which nobody knows whether they came to an end.
    """

    regions: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    tagged: tuple[Thing, ...] = ()
    begun: frozenset[Thing] = frozenset()

    def names_in(self, region: str) -> dict[str, frozenset[str]]:
        """Names of what carried the tag in a region, by kind."""
        kinds: dict[str, set[str]] = {}
        for where, kind, name in self.tagged:
            if where == region:
                kinds.setdefault(kind, set()).add(name)
        return {kind: frozenset(names) for kind, names in kinds.items()}

    def begun_in(self, region: str, kind: str) -> frozenset[str]:
        """Names of one kind whose removal began in a region."""
        return frozenset(name for where, what, name in self.begun if (where, what) == (region, kind))
