//! Scenes of what IAM does, to be played on anything that claims to be IAM: `behaviour.txt` says how they
//! are written, and what the local AWS does otherwise.

#![expect(clippy::panic, reason = "a scene that cannot be read is a mistake in this crate")]

use iamctl_model::{AccountId, Action};

use crate::account::saml_metadata;

const SCENES: &str = include_str!("behaviour.txt");

/// More characters than any document may have.
const TOO_MANY: usize = 11_000;

/// One scene. It begins in an empty account.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What it shows.
    pub name: String,
    /// The calls, one after the other.
    pub calls: Vec<Call>,
    /// Whether the local AWS ends up with something else although it answers alike.
    pub ends_otherwise_on_local_aws: bool,
}

/// A call, and how it is answered.
#[derive(Debug, Clone)]
pub struct Call {
    /// The call.
    pub action: Action,
    /// The code of the error that AWS answers with; `None` when it is done.
    pub aws: Option<String>,
    /// The same for the local AWS.
    pub local_aws: Option<String>,
}

impl Scene {
    /// Whether the local AWS answers some call otherwise.
    #[must_use]
    pub fn answers_differ(&self) -> bool {
        self.calls.iter().any(|call| call.aws != call.local_aws)
    }
}

/// All scenes, for an account of this id.
///
/// # Panics
///
/// When `behaviour.txt` is not as it says.
#[must_use]
pub fn scenes(account: &AccountId) -> Vec<Scene> {
    let mut scenes: Vec<Scene> = Vec::new();
    // What stands before the first scene says how scenes are written.
    let after_introduction = SCENES.split_once("\n\n").map_or("", |(_, rest)| rest);
    for line in after_introduction.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("# ") {
            let (name, calls) = (name.to_owned(), Vec::new());
            scenes.push(Scene { name, calls, ends_otherwise_on_local_aws: false });
            continue;
        }
        let Some(scene) = scenes.last_mut() else { panic!("before the first scene: {line}") };
        match line {
            "= what is there differs on the local AWS" => scene.ends_otherwise_on_local_aws = true,
            _ => scene.calls.extend(calls(line, account)),
        }
    }
    scenes
}

fn calls(line: &str, account: &AccountId) -> Vec<Call> {
    let (line, on_local_aws) =
        line.split_once(" | ").map_or((line, None), |(line, other)| (line, Some(other)));
    let (call, aws) = line.rsplit_once(" -> ").unwrap_or((line, "done"));
    let local_aws = on_local_aws.unwrap_or(aws);
    let code = |answer: &str| (answer != "done").then(|| answer.to_owned());
    let times = call.split_once("x ").and_then(|(count, call)| Some((count.parse::<usize>().ok()?, call)));
    let (count, call) = times.unwrap_or((1, call));
    let made = |n: usize| Call {
        action: action(&call.replace("$N", &n.to_string()), account),
        aws: code(aws),
        local_aws: code(local_aws),
    };
    (1..=count).map(made).collect()
}

fn action(text: &str, account: &AccountId) -> Action {
    let filled = documents(text).replace("$ACCOUNT", account.as_str());
    let Some((call, params)) = filled.split_once(' ') else { panic!("no parameters: {text}") };
    let json = format!(r#"{{"call": "{call}", "params": {params}}}"#);
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn documents(text: &str) -> String {
    let read = |resource: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}"}}]}}"#
        )
    };
    let large = format!("arn:aws:s3:::bucket/{}", "a".repeat(TOO_MANY));
    let filled = text.replace("$READ", &read("*")).replace("$LARGE", &read(&large));
    let metadata = |entity| serde_json::Value::from(saml_metadata(entity, &["AAAA"])).to_string();
    let filled = filled.replace("$METADATA", &metadata("idp")).replace("$OTHER_METADATA", &metadata("other"));
    let Some((before, rest)) = filled.split_once("$TRUSTS(") else { return filled };
    let Some((principal, after)) = rest.split_once(')') else { panic!("no end of $TRUSTS: {text}") };
    format!(
        r#"{before}{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::$ACCOUNT:{principal}"}},"Action":"sts:AssumeRole"}}]}}{after}"#
    )
}
