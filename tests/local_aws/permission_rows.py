"""Who may do what: calls, and whether IAM lets them through.

Workshop ``chitra`` has two participants and an execution role. Workshop ``chitra-2`` is its neighbour in the same
account; its participants have PowerUserAccess.
"""

from __future__ import annotations

from typing import Any

from local_aws.server import ACCOUNT
from tests.local_aws.permission_row import no, yes

REGION = "ap-northeast-1"
OWN, OTHER = (f"{name}-sagemaker-{ACCOUNT}-{REGION}" for name in ("chitra", "chitra-2"))
STRANGE = "somebodys-sagemaker-bucket"
STAGED = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
ROLE, OTHER_ROLE, ADMIN = (
    f"arn:aws:iam::{ACCOUNT}:role/{name}"
    for name in ("chitra-sagemaker-execution", "chitra-2-sagemaker-execution", "admin")
)
TAG, OTHER_TAG = ([{"Key": "workshop", "Value": name}] for name in ("chitra", "chitra-2"))
OTHER_CASE = [{"Key": "Workshop", "Value": "chitra"}]
JOB_LOGS = "/aws/sagemaker/TrainingJobs"
P1, P2, JOB = "participant-1", "participant-2", "job"
POWER, OTHER_JOB, ORGANISER = "power user", "job of chitra-2", "organiser"


def at(resource: str, service: str = "sagemaker") -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def put(key: str, bucket: str = OWN) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key, "Body": b"x"}


def several(*keys: str, **version: str) -> dict[str, Any]:
    return {"Bucket": OWN, "Delete": {"Objects": [{"Key": key, **version} for key in keys]}}


def training(name: str, role: str = ROLE, instance: str = "ml.m5.xlarge", **more: Any) -> dict[str, Any]:
    """Its image does not exist, so that an allowed job does not start."""
    return {
        "TrainingJobName": name,
        "RoleArn": role,
        "AlgorithmSpecification": {"TrainingImage": "x/none:1", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{OWN}/models"},
        "ResourceConfig": {"InstanceType": instance, "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def model(name: str, role: str = ROLE, **more: Any) -> dict[str, Any]:
    container = {"Image": "x/none:1", "ModelDataUrl": f"s3://{OWN}/models/model.tar.gz"}
    return {"ModelName": name, "ExecutionRoleArn": role, "PrimaryContainer": container, **more}


def config(name: str, of: str, instance: str = "ml.m5.xlarge", **more: Any) -> dict[str, Any]:
    variant = {"VariantName": "v", "ModelName": of, "InstanceType": instance, "InitialInstanceCount": 1}
    return {"EndpointConfigName": name, "ProductionVariants": [variant], **more}


def serverless(name: str, of: str) -> dict[str, Any]:
    capacity = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}
    variant = {"VariantName": "v", "ModelName": of, **capacity}
    return {"EndpointConfigName": name, "ProductionVariants": [variant], "Tags": TAG}


STORAGE = [
    yes(P1, "s3.put_object", "beside the shared folders", **put("my-job/input/code.tar.gz")),
    yes(P1, "s3.put_object", "their own corpus", **put("corpora/chitra-participant-1/a.jsonl")),
    no(P2, "s3.put_object", "another's corpus", **put("corpora/chitra-participant-1/a.jsonl")),
    no(P1, "s3.put_object", "a corpus of a name that begins alike", **put("corpora/chitra-participant-10/a.jsonl")),
    yes(P1, "s3.put_object", "their own ledger", **put("exports/chitra-participant-1/r.json")),
    no(P1, "s3.put_object", "another's ledger", **put("exports/chitra-participant-2/r.json")),
    no(P1, "s3.put_object", "a ledger of nobody", **put("exports/r.json")),
    no(P1, "s3.put_object", "the workshop's corpus", **put("corpus/a.jsonl")),
    no(P1, "s3.put_object", "the folder itself", **put("corpus/")),
    no(P1, "s3.put_object", "a dataset", **put("datasets/chitra--r/train/x")),
    no(P1, "s3.put_object", "a model", **put("models/chitra--r/output/model.tar.gz")),
    no(P1, "s3.put_object", "a checkpoint", **put("checkpoints/chitra--r/x")),
    no(P1, "s3.create_multipart_upload", "a model in parts", Bucket=OWN, Key="models/chitra--r/big"),
    no(P1, "s3.copy_object", "over a model", Bucket=OWN, Key="models/m", CopySource=f"{OWN}/corpus/a.jsonl"),
    no(P1, "s3.copy_object", "from elsewhere", Bucket=OWN, Key="mine", CopySource=f"{OTHER}/corpus/a.jsonl"),
    no(P1, "s3.delete_object", "the workshop's corpus", Bucket=OWN, Key="corpus/a.jsonl"),
    yes(P1, "s3.delete_object", "something of theirs", Bucket=OWN, Key="mine/x"),
    yes(P1, "s3.delete_objects", "things of theirs", **several("mine/x", "mine/y")),
    no(P1, "s3.delete_objects", "a model among them", **several("mine/x", "models/m")),
    no(P1, "s3.delete_object", "a version", Bucket=OWN, Key="mine/x", VersionId="null"),
    no(P1, "s3.delete_objects", "a version, in a list", **several("mine/x", VersionId="null")),
    yes(P1, "s3.get_object", "the corpus", Bucket=OWN, Key="corpus/a.jsonl"),
    yes(P1, "s3.list_objects_v2", "the own bucket", Bucket=OWN),
    no(P1, "s3.get_object", "another workshop's corpus", Bucket=OTHER, Key="corpus/a.jsonl"),
    no(P1, "s3.put_object", "another workshop's bucket", **put("x", OTHER)),
    no(P1, "s3.list_objects_v2", "another workshop's bucket", Bucket=OTHER),
    no(P1, "s3.delete_object", "another workshop's object", Bucket=OTHER, Key="corpus/a.jsonl"),
    no(P1, "s3.put_object", "a stranger's bucket called sagemaker", **put("x", STRANGE)),
    no(P1, "s3.create_bucket", "a bucket of their own", Bucket="new-sagemaker-bucket"),
    no(P1, "s3.delete_bucket", "the own bucket", Bucket=OWN),
    no(P1, "s3.delete_bucket_policy", "the bucket's policy", Bucket=OWN),
    no(
        *(P1, "s3.put_bucket_versioning", "versioning"),
        Bucket=OWN,
        VersioningConfiguration={"Status": "Suspended"},
    ),
    no(
        *(P1, "s3.put_bucket_tagging", "the bucket's tags"),
        Bucket=OWN,
        Tagging={"TagSet": OTHER_TAG},
    ),
    no(
        *(P1, "s3.put_bucket_cors", "another's cross-origin rules"),
        Bucket=STRANGE,
        CORSConfiguration={"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
    ),
    no(P1, "s3.delete_bucket_lifecycle", "lifecycle rules", Bucket=OWN),
    no(P1, "s3.delete_bucket_encryption", "encryption", Bucket=OWN),
    no(P1, "s3.put_object_acl", "an object's ACL", Bucket=OWN, Key="mine/x", ACL="public-read"),
    yes(JOB, "s3.get_object", "the corpus", Bucket=OWN, Key="corpus/a.jsonl"),
    yes(JOB, "s3.put_object", "a dataset", **put("datasets/chitra--r/train/x")),
    yes(JOB, "s3.put_object", "a model", **put("models/chitra--r/output/model.tar.gz")),
    no(JOB, "s3.put_object", "the workshop's corpus", **put("corpus/a.jsonl")),
    no(JOB, "s3.put_object", "a participant's corpus", **put("corpora/chitra-participant-1/a.jsonl")),
    no(JOB, "s3.put_object", "a ledger", **put("exports/chitra-participant-1/r.json")),
    no(JOB, "s3.get_object", "another workshop's corpus", Bucket=OTHER, Key="corpus/a.jsonl"),
    no(JOB, "s3.put_object", "a stranger's bucket called sagemaker", **put("x", STRANGE)),
    no(JOB, "s3.delete_object", "a version", Bucket=OWN, Key="datasets/x", VersionId="null"),
    no(JOB, "s3.delete_bucket_policy", "the bucket's policy", Bucket=OWN),
    yes(OTHER_JOB, "s3.get_object", "its own corpus", Bucket=OTHER, Key="corpus/a.jsonl"),
    no(OTHER_JOB, "s3.get_object", "another workshop's corpus", Bucket=OWN, Key="corpus/a.jsonl"),
    no(POWER, "s3.get_object", "another workshop's corpus", Bucket=OWN, Key="corpus/a.jsonl"),
    no(POWER, "s3.put_object", "templates of deployments", **put("chitra/template.json", STAGED)),
    no(POWER, "s3.put_object", "its own workshop's models", **put("models/m", OTHER)),
    yes(POWER, "s3.put_object", "beside the shared folders", **put("mine", OTHER)),
    yes(ORGANISER, "s3.put_object", "the workshop's corpus", **put("corpus/b.jsonl")),
]

SAGEMAKER = [
    yes(P1, "sagemaker.create_training_job", "a tagged job", **training("mine", Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "a job without tags", **training("mine")),
    no(P1, "sagemaker.create_training_job", "a job with another's tag", **training("mine", Tags=OTHER_TAG)),
    no(P1, "sagemaker.create_training_job", "a large instance", **training("m", instance="ml.p4d.24xlarge", Tags=TAG)),
    yes(P1, "sagemaker.create_training_job", "a GPU as set", **training("m", instance="ml.g4dn.xlarge", Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "another workshop's role", **training("m", role=OTHER_ROLE, Tags=TAG)),
    no(P1, "sagemaker.create_training_job", "an administrator's role", **training("m", role=ADMIN, Tags=TAG)),
    yes(P1, "sagemaker.create_model", "a tagged model", **model("mine", Tags=TAG)),
    no(P1, "sagemaker.create_model", "a model without tags", **model("mine")),
    no(P1, "sagemaker.create_model", "a tag of another case", **model("mine", Tags=OTHER_CASE)),
    no(P1, "codebuild.start_build", "a build", projectName="sagemaker-x"),
    no(P1, "ecr.create_repository", "a repository", repositoryName="chitra-image"),
    no(P1, "logs.create_log_stream", "a forged log", logGroupName=JOB_LOGS, logStreamName="chitra--victim/a"),
    no(P1, "sagemaker.create_model", "another workshop's role", **model("mine", role=OTHER_ROLE, Tags=TAG)),
    yes(P1, "sagemaker.create_endpoint_config", "a serverless config", **serverless("s", of="chitra--r")),
    yes(P1, "sagemaker.create_endpoint_config", "an instance as set", **config("c", of="chitra--r", Tags=TAG)),
    no(P1, "sagemaker.create_endpoint_config", "a config without tags", **config("c2", of="chitra--r")),
    no(P1, "sagemaker.create_endpoint_config", "a large one", **config("c3", "chitra--r", "ml.g5.48xlarge", Tags=TAG)),
    no(P1, "sagemaker.create_endpoint_config", "another's model", **config("c4", of="chitra-2--r", Tags=TAG)),
    yes(P1, "sagemaker.create_endpoint", "an endpoint", EndpointName="e", EndpointConfigName="chitra--r", Tags=TAG),
    no(P1, "sagemaker.create_endpoint", "without a tag", EndpointName="e2", EndpointConfigName="chitra--r"),
    no(P1, "sagemaker.create_endpoint", "of another's config", EndpointName="e3", EndpointConfigName="o", Tags=TAG),
    no(
        P1,
        "sagemaker.update_endpoint",
        "another's endpoint",
        EndpointName="chitra-2--r",
        EndpointConfigName="chitra--r",
    ),
    no(P1, "sagemaker.update_endpoint", "to another's config", EndpointName="chitra--r", EndpointConfigName="o"),
    no(P1, "sagemaker.delete_endpoint", "another's endpoint", EndpointName="chitra-2--r"),
    no(P1, "sagemaker.delete_endpoint_config", "another's config", EndpointConfigName="chitra-2--r"),
    no(P1, "sagemaker.delete_model", "another's model", ModelName="chitra-2--r"),
    no(P1, "sagemaker.delete_model", "a model without a tag", ModelName="nobodys"),
    yes(P1, "sagemaker.delete_model", "a model of the workshop", ModelName="chitra--gone"),
    yes(P2, "sagemaker.describe_endpoint", "looks at any", EndpointName="chitra-2--r"),
    no(P1, "sagemaker-runtime.invoke_endpoint", "another's endpoint", EndpointName="chitra-2--r", Body=b"{}"),
    yes(P1, "sagemaker-runtime.invoke_endpoint", "an endpoint", EndpointName="chitra--r", Body=b"{}"),
    no(
        *(P1, "sagemaker-runtime.invoke_endpoint_async", "another's endpoint, later"),
        EndpointName="chitra-2--r",
        InputLocation=f"s3://{OWN}/x",
    ),
    no(P1, "sagemaker.stop_training_job", "a job that is not the workshop's", TrainingJobName="nobodys"),
    no(P1, "sagemaker.add_tags", "another's model", ResourceArn=at("model/chitra-2--r"), Tags=TAG),
    no(P1, "sagemaker.add_tags", "a model of nobody", ResourceArn=at("model/nobodys"), Tags=TAG),
    no(P1, "sagemaker.add_tags", "gives a model away", ResourceArn=at("model/chitra--r"), Tags=OTHER_TAG),
    yes(
        *(P1, "sagemaker.add_tags", "another tag on an own model"),
        ResourceArn=at("model/chitra--r"),
        Tags=[{"Key": "team", "Value": "red"}],
    ),
    no(P1, "sagemaker.delete_tags", "takes the tag off", ResourceArn=at("model/chitra--r"), TagKeys=["workshop"]),
    no(P1, "sagemaker.delete_tags", "another's tags", ResourceArn=at("model/chitra-2--r"), TagKeys=["x"]),
    no(
        *(P1, "sagemaker.create_notebook_instance", "a notebook"),
        NotebookInstanceName="n",
        InstanceType="ml.m5.xlarge",
        RoleArn=ROLE,
        Tags=TAG,
    ),
    no(P1, "sagemaker.create_presigned_notebook_instance_url", "opens a notebook", NotebookInstanceName="n"),
    no(P1, "sagemaker.create_presigned_domain_url", "opens Studio", DomainId="d-1", UserProfileName="u"),
    no(
        *(P1, "sagemaker.create_domain", "a Studio domain"),
        DomainName="d",
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": ROLE},
        Tags=TAG,
    ),
    no(P1, "sagemaker.create_app", "a Studio app", DomainId="d-1", AppType="JupyterServer", AppName="a", Tags=TAG),
    no(P1, "sagemaker.create_cluster", "a HyperPod cluster", ClusterName="c", Tags=TAG),
    no(
        *(P1, "sagemaker.create_mlflow_tracking_server", "an MLflow server"),
        TrackingServerName="t",
        ArtifactStoreUri=f"s3://{OWN}/mlflow",
        RoleArn=ROLE,
        Tags=TAG,
    ),
    no(P1, "sagemaker.create_hub", "a hub", HubName="h", HubDescription="h", Tags=TAG),
    no(JOB, "sagemaker.create_training_job", "a job without tags", **training("from-a-job")),
    yes(JOB, "sagemaker.create_training_job", "a tagged job", **training("from-a-job", Tags=TAG)),
    no(JOB, "sagemaker.delete_model", "another's model", ModelName="chitra-2--r"),
    no(JOB, "sagemaker.create_model", "another workshop's role", **model("m", role=OTHER_ROLE, Tags=TAG)),
    no(POWER, "sagemaker.delete_endpoint", "another's endpoint", EndpointName="chitra--r"),
    no(
        *(P1, "application-autoscaling.register_scalable_target", "more instances"),
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/chitra-2--r/variant/v",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MaxCapacity=9,
    ),
    yes(ORGANISER, "sagemaker.create_model", "a model without tags", **model("organisers")),
]

DEPLOY_ROLE = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-deploy-role-{ACCOUNT}-{REGION}"
MACHINE, OTHER_MACHINE = (at(f"stateMachine:{name}-workflow", "states") for name in ("chitra", "chitra-2"))
ASSUMED = {"RoleSessionName": "session"}
CDK_REPOSITORY = f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}"

ACCOUNT_WIDE = [
    no(P1, "sts.assume_role", "the CDK's role", RoleArn=DEPLOY_ROLE, **ASSUMED),
    no(POWER, "sts.assume_role", "the CDK's role", RoleArn=DEPLOY_ROLE, **ASSUMED),
    no(POWER, "sts.assume_role", "the execution role", RoleArn=OTHER_ROLE, **ASSUMED),
    no(JOB, "sts.assume_role", "the CDK's role", RoleArn=DEPLOY_ROLE, **ASSUMED),
    no(POWER, "sts.get_federation_token", "a session that outlives the key", Name="longer"),
    yes(P1, "sts.get_caller_identity", "who they are"),
    yes(P1, "ssm.get_parameters", "the own deployment", Names=["/chitra/bucket", "/chitra/image"]),
    no(P1, "ssm.get_parameters", "another deployment", Names=["/chitra-2/bucket"]),
    no(P1, "ssm.get_parameters", "another among its own", Names=["/chitra/bucket", "/chitra-2/bucket"]),
    no(P1, "ssm.get_parameters_by_path", "all of another", Path="/chitra-2"),
    no(POWER, "ssm.put_parameter", "where the organiser finds the image", Name="/chitra-2/image", Value="x"),
    no(POWER, "ssm.put_parameter", "the bootstrap's version", Name="/cdk-bootstrap/hnb659fds/version", Value="1"),
    no(POWER, "ssm.delete_parameters", "another deployment", Names=["/mine", "/chitra/bucket"]),
    no(POWER, "ssm.start_session", "a shell on a machine", Target="i-0123456789"),
    no(POWER, "cloudformation.update_stack", "a stack with its role", StackName="chitra-2-participants"),
    no(POWER, "cloudformation.create_change_set", "a change set", StackName="CDKToolkit", ChangeSetName="x"),
    no(POWER, "cloudformation.delete_stack", "another workshop", StackName="chitra-foundation"),
    yes(P1, "stepfunctions.start_execution", "the own workflow", stateMachineArn=MACHINE, name="x", input="[]"),
    no(P1, "stepfunctions.start_execution", "another's workflow", stateMachineArn=OTHER_MACHINE),
    no(POWER, "stepfunctions.start_execution", "another's workflow", stateMachineArn=MACHINE),
    no(POWER, "stepfunctions.update_state_machine", "its own workflow", stateMachineArn=OTHER_MACHINE, definition="{}"),
    yes(POWER, "stepfunctions.list_executions", "looks at its own workflow", stateMachineArn=OTHER_MACHINE),
    no(POWER, "lambda.update_function_code", "a function with a role", FunctionName="f", ZipFile=b"x"),
    no(POWER, "codebuild.start_build", "a build with a role", projectName="chitra-2-image"),
    no(POWER, "scheduler.delete_schedule", "an endpoint's end", Name="chitra-2--r"),
    no(P1, "scheduler.delete_schedule", "an endpoint's end", Name="chitra--r"),
    yes(P1, "scheduler.get_schedule", "when an endpoint ends", Name="chitra--r"),
    no(P1, "scheduler.get_schedule", "another's schedule", Name="chitra-2--r"),
    no(P1, "scheduler.get_schedule", "the same name elsewhere", Name="chitra--r", GroupName="others"),
    no(POWER, "ecr.put_image", "the image", repositoryName=CDK_REPOSITORY, imageManifest="{}"),
    no(POWER, "ecr.batch_delete_image", "images", repositoryName="chitra-image", imageIds=[{"imageTag": "1"}]),
    no(POWER, "iam.create_access_key", "a key for somebody", UserName="chitra-participant-1"),
    no(POWER, "iam.delete_user_permissions_boundary", "its own boundary", UserName="chitra-2-participant-1"),
    no(JOB, "ssm.get_parameters", "the deployment", Names=["/chitra/bucket"]),
    no(JOB, "iam.list_roles", "the account's roles"),
    yes(JOB, "logs.create_log_group", "its own logs", logGroupName="/aws/sagemaker/TrainingJobs"),
    no(JOB, "logs.create_log_group", "other logs", logGroupName="/aws/vendedlogs/x"),
    yes(ORGANISER, "ssm.put_parameter", "a parameter", Name="/chitra-2/note", Value="x", Type="String"),
]

ROWS = [*STORAGE, *SAGEMAKER, *ACCOUNT_WIDE]
