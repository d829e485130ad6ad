//! Trust policies back into the manifest's shorthand, where that says exactly the same.
//!
//! The shorthand can say less than a document: a statement that denies, has a `Sid`, a pattern, or a
//! principal that the shorthand has no word for makes the whole trust policy a document.

use std::collections::BTreeSet;

use iamctl_model::{Account, AccountId, Address, PrincipalArn};
use iamctl_policy::{Clause, Condition, Document, Effect, Principals, Statement};

use crate::yaml::Yaml;

/// What the shorthand may refer to by name.
pub(crate) struct Names<'a> {
    pub(crate) account: &'a Account,
    /// The name of the manifest for a principal's ARN, when it is in the manifest.
    pub(crate) named: &'a dyn Fn(&str) -> Option<Address>,
}

/// The items of `trust:` that stand for a document.
pub(crate) fn shorthand(document: &Document, names: &Names<'_>) -> Option<Yaml> {
    let json = document.to_json();
    let has_more = json.as_object()?.keys().any(|key| !matches!(key.as_str(), "Version" | "Statement"));
    if document.version() != Some("2012-10-17") || has_more || document.statements().is_empty() {
        return None;
    }
    let items = document.statements().iter().map(|statement| item(statement, names));
    items.collect::<Option<Vec<_>>>().map(Yaml::Items)
}

fn item(statement: &Statement, names: &Names<'_>) -> Option<Yaml> {
    let Statement { span: _, sid, effect, principals, actions, resources, conditions, other } = statement;
    if sid.is_some() || *effect != Effect::Allow || resources.is_some() || !other.is_empty() {
        return None;
    }
    let (mut entries, usual_action) = principal_entries(principals.as_ref()?, names)?;
    let written = condition_entries(conditions.as_deref())?;
    entries.extend(written);
    let Clause { negated: false, patterns } = actions.as_ref()? else { return None };
    let texts: Vec<String> = patterns.iter().map(|pattern| pattern.text.clone()).collect();
    if texts != [usual_action] {
        entries.push(("actions".to_owned(), Yaml::one_or_many(texts)));
    }
    Some(Yaml::Block(entries))
}

type Entries = Vec<(String, Yaml)>;

/// The principals under their keys, and the action that comes with them.
fn principal_entries(principals: &Principals, names: &Names<'_>) -> Option<(Entries, &'static str)> {
    if principals.negated {
        return None;
    }
    const KEYS: [&str; 6] = ["users", "roles", "accounts", "services", "oidc", "saml"];
    let mut under: [BTreeSet<String>; 6] = Default::default();
    for (kind, value) in &principals.entries {
        let (key, text) = match kind.as_deref()? {
            "AWS" => aws_principal(&value.text, names)?,
            "Service" => ("services", service(&value.text)?),
            "Federated" => provider(&value.text, names.account)?,
            _ => return None,
        };
        let place = KEYS.iter().position(|known| *known == key)?;
        under.get_mut(place)?.insert(text);
    }
    let used = KEYS.iter().zip(under).filter(|(_, texts)| !texts.is_empty());
    let entries: Vec<_> = used
        .map(|(key, texts)| ((*key).to_owned(), Yaml::List(texts.into_iter().map(Yaml::Text).collect())))
        .collect();
    let has = |key: &str| entries.iter().any(|(known, _)| known == key);
    let action = match (has("oidc"), has("saml"), entries.len()) {
        (false, false, 1..) => "sts:AssumeRole",
        (true, false, 1) => "sts:AssumeRoleWithWebIdentity",
        (false, true, 1) => "sts:AssumeRoleWithSAML",
        _ => return None,
    };
    Some((entries, action))
}

fn aws_principal(text: &str, names: &Names<'_>) -> Option<(&'static str, String)> {
    if AccountId::parse(text).is_ok() {
        return Some(("accounts", text.to_owned()));
    }
    if let Some(address) = (names.named)(text) {
        return match address {
            Address::User(name) => Some(("users", name.to_string())),
            Address::Role(name) => Some(("roles", name.to_string())),
            _ => None,
        };
    }
    let root = format!("arn:{}:iam::", names.account.partition);
    let account = text.strip_prefix(&root).and_then(|rest| rest.strip_suffix(":root"));
    if let Some(account) = account.filter(|account| AccountId::parse(account).is_ok()) {
        return Some(("accounts", account.to_owned()));
    }
    PrincipalArn::parse(text).ok()?;
    let resource = text.splitn(6, ':').nth(5)?;
    match resource.split('/').next()? {
        "user" => Some(("users", text.to_owned())),
        "role" => Some(("roles", text.to_owned())),
        _ => None,
    }
}

/// A service by the names that the shorthand takes.
fn service(text: &str) -> Option<String> {
    let host = text.strip_suffix(".amazonaws.com")?;
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    host.split('.').all(is_label).then(|| text.to_owned())
}

/// An identity provider of this account by its name, another one by its ARN.
fn provider(text: &str, account: &Account) -> Option<(&'static str, String)> {
    let own = |kind: &str| {
        let prefix = format!("arn:{}:iam::{}:{kind}/", account.partition, account.id);
        text.strip_prefix(&prefix).map(str::to_owned)
    };
    let is_usual = |name: &String| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c)) && !name.starts_with("arn:")
    };
    if let Some(name) = own("oidc-provider") {
        let has_host = name.split('/').next().is_some_and(|host| host.contains('.'));
        return (is_usual(&name) && has_host).then_some(("oidc", name));
    }
    if let Some(name) = own("saml-provider") {
        return (is_usual(&name) && !name.contains('/')).then_some(("saml", name));
    }
    if text.starts_with("arn:") {
        let kind = text.splitn(6, ':').nth(5)?.split('/').next()?;
        return match kind {
            "oidc-provider" => Some(("oidc", text.to_owned())),
            "saml-provider" => Some(("saml", text.to_owned())),
            _ => None,
        };
    }
    // Those that AWS knows without a provider of the account.
    const BUILT_IN: [&str; 4] =
        ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];
    BUILT_IN.contains(&text).then(|| ("oidc", text.to_owned()))
}

/// Conditions as the shorthand's words where there are some, and as they are where not.
fn condition_entries(conditions: Option<&[Condition]>) -> Option<Entries> {
    let Some(conditions) = conditions else { return Some(Vec::new()) };
    if conditions.is_empty() {
        return Some(vec![("conditions".to_owned(), Yaml::Map(Vec::new()))]);
    }
    let mut seen = BTreeSet::new();
    let is_unique = conditions
        .iter()
        .all(|one| seen.insert((one.operator.text.to_ascii_lowercase(), one.key.text.to_ascii_lowercase())));
    if !is_unique {
        return None;
    }
    let mut rest: Vec<&Condition> = conditions.iter().collect();
    let mut entries = Entries::new();
    if take(&mut rest, "Bool", "aws:MultiFactorAuthPresent", |values| values == ["true"]).is_some() {
        let age = take(
            &mut rest,
            "NumericLessThan",
            "aws:MultiFactorAuthAge",
            |values| matches!(values, [age] if age.parse::<u32>().is_ok_and(|n| n > 0 && n.to_string() == *age)),
        );
        let mfa = match age.and_then(|values| values.first()?.parse::<u32>().ok()) {
            Some(seconds) => Yaml::Map(vec![("max_age".to_owned(), Yaml::Word(duration(seconds)))]),
            None => Yaml::text("required"),
        };
        entries.push(("mfa".to_owned(), mfa));
    }
    if let Some(ids) = take(&mut rest, "StringEquals", "sts:ExternalId", |ids| ids.iter().all(is_external_id))
    {
        entries.push(("external_id".to_owned(), Yaml::one_or_many(ids)));
    }
    let are_accounts = |ids: &[String]| ids.iter().all(|id| AccountId::parse(id).is_ok());
    if let Some(ids) = take(&mut rest, "StringEquals", "aws:SourceAccount", are_accounts) {
        entries.push(("source_account".to_owned(), Yaml::one_or_many(ids)));
    }
    if !rest.is_empty() {
        entries.push(("conditions".to_owned(), as_written(&rest)));
    }
    Some(entries)
}

/// Takes one condition out of a list, when its values are such that a word stands for it.
fn take(
    rest: &mut Vec<&Condition>,
    operator: &str,
    key: &str,
    fits: impl Fn(&[String]) -> bool,
) -> Option<Vec<String>> {
    let is_it = |one: &&Condition| one.operator.text == operator && one.key.text == key;
    let place = rest.iter().position(is_it)?;
    let values: Vec<String> = rest.get(place)?.values.iter().map(|value| value.text.clone()).collect();
    if values.is_empty() || !fits(&values) {
        return None;
    }
    rest.remove(place);
    Some(values)
}

#[expect(clippy::ptr_arg, reason = "used where a reference to an item of a list is wanted")]
fn is_external_id(id: &String) -> bool {
    (2..=1_224).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c))
}

fn as_written(conditions: &[&Condition]) -> Yaml {
    let mut operators: Vec<(String, Vec<(String, Yaml)>)> = Vec::new();
    for condition in conditions {
        let values = Yaml::one_or_many(condition.values.iter().map(|value| value.text.clone()));
        let entry = (condition.key.text.clone(), values);
        match operators.iter_mut().find(|(operator, _)| *operator == condition.operator.text) {
            Some((_, keys)) => keys.push(entry),
            None => operators.push((condition.operator.text.clone(), vec![entry])),
        }
    }
    Yaml::Map(operators.into_iter().map(|(operator, keys)| (operator, Yaml::Map(keys))).collect())
}

/// A duration as people write it.
pub(crate) fn duration(seconds: u32) -> String {
    match seconds {
        0 => "0".to_owned(),
        _ if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}"),
    }
}
