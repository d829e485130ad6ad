//! References to policies and roles.

use std::collections::BTreeMap;

use iamctl_data::managed_policies;
use iamctl_model::{Identity, Partition, PolicyArn, PrincipalArn, RoleName};
use iamctl_policy::{Diagnostic, Node, Span, Value};

use super::Scope;
use super::values;

impl Scope<'_, '_, '_> {
    /// The policy that a text names: one of the manifest, `aws:PATH/NAME`, or an ARN.
    pub(super) fn policy(&mut self, text: &str, span: Span) -> Option<PolicyArn> {
        if let Some(path_and_name) = text.strip_prefix("aws:") {
            return match PolicyArn::aws_managed(&self.account().partition, path_and_name) {
                Ok(arn) => self.of_aws(arn, text, span),
                Err(_) => {
                    self.found.push(
                        Diagnostic::error("aws-policy", span, format!("`{text}` does not name a policy of AWS"))
                            .help("write `aws:` and then path and name, such as `aws:ReadOnlyAccess` or `aws:service-role/AWSLambdaBasicExecutionRole`"),
                    );
                    None
                }
            };
        }
        if text.starts_with("arn:") {
            return self.policy_by_arn(text, span);
        }
        let account = self.account.account.clone();
        let head = self.index.policies.resolve(text, span, &mut self.found)?;
        Some(PolicyArn::new(&account, &head.path, &head.name))
    }

    fn policy_by_arn(&mut self, text: &str, span: Span) -> Option<PolicyArn> {
        let arn = match PolicyArn::parse(text) {
            Ok(arn) => arn,
            Err(error) => {
                self.found.push(
                    Diagnostic::error("policy-arn", span, error.to_string())
                        .help("an ARN of a policy is `arn:aws:iam::123456789012:policy/NAME`, or `arn:aws:iam::aws:policy/NAME` for AWS's own"),
                );
                return None;
            }
        };
        if arn.is_aws_managed() {
            return self.of_aws(arn, text, span);
        }
        if !self.account.is_known {
            return Some(arn);
        }
        if !arn.is_in(self.account()) {
            self.found.push(
                Diagnostic::error("foreign-policy", span, "a policy of another account cannot be attached")
                    .label(format!("the manifest is for account {}", self.account().id))
                    .help("define a policy of the same content here"),
            );
            return None;
        }
        let account = self.account.account.clone();
        if let Some(head) = self.index.policies.get(&arn.policy_name()) {
            let defined = PolicyArn::new(&account, &head.path, &head.name);
            if defined != arn && defined.path_and_name() != arn.path_and_name() {
                self.found.push(
                    Diagnostic::error("policy-arn", span, format!("no policy can have the ARN `{arn}`"))
                        .related(head.span, format!("the policy of this name has the ARN `{defined}`"))
                        .help(format!("write `{}`", head.name)),
                );
                return Some(defined);
            }
        }
        Some(arn)
    }

    /// A policy that AWS manages, held against those of the table that iamctl carries. Names are unique
    /// whatever the path, and paths do not change, so another path is wrong; a name that the table does not
    /// have may be newer than it. Other partitions have policies of their own, which it does not have.
    fn of_aws(&mut self, arn: PolicyArn, text: &str, span: Span) -> Option<PolicyArn> {
        let table = managed_policies();
        if self.account().partition != Partition::aws() || table.by_arn(arn.as_str()).is_some() {
            return Some(arn);
        }
        if let Some(policy) = table.by_name(arn.policy_name().as_str()) {
            self.found.push(
                Diagnostic::error(
                    "aws-policy-path",
                    span,
                    format!("`{}` is no policy of AWS", arn.path_and_name()),
                )
                .label("the path belongs to the name")
                .help(format!("write `aws:{}`", policy.path_and_name())),
            );
            return None;
        }
        let prefix = if text.starts_with("arn:") { "arn:aws:iam::aws:policy/" } else { "aws:" };
        let names = self
            .found
            .are_few()
            .then(|| table.iter().map(|policy| format!("{prefix}{}", policy.path_and_name())));
        let names: Vec<String> = names.into_iter().flatten().collect();
        self.found.push(
            Diagnostic::warning(
                "aws-policy-unknown",
                span,
                format!("`{}` is no policy of AWS that iamctl knows", arn.path_and_name()),
            )
            .did_you_mean(text, names.iter().map(String::as_str))
            .help(format!(
                "the policies that iamctl knows are those of {}: where this one is newer, all is well",
                table.provenance().date
            )),
        );
        Some(arn)
    }

    /// The role of the account that a text names: one of the manifest, or another by its ARN.
    pub(super) fn own_role(&mut self, text: &str, span: Span) -> Option<RoleName> {
        if !text.starts_with("arn:") {
            return self.index.roles.resolve(text, span, &mut self.found).map(|head| head.name.clone());
        }
        let arn = PrincipalArn::parse(text).ok();
        let role = arn.as_ref().and_then(|arn| match arn.identity() {
            Some(Identity::Role(name)) => Some((arn, name)),
            _ => None,
        });
        let Some((arn, name)) = role else {
            self.found.push(
                Diagnostic::error("role-arn", span, format!("`{text}` is not the ARN of a role"))
                    .help("an ARN of a role is `arn:aws:iam::123456789012:role/NAME`"),
            );
            return None;
        };
        if self.account.is_known && arn.account() != self.account().id.as_str() {
            self.found.push(
                Diagnostic::error(
                    "role-arn",
                    span,
                    "a role of another account cannot be handed to instances",
                )
                .label(format!("the manifest is for account {}", self.account().id))
                .help("define a role here that may assume the other one"),
            );
            return None;
        }
        let head = self.index.roles.get(&name);
        if let Some((head, defined)) =
            head.map(|head| (head, self.account().role_arn(&head.path, &head.name)))
            && defined != *arn
            && self.account.is_known
        {
            self.found.push(
                Diagnostic::error("role-arn", span, format!("no role can have the ARN `{arn}`"))
                    .related(head.span, format!("the role of this name has the ARN `{defined}`"))
                    .help(format!("write `{}`", head.name)),
            );
        }
        Some(name)
    }

    /// The policies under `policies` of a user, group or role.
    pub(super) fn attached(&mut self, node: Option<&Node>) -> std::collections::BTreeSet<PolicyArn> {
        let items = node
            .map(|node| values::texts(node, "an item of `policies`", "`policies`", &mut self.found))
            .unwrap_or_default();
        let mut first_places = BTreeMap::new();
        for item in items {
            let Some(arn) = self.policy(item.text, item.span) else { continue };
            if let Some(first) = first_places.get(&arn) {
                self.found.push(
                    Diagnostic::warning(
                        "named-twice",
                        item.span,
                        format!("`{}` is attached twice", item.text),
                    )
                    .related(*first, "attached here already")
                    .help("remove one of them"),
                );
                continue;
            }
            first_places.insert(arn, item.span);
        }
        first_places.into_keys().collect()
    }

    /// The policy under `permissions_boundary`; `None` where it says that there is none.
    pub(super) fn boundary(&mut self, node: &Node) -> Option<PolicyArn> {
        if matches!(node.value, Value::Null) {
            return None;
        }
        let text = node.expect_str("`permissions_boundary`", &mut self.found)?;
        self.policy(text, node.span)
    }
}
