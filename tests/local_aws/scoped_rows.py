"""Who may do what with access ``scoped``: calls, and whether IAM lets them through.

Workshop ``chitra`` has two participants. Each has a run of their own, ``r``, with model and endpoint.
"""

from __future__ import annotations

import json
from typing import Any

from local_aws.server import ACCOUNT
from tests.local_aws.permission_row import no, yes
from tests.local_aws.permission_rows import DEPLOY_ROLE, OTHER_CASE, OTHER_TAG, REGION, STRANGE, TAG, at, put

BUCKET = f"chitra-sagemaker-{ACCOUNT}-{REGION}"
P1, P2, JOB, DATASETS, WORKFLOW, GATES = (
    *("participant-1", "participant-2", "job of participant-1"),
    *("preprocessing", "workflow", "gates"),
)


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def run(participant: int, name: str = "r") -> str:
    return f"chitra--participant-{participant}-{name}"


OWN_ROLE, THEIR_ROLE = (role(f"chitra--participant-{number}-jobs") for number in (1, 2))
PREPROCESSING_ROLE, ORGANISERS_ROLE = role("chitra-preprocessing"), role("chitra-sagemaker-execution")
OWN_GATE, THEIR_GATE = (at(f"stateMachine:{run(number, 'start')}", "states") for number in (1, 2))
MACHINE = at("stateMachine:chitra-workflow", "states")
OWN_EXECUTION, THEIR_EXECUTION = (at(f"execution:chitra-workflow:participant-{n}-r", "states") for n in (1, 2))
IMAGE, BOOTSTRAP = f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}", f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
TUNING = "hyper_parameter_tuning_job"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def training(name: str, passed: str = OWN_ROLE, instance: str = "ml.m5.xlarge", **more: Any) -> dict[str, Any]:
    """Its image does not exist, so that an allowed job does not start."""
    return {
        "TrainingJobName": name,
        "RoleArn": passed,
        "AlgorithmSpecification": {"TrainingImage": "x/none:1", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {"InstanceType": instance, "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def model(name: str, passed: str = OWN_ROLE, **more: Any) -> dict[str, Any]:
    container = {"Image": "x/none:1", "ModelDataUrl": f"s3://{BUCKET}/models/{run(1)}/output/model.tar.gz"}
    return {"ModelName": name, "ExecutionRoleArn": passed, "PrimaryContainer": container, **more}


def config(name: str, of: str, instance: str = "ml.m5.xlarge", **more: Any) -> dict[str, Any]:
    variant = {"VariantName": "v", "ModelName": of, "InstanceType": instance, "InitialInstanceCount": 1}
    return {"EndpointConfigName": name, "ProductionVariants": [variant], **more}


def endpoint(name: str, of: str, **more: Any) -> dict[str, Any]:
    return {"EndpointName": name, "EndpointConfigName": of, **more}


def serverless(name: str, of: str) -> dict[str, Any]:
    capacity = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}
    return config(name, of) | {"ProductionVariants": [{"VariantName": "v", "ModelName": of, **capacity}], "Tags": TAG}


def read(key: str, bucket: str = BUCKET) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key}


STORAGE = [
    yes(P1, "s3.put_object", "their own corpus", **put("corpora/chitra-participant-1/a.jsonl", BUCKET)),
    yes(P1, "s3.put_object", "their own folder", **put("users/chitra-participant-1/notes", BUCKET)),
    yes(P1, "s3.put_object", "their own record", **put("exports/chitra-participant-1/r.json", BUCKET)),
    yes(P1, "s3.get_object", "the workshop's corpus", **read("corpus/a.jsonl")),
    yes(P1, "s3.get_object", "a dataset", **read("datasets/k/train/x")),
    yes(P1, "s3.get_object", "their own model", **read(f"models/{run(1)}/output/model.tar.gz")),
    yes(P1, "s3.list_objects_v2", "names in the bucket", Bucket=BUCKET),
    no(P1, "s3.get_object", "another's model", **read(f"models/{run(2)}/output/model.tar.gz")),
    no(P1, "s3.get_object", "another's corpus", **read("corpora/chitra-participant-2/a.jsonl")),
    no(P1, "s3.get_object", "another's folder", **read("users/chitra-participant-2/notes")),
    no(P1, "s3.get_object", "a user's whose name begins alike", **read("users/chitra-participant-10/notes")),
    no(P1, "s3.put_object", "another's folder", **put("users/chitra-participant-2/notes", BUCKET)),
    no(P1, "s3.put_object", "beside the folders", **put("mine", BUCKET)),
    no(P1, "s3.put_object", "their own model", **put(f"models/{run(1)}/output/model.tar.gz", BUCKET)),
    no(P1, "s3.put_object", "a dataset", **put("datasets/k/train/x", BUCKET)),
    no(P1, "s3.delete_object", "a dataset's mark", **read("datasets/k/complete.json")),
    no(P1, "s3.put_object", "the workshop's corpus", **put("corpus/a.jsonl", BUCKET)),
    no(P1, "s3.delete_object", "a version", **read("users/chitra-participant-1/notes"), VersionId="null"),
    no(P1, "s3.put_object", "a stranger's bucket called sagemaker", **put("x", STRANGE)),
    no(P1, "s3.list_objects_v2", "a stranger's bucket", Bucket=STRANGE),
    no(P1, "s3.put_object", "templates of deployments", **put("chitra/template.json", BOOTSTRAP)),
    no(P1, "s3.put_bucket_versioning", "versioning", Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}),
    no(P1, "s3.create_bucket", "a bucket", Bucket="new-sagemaker-bucket"),
    yes(JOB, "s3.get_object", "a dataset", **read("datasets/k/train/x")),
    yes(JOB, "s3.put_object", "their own model", **put(f"models/{run(1)}/output/model.tar.gz", BUCKET)),
    yes(JOB, "s3.put_object", "their own checkpoint", **put(f"checkpoints/{run(1)}/x", BUCKET)),
    no(JOB, "s3.put_object", "another's model", **put(f"models/{run(2)}/output/model.tar.gz", BUCKET)),
    no(JOB, "s3.get_object", "another's model", **read(f"models/{run(2)}/output/model.tar.gz")),
    no(JOB, "s3.get_object", "another's corpus", **read("corpora/chitra-participant-2/a.jsonl")),
    no(JOB, "s3.put_object", "a shared dataset", **put("datasets/k/train/x", BUCKET)),
    no(JOB, "s3.delete_object", "a shared dataset", **read("datasets/k/train/x")),
    no(JOB, "s3.put_object", "the workshop's corpus", **put("corpus/a.jsonl", BUCKET)),
    no(JOB, "s3.put_object", "an export's record", **put("exports/chitra-participant-1/r.json", BUCKET)),
    no(JOB, "s3.get_object", "a stranger's bucket", **read("x", STRANGE)),
    yes(DATASETS, "s3.put_object", "a dataset", **put("datasets/k/train/x", BUCKET)),
    yes(DATASETS, "s3.get_object", "a participant's corpus", **read("corpora/chitra-participant-2/a.jsonl")),
    no(DATASETS, "s3.put_object", "a corpus", **put("corpora/chitra-participant-2/a.jsonl", BUCKET)),
    no(DATASETS, "s3.get_object", "a model", **read(f"models/{run(1)}/output/model.tar.gz")),
    no(WORKFLOW, "s3.put_object", "a model", **put(f"models/{run(1)}/output/model.tar.gz", BUCKET)),
    no(WORKFLOW, "s3.get_object", "a corpus", **read("corpus/a.jsonl")),
]

SAGEMAKER = [
    yes(P1, "sagemaker.create_training_job", "an own job", **training(run(1, "x"), Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "without tags", **training(run(1, "x"))),
    no(P1, "sagemaker.create_training_job", "another workshop's tag", **training(run(1, "x"), Tags=OTHER_TAG)),
    no(P1, "sagemaker.create_training_job", "a tag of another case", **training(run(1, "x"), Tags=OTHER_CASE)),
    no(P1, "sagemaker.create_training_job", "another's name", **training(run(2, "x"), Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "nobody's name", **training("mine", Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "a name that begins alike", **training(run(10, "x"), Tags=TAG)),
    no(
        *(P1, "sagemaker.create_training_job", "a large instance"),
        **training(run(1, "x"), instance="ml.p4d.24xlarge", Tags=TAG),
    ),
    no(P1, "sagemaker.create_training_job", "another's role", **training(run(1, "x"), THEIR_ROLE, Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "preprocessing's role", **training(run(1), PREPROCESSING_ROLE, Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "the organiser's role", **training(run(1), ORGANISERS_ROLE, Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "an administrator's role", **training(run(1), DEPLOY_ROLE, Tags=TAG)),
    no(
        *(P1, "sagemaker.create_processing_job", "the name of a dataset's job"),
        ProcessingJobName="chitra--dataset-0123456789abcdef-1",
        RoleArn=OWN_ROLE,
        AppSpecification={"ImageUri": "x/none:1"},
        ProcessingResources={
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 1}
        },
        Tags=TAG,
    ),
    yes(P1, "sagemaker.create_model", "an own model", **model(run(1, "x"), Tags=TAG)),
    no(P1, "sagemaker.create_model", "another's role", **model(run(1, "x"), THEIR_ROLE, Tags=TAG)),
    yes(P1, "sagemaker.create_endpoint_config", "of an own model", **config(run(1, "x"), run(1), Tags=TAG)),
    yes(P1, "sagemaker.create_endpoint_config", "a serverless one", **serverless(run(1, "s"), run(1))),
    no(P1, "sagemaker.create_endpoint_config", "of another's model", **config(run(1, "y"), run(2), Tags=TAG)),
    no(P1, "sagemaker.create_endpoint_config", "a serverless one of another's", **serverless(run(1, "z"), run(2))),
    no(
        *(P1, "sagemaker.create_endpoint_config", "a large one"),
        **config(run(1, "y"), run(1), "ml.g5.48xlarge", Tags=TAG),
    ),
    yes(P1, "sagemaker.create_endpoint", "an own one", **endpoint(run(1, "x"), run(1), Tags=TAG)),
    no(P1, "sagemaker.create_endpoint", "of another's config", **endpoint(run(1, "y"), run(2), Tags=TAG)),
    no(P1, "sagemaker.update_endpoint", "an own one", **endpoint(run(1), run(1))),
    yes(P1, "sagemaker-runtime.invoke_endpoint", "an own one", EndpointName=run(1), Body=b"{}"),
    no(P1, "sagemaker-runtime.invoke_endpoint", "another's", EndpointName=run(2), Body=b"{}"),
    no(P1, "sagemaker.delete_endpoint", "another's", EndpointName=run(2)),
    no(P1, "sagemaker.delete_endpoint_config", "another's", EndpointConfigName=run(2)),
    no(P1, "sagemaker.delete_model", "another's", ModelName=run(2)),
    yes(P1, "sagemaker.describe_endpoint", "an own one", EndpointName=run(1)),
    no(P1, "sagemaker.describe_endpoint", "another's", EndpointName=run(2)),
    no(P1, "sagemaker.describe_training_job", "another's", TrainingJobName=run(2)),
    no(P1, "sagemaker.stop_training_job", "another's", TrainingJobName=run(2)),
    no(P1, "sagemaker.stop_processing_job", "a dataset's", ProcessingJobName="chitra--dataset-0123456789abcdef-1"),
    yes(P1, "sagemaker.list_training_jobs", "names"),
    yes(P1, f"sagemaker.describe_{TUNING}", "an own one", HyperParameterTuningJobName=run(1)),
    yes(P1, f"sagemaker.list_training_jobs_for_{TUNING}", "an own one's", HyperParameterTuningJobName=run(1)),
    no(P1, f"sagemaker.list_training_jobs_for_{TUNING}", "another's", HyperParameterTuningJobName=run(2)),
    no(
        *(P1, f"sagemaker.create_{TUNING}", "a tuning beside the workflow"),
        HyperParameterTuningJobName=run(1, "x"),
        HyperParameterTuningJobConfig={"Strategy": "Random", "ResourceLimits": {"MaxParallelTrainingJobs": 1}},
        Tags=TAG,
    ),
    no(P1, "sagemaker.add_tags", "an own model", ResourceArn=at(f"model/{run(1)}"), Tags=OTHER_TAG),
    no(P1, "sagemaker.delete_tags", "an own model's", ResourceArn=at(f"model/{run(1)}"), TagKeys=["workshop"]),
    no(P1, "sagemaker.create_presigned_domain_url", "opens Studio", DomainId="d-1", UserProfileName="u"),
    no(P1, "sagemaker.create_cluster", "a HyperPod cluster", ClusterName=run(1), Tags=TAG),
    no(JOB, "sagemaker.create_training_job", "a job from a job", **training(run(1, "x"), Tags=TAG)),
    no(JOB, "sagemaker.delete_endpoint", "an own one", EndpointName=run(1)),
    no(JOB, "sagemaker.list_endpoints", "names"),
    no(DATASETS, "sagemaker.create_model", "a model", **model(run(1, "x"), PREPROCESSING_ROLE, Tags=TAG)),
    yes(WORKFLOW, "sagemaker.delete_model", "a model that classified", ModelName=run(1)),
    no(WORKFLOW, "sagemaker.create_training_job", "another role", **training(run(1), DEPLOY_ROLE, Tags=TAG)),
    no(GATES, "sagemaker.create_training_job", "a job", **training(run(1), Tags=TAG)),
]

ACCOUNT_WIDE = [
    yes(P1, "stepfunctions.start_execution", "the own gate", stateMachineArn=OWN_GATE, name="x", input="[]"),
    no(P1, "stepfunctions.start_execution", "another's gate", stateMachineArn=THEIR_GATE),
    no(P1, "stepfunctions.start_execution", "the workflow itself", stateMachineArn=MACHINE),
    no(P1, "stepfunctions.list_executions", "everybody's", stateMachineArn=MACHINE),
    no(P1, "stepfunctions.update_state_machine", "the own gate", stateMachineArn=OWN_GATE, definition="{}"),
    no(P1, "stepfunctions.delete_state_machine", "the own gate", stateMachineArn=OWN_GATE),
    yes(P1, "stepfunctions.describe_execution", "an own one", executionArn=OWN_EXECUTION),
    no(P1, "stepfunctions.describe_execution", "another's", executionArn=THEIR_EXECUTION),
    no(P1, "stepfunctions.get_execution_history", "another's", executionArn=THEIR_EXECUTION),
    no(P1, "stepfunctions.stop_execution", "another's", executionArn=THEIR_EXECUTION),
    no(GATES, "stepfunctions.start_execution", "a gate", stateMachineArn=OWN_GATE),
    no(GATES, "stepfunctions.stop_execution", "a run", executionArn=OWN_EXECUTION),
    no(WORKFLOW, "stepfunctions.start_execution", "itself", stateMachineArn=MACHINE),
    *(
        no(who, "sts.assume_role", "the CDK's role", RoleArn=DEPLOY_ROLE, RoleSessionName="session")
        for who in (P1, JOB, DATASETS, WORKFLOW, GATES)
    ),
    no(P1, "sts.assume_role", "the own jobs' role", RoleArn=OWN_ROLE, RoleSessionName="session"),
    no(P1, "sts.get_federation_token", "a session that outlives the key", Name="longer"),
    no(P1, "iam.create_user", "a user", UserName="chitra-participant-3"),
    no(P1, "iam.create_access_key", "a key for another", UserName="chitra-participant-2"),
    no(P1, "iam.attach_user_policy", "more", UserName="chitra-participant-1", PolicyArn=ADMINISTRATOR),
    no(
        *(P1, "iam.put_user_policy", "more"),
        UserName="chitra-participant-1",
        PolicyName="p",
        PolicyDocument=EVERYTHING,
    ),
    no(P1, "iam.delete_user_permissions_boundary", "the own boundary", UserName="chitra-participant-1"),
    no(
        *(P1, "iam.tag_user", "becomes another"),
        UserName="chitra-participant-1",
        Tags=[{"Key": "participant", "Value": "participant-2"}],
    ),
    no(P1, "iam.put_role_policy", "more", RoleName=run(1, "jobs"), PolicyName="p", PolicyDocument=EVERYTHING),
    no(P1, "lambda.list_functions", "functions"),
    no(P1, "cloudformation.delete_stack", "the workshop", StackName="chitra-foundation"),
    no(P1, "ec2.run_instances", "a machine", MinCount=1, MaxCount=1, ImageId="ami-1"),
    no(P1, "ssm.put_parameter", "where images are", Name="/chitra/image", Value="x"),
    yes(P1, "ssm.get_parameters", "the deployment", Names=["/chitra/bucket", "/chitra/image"]),
    no(P1, "ssm.get_parameters", "another's", Names=["/chitra-2/bucket"]),
    no(P1, "scheduler.delete_schedule", "an endpoint's end", Name=run(1)),
    no(P1, "scheduler.get_schedule", "another's", Name=run(2)),
    no(P1, "ecr.put_image", "the image", repositoryName=IMAGE, imageManifest="{}"),
    no(
        *(P1, "logs.get_log_events", "another's log"),
        logGroupName="/aws/sagemaker/TrainingJobs",
        logStreamName=f"{run(2)}/algo-1-1",
    ),
    no(
        *(JOB, "logs.put_log_events", "another's log"),
        logGroupName="/aws/sagemaker/TrainingJobs",
        logStreamName=f"{run(2)}/algo-1-1",
        logEvents=[{"timestamp": 1, "message": "forged"}],
    ),
    no(JOB, "iam.list_roles", "the account's roles"),
    no(JOB, "ssm.get_parameters", "the deployment", Names=["/chitra/bucket"]),
]

FOREIGN_REGION = [
    no(P1, "sagemaker.list_training_jobs", "names in another region"),
    no(P1, "sagemaker.create_training_job", "a job in another region", **training(run(1, "x"), Tags=TAG)),
    no(
        P1,
        "stepfunctions.start_execution",
        "a gate in another region",
        stateMachineArn=OWN_GATE.replace(REGION, "us-east-1"),
    ),
]

ROWS = [*STORAGE, *SAGEMAKER, *ACCOUNT_WIDE]
