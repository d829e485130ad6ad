//! What access the manifest expects.

use std::collections::BTreeMap;

use iamctl_model::{
    AccessTest, Address, ContextValue, Expectation, Identity, Kind, Mfa, PolicyArn, TestContext,
    TestPrincipal, TestPrincipalKind, TestResource,
};
use iamctl_policy::eval::Principal;
use iamctl_policy::{Diagnostic, Diagnostics, Entry, Node, Span, Value};

use super::Scope;
use super::asked;
use super::values::{self, Text};
use crate::block::Reader;
use crate::condition_keys;
use crate::keys;

/// The kinds of thing that have addresses and make no requests.
const CANNOT_ASK: [Kind; 5] =
    [Kind::Group, Kind::Policy, Kind::InstanceProfile, Kind::OidcProvider, Kind::SamlProvider];

impl Scope<'_, '_, '_> {
    /// The tests under `tests`.
    pub(super) fn tests(&mut self, node: &Node, questions_left: &mut usize) -> Vec<AccessTest> {
        let roles = self.index.roles.iter().count();
        let mut tests = Vec::new();
        for item in node.expect_list("`tests`", &mut self.found).unwrap_or_default() {
            let Some(test) = self.test(item) else { continue };
            if !asked::charge(&test, roles, questions_left, &mut self.found) {
                break;
            }
            asked::needs_resource(&test, &mut self.found);
            asked::needs_no_resource(&test, &mut self.found);
            tests.push(test);
        }
        tests
    }

    fn test(&mut self, item: &Node) -> Option<AccessTest> {
        let mut reader = Reader::open(item, &keys::TEST, "a test", &mut self.found)?;
        let principals = reader.get("principal", &mut self.found);
        let principals = principals.map(|node| self.principals_of_test(node)).unwrap_or_default();
        let can = reader.entry("can", &mut self.found);
        let cannot = reader.entry("cannot", &mut self.found);
        let resources = reader.get("on", &mut self.found);
        let resources = resources.map(|node| self.resources_of_test(node)).unwrap_or_default();
        let context = reader.get("with", &mut self.found);
        let context = context.map(|node| context_of(node, &mut self.found)).unwrap_or_default();
        reader.finish(&mut self.found);
        let (expect, actions) = match (can, cannot) {
            (Some(can), None) => (Expectation::Can, can),
            (None, Some(cannot)) => (Expectation::Cannot, cannot),
            (Some(can), Some(cannot)) => {
                self.found.push(
                    Diagnostic::error("test-both", cannot.key_span, "a test has either `can` or `cannot`")
                        .related(can.key_span, "`can` is here")
                        .help("make two tests of it"),
                );
                return None;
            }
            (None, None) => {
                self.found.push(
                    Diagnostic::error("missing-key", item.span, "a test needs `can` or `cannot`")
                        .help("say what must, or must not, be allowed: `can: s3:GetObject`"),
                );
                return None;
            }
        };
        let actions = asked::actions(actions, &mut self.found);
        Some(AccessTest { span: item.span, principals, expect, actions, resources, context })
    }

    fn principals_of_test(&mut self, node: &Node) -> Vec<TestPrincipal> {
        let texts = values::one_or_many(node, "a principal", &mut self.found);
        texts.into_iter().filter_map(|text| self.principal_of_test(text)).collect()
    }

    fn principal_of_test(&mut self, item: Text<'_>) -> Option<TestPrincipal> {
        let who = if item.text.starts_with("arn:") {
            if let Err(problem) = Principal::parse(item.text) {
                self.found.push(
                    Diagnostic::error("test-principal", item.span, problem)
                        .help("a principal is a user, a role, an ARN, or a service"),
                );
                return None;
            }
            TestPrincipalKind::Arn(item.text.to_owned())
        } else if item.text.ends_with(".amazonaws.com") && !item.text.contains('/') {
            TestPrincipalKind::Service(item.text.to_owned())
        } else {
            // Whether it is defined does not matter for what cannot ask anyway.
            let kind = item.text.split_once('/').map(|(kind, _)| kind);
            if kind.is_some_and(|word| CANNOT_ASK.iter().any(|kind| kind.as_str() == word)) {
                return self.cannot_ask(item);
            }
            match self.address(item)? {
                Address::User(name) => TestPrincipalKind::Managed(Identity::User(name)),
                Address::Role(name) => TestPrincipalKind::Managed(Identity::Role(name)),
                Address::Group(_)
                | Address::Policy(_)
                | Address::InstanceProfile(_)
                | Address::OidcProvider(_)
                | Address::AccountAlias
                | Address::PasswordPolicy
                | Address::SamlProvider(_)
                | Address::ServiceLinkedRole(_)
                | Address::MasterCopy => return self.cannot_ask(item),
            }
        };
        Some(TestPrincipal { span: item.span, who })
    }

    fn cannot_ask(&mut self, item: Text<'_>) -> Option<TestPrincipal> {
        self.found.push(
            Diagnostic::error(
                "test-principal",
                item.span,
                format!("`{}` cannot ask for anything", item.text),
            )
            .help("a principal is a user, a role, an ARN, or a service"),
        );
        None
    }

    /// The address of something that the manifest defines.
    fn address(&mut self, item: Text<'_>) -> Option<Address> {
        let (kind, name) = item.text.split_once('/').unwrap_or(("", item.text));
        let found = &mut self.found;
        match kind {
            "user" => {
                self.index.users.resolve(name, item.span, found).map(|head| Address::User(head.name.clone()))
            }
            "role" => {
                self.index.roles.resolve(name, item.span, found).map(|head| Address::Role(head.name.clone()))
            }
            "group" => self
                .index
                .groups
                .resolve(name, item.span, found)
                .map(|head| Address::Group(head.name.clone())),
            "policy" => self
                .index
                .policies
                .resolve(name, item.span, found)
                .map(|head| Address::Policy(head.name.clone())),
            "instance_profile" => {
                let head = self.index.instance_profiles.resolve(name, item.span, found);
                head.map(|head| Address::InstanceProfile(head.name.clone()))
            }
            "oidc_provider" => {
                let head = self.index.oidc_providers.resolve(name, item.span, found);
                head.map(|head| Address::OidcProvider(head.name.clone()))
            }
            "saml_provider" => {
                let head = self.index.saml_providers.resolve(name, item.span, found);
                head.map(|head| Address::SamlProvider(head.name.clone()))
            }
            "service_linked_role" => {
                let message = format!("`{}` has no ARN that is known before AWS makes it", item.text);
                found.push(
                    Diagnostic::error("address", item.span, message)
                        .help("AWS chooses what a service-linked role is called: name it by its ARN"),
                );
                None
            }
            _ => {
                found.push(
                    Diagnostic::error(
                        "address",
                        item.span,
                        format!("`{}` is neither an address nor an ARN", item.text),
                    )
                    .help(
                        "write `user/NAME`, `role/NAME`, `group/NAME`, `policy/NAME`, `instance_profile/NAME`, `oidc_provider/URL`, `saml_provider/NAME`, or an ARN",
                    ),
                );
                None
            }
        }
    }

    fn resources_of_test(&mut self, node: &Node) -> Vec<TestResource> {
        let texts = values::one_or_many(node, "a resource", &mut self.found);
        texts.into_iter().filter_map(|text| self.resource_of_test(text)).collect()
    }

    fn resource_of_test(&mut self, item: Text<'_>) -> Option<TestResource> {
        if item.text == "*" || item.text.starts_with("arn:") {
            if item.text != "*" && item.text.split(':').count() < 6 {
                self.found.push(
                    Diagnostic::error("test-resource", item.span, format!("`{}` is not an ARN", item.text))
                        .help("an ARN has six fields: `arn:aws:s3:::bucket/key`"),
                );
                return None;
            }
            return Some(TestResource { span: item.span, arn: item.text.to_owned(), address: None });
        }
        let address = self.address(item)?;
        let account = self.account.account.clone();
        let index = &self.index;
        let arn = match &address {
            Address::User(name) => account.user_arn(&index.users.get(name)?.path, name).as_str().to_owned(),
            Address::Role(name) => account.role_arn(&index.roles.get(name)?.path, name).as_str().to_owned(),
            Address::Policy(name) => {
                PolicyArn::new(&account, &index.policies.get(name)?.path, name).as_str().to_owned()
            }
            Address::Group(name) => {
                let path = &index.groups.get(name)?.path;
                format!("arn:{}:iam::{}:group{path}{name}", account.partition, account.id)
            }
            Address::InstanceProfile(name) => {
                let path = &index.instance_profiles.get(name)?.path;
                format!("arn:{}:iam::{}:instance-profile{path}{name}", account.partition, account.id)
            }
            Address::OidcProvider(_) | Address::SamlProvider(_) => address.federated_principal(&account)?,
            Address::ServiceLinkedRole(_)
            | Address::AccountAlias
            | Address::PasswordPolicy
            | Address::MasterCopy => return None,
        };
        Some(TestResource { span: item.span, arn, address: Some(address) })
    }
}

fn context_of(node: &Node, found: &mut Diagnostics) -> TestContext {
    let mut context = TestContext::default();
    let Some(mut reader) = Reader::open(node, &keys::CONTEXT, "`with`", found) else { return context };
    context.mfa = reader.get("mfa", found).and_then(|node| mfa(node, found));
    if let Some(address) = reader.get("source_ip", found)
        && let Some(text) = address.expect_str("`source_ip`", found)
    {
        if text.parse::<std::net::IpAddr>().is_err() {
            found.push(
                Diagnostic::error("ip-address", address.span, format!("`{text}` is not an IP address"))
                    .help("write one address, such as `203.0.113.7` or `2001:db8::1`"),
            );
        }
        context.keys.insert("aws:SourceIp".to_owned(), ContextValue::One(text.to_owned()));
    }
    for (key, condition_key) in [
        ("principal_tags", "aws:PrincipalTag"),
        ("resource_tags", "aws:ResourceTag"),
        ("request_tags", "aws:RequestTag"),
    ] {
        let (tags, _) = values::tags(reader.get(key, found), found);
        let tags = tags
            .0
            .into_iter()
            .map(|(tag, value)| (format!("{condition_key}/{tag}"), ContextValue::One(value)));
        context.keys.extend(tags);
    }
    let others = match &node.value {
        Value::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    let mut spelled = stated_by_words(others, &context);
    for entry in others.iter().filter(|entry| entry.key.contains(':')) {
        if let Some(first) = spelled.insert(entry.key.to_ascii_lowercase(), entry.key_span) {
            found.push(
                Diagnostic::error(
                    "condition-twice",
                    entry.key_span,
                    format!("`{}` is stated twice", entry.key),
                )
                .related(first, "first stated here")
                .help(
                    "keep one of them: the case of letters does not count in condition keys, and `mfa`, `source_ip` and \
                     tags stand for such keys",
                ),
            );
        }
        if let Some(unknown) = unknown_key(entry) {
            found.push(unknown);
        }
        if let Some(value) = context_value(entry, found) {
            context.keys.insert(entry.key.clone(), value);
        }
    }
    reader.finish(found);
    context
}

/// The condition keys that iamctl's own words state, in lower case, with the words.
fn stated_by_words(entries: &[Entry], context: &TestContext) -> BTreeMap<String, Span> {
    const PRESENT: &str = "aws:multifactorauthpresent";
    const AGE: &str = "aws:multifactorauthage";
    let mut stated = BTreeMap::new();
    for entry in entries {
        let keys: Vec<String> = match (entry.key.as_str(), context.mfa) {
            // The age may be stated as a key then.
            ("mfa", Some(Mfa::Present { age: None })) => vec![PRESENT.to_owned()],
            ("mfa", Some(_)) => vec![PRESENT.to_owned(), AGE.to_owned()],
            ("source_ip", _) => vec!["aws:sourceip".to_owned()],
            ("principal_tags" | "resource_tags" | "request_tags", _) => {
                let family = format!("aws:{}tag/", entry.key.trim_end_matches("_tags"));
                let keys = context.keys.keys().map(|key| key.to_ascii_lowercase());
                keys.filter(|key| key.starts_with(&family)).collect()
            }
            _ => continue,
        };
        stated.extend(keys.into_iter().map(|key| (key, entry.key_span)));
    }
    stated
}

/// A condition key that no request can have.
fn unknown_key(entry: &Entry) -> Option<Diagnostic> {
    let unknown = condition_keys::unknown_key(&entry.key)?;
    let warning = Diagnostic::warning(condition_keys::UNKNOWN_KEY, entry.key_span, unknown.message);
    Some(unknown.help.into_iter().fold(warning, Diagnostic::help))
}

fn context_value(entry: &Entry, found: &mut Diagnostics) -> Option<ContextValue> {
    match &entry.value.value {
        Value::Null => Some(ContextValue::Absent),
        Value::List(items) => {
            Some(ContextValue::Many(items.iter().filter_map(|item| one_value(entry, item, found)).collect()))
        }
        _ => one_value(entry, &entry.value, found).map(ContextValue::One),
    }
}

fn one_value(entry: &Entry, item: &Node, found: &mut Diagnostics) -> Option<String> {
    let value = item.expect_scalar(&format!("a value of `{}`", entry.key), found)?;
    if let Some(misfit) = condition_keys::misfit(&entry.key, &value) {
        found.push(
            Diagnostic::error("condition-value", item.span, misfit)
                .related(entry.key_span, "the key is here")
                .help("state a value that a request can have"),
        );
    }
    Some(value)
}

fn mfa(node: &Node, found: &mut Diagnostics) -> Option<Mfa> {
    match &node.value {
        Value::Bool(true) => Some(Mfa::Present { age: None }),
        Value::Bool(false) => Some(Mfa::Absent),
        Value::Map(_) => {
            let mut reader = Reader::open(node, &keys::MFA_AGE, "`mfa`", found)?;
            let age = reader.get("age", found).and_then(|node| values::seconds(node, "`age`", found));
            reader.finish(found);
            Some(Mfa::Present { age })
        }
        _ => {
            found.push(node.wrong_type("`mfa`", "`true`, `false` or `{age: …}`"));
            None
        }
    }
}
