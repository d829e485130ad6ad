//! From [`Node`]s to documents, strictly: what people write. All that AWS would refuse is reported.

use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Clause, Condition, Effect, Parsed, Principals, Spanned, Statement};
use crate::grammar::{Grammar, OPERATORS, PRINCIPAL_KINDS, VERSIONS, bare_operator, is_storable_char};
use crate::node::{Entry, Fields, Node, Value};
use crate::source::Span;

/// How many values are looked at. None of IAM's documents may have more characters than this.
/// Source: IAM User Guide, "IAM and AWS STS quotas".
const MOST_VALUES: usize = 10_240;

/// Reads what a person wrote; `None` when anything in it is an error.
pub(crate) fn parse(node: &Node, grammar: Grammar, diagnostics: &mut Diagnostics) -> Option<Parsed> {
    if node.outweighs(&mut { MOST_VALUES }) {
        let message = format!("a policy document of more than {MOST_VALUES} values is larger than any quota");
        diagnostics.push(
            Diagnostic::error("too-much", node.span, message).help("what else is wrong with it is not told"),
        );
        return None;
    }
    let mut found = Diagnostics::new();
    let parsed = Strict { grammar, found: &mut found }.document(node);
    let failed = found.has_errors();
    diagnostics.extend(found);
    parsed.filter(|_| !failed)
}

struct Strict<'d> {
    grammar: Grammar,
    found: &'d mut Diagnostics,
}

impl Strict<'_> {
    fn document(&mut self, node: &Node) -> Option<Parsed> {
        let mut fields = Fields::open(node, "a policy document", self.found)?;
        let version = fields.get("Version").and_then(|node| self.version(node));
        if version.is_none() && fields.get("Version").is_none() && self.grammar.needs_version() {
            self.found.push(
                Diagnostic::error(
                    "missing-version",
                    node.span,
                    format!("{} needs `Version`", self.grammar.describe()),
                )
                .help("add `Version: \"2012-10-17\"`: without it AWS refuses the policy"),
            );
        }
        let id = fields.get("Id").and_then(|node| self.string(node, "`Id`"));
        let statements = fields.require("Statement", self.found).map(|node| self.statements(node));
        fields.finish(self.found);
        Some(Parsed { version, id, statements: statements?, other: Vec::new() })
    }

    fn version(&mut self, node: &Node) -> Option<Spanned> {
        let version = self.string(node, "`Version`")?;
        if !VERSIONS.contains(&version.text.as_str()) {
            self.found.push(
                Diagnostic::error(
                    "policy-version",
                    node.span,
                    format!("`{}` is not a version of the policy language", version.text),
                )
                .help(
                    "use \"2012-10-17\"; \"2008-10-17\" exists for old documents and has no policy variables",
                ),
            );
        }
        Some(version)
    }

    fn statements(&mut self, node: &Node) -> Vec<Statement> {
        let items = node.one_or_many();
        if items.is_empty() {
            self.found.push(
                Diagnostic::error(
                    "empty-statement",
                    node.span,
                    "a policy document needs at least one statement",
                )
                .label("this list is empty"),
            );
        }
        let statements: Vec<_> = items.iter().filter_map(|item| self.statement(item)).collect();
        let mut first_places = HashMap::new();
        for sid in statements.iter().filter_map(|statement| statement.sid.as_ref()) {
            let Some(first) = first_places.insert(sid.text.as_str(), sid.span) else { continue };
            self.found.push(
                Diagnostic::error(
                    "duplicate-sid",
                    sid.span,
                    format!("the Sid `{}` is there twice in one document", sid.text),
                )
                .related(first, "first used here")
                .help("a Sid must be unique within its document"),
            );
        }
        statements
    }

    fn statement(&mut self, node: &Node) -> Option<Statement> {
        let mut fields = Fields::open(node, "a statement", self.found)?;
        let sid = fields.get("Sid").and_then(|node| self.sid(node));
        let effect = fields.require("Effect", self.found).and_then(|node| self.effect(node));
        let principal = self.either(&mut fields, "Principal", "NotPrincipal");
        let action = self.either(&mut fields, "Action", "NotAction");
        let resource = self.either(&mut fields, "Resource", "NotResource");
        let conditions = fields.get("Condition").map(|node| self.conditions(node));
        let place = fields.span();
        fields.finish(self.found);
        self.elements_allowed(place, principal, action, resource);
        // All elements are read before the first missing one ends it, so that all mistakes are told.
        let principals = principal.map(|(negated, entry)| self.principals(negated, &entry.value));
        let actions = action.map(|(negated, entry)| self.actions(negated, &entry.value));
        let resources = resource.map(|(negated, entry)| self.resources(negated, &entry.value));
        Some(Statement {
            span: node.span,
            sid,
            effect: effect?,
            principals,
            actions,
            resources,
            conditions,
            other: Vec::new(),
        })
    }

    /// Which of two elements that exclude each other is there.
    fn either<'n>(
        &mut self,
        fields: &mut Fields<'n>,
        plain: &'static str,
        negated: &'static str,
    ) -> Option<(bool, &'n Entry)> {
        match (fields.entry(plain), fields.entry(negated)) {
            (Some(entry), None) => Some((false, entry)),
            (None, Some(entry)) => Some((true, entry)),
            (None, None) => None,
            (Some(first), Some(second)) => {
                self.found.push(
                    Diagnostic::error(
                        "exclusive-elements",
                        second.key_span,
                        format!("a statement cannot have both `{plain}` and `{negated}`"),
                    )
                    .related(first.key_span, format!("`{plain}` is here"))
                    .help("make two statements of it"),
                );
                Some((false, first))
            }
        }
    }

    fn elements_allowed(
        &mut self,
        place: Span,
        principal: Option<(bool, &Entry)>,
        action: Option<(bool, &Entry)>,
        resource: Option<(bool, &Entry)>,
    ) {
        let kind = self.grammar.describe();
        let mut missing = |element: &str, code: &'static str| {
            self.found.push(Diagnostic::error(
                code,
                place,
                format!("a statement of {kind} needs `{element}` or `Not{element}`"),
            ));
        };
        if action.is_none() {
            missing("Action", "missing-action");
        }
        let (lacks_principal, lacks_resource) = (principal.is_none(), resource.is_none());
        let surplus = match self.grammar {
            Grammar::Managed | Grammar::Inline | Grammar::ServiceControl => principal,
            Grammar::Trust => resource,
            Grammar::ResourceControl => None,
        };
        if lacks_principal && matches!(self.grammar, Grammar::Trust | Grammar::ResourceControl) {
            missing("Principal", "missing-element");
        }
        if lacks_resource && self.grammar != Grammar::Trust {
            missing("Resource", "missing-element");
        }
        if let Some((_, entry)) = surplus {
            let why = match self.grammar {
                Grammar::Managed | Grammar::Inline => {
                    "the principal is whoever the policy is attached to; remove this element"
                }
                Grammar::Trust => "the resource is the role itself; remove this element",
                Grammar::ServiceControl | Grammar::ResourceControl => {
                    "it binds all principals of the account; remove this element"
                }
            };
            self.found.push(
                Diagnostic::error(
                    "surplus-element",
                    entry.key_span,
                    format!("`{}` is not allowed in {kind}", entry.key),
                )
                .help(why),
            );
        }
    }

    fn sid(&mut self, node: &Node) -> Option<Spanned> {
        let sid = self.string(node, "`Sid`")?;
        let plain = sid.text.chars().all(|c| c.is_ascii_alphanumeric());
        if !plain && self.grammar != Grammar::Trust {
            self.found.push(
                Diagnostic::error("sid-characters", node.span, format!("`{}` is not a valid Sid", sid.text))
                    .help("in identity policies a Sid may hold letters and digits only"),
            );
        }
        Some(sid)
    }

    fn effect(&mut self, node: &Node) -> Option<Effect> {
        match self.string(node, "`Effect`")?.text.as_str() {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                self.found.push(
                    Diagnostic::error("effect", node.span, format!("`{other}` is not an effect"))
                        .help("`Effect` is \"Allow\" or \"Deny\", spelled exactly so"),
                );
                None
            }
        }
    }

    fn principals(&mut self, negated: bool, node: &Node) -> Principals {
        let mut entries = Vec::new();
        match &node.value {
            Value::String(text) if text == "*" => {
                entries.push((None, Spanned { text: text.clone(), span: node.span }));
            }
            Value::String(text) => self.found.push(
                Diagnostic::error(
                    "principal",
                    node.span,
                    format!("a principal needs its kind, `{text}` has none"),
                )
                .help(format!("write `AWS: {text}` or `Service: {text}`")),
            ),
            Value::Map(kinds) => {
                for kind in kinds {
                    self.principals_of_kind(kind, &mut entries);
                }
            }
            _ => self.found.push(node.wrong_type("`Principal`", "a map of kinds, or \"*\"")),
        }
        if entries.is_empty() && !self.found.has_errors() {
            self.found.push(Diagnostic::error("principal", node.span, "`Principal` names nobody"));
        }
        Principals { negated, entries }
    }

    fn principals_of_kind(&mut self, kind: &Entry, entries: &mut Vec<(Option<String>, Spanned)>) {
        if !PRINCIPAL_KINDS.contains(&kind.key.as_str()) {
            self.found.push(
                Diagnostic::error(
                    "principal-kind",
                    kind.key_span,
                    format!("`{}` is not a kind of principal", kind.key),
                )
                .did_you_mean(&kind.key, PRINCIPAL_KINDS)
                .help("the kinds are `AWS`, `Service`, `Federated` and `CanonicalUser`"),
            );
            return;
        }
        for item in kind.value.one_or_many() {
            // An account id that YAML reads as a number is still an account id.
            let text = item.expect_scalar("a principal", self.found);
            let Some(text) = text else { continue };
            self.storable(&text, item.span);
            entries.push((Some(kind.key.clone()), Spanned { text, span: item.span }));
        }
    }

    fn actions(&mut self, negated: bool, node: &Node) -> Clause {
        let patterns = self.strings(node, "an action");
        for pattern in &patterns {
            let service = pattern.text.split_once(':');
            let well_formed = match service {
                None => pattern.text == "*",
                Some((service, action)) => {
                    !service.is_empty()
                        && !action.is_empty()
                        && service
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*' | '?'))
                        && !action.contains([':', ' '])
                }
            };
            if !well_formed {
                self.found.push(
                    Diagnostic::error("action", pattern.span, format!("`{}` is not an action", pattern.text))
                        .help("an action is `service:Name`, such as `s3:GetObject` or `ec2:*`, or `*`"),
                );
            }
        }
        Clause { negated, patterns }
    }

    fn resources(&mut self, negated: bool, node: &Node) -> Clause {
        let patterns = self.strings(node, "a resource");
        for pattern in &patterns {
            // A wildcard or a variable may stand for any part of the ARN.
            let open = pattern.text.contains(['*', '?']) || pattern.text.contains("${");
            let begins_well = pattern.text.starts_with("arn:") || pattern.text.starts_with(['*', '?', '$']);
            let well_formed = begins_well && (open || pattern.text.split(':').count() >= 6);
            if !well_formed {
                self.found.push(
                    Diagnostic::error(
                        "resource",
                        pattern.span,
                        format!("`{}` is not a resource", pattern.text),
                    )
                    .help("a resource is an ARN such as `arn:aws:s3:::bucket/*`, or `*`"),
                );
            }
        }
        Clause { negated, patterns }
    }

    fn strings(&mut self, node: &Node, what: &str) -> Vec<Spanned> {
        let items = node.one_or_many();
        if items.is_empty() {
            self.found.push(
                Diagnostic::error(
                    "empty-list",
                    node.span,
                    format!("a list of {} cannot be empty", plural(what)),
                )
                .label("this list is empty"),
            );
        }
        items.iter().filter_map(|item| self.string(item, what)).collect()
    }

    fn string(&mut self, node: &Node, what: &str) -> Option<Spanned> {
        let text = node.expect_str(what, self.found)?.to_owned();
        self.storable(&text, node.span);
        Some(Spanned { text, span: node.span })
    }

    fn storable(&mut self, text: &str, span: Span) {
        if let Some(c) = text.chars().find(|c| !is_storable_char(*c)) {
            self.found.push(
                Diagnostic::error(
                    "document-characters",
                    span,
                    format!("a policy document cannot hold the character U+{:04X}", u32::from(c)),
                )
                .help("IAM stores tab, line breaks and the characters U+0020 to U+00FF only"),
            );
        }
    }

    fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        let Some(operators) = node.expect_map("`Condition`", self.found) else { return Vec::new() };
        let mut conditions = Vec::new();
        for operator in operators {
            self.operator(operator);
            let what = format!("the condition operator `{}`", operator.key);
            let Some(keys) = operator.value.expect_map(&what, self.found) else { continue };
            for key in keys {
                self.storable(&key.key, key.key_span);
                let values = key.value.one_or_many().iter();
                let values: Vec<_> = values.filter_map(|value| self.condition_value(value)).collect();
                if values.is_empty() && key.value.one_or_many().is_empty() {
                    self.found.push(Diagnostic::error(
                        "empty-list",
                        key.value.span,
                        format!("the condition key `{}` needs at least one value", key.key),
                    ));
                }
                conditions.push(Condition {
                    operator: Spanned { text: operator.key.clone(), span: operator.key_span },
                    key: Spanned { text: key.key.clone(), span: key.key_span },
                    values,
                });
            }
        }
        conditions
    }

    fn operator(&mut self, operator: &Entry) {
        let bare = bare_operator(&operator.key);
        if OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(bare)) {
            return;
        }
        let candidates = OPERATORS.into_iter().filter(|_| self.found.are_few());
        self.found.push(
            Diagnostic::error(
                "condition-operator",
                operator.key_span,
                format!("`{}` is not a condition operator", operator.key),
            )
            .did_you_mean(bare, candidates),
        );
    }

    fn condition_value(&mut self, node: &Node) -> Option<Spanned> {
        let text = node.expect_scalar("a condition value", self.found)?;
        self.storable(&text, node.span);
        Some(Spanned { text, span: node.span })
    }
}

fn plural(what: &str) -> String {
    format!("{}s", what.trim_start_matches("an ").trim_start_matches("a "))
}
