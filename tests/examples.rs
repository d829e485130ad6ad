//! The examples, each from an empty account to one in which nothing is left to do; and whether the
//! permissions that tutorial and examples give out are enough for what iamctl asks of AWS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fault_proxy::{Call, Service};
use local_aws::{LocalAws, Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Finished, World, run};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A local AWS that knows AWS's own policies, for manifests that are used as they are: account and bucket
/// included. The profile `staging` leads to another account.
struct Sandbox {
    aws: LocalAws,
    home: TempDir,
}

impl Sandbox {
    fn start() -> Self {
        let aws = LocalAws::start(&Options { managed_policies: true, ..Options::default() }).unwrap();
        let home = TempDir::with_prefix("iamctl-examples-").unwrap();
        let profiles = "[profile prod]\naws_access_key_id = local\naws_secret_access_key = local\n\n\
                        [profile staging]\nsource_profile = prod\n\
                        role_arn = arn:aws:iam::210987654321:role/administrator\n";
        fs::write(home.path().join("config"), profiles).unwrap();
        Self { aws, home }
    }

    fn iamctl(&self, folder: &Path, profile: &str, arguments: &[&str]) -> Finished {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamctl"));
        command.args(["--profile", profile]).args(arguments).current_dir(folder).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.home.path());
        command.envs(self.aws.environment().set());
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        command.env("AWS_CONFIG_FILE", self.home.path().join("config"));
        run(command)
    }
}

#[test]
fn every_example_is_planned_applied_and_then_there_is_nothing_left_to_do() {
    let sandbox = Sandbox::start();
    let mut seen = 0;
    for folder in folders() {
        // Values of variables, one file for each account, named as the profile.
        let accounts = entries(&folder.join("accounts"));
        let files: Vec<Option<String>> = match accounts.is_empty() {
            true => vec![None],
            false => accounts.iter().map(|path| Some(path.to_str().unwrap().to_owned())).collect(),
        };
        for values in files {
            println!("{} {}", folder.display(), values.as_deref().unwrap_or_default());
            let profile = match &values {
                Some(path) => Path::new(path).file_stem().unwrap().to_str().unwrap(),
                None => "prod",
            };
            let options: Vec<&str> = values.iter().flat_map(|path| ["--var-file", path]).collect();
            let iamctl = |arguments: &[&str]| {
                sandbox.iamctl(&folder, profile, &[arguments, options.as_slice()].concat())
            };
            sandbox.aws.reset().unwrap();
            let valid = iamctl(&["validate"]).expect(0).says(&["valid: desired-state.yaml"]);
            assert!(!valid.err.contains("warning"), "{}", valid.err);
            let plan = iamctl(&["plan", "--format", "json"]).expect(0).json();
            let calls = plan["steps"].as_array().unwrap().len();
            assert!(calls > 0);
            iamctl(&["apply", "--yes"]).expect(0).says(&[&format!("Done: {calls} calls.")]);
            let again = iamctl(&["plan", "--detailed-exitcode", "--format", "json"]).expect(0).json();
            assert_eq!(
                (&again["changes"], &again["steps"]),
                (&Value::from(vec![0; 0]), &Value::from(vec![0; 0]))
            );
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen}");
}

/// The folders of examples that hold a manifest.
fn folders() -> Vec<PathBuf> {
    let all = entries(&repository().join("examples"));
    all.into_iter().filter(|path| path.join("desired-state.yaml").exists()).collect()
}

/// What lies in a folder, in order; nothing when there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Someone who follows the tutorial signs in with this permission set, and gets through the first apply and
/// what comes after it.
#[test]
fn the_permission_set_of_the_tutorial_suffices_for_the_founding_case() {
    let world = World::new();
    let page = fs::read_to_string(repository().join("docs/tutorial.md")).unwrap();
    let (_, rest) = page.split_once("```json\n").unwrap();
    let permissions = serde_json::from_str(&world.own(rest.split_once("```").unwrap().0)).unwrap();

    world.iamctl(&["apply", "--yes"]).expect(0);
    life_goes_on(&world);

    let calls = world.proxy.calls();
    let actions = denied(&calls, &[permissions], &world);
    assert_eq!(actions, [""; 0]);
    let made = |operation: &str| calls.iter().any(|call| call.operation == operation);
    for operation in ["CreateBucket", "CreatePolicyVersion", "DetachUserPolicy", "DeleteUser", "UntagUser"] {
        assert!(made(operation), "{operation} was not tried");
    }
}

/// The pipeline takes over an account that a person has set up, bucket and all.
#[test]
fn the_roles_of_the_pipeline_suffice_for_the_founding_case() {
    let world = World::founded();
    let example = repository().join("examples/github-actions");
    fs::create_dir(world.path("pipeline")).unwrap();
    fs::create_dir(world.path("pipeline/policies")).unwrap();
    for name in ["desired-state.yaml", "policies/plan.yaml", "policies/apply.yaml"] {
        let text = fs::read_to_string(example.join(name)).unwrap();
        world.write(&format!("pipeline/{name}"), &world.own(&text));
    }
    let made =
        world.iamctl(&["plan", "-f", "pipeline/desired-state.yaml", "--format", "json"]).expect(0).json();
    let document = |address: &str| {
        let change = made["changes"].as_array().unwrap().iter().find(|change| change["address"] == address);
        change.unwrap()["after"]["document"].clone()
    };
    let (plan, apply) = (document("policy/iamctl-plan"), document("policy/iamctl-apply"));
    world.proxy.clear();

    world.iamctl(&["plan"]).expect(0);
    world.iamctl(&["drift"]).expect(0);
    world.iamctl(&["runs", "list"]).expect(0);
    assert_eq!(denied(&world.proxy.calls(), std::slice::from_ref(&plan), &world), [""; 0]);

    life_goes_on(&world);
    assert_eq!(denied(&world.proxy.calls(), &[plan.clone(), apply.clone()], &world), [""; 0]);

    // The reading role cannot do what the other one does, and neither can change itself.
    assert!(!denied(&world.proxy.calls(), std::slice::from_ref(&plan), &world).is_empty());
    let own = format!("arn:aws:iam::{}:role/pipeline/iamctl-apply", world.account);
    assert!(!allows(&[plan, apply], "iam:UpdateAssumeRolePolicy", &own, None));
}

/// Changes in the manifest and in the account, each of which is applied.
fn life_goes_on(world: &World) {
    let aws = world.aws();
    world.edit("users:\n", "users:\n  dave: {}\n");
    world.edit("users: [alice, bob, carol]", "users: [alice, bob, carol, dave]");
    world.edit("[\"s3:Get*\", \"s3:List*\"]", "[\"s3:Get*\", \"s3:List*\", \"s3:Describe*\"]");
    world.edit("description: Engineers at work, signed in with MFA", "description: Engineers");
    world.iamctl(&["apply", "--yes"]).expect(0);

    let foreign = format!("arn:aws:iam::{}:policy/deny-user-creation", world.account);
    aws.wait(aws.iam.attach_user_policy().user_name("alice").policy_arn(&foreign).send()).unwrap();
    let tag = aws_sdk_iam::types::Tag::builder().key("team").value("data").build().unwrap();
    aws.wait(aws.iam.tag_user().user_name("bob").tags(tag).send()).unwrap();
    aws.wait(aws.iam.detach_role_policy().role_name("engineer").policy_arn(&foreign).send()).unwrap();
    // The Deny on alice restricts her: that it goes has to be said.
    world.iamctl(&["apply", "--yes", "--allow", "widen-drift"]).expect(0);

    world.edit("  dave: {}\n", "");
    world.edit("users: [alice, bob, carol, dave]", "users: [alice, bob, carol]");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
}

/// The calls that these documents do not allow, each once.
fn denied(calls: &[Call], documents: &[Value], world: &World) -> Vec<String> {
    let mut denied: Vec<String> = calls
        .iter()
        .filter(|call| call.service != Service::Sts)
        .filter(|call| {
            let (action, resource) = (action(call), resource(call, world));
            !allows(documents, &action, &resource, call.params.get("PolicyArn").map(String::as_str))
        })
        .map(|call| format!("{} on {}", action(call), resource(call, world)))
        .collect();
    denied.sort();
    denied.dedup();
    denied
}

/// The action that a call needs: its name, but for some of S3.
/// Source: S3 API Reference, "Permissions" of each operation.
fn action(call: &Call) -> String {
    let name = match (call.service, call.operation.as_str()) {
        (Service::S3, "ListObjectsV2") => "ListBucket",
        (Service::S3, "GetPublicAccessBlock") => "GetBucketPublicAccessBlock",
        (Service::S3, "PutPublicAccessBlock") => "PutBucketPublicAccessBlock",
        (Service::S3, "GetBucketEncryption") => "GetEncryptionConfiguration",
        (Service::S3, "PutBucketEncryption") => "PutEncryptionConfiguration",
        (Service::S3, "DeleteBucketTagging") => "PutBucketTagging",
        (_, name) => name,
    };
    format!("{}:{name}", call.service)
}

/// What a call is about.
fn resource(call: &Call, world: &World) -> String {
    let iam = |kind: &str, name: &str| format!("arn:aws:iam::{}:{kind}/{name}", world.account);
    let named = |param: &str| Some(call.param(param)).filter(|name| !name.is_empty());
    if call.service == Service::S3 {
        let key = named("Key").map(|key| format!("/{key}")).unwrap_or_default();
        return format!("arn:aws:s3:::{}{key}", call.param("Bucket"));
    }
    let of_identity = ["UserName", "RoleName", "GroupName"].into_iter().find_map(|param| {
        let kind = param.trim_end_matches("Name").to_ascii_lowercase();
        named(param).map(|name| iam(&kind, name))
    });
    let of_policy = || named("PolicyArn").map(str::to_owned);
    let new_policy = || named("PolicyName").map(|name| iam("policy", name));
    of_identity.or_else(of_policy).or_else(new_policy).unwrap_or_else(|| "*".to_owned())
}

/// Whether the documents together allow something, as far as they use IAM's language.
fn allows(documents: &[Value], action: &str, resource: &str, policy: Option<&str>) -> bool {
    let statements = documents.iter().flat_map(|document| many(&document["Statement"]));
    let fitting = statements.filter(|statement| {
        let fits = |element: &str, text: &str| {
            let patterns = many(&statement[element]);
            patterns.iter().any(|pattern| matches(pattern.as_str().unwrap(), text))
        };
        let is_about = match statement.get("NotAction") {
            Some(_) => !fits("NotAction", action),
            None => fits("Action", action),
        };
        is_about && fits("Resource", resource) && holds(&statement["Condition"], policy)
    });
    let effects: Vec<String> = fitting.map(|one| one["Effect"].as_str().unwrap().to_owned()).collect();
    effects.iter().any(|effect| effect == "Allow") && !effects.iter().any(|effect| effect == "Deny")
}

/// The only condition in use: which policy is attached.
fn holds(condition: &Value, policy: Option<&str>) -> bool {
    match condition {
        Value::Null => true,
        condition => {
            let expected = many(&condition["ArnEquals"]["iam:PolicyARN"]);
            assert!(!expected.is_empty(), "{condition}");
            expected.iter().any(|arn| Some(arn.as_str().unwrap()) == policy)
        }
    }
}

fn many(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    }
}

/// Whether a text is one that a pattern with `*` stands for.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).filter_map(|at| tail.get(at..)).any(|tail| matches(rest, tail))
        }),
    }
}
