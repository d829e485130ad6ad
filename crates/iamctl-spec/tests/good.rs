//! A manifest that uses everything means what it says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use iamctl_model::{
    Address, ContextValue, Desired, Field, Mfa, OrganizationPolicy, Resource, TestPrincipalKind,
};
use iamctl_spec::{Manifest, Options, parse};

fn everything() -> Manifest {
    let files = common::in_memory(&common::folder("good"));
    parse(&files, "everything.yaml", &Options::default()).unwrap_or_else(|rejected| {
        let shown: Vec<_> = rejected
            .diagnostics
            .iter()
            .map(|found| {
                format!("{:?} {} @ {}", found.code, found.message, rejected.sources.slice(found.span))
            })
            .collect();
        panic!("{}", shown.join("\n"));
    })
}

fn resource(desired: &Desired, address: &str) -> Resource {
    desired.managed[&address.parse::<Address>().unwrap()].value.clone()
}

fn json(value: impl serde::Serialize) -> String {
    serde_json::to_string(&value).unwrap()
}

#[test]
fn it_is_read_without_warnings() {
    let manifest = everything();
    assert!(manifest.warnings.is_empty(), "{:?}", manifest.warnings);
    let paths: Vec<_> = manifest.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "everything.yaml",
            "teams/included.yaml",
            "teams/deeper/more.yaml",
            "documents/boundary.json",
            "documents/policy.yaml",
            "documents/trust.json",
            "documents/okta.xml",
            "documents/scp.yaml",
            "documents/rcp.json",
        ]
    );
    assert_eq!(manifest.variables["bucket"], "logs-123456789012");
}

#[test]
fn defaults_hold_unless_a_block_says_otherwise() {
    let desired = everything().desired;
    let Resource::User(alice) = resource(&desired, "user/alice") else { panic!() };
    let Resource::User(bob) = resource(&desired, "user/bob") else { panic!() };
    assert_eq!((alice.path.as_str(), bob.path.as_str()), ("/people/", "/people/"));
    assert_eq!(alice.permissions_boundary, None);
    assert_eq!(bob.permissions_boundary.unwrap().as_str(), "arn:aws:iam::123456789012:policy/boundary");
    // The case of keys does not count on users: `Owner` replaces the default `owner`.
    assert_eq!(json(&alice.tags), r#"{"Owner":"alice","empty":""}"#);
    assert_eq!(json(&bob.tags), r#"{"owner":"hr"}"#);
    let Resource::Group(engineers) = resource(&desired, "group/engineers") else { panic!() };
    let Resource::Group(data) = resource(&desired, "group/data") else { panic!() };
    assert_eq!((engineers.path.as_str(), data.path.as_str()), ("/x/", "/teams/"));
    assert_eq!(json(&engineers.members), r#"["alice"]"#);
    let Resource::Policy(logs) = resource(&desired, "policy/read-logs-prod") else { panic!() };
    assert_eq!(json(&logs.tags), r#"{"Cost Center":"0042","owner":"platform"}"#);
}

#[test]
fn instance_profiles_hold_a_role_or_none() {
    let desired = everything().desired;
    let [web, elsewhere, none, empty] = ["web", "elsewhere", "none", "empty"].map(|name| {
        match resource(&desired, &format!("instance_profile/{name}")) {
            Resource::InstanceProfile(profile) => profile,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(json(&web), r#"{"path":"/","role":"other","tags":{"Owner":"web","owner":"platform"}}"#);
    assert_eq!(json(&elsewhere.role), r#""here""#);
    assert_eq!(json(&none), r#"{"path":"/ec2/","role":null,"tags":{"owner":"platform"}}"#);
    assert_eq!(none, empty);
    let managed = &desired.managed[&"instance_profile/web".parse::<Address>().unwrap()];
    assert!(managed.protect);
    let managed = &desired.managed[&"instance_profile/elsewhere".parse::<Address>().unwrap()];
    assert_eq!(managed.ignore.iter().copied().collect::<Vec<_>>(), [Field::Tags]);
}

#[test]
fn thumbprints_of_an_oidc_provider_are_left_to_aws_where_none_are_written() {
    let desired = everything().desired;
    let names =
        ["token.actions.githubusercontent.com", "oidc.eks.eu-west-1.amazonaws.com/id/0A1B", "empty.example"];
    let [github, eks, empty] = names.map(|url| match resource(&desired, &format!("oidc_provider/{url}")) {
        Resource::OidcProvider(provider) => json(&provider),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        github,
        r#"{"client_ids":["sts.amazonaws.com"],"thumbprints":null,"tags":{"owner":"platform"}}"#
    );
    assert_eq!(
        eks,
        r#"{"client_ids":["other","sts.amazonaws.com"],"thumbprints":["abcdef0123456789abcdef0123456789abcdef01"],"tags":{"Owner":"web","owner":"platform"}}"#
    );
    assert_eq!(empty, r#"{"client_ids":[],"thumbprints":null,"tags":{"owner":"platform"}}"#);
}

#[test]
fn settings_are_said_once_or_said_not_to_be() {
    let desired = everything().desired;
    let Resource::PasswordPolicy(passwords) = resource(&desired, "password_policy") else { panic!() };
    assert_eq!(
        json(&passwords),
        r#"{"minimum_password_length":14,"require_symbols":true,"require_numbers":true,"require_uppercase_characters":true,"require_lowercase_characters":true,"allow_users_to_change_password":false,"max_password_age":90,"password_reuse_prevention":24,"hard_expiry":true}"#
    );
    let Resource::AccountAlias(alias) = resource(&desired, "account_alias") else { panic!() };
    assert_eq!(alias.alias.as_str(), "acme-prod");
    for address in ["account_alias", "password_policy"] {
        let managed = &desired.managed[&address.parse::<Address>().unwrap()];
        assert!(managed.adopt && managed.protect);
    }
    assert!(desired.absent.is_empty());
}

#[test]
fn metadata_of_a_saml_provider_lies_in_a_file_that_is_taken_as_it_is_or_in_its_block() {
    let manifest = everything();
    let [okta, here] = ["Okta", "in-place"].map(|name| {
        match resource(&manifest.desired, &format!("saml_provider/{name}")) {
            Resource::SamlProvider(provider) => provider,
            other => panic!("{other:?}"),
        }
    });
    let (_, file) = manifest.files.iter().find(|(path, _)| path == "documents/okta.xml").unwrap();
    assert_eq!(okta.metadata.as_str(), file);
    assert!(file.contains("${env}"), "variables are not replaced in it");
    let facts = here.metadata.facts().unwrap();
    assert_eq!(facts.entity_ids, ["https://prod.example.com".to_owned()].into());
    assert_eq!(json(&here.tags), r#"{"Owner":"web","owner":"platform"}"#);
}

#[test]
fn service_linked_roles_are_known_by_service_and_suffix() {
    let desired = everything().desired;
    let linked = desired.managed.iter().filter_map(|(address, managed)| match &managed.value {
        Resource::ServiceLinkedRole(role) => Some((address.to_string(), role.description.clone())),
        _ => None,
    });
    let linked: Vec<_> = linked.collect();
    let of = |name: &str| format!("service_linked_role/{name}");
    assert_eq!(
        linked,
        [
            (of("autoscaling.amazonaws.com"), None),
            (of("autoscaling.amazonaws.com/prod_1"), Some("Scales what runs in prod".to_owned())),
            (of("dynamodb.application-autoscaling.amazonaws.com"), None),
        ]
    );
}

#[test]
fn variables_are_replaced_and_those_of_iam_are_not() {
    let manifest = everything();
    let Resource::Policy(logs) = resource(&manifest.desired, "policy/read-logs-prod") else { panic!() };
    let text = logs.document.to_compact_string();
    assert!(text.contains(r#""arn:aws:s3:::logs-123456789012/${aws:username}/${*}/${literal}""#), "{text}");
    let Resource::Policy(boundary) = resource(&manifest.desired, "policy/boundary") else { panic!() };
    assert!(boundary.document.to_compact_string().contains(r#""aws:RequestedRegion":"eu-west-1""#));
    assert_eq!(boundary.description, "Nothing outside of eu-west-1");
    assert!(manifest.desired.managed[&"policy/boundary".parse::<Address>().unwrap()].protect);
    assert_eq!(manifest.desired.master_copy.prefix, "iam/prod/");
}

#[test]
fn each_item_of_trust_is_one_statement() {
    let Resource::Role(role) = resource(&everything().desired, "role/everyone") else { panic!() };
    let statements: Vec<_> = role.trust.statements().iter().map(|one| one.to_json().to_string()).collect();
    assert_eq!(
        statements,
        [
            r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:user/people/alice","arn:aws:iam::210987654321:user/their","arn:aws:iam::123456789012:role/jobs/other"]},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"5400"}}}"#,
            r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::210987654321:root","arn:aws:iam::012345678901:root"]},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":["one-of","these"],"aws:PrincipalOrgID":"o-123"}}}"#,
            r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}"#,
            r#"{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},"StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/*"}}}"#,
            r#"{"Effect":"Allow","Principal":{"Federated":["arn:aws:iam::123456789012:saml-provider/Okta","arn:aws:iam::123456789012:saml-provider/Other"]},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}"#,
        ]
    );
    assert_eq!(role.max_session_duration.as_secs(), 14_400);
}

#[test]
fn what_is_left_to_others_is_kept_with_its_fields() {
    let desired = everything().desired;
    let carol = &desired.managed[&"user/carol".parse::<Address>().unwrap()];
    assert_eq!(carol.ignore.iter().copied().collect::<Vec<_>>(), [Field::PermissionsBoundary, Field::Groups]);
    let alice = &desired.managed[&"user/alice".parse::<Address>().unwrap()];
    assert_eq!((alice.adopt, alice.protect), (true, false));
    assert_eq!(desired.ignore.len(), 4);
    let forgotten: Vec<_> = desired.forget.iter().map(ToString::to_string).collect();
    assert_eq!(
        forgotten,
        [
            "group/old",
            "user/gone",
            "role/legacy",
            "instance_profile/old",
            "oidc_provider/old.example/id",
            "saml_provider/Old",
            "service_linked_role/old.amazonaws.com/x"
        ]
    );
}

#[test]
fn the_organisation_has_its_levels_in_order() {
    let organization = everything().desired.organization.unwrap();
    let names = |levels: &[Vec<OrganizationPolicy>]| -> Vec<Vec<String>> {
        levels.iter().map(|level| level.iter().map(|policy| policy.name.clone()).collect()).collect()
    };
    assert_eq!(
        names(&organization.scp),
        [vec!["FullAWSAccess"], vec!["FullAWSAccess", "documents/scp.yaml"]]
    );
    assert_eq!(names(&organization.rcp), [["documents/rcp.json"]]);
    assert_eq!(organization.id.as_deref(), Some("o-a1b2c3d4e5"));
    let scp = &organization.scp[1][1].document;
    assert!(scp.to_compact_string().contains("eu-west-1"), "variables are replaced");
}

#[test]
fn tests_are_typed() {
    let desired = everything().desired;
    let test = &desired.tests[1];
    assert_eq!(test.principals[2].who, TestPrincipalKind::Service("ec2.amazonaws.com".into()));
    let arns: Vec<_> = test.resources.iter().map(|resource| resource.arn.as_str()).collect();
    assert_eq!(
        arns,
        [
            "arn:aws:iam::123456789012:user/people/alice",
            "arn:aws:iam::123456789012:policy/boundary",
            "arn:aws:iam::123456789012:group/x/engineers",
            "arn:aws:iam::123456789012:instance-profile/ec2/none",
            "arn:aws:iam::123456789012:oidc-provider/empty.example",
            "arn:aws:iam::123456789012:saml-provider/Okta",
            "*"
        ]
    );
    assert_eq!(test.context.mfa, Some(Mfa::Present { age: Some(3_600) }));
    let keys: Vec<_> = test.context.keys.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "aws:PrincipalTag/team",
            "aws:RequestTag/x",
            "aws:RequestedRegion",
            "aws:ResourceTag/env",
            "aws:SourceIp",
            "aws:TagKeys",
            "aws:VpceAccount",
            "s3:max-keys"
        ]
    );
    assert_eq!(test.context.keys["aws:VpceAccount"], ContextValue::Absent);
}
