"""Calls that come faster than AWS allows are refused as AWS does, and clients that try again come through."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.runtime import Runtime
from local_aws.server import LocalAws
from local_aws.throttling import RATES, Bucket, Rate, Throttle

REGION = "ap-northeast-1"
ANOTHER_ACCOUNT = "210987654321"
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=16)
AGAIN = Config(retries={"mode": "standard", "total_max_attempts": 10}, max_pool_connections=16)
GROUP = "jobs"
ENOUGH = 2000  # calls, of which one must be too many


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("throttled")
    with LocalAws(folder, runtime=Runtime(folder), region=REGION, throttled=True) as running:
        for account in (running.session(), running.session(key=ANOTHER_ACCOUNT)):
            account.client("logs").create_log_group(logGroupName=GROUP)
        yield running


def logs_of(session: boto3.Session, config: Config) -> Any:
    return session.client("logs", config=config)


def answers(logs: Any, calls: int) -> Iterator[str]:
    """What sixteen people get for their calls: errors in words, nothing for an answer."""

    def call(number: int) -> str:
        try:
            logs.describe_log_streams(logGroupName=GROUP)
        except ClientError as error:
            told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            return f"{status} {told['Code']}: {told['Message']}"
        return ""

    with ThreadPoolExecutor(16) as pool:
        yield from pool.map(call, range(calls))


def exhaust(aws: LocalAws) -> set[str]:
    """Call until something is refused; what was answered."""
    logs, seen = logs_of(aws.session(), ONCE), set[str]()
    for _ in range(ENOUGH // 32):
        seen |= set(answers(logs, 32))
        if seen - {""}:
            return seen
    return seen


def test_should_refuse_a_burst_in_aws_words_and_count_it(aws: LocalAws) -> None:
    before = aws.throttled_calls
    assert exhaust(aws) == {"", "400 ThrottlingException: Rate exceeded"}
    assert aws.throttled_calls > before


def test_should_let_through_who_tries_again(aws: LocalAws) -> None:
    exhaust(aws)
    assert set(answers(logs_of(aws.session(), AGAIN), 20)) == {""}


def test_should_count_each_account_and_operation_by_itself(aws: LocalAws) -> None:
    exhaust(aws)
    logs_of(aws.session(key=ANOTHER_ACCOUNT), ONCE).describe_log_streams(logGroupName=GROUP)
    logs_of(aws.session(), ONCE).describe_log_groups()
    with pytest.raises(ClientError, match="DoesNotExist"):
        aws.session().client("stepfunctions", config=ONCE).describe_execution(
            executionArn=f"arn:aws:states:{REGION}:123456789012:execution:none:none"
        )


def test_should_refuse_nothing_unless_it_is_asked_to(tmp_path: Path) -> None:
    with LocalAws(tmp_path, runtime=Runtime(tmp_path), region=REGION) as aws:
        logs = logs_of(aws.session(), ONCE)
        logs.create_log_group(logGroupName=GROUP)
        assert set(answers(logs, 100)) == {""}
        assert aws.throttled_calls == 0


def test_should_fill_a_bucket_as_time_passes() -> None:
    bucket = Bucket(Rate(burst=3, per_second=2), tokens=3, filled=100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(100.6) for _ in range(2)] == [True, False]
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]


def test_should_have_a_bucket_per_account_region_and_operation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    throttle = Throttle(tmp_path / "throttled.log")
    burst = int(RATES["logs", "GetLogEvents"].burst)
    for scope in (("1", REGION), ("2", REGION), ("1", "us-west-2")):
        monkeypatch.setattr("local_aws.throttling.scope", lambda scope=scope: scope)
        assert [throttle.refuses("logs", "GetLogEvents") for _ in range(burst + 1)] == [False] * burst + [True]
        assert not throttle.refuses("logs", "DescribeLogStreams")
        assert not any(throttle.refuses("logs", "PutLogEvents") for _ in range(1000))
    assert throttle.log.read_text() == "logs GetLogEvents\n" * 3


def test_should_have_room_for_one_call_in_every_bucket() -> None:
    assert all(rate.burst >= 1 and rate.per_second > 0 for rate in RATES.values())
