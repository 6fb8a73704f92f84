"""Posts a page as a comment on the pull request of a commit, or updates the one that is there: comment.py PAGE.

Of the environment: GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN as GitHub gives them, and HEAD_OWNER, HEAD_BRANCH
and HEAD_SHA. A page comes from a fork's code: it is sent as text, mentions nobody, and goes to no pull request but that
whose newest commit it is about.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- chitra-review -->"
AUTHOR = "github-actions[bot]"
LIMIT = 65_536
PER_PAGE = 100


def call(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """One call of GitHub's API, below the repository."""
    request = urllib.request.Request(  # noqa: S310 (the address is GitHub's own)
        f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}/{path}",
        json.dumps(body).encode() if body else None,
        {"Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}", "Accept": "application/vnd.github+json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def pull_request() -> int | None:
    """The open one whose newest commit was reviewed; None when it has a newer one by now."""
    head = urllib.parse.quote(f"{os.environ['HEAD_OWNER']}:{os.environ['HEAD_BRANCH']}")
    found = call("GET", f"pulls?state=open&head={head}")
    return next((each["number"] for each in found if each["head"]["sha"] == os.environ["HEAD_SHA"]), None)


def own_comment(number: int) -> int | None:
    """The comment that an earlier review left."""
    page = 1
    while comments := call("GET", f"issues/{number}/comments?per_page={PER_PAGE}&page={page}"):
        for each in comments:
            if each["user"]["login"] == AUTHOR and each["body"].startswith(MARK):
                return int(each["id"])
        page += 1
    return None


def main() -> int:
    number = pull_request()
    if number is None:
        print("no open pull request ends with this commit: nothing to comment on")
        return 0
    text = re.sub("@(?!\u200b)", "@\u200b", Path(sys.argv[1]).read_text(encoding="utf-8").removeprefix(MARK))
    body = {"body": (MARK + text)[:LIMIT]}
    if comment := own_comment(number):
        call("PATCH", f"issues/comments/{comment}", body)
    else:
        call("POST", f"issues/{number}/comments", body)
    return 0


if __name__ == "__main__":
    sys.exit(main())
