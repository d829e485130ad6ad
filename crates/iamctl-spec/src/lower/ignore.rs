//! What others may put on managed things.

use iamctl_model::{IgnoreRule, Pattern};
use iamctl_policy::{Diagnostic, Node};

use super::index::Sections;
use super::{Scope, values};
use crate::block::Reader;
use crate::keys;

/// How many patterns all rules may have.
const MAX_PATTERNS: usize = 1_000;

fn number_of_patterns(rule: &IgnoreRule) -> usize {
    [&rule.on, &rule.tags, &rule.policies, &rule.inline_policies, &rule.groups, &rule.members]
        .iter()
        .map(|patterns| patterns.len())
        .sum()
}

impl Scope<'_, '_, '_> {
    /// The rules under `ignore`.
    pub(super) fn ignore(&mut self, sections: &[Sections<'_>]) -> Vec<IgnoreRule> {
        let mut rules = Vec::new();
        let mut patterns: usize = 0;
        for node in sections.iter().filter_map(|one| one.ignore) {
            for item in node.expect_list("`ignore`", &mut self.found).unwrap_or_default() {
                let Some(rule) = self.ignore_rule(item) else { continue };
                patterns = patterns.saturating_add(number_of_patterns(&rule));
                if patterns > MAX_PATTERNS {
                    self.found.push(
                        Diagnostic::error("too-much", item.span, "`ignore` holds too many patterns")
                            .help(format!("at most {MAX_PATTERNS} are read: every item of the account is held against them")),
                    );
                    return rules;
                }
                rules.push(rule);
            }
        }
        rules
    }

    fn ignore_rule(&mut self, item: &Node) -> Option<IgnoreRule> {
        let found = &mut self.found;
        let mut reader = Reader::open(item, &keys::IGNORE, "an item of `ignore`", found)?;
        let reason = reader.get("reason", found).and_then(|node| {
            let reason = node.expect_str("`reason`", found)?;
            if reason.trim().is_empty() {
                found.push(
                    Diagnostic::error("reason", node.span, "the reason is empty")
                        .help("say who writes these items, and why that is well"),
                );
            }
            Some(reason.to_owned())
        });
        let mut patterns = |key: &'static str| -> Vec<Pattern> {
            let node = reader.get(key, found);
            let texts = node.map(|node| values::one_or_many(node, "a pattern", found)).unwrap_or_default();
            texts.into_iter().map(|text| Pattern::new(text.text)).collect()
        };
        let rule = IgnoreRule {
            span: item.span,
            on: patterns("on"),
            tags: patterns("tags"),
            policies: patterns("policies"),
            inline_policies: patterns("inline_policies"),
            groups: patterns("groups"),
            members: patterns("members"),
            reason: reason.unwrap_or_default(),
        };
        reader.finish(found);
        let says_nothing = [&rule.tags, &rule.policies, &rule.inline_policies, &rule.groups, &rule.members]
            .iter()
            .all(|patterns| patterns.is_empty());
        if says_nothing {
            found
                .push(Diagnostic::error("ignore-nothing", item.span, "this rule ignores nothing").help(
                    "name patterns under `tags`, `policies`, `inline_policies`, `groups` or `members`",
                ));
        }
        Some(rule)
    }
}
