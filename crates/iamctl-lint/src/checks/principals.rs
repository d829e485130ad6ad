//! Principals: whom a policy names.

use iamctl_policy::Effect;

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Policy, PrincipalKind, Statement, Word};
use crate::{tables, wild};

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for statement in &policy.statements {
        let Some(principals) = &statement.principals else { continue };
        match policy.kind {
            Kind::Identity => found.push(
                Finding::new(
                    &code::UNSUPPORTED_PRINCIPAL,
                    principals.span,
                    "an identity policy has no principal",
                )
                .help("the principal is whoever the policy is attached to; leave this element out"),
            ),
            Kind::Scp => found.push(
                Finding::new(&code::SCP_SYNTAX_ERROR_PRINCIPAL, principals.span, "an SCP has no principal")
                    .help("leave it out, and ask for `aws:PrincipalArn` in `Condition`"),
            ),
            // Told with the other rules of RCPs.
            Kind::Rcp => {}
            Kind::Trust | Kind::Resource => {
                for (kind, word) in &principals.entries {
                    principal(*kind, word, policy.kind, found);
                }
                negated(statement, policy.kind, found);
                everybody(statement, policy.kind, found);
            }
        }
    }
}

fn negated(statement: &Statement<'_>, kind: Kind, found: &mut Findings) {
    let Some(principals) = statement.principals.as_ref().filter(|one| one.negated) else { return };
    if kind == Kind::Trust {
        let check = &code::ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL;
        found.push(
            Finding::new(check, principals.span, "a trust policy has no `NotPrincipal`")
                .help("name those who may assume the role under `Principal`"),
        );
    } else if statement.is(Effect::Allow) {
        let message = "this allows everybody but those named, people without an account included";
        found.push(
            Finding::new(&code::ALLOW_WITH_NOT_PRINCIPAL, principals.span, message)
                .help("name those who are meant under `Principal`"),
        );
    }
}

fn principal(kind: Option<PrincipalKind>, word: &Word<'_>, of: Kind, found: &mut Findings) {
    let text = word.text.as_ref();
    let Some(kind) = kind else {
        if of == Kind::Trust {
            let check = &code::ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL;
            found.push(
                Finding::new(check, word.span, "IAM takes no `\"*\"` as the principal of a trust policy")
                    .help("name accounts, users or roles; `{\"AWS\": \"*\"}` is everybody"),
            );
        }
        return;
    };
    let is_all = kind == PrincipalKind::Aws && text == "*";
    if wild::has_wildcard(text) && !is_all {
        let message = format!("`{text}` is a pattern: a principal cannot be one");
        found.push(
            Finding::new(&code::UNSUPPORTED_WILDCARD_IN_PRINCIPAL, word.span, message)
                .help("name the account, with a condition `ArnLike` on `aws:PrincipalArn`"),
        );
        return;
    }
    match kind {
        PrincipalKind::Aws if !is_all => aws(word, found),
        PrincipalKind::Service if !is_service_principal(text) => {
            let message = format!("`{text}` is not the name of a service");
            found.push(
                Finding::new(&code::INVALID_SERVICE_PRINCIPAL_FORMAT, word.span, message)
                    .help("a service is named by its host, in lower case, such as `ec2.amazonaws.com`"),
            );
        }
        PrincipalKind::Federated if of == Kind::Resource => {
            let message = "people of an identity provider can be named in trust policies only";
            found.push(
                Finding::new(&code::FEDERATED_PRINCIPAL_NOT_SUPPORTED, word.span, message)
                    .help("name the role that they assume"),
            );
        }
        _ => {}
    }
}

fn aws(word: &Word<'_>, found: &mut Findings) {
    let text = word.text.as_ref();
    let is_account = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if is_account || text.contains("${") {
        return;
    }
    for (prefix, check, what) in
        [("AROA", &code::INVALID_ROLE_REFERENCE, "role"), ("AIDA", &code::INVALID_USER_REFERENCE, "user")]
    {
        let is_id = text.starts_with(prefix)
            && text.len() >= 16
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if is_id {
            let message =
                format!("`{text}` is the id of a {what}: AWS shows it where the {what} was deleted");
            found.push(
                Finding::new(check, word.span, message)
                    .help(format!("name the {what} by its ARN, or leave it out")),
            );
            return;
        }
    }
    let fields: Vec<_> = text.splitn(6, ':').collect();
    let finding = match fields.as_slice() {
        ["arn", _, "iam", "", account, rest] => match account_problem(account) {
            Some(problem) => Finding::new(&code::INVALID_ARN_ACCOUNT, word.span, problem)
                .help("the id of an account has twelve digits"),
            None if rest.starts_with("group/") => {
                Finding::new(&code::INVALID_PRINCIPAL_FORMAT, word.span, "a group cannot be a principal")
                    .help("name its users")
            }
            None if *rest == "root" || is_named(rest, "user/") || is_named(rest, "role/") => return,
            None => not_a_principal(word),
        },
        ["arn", _, "sts", "", account, rest]
            if is_named(rest, "assumed-role/") || is_named(rest, "federated-user/") =>
        {
            match account_problem(account) {
                Some(problem) => Finding::new(&code::INVALID_ARN_ACCOUNT, word.span, problem),
                None => return,
            }
        }
        _ => not_a_principal(word),
    };
    found.push(finding);
}

fn is_named(resource: &str, kind: &str) -> bool {
    resource.strip_prefix(kind).is_some_and(|name| !name.is_empty())
}

fn account_problem(account: &str) -> Option<String> {
    let is_one = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    // CloudFront's origin access identities are users of an account of its own.
    (!is_one && account != "cloudfront").then(|| format!("`{account}` is not the id of an account"))
}

fn not_a_principal(word: &Word<'_>) -> Finding {
    let message = format!("`{}` is not a principal", word.text);
    Finding::new(&code::INVALID_PRINCIPAL_FORMAT, word.span, message).help(
        "a principal is an account id, or the ARN of an account's root, a user or a role: `arn:aws:iam::123456789012:role/NAME`",
    )
}

/// Whether a text names a service by its host. Source: IAM User Guide, "AWS JSON policy elements: Principal".
pub(super) fn is_service_principal(text: &str) -> bool {
    const SUFFIXES: [&str; 9] = [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazonaws.eu",
        ".amazon.com",
        ".aws.internal",
        ".c2s.ic.gov",
        ".sc2s.sgov.gov",
        ".cloud.adc-e.uk",
        ".csp.hci.ic.gov",
    ];
    let host = SUFFIXES.iter().find_map(|suffix| text.strip_suffix(suffix));
    host.is_some_and(|host| {
        host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
    })
}

/// Keys that say who asks, or from where, so that not everybody is meant.
const LIMITING: [&str; 24] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:principalisawsservice",
    "aws:userid",
    "aws:username",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
    "sts:externalid",
    "kms:calleraccount",
];

fn everybody(statement: &Statement<'_>, kind: Kind, found: &mut Findings) {
    let Some(word) = statement.everybody().filter(|_| statement.is(Effect::Allow)) else { return };
    let limits = |lower: &str| {
        LIMITING.contains(&lower)
            || lower.starts_with("aws:principaltag/")
            || lower.starts_with("s3:dataaccesspoint")
            || lower.starts_with("cognito-identity.amazonaws.com:")
    };
    // What is excepted is everybody still.
    let is_limited = statement.conditions.iter().any(|condition| {
        limits(&condition.lower)
            && condition
                .parsed
                .is_some_and(|operator| !operator.negated && !operator.if_exists && !is_open(condition))
    });
    if is_limited {
        return;
    }
    let message = match kind {
        Kind::Trust => "whoever has an AWS account can assume this role",
        _ => "everybody is allowed this, people without an AWS account included",
    };
    found.push(
        Finding::new(&code::TRUST_IN_EVERYBODY, word.span, message)
            .help("name accounts, users or roles, or add a condition such as `aws:PrincipalOrgID`"),
    );
}

/// Whether a condition lets any value pass.
fn is_open(condition: &crate::policy::Condition<'_>) -> bool {
    let everything = ["*", "0.0.0.0/0", "::/0"];
    condition
        .values
        .iter()
        .any(|value| everything.contains(&tables::without_placeholders(&value.text).as_str()))
}
