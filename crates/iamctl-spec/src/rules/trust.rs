//! Trust policies, however they were written.

use iamctl_model::Resource;
use iamctl_policy::{Condition, Diagnostic, Diagnostics, Effect, Spanned, Statement};

use super::World;

/// Where roles of Identity Center lie, and what their names begin with.
const IDENTITY_CENTER: [&str; 2] = [":role/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_"];

/// Providers whose users are everybody's: AWS takes a trust in them only with a condition on `sub`.
const SHARED_PROVIDERS: [&str; 1] = ["token.actions.githubusercontent.com"];

fn statements<'a>(world: &'a World<'_>) -> impl Iterator<Item = &'a Statement> {
    world
        .entities
        .iter()
        .filter_map(|entity| match &entity.managed.value {
            Resource::Role(role) => Some(role.trust.statements()),
            _ => None,
        })
        .flatten()
}

fn principals_of(statement: &Statement) -> impl Iterator<Item = (&str, &Spanned)> {
    let entries = statement.principals.iter().flat_map(|principals| &principals.entries);
    entries.map(|(kind, value)| (kind.as_deref().unwrap_or(""), value))
}

/// Groups and patterns are not principals.
pub(super) fn principals(world: &World<'_>, found: &mut Diagnostics) {
    for (kind, value) in statements(world).flat_map(principals_of) {
        if kind != "AWS" {
            continue;
        }
        if value.text.contains(":group/") {
            found.push(
                Diagnostic::error("group-principal", value.span, "a group cannot be a principal")
                    .help("name its users; in `trust:`, `groups: [NAME]` stands for them"),
            );
        } else if value.text != "*" && value.text.contains(['*', '?']) {
            found.push(
                Diagnostic::error(
                    "principal-pattern",
                    value.span,
                    format!("`{}` is a pattern: a principal cannot be one", value.text),
                )
                .help("trust the account, with a condition `ArnLike` on `aws:PrincipalArn`"),
            );
        }
    }
}

/// A condition on MFA that a principal can never meet locks it out.
pub(super) fn mfa_that_is_never_there(world: &World<'_>, found: &mut Diagnostics) {
    for statement in statements(world).filter(|statement| statement.effect == Effect::Allow) {
        let conditions = statement.conditions.as_deref().unwrap_or_default();
        let Some(condition) = conditions.iter().find(|condition| demands_mfa(condition)) else { continue };
        for (kind, value) in principals_of(statement) {
            let who = match kind {
                "Service" => "a service",
                "Federated" => "a federated user",
                "AWS" if IDENTITY_CENTER.iter().any(|mark| value.text.contains(mark)) => {
                    "a role of Identity Center"
                }
                _ => continue,
            };
            found.push(
                Diagnostic::error("mfa-never", value.span, format!("{who} never comes with MFA that AWS can see"))
                    .label("could never assume this role")
                    .related(condition.key.span, "MFA is demanded here")
                    .help("demand MFA where these people sign in, and make an item of its own for them without `mfa`"),
            );
        }
    }
}

fn demands_mfa(condition: &Condition) -> bool {
    let operator = condition.operator.text.to_ascii_lowercase();
    let key = condition.key.text.to_ascii_lowercase();
    let truth = |wanted: &str| condition.values.iter().any(|value| value.text.eq_ignore_ascii_case(wanted));
    match key.as_str() {
        "aws:multifactorauthpresent" => match operator.as_str() {
            "bool" => truth("true") && !truth("false"),
            "null" => truth("false") && !truth("true"),
            _ => false,
        },
        "aws:multifactorauthage" => {
            operator.starts_with("numericlessthan") && !operator.ends_with("ifexists")
        }
        _ => false,
    }
}

/// Everybody's workflows could assume a role that trusts a shared provider without a condition.
pub(super) fn open_identity_providers(world: &World<'_>, found: &mut Diagnostics) {
    for statement in statements(world).filter(|statement| statement.effect == Effect::Allow) {
        let conditions = statement.conditions.as_deref().unwrap_or_default();
        for (_, value) in principals_of(statement).filter(|(kind, _)| *kind == "Federated") {
            let Some(provider) = SHARED_PROVIDERS.iter().find(|provider| value.text.ends_with(**provider))
            else {
                if conditions.is_empty() && !value.text.contains(":saml-provider/") {
                    found.push(
                        Diagnostic::warning(
                            "oidc-open",
                            value.span,
                            "whoever this provider knows can assume the role",
                        )
                        .help("add `conditions` on its `aud` and `sub`"),
                    );
                }
                continue;
            };
            let subject = format!("{provider}:sub");
            if !conditions.iter().any(|condition| condition.key.text.eq_ignore_ascii_case(&subject)) {
                found.push(
                    Diagnostic::error("oidc-open", value.span, format!("whoever uses `{provider}` could assume the role"))
                        .label("AWS refuses this without a condition on `sub`")
                        .help(format!(
                            "add `conditions: {{StringLike: {{\"{subject}\": \"repo:ORGANISATION/REPOSITORY:*\"}}}}`"
                        )),
                );
            }
        }
    }
}
