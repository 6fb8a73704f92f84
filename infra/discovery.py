"""What a deployment offers, under names that commands know: no ARN is copied by hand."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.names import PARAMETER_KEYS, Names


class Discovery(Construct):
    """One SSM parameter per key of ``PARAMETER_KEYS``."""

    def __init__(self, scope: Construct, construct_id: str, *, names: Names, values: Mapping[str, str]) -> None:
        super().__init__(scope, construct_id)
        for key in PARAMETER_KEYS:
            ssm.StringParameter(self, key, parameter_name=names.parameter(key), string_value=values[key])
