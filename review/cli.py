"""`python -m review`.

Exit codes: 0 done, 1 the policy forbids it (with --exit-code), 2 no review could be made, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from chitra.errors import EXIT_FAILURE, EXIT_INPUT, WorkshopError
from infra.prices import read_prices
from review.alarms import forbidden
from review.checkout import both_sides, project_root
from review.judgement import judge
from review.page import comment, page

OUTPUT = "build/review"
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Write build/review/review.md, comment.md and review.json, and print where, and the verdict."""
    parser = argparse.ArgumentParser(prog="review", description=__doc__)
    parser.add_argument("--base", default="", help="a commit; the merge base with it is reviewed against (main)")
    parser.add_argument("--exit-code", action="store_true", help="end with 1 where review/policy.json forbids it")
    options = parser.parse_args(arguments)
    try:
        return _review(options.base, fail=options.exit_code)
    except WorkshopError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_INPUT
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _review(base: str, *, fail: bool) -> int:
    root = project_root(Path.cwd())
    output = root / OUTPUT
    judgement = judge(*both_sides(root, output, base), read_prices())
    refused = [alarm for alarm in judgement.alarms if alarm in forbidden()]
    text = page(judgement, refused)
    (output / "review.md").write_text(text, encoding="utf-8")
    (output / "comment.md").write_text(comment(text), encoding="utf-8")
    document = json.dumps(judgement.as_json(), indent=1, ensure_ascii=False)
    (output / "review.json").write_text(f"{document}\n", encoding="utf-8")
    print(judgement.verdict)
    if refused:
        print(f"forbidden by review/policy.json: {', '.join(refused)}")
    print(f"{OUTPUT}/review.md, {OUTPUT}/review.json")
    return EXIT_FAILURE if refused and fail else 0
