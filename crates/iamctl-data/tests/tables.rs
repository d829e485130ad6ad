//! The tables are whole and say what AWS's documentation says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use iamctl_data::{AccessLevel, ValueType, managed_policies, services};

#[test]
fn the_tables_are_whole_and_the_readme_tells_their_age() {
    let readme = include_str!("../README.md");
    for provenance in [services().provenance(), managed_policies().provenance()] {
        let iamctl_data::Provenance { package, version, date, licence } = provenance;
        assert!(date.len() == 10 && date > "2026-01-01", "{provenance}");
        let row = format!("| `{package}` | {version} | {date} | {licence} |");
        assert!(readme.contains(&row), "the README has no row {row}");
    }
    let actions: usize = services().iter().map(|service| service.actions().count()).sum();
    assert!(services().prefixes().count() > 440 && actions > 22_000, "{actions} actions");
    assert!(managed_policies().iter().count() > 1_500);
}

/// Every name that the tables use is in them.
#[test]
fn nothing_in_the_tables_points_nowhere() {
    for service in services().iter() {
        assert!(!service.name.is_empty());
        for action in service.actions() {
            assert!(
                action.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
                "{}",
                action.name
            );
            for (name, _) in action.resource_types() {
                assert!(service.resource_type(name).is_some(), "{}:{} {name}", service.prefix, action.name);
            }
        }
        for kind in service.resource_types() {
            assert!(kind.arn.starts_with("arn:") && kind.arn.split(':').count() >= 6, "{}", kind.arn);
        }
    }
    for policy in managed_policies().iter() {
        assert!(policy.path.starts_with('/') && policy.path.ends_with('/'), "{}", policy.name);
        let document: serde_json::Value = serde_json::from_str(policy.document).unwrap();
        assert!(document["Statement"].is_array() || document["Statement"].is_object(), "{}", policy.name);
        assert_eq!(managed_policies().by_arn(&policy.arn("aws-cn")), Some(policy));
    }
}

#[test]
fn actions_are_found_without_regard_to_case() {
    let level =
        |name: &str| services().action(name).unwrap_or_else(|| panic!("{name} is unknown")).1.access_level;
    assert_eq!(level("s3:GetObject"), AccessLevel::Read);
    assert_eq!(level("S3:getobject"), AccessLevel::Read);
    assert_eq!(level("s3:ListBucket"), AccessLevel::List);
    assert_eq!(level("s3:PutObject"), AccessLevel::Write);
    assert_eq!(level("s3:PutObjectTagging"), AccessLevel::Tagging);
    assert_eq!(level("iam:AttachRolePolicy"), AccessLevel::PermissionsManagement);
    for unknown in ["s3:GetObjects", "s3", "s4:GetObject", "", ":", "s3:"] {
        assert!(services().action(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn actions_know_their_resources() {
    let resources = |name: &str| services().action(name).unwrap().1.resource_types().collect::<Vec<_>>();
    assert_eq!(resources("s3:ListAllMyBuckets"), []);
    assert!(resources("s3:GetObject").contains(&("object", false)));
    assert_eq!(resources("iam:CreateUser"), [("user", true)]);
    assert_eq!(resources("sts:AssumeRole"), [("role", true)]);
    let s3 = services().get("S3").unwrap();
    assert_eq!(s3.resource_type("object").unwrap().arn, "arn:${Partition}:s3:::${BucketName}/${ObjectName}");
    assert!(s3.resource_type("object").unwrap().is_form_of("arn:aws:s3:::bucket/a/b"));
    assert!(!s3.resource_type("object").unwrap().is_form_of("arn:aws:s3:::bucket"));
}

#[test]
fn condition_keys_have_types() {
    let key = |name: &str| *services().condition_key(name).unwrap_or_else(|| panic!("{name} is unknown"));
    assert_eq!(key("aws:MultiFactorAuthPresent").value_type, ValueType::Bool);
    assert_eq!(key("aws:multifactorauthage").value_type, ValueType::Numeric);
    assert_eq!(key("aws:SourceIp").value_type, ValueType::IpAddress);
    assert_eq!(key("aws:CurrentTime").value_type, ValueType::Date);
    assert_eq!(key("aws:PrincipalArn").value_type, ValueType::Arn);
    assert_eq!(key("aws:PrincipalTag/team").value_type, ValueType::String);
    assert_eq!(key("aws:RequestTag/team").value_type, ValueType::String);
    assert_eq!(key("s3:prefix").value_type, ValueType::String);
    assert!(key("aws:TagKeys").multivalued);
    assert!(!key("aws:SourceIp").multivalued);
    let (_, action) = services().action("s3:ListBucket").unwrap();
    assert!(action.condition_keys().any(|name| name == "s3:prefix"));
    for unknown in ["aws:SourceIpp", "s3:nothing", "nothing", "aws:RequestTag/"] {
        assert!(services().condition_key(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn managed_policies_are_found_by_name_and_by_arn() {
    let billing = managed_policies().by_arn("arn:aws:iam::aws:policy/job-function/Billing").unwrap();
    assert_eq!((billing.name, billing.path), ("Billing", "/job-function/"));
    assert_eq!(billing.path_and_name(), "job-function/Billing");
    assert_eq!(billing.arn("aws-us-gov"), "arn:aws-us-gov:iam::aws:policy/job-function/Billing");
    assert!(managed_policies().by_name("AdministratorAccess").unwrap().document.contains(r#""Action":"*""#));
    for unknown in [
        "arn:aws:iam::aws:policy/Billing",
        "arn:aws:iam::123456789012:policy/job-function/Billing",
        "arn:aws:iam::aws:policy/",
        "Billing",
    ] {
        assert!(managed_policies().by_arn(unknown).is_none(), "{unknown}");
    }
}
