//! What the organisation limits.

use iamctl_model::{Organization, OrganizationPolicy};
use iamctl_policy::{Diagnostic, Diagnostics, Effect, Grammar, Node};

use super::documents::Written;
use super::{Scope, master_copy, values};
use crate::block::Reader;
use crate::keys;

impl Scope<'_, '_, '_> {
    /// The policies under `organization`, in the manifest at `from`.
    pub(super) fn organization(&mut self, node: &Node, from: &str) -> Option<Organization> {
        let mut reader = Reader::open(node, &keys::ORGANIZATION, "`organization`", &mut self.found)?;
        let id = reader.get("id", &mut self.found).and_then(|node| id(node, &mut self.found));
        let management_account = reader.get("management_account", &mut self.found).and_then(|node| {
            let text = node.expect_scalar("`management_account`", &mut self.found)?;
            master_copy::account_id(&text, node.span, &mut self.found)
        });
        let scp = reader.get("scp", &mut self.found);
        let rcp = reader.get("rcp", &mut self.found);
        reader.finish(&mut self.found);
        self.looked_through.about(None);
        let scp = scp.map(|node| self.levels(node, Grammar::ServiceControl, from)).unwrap_or_default();
        let rcp = rcp.map(|node| self.levels(node, Grammar::ResourceControl, from)).unwrap_or_default();
        Some(Organization { id, management_account, scp, rcp })
    }

    fn levels(&mut self, node: &Node, grammar: Grammar, from: &str) -> Vec<Vec<OrganizationPolicy>> {
        let what = if grammar == Grammar::ServiceControl { "`scp`" } else { "`rcp`" };
        let levels = node.expect_list(what, &mut self.found).unwrap_or_default();
        levels.iter().map(|level| self.level(level, grammar, from)).collect()
    }

    fn level(&mut self, node: &Node, grammar: Grammar, from: &str) -> Vec<OrganizationPolicy> {
        // Reports what is no text.
        values::one_or_many(node, "a policy of the organisation", &mut self.found);
        let items = node.one_or_many().iter().filter_map(|node| Some((node.as_str()?, node)));
        let policies: Vec<_> =
            items.filter_map(|(text, node)| self.policy_of_organization(text, node, grammar, from)).collect();
        let allows = |policy: &OrganizationPolicy| {
            policy.document.statements().iter().any(|statement| statement.effect == Effect::Allow)
        };
        let is_sound = !policies.is_empty() && policies.len() == node.one_or_many().len();
        if grammar == Grammar::ServiceControl && is_sound && !policies.iter().any(allows) {
            self.found.push(
                Diagnostic::warning(
                    "scp-allows-nothing",
                    node.span,
                    "nothing is allowed on this level of `scp`",
                )
                .label("denies everything")
                .help(format!(
                    "every level has to allow; add `{}` where AWS has it attached, as it is everywhere to \
                         begin with",
                    OrganizationPolicy::FULL_ACCESS
                )),
            );
        }
        policies
    }

    fn policy_of_organization(
        &mut self,
        text: &str,
        node: &Node,
        grammar: Grammar,
        from: &str,
    ) -> Option<OrganizationPolicy> {
        if grammar == Grammar::ServiceControl && text == OrganizationPolicy::FULL_ACCESS {
            return Some(OrganizationPolicy::full_access());
        }
        if !text.contains('.') {
            let message = format!("`{text}` is not a file");
            let known = (grammar == Grammar::ServiceControl).then_some(OrganizationPolicy::FULL_ACCESS);
            let help = match grammar {
                Grammar::ServiceControl => "name files, or `FullAWSAccess` for AWS's own policy of that name",
                _ => "name files; `RCPFullAWSAccess` is on every level as it is",
            };
            let error = Diagnostic::error("organization-policy", node.span, message);
            self.found.push(error.did_you_mean(text, known).help(help));
            return None;
        }
        let document = self.document(&Written::InFile(node), grammar, from)?;
        Some(OrganizationPolicy { name: text.to_owned(), document })
    }
}

/// An organisation's id. Source: the pattern of `OrganizationId` in the AWS Organizations API.
fn id(node: &Node, found: &mut Diagnostics) -> Option<String> {
    let text = node.expect_str("`id`", found)?;
    let rest = text.strip_prefix("o-").unwrap_or_default();
    let fits = (10..=32).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !fits {
        found.push(
            Diagnostic::error(
                "organization-id",
                node.span,
                format!("`{text}` is not the id of an organisation"),
            )
            .help("it is written like `o-a1b2c3d4e5`; `aws organizations describe-organization` shows it"),
        );
    }
    fits.then(|| text.to_owned())
}
