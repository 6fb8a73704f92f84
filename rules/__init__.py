"""Rules for templates that start SageMaker jobs; usable by any CDK project, as a validation plugin or as functions."""
