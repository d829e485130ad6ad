//! The JSON of `aws iam get-account-authorization-details`, for an account of any size.

use serde_json::{Value, json};

const CREATED: &str = "2024-03-01T09:00:00+00:00";

/// As many users, roles and policies, three policies on every role, an inline policy on every third user.
pub(crate) fn saved(count: usize) -> String {
    let details = json!({
        "UserDetailList": (0..count).map(user).collect::<Vec<_>>(),
        "GroupDetailList": [],
        "RoleDetailList": (0..count).map(|n| role(n, count)).collect::<Vec<_>>(),
        "Policies": (0..count).map(policy).collect::<Vec<_>>(),
        "IsTruncated": false,
    });
    format!("{details:#}\n")
}

fn arn(what: &str) -> String {
    format!("arn:aws:iam::123456789012:{what}")
}

fn reads_bucket(n: usize) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*", "ec2:Describe*"],
            "Resource": [format!("arn:aws:s3:::bucket{n}"), format!("arn:aws:s3:::bucket{n}/*")],
        }],
    })
}

fn user(n: usize) -> Value {
    let name = format!("user{n}");
    let inline = match n % 3 {
        0 => json!([{"PolicyName": "own-bucket", "PolicyDocument": reads_bucket(n)}]),
        _ => json!([]),
    };
    json!({
        "Path": "/",
        "UserName": name,
        "UserId": format!("AIDA{n:017}"),
        "Arn": arn(&format!("user/{name}")),
        "CreateDate": CREATED,
        "UserPolicyList": inline,
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "Tags": [{"Key": "team", "Value": format!("t{}", n % 7)}],
    })
}

fn role(n: usize, count: usize) -> Value {
    let name = format!("role{n}");
    let attached = (0..3).map(|at| {
        let policy = format!("policy{}", (n + at) % count);
        json!({"PolicyName": policy, "PolicyArn": arn(&format!("policy/{policy}"))})
    });
    json!({
        "Path": "/",
        "RoleName": name,
        "RoleId": format!("AROA{n:017}"),
        "Arn": arn(&format!("role/{name}")),
        "CreateDate": CREATED,
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"AWS": arn(&format!("user/user{n}"))},
                "Action": "sts:AssumeRole",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            }],
        },
        "InstanceProfileList": [],
        "RolePolicyList": [],
        "AttachedManagedPolicies": attached.collect::<Vec<_>>(),
        "Tags": [],
    })
}

fn policy(n: usize) -> Value {
    let name = format!("policy{n}");
    json!({
        "PolicyName": name,
        "PolicyId": format!("ANPA{n:017}"),
        "Arn": arn(&format!("policy/{name}")),
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 3,
        "IsAttachable": true,
        "CreateDate": CREATED,
        "UpdateDate": CREATED,
        "PolicyVersionList": [
            {"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": CREATED, "Document": reads_bucket(n)},
        ],
    })
}
