"""The SageMaker requests of an execution that classifies a batch of articles, and does nothing else."""

from __future__ import annotations

from chitra.contract import BATCH_MEGABYTES, JSON_LINES
from infra.jobs import RUN, JobResources, Request, model_of, s3_place, tags
from infra.settings import Settings

ANSWER_SECONDS = 600  # for one request


def classifying_model(settings: Settings, resources: JobResources) -> Request:
    """CreateModel for a transform job, which runs on a CPU, from the artefact that the execution's input names."""
    return model_of(settings, resources, resources.images.preprocessing, is_isolated=True)


def transform_job(settings: Settings, resources: JobResources) -> Request:
    """CreateTransformJob: JSON lines with articles in, the same with the model's answers beside them out.

    One request at a time: it holds hundreds of articles, which the container reads on all cores, and its queue has no
    room for several of this size.
    """
    return {
        "TransformJobName": RUN,
        "ModelName": RUN,
        "BatchStrategy": "MultiRecord",
        "MaxConcurrentTransforms": 1,
        "MaxPayloadInMB": BATCH_MEGABYTES,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": ANSWER_SECONDS, "InvocationsMaxRetries": 3},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": s3_place(resources, "$articles & '/'")}},
            "ContentType": JSON_LINES,
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": s3_place(resources, "$articles"),
            "Accept": JSON_LINES,
            "AssembleWith": "Line",
        },
        "DataProcessing": {"JoinSource": "Input"},
        "TransformResources": {"InstanceType": settings.classification.instance_type, "InstanceCount": 1},
        "Tags": tags(settings),
    }
