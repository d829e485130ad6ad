//! Actions: whether AWS has them.

use iamctl_data::services;

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Policy, Word};
use crate::{tables, wild};

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for clause in policy.statements.iter().filter_map(|statement| statement.actions.as_ref()) {
        for word in &clause.words {
            action(word, found);
            if policy.kind == Kind::Trust {
                of_sts(word, found);
            }
        }
    }
}

fn action(word: &Word<'_>, found: &mut Findings) {
    let text = word.text.as_ref();
    if text == "*" {
        return;
    }
    let Some((service, name)) = text.split_once(':') else {
        let message = format!("`{text}` is not an action");
        found.push(
            Finding::new(&code::INVALID_ACTION, word.span, message)
                .help("an action is `service:Name`, such as `s3:GetObject` or `ec2:*`, or `*`"),
        );
        return;
    };
    if wild::has_wildcard(service) {
        let message =
            format!("the service of `{text}` is a pattern: AWS's future services will fit it as well");
        found.push(
            Finding::new(&code::WILDCARD_IN_SERVICE_NAME, word.span, message)
                .help("name each service by itself"),
        );
        return;
    }
    if services().get(service).is_none() {
        unknown_service(word, service, found);
    } else if services().matching(text).next().is_none() {
        unknown_action(word, service, name, found);
    }
}

fn unknown_service(word: &Word<'_>, service: &str, found: &mut Findings) {
    if tables::is_service_named_by_aws(service) {
        return not_in_table(word, found);
    }
    let meant = found.meant(service, services().prefixes());
    let message =
        format!("there is no service `{service}`, as far as is known on {}", services().provenance().date);
    found.push(Finding::new(&code::INVALID_SERVICE_IN_ACTION, word.span, message).did_you_mean(meant));
}

fn unknown_action(word: &Word<'_>, service: &str, name: &str, found: &mut Findings) {
    if tables::is_named_by_aws(&word.text) {
        return not_in_table(word, found);
    }
    let known = services().get(service);
    let meant = known.and_then(|known| {
        found
            .meant(name, known.actions().map(|action| action.name))
            .map(|name| format!("{}:{name}", known.prefix))
    });
    let date = services().provenance().date;
    let message = if wild::has_wildcard(name) {
        format!("no action fits `{}`, as far as is known on {date}", word.text)
    } else {
        format!("there is no action `{}`, as far as is known on {date}", word.text)
    };
    found.push(Finding::new(&code::INVALID_ACTION, word.span, message).did_you_mean(meant.as_deref()));
}

fn not_in_table(word: &Word<'_>, found: &mut Findings) {
    let message = format!("AWS does not document `{}`, though a policy of its own names it", word.text);
    found.push(
        Finding::new(&code::ACTION_NOT_IN_TABLE, word.span, message)
            .help("look whether the service is still there; otherwise leave it out"),
    );
}

fn of_sts(word: &Word<'_>, found: &mut Findings) {
    let other = word
        .text
        .split_once(':')
        .filter(|(service, _)| !service.eq_ignore_ascii_case("sts") && !wild::has_wildcard(service));
    if other.is_some() {
        let message = format!("`{}` has no place in a trust policy", word.text);
        found.push(
            Finding::new(&code::UNSUPPORTED_ACTION_IN_POLICY, word.span, message)
                .help("only actions of STS are allowed here, such as `sts:AssumeRole`"),
        );
    }
}
