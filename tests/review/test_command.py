"""`python -m review` in a repository of its own, as a pull request makes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.project import CONTEXT, ROOT, copy_project, write_cdk_json

KEYS = {"base", "head", "verdict", "resources", "iam", "settings", "cost", "findings", "noise"}


def git(folder: Path, *arguments: str) -> str:
    as_somebody = ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", *arguments]
    return subprocess.run(as_somebody, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a change")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("pull-request") / "project", more=(".gitignore", "requirements.lock"))
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / ".git/info/exclude").write_text(".venv\nnode_modules\n")
    commit(folder)
    return folder


@pytest.fixture
def branch(project: Path) -> Iterator[Path]:
    git(project, "switch", "--quiet", "--create", "change")
    yield project
    git(project, "checkout", "--quiet", "--force", "main")
    git(project, "clean", "--quiet", "--force", "-d")
    git(project, "branch", "--quiet", "-D", "change")


def review(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Whoever has credentials has none of them used: an endpoint that does not answer would tell.
    account = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "review", *arguments],
        cwd=folder,
        env={**os.environ, **account, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def read(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "build/review/review.json").read_text(encoding="utf-8"))
    return document


def test_should_see_images_and_noise_alone_where_a_comment_and_the_dockerfile_change(branch: Path) -> None:
    for name in ("infra/storage.py", "training_image/building/Dockerfile"):
        file = branch / name
        file.write_text(file.read_text(encoding="utf-8") + "# Nothing.\n", encoding="utf-8")
    commit(branch)
    done = review(branch)
    assert done.returncode == 0, done.stderr
    assert "No resource changes; images are built again: Image/Asset, Image/CudaAsset." in done.stdout
    document = read(branch)
    assert document.keys() == KEYS
    assert document["resources"] == {"added": [], "changed": [], "removed": [], "replaced": []}
    assert document["iam"] == {"gained": [], "lost": []}
    assert document["noise"] > 0
    assert document["base"] == git(branch, "rev-parse", "main")[:12]


def test_should_fail_on_what_the_policy_forbids_and_leave_no_worktree(branch: Path) -> None:
    """The working tree is reviewed, committed or not."""
    storage = branch / "infra/storage.py"
    text = storage.read_text(encoding="utf-8")
    storage.write_text(text.replace("bucket_name=bucket_name", 'bucket_name="chitra-sagemaker-elsewhere"'), "utf-8")
    write_cdk_json(branch, CONTEXT | {"retention_days": 30})
    done = review(branch, "--base", "HEAD", "--exit-code")
    assert done.returncode == 1, done.stderr
    assert "forbidden by review/policy.json: data-lost" in done.stdout
    document = read(branch)
    assert document["settings"] == [{"key": "workshop.retention_days", "old": 14, "new": 30}]
    [bucket, policy] = document["resources"]["replaced"]
    assert (bucket["type"], bucket["why"]) == ("AWS::S3::Bucket", "BucketName cannot be changed in place")
    assert (policy["type"], policy["stack"]) == ("AWS::S3::BucketPolicy", "chitra-foundation")
    assert "uncommitted" in document["head"]
    assert "💾" in (branch / "build/review/review.md").read_text(encoding="utf-8")
    assert len(git(branch, "worktree", "list").splitlines()) == 1


def test_should_see_nothing_where_only_comments_change(branch: Path) -> None:
    file = branch / "infra/workflow.py"
    file.write_text(f"# A comment.\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    done = review(branch, "--exit-code")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "Nothing changes.")
    assert read(branch)["noise"] == 0


def test_should_give_a_base_that_locks_other_packages_an_environment_of_its_own(branch: Path) -> None:
    """As its own Makefile makes it."""
    script = branch / "python.sh"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    (branch / "Makefile").write_text(".venv/.installed:\n\tmkdir .venv/bin\n\tcp python.sh .venv/bin/python\n")
    commit(branch)
    with (branch / "requirements.lock").open("a") as lock:
        lock.write("# raised\n")
    done = review(branch, "--base", "HEAD")
    assert (done.returncode, done.stdout.partition("\n")[0]) == (0, "Nothing changes."), done.stderr
    [environment] = (branch / "build/review/environments").iterdir()
    assert {file.name for file in environment.iterdir()} == {"bin", ".finished"}


def test_should_review_another_project_whose_templates_have_nothing_of_a_workshop(tmp_path: Path) -> None:
    """All that it needs is git, a cdk.json, and an app that writes templates where the CDK says."""
    git(tmp_path, "init", "--quiet", "--initial-branch", "trunk")
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "sh app.sh"}))
    (tmp_path / "app.sh").write_text('mkdir -p "$CDK_OUTDIR" && cp *.template.json "$CDK_OUTDIR"')
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "orders", "BillingMode": "PAY_PER_REQUEST"}}
    template = tmp_path / "shop.template.json"
    template.write_text(json.dumps({"Resources": {"Orders": table}}))
    commit(tmp_path)
    template.write_text(json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}))
    done = review(tmp_path, "--base", "trunk")
    assert done.returncode == 0, done.stderr
    document = read(tmp_path)
    assert document["resources"]["removed"] == [
        {
            "stack": "shop",
            "logical_id": "Orders",
            "type": "AWS::DynamoDB::Table",
            "why": "no longer in the template: it is deleted",
        }
    ]
    assert [each["logical_id"] for each in document["resources"]["added"]] == ["Topic"]
    assert document["cost"]["after"] == {"per_hour": None, "per_execution": None, "worst": None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "nosuch"], "error: nosuch: is no commit here. Fetch it, or name another: make review BASE=HEAD~1."),
        (["--base", "--help"], "expected one argument"),
    ],
)
def test_should_say_in_one_line_what_cannot_be_reviewed(project: Path, arguments: list[str], message: str) -> None:
    done = review(project, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_should_say_which_side_cannot_be_synthesised(branch: Path) -> None:
    write_cdk_json(branch, CONTEXT | {"regoin": "us-east-1"})
    done = review(branch)
    assert done.returncode == 2
    assert (
        "and uncommitted changes: .venv/bin/python app.py failed, and said last: cdk.json: workshop.regoin"
        in done.stderr
    )
