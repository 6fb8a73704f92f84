"""What a teardown removed so far and still has to know, on disk: a killed teardown loses nothing of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workshop.belongings.tags import Tagged

if TYPE_CHECKING:
    from workshop.teardown import Attempt


class Journal:
    """One JSON document per line. It is kept until a teardown leaves nothing, so the receipt covers all attempts."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.entries: list[dict[str, str]] = []
        self._remembered: dict[tuple[str, str, str], None] = {}
        for line in self._lines():
            if line.get("entry") == "removed":
                self.entries.append({key: line[key] for key in ("kind", "name", "region", "at")})
            elif line.get("entry") == "tagged":
                self._remembered[line["region"], line["kind"], line["name"]] = None

    @property
    def remembered(self) -> list[tuple[str, str, str]]:
        """Region, kind and name of what carried the workshop's tag."""
        return list(self._remembered)

    def remember(self, tagged: Mapping[str, Tagged]) -> None:
        for region, kinds in tagged.items():
            for kind, names in kinds.items():
                for name in sorted(names):
                    if (region, kind, name) not in self._remembered:
                        self._remembered[region, kind, name] = None
                        self._append({"entry": "tagged", "region": region, "kind": kind, "name": name})

    def removed(self, attempt: Attempt) -> None:
        belonging = attempt.belonging
        entry = {
            "kind": belonging.kind,
            "name": belonging.name,
            "region": belonging.region,
            "at": attempt.at.isoformat(timespec="seconds"),
        }
        self.entries.append(entry)
        self._append({"entry": "removed", **entry})

    def close(self) -> None:
        """Nothing is left: the receipt tells the rest."""
        self.file.unlink(missing_ok=True)

    def _append(self, entry: dict[str, str]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _lines(self) -> list[dict[str, Any]]:
        """Whole lines; the last one may have been cut by the kill that this file survives."""
        if not self.file.exists():
            return []
        lines = []
        for line in self.file.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                continue
        return lines
