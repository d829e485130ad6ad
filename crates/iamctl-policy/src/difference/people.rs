//! Principals that the policies of a resource can tell apart.
//!
//! Principals are compared whole, so they fall into few kinds: those that are named; sessions of named roles and
//! of named users; somebody else of a named account; somebody of an account that nobody names; and services,
//! providers and unsigned requests.

use std::collections::BTreeSet;

use crate::document::Document;
use crate::eval::{Principal, PrincipalKind};

/// An account of AWS's examples.
pub(crate) const ACCOUNT: &str = "111122223333";

/// Names that documents use, and new ones beside them.
struct Names {
    known: BTreeSet<String>,
    accounts: BTreeSet<String>,
}

/// One principal of each kind that some documents can tell apart.
pub(crate) fn principals<'d>(documents: impl Iterator<Item = &'d Document>) -> Vec<Principal> {
    let documents: Vec<&Document> = documents.collect();
    let entries = || {
        let statements = documents.iter().flat_map(|document| document.statements());
        statements.filter_map(|statement| statement.principals.as_ref()).flat_map(|found| &found.entries)
    };
    let known: BTreeSet<String> = entries().map(|(_, value)| value.text.clone()).collect();
    let named: Vec<Principal> = known.iter().filter_map(|text| Principal::parse(text).ok()).collect();
    let accounts = named.iter().filter_map(Principal::account).map(str::to_owned).collect();
    let mut names = Names { known, accounts };
    names.accounts.insert(names.new_account());

    let mut found: Vec<String> = Vec::new();
    let exactly = named.iter().filter(|principal| !matches!(principal.kind(), PrincipalKind::Anonymous));
    found.extend(exactly.map(|principal| principal.as_str().to_owned()));
    for principal in &named {
        match principal.kind() {
            PrincipalKind::Role { account, name } | PrincipalKind::RoleSession { account, role: name } => {
                found.push(names.new_session(account, name));
            }
            PrincipalKind::User { account, name } | PrincipalKind::FederatedUser { account, name } => {
                found.push(names.new_federated(account, name));
            }
            _ => {}
        }
    }
    for account in &names.accounts {
        found.push(names.unused(|at| format!("arn:aws:iam::{account}:user/{}", example(at))));
        found.push(names.unused(|at| format!("arn:aws:iam::{account}:role/{}", example(at))));
        // Of a role that nobody names: its sessions would be of one that is named otherwise.
        let is_named = |role: &str| {
            named.iter().any(|principal| match principal.kind() {
                PrincipalKind::Role { name, .. } => name == role,
                PrincipalKind::RoleSession { role: name, .. } => name == role,
                PrincipalKind::User { name, .. } | PrincipalKind::FederatedUser { name, .. } => name == role,
                _ => false,
            })
        };
        let unnamed = (0..).map(example).find(|name| !is_named(name)).unwrap_or_default();
        found.push(names.new_session(account, &unnamed));
        found.push(names.new_federated(account, &unnamed));
        found.push(format!("arn:aws:iam::{account}:root"));
    }
    found.push(names.unused(|at| format!("{}.amazonaws.com", example(at))));
    found.push(names.unused(|at| format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{}.com", example(at))));
    found.push("*".to_owned());
    let mut told = BTreeSet::new();
    found.retain(|text| told.insert(text.clone()));
    found.iter().filter_map(|text| Principal::parse(text).ok()).collect()
}

fn example(at: usize) -> String {
    if at == 0 { "example".to_owned() } else { format!("example{at}") }
}

impl Names {
    /// The first that no document names.
    fn unused(&self, name: impl Fn(usize) -> String) -> String {
        (0..).map(name).find(|name| !self.known.contains(name)).unwrap_or_default()
    }

    fn new_session(&self, account: &str, role: &str) -> String {
        self.unused(|at| format!("arn:aws:sts::{account}:assumed-role/{role}/{}", example(at)))
    }

    /// The name is given, and so is the whole ARN but for its partition.
    fn new_federated(&self, account: &str, name: &str) -> String {
        let partition = |at: usize| match at {
            0 => "aws".to_owned(),
            1 => "aws-cn".to_owned(),
            2 => "aws-us-gov".to_owned(),
            at => format!("aws-{at}"),
        };
        self.unused(|at| format!("arn:{}:sts::{account}:federated-user/{name}", partition(at)))
    }

    fn new_account(&self) -> String {
        let usual = [ACCOUNT, "444455556666", "777788889999"].map(str::to_owned);
        let others = (0..1_000_000_u64).map(|at| format!("{:012}", 123_456_789_012 + at));
        usual.into_iter().chain(others).find(|account| !self.accounts.contains(account)).unwrap_or_default()
    }
}
