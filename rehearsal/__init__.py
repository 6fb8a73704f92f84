"""The local AWS: MiniStack with a SageMaker service that really runs jobs and endpoints."""
