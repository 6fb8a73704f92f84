"""Classifies texts without an endpoint: `python -m training_image.predict FOLDER`.

Each line of standard input is a JSON list of texts, each line of standard output the JSON list of their answers, which
have ``label``, ``label_name``, ``logits`` and ``scores``.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from chitra.errors import EXIT_INPUT, InputError
from chitra.visible import visible
from training_image.hide import UNUSED_BY_PREDICTIONS, hide


def main() -> int:
    """2 when the folder holds no artefact that can be used here, or a package is missing."""
    parser = argparse.ArgumentParser(prog="python -m training_image.predict", description=__doc__)
    parser.add_argument("folder", type=Path, help="the artefact, unpacked")
    folder = parser.parse_args().folder
    hide(UNUSED_BY_PREDICTIONS)
    try:
        from training_image.predictor import Predictor

        predictor = Predictor(folder)
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name}: is not installed, and a model needs it. Set the project up: make setup.",
            file=sys.stderr,
        )
        return EXIT_INPUT
    except InputError as error:
        print(f"error: {visible(str(error))}", file=sys.stderr)
        return EXIT_INPUT
    for line in sys.stdin:
        answers = predictor.predict(json.loads(line))
        print(json.dumps([asdict(answer) for answer in answers]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
