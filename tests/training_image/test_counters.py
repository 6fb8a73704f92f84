"""Counters as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from training_image.counters import Counters, Gauge


def test_should_be_read_by_prometheus() -> None:
    counters = Counters()
    counters.gauges.append(Gauge("chitra_queue_tokens", "Work, in tokens.", lambda: 131072))
    for status in ("200", "200", "503"):
        counters.requests.add(status)
    for seconds in (0.02, 0.03, 70):
        counters.stage_seconds.observe(seconds, "model")
    counters.batch_inputs.observe(3)
    found = {family.name: family for family in text_string_to_metric_families(counters.text())}
    assert {name: family.type for name, family in found.items()} == {
        "chitra_requests": "counter",
        "chitra_request_seconds": "histogram",
        "chitra_stage_seconds": "histogram",
        "chitra_batch_inputs": "histogram",
        "chitra_batch_tokens": "histogram",
        "chitra_queue_tokens": "gauge",
    }
    samples = {
        (sample.name, *sample.labels.values()): sample.value for family in found.values() for sample in family.samples
    }
    assert samples["chitra_requests_total", "200"] == 2
    assert samples["chitra_queue_tokens",] == 131072
    assert [samples["chitra_stage_seconds_bucket", "model", bound] for bound in ("0.01", "0.025", "50", "+Inf")] == [
        0,
        1,
        2,
        3,
    ]
    assert samples["chitra_stage_seconds_sum", "model"] == 70.05
    assert samples["chitra_batch_inputs_count",] == 1
