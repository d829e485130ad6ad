//! A random walk: manifest after manifest is applied to one account, with drift in between, and after each
//! one the account is compared with the manifest by an independent reader (boto3), and planned empty.
//!
//! `IAMCTL_WALK_STEPS` and `IAMCTL_WALK_SEED` choose a longer walk, or another one.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Map, Value, json};

use crate::saml_providers::saml_metadata;
use crate::support::World;

const USUAL_STEPS: u64 = 100;
const USUAL_SEED: u64 = 20_261_124;

#[test]
fn a_hundred_manifests_in_a_row_each_become_true() {
    let (steps, seed) = (
        from_environment("IAMCTL_WALK_STEPS", USUAL_STEPS),
        from_environment("IAMCTL_WALK_SEED", USUAL_SEED),
    );
    let world = World::new();
    let mut reader = Reader::start(&world);
    reader.ask(&json!({"do": "prepare"}));
    let mut chance = Chance(seed);
    let mut manifest = Manifest::empty(&world);
    for step in 0..steps {
        let before = manifest.text();
        let drift = match chance.below(3) {
            0 => reader.ask(&json!({"do": "drift", "seed": chance.next()})),
            _ => Value::Null,
        };
        manifest.rename_one(&mut chance);
        for _ in 0..=chance.below(5) {
            manifest.change(&mut chance);
        }
        world.write("desired-state.yaml", &manifest.text());
        let story = || {
            format!("seed {seed}, step {step}, drift {drift}\nbefore: {before}\nafter: {}", manifest.text())
        };

        let applied = world.iamctl(&[
            "apply",
            "--yes",
            "--allow",
            "conflict",
            "--allow",
            "widen-drift",
            "--allow",
            "mass-delete",
            "--allow",
            "replace",
        ]);
        assert_eq!(applied.code(), Some(0), "{}\n{}\n{}", story(), applied.out, applied.err);
        let differences = reader.ask(&json!({"do": "compare", "manifest": world.path("desired-state.yaml")}));
        assert_eq!(differences, json!([]), "{}\n{}", story(), applied.out);
        let again = world.iamctl(&["plan", "--detailed-exitcode"]);
        assert_eq!(again.code(), Some(0), "{}\n{}\n{}", story(), again.out, again.err);
    }
}

fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

/// Numbers that are the same for the same seed, on every machine (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// One of these.
    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.below(of.len())) }
    }

    /// Each of these or not.
    fn some(&mut self, of: &[String]) -> Vec<String> {
        of.iter().filter(|_| self.below(2) == 0).cloned().collect()
    }
}

/// A manifest in JSON, which is YAML too.
struct Manifest {
    head: Map<String, Value>,
    sections: Value,
    settings: Map<String, Value>,
}

const SECTIONS: [&str; 8] = [
    "policies",
    "groups",
    "users",
    "roles",
    "instance_profiles",
    "oidc_providers",
    "saml_providers",
    "service_linked_roles",
];

/// Services with and without suffix, and one whose role has a name that looks like a suffix.
const SERVICES: [&str; 6] = [
    "autoscaling.amazonaws.com",
    "autoscaling.amazonaws.com/a",
    "autoscaling.amazonaws.com/b",
    "ecs.amazonaws.com",
    "rds.application-autoscaling.amazonaws.com",
    "lexv2.amazonaws.com/a",
];

impl Manifest {
    fn empty(world: &World) -> Self {
        let head = json!({
            "version": 1, "name": "acme-prod", "account": world.account,
            "master_copy": {"bucket": world.bucket(), "region": "eu-west-1", "prefix": "iam/"},
        });
        let sections: Map<_, _> = SECTIONS.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        let sections = Value::Object(sections);
        Self { head: head.as_object().unwrap().clone(), sections, settings: Map::new() }
    }

    fn text(&self) -> String {
        let mut all = self.head.clone();
        all.extend(self.sections.as_object().unwrap().clone());
        all.extend(self.settings.clone());
        Value::Object(all).to_string()
    }

    fn names(&self, section: &str) -> Vec<String> {
        self.sections[section].as_object().unwrap().keys().cloned().collect()
    }

    /// A user of those that can move gets another name, now and then. What was renamed before is called so by now.
    fn rename_one(&mut self, chance: &mut Chance) {
        let users = self.sections["users"].as_object_mut().unwrap();
        users.values_mut().for_each(|user| drop(user.as_object_mut().unwrap().remove("renamed_from")));
        let names: Vec<String> = users.keys().filter(|name| can_move("users", name)).cloned().collect();
        let Some(from) = chance.one(&names).filter(|_| chance.below(4) == 0) else { return };
        let to = format!("v{}", chance.below(6));
        if !users.contains_key(&to) {
            let mut block = users.remove(from).unwrap();
            block["renamed_from"] = json!(from);
            users.insert(to, block);
        }
    }

    fn is_renamed(&self, name: &str) -> bool {
        self.sections["users"]
            .as_object()
            .unwrap()
            .values()
            .any(|user| user.get("renamed_from") == Some(&json!(name)))
    }

    /// A setting of the account gets another value, or shall not be there. Once said, it stays said: what is not
    /// managed is nothing that the other side can compare.
    fn set_one(&mut self, chance: &mut Chance) {
        let is_none = chance.below(3) == 0;
        let (key, value) = match chance.below(2) {
            0 => ("account_alias", json!({"name": format!("acme-{}", chance.below(4))})),
            _ => {
                let mut policy = json!({"minimum_password_length": 6 + chance.below(20)});
                for flag in [
                    "require_symbols",
                    "require_numbers",
                    "require_uppercase_characters",
                    "require_lowercase_characters",
                    "allow_users_to_change_password",
                ] {
                    if chance.below(2) == 0 {
                        policy[flag] = json!(chance.below(2) == 0);
                    }
                }
                if chance.below(2) == 0 {
                    policy["max_password_age"] = json!(1 + chance.below(1_095));
                    policy["hard_expiry"] = json!(chance.below(2) == 0);
                }
                if chance.below(2) == 0 {
                    policy["password_reuse_prevention"] = json!(1 + chance.below(24));
                }
                ("password_policy", policy)
            }
        };
        self.settings.insert(key.to_owned(), if is_none { json!("none") } else { value });
    }

    /// One change of any kind that leaves the manifest valid.
    fn change(&mut self, chance: &mut Chance) {
        if chance.below(8) == 0 {
            return self.set_one(chance);
        }
        let section = *chance.one(&SECTIONS).unwrap();
        let names = self.names(section);
        match chance.below(4) {
            0 => {
                let number = chance.below(6);
                let name = match section {
                    "oidc_providers" => format!("o{number}.example.com/id/A{number}"),
                    "service_linked_roles" => SERVICES[number].to_owned(),
                    _ => format!("{}{number}", section.get(..1).unwrap()),
                };
                if self.sections[section].get(&name).is_none() && !self.is_renamed(&name) {
                    let mut block = self.block(section, chance);
                    if can_move(section, &name) {
                        block.as_object_mut().unwrap().remove("tags");
                    }
                    self.sections[section][&name] = block;
                }
            }
            1 if chance.below(2) == 0 => {
                if let Some(name) = chance.one(&names) {
                    self.remove(section, name);
                }
            }
            _ => {
                if let Some(name) = chance.one(&names) {
                    let path = self.sections[section][name].get("path").cloned();
                    let mut block = self.block(section, chance);
                    if !can_move(section, name) && !can_be_replaced(section, name) {
                        block.as_object_mut().unwrap().remove("path");
                        block.as_object_mut().unwrap().extend(path.map(|path| ("path".to_owned(), path)));
                    }
                    // Some of the old and some of the new.
                    for (key, value) in self.sections[section][name].as_object().unwrap() {
                        if chance.below(2) == 0 && key != "path" {
                            block[key] = value.clone();
                        }
                    }
                    if can_move(section, name) {
                        block.as_object_mut().unwrap().remove("tags");
                    }
                    let renamed = self.sections[section][name].get("renamed_from").cloned();
                    let renamed = renamed.map(|from| ("renamed_from".to_owned(), from));
                    block.as_object_mut().unwrap().extend(renamed);
                    self.sections[section][name] = block;
                }
            }
        }
    }

    /// Takes a thing out, and all that names it.
    fn remove(&mut self, section: &str, name: &str) {
        self.sections[section].as_object_mut().unwrap().remove(name);
        if section == "roles" {
            for profile in self.sections["instance_profiles"].as_object_mut().unwrap().values_mut() {
                let holds =
                    |profile: &Map<String, Value>| profile.get("role").is_some_and(|role| role == name);
                let profile = profile.as_object_mut().unwrap();
                if holds(profile) {
                    profile.remove("role");
                }
            }
        }
        // A trust names identity providers under a shorter word.
        let section = match section {
            "oidc_providers" => "oidc",
            "saml_providers" => "saml",
            other => other,
        };
        for other in ["groups", "users", "roles"] {
            for block in self.sections[other].as_object_mut().unwrap().values_mut() {
                let block = block.as_object_mut().unwrap();
                if let Some(Value::Array(names)) = block.get_mut(section) {
                    names.retain(|known| known != name);
                }
                if section == "policies"
                    && block.get("permissions_boundary").is_some_and(|known| known == name)
                {
                    block.remove("permissions_boundary");
                }
                let Some(Value::Array(items)) = block.get_mut("trust") else { continue };
                for item in items.iter_mut() {
                    if let Some(Value::Array(names)) = item.get_mut(section) {
                        names.retain(|known| known != name);
                    }
                    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
                    item.as_object_mut().unwrap().retain(|_, value| !empty(value));
                }
                let names_somebody = |item: &Value| {
                    ["users", "roles", "services", "accounts", "oidc", "saml"]
                        .iter()
                        .any(|key| item.get(*key).is_some())
                };
                items.retain(names_somebody);
                if items.is_empty() {
                    items.push(json!({"services": ["ec2.amazonaws.com"]}));
                }
            }
        }
    }

    fn block(&self, section: &str, chance: &mut Chance) -> Value {
        let mut block = Map::new();
        if chance.below(3) == 0 {
            block.insert("path".to_owned(), json!("/team/"));
        }
        if section != "groups" && chance.below(2) == 0 {
            let tags = [json!({"team": "a"}), json!({"team": "b", "cost": ""}), json!({"Owner": "no"})];
            block.insert("tags".to_owned(), chance.one(&tags).unwrap().clone());
        }
        if section == "policies" {
            block.insert("document".to_owned(), document(chance));
            return Value::Object(block);
        }
        if section == "instance_profiles" {
            let roles = self.names("roles");
            let holds_one = chance.below(4) > 0;
            let role = chance.one(&roles).filter(|_| holds_one).cloned();
            block.extend(role.map(|role| ("role".to_owned(), json!(role))));
            return Value::Object(block);
        }
        if section == "saml_providers" {
            block.remove("path");
            // The local AWS has no tags of SAML providers.
            block.remove("tags");
            let certificates = [format!("AAA{}", chance.below(3)), format!("AAA{}", 3 + chance.below(3))];
            block.insert("metadata".to_owned(), json!(saml_metadata(&certificates)));
            return Value::Object(block);
        }
        if section == "service_linked_roles" {
            let said = (chance.below(2) == 0).then(|| json!({"description": "for the walk"}));
            return said.unwrap_or(json!({}));
        }
        if section == "oidc_providers" {
            block.remove("path");
            // Always the same: the local AWS cannot change them.
            block.insert("client_ids".to_owned(), json!(["app", "sts.amazonaws.com"]));
            // Always: the local AWS finds none itself, and the other side must know what to look for.
            let thumbprints = [format!("{:040}", chance.below(3)), format!("{:040}", 3 + chance.below(3))];
            block.insert("thumbprints".to_owned(), json!(thumbprints));
            return Value::Object(block);
        }
        block.insert("policies".to_owned(), json!(chance.some(&self.names("policies"))));
        let inline: Map<String, Value> = (0..chance.below(3))
            .map(|n| (format!("inline{n}"), json!({"document": document(chance)})))
            .collect();
        block.insert("inline_policies".to_owned(), Value::Object(inline));
        if section == "users" {
            block.insert("groups".to_owned(), json!(chance.some(&self.names("groups"))));
        }
        if section == "roles" {
            self.add_role(&mut block, chance);
        }
        Value::Object(block)
    }

    fn add_role(&self, block: &mut Map<String, Value>, chance: &mut Chance) {
        let mut trust = vec![json!({"services": ["ec2.amazonaws.com", "lambda.amazonaws.com"]})];
        let mut users = chance.some(&self.names("users"));
        users.retain(|name| !can_move("users", name));
        if !users.is_empty() {
            trust.push(json!({"users": users, "mfa": "required"}));
        }
        let roles = chance.some(&self.names("roles"));
        if !roles.is_empty() {
            trust.push(json!({"roles": roles}));
        }
        if chance.below(2) == 0 {
            trust.push(json!({"accounts": ["210987654321"], "external_id": "e-1"}));
        }
        let providers = chance.some(&self.names("oidc_providers"));
        if !providers.is_empty() {
            let conditions = json!({"StringEquals": {"o1.example.com/id/A1:aud": "app"}});
            trust.push(json!({"oidc": providers, "conditions": conditions}));
        }
        let providers = chance.some(&self.names("saml_providers"));
        if !providers.is_empty() {
            let conditions = json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
            trust.push(json!({"saml": providers, "conditions": conditions}));
        }
        trust.reverse();
        trust.truncate(1 + chance.below(3));
        block.insert("trust".to_owned(), json!(trust));
        if chance.below(2) == 0 {
            block.insert("description".to_owned(), json!(format!("Role number {}", chance.below(9))));
            block.insert("max_session_duration".to_owned(), json!(3_600 * (1 + chance.below(4))));
        }
        if let Some(boundary) = chance.one(&self.names("policies")).filter(|_| chance.below(3) == 0) {
            block.insert("permissions_boundary".to_owned(), json!(boundary));
        }
    }
}

/// The local AWS cannot change the paths of groups. Where a user moves,
/// AWS shows the new ARN in trust policies and keeps the tags, and the local AWS does neither: so no trust names
/// those that move, and they have no tags.
fn can_move(section: &str, name: &str) -> bool {
    section == "users" && name > "u2"
}

/// AWS cannot change the paths of these: with another one, they are deleted and made again. Some of them, so that the
/// others are changed in place.
fn can_be_replaced(section: &str, name: &str) -> bool {
    section != "users" && section != "groups" && name.ends_with(['4', '5'])
}

/// Documents that allow, deny, both, and with every element.
fn document(chance: &mut Chance) -> Value {
    let n = chance.below(4);
    let statements = [
        json!({"Sid": "Read", "Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}),
        json!({"Effect": "Deny", "Action": format!("iam:Create{n}"), "Resource": "*"}),
        json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": [format!("arn:aws:s3:::b{n}/${{aws:username}}/*"), "*"],
            "Condition": {"Bool": {"aws:SecureTransport": "true"}, "IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}}),
        json!({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::kept", "Condition": {"Null": {"aws:TagKeys": true}}}),
    ];
    let mut chosen: Vec<Value> = statements.into_iter().filter(|_| chance.below(2) == 0).collect();
    if chosen.is_empty() {
        chosen.push(json!({"Effect": "Allow", "Action": format!("ec2:Describe{n}"), "Resource": "*"}));
    }
    json!({"Version": "2012-10-17", "Statement": chosen})
}

/// The other side: boto3 in a process of its own.
struct Reader {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Reader {
    fn start(world: &World) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/walk/reader.py");
        let mut command = world.python();
        let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    #[track_caller]
    fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.input, "{command}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{error} in the answer to {command}: `{line}`"))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Fails only if it has ended meanwhile.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
