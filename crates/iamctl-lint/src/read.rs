//! From a tree of values to a [`Policy`]: whatever is there is read, and what does not belong is told.

use std::borrow::Cow;

use iamctl_policy::vocabulary::{ConditionOperator, OperatorGroup, SetOperator};
use iamctl_policy::{Effect, Entry, Node, Value, is_storable_char};

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Clause, Condition, Policy, PrincipalKind, Principals, Statement, Word};

/// The elements of a document.
const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];
/// The elements of a statement.
const STATEMENT: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];
/// The kinds of principal.
const KINDS: [(&str, PrincipalKind); 4] = [
    ("AWS", PrincipalKind::Aws),
    ("Service", PrincipalKind::Service),
    ("Federated", PrincipalKind::Federated),
    ("CanonicalUser", PrincipalKind::CanonicalUser),
];

/// Reads a document; nothing where it is no map at all.
pub(crate) fn read<'n>(document: &'n Node, kind: Kind, found: &mut Findings) -> Option<Policy<'n>> {
    let Value::Map(entries) = &document.value else {
        mismatch(document, "a policy document", "a map", found);
        return None;
    };
    Reader { kind, found }.document(document, entries)
}

struct Reader<'f> {
    kind: Kind,
    found: &'f mut Findings,
}

fn mismatch(node: &Node, what: &str, expected: &str, found: &mut Findings) {
    let message = format!("{what} must be {expected}, not {}", node.value.kind());
    let finding = Finding::new(&code::DATA_TYPE_MISMATCH, node.span, message);
    found.push(match &node.value {
        Value::Number(text) if expected.contains("text") => {
            finding.help(format!("put it in quotes: \"{text}\""))
        }
        Value::Bool(truth) if expected.contains("text") => {
            finding.help(format!("put it in quotes: \"{truth}\""))
        }
        _ => finding,
    });
}

fn find<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Entry> {
    entries.iter().find(|entry| entry.key == key)
}

impl Reader<'_> {
    fn document<'n>(&mut self, node: &'n Node, entries: &'n [Entry]) -> Option<Policy<'n>> {
        self.unknown_elements(entries, &DOCUMENT, "a policy");
        let version = find(entries, "Version").and_then(|entry| self.text(&entry.value, "`Version`"));
        if let Some(version) =
            version.as_ref().filter(|one| one.text != "2012-10-17" && one.text != "2008-10-17")
        {
            let message = format!("`{}` is not a version of the policy language", version.text);
            self.found
                .push(Finding::new(&code::INVALID_VERSION, version.span, message).help(
                    "use \"2012-10-17\"; \"2008-10-17\" exists for old documents and has no variables",
                ));
        }
        if find(entries, "Version").is_none() {
            self.found.push(
                Finding::new(&code::MISSING_VERSION, node.span, "the policy has no `Version`")
                    .help("add `\"Version\": \"2012-10-17\"`: without it, variables are plain text"),
            );
        }
        if let Some(id) = find(entries, "Id") {
            self.text(&id.value, "`Id`");
        }
        let written = find(entries, "Statement").map(|entry| &entry.value);
        let items = written.map(Node::one_or_many).unwrap_or_default();
        if items.is_empty() {
            let place = written.map_or(node.span, |written| written.span);
            self.found.add(&code::MISSING_STATEMENT, place, "the policy has no statement");
        }
        let statements = items.iter().filter_map(|item| self.statement(item)).collect();
        Some(Policy { kind: self.kind, node, version, statements })
    }

    fn unknown_elements(&mut self, entries: &[Entry], known: &[&str], what: &str) {
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let meant = self.found.meant(&entry.key, known.iter().copied());
            let message = format!("{what} has no element `{}`", entry.key);
            let finding = Finding::new(&code::INVALID_POLICY_ELEMENT, entry.key_span, message);
            self.found.push(finding.did_you_mean(meant));
        }
    }

    fn statement<'n>(&mut self, node: &'n Node) -> Option<Statement<'n>> {
        let Value::Map(entries) = &node.value else {
            mismatch(node, "a statement", "a map", self.found);
            return None;
        };
        self.unknown_elements(entries, &STATEMENT, "a statement");
        let sid = find(entries, "Sid").and_then(|entry| self.text(&entry.value, "`Sid`"));
        let effect = self.effect(node, entries);
        let principal = self.either(entries, "Principal", "NotPrincipal");
        let action = self.either(entries, "Action", "NotAction");
        let resource = self.either(entries, "Resource", "NotResource");
        self.needed_elements(node, principal.is_some(), action.is_some(), resource.map(|(_, entry)| entry));
        let actions = action.map(|(negated, entry)| self.clause(negated, entry, "an action"));
        // In a trust policy it does not belong there, whatever it holds.
        let resource = resource.filter(|_| self.kind != Kind::Trust);
        let resources = resource.map(|(negated, entry)| self.clause(negated, entry, "a resource"));
        let principals = principal.map(|(negated, entry)| self.principals(negated, entry));
        let conditions = find(entries, "Condition").map(|entry| self.conditions(entry)).unwrap_or_default();
        for (clause, check, what) in [
            (&actions, &code::EMPTY_ARRAY_ACTION, "actions"),
            (&resources, &code::EMPTY_ARRAY_RESOURCE, "resources"),
        ] {
            if let Some(clause) = clause.as_ref().filter(|clause| clause.words.is_empty()) {
                self.found.add(
                    check,
                    clause.span,
                    format!("this statement names no {what}: it does nothing"),
                );
            }
        }
        Some(Statement { node, sid, effect, principals, actions, resources, conditions })
    }

    fn effect(&mut self, node: &Node, entries: &[Entry]) -> Option<Effect> {
        let Some(entry) = find(entries, "Effect") else {
            self.found.push(
                Finding::new(&code::MISSING_EFFECT, node.span, "a statement needs `Effect`")
                    .help("add `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`"),
            );
            return None;
        };
        let word = self.text(&entry.value, "`Effect`")?;
        match word.text.as_ref() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                let message = format!("`{other}` is not an effect");
                self.found.push(
                    Finding::new(&code::INVALID_EFFECT, word.span, message)
                        .help("`Effect` is \"Allow\" or \"Deny\", spelled exactly so"),
                );
                None
            }
        }
    }

    /// Which of two elements that exclude each other is there.
    fn either<'n>(&mut self, entries: &'n [Entry], plain: &str, negated: &str) -> Option<(bool, &'n Entry)> {
        match (find(entries, plain), find(entries, negated)) {
            (Some(entry), None) => Some((false, entry)),
            (None, Some(entry)) => Some((true, entry)),
            (None, None) => None,
            (Some(first), Some(second)) => {
                let message = format!("a statement cannot have both `{plain}` and `{negated}`");
                self.found.push(
                    Finding::new(&code::UNSUPPORTED_ELEMENT_COMBINATION, second.key_span, message)
                        .related(first.key_span, format!("`{plain}` is here"))
                        .help("make two statements of it"),
                );
                Some((false, first))
            }
        }
    }

    fn needed_elements(&mut self, node: &Node, principal: bool, action: bool, resource: Option<&Entry>) {
        if !action {
            self.found.add(&code::MISSING_ACTION, node.span, "a statement needs `Action` or `NotAction`");
        }
        match resource {
            None if self.kind != Kind::Trust => {
                let message = "a statement needs `Resource` or `NotResource`";
                self.found.add(&code::MISSING_RESOURCE, node.span, message);
            }
            Some(entry) if self.kind == Kind::Trust => {
                let message = format!("a trust policy has no `{}`", entry.key);
                let check = &code::ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE;
                self.found.push(
                    Finding::new(check, entry.key_span, message)
                        .help("the resource is the role itself; leave this element out"),
                );
            }
            _ => {}
        }
        if !principal && matches!(self.kind, Kind::Trust | Kind::Rcp | Kind::Resource) {
            let message = format!("a statement of {} needs `Principal`", self.kind.describe());
            self.found.add(&code::MISSING_PRINCIPAL, node.span, message);
        }
    }

    fn clause<'n>(&mut self, negated: bool, entry: &'n Entry, what: &str) -> Clause<'n> {
        let items = entry.value.one_or_many().iter();
        let words = items.filter_map(|item| self.text(item, what)).collect();
        Clause { negated, span: entry.key_span, words }
    }

    fn principals<'n>(&mut self, negated: bool, entry: &'n Entry) -> Principals<'n> {
        let mut entries = Vec::new();
        if matches!(self.kind, Kind::Identity | Kind::Scp) {
            // It does not belong there, whatever it holds.
            return Principals { negated, span: entry.key_span, entries };
        }
        match &entry.value.value {
            Value::String(text) if text == "*" => {
                entries.push((None, Word { text: Cow::Borrowed(text), span: entry.value.span }));
            }
            Value::Map(kinds) => {
                if kinds.is_empty() {
                    self.found.add(
                        &code::EMPTY_OBJECT_PRINCIPAL,
                        entry.value.span,
                        "`Principal` names nobody",
                    );
                }
                for kind in kinds {
                    self.principals_of_kind(kind, &mut entries);
                }
            }
            other => {
                let message =
                    format!("`{}` must be a map of kinds, or \"*\", not {}", entry.key, other.kind());
                let finding = Finding::new(&code::INVALID_PRINCIPAL_FORMAT, entry.value.span, message);
                self.found.push(match other {
                    Value::String(text) => finding.help(format!("write `{{\"AWS\": \"{text}\"}}`")),
                    _ => finding.help("write `{\"AWS\": \"arn:aws:iam::123456789012:root\"}`, for example"),
                });
            }
        }
        Principals { negated, span: entry.key_span, entries }
    }

    fn principals_of_kind<'n>(
        &mut self,
        kind: &'n Entry,
        entries: &mut Vec<(Option<PrincipalKind>, Word<'n>)>,
    ) {
        let Some((_, known)) = KINDS.iter().find(|(name, _)| *name == kind.key) else {
            let message = format!("`{}` is not a kind of principal", kind.key);
            self.found.push(
                Finding::new(&code::INVALID_PRINCIPAL_KEY, kind.key_span, message)
                    .did_you_mean(self.found.meant(&kind.key, KINDS.iter().map(|(name, _)| *name)))
                    .help("the kinds are `AWS`, `Service`, `Federated` and `CanonicalUser`"),
            );
            return;
        };
        if kind.value.one_or_many().is_empty() {
            self.found.add(
                &code::EMPTY_ARRAY_PRINCIPAL,
                kind.value.span,
                format!("`{}` names nobody", kind.key),
            );
        }
        for item in kind.value.one_or_many() {
            // Account ids that YAML reads as numbers are account ids.
            let word = match &item.value {
                Value::Number(text) => Some(Word { text: Cow::Borrowed(text), span: item.span }),
                _ => self.text(item, "a principal"),
            };
            entries.extend(word.map(|word| (Some(*known), word)));
        }
    }

    fn conditions<'n>(&mut self, entry: &'n Entry) -> Vec<Condition<'n>> {
        let Value::Map(operators) = &entry.value.value else {
            mismatch(&entry.value, "`Condition`", "a map of operators", self.found);
            return Vec::new();
        };
        if operators.is_empty() {
            let message = "`Condition` holds no condition: leave it out, or state one";
            self.found.add(&code::EMPTY_OBJECT_CONDITION, entry.value.span, message);
        }
        let mut conditions = Vec::new();
        for operator in operators {
            let parsed = self.operator(operator);
            let Value::Map(keys) = &operator.value.value else {
                let what = format!("what stands under `{}`", operator.key);
                mismatch(&operator.value, &what, "a map from keys to values", self.found);
                continue;
            };
            for key in keys {
                conditions.push(self.condition(operator, parsed, key));
            }
        }
        conditions
    }

    fn operator(&mut self, operator: &Entry) -> Option<ConditionOperator> {
        let parsed = ConditionOperator::parse(&operator.key);
        match parsed {
            None => {
                let meant = self.found.meant(&operator.key, ConditionOperator::names());
                let message = format!("`{}` is not a condition operator", operator.key);
                let finding = Finding::new(&code::INVALID_CONDITION_OPERATOR, operator.key_span, message);
                self.found.push(finding.did_you_mean(meant));
            }
            Some(known) if known.group == OperatorGroup::Null && known.if_exists => self.found.push(
                Finding::new(&code::NULL_WITH_IF_EXISTS, operator.key_span, "`Null` takes no `IfExists`")
                    .help("`Null` itself asks whether the key is there"),
            ),
            Some(known) if known.group == OperatorGroup::Null && known.set.is_some() => self.found.push(
                Finding::new(
                    &code::NULL_WITH_QUALIFIER,
                    operator.key_span,
                    "`Null` with a set operator asks nothing",
                )
                .help("write `Null` alone"),
            ),
            Some(_) => {}
        }
        parsed
    }

    fn condition<'n>(
        &mut self,
        operator: &'n Entry,
        parsed: Option<ConditionOperator>,
        key: &'n Entry,
    ) -> Condition<'n> {
        let items = key.value.one_or_many();
        if items.is_empty() {
            let check = match parsed {
                Some(ConditionOperator { set: Some(SetOperator::ForAllValues), .. }) => {
                    &code::EMPTY_ARRAY_CONDITION_FORALLVALUES
                }
                Some(ConditionOperator { set: Some(SetOperator::ForAnyValue), .. }) => {
                    &code::EMPTY_ARRAY_CONDITION_FORANYVALUE
                }
                Some(ConditionOperator { if_exists: true, .. }) => &code::EMPTY_ARRAY_CONDITION_IFEXISTS,
                _ => &code::EMPTY_ARRAY_CONDITION,
            };
            self.found.add(check, key.value.span, format!("the condition key `{}` has no values", key.key));
        }
        let types = items.iter().map(|item| std::mem::discriminant(&item.value));
        if let Some((first, other)) = items.first().zip(
            items
                .iter()
                .zip(types)
                .find(|(item, of)| {
                    items.first().is_some_and(|first| *of != std::mem::discriminant(&first.value))
                        && is_scalar(item)
                })
                .map(|(item, _)| item),
        ) {
            let message = format!("the values of `{}` are of different types", key.key);
            let says = format!("this is {}", first.value.kind());
            self.found.push(
                Finding::new(&code::INVALID_CONDITION_DATA_TYPE, other.span, message)
                    .related(first.span, says)
                    .help("put all of them in quotes"),
            );
        }
        let values = items.iter().filter_map(|item| self.scalar(item)).collect();
        Condition {
            operator: Word { text: Cow::Borrowed(&operator.key), span: operator.key_span },
            parsed,
            key: Word { text: Cow::Borrowed(&key.key), span: key.key_span },
            lower: key.key.to_ascii_lowercase(),
            values,
            values_span: key.value.span,
        }
    }

    /// A condition value: AWS makes no difference between `5` and `"5"`.
    fn scalar<'n>(&mut self, node: &'n Node) -> Option<Word<'n>> {
        let text = match &node.value {
            Value::Number(text) => Cow::Borrowed(text.as_str()),
            Value::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
            _ => return self.text(node, "a condition value"),
        };
        Some(Word { text, span: node.span })
    }

    fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<Word<'n>> {
        let Some(text) = node.as_str() else {
            mismatch(node, what, "a text", self.found);
            return None;
        };
        if let Some(c) = text.chars().find(|c| !is_storable_char(*c)) {
            let message = format!("a policy cannot hold the character U+{:04X}", u32::from(c));
            self.found.push(
                Finding::new(&code::UNSUPPORTED_CHARACTER, node.span, message)
                    .help("IAM stores tab, line breaks and the characters U+0020 to U+00FF only"),
            );
        }
        Some(Word { text: Cow::Borrowed(text), span: node.span })
    }
}

fn is_scalar(node: &Node) -> bool {
    matches!(node.value, Value::String(_) | Value::Number(_) | Value::Bool(_))
}
