"""What IAM must allow to whoever deploys and organises a workshop. The doctor asks for it.

`tests/workshop/test_permissions.py` compares it with what the commands call.
"""

from __future__ import annotations


def _actions(names: dict[str, str]) -> tuple[str, ...]:
    return tuple(sorted(f"{service}:{name}" for service, each in names.items() for name in each.split()))


# CloudFormation makes the bootstrap's stack with the caller's own permissions; later deployments have roles from it.
BOOTSTRAP_ACTIONS = _actions(
    {
        "cloudformation": "CreateChangeSet DescribeChangeSet DescribeStackEvents DescribeStacks ExecuteChangeSet "
        "GetTemplate",
        "ecr": "CreateRepository PutLifecyclePolicy SetRepositoryPolicy",
        "iam": "AttachRolePolicy CreateRole GetRole PutRolePolicy",
        "s3": "CreateBucket PutBucketPolicy PutBucketPublicAccessBlock PutBucketVersioning PutEncryptionConfiguration "
        "PutLifecycleConfiguration",
        "ssm": "PutParameter",
    }
)
# UpdateSchedule hands over the role of the schedule, CreateTrainingJob that of the job: iam:PassRole. Tags that a job
# is created with need sagemaker:AddTags.
ORGANISER_ACTIONS = _actions(
    {
        "application-autoscaling": "DeregisterScalableTarget DescribeScalableTargets",
        "cloudformation": "DeleteStack DescribeStackEvents DescribeStacks ListStackResources",
        "codebuild": "BatchGetBuilds BatchGetProjects DeleteProject ListBuildsForProject StartBuild StopBuild",
        "ec2": "DescribeRegions",
        "ecr": "BatchDeleteImage BatchGetImage DeleteRepository DescribeImages DescribeRepositories "
        "GetDownloadUrlForLayer ListImages ListTagsForResource",
        "iam": "CreateAccessKey CreateLoginProfile DeleteAccessKey DeleteLoginProfile GetLoginProfile GetPolicy "
        "GetRole GetUser ListAccessKeys PassRole SimulatePrincipalPolicy UpdateLoginProfile",
        "logs": "DeleteLogGroup DeleteLogStream DescribeLogGroups DescribeLogStreams DescribeSubscriptionFilters "
        "GetLogEvents ListTagsForResource",
        "pricing": "GetProducts",
        "s3": "AbortMultipartUpload DeleteBucket DeleteObject DeleteObjectVersion GetBucketTagging GetObject "
        "ListAllMyBuckets ListBucket ListBucketMultipartUploads ListBucketVersions PutObject",
        "sagemaker": "AddTags CreateTrainingJob "
        "DeleteApp DeleteCluster DeleteCompilationJob DeleteDomain DeleteEndpoint DeleteEndpointConfig "
        "DeleteFeatureGroup DeleteInferenceComponent DeleteMlflowApp DeleteMlflowTrackingServer DeleteModel "
        "DeleteModelPackage DeleteModelPackageGroup DeleteNotebookInstance DeleteOptimizationJob "
        "DeletePipeline DeleteSpace DeleteUserProfile DescribeApp DescribeAutoMLJob DescribeCluster "
        "DescribeCompilationJob DescribeDomain DescribeEndpoint DescribeEndpointConfig DescribeFeatureGroup "
        "DescribeHyperParameterTuningJob DescribeInferenceComponent DescribeMlflowApp "
        "DescribeMlflowTrackingServer DescribeModel DescribeModelPackageGroup DescribeNotebookInstance "
        "DescribeOptimizationJob DescribePipeline DescribeProcessingJob DescribeSpace DescribeTrainingJob "
        "DescribeTransformJob DescribeUserProfile InvokeEndpoint InvokeEndpointAsync ListApps ListAutoMLJobs "
        "ListClusters ListCompilationJobs ListDomains ListEndpointConfigs ListEndpoints ListHyperParameterTuningJobs "
        "ListInferenceComponents ListModelPackageGroups ListModelPackages ListModels ListNotebookInstances "
        "ListPipelineExecutions ListPipelines ListProcessingJobs ListSpaces ListTags ListTrainingJobs "
        "ListTrainingJobsForHyperParameterTuningJob ListTransformJobs ListUserProfiles StopAutoMLJob "
        "StopHyperParameterTuningJob StopNotebookInstance "
        "StopPipelineExecution StopProcessingJob StopTrainingJob StopTransformJob UpdateTrainingJob",
        "scheduler": "DeleteSchedule GetSchedule ListSchedules ListTagsForResource UpdateSchedule",
        "servicequotas": "ListServiceQuotas",
        "ssm": "DeleteParameters GetParameters",
        "states": "DeleteStateMachine DescribeExecution DescribeStateMachine GetExecutionHistory ListExecutions "
        "ListTagsForResource StartExecution StopExecution ValidateStateMachineDefinition",
        "tag": "GetResources",
    }
)
