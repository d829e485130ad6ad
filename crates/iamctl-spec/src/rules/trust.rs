//! Trust policies, however they were written.

use iamctl_model::{AccountId, Resource};
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

/// Groups, patterns and anything else that is not a principal.
pub(super) fn principals(world: &World<'_>, found: &mut Diagnostics) {
    for (kind, value) in statements(world).flat_map(principals_of) {
        match kind {
            "AWS" => aws_principal(value, found),
            "Service" if !value.text.contains('.') => found.push(
                Diagnostic::error(
                    "service-principal",
                    value.span,
                    format!("`{}` is not the name of a service", value.text),
                )
                .help("a service is named by its host, such as `ec2.amazonaws.com`"),
            ),
            _ => {}
        }
    }
}

fn aws_principal(value: &Spanned, found: &mut Diagnostics) {
    let text = value.text.as_str();
    if text == "*" || AccountId::parse(text).is_ok() || is_unique_id(text) {
        return;
    }
    let error = |code, message: String, help: &str| Diagnostic::error(code, value.span, message).help(help);
    if text.contains(":group/") {
        found.push(error(
            "group-principal",
            "a group cannot be a principal".to_owned(),
            "name its users; in `trust:`, `groups: [NAME]` stands for them",
        ));
    } else if text.contains(['*', '?']) {
        found.push(error(
            "principal-pattern",
            format!("`{text}` is a pattern: a principal cannot be one"),
            "trust the account, with a condition `ArnLike` on `aws:PrincipalArn`",
        ));
    } else if !is_principal_arn(text) {
        found.push(error(
            "principal-arn",
            format!("`{text}` is not a principal"),
            "a principal is an account id, or the ARN of an account's root, a user or a role: `arn:aws:iam::123456789012:user/NAME`",
        ));
    }
}

/// `AIDA…` or `AROA…`: how AWS shows a principal that was deleted.
fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_principal_arn(text: &str) -> bool {
    let fields: Vec<_> = text.splitn(6, ':').collect();
    let [_, _, service, "", account, resource] = fields.as_slice() else { return false };
    let kinds: &[&str] = match *service {
        "iam" => &["user/", "role/"],
        "sts" => &["assumed-role/", "federated-user/"],
        _ => return false,
    };
    let is_root = *service == "iam" && *resource == "root";
    text.starts_with("arn:aws")
        && AccountId::parse(account).is_ok()
        && (is_root
            || kinds.iter().any(|kind| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty())))
}

/// A trust policy is about assuming the role and nothing else.
pub(super) fn actions(world: &World<'_>, found: &mut Diagnostics) {
    for clause in statements(world).filter_map(|statement| statement.actions.as_ref()) {
        for pattern in &clause.patterns {
            let other =
                pattern.text.split_once(':').filter(|(service, _)| !service.eq_ignore_ascii_case("sts"));
            if other.is_some() {
                found.push(
                    Diagnostic::error(
                        "trust-action",
                        pattern.span,
                        format!("`{}` has no place in a trust policy", pattern.text),
                    )
                    .help("only actions of STS are allowed here, such as `sts:AssumeRole`; what the role may do goes under `policies`"),
                );
            }
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
