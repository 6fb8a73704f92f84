"""The requests with which an execution lets its endpoint scale: Application Auto Scaling adds and takes instances.

Values in ``{% %}`` are JSONata, evaluated by Step Functions.
"""

from __future__ import annotations

from infra.jobs import ASYNCHRONOUS, RUN, VARIANT, Request
from infra.settings import TAG_KEY, EndpointSettings, Settings

# Requests per minute and instance to which the number of instances is adapted: some two thirds of what a model of 12 x
# 768 answers on two cores with texts of 512 tokens (docs/benchmarks.md); a GPU answers several times as many.
INVOCATIONS_PER_MINUTE = 120
WAITING_PER_INSTANCE = 5  # requests of an asynchronous endpoint, as in AWS's own example
COOL_DOWN_SECONDS = {"ScaleOutCooldown": 60, "ScaleInCooldown": 300}


def scalable_target(settings: Settings) -> Request:
    """RegisterScalableTarget."""
    return {
        **_variant(),
        "MinCapacity": settings.endpoint.min_instances,
        "MaxCapacity": settings.endpoint.max_instances,
        "Tags": {TAG_KEY: settings.name},
    }


def scaling_policy(settings: Settings) -> Request:
    """PutScalingPolicy."""
    return {
        **_variant(),
        "PolicyName": RUN,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {**_target(settings.endpoint), **COOL_DOWN_SECONDS},
    }


def _variant() -> Request:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"{{% 'endpoint/' & $run & '/variant/{VARIANT}' %}}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _target(endpoint: EndpointSettings) -> Request:
    if endpoint.kind != ASYNCHRONOUS:
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return {"TargetValue": INVOCATIONS_PER_MINUTE, "PredefinedMetricSpecification": metric}
    backlog = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Dimensions": [{"Name": "EndpointName", "Value": RUN}],
        "Statistic": "Average",
    }
    return {"TargetValue": WAITING_PER_INSTANCE, "CustomizedMetricSpecification": backlog}
