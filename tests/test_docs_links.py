"""No link between the project's documents leads nowhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.helpers.documents import DOCUMENTS, anchor, read
from tests.helpers.project import ROOT


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_should_lead_to_files_and_headings_that_exist(file: Path) -> None:
    targets = [target for section in read(file) for target in section.targets if "://" not in target]
    assert [target for target in targets if not leads_somewhere(file, target)] == []


def leads_somewhere(file: Path, target: str) -> bool:
    path, _, heading = unquote(target).partition("#")
    place = file.parent / path if path else file
    if not place.exists():
        return False
    return not heading or heading in {anchor(section.title) for section in read(place)}
