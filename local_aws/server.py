"""Starts and stops the local AWS, and says how to reach it."""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
import httpx

from local_aws.ports import endpoint_url, free_port
from local_aws.quotas import VARIABLE as QUOTAS_VARIABLE
from local_aws.record import VARIABLE as RECORD_VARIABLE
from local_aws.runtime import KEPT_VARIABLES, Runtime
from local_aws.throttling import VARIABLE as THROTTLE_VARIABLE

ACCOUNT = "123456789012"
ROOT_SECRET = "local"  # noqa: S105  (an account that exists in memory only)
LOG = "local-aws.log"
WORK_VARIABLE = "REHEARSAL_WORK_DIR"
STAY_VARIABLE = "REHEARSAL_STAY_FILE"
START_SECONDS = 60
STOP_SECONDS = 10


class LocalAwsError(Exception):
    """The local AWS did not start; the message says why."""


class LocalAws:
    """A context manager: inside of it, AWS runs on a loopback port, with its state in memory.

    It ends with this process, unless it was told to ``leave_running``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        runtime: Runtime,
        region: str,
        quotas: Mapping[str, int] | None = None,
        throttled: bool = False,
        rates: Mapping[str, tuple[float, float]] | None = None,
        stay_file: Path | None = None,
    ) -> None:
        """``quotas`` limit the instances at work, by ``TrainingJob``, ``ProcessingJob`` and ``Endpoint``; with
        ``throttled``, calls that come faster than AWS allows are refused; ``rates`` are further ones, of calls for
        which AWS publishes none: burst and calls per second by ``sagemaker CreateTrainingJob``. While ``stay_file``
        is there, it goes on without this process."""
        self._stay_file = stay_file
        self._quotas = quotas or {}
        self._throttled = throttled
        self._rates = rates or {}
        self.region = region
        self.port = free_port()
        self._folder = folder
        self._runtime = runtime
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LocalAws:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._throttle_log.unlink(missing_ok=True)
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "local_aws"],
                env=self._server_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await_start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def log_file(self) -> Path:
        return self._folder / LOG

    @property
    def throttled_calls(self) -> int:
        """How many calls were refused so far, because they came too fast."""
        log = self._throttle_log
        return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0

    @property
    def _throttle_log(self) -> Path:
        return self._folder / "throttled.log"

    def environment(self) -> dict[str, str]:
        """Variables with which any AWS client, the CDK CLI among them, talks to the local AWS as its root user."""
        kept = {key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}
        return kept | root_variables(self.port, self.region, self._folder)

    def session(self, *, key: str = ACCOUNT, secret: str = ROOT_SECRET) -> boto3.Session:
        """A session of the root user, or of an access key that was issued."""
        return LocalSession(endpoint_url(self.port), key, secret, self.region)

    def session_from(self, credentials: Path) -> boto3.Session:
        """A session with the access key in a credentials file."""
        content = configparser.ConfigParser()
        content.read(credentials)
        default = content["default"]
        return self.session(key=default["aws_access_key_id"], secret=default["aws_secret_access_key"])

    @property
    def pid(self) -> int:
        """Of the server while it runs, and of the group to which everything belongs that it starts."""
        assert self._process is not None
        return self._process.pid

    def leave_running(self) -> None:
        """Let the server go on after this block and this process, as long as its ``stay_file`` is there."""
        self._process = None

    def stop(self) -> None:
        """End the server and everything it started."""
        process, self._process = self._process, None
        if process is None:
            return
        self._end_group(process)
        self._runtime.remove_what_is_left(self.port)

    def _end_group(self, process: subprocess.Popen[bytes]) -> None:
        for sent, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sent)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
                if sent == signal.SIGKILL:
                    return

    def _server_environment(self) -> dict[str, str]:
        return {
            **{key: os.environ[key] for key in (*KEPT_VARIABLES, RECORD_VARIABLE) if key in os.environ},
            **self._runtime.to_environment(),
            WORK_VARIABLE: str(self._folder / "jobs"),
            **({STAY_VARIABLE: str(self._stay_file)} if self._stay_file else {}),
            QUOTAS_VARIABLE: json.dumps(self._quotas),
            **(self._throttling() if self._throttled else {}),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",  # would listen on every address
            "SFTP_ENABLED": "0",  # the same
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
            "MINISTACK_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SFN_WAIT_SCALE": "0.1",
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }

    def _throttling(self) -> dict[str, str]:
        return {THROTTLE_VARIABLE: json.dumps({"log": str(self._throttle_log), "rates": self._rates})}

    def _await_start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{endpoint_url(self.port)}/_ministack/health", timeout=2).status_code == 200:
                    return
            time.sleep(0.2)
        tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-10:])
        raise LocalAwsError(f"The local AWS did not start. The end of {self.log_file}:\n{tail}")


def root_variables(port: int, region: str, folder: Path) -> dict[str, str]:
    """Of AWS clients and the CDK CLI, for the root user of the local AWS at ``port``."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url(port),
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CDK_HOME": str(folder / "cdk-home"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }


class LocalSession(boto3.Session):
    """A boto3 session whose clients talk to one endpoint, whatever the environment says."""

    def __init__(self, url: str, key: str, secret: str, region: str) -> None:
        super().__init__(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)
        self._url = url

    def client(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("endpoint_url", self._url)
        return super().client(*args, **kwargs)
