"""What one run with an endpoint leaves in an account, made by plain AWS calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from infra.names import Names, bootstrap_bucket

ACCOUNT, REGION = "123456789012", "ap-northeast-1"


def leave_a_run(
    client: Callable[[str], Any],
    workshop: str,
    *,
    role: str,
    image: str,
    expires: str,
    endpoints_too: tuple[str, ...] = (),
    log_groups_too: tuple[str, ...] = (),
) -> str:
    """Model, endpoints, scalable target, schedule, logs and a staged template; returns the run's name."""
    names = Names(workshop)
    run, tags = f"{names.run_prefix}run-1", [{"Key": "workshop", "Value": workshop}]
    sagemaker, logs = client("sagemaker"), client("logs")
    sagemaker.create_model(ModelName=run, ExecutionRoleArn=role, PrimaryContainer={"Image": image}, Tags=tags)
    variant = {"VariantName": "v", "ModelName": run, "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    for name in (run, *endpoints_too):
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
    client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{run}/variant/v",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint",
        "RoleArn": role,
        "Input": json.dumps({"EndpointName": run}),
    }
    client("scheduler").create_schedule(
        Name=run, ScheduleExpression=f"at({expires})", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    known = {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}
    endpoint_groups = [f"/aws/sagemaker/Endpoints/{name}" for name in (run, *endpoints_too)]
    for group in ("/aws/sagemaker/TrainingJobs", *endpoint_groups, *log_groups_too):
        if group not in known:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=f"{run}/algo-1")
    client("s3").put_object(Bucket=bootstrap_bucket(ACCOUNT, REGION), Key=f"{names.staging_prefix}1.json", Body=b"{}")
    return run
