"""IAM, S3, ECR, CodeBuild and CloudWatch Logs on an account in memory."""

from __future__ import annotations

import io

from botocore.response import StreamingBody

from tests.helpers.cloud_things import ACCOUNT, EPOCH, Record, RefusalError, Things, tag_list


class StorageCalls(Things):
    def _iam(self, region: str, operation: str, params: Record) -> Record:
        name = params["UserName"]
        user = self.get("user", "global", name, "NoSuchEntity")
        match operation:
            case "ListAccessKeys":
                keys = [{"UserName": name, "AccessKeyId": key, "CreateDate": EPOCH} for key in user["keys"]]
                return {"AccessKeyMetadata": keys}
            case "DeleteAccessKey":
                if params["AccessKeyId"] not in user["keys"]:
                    raise RefusalError("NoSuchEntity", "The Access Key cannot be found.")
                user["keys"].remove(params["AccessKeyId"])
            case "GetLoginProfile" | "DeleteLoginProfile":
                if not user["password"]:
                    raise RefusalError("NoSuchEntity", "Login Profile for User cannot be found.")
                user["password"] = user["password"] and operation == "GetLoginProfile"
                return {"LoginProfile": {"UserName": name, "CreateDate": EPOCH}} if user["password"] else {}
        return {}

    # S3: objects are (key, version, is a delete marker)

    def _s3(self, region: str, operation: str, params: Record) -> Record:
        if operation == "ListBuckets":
            return {"Buckets": [{"Name": key[2], "CreationDate": EPOCH} for key in self.things if key[0] == "bucket"]}
        name, prefix = params["Bucket"], params.get("Prefix", "")
        bucket = self.get("bucket", region, name, "404" if operation == "HeadBucket" else "NoSuchBucket")
        match operation:
            case "GetBucketTagging":
                if not bucket["tags"]:
                    raise RefusalError("NoSuchTagSet", "The TagSet does not exist")
                return {"TagSet": tag_list(bucket["tags"])}
            case "ListObjectVersions":
                entries = [entry for entry in bucket["objects"] if entry[0].startswith(prefix)]
                versions = [
                    {"Key": key, "VersionId": version, "Size": 1} for key, version, marker in entries if not marker
                ]
                markers = [{"Key": key, "VersionId": version} for key, version, marker in entries if marker]
                return {"Versions": versions, "DeleteMarkers": markers, "IsTruncated": False}
            case "ListMultipartUploads":
                uploads = [{"Key": key, "UploadId": key} for key in bucket["uploads"] if key.startswith(prefix)]
                return {"Uploads": uploads, "IsTruncated": False}
            case "DeleteObjects" if any("\x1b" in entry["Key"] for entry in params["Delete"]["Objects"]):
                raise RefusalError("MalformedXML", "The XML you provided was not well-formed")
            case "DeleteObject":
                entry = (params["Key"], params["VersionId"])
                bucket["objects"] = [each for each in bucket["objects"] if tuple(each[:2]) != entry]
            case "DeleteObjects":
                gone = {(entry["Key"], entry["VersionId"]) for entry in params["Delete"]["Objects"]}
                bucket["objects"] = [entry for entry in bucket["objects"] if tuple(entry[:2]) not in gone]
            case "AbortMultipartUpload":
                bucket["uploads"].remove(params["Key"])
            case "ListObjectsV2":
                keys = sorted({key for key, _, marker in bucket["objects"] if not marker and key.startswith(prefix)})
                entry = {"ETag": '"1"', "Size": 1, "LastModified": EPOCH}
                return {"Contents": [{"Key": key, **entry} for key in keys], "IsTruncated": False}
            case "GetObject":
                body = bucket.get("bodies", {}).get(params["Key"])
                if body is None:
                    raise RefusalError("NoSuchKey", "The specified key does not exist.")
                return {"Body": StreamingBody(io.BytesIO(body), len(body))}
            case "DeleteBucket":
                if bucket["objects"] or bucket["uploads"]:
                    raise RefusalError("BucketNotEmpty", "The bucket you tried to delete is not empty")
                self.drop("bucket", region, name)
        return {}

    # ECR and logs

    def _ecr(self, region: str, operation: str, params: Record) -> Record:
        name = params.get("repositoryName") or params["resourceArn"].partition("/")[2]
        repository = self.get("repository", region, name, "RepositoryNotFoundException")
        match operation:
            case "ListTagsForResource":
                return {"tags": tag_list(repository["tags"])}
            case "ListImages":
                return {"imageIds": [{"imageTag": tag, "imageDigest": tag} for tag in repository["images"]]}
            case "DeleteRepository":
                self.drop("repository", region, name)
                return {}
        for image in params["imageIds"]:
            repository["images"].remove(image.get("imageTag") or image["imageDigest"])
        return {"imageIds": [], "failures": []}

    def _codebuild(self, region: str, operation: str, params: Record) -> Record:
        match operation:
            case "BatchGetProjects":
                known = [(name, self.things.get(("build-project", region, name))) for name in params["names"]]
                tags = {name: [{"key": k, "value": v} for k, v in each["tags"].items()] for name, each in known if each}
                return {"projects": [{"name": name, "tags": tags[name]} for name in tags]}
            case "DeleteProject":
                self.drop("build-project", region, params["name"])
                return {}
            case "BatchGetBuilds":
                builds = [self._build(region, name) for name in params["ids"]]
                return {"builds": [{"id": each["id"], "buildStatus": each["state"]} for each in builds]}
            case "StopBuild":
                self._build(region, params["id"])["state"] = "STOPPED"
                return {"build": {"id": params["id"], "buildStatus": "STOPPED"}}
        project = self.get("build-project", region, params["projectName"])
        return {"ids": [build["id"] for build in project["builds"]]}

    def _build(self, region: str, name: str) -> Record:
        builds: list[Record] = self.get("build-project", region, name.partition(":")[0])["builds"]
        return next(build for build in builds if build["id"] == name)

    def _logs(self, region: str, operation: str, params: Record) -> Record:
        match operation:
            case "DescribeLogGroups":
                return {"logGroups": self._groups(region, params.get("logGroupNamePrefix", ""))}
            case "ListTagsForResource":
                return {"tags": self.get("log-group", region, params["resourceArn"].split(":", 6)[6])["tags"]}
            case "DescribeSubscriptionFilters":
                group = self.get("log-group", region, params["logGroupName"])
                return {"subscriptionFilters": [{"filterName": name} for name in group.get("subscriptions", [])]}
        group = self.get("log-group", region, params["logGroupName"])
        streams = group.setdefault("streams", [])
        match operation:
            case "DescribeLogStreams":
                prefix = params.get("logStreamNamePrefix", "")
                return {"logStreams": [{"logStreamName": name} for name in streams if name.startswith(prefix)]}
            case "DeleteLogStream":
                streams.remove(params["logStreamName"])
            case "DeleteLogGroup":
                self.drop("log-group", region, params["logGroupName"])
        return {}

    def _groups(self, region: str, prefix: str) -> list[Record]:
        return [
            {
                "logGroupName": name,
                "arn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}:*",
                **({"retentionInDays": record["retention"]} if record.get("retention") else {}),
                **({"kmsKeyId": record["key"]} if record.get("key") else {}),
            }
            for name, record in self.named("log-group", region)
            if name.startswith(prefix)
        ]
