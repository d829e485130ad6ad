//! Trust policies: which action goes with whom, and what identity providers must say.

use iamctl_policy::Effect;
use iamctl_policy::vocabulary::{OperatorGroup, SetOperator};

use super::keys::is_audience;
use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Condition, Policy, PrincipalKind, Statement, Word};
use crate::wild;

const WITH_SAML: &str = "sts:AssumeRoleWithSAML";
const WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Identity providers that AWS knows without a provider of the account.
/// Source: IAM User Guide, "AWS JSON policy elements: Principal".
const BUILT_IN: [&str; 4] =
    ["accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"];

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    if policy.kind != Kind::Trust {
        return;
    }
    for statement in &policy.statements {
        sessions(statement, found);
        audiences(statement, found);
        needed_actions(statement, found);
        for word in statement.principals_of(PrincipalKind::Federated) {
            federated(statement, word, found);
        }
        if statement.is(Effect::Allow) {
            assumed_otherwise(statement, found);
        }
    }
}

/// What kind of identity provider a principal is.
enum Provider<'w> {
    Saml,
    /// With host and path, as its condition keys begin.
    Oidc(&'w str),
    Unknown,
}

fn provider<'w>(word: &'w Word<'_>) -> Provider<'w> {
    let text = word.text.as_ref();
    if BUILT_IN.contains(&text) {
        return Provider::Oidc(text);
    }
    let fields: Vec<_> = text.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = fields.as_slice() else { return Provider::Unknown };
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    let named = |kind: &str| resource.strip_prefix(kind).filter(|name| !name.is_empty() && is_account);
    if named("saml-provider/").is_some() {
        return Provider::Saml;
    }
    named("oidc-provider/").map_or(Provider::Unknown, Provider::Oidc)
}

fn federated(statement: &Statement<'_>, word: &Word<'_>, found: &mut Findings) {
    if wild::has_wildcard(&word.text) || word.text.contains("${") {
        return;
    }
    let (wanted, other) =
        match provider(word) {
            Provider::Unknown => {
                let message = format!("`{}` is not an identity provider", word.text);
                let check = &code::INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY;
                found.push(Finding::new(check, word.span, message).help(
                    "write the ARN of a provider, such as `arn:aws:iam::123456789012:oidc-provider/HOST`",
                ));
                return;
            }
            Provider::Saml => (WITH_SAML, WITH_WEB_IDENTITY),
            Provider::Oidc(host) => {
                if statement.is(Effect::Allow) {
                    oidc(statement, word, host, found);
                }
                (WITH_WEB_IDENTITY, WITH_SAML)
            }
        };
    for wrong in [other, "sts:AssumeRole"] {
        let named =
            statement.actions.iter().filter(|clause| !clause.negated).flat_map(|clause| &clause.words);
        for action in named.filter(|action| action.text.eq_ignore_ascii_case(wrong)) {
            mismatched(action, word, &format!("use `{wanted}`"), found);
        }
    }
}

fn mismatched(action: &Word<'_>, principal: &Word<'_>, help: &str, found: &mut Findings) {
    let message = format!("`{}` does not assume a role with `{}`", principal.text, action.text);
    found.push(
        Finding::new(&code::MISMATCHED_ACTION_FOR_PRINCIPAL, action.span, message)
            .related(principal.span, "comes with another action")
            .help(help),
    );
}

/// People and services do not come with the actions of identity providers.
fn assumed_otherwise(statement: &Statement<'_>, found: &mut Findings) {
    let plain = statement
        .principals_of(PrincipalKind::Aws)
        .chain(statement.principals_of(PrincipalKind::Service))
        .find(|word| word.text != "*");
    let Some(principal) =
        plain.filter(|_| statement.principals_of(PrincipalKind::Federated).next().is_none())
    else {
        return;
    };
    for action in statement.actions.iter().filter(|clause| !clause.negated).flat_map(|clause| &clause.words) {
        if [WITH_SAML, WITH_WEB_IDENTITY].iter().any(|federated| action.text.eq_ignore_ascii_case(federated))
        {
            mismatched(action, principal, "use `sts:AssumeRole`", found);
        }
    }
}

/// What must be asked of an OIDC provider's tokens.
fn oidc(statement: &Statement<'_>, word: &Word<'_>, host: &str, found: &mut Findings) {
    let prefix = format!("{}:", host.to_ascii_lowercase());
    // Cognito says with `amr` whether somebody signed in; `sub` is one user.
    let on = |name: &str| {
        let key = format!("{prefix}{name}");
        statement.conditions.iter().filter(move |one| one.lower == key).collect::<Vec<_>>()
    };
    let has_any = statement.conditions.iter().any(|one| one.lower.starts_with(&prefix));
    if host == GITHUB {
        github(word, &on("sub"), found);
    } else if !has_any {
        let message = "this provider is trusted whatever its tokens say";
        found.push(
            Finding::new(&code::MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL, word.span, message)
                .help(format!("add conditions on `{host}:aud` and `{host}:sub`")),
        );
        return;
    } else if !is_app(host) && !limits_people(statement, &prefix) {
        let message = "everybody whom this provider knows can assume the role";
        found.push(
            Finding::new(&code::OIDC_WITHOUT_SUBJECT, word.span, message)
                .help(format!("add a condition on `{host}:sub` that names who is meant")),
        );
    }
    if on("aud").is_empty() && !on("app_id").iter().any(|_| true) {
        let message = "tokens that this provider made for somebody else pass as well";
        found.push(Finding::new(&code::OIDC_WITHOUT_AUDIENCE, word.span, message).help(format!(
            "add `\"StringEquals\": {{\"{host}:aud\": \"sts.amazonaws.com\"}}`, or your client id"
        )));
    }
}

/// Providers of whole populations, where the audience is the app's own pool or id and so says who is meant.
fn is_app(host: &str) -> bool {
    BUILT_IN.contains(&host)
}

/// Whether a condition says which people or workloads are meant: any claim but the audience, and not all values.
fn limits_people(statement: &Statement<'_>, prefix: &str) -> bool {
    statement
        .conditions
        .iter()
        .any(|one| one.lower.starts_with(prefix) && !is_audience(&one.lower) && asks_for_something(one))
}

fn asks_for_something(condition: &Condition<'_>) -> bool {
    let Some(operator) = condition.parsed else { return true };
    let all = operator.set == Some(SetOperator::ForAllValues);
    !operator.if_exists
        && !operator.negated
        && !all
        && operator.group != OperatorGroup::Null
        && !condition.values.is_empty()
        && condition.values.iter().all(|value| !value.text.bytes().all(|b| b == b'*' || b == b'?'))
}

/// GitHub Actions: everybody's workflows have tokens of this provider.
fn github(word: &Word<'_>, subjects: &[&Condition<'_>], found: &mut Findings) {
    if !subjects.iter().any(|one| asks_for_something(one) || one.values.iter().any(|v| !v.text.is_empty())) {
        let message = "everybody's workflows on GitHub can assume the role";
        found.push(
            Finding::new(&code::MISSING_GITHUB_REPO_CONDITION_KEY, word.span, message).help(format!(
                "add `\"StringLike\": {{\"{GITHUB}:sub\": \"repo:ORGANISATION/REPOSITORY:*\"}}`"
            )),
        );
        return;
    }
    for condition in subjects {
        let is_pattern = condition.parsed.is_some_and(|operator| operator.has_wildcards);
        for value in condition.values.iter().filter(|_| is_pattern) {
            if !names_organisation(&value.text) {
                let message = format!("`{}` fits the workflows of other organisations as well", value.text);
                found.push(
                    Finding::new(&code::OIDC_WITHOUT_SUBJECT, value.span, message)
                        .help("name the organisation: `repo:ORGANISATION/REPOSITORY:*`"),
                );
            } else if wild::has_wildcard(&value.text) {
                let message = format!("`{}` fits more than one branch or environment", value.text);
                found.push(
                    Finding::new(&code::SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED, value.span, message)
                        .help("name it where it is one: `repo:ORGANISATION/REPOSITORY:ref:refs/heads/main`"),
                );
            }
        }
    }
}

/// Whether a `sub` of GitHub begins with a whole organisation.
fn names_organisation(subject: &str) -> bool {
    let fixed = subject.split(['*', '?']).next().unwrap_or("");
    match fixed.strip_prefix("repo:") {
        Some(rest) => rest.split_once('/').is_some_and(|(organisation, _)| !organisation.is_empty()),
        // Subjects can be made of other claims: `repository_owner_id:…`.
        None => {
            fixed.split_once(':').is_some_and(|(_, value)| !value.is_empty()) || !wild::has_wildcard(subject)
        }
    }
}

fn audiences(statement: &Statement<'_>, found: &mut Findings) {
    for condition in statement.conditions.iter().filter(|one| is_audience(&one.lower)) {
        let check = match condition.parsed.and_then(|operator| operator.set) {
            Some(SetOperator::ForAnyValue) => &code::FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE,
            Some(SetOperator::ForAllValues) => &code::CONFIRM_AUDIENCE_CLAIM_TYPE,
            None => continue,
        };
        let message = format!("`{}` has one value", condition.key.text);
        found.push(Finding::new(check, condition.operator.span, message).help("leave the set operator out"));
    }
}

/// Sessions of roles that are trusted anyway.
fn sessions(statement: &Statement<'_>, found: &mut Findings) {
    let roles: std::collections::HashMap<_, _> = statement
        .principals_of(PrincipalKind::Aws)
        .filter_map(|word| {
            let (account, resource) = account_and(&word.text, ":iam:", "role/")?;
            Some(((account, resource.rsplit('/').next()?.to_owned()), word))
        })
        .collect();
    for word in statement.principals_of(PrincipalKind::Aws) {
        let session = account_and(&word.text, ":sts:", "assumed-role/");
        let role = session.and_then(|(account, rest)| Some((account, rest.split('/').next()?.to_owned())));
        let Some(role) = role.and_then(|key| roles.get(&key)) else { continue };
        let message = format!("`{}` is a session of a role that is trusted anyway", word.text);
        found.push(
            Finding::new(&code::REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY, word.span, message)
                .related(role.span, "the role")
                .help("leave the session out"),
        );
    }
}

fn account_and<'t>(arn: &'t str, service: &str, kind: &str) -> Option<(String, &'t str)> {
    let mut fields = arn.splitn(6, ':').skip(2);
    let of = fields.next()?;
    let (account, resource) = (fields.nth(1)?, fields.next()?);
    let is_meant = service.trim_matches(':') == of;
    Some((account.to_owned(), resource.strip_prefix(kind).filter(|_| is_meant)?))
}

/// What is asked for that only another action sets; and what IAM Roles Anywhere needs.
fn needed_actions(statement: &Statement<'_>, found: &mut Findings) {
    if !statement.is(Effect::Allow) {
        return;
    }
    for condition in &statement.conditions {
        let needed = match condition.lower.as_str() {
            "sts:sourceidentity" => "sts:SetSourceIdentity",
            "sts:transitivetagkeys" => "sts:TagSession",
            lower if lower.starts_with("aws:requesttag/") => "sts:TagSession",
            _ => continue,
        };
        if !statement.covers_action(needed) {
            let message = format!("only `{needed}` sets `{}`, and it is not allowed", condition.key.text);
            found.push(
                Finding::new(&code::MISSING_ACTION_FOR_CONDITION_KEY, condition.key.span, message)
                    .help(format!("add `{needed}` to `Action`")),
            );
        }
    }
    let anywhere = statement
        .principals_of(PrincipalKind::Service)
        .find(|word| word.text == "rolesanywhere.amazonaws.com");
    let lacking: Vec<_> = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
        .into_iter()
        .filter(|action| !statement.covers_action(action))
        .collect();
    if let Some(word) = anywhere.filter(|_| !lacking.is_empty()) {
        let message = format!("IAM Roles Anywhere needs {} as well", lacking.join(" and "));
        found.push(Finding::new(&code::MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY, word.span, message));
    }
}
