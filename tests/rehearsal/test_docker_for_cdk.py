"""What a rehearsal changes in the CDK CLI's calls of docker."""

from __future__ import annotations

from pathlib import Path

from rehearsal.docker_for_cdk import adapted


def test_should_change_only_what_this_machine_lacks() -> None:
    call = ["build", "--build-arg", "MODEL_ADDRESS=https://x/m.tar.gz", "--build-arg", "MODEL_SHA256=ab", "--tag", "t"]
    call += ["--target", "cuda", "--file", "training_image/building/Dockerfile", "."]
    changed = adapted(call, Path("/models/stand-in"))
    assert changed == [
        *("build", "--build-context", "models=/models"),
        *("--build-arg", "MODEL_ADDRESS=models/stand-in", "--build-arg", "MODEL_SHA256=", "--tag", "t"),
        *("--target", "cpu", "--file", "training_image/building/Dockerfile", "."),
    ]
    assert adapted(["push", "localhost:1/a:b"], Path("m")) == ["push", "localhost:1/a:b"]
    assert adapted(["login", "--username", "AWS"], Path("m")) == []
