"""The SageMaker processing job: `python -m preprocessing`."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from chitra.contract import DATASET_VARIABLE, base_dir, bundled_model_dir, instance_rank, report_end
from chitra.errors import EXIT_FAILURE, EXIT_INPUT, InputError
from chitra.visible import visible
from preprocessing.dataset import Shard
from preprocessing.job import preprocess

# Of what SudachiTra needs transformers for, where a text can be encoded by nothing else, PyTorch is no part.
WITHOUT_TORCH = {"USE_TORCH": "0", "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1"}


def main(argv: Sequence[str] | None = None) -> int:
    """0, 2 for input that cannot be used, 1 for a fault of ours; ``output/message`` says why in one line."""
    arguments = _parse(argv)
    try:
        summary = preprocess(
            base_dir() / "processing/input/corpus",
            base_dir() / "processing/output",
            model_dir=bundled_model_dir(),
            seed=arguments.seed,
            max_length=arguments.max_length,
            shard=_shard(arguments.sharded),
            dataset=os.environ.get(DATASET_VARIABLE, ""),
        )
    except InputError as error:
        print(f"error: {visible(str(error))}", file=sys.stderr)
        report_end("message", str(error))
        return EXIT_INPUT
    except Exception as error:
        traceback.print_exc()
        report_end("message", f"preprocessing failed: {type(error).__name__}: {error}")
        return EXIT_FAILURE
    print(summary)
    report_end("message", summary)
    return 0


def _shard(sharded: bool) -> Shard | None:
    """This instance's part of the job's output; None where one instance reads the whole corpus."""
    number, count = instance_rank()
    if sharded:
        return Shard(number, count)
    if count > 1:
        raise InputError(
            f"InstanceCount {count}: several instances need --sharded, and ShardedByS3Key as distribution."
        )
    return None


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m preprocessing", description=__doc__)
    parser.add_argument("--max-length", type=int, default=512, help="ids per article at most (default: 512)")
    parser.add_argument(
        "--sharded", action="store_true", help="the input is this instance's share: split each article by itself"
    )
    parser.add_argument("--seed", type=int, default=42, help="decides the split (default: 42)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    os.environ |= WITHOUT_TORCH
    sys.exit(main())
