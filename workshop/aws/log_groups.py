"""Where SageMaker writes logs (its developer guide, "CloudWatch Logs for Amazon SageMaker AI")."""

from __future__ import annotations

PROCESSING_LOGS = "/aws/sagemaker/ProcessingJobs"
TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
TRANSFORM_LOGS = "/aws/sagemaker/TransformJobs"
NOTEBOOK_LOGS = "/aws/sagemaker/NotebookInstances"
STUDIO_LOGS = "/aws/sagemaker/studio"
ENDPOINT_LOGS = "/aws/sagemaker/Endpoints/"  # with the endpoint's name behind it
