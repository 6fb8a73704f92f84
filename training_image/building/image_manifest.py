"""Says which model an image bundles: /opt/chitra/manifest.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from chitra.errors import EXIT_INPUT, InputError
from chitra.fingerprint import fingerprint
from chitra.json_text import read_json
from chitra.tokenisation import load_tokenizer
from training_image.building.bundle import MANIFEST


def complete(folder: Path) -> dict[str, object]:
    """Add the tokenisation to what the bundling recorded (name, address, sha256).

    Raises:
        InputError: no model was bundled there, or it has no tokeniser that can be used.
    """
    file = folder / MANIFEST
    if not file.is_file():
        raise InputError(f"{file}: does not exist. Bundle a model first.")
    content: dict[str, object] = read_json(file)
    content["tokenisation"] = fingerprint(folder / "model").to_json()
    load_tokenizer(folder / "model")
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return content


def main() -> int:
    """2 for a folder that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m training_image.building.image_manifest", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds the bundled model and its manifest.json")
    try:
        print(json.dumps(complete(parser.parse_args().folder)))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
