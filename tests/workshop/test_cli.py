"""The command line: one clear line and a documented exit code for every mistake of a user."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.helpers.project import write_cdk_json

OFFLINE = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
}


def workshop(project: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(project, "workshop.cli", *arguments, **variables)


def run(project: Path, module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")} | OFFLINE | variables
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=project,
        env=environment,
        input="",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_should_list_its_commands(project: Path) -> None:
    done = workshop(project, "--help")
    assert done.returncode == 0
    commands = "fetch doctor smoke credentials upload run status endpoint predict export teardown verify"
    for command in commands.split():
        assert command in done.stdout


@pytest.mark.parametrize("module", ["workshop.cli", "rehearsal.cli"])
def test_should_know_the_usual_short_cuts(project: Path, module: str) -> None:
    assert run(project, module, "-h").stdout.startswith("Usage: ")
    assert run(project, module, "--version").stdout == f"chitra-workshop {version('chitra-workshop')}\n"


def test_should_name_the_participants_of_cdk_json(project: Path) -> None:
    done = workshop(project, "credentials")
    assert done.returncode == 2
    assert "name one participant, or --all. In cdk.json are: participant-1." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run"], 1, "no AWS credentials were found"),
        (["run", "-p", "epochs"], 2, "--hyperparameter epochs: write name=value"),
        (["run", "-p", "nosuch=1"], 2, "hyperparameter nosuch: is unknown. Known are attention"),
        (["run", "-p", "epochs=many"], 2, "hyperparameter epochs: Input should be a valid number"),
        (["run", "-p", "train-batch-size=0"], 2, "hyperparameter train-batch-size: Input should be greater than"),
        (["run", "--name", "has space"], 2, "chitra--has space: is no name of a run or endpoint"),
        (["predict"], 2, "no text was given"),
        (["upload", "--corpus", "nowhere"], 1, "no AWS credentials were found"),
        (["fetch", "model", "--version", "9"], 2, "--version 9: is unknown"),
        (["fetch", "corpus", "--from", "nowhere"], 2, "nowhere: does not exist"),
        (["fetch", "corpus", "--from", "app.py"], 2, "app.py: holds no .tar.gz"),
        (["fetch", "model", "--from", "nowhere"], 2, "nowhere: does not exist"),
        (["fetch", "model", "--from", "app.py"], 2, "app.py: truncated or unsafe ("),
        (["fetch", "model", "--from", "samples"], 2, "samples: is no chiTra model, config.json"),
        (["export", "--output", "app.py"], 2, "'app.py' is a file"),
        (["credentials", "a", "--all"], 2, "name one participant, or --all"),
        (["credentials", "a", "--revoke", "--rotate"], 2, "--revoke: goes neither with --rotate nor with --console"),
        (["endpoint", "create", "r", "--hours", "99"], 2, "--hours 99: must be from 1 to 72"),
        (["endpoint", "extend", "e", "--hours", "0"], 2, "--hours 0: must be from 1 to 72"),
        (["smoke"], 1, "no AWS credentials were found"),
        (["status"], 1, "no AWS credentials were found"),
        (["teardown"], 1, "no AWS credentials were found"),
        (["verify"], 1, "no AWS credentials were found"),
        (["nonsense"], 2, "No such command"),
        (["staus"], 2, "No such command 'staus'. Did you mean 'status'?"),
    ],
)
def test_should_explain_a_mistake_in_one_line(project: Path, arguments: list[str], code: int, message: str) -> None:
    done = workshop(project, *arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--corpus", "nowhere"], 2, "nowhere: no such corpus"),
        (["--model", "nowhere"], 2, "nowhere: is no chiTra model"),
        (["stand-in", "--corpus", "nowhere"], 2, "nowhere: no such corpus"),
        (["stand-in", "--corpus", "samples/corpus", "--output", "app.py"], 2, "'app.py' is a file"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_should_explain_a_mistake_in_a_rehearsals_call(
    project: Path, arguments: list[str], code: int, message: str
) -> None:
    done = run(project, "rehearsal.cli", *arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["status"], ["run"], ["doctor"], ["teardown"], ["credentials", "--all"]])
def test_should_name_a_profile_that_does_not_exist(project: Path, arguments: list[str]) -> None:
    done = workshop(project, *arguments, AWS_PROFILE="nosuch")
    assert done.returncode == 1
    assert "AWS_PROFILE: The config profile (nosuch) could not be found" in done.stderr
    assert "Traceback" not in done.stderr


def test_should_take_the_profile_and_the_region_that_are_asked_for(project: Path, tmp_path: Path) -> None:
    """Rather than the keys that the environment holds."""
    missing = workshop(project, "--profile", "nosuch", "status")
    assert missing.returncode == 2
    assert missing.stderr.startswith("error: --profile: The config profile (nosuch) could not be found")
    (tmp_path / "keys").write_text("[mine]\naws_access_key_id = MINE\naws_secret_access_key = x\n")
    program = (
        "from workshop import cli; from workshop.commands import common;"
        "common.read_settings = lambda folder: common.Settings(name='chitra', model={'address': 'https://a.b'});"
        "common.Account = lambda session: print(session.get_credentials().access_key, session.region_name);"
        "cli.main()"
    )
    keys = {"AWS_ACCESS_KEY_ID": "OTHER", "AWS_SECRET_ACCESS_KEY": "x"}
    files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys")}
    done = subprocess.run(
        [sys.executable, "-c", program, "--profile", "mine", "--region", "us-east-1", "status"],
        cwd=project,
        env={**os.environ, **keys, **files},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "MINE us-east-1\n"
    misspelt = workshop(project, "--region", "us_east_1", "status")
    assert (misspelt.returncode, misspelt.stderr) == (
        2,
        "error: --region us_east_1: is no region. Write for example us-east-1.\n",
    )


@pytest.mark.parametrize("command", ["status", "run", "doctor", "teardown"])
def test_should_name_a_configuration_that_is_none(project: Path, command: str) -> None:
    done = workshop(project, command, AWS_CONFIG_FILE="app.py")
    assert done.returncode == 1
    assert "AWS's configuration: Unable to parse config file: app.py. Mend the file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["status", "run", "doctor", "teardown"])
def test_should_name_an_endpoint_that_is_none(project: Path, command: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "x"}
    done = workshop(project, command, AWS_ENDPOINT_URL="nonsense", **keys)
    assert done.returncode == 1
    assert done.stderr == "error: AWS_ENDPOINT_URL: Invalid endpoint: nonsense. Give an address, or unset it.\n"


def test_should_name_a_place_where_nothing_can_be_written(project: Path, tmp_path: Path) -> None:
    write_cdk_json(tmp_path)
    (tmp_path / "build").write_text("in the way")
    done = workshop(project, "fetch", "model", "--from", "samples", "--folder", str(tmp_path))
    assert done.returncode == 1
    assert (
        done.stderr == f"error: {tmp_path}/build/models: Not a directory. Mend the place, then run the command again.\n"
    )
    (tmp_path / "cdk.json").unlink()
    (tmp_path / "cdk.json").mkdir()
    done = workshop(project, "status", "--folder", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path}/cdk.json: cannot be read (Is a directory).\n"


def test_should_say_that_aws_cannot_be_reached(project: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "x", "AWS_MAX_ATTEMPTS": "1"}
    done = workshop(project, "teardown", "--yes", **keys)
    assert done.returncode == 1
    assert "error: AWS did not answer (Could not connect to the endpoint URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_should_end_with_130_when_interrupted(project: Path) -> None:
    program = (
        "import os, signal; from workshop.commands import organise; from workshop import cli;"
        "organise.settings_of = lambda folder: os.kill(os.getpid(), signal.SIGINT); cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor"], cwd=project, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr


def test_should_say_that_standard_input_is_in_another_encoding(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "workshop.cli", "predict"],
        cwd=project,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        input="試合".encode("shift_jis"),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (b"error: standard input is not UTF-8. Convert it, say with: iconv -f SHIFT_JIS -t UTF-8.\n")


def test_should_start_without_the_libraries_that_take_seconds() -> None:
    program = (
        "import sys, workshop.cli;"
        "slow = {'datasets', 'gradio', 'matplotlib', 'pandas', 'sklearn', 'sudachipy', 'torch', 'transformers'};"
        "print(*sorted(slow & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []
