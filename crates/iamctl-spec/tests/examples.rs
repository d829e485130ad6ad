//! The manifests under `examples/` are valid, and show what they say that they show.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use common::{files_under, in_memory, read, repository, schema_errors};
use iamctl_model::{Address, Resource, Role};
use iamctl_policy::Statement;
use iamctl_spec::{Manifest, Options, parse};
use serde_json::Value;

/// A folder of `examples/`, read with one set of values for its variables.
struct Example {
    folder: PathBuf,
    variables: BTreeMap<String, String>,
}

fn examples() -> PathBuf {
    repository().join("examples")
}

/// All examples. A folder with files under `accounts/` is one for each of them: they hold values of
/// variables.
fn all() -> Vec<Example> {
    let manifests = files_under(&examples()).into_iter().filter(|path| path.ends_with("desired-state.yaml"));
    let folders = manifests.map(|path| path.parent().unwrap().to_owned());
    folders
        .flat_map(|folder| {
            let accounts = files_under(&folder.join("accounts"));
            let values = accounts.iter().map(|path| serde_saphyr::from_str(&read(path)).unwrap());
            let mut values: Vec<BTreeMap<String, String>> = values.collect();
            if values.is_empty() {
                values.push(BTreeMap::new());
            }
            values.into_iter().map(move |variables| Example { folder: folder.clone(), variables })
        })
        .collect()
}

impl Example {
    fn name(&self) -> String {
        self.folder.strip_prefix(examples()).unwrap().display().to_string()
    }

    fn manifest(&self) -> Manifest {
        let options = Options { variables: self.variables.clone(), ..Options::default() };
        parse(&in_memory(&self.folder), "desired-state.yaml", &options).unwrap_or_else(|rejected| {
            let found: Vec<_> = rejected.diagnostics.iter().map(|one| one.message.as_str()).collect();
            panic!("{}: {}", self.name(), found.join("\n"))
        })
    }
}

/// The one example of this name, with the variables that hold these values.
fn example(name: &str, values: &[(&str, &str)]) -> Manifest {
    let fits = |example: &Example| {
        example.name() == name
            && values.iter().all(|(key, value)| example.variables.get(*key).is_some_and(|is| is == value))
    };
    let found: Vec<_> = all().into_iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0].manifest()
}

fn role(manifest: &Manifest, name: &str) -> Role {
    match resource(manifest, &format!("role/{name}")) {
        Resource::Role(role) => role,
        other => panic!("{other:?}"),
    }
}

fn resource(manifest: &Manifest, address: &str) -> Resource {
    manifest.desired.managed[&address.parse::<Address>().unwrap()].value.clone()
}

/// The statements of a policy, by Sid.
fn statements(manifest: &Manifest, policy: &str) -> BTreeMap<String, Value> {
    let Resource::Policy(policy) = resource(manifest, &format!("policy/{policy}")) else {
        panic!("no policy")
    };
    let statements = policy.document.statements().iter().map(Statement::to_json);
    statements.map(|one| (one["Sid"].as_str().unwrap().to_owned(), one)).collect()
}

#[test]
fn every_example_is_valid_and_gives_no_warning() {
    for example in all() {
        let manifest = example.manifest();
        let told: Vec<_> = manifest.warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(told, [""; 0], "{}", example.name());
        assert!(!manifest.desired.tests.is_empty(), "{} says nothing about access", example.name());
    }
}

#[test]
fn every_example_is_in_the_list_and_everything_in_the_list_is_there() {
    let there: BTreeSet<_> = all().iter().map(Example::name).collect();
    let list = read(&examples().join("README.md"));
    let rows = list.lines().filter_map(|line| line.strip_prefix("| [")?.split(']').next());
    assert_eq!(rows.map(str::to_owned).collect::<BTreeSet<_>>(), there);
}

#[test]
fn no_file_of_an_example_is_forgotten() {
    let mut read: BTreeSet<PathBuf> = BTreeSet::new();
    for example in all() {
        read.extend(example.manifest().files.iter().map(|(path, _)| example.folder.join(path)));
        read.extend(files_under(&example.folder.join("accounts")));
    }
    let beside = examples().join("README.md");
    let there: BTreeSet<_> = files_under(&examples()).into_iter().filter(|path| *path != beside).collect();
    assert_eq!(there.difference(&read).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}

/// Editors see what the reader sees: the committed schema, file by file.
#[test]
fn every_file_fits_the_committed_schema() {
    let schema: Value =
        serde_json::from_str(&read(&repository().join("docs/schema/desired-state.schema.json"))).unwrap();
    let mut seen = 0;
    for example in all() {
        for (path, text) in example.manifest().files {
            let is_document = text.lines().any(|line| line.starts_with("Statement:"));
            let definition = match path.as_str() {
                "desired-state.yaml" => "manifest",
                json if json.ends_with(".json") => "policy_document",
                _ if is_document => "policy_document",
                _ => "included",
            };
            let wrong = schema_errors(&schema, definition, &text);
            assert_eq!(wrong, [""; 0], "{}/{path} as {definition}", example.name());
            if definition != "policy_document" {
                names_its_schema(&example.folder.join(&path), &text, definition);
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// The first line leads an editor to the schema.
fn names_its_schema(path: &Path, text: &str, definition: &str) {
    let first = text.lines().next().unwrap();
    let named = first.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| panic!("{first}"));
    let (file, part) = named.split_once('#').unwrap_or((named, ""));
    let expected = repository().join("docs/schema/desired-state.schema.json").canonicalize().unwrap();
    assert_eq!(path.parent().unwrap().join(file).canonicalize().unwrap(), expected);
    assert_eq!(part, if definition == "manifest" { "" } else { "/definitions/included" });
}

#[test]
fn a_group_in_a_trust_is_its_members() {
    let manifest = example("team", &[]);
    let trusted: Vec<String> = role(&manifest, "cleaner").trust.aws_principals().map(str::to_owned).collect();
    assert_eq!(trusted, ["arn:aws:iam::123456789012:user/data/alice"]);
}

#[test]
fn self_service_is_about_oneself_and_denies_the_rest_also_where_nothing_is_known_of_mfa() {
    let manifest = example("self-service", &[]);
    let statements = statements(&manifest, "own-credentials");
    let own = ["OwnPassword", "OwnAccessKeys", "OwnDevices"];
    for sid in own {
        assert_eq!(statements[sid]["Resource"], "arn:aws:iam::123456789012:user/${aws:username}", "{sid}");
    }
    assert_eq!(statements["OwnVirtualDevice"]["Resource"], "arn:aws:iam::123456789012:mfa/${aws:username}");
    let deny = &statements["NothingElseWithoutMfa"];
    assert_eq!(deny["Effect"], "Deny");
    assert_eq!(deny["Condition"].to_string(), r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#);
    // What must be possible before there is a device is allowed, and nothing that takes one away is.
    let excepted = deny["NotAction"].as_array().unwrap();
    let allows = |action: &Value| {
        statements.values().filter(|one| one["Effect"] == "Allow").any(|one| match &one["Action"] {
            Value::Array(actions) => actions.contains(action),
            one => one == action,
        })
    };
    let not_allowed = excepted.iter().filter(|action| !allows(action) && *action != "sts:GetSessionToken");
    assert_eq!(not_allowed.collect::<Vec<_>>(), Vec::<&Value>::new());
    for kept in ["iam:DeactivateMFADevice", "iam:DeleteVirtualMFADevice", "iam:CreateAccessKey"] {
        assert!(!excepted.contains(&Value::from(kept)), "{kept}");
    }
    let trust = role(&manifest, "engineer").trust.to_compact_string();
    assert!(trust.contains(r#""Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#), "{trust}");
}

#[test]
fn the_pipeline_is_pinned_and_cannot_change_itself() {
    let manifest = example("github-actions", &[]);
    for (name, subject) in [
        ("iamctl-plan", r#"["repo:acme/iam:pull_request","repo:acme/iam:ref:refs/heads/main"]"#),
        ("iamctl-apply", r#""repo:acme/iam:ref:refs/heads/main""#),
    ] {
        let role = role(&manifest, name);
        let [statement] = role.trust.statements() else { panic!("one statement is expected") };
        let condition = statement.to_json()["Condition"].clone();
        assert_eq!(condition.as_object().unwrap().keys().collect::<Vec<_>>(), ["StringEquals"]);
        let equals = &condition["StringEquals"];
        assert_eq!(equals["token.actions.githubusercontent.com:sub"].to_string(), subject);
        assert_eq!(equals["token.actions.githubusercontent.com:aud"], "sts.amazonaws.com");
        assert_eq!(role.path.as_str(), "/pipeline/");
    }
    let guard = &statements(&manifest, "iamctl-apply")["NotThePipelineItself"];
    assert_eq!(guard["Effect"], "Deny");
    assert_eq!(guard["Resource"][0], "arn:aws:iam::123456789012:role/pipeline/*");
}

#[test]
fn others_come_with_what_proves_for_whom() {
    let manifest = example("others-who-act-for-us", &[]);
    for (name, condition) in [
        ("cost-reports", r#"{"StringEquals":{"sts:ExternalId":"acme-7f3d9c2e"}}"#),
        (
            "auditor",
            r#"{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::444455556666:role/auditor"}}"#,
        ),
        ("nightly-report", r#"{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#),
    ] {
        let role = role(&manifest, name);
        let [statement] = role.trust.statements() else { panic!("one statement is expected") };
        assert_eq!(statement.to_json()["Condition"].to_string(), condition, "{name}");
    }
}

#[test]
fn what_is_delegated_stays_within_its_boundary() {
    let manifest = example("delegated-administration", &[]);
    let boundary = "arn:aws:iam::123456789012:policy/web-boundary";
    let delegated = statements(&manifest, "web-administration");
    let bounded = &delegated["RolesWithinTheBoundary"];
    assert_eq!(bounded["Condition"]["StringEquals"]["iam:PermissionsBoundary"], boundary);
    let widening =
        ["iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"];
    for (sid, statement) in &delegated {
        let is_bounded = sid == "RolesWithinTheBoundary" || statement["Effect"] == "Deny";
        let text = statement["Action"].to_string();
        for action in widening.iter().filter(|_| !is_bounded) {
            assert!(!text.contains(&format!("\"{action}\"")), "{sid} allows {action}");
        }
    }
    assert_eq!(delegated["TheBoundaryStaysAsItIs"]["Resource"], boundary);
    let role_in_it = role(&manifest, "orders");
    assert_eq!(role_in_it.permissions_boundary.unwrap().as_str(), boundary);
    assert_eq!(
        (role_in_it.path.as_str(), role(&manifest, "web-administrator").path.as_str()),
        ("/web/", "/")
    );
    for address in ["policy/web-boundary", "role/web-administrator"] {
        assert!(manifest.desired.managed[&address.parse::<Address>().unwrap()].protect, "{address}");
    }
}

#[test]
fn the_two_accounts_differ_in_their_stages_only() {
    let [staging, prod] = ["staging", "prod"].map(|stage| example("two-accounts", &[("stage", stage)]));
    let addresses = |manifest: &Manifest| manifest.desired.managed.keys().cloned().collect::<BTreeSet<_>>();
    let only_prod: Vec<_> =
        addresses(&prod).difference(&addresses(&staging)).map(ToString::to_string).collect();
    assert_eq!(only_prod, ["policy/repair-orders", "role/repair"]);
    assert!(addresses(&staging).is_subset(&addresses(&prod)));
    let [in_staging, in_prod] =
        [&staging, &prod].map(|manifest| manifest.desired.account.clone().unwrap().to_string());
    assert_eq!((in_staging.as_str(), in_prod.as_str()), ("210987654321", "123456789012"));
    assert_eq!(staging.desired.master_copy.bucket, "acme-iam-210987654321");
    let table = &statements(&prod, "orders")["TakeAndReadOrders"]["Resource"];
    assert_eq!(*table, "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-123456789012");
}

#[test]
fn without_values_the_two_accounts_are_no_account() {
    let files = in_memory(&examples().join("two-accounts"));
    let rejected = parse(&files, "desired-state.yaml", &Options::default()).unwrap_err();
    let missing = rejected.diagnostics.iter().filter(|found| found.code == "variable-without-value");
    assert!(missing.count() >= 2);
}
