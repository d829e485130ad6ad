//! What is found in policy documents, and what of it the manifest accepts.

use std::cell::Cell;
use std::collections::HashSet;

use iamctl_lint::{CHECKS, Finding, Kind, lint};
use iamctl_model::{Address, Pattern};
use iamctl_policy::{Diagnostic, Diagnostics, Grammar, Node, Severity, Span, closest};

use super::index::Sections;
use super::{Scope, values};
use crate::block::Reader;
use crate::keys;

/// How many items there may be: every finding is held against them.
const MAX_ITEMS: usize = 1_000;

/// The documents that were looked through.
#[derive(Debug, Default)]
pub(super) struct LookedThrough {
    /// Whose documents are being read.
    about: Option<Address>,
    found: Vec<(Option<Address>, Finding)>,
}

/// An item of `accept_findings`.
pub(super) struct Accepted {
    codes: Vec<(String, Span)>,
    on: Vec<Pattern>,
    /// Which of the codes were found.
    used: Vec<Cell<bool>>,
}

impl Accepted {
    /// Whether this item accepts a finding; remembers that it does.
    fn accepts(&self, about: Option<&Address>, finding: &Finding) -> bool {
        let address = about.map(Address::to_string).unwrap_or_default();
        let is_meant = self.on.is_empty() || self.on.iter().any(|pattern| pattern.matches(&address));
        let at = self.codes.iter().position(|(code, _)| code == finding.check.code).filter(|_| is_meant);
        let used = at.and_then(|at| self.used.get(at));
        used.inspect(|used| used.set(true)).is_some()
    }
}

impl LookedThrough {
    /// From here on, documents are those of this thing, or of none that is managed.
    pub(super) fn about(&mut self, address: impl Into<Option<Address>>) {
        self.about = address.into();
    }

    /// The findings that stay: those that are not accepted, and that the manifest's own rules have not told of the
    /// same place. What those rules only warn of is told by the finding.
    pub(super) fn settled(self, accepted: &[Accepted], told: &mut Diagnostics) -> Vec<Finding> {
        let errors: HashSet<Span> =
            told.iter().filter(|one| one.severity == Severity::Error).map(|one| one.span).collect();
        let mut seen = HashSet::new();
        let mut stays = Vec::new();
        for (about, finding) in self.found {
            // All are asked, so that each knows whether it is used.
            let accepting = accepted.iter().filter(|one| one.accepts(about.as_ref(), &finding)).count();
            let is_accepted = accepting > 0;
            let is_told = is_accepted || errors.contains(&finding.span);
            if !is_told && seen.insert((finding.check.code, finding.span)) {
                stays.push(finding);
            }
        }
        for item in accepted {
            for ((code, span), _) in item.codes.iter().zip(&item.used).filter(|(_, used)| !used.get()) {
                told.push(
                    Diagnostic::warning("accepts-nothing", *span, format!("`{code}` is not found here"))
                        .help("leave it out"),
                );
            }
        }
        // Beyond a number, they are only counted: then nothing is taken away.
        if told.len() != told.iter().count() {
            return stays;
        }
        let places: HashSet<Span> = stays.iter().map(|one: &Finding| one.span).collect();
        let kept = std::mem::take(told);
        let is_weaker = |one: &Diagnostic| one.severity != Severity::Error && places.contains(&one.span);
        kept.iter().filter(|one| !is_weaker(one)).for_each(|one| told.push(one.clone()));
        stays
    }
}

impl Scope<'_, '_, '_> {
    /// Looks a document through, when that was asked for.
    pub(super) fn look_through(&mut self, document: &Node, grammar: Grammar) {
        if !self.loader.looks_for_findings {
            return;
        }
        let kind = match grammar {
            Grammar::Managed | Grammar::Inline => Kind::Identity,
            Grammar::Trust => Kind::Trust,
            Grammar::ServiceControl => Kind::Scp,
            Grammar::ResourceControl => Kind::Rcp,
        };
        // Sizes are told by rules that know the quota of each kind of thing.
        let is_size = |one: &Finding| one.check.code.starts_with("POLICY_SIZE_");
        let about = &self.looked_through.about;
        let found = lint(document, kind).into_iter().filter(|one| !is_size(one));
        let found: Vec<_> = found.map(|one| (about.clone(), one)).collect();
        self.looked_through.found.extend(found);
    }

    /// The items under `accept_findings`.
    pub(super) fn accepted(&mut self, sections: &[Sections<'_>]) -> Vec<Accepted> {
        let mut items = Vec::new();
        for node in sections.iter().filter_map(|one| one.accept_findings) {
            for item in node.expect_list("`accept_findings`", &mut self.found).unwrap_or_default() {
                if items.len() >= MAX_ITEMS {
                    let message = "`accept_findings` holds too many items";
                    self.found.push(
                        Diagnostic::error("too-much", item.span, message).help(format!(
                            "at most {MAX_ITEMS} are read: every finding is held against them"
                        )),
                    );
                    return items;
                }
                items.extend(self.accepted_item(item));
            }
        }
        // Nobody looked: then nothing is known of what is used.
        if self.loader.looks_for_findings { items } else { Vec::new() }
    }

    fn accepted_item(&mut self, item: &Node) -> Option<Accepted> {
        let found = &mut self.found;
        let mut reader = Reader::open(item, &keys::ACCEPT, "an item of `accept_findings`", found)?;
        let codes = reader.get("code", found).map(|node| values::one_or_many(node, "a code", found));
        let mut known = Vec::new();
        for code in codes.unwrap_or_default() {
            if CHECKS.iter().any(|check| check.code == code.text) {
                known.push((code.text.to_owned(), code.span));
                continue;
            }
            let all = CHECKS.iter().map(|check| check.code);
            let error = Diagnostic::error(
                "finding-code",
                code.span,
                format!("`{}` is no code of a finding", code.text),
            );
            found.push(match closest(code.text, all) {
                Some(meant) => error.help(format!("did you mean `{meant}`?")),
                None => error.help("docs/findings.md lists the codes"),
            });
        }
        if let Some(node) = reader.get("reason", found) {
            let is_empty = node.expect_str("`reason`", found).is_some_and(|reason| reason.trim().is_empty());
            if is_empty {
                found.push(
                    Diagnostic::error("reason", node.span, "the reason is empty")
                        .help("say why what is found is meant to be"),
                );
            }
        }
        let on = reader.get("on", found).map(|node| values::one_or_many(node, "a pattern", found));
        let on = on.unwrap_or_default().into_iter().map(|text| Pattern::new(text.text)).collect();
        reader.finish(found);
        let used = known.iter().map(|_| Cell::new(false)).collect();
        Some(Accepted { codes: known, on, used })
    }
}
