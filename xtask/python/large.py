"""Makes a large account, or reads it, as a plain script does: one call after another.

    large.py make COUNT    COUNT users, roles and policies, and three attachments for each role
    large.py read COUNT    everything that a plan has to know of them
"""

import json
import sys

import boto3
from botocore.config import Config

iam = boto3.client("iam", config=Config(retries={"mode": "standard"}))
account = boto3.client("sts").get_caller_identity()["Account"]


def statement(effect, **rest):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, **rest}]})


def make(count):
    for number in range(count):
        document = statement("Allow", Action="s3:GetObject", Resource=f"arn:aws:s3:::bucket-{number}/*")
        iam.create_policy(PolicyName=f"policy-{number}", PolicyDocument=document)
    for number in range(count):
        iam.create_user(UserName=f"user-{number}")
    for number in range(count):
        trust = statement(
            "Allow",
            Principal={"AWS": f"arn:aws:iam::{account}:user/user-{number}"},
            Action="sts:AssumeRole",
            Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        )
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=trust)
        for policy in (number, number + 1, number + 2):
            arn = f"arn:aws:iam::{account}:policy/policy-{policy % count}"
            iam.attach_role_policy(RoleName=f"role-{number}", PolicyArn=arn)


def pages(operation, **arguments):
    return iam.get_paginator(operation).paginate(PaginationConfig={"PageSize": 1000}, **arguments)


def read(count):
    users = [user["UserName"] for page in pages("list_users") for user in page["Users"]]
    for user in users:
        list(pages("list_attached_user_policies", UserName=user))
        list(pages("list_user_policies", UserName=user))
        list(pages("list_groups_for_user", UserName=user))
    roles = [role["RoleName"] for page in pages("list_roles") for role in page["Roles"]]
    attached = 0
    for role in roles:
        for page in pages("list_attached_role_policies", RoleName=role):
            attached += len(page["AttachedPolicies"])
        list(pages("list_role_policies", RoleName=role))
    policies = [policy for page in pages("list_policies", Scope="Local") for policy in page["Policies"]]
    for policy in policies:
        iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    found = (len(users), len(roles), len(policies), attached)
    expected = (count, count, count, 3 * count)
    if found != expected:
        sys.exit(f"found {found}, and expected {expected}")


{"make": make, "read": read}[sys.argv[1]](int(sys.argv[2]))
