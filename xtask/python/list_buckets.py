"""Lists every object in every bucket, with its size: a reader of S3 that is not iamctl."""

import boto3

s3 = boto3.client("s3")
for bucket in s3.list_buckets()["Buckets"]:
    name = bucket["Name"]
    print(f"bucket {name}")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for found in page.get("Contents", []):
            print(f"{found['Size']:>10,}  {found['Key']}")
