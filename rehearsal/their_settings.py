"""The settings of a workshop that is rehearsed: those of a folder, but for some."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from infra.settings import CDK_JSON, CONTEXT_KEY, Settings, read_settings


def write_settings(home: Path, folder: Path, changes: Mapping[str, object]) -> Settings:
    """Make ``folder`` a workshop's folder with the settings of ``home`` and these ``changes``.

    Raises:
        SettingsError: the settings of ``home``, or the changed ones, cannot be used.
    """
    read_settings(home)
    content = json.loads((home / CDK_JSON.name).read_text(encoding="utf-8"))
    content["context"][CONTEXT_KEY] |= changes
    (folder / CDK_JSON.name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return read_settings(folder)
