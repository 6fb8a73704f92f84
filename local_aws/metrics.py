"""Values that SageMaker takes from a training job's log lines, by the regular expressions of the job's request."""

from __future__ import annotations

import re
import threading
import time

from local_aws.sagemaker_store import Record, Store

EMITTED = "EmittedMetrics"  # in a job's record, for tuning jobs: all values of each metric, in their order


class Metrics:
    """Keeps the newest value of each metric in the job's record, as DescribeTrainingJob tells them."""

    def __init__(self, store: Store, record: Record) -> None:
        definitions = record["AlgorithmSpecification"].get("MetricDefinitions", [])
        self._regexes = {each["Name"]: re.compile(each["Regex"]) for each in definitions}
        self._store, self._record = store, record
        self._lock = threading.Lock()

    def read(self, line: str) -> None:
        found = {name: match for name, regex in self._regexes.items() if (match := regex.search(line))}
        values = {name: value for name, match in found.items() if (value := _number(match)) is not None}
        if not values:
            return
        now = time.time()
        news = [{"MetricName": name, "Value": value, "Timestamp": now} for name, value in values.items()]
        with self._lock:  # of the job's hosts
            curves = self._record.setdefault(EMITTED, {})
            for name, value in values.items():
                curves.setdefault(name, []).append(value)
            known = self._record.get("FinalMetricDataList", [])
            kept = [each for each in known if each["MetricName"] not in values]
            self._store.update(self._record, FinalMetricDataList=[*kept, *news])


def _number(match: re.Match[str]) -> float | None:
    try:
        return float(match[1])
    except (IndexError, ValueError):  # the expression has no group, or its group holds no number
        return None
