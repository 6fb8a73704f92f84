"""How SageMaker calls its kinds of resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore import xform_name


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind's word in ARNs, its noun in operations, and the key of its list."""

    resource: str
    noun: str
    list_key: str

    @property
    def title(self) -> str:
        return self.resource.replace("-", " ")

    @property
    def plural_operation(self) -> str:
        return str(xform_name(f"List{self.noun}s"))

    @property
    def name_key(self) -> str:
        return f"{self.noun}Name"

    @property
    def arn_key(self) -> str:
        return f"{self.noun}Arn"

    @property
    def status_key(self) -> str:
        return f"{self.noun}Status"

    def call(self, sagemaker: Any, verb: str, name: str) -> Any:
        return getattr(sagemaker, xform_name(f"{verb}{self.noun}"))(**{self.name_key: name})


ENDPOINT = Kind("endpoint", "Endpoint", "Endpoints")
ENDPOINT_CONFIG = Kind("endpoint-config", "EndpointConfig", "EndpointConfigs")
MODEL = Kind("model", "Model", "Models")
PROCESSING = Kind("processing-job", "ProcessingJob", "ProcessingJobSummaries")
TRAINING = Kind("training-job", "TrainingJob", "TrainingJobSummaries")
TUNING = Kind("hyper-parameter-tuning-job", "HyperParameterTuningJob", "HyperParameterTuningJobSummaries")
TRANSFORM = Kind("transform-job", "TransformJob", "TransformJobSummaries")
NOTEBOOK = Kind("notebook-instance", "NotebookInstance", "NotebookInstances")
JOBS = (PROCESSING, TRAINING, TUNING, TRANSFORM)
