"""Which dataset an execution trains on, and the requests that find, make and mark it.

A dataset is known by what decides it: the corpus' files, the image (its program, and its model's tokenisation) and the
settings of preprocessing. It stands under ``datasets/<key>/`` and is made once: the processing job is named after the
key, and SageMaker gives no name twice, so of many executions one gets to make it. Its mark is written after that job
has completed and the corpus was found as it was before; without the mark a dataset counts as half-written.

Values in ``{% %}`` are JSONata, evaluated by Step Functions.
"""

from __future__ import annotations

from infra.jobs import DATASET_JOB, JobResources, Request, preprocessing_arguments
from infra.names import (
    CORPUS_PREFIX,
    DATASET_JOBS,
    DATASET_KEY_DIGITS,
    DATASET_OF_RUN,
    KEY_DIGITS_IN_JOB,
    MODELS_PREFIX,
    Names,
    dataset_mark,
)
from infra.settings import PreprocessingSettings

OBJECTS_PER_PAGE = 200  # so that a page stays below the 256 KiB of a state's result
# Who made a dataset marks it some seconds after the job has completed, unless that execution was stopped.
LOOKS_FOR_THE_MARK = 4
POLL_SECONDS = 15

MARK = f"""'{dataset_mark("' & $dataset & '")}'"""


def find_image(resources: JobResources) -> Request:
    """DescribeImages of the image that preprocesses: a tag may have got another image, a digest not."""
    uri = f"'{resources.images.preprocessing}'"
    name = f"$substringAfter({uri}, '/')"
    digest = f"{{'ImageDigest': $substringAfter({name}, '@')}}"
    tag = f"{{'ImageTag': $substringAfter({name}, ':')}}"
    return {
        "RegistryId": f"{{% $substringBefore({uri}, '.') %}}",
        "RepositoryName": f"{{% $split({name}, /[@:]/)[0] %}}",
        "ImageIds": [f"{{% $contains({name}, '@') ? {digest} : {tag} %}}"],
    }


def image_found() -> Request:
    """What is assigned then."""
    return {"image": "{% $states.result.ImageDetails[0].ImageDigest %}"}


def variables(resources: JobResources) -> Request:
    """What the first state assigns. ``image`` is the address where its digest cannot be asked for."""
    return {"image": resources.images.preprocessing, "listing": "", "read": ""}


def list_corpus(resources: JobResources) -> Request:
    """ListObjectsV2, a page of it."""
    return {
        "Bucket": resources.bucket,
        "Prefix": "{% $corpus %}",
        "StartAfter": "{% $after %}",
        "MaxKeys": OBJECTS_PER_PAGE,
    }


def corpus_listed() -> Request:
    """Names, checksums and sizes of a page go into the hash of the pages before.

    AWS's examples write a checksum as ETag and as Etag. Were it neither, the times would tell files apart.
    """
    # As JSON: a name may hold spaces and ends of lines, and must not pass for two.
    row = "$string([$substringAfter(Key, $corpus), $string([ETag, Etag, LastModified][0]), Size]) & '\\n'"
    rows = f"$join([$states.result.Contents.({row})])"
    return {
        "listing": f"{{% $hash($listing & {rows}, 'SHA-256') %}}",
        "after": "{% $states.result.Contents ? $states.result.Contents[-1].Key : $after %}",
    }


def name_dataset(job: PreprocessingSettings, names: Names, *, shared: bool = True) -> Request:
    """The dataset's key, and what the jobs that make it are called but for the number of the attempt.

    Unless ``shared``, what is made of a participant's own corpus is their own, whatever files it holds: whoever may
    write there could exchange the files while the job reads them, and put them back. ``read`` is the listing before
    the job read the corpus, empty where no job did.
    """
    settings = " ".join([*preprocessing_arguments(job), str(job.instance_count)])
    whose = "" if shared else f"($corpus = '{CORPUS_PREFIX}' ? '' : $corpus & ' ') & "
    key = f"$hash({whose}$listing & ' ' & $image & ' {settings}', 'SHA-256')"
    return {
        "dataset": f"{{% $substring({key}, 0, {DATASET_KEY_DIGITS}) %}}",
        "dataset_job": f"{{% '{names.run_prefix}{DATASET_JOBS}-' & $substring({key}, 0, {KEY_DIGITS_IN_JOB}) %}}",
        "read": "",
        "attempt": 1,
        "seen": False,
        "looks": 0,
    }


def look_for_mark(resources: JobResources) -> Request:
    """ListObjectsV2: one object when the dataset is whole."""
    return {"Bucket": resources.bucket, "Prefix": f"{{% {MARK} %}}", "MaxKeys": 1}


def mark(job: PreprocessingSettings, resources: JobResources) -> Request:
    """PutObject: what decided the key, for whoever wants to know."""
    decided = {
        "corpus": "{% $corpus %}",
        "listing": "{% $listing %}",
        "image": "{% $image %}",
        "arguments": preprocessing_arguments(job),
        "job": DATASET_JOB,
    }
    return {"Bucket": resources.bucket, "Key": f"{{% {MARK} %}}", "Body": decided}


def note_for_run(resources: JobResources) -> Request:
    """PutObject: by its name, the object tells which dataset the run was trained with."""
    key = f"'{MODELS_PREFIX}' & $run & '/{DATASET_OF_RUN}' & $dataset"
    return {"Bucket": resources.bucket, "Key": f"{{% {key} %}}", "Body": {"dataset": "{% $dataset %}"}}


def describe_job() -> Request:
    """DescribeProcessingJob of the job that makes the dataset for somebody else, too."""
    return {"ProcessingJobName": DATASET_JOB}


def job_described() -> Request:
    """``seen`` says that it was seen at work, ``looks`` how often it was seen to have completed."""
    status = "$states.result.ProcessingJobStatus"
    return {
        "status": f"{{% {status} %}}",
        "reasons": "{% {'ExitMessage': $string($states.result.ExitMessage), "
        "'FailureReason': $string($states.result.FailureReason)} %}",
        "seen": f"{{% $seen or {status} in ['InProgress', 'Stopping'] %}}",
        "looks": f"{{% {status} = 'Completed' ? $looks + 1 : 0 %}}",
    }


LIST_ANEW = {"read": "{% $listing %}", "listing": "", "after": "{% $corpus %}"}
IS_AS_READ = "{% $read = $listing %}"
IS_THERE = "{% $count($states.input.Contents) > 0 %}"
HAS_MORE = "{% $states.input.IsTruncated = true %}"
IS_AT_WORK = "{% $status in ['InProgress', 'Stopping'] %}"
# The program's own failure: it would fail for everybody who waited for it. A new run tries again.
FAILED_FOR_ALL = "{% $status = 'Failed' and $seen and $contains($reasons.FailureReason, 'AlgorithmError') %}"
WILL_BE_MARKED = f"{{% $status = 'Completed' and $looks <= {LOOKS_FOR_THE_MARK} %}}"
NEXT_ATTEMPT = {"attempt": "{% $attempt + 1 %}", "seen": False, "looks": 0}
