"""Says what a prediction rests on, word by word: `python -m training_image.explain FOLDER`.

Each line of standard input is ``{"text": ..., "label": ...}``, each line of standard output its explanation (see
`chitra.contract.Explanation`). The endpoint starts this as a process of its own when it is first asked: predictions
need no PyTorch then, and what takes too long can be ended.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from chitra.errors import EXIT_INPUT, InputError
from chitra.visible import visible
from training_image.artefact import read_tokenisation
from training_image.hide import UNUSED_BY_PREDICTIONS, hide


def main() -> int:
    """2 when the folder holds no artefact that can be used here."""
    parser = argparse.ArgumentParser(prog="python -m training_image.explain", description=__doc__)
    parser.add_argument("folder", type=Path, help="the artefact, unpacked")
    folder = parser.parse_args().folder
    hide(UNUSED_BY_PREDICTIONS)
    try:
        tokenisation = read_tokenisation(folder)
        from training_image.integrated_gradients import Explainer  # brings PyTorch, which takes seconds

        explainer = Explainer(folder, tokenisation)
    except InputError as error:
        print(f"error: {visible(str(error))}", file=sys.stderr)
        return EXIT_INPUT
    for line in sys.stdin:
        print(json.dumps(explainer.explain(**json.loads(line))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
