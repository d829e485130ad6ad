//! Reading what the AWS CLI writes, and what we write ourselves.

use iamctl_model::{AccessKey, Credentials, KeyStatus, Observed, Ownership, UserName};
use iamctl_snapshot::{SnapshotError, add_role_details, read, write};

/// As `aws iam get-account-authorization-details` prints it, shortened.
const CLI: &str = r#"{
    "UserDetailList": [{
        "Path": "/team/", "UserName": "alice", "UserId": "AIDAEXAMPLEALICE",
        "Arn": "arn:aws-cn:iam::123456789012:user/team/alice", "CreateDate": "2026-01-02T03:04:05+00:00",
        "GroupList": ["engineers"],
        "UserPolicyList": [{"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": []}}],
        "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"}],
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws-cn:iam::123456789012:policy/bound"},
        "Tags": [{"Key": "team", "Value": "data"}]
    }],
    "GroupDetailList": [{
        "Path": "/", "GroupName": "engineers", "GroupId": "AGPAEXAMPLE",
        "Arn": "arn:aws-cn:iam::123456789012:group/engineers", "CreateDate": "2026-01-02T03:04:05+00:00",
        "GroupPolicyList": [], "AttachedManagedPolicies": []
    }],
    "RoleDetailList": [{
        "Path": "/", "RoleName": "ci", "RoleId": "AROAEXAMPLE",
        "Arn": "arn:aws-cn:iam::123456789012:role/ci", "CreateDate": "2026-01-02T03:04:05+00:00",
        "AssumeRolePolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ec2.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D",
        "InstanceProfileList": [{"InstanceProfileName": "ci-profile"}], "RolePolicyList": [], "AttachedManagedPolicies": [],
        "RoleLastUsed": {"LastUsedDate": "2026-03-04T05:06:07+00:00", "Region": "cn-north-1"}
    }],
    "Policies": [
        {"PolicyName": "bound", "PolicyId": "ANPAEXAMPLE", "Arn": "arn:aws-cn:iam::123456789012:policy/bound",
         "Path": "/", "DefaultVersionId": "v2", "AttachmentCount": 0, "IsAttachable": true,
         "CreateDate": "2026-01-02T03:04:05+00:00", "UpdateDate": "2026-01-02T03:04:05+00:00",
         "PolicyVersionList": [
            {"VersionId": "v2", "IsDefaultVersion": true, "CreateDate": "2026-01-03T03:04:05+00:00", "Document": {"Version": "2012-10-17", "Statement": []}},
            {"VersionId": "v1", "IsDefaultVersion": false, "CreateDate": "2026-01-02T03:04:05+00:00", "Document": {"Version": "2012-10-17", "Statement": []}}]},
        {"PolicyName": "ReadOnlyAccess", "PolicyId": "ANPAAWS", "Arn": "arn:aws-cn:iam::aws:policy/ReadOnlyAccess", "Path": "/",
         "CreateDate": "2015-02-06T18:39:48+00:00", "PolicyVersionList": []}
    ]
}"#;

#[test]
fn what_the_aws_cli_writes_is_an_account_with_some_things_not_read() {
    let snapshot = read(CLI).unwrap();
    assert_eq!(snapshot.ownership, None);
    let live = snapshot.live;
    assert_eq!((live.account.id.as_str(), live.account.partition.as_str()), ("123456789012", "aws-cn"));
    let alice = &live.users[&UserName::parse("Alice").unwrap()].value;
    assert_eq!(alice.path.as_str(), "/team/");
    assert_eq!(alice.tags.0["team"], "data");
    assert_eq!(alice.inline_policies.len(), 1);
    assert_eq!(alice.permissions_boundary.as_ref().unwrap().path_and_name(), "bound");
    let engineers = live.groups.values().next().unwrap();
    assert_eq!(engineers.value.members.len(), 1, "members are those users that name the group");
    let ci = live.roles.values().next().unwrap();
    assert_eq!(ci.details, Observed::NotRead);
    let used: Vec<_> =
        live.last_used.iter().map(|(who, at)| (who.to_string(), at.unwrap().to_string())).collect();
    assert_eq!(used, [("role/ci".to_owned(), "2026-03-04T05:06:07Z".to_owned())]);
    assert_eq!(ci.instance_profiles[0].as_str(), "ci-profile");
    assert_eq!(live.instance_profiles, Observed::NotRead, "those without a role are nowhere in it");
    assert_eq!(ci.trust.statements().len(), 1, "percent-encoded documents are decoded");
    assert_eq!(live.policies.len(), 1, "AWS's own policies are not the account's");
    let bound = live.policies.values().next().unwrap();
    assert_eq!(bound.tags, Observed::NotRead);
    assert_eq!(bound.default_version().unwrap().id.0, "v2");
}

#[test]
fn our_own_snapshot_reads_back_whole() {
    let live = read(CLI).unwrap().live;
    let text = write(&live, &Ownership::default(), "2026-11-24T00:00:00Z".parse().unwrap());
    let snapshot = read(&text).unwrap();
    assert_eq!(snapshot.live, live);
    assert_eq!(snapshot.ownership, Some(Ownership::default()));
    let later = text.replace("\"format_version\": 1", "\"format_version\": 2");
    assert_eq!(read(&later), Err(SnapshotError::Newer { found: 2, known: 1 }));
}

#[test]
fn what_was_read_of_credentials_is_kept_and_what_was_not_stays_unread() {
    let alice = UserName::parse("alice").unwrap();
    let mut live = read(CLI).unwrap().live;
    assert_eq!(live.users[&alice].credentials, Observed::NotRead);
    let credentials = Credentials {
        password: true,
        access_keys: vec![AccessKey { id: "AKIAEXAMPLE".to_owned(), status: KeyStatus::Active }],
        ..Credentials::default()
    };
    live.users.get_mut(&alice).unwrap().credentials = Observed::Read(credentials);
    let text = write(&live, &Ownership::default(), "2026-11-24T00:00:00Z".parse().unwrap());
    assert_eq!(read(&text).unwrap().live, live);
    // A snapshot that was written before there was such a field.
    let mut earlier: serde_json::Value = serde_json::from_str(&text).unwrap();
    earlier["live"]["users"]["alice"].as_object_mut().unwrap().remove("credentials").unwrap();
    assert_eq!(read(&earlier.to_string()).unwrap().live.users[&alice].credentials, Observed::NotRead);
}

#[test]
fn a_part_of_an_account_is_not_taken_for_the_whole() {
    for list in ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"] {
        let text = CLI.replacen(&format!("\"{list}\""), "\"Other\"", 1);
        let message = format!("it lacks `{list}`: save it without `--filter`, and all pages of it");
        assert_eq!(read(&text).unwrap_err().to_string(), message);
    }
    let truncated = CLI.replacen('{', "{\"IsTruncated\": true, \"Marker\": \"x\",", 1);
    assert!(matches!(read(&truncated), Err(SnapshotError::Partial(_))));
}

#[test]
fn pages_behind_each_other_or_in_a_list_are_one_account() {
    let whole: serde_json::Value = serde_json::from_str(CLI).unwrap();
    let empty = r#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#;
    let mut first: serde_json::Value = serde_json::from_str(empty).unwrap();
    first["UserDetailList"] = whole["UserDetailList"].clone();
    first["IsTruncated"] = true.into();
    let mut last = whole.clone();
    last["UserDetailList"] = serde_json::json!([]);
    let expected = read(CLI).unwrap();
    assert_eq!(read(&format!("\u{feff}{first:#}\n{last:#}\n")).unwrap(), expected);
    assert_eq!(read(&serde_json::json!([first, last]).to_string()).unwrap(), expected);
    // The last one is missing, stands in another place, or there are two.
    for pages in [vec![&first], vec![&last, &first], vec![&whole, &last]] {
        let text: String = pages.iter().map(ToString::to_string).collect();
        assert!(matches!(read(&text), Err(SnapshotError::Partial(_) | SnapshotError::Pages)), "{pages:?}");
    }
    let cut_off = CLI.get(..CLI.len() / 2).unwrap();
    assert!(matches!(read(cut_off), Err(SnapshotError::CutOff(_))));
}

#[test]
fn roles_are_read_in_pages_too() {
    let page = |more: &str| {
        format!(
            r#"{{"Roles": [{{"RoleName": "ci", "RoleId": "AROAEXAMPLE", "Description": "d", "MaxSessionDuration": 7200}}]{more}}}"#
        )
    };
    let mut live = read(CLI).unwrap().live;
    add_role_details(&mut live, &format!("{}{}", page(r#", "IsTruncated": true"#), r#"{"Roles": []}"#))
        .unwrap();
    let details = live.roles.values().next().unwrap().details.as_ref().unwrap();
    assert_eq!((details.description.as_str(), details.max_session_duration.as_secs()), ("d", 7_200));
    for text in [page(r#", "IsTruncated": true"#), CLI.to_owned(), "{\"Roles\": [".to_owned(), String::new()]
    {
        let error = add_role_details(&mut live, &text).unwrap_err().to_string();
        assert!(!error.contains("snapshot of iamctl"), "{error}");
    }
}

#[test]
fn anything_else_is_refused_with_a_reason() {
    for text in ["", "[]", "null", "{\"UserDetailList\": 1}", "{\"kind\": \"iamctl-snapshot\"}", "not json"] {
        assert!(
            matches!(
                read(text),
                Err(SnapshotError::Form(_)
                    | SnapshotError::Partial(_)
                    | SnapshotError::NotJson(_)
                    | SnapshotError::CutOff(_))
            ),
            "{text}"
        );
    }
    assert!(
        read("[]")
            .unwrap_err()
            .to_string()
            .ends_with("get-account-authorization-details: it is an empty list")
    );
    assert_eq!(read(" ").unwrap_err().to_string(), "it is not JSON: there is nothing in it");
    let no_default = CLI.replace("\"IsDefaultVersion\": true", "\"IsDefaultVersion\": false");
    assert!(read(&no_default).unwrap_err().to_string().contains("0 default versions"));
}
