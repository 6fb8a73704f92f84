"""Says which model an image bundles: /opt/chitra/manifest.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from chitra.fingerprint import fingerprint
from chitra.json_text import read_json
from chitra.tokenisation import load_tokenizer
from training_image.building.bundle import MANIFEST


def complete(folder: Path) -> dict[str, object]:
    """Add the tokenisation to what the bundling recorded (name, address, sha256).

    Raises:
        InputError: the bundled model has no tokeniser that can be used.
    """
    file = folder / MANIFEST
    content: dict[str, object] = read_json(file)
    content["tokenisation"] = fingerprint(folder / "model").to_json()
    load_tokenizer(folder / "model")
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return content


if __name__ == "__main__":
    print(json.dumps(complete(Path(sys.argv[1]))))
