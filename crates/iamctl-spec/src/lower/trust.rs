//! Who may assume a role: the shorthand becomes the document that it stands for, with the places of
//! the shorthand in it.

use std::collections::BTreeSet;

use iamctl_model::{AccountId, PrincipalArn};
use iamctl_policy::{Diagnostic, Document, Entry, Grammar, Node, Span, Value};

use super::documents::Written;
use super::values::{self, Text};
use super::{Members, Scope};
use crate::block::Reader;
use crate::keys;

const ASSUME_ROLE: &str = "sts:AssumeRole";
const WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
const WITH_SAML: &str = "sts:AssumeRoleWithSAML";

/// Identity providers that AWS knows without a provider of the account.
/// Source: IAM User Guide, "AWS JSON policy elements: Principal".
const BUILT_IN_OIDC: [&str; 4] =
    ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];

/// The keys of an item that name principals.
const PRINCIPAL_KEYS: [&str; 7] = ["users", "groups", "roles", "accounts", "services", "oidc", "saml"];

/// The principals of one item: kind, value, place.
type Principals = Vec<(&'static str, String, Span)>;

impl Scope<'_, '_, '_> {
    /// The trust policy under `trust` or `trust_document`, of which there must be exactly one.
    pub(super) fn trust(
        &mut self,
        role: &mut Reader<'_>,
        what: &str,
        members: &Members,
        from: &str,
    ) -> Option<Document> {
        match (role.entry("trust", &mut self.found), role.entry("trust_document", &mut self.found)) {
            (Some(trust), None) => self.shorthand(&trust.value, members),
            (None, Some(document)) => self.raw_document(&document.value, from),
            (Some(trust), Some(document)) => {
                self.found.push(
                    Diagnostic::error(
                        "trust-twice",
                        document.key_span,
                        format!("{what} has both `trust` and `trust_document`"),
                    )
                    .related(trust.key_span, "`trust` is here")
                    .help("keep one of them"),
                );
                self.shorthand(&trust.value, members)
            }
            (None, None) => {
                self.found.push(
                    Diagnostic::error(
                        "missing-key",
                        role.span(),
                        format!("{what} needs `trust` or `trust_document`"),
                    )
                    .label("nobody could assume this role")
                    .help("say who may assume it: `trust: [{users: [alice], mfa: required}]`"),
                );
                None
            }
        }
    }

    fn raw_document(&mut self, node: &Node, from: &str) -> Option<Document> {
        let in_file =
            matches!(&node.value, Value::Map(entries) if entries.iter().any(|entry| entry.key == "file"));
        if !in_file {
            return self.document(&Written::Here(node), Grammar::Trust, from);
        }
        let mut reader = Reader::open(node, &keys::FILE_ONLY, "`trust_document`", &mut self.found)?;
        let file = reader.get("file", &mut self.found);
        reader.finish(&mut self.found);
        self.document(&Written::InFile(file?), Grammar::Trust, from)
    }

    fn shorthand(&mut self, node: &Node, members: &Members) -> Option<Document> {
        let items = node.expect_list("`trust`", &mut self.found)?;
        if items.is_empty() {
            self.found.push(
                Diagnostic::error("empty-list", node.span, "`trust` needs at least one item")
                    .label("nobody could assume this role")
                    .help("say who may assume it: `trust: [{users: [alice], mfa: required}]`"),
            );
            return None;
        }
        // Items that are wrong have been told; the others are read on, for their own mistakes.
        let statements: Vec<_> = items.iter().filter_map(|item| self.statement(item, members)).collect();
        if statements.is_empty() {
            return None;
        }
        let document = map(
            node.span,
            vec![("Version", string(node.span, "2012-10-17")), ("Statement", list(node.span, statements))],
        );
        self.look_through(&document, Grammar::Trust);
        Document::parse(&document, Grammar::Trust, &mut self.found)
    }

    /// One item as a statement. `None` when it is so wrong that no statement stands for it.
    fn statement(&mut self, item: &Node, members: &Members) -> Option<Node> {
        let mut reader = Reader::open(item, &keys::TRUST_ITEM, "an item of `trust`", &mut self.found)?;
        let (principals, federated) = self.principals(&mut reader, item.span, members);
        let actions = self.actions(&mut reader, federated, item.span);
        let conditions = self.conditions(&mut reader);
        reader.finish(&mut self.found);
        let mut elements = vec![
            ("Effect", string(item.span, "Allow")),
            ("Principal", principal_element(item.span, principals?)),
            ("Action", list(item.span, actions)),
        ];
        if let Some(conditions) = conditions? {
            elements.push(("Condition", conditions));
        }
        Some(map(item.span, elements))
    }

    /// The principals of an item, and the action that comes with the federated ones among them. No
    /// principals when something is wrong that has been told.
    fn principals(
        &mut self,
        reader: &mut Reader<'_>,
        place: Span,
        members: &Members,
    ) -> (Option<Principals>, Option<&'static str>) {
        let before = self.found.len();
        let mut entries = Vec::new();
        for key in PRINCIPAL_KEYS {
            entries.extend(reader.entry(key, &mut self.found).map(|entry| (key, entry)));
        }
        let mut principals = Principals::new();
        for (key, entry) in &entries {
            self.principals_under(key, &entry.value, members, &mut principals);
        }
        let federated = entries.iter().find_map(|(key, _)| match *key {
            "oidc" => Some(WITH_WEB_IDENTITY),
            "saml" => Some(WITH_SAML),
            _ => None,
        });
        if entries.is_empty() {
            self.found.push(
                Diagnostic::error("trust-nobody", place, "an item of `trust` needs principals")
                    .label("names nobody")
                    .help("name some: `users`, `groups`, `roles`, `accounts`, `services`, `oidc` or `saml`"),
            );
        }
        if let (Some(_), [(first, first_at), .., (last, last_at)]) = (federated, entries.as_slice()) {
            let message = format!("one item cannot have both `{first}` and `{last}`");
            self.found.push(
                Diagnostic::error("trust-mixed", last_at.key_span, message)
                    .related(first_at.key_span, format!("`{first}` is here"))
                    .help("federated users come with another action: make two items of it"),
            );
        }
        let mut seen = BTreeSet::new();
        principals.retain(|(kind, value, _)| seen.insert((*kind, value.clone())));
        if principals.is_empty() && self.found.len() == before {
            self.found.push(
                Diagnostic::error("trust-nobody", place, "an item of `trust` names nobody").help(
                    "a group without members stands for nobody: AWS takes no statement without a principal",
                ),
            );
        }
        ((self.found.len() == before).then_some(principals), federated)
    }

    fn principals_under(&mut self, key: &str, node: &Node, members: &Members, principals: &mut Principals) {
        if key == "accounts" {
            let accounts = node.one_or_many().iter();
            principals.extend(accounts.filter_map(|item| self.trusted_account(item)));
            return;
        }
        for item in values::one_or_many(node, "a principal", &mut self.found) {
            match key {
                "users" => principals.extend(self.user(item)),
                "groups" => principals.extend(self.group(item, members)),
                "roles" => principals.extend(self.role(item)),
                "services" => principals.extend(self.service(item)),
                "oidc" => principals.extend(self.provider(item, "oidc-provider")),
                _ => principals.extend(self.provider(item, "saml-provider")),
            }
        }
    }

    fn user(&mut self, item: Text<'_>) -> Option<(&'static str, String, Span)> {
        if item.text.starts_with("arn:") {
            return self.principal_arn(item, "user");
        }
        let account = self.account.account.clone();
        let head = self.index.users.resolve(item.text, item.span, &mut self.found)?;
        Some(("AWS", account.user_arn(&head.path, &head.name).as_str().to_owned(), item.span))
    }

    fn role(&mut self, item: Text<'_>) -> Option<(&'static str, String, Span)> {
        if item.text.starts_with("arn:") {
            return self.principal_arn(item, "role");
        }
        let account = self.account.account.clone();
        let head = self.index.roles.resolve(item.text, item.span, &mut self.found)?;
        Some(("AWS", account.role_arn(&head.path, &head.name).as_str().to_owned(), item.span))
    }

    fn principal_arn(&mut self, item: Text<'_>, kind: &str) -> Option<(&'static str, String, Span)> {
        let is_one = PrincipalArn::parse(item.text).is_ok() && item.text.contains(&format!(":{kind}/"));
        if is_one {
            return Some(("AWS", item.text.to_owned(), item.span));
        }
        let error = Diagnostic::error(
            "principal-arn",
            item.span,
            format!("`{}` is not the ARN of a {kind}", item.text),
        );
        self.found.push(if item.text.contains(":group/") {
            error.help(
                "a group cannot be a principal in AWS: name it under `groups:`, which stands for its users",
            )
        } else {
            error.help(format!("write a name from `{kind}s:`, or `arn:aws:iam::123456789012:{kind}/NAME`"))
        });
        None
    }

    fn group(&mut self, item: Text<'_>, members: &Members) -> Principals {
        let account = self.account.account.clone();
        let Some(head) = self.index.groups.resolve(item.text, item.span, &mut self.found) else {
            return Principals::new();
        };
        let users = members.get(&head.name);
        let count = users.map_or(0, BTreeSet::len);
        let Some(left) = self.members_left.checked_sub(count) else {
            self.found.push(
                Diagnostic::error("too-much", item.span, "the groups in all trusts stand for too many users")
                    .help("trust the account instead, and allow `sts:AssumeRole` to the group"),
            );
            return Principals::new();
        };
        self.members_left = left;
        let users = users.into_iter().flatten();
        let users = users.filter_map(|user| self.index.users.get(user));
        users
            .map(|user| ("AWS", account.user_arn(&user.path, &user.name).as_str().to_owned(), item.span))
            .collect()
    }

    fn trusted_account(&mut self, item: &Node) -> Option<(&'static str, String, Span)> {
        let text = item.expect_scalar("an account", &mut self.found)?;
        match AccountId::parse(&text) {
            Ok(id) => Some(("AWS", format!("arn:{}:iam::{id}:root", self.account().partition), item.span)),
            Err(error) => {
                self.found.push(
                    Diagnostic::error("account-id", item.span, error.to_string())
                        .help("write the twelve digits in quotes"),
                );
                None
            }
        }
    }

    fn service(&mut self, item: Text<'_>) -> Option<(&'static str, String, Span)> {
        let host =
            item.text.strip_suffix(".amazonaws.com").or_else(|| item.text.strip_suffix(".amazonaws.com.cn"));
        let other_partition =
            item.text.strip_suffix(".amazonaws.eu").or_else(|| item.text.strip_suffix(".internal"));
        let labels = |host: &str| {
            host.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
        };
        if host.or(other_partition).is_some_and(labels) {
            return Some(("Service", item.text.to_owned(), item.span));
        }
        self.found.push(
            Diagnostic::error(
                "service-principal",
                item.span,
                format!("`{}` is not the name of a service", item.text),
            )
            .help("a service is named by its host, such as `ec2.amazonaws.com` or `lambda.amazonaws.com`"),
        );
        None
    }

    fn provider(&mut self, item: Text<'_>, kind: &str) -> Option<(&'static str, String, Span)> {
        let is_oidc = kind == "oidc-provider";
        if item.text.starts_with("arn:") {
            let mut fields = item.text.splitn(6, ':').skip(2);
            let fits = fields.next() == Some("iam")
                && fields.next() == Some("")
                && fields.next().is_some_and(|account| AccountId::parse(account).is_ok())
                && fields.next().is_some_and(|resource| {
                    resource
                        .strip_prefix(kind)
                        .and_then(|rest| rest.strip_prefix('/'))
                        .is_some_and(|name| !name.is_empty())
                });
            if fits {
                return Some(("Federated", item.text.to_owned(), item.span));
            }
        } else if is_oidc && BUILT_IN_OIDC.contains(&item.text) {
            return Some(("Federated", item.text.to_owned(), item.span));
        } else {
            let allowed = |c: char| {
                c.is_ascii_alphanumeric() || "._-".contains(c) || (is_oidc && "/:~%?=&".contains(c))
            };
            let shape = !is_oidc || item.text.split('/').next().is_some_and(|host| host.contains('.'));
            let length = item.text.chars().count();
            if shape
                && !item.text.contains("://")
                && (1..=255).contains(&length)
                && item.text.chars().all(allowed)
            {
                let account = self.account();
                let arn = format!("arn:{}:iam::{}:{kind}/{}", account.partition, account.id, item.text);
                return Some(("Federated", arn, item.span));
            }
        }
        let (what, help) = if is_oidc {
            (
                "an OIDC provider",
                "write host and path without `https://`, such as `token.actions.githubusercontent.com`, or the provider's ARN",
            )
        } else {
            ("a SAML provider", "write the provider's name in IAM, or its ARN")
        };
        self.found.push(
            Diagnostic::error(
                "identity-provider",
                item.span,
                format!("`{}` does not name {what}", item.text),
            )
            .help(help),
        );
        None
    }

    fn actions(
        &mut self,
        reader: &mut Reader<'_>,
        federated: Option<&'static str>,
        place: Span,
    ) -> Vec<Node> {
        match reader.get("actions", &mut self.found) {
            Some(node) => {
                let texts = values::one_or_many(node, "an action", &mut self.found);
                texts.into_iter().map(|text| string(text.span, text.text)).collect()
            }
            None => vec![string(place, federated.unwrap_or(ASSUME_ROLE))],
        }
    }

    /// The `Condition` element of an item: `Some(None)` for none, `None` when it is wrong.
    fn conditions(&mut self, reader: &mut Reader<'_>) -> Option<Option<Node>> {
        let before = self.found.len();
        let mut operators: Vec<Entry> = Vec::new();
        if let Some(entry) = reader.entry("mfa", &mut self.found) {
            let place = entry.key_span;
            let age = self.mfa_age(&entry.value);
            add(&mut operators, ("Bool", "aws:MultiFactorAuthPresent", place), vec![string(place, "true")]);
            if let Some(age) = age {
                let age = string(entry.value.span, &age.to_string());
                add(&mut operators, ("NumericLessThan", "aws:MultiFactorAuthAge", place), vec![age]);
            }
        }
        if let Some(entry) = reader.entry("external_id", &mut self.found) {
            let ids = values::one_or_many(&entry.value, "an external id", &mut self.found);
            ids.iter().for_each(|id| self.check_external_id(*id));
            let ids = ids.into_iter().map(|id| string(id.span, id.text)).collect();
            add(&mut operators, ("StringEquals", "sts:ExternalId", entry.key_span), ids);
        }
        if let Some(entry) = reader.entry("source_account", &mut self.found) {
            let ids = entry.value.one_or_many().iter().filter_map(|item| {
                let text = item.expect_scalar("an account", &mut self.found)?;
                if let Err(error) = AccountId::parse(&text) {
                    self.found.push(
                        Diagnostic::error("account-id", item.span, error.to_string())
                            .help("write the twelve digits in quotes"),
                    );
                }
                Some(string(item.span, &text))
            });
            let ids = ids.collect();
            add(&mut operators, ("StringEquals", "aws:SourceAccount", entry.key_span), ids);
        }
        let written = reader.entry("conditions", &mut self.found);
        if let Some(entry) = written {
            self.merge_written(&mut operators, entry);
        }
        if self.found.len() > before {
            return None;
        }
        let span = written.map_or(reader.span(), |entry| entry.value.span);
        let element = Node::new(span, Value::Map(operators));
        Some(
            matches!(&element.value, Value::Map(all) if !all.is_empty() || written.is_some())
                .then_some(element),
        )
    }

    /// The age under `mfa: {max_age: …}`; none for `mfa: required`.
    fn mfa_age(&mut self, node: &Node) -> Option<u32> {
        match &node.value {
            Value::String(text) if text == "required" => None,
            Value::Map(_) => {
                let mut reader = Reader::open(node, &keys::MFA, "`mfa`", &mut self.found)?;
                let age = reader.get("max_age", &mut self.found);
                reader.finish(&mut self.found);
                let age = age?;
                let seconds = values::seconds(age, "`max_age`", &mut self.found)?;
                if seconds == 0 {
                    self.found.push(
                        Diagnostic::error("duration", age.span, "no sign-in is younger than nothing")
                            .help("write a duration such as `1h`"),
                    );
                }
                Some(seconds)
            }
            _ => {
                self.found.push(
                    Diagnostic::error("mfa", node.span, "`mfa` must be `required` or `{max_age: …}`")
                        .label(format!("this is {}", node.value.kind()))
                        .help(match &node.value {
                            Value::Bool(true) => "write `mfa: required`",
                            _ => "write `mfa: required`, or leave the key out where MFA is not needed",
                        }),
                );
                None
            }
        }
    }

    /// Source: the pattern of `externalIdType` in the STS API.
    fn check_external_id(&mut self, id: Text<'_>) {
        let length = id.text.chars().count();
        let fits = (2..=1_224).contains(&length)
            && id.text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c));
        if !fits {
            self.found.push(
                Diagnostic::error("external-id", id.span, "this cannot be an external id")
                    .help("an external id has 2 to 1224 letters, digits and `_ + = , . @ : / -`"),
            );
        }
    }

    /// Adds what is written under `conditions` to what the shorthand makes.
    fn merge_written(&mut self, operators: &mut Vec<Entry>, written: &Entry) {
        let Some(more) = written.value.expect_map("`conditions`", &mut self.found) else { return };
        for operator in more {
            let known = operators.iter_mut().find(|known| known.key == operator.key);
            let (Some(known), Value::Map(keys)) = (known, &operator.value.value) else {
                operators.push(operator.clone());
                continue;
            };
            let Value::Map(known_keys) = &mut known.value.value else { continue };
            let of_shorthand = known_keys.len();
            for key in keys {
                let mut made = known_keys.iter().take(of_shorthand);
                if let Some(first) = made.find(|known| known.key.eq_ignore_ascii_case(&key.key)) {
                    self.found.push(
                        Diagnostic::error(
                            "condition-twice",
                            key.key_span,
                            format!("there is a condition on `{}` already", key.key),
                        )
                        .related(first.key_span, "from this shorthand")
                        .help("keep one of them"),
                    );
                } else {
                    known_keys.push(key.clone());
                }
            }
        }
    }
}

/// Adds one condition to a `Condition` element.
fn add(operators: &mut Vec<Entry>, (operator, key, place): (&str, &str, Span), values: Vec<Node>) {
    let values = list(place, values);
    let key = Entry { key: key.to_owned(), key_span: place, value: values };
    match operators.iter_mut().find(|known| known.key == operator) {
        Some(Entry { value: Node { value: Value::Map(keys), .. }, .. }) => keys.push(key),
        _ => operators.push(Entry {
            key: operator.to_owned(),
            key_span: place,
            value: Node::new(place, Value::Map(vec![key])),
        }),
    }
}

fn principal_element(place: Span, principals: Principals) -> Node {
    let mut kinds: Vec<Entry> = Vec::new();
    for (kind, value, span) in principals {
        let value = string(span, &value);
        match kinds.iter_mut().find(|known| known.key == kind) {
            Some(Entry { value: Node { value: Value::List(values), .. }, .. }) => values.push(value),
            _ => kinds.push(Entry { key: kind.to_owned(), key_span: place, value: list(place, vec![value]) }),
        }
    }
    Node::new(place, Value::Map(kinds))
}

fn string(span: Span, text: &str) -> Node {
    Node::new(span, Value::String(text.to_owned()))
}

fn list(span: Span, items: Vec<Node>) -> Node {
    Node::new(span, Value::List(items))
}

fn map(span: Span, entries: Vec<(&str, Node)>) -> Node {
    let entry = |(key, value): (&str, Node)| Entry { key: key.to_owned(), key_span: span, value };
    Node::new(span, Value::Map(entries.into_iter().map(entry).collect()))
}
