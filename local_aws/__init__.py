"""A local AWS: MiniStack, and a SageMaker that really runs jobs and endpoints."""
