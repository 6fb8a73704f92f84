"""What a teardown saw, began and removed so far, on disk: a killed teardown loses nothing of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from chitra.errors import InputError
from chitra.json_text import parse_json
from workshop.teardown.memory import Memory, Thing
from workshop.teardown.resources.resource import Resource
from workshop.teardown.survey import Survey

Entry = dict[str, str]
THING = ("region", "kind", "name")


class Journal:
    """One JSON document per line. It is kept until a teardown leaves nothing, so the receipt covers all attempts."""

    def __init__(self, file: Path, emptied: tuple[str, ...] = ()) -> None:
        """``emptied`` are regions in which earlier teardowns left nothing."""
        self.file = file
        self._emptied = emptied
        self.entries: list[Entry] = []
        self._regions: dict[str, None] = {}
        self._tagged: dict[Thing, None] = {}
        self._begun: set[Thing] = set()
        self._is_cut = False
        for entry in self._read():
            self._learn(entry)

    @property
    def memory(self) -> Memory:
        """For the next survey."""
        return Memory(tuple(self._regions), self._emptied, tuple(self._tagged), frozenset(self._begun))

    def saw(self, found: Survey) -> None:
        """Regions, what carries the tag in SageMaker, and tracebacks of what failed unexpectedly."""
        regions = [{"entry": "region", "region": region} for region in found.regions]
        things = [
            (region, kind, name)
            for region, kinds in found.tagged.items()
            for kind, names in kinds.items()
            for name in sorted(names)
        ]
        own = (resource for resource in found.resources if _has_logs(resource))
        things += [(each.region, each.kind.replace(" ", "-"), each.name) for each in own]
        tagged = [{"entry": "tagged", **dict(zip(THING, thing, strict=True))} for thing in things]
        new = [entry for entry in regions if entry["region"] not in self._regions]
        self._write([*new, *(entry for entry in tagged if _thing(entry) not in self._tagged)])
        for problem in found.problems:
            self.failed(str(problem), problem.trace)

    def begins(self, resources: Iterable[Resource]) -> None:
        """Before the first call of each removal, because a removal of several calls may end between two of them."""
        self._write([{"entry": "begun", **_named(resource)} for resource in resources])

    def removed(self, resource: Resource, at: datetime) -> None:
        self._write([{"entry": "removed", **_named(resource), "at": at.isoformat(timespec="seconds")}])

    def failed(self, what: str, trace: str) -> None:
        """Keep the traceback of a mistake in this program; other failures leave none."""
        if trace:
            self._write([{"entry": "traceback", "what": what, "trace": trace}])

    def close(self) -> None:
        """Nothing is left: the receipt tells the rest."""
        self.file.unlink(missing_ok=True)

    def _write(self, entries: list[Entry]) -> None:
        if not entries:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as stream:
            if self._is_cut:  # the line that a kill left unfinished must not swallow the next one
                stream.write("\n")
                self._is_cut = False
            stream.writelines(json.dumps(entry) + "\n" for entry in entries)
            stream.flush()
            os.fsync(stream.fileno())
        for entry in entries:
            self._learn(entry)

    def _learn(self, entry: Entry) -> None:
        match entry["entry"]:
            case "region":
                self._regions[entry["region"]] = None
            case "tagged":
                self._tagged[_thing(entry)] = None
            case "begun":
                self._begun.add(_thing(entry))
            case "removed":
                self._begun.discard(_thing(entry))
                self.entries.append({key: entry[key] for key in ("kind", "name", "region", "at")})

    def _read(self) -> Iterable[Entry]:
        """Whole entries; the last line may have been cut by the kill that this file survives."""
        if not self.file.exists():
            return
        content = self.file.read_text(encoding="utf-8", errors="replace")
        self._is_cut = bool(content) and not content.endswith("\n")
        for line in content.splitlines():
            try:
                entry = parse_json(line.encode(), str(self.file))
            except InputError:
                continue
            if (
                isinstance(entry, dict)
                and all(isinstance(value, str) for value in entry.values())
                and KEYS.get(str(entry.get("entry")), {""}) <= entry.keys()
            ):
                yield entry


KEYS = {"region": {"region"}, "tagged": set(THING), "begun": set(THING), "removed": {*THING, "at"}}


def _is_whole(entry: object) -> bool:
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        return False
    return KEYS.get(entry.get("entry", ""), {""}) <= entry.keys()


def _has_logs(resource: Resource) -> bool:
    return resource.arn.split(":")[2:3] == ["sagemaker"]


def _named(resource: Resource) -> Entry:
    return {"region": resource.region, "kind": resource.kind, "name": resource.name}


def _thing(entry: Entry) -> Thing:
    return entry["region"], entry["kind"], entry["name"]
