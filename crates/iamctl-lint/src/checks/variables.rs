//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`.
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags".

use iamctl_policy::vocabulary::OperatorGroup;

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::policy::{Policy, Word};

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    let mut first: Option<&Word<'_>> = None;
    for statement in &policy.statements {
        let actions = statement.actions.iter().flat_map(|clause| &clause.words);
        let principals = statement.principals.iter().flat_map(|principals| &principals.entries);
        let elsewhere = actions.chain(principals.map(|(_, word)| word)).chain(&statement.sid);
        for word in elsewhere.filter(|word| word.text.contains("${")) {
            let message = format!("`{}` holds a variable, which this element does not take", word.text);
            found.push(
                Finding::new(&code::VARIABLE_UNSUPPORTED_IN_ELEMENT, word.span, message)
                    .help("variables stand in `Resource` and in the values of conditions"),
            );
        }
        for word in statement.resources.iter().flat_map(|clause| &clause.words) {
            form(word, found);
            first = first.or(Some(word).filter(|word| names_something(word)));
        }
        for condition in &statement.conditions {
            for value in condition.values.iter().filter(|value| value.text.contains("${")) {
                let takes_variables = condition.parsed.is_none_or(|operator| {
                    matches!(operator.group, OperatorGroup::String | OperatorGroup::Arn)
                });
                if !takes_variables {
                    let message = format!("`{}` takes no variables", condition.operator.text);
                    found.push(
                        Finding::new(&code::INVALID_VARIABLE_FOR_OPERATOR, value.span, message)
                            .help("variables stand beside string and ARN operators"),
                    );
                }
                form(value, found);
                first = first.or(Some(value).filter(|word| names_something(word)));
            }
        }
    }
    if let Some(word) = first.filter(|_| !policy.has_variables()) {
        let message = "this is plain text: variables need the version \"2012-10-17\"";
        found.push(
            Finding::new(&code::VARIABLE_UNSUPPORTED_IN_VERSION, word.span, message)
                .help("write `\"Version\": \"2012-10-17\"`"),
        );
    }
}

/// Whether there is a variable with a name in it.
fn names_something(word: &Word<'_>) -> bool {
    word.text.split("${").skip(1).any(|part| part.split_once('}').is_some_and(|(name, _)| name.contains(':')))
}

fn form(word: &Word<'_>, found: &mut Findings) {
    for part in word.text.split("${").skip(1) {
        let Some((inside, _)) = part.split_once('}') else {
            found.push(
                Finding::new(
                    &code::MISSING_BRACE_IN_VARIABLE,
                    word.span,
                    format!("in `{}`, `${{` is not closed", word.text),
                )
                .help("close the variable with `}`, or write `${$}{` for the characters themselves"),
            );
            continue;
        };
        let (name, default) =
            inside.split_once(',').map_or((inside, None), |(name, default)| (name, Some(default)));
        if name.trim().is_empty() {
            found.add(&code::EMPTY_VARIABLE, word.span, format!("`${{{inside}}}` names no variable"));
        } else if name.trim() != "*" && name.contains(char::is_whitespace) {
            found.push(
                Finding::new(
                    &code::UNSUPPORTED_SPACE_IN_VARIABLE,
                    word.span,
                    format!("there is a space in `${{{inside}}}`"),
                )
                .help("the name of a variable has no spaces; only a default may have them"),
            );
        }
        if let Some(default) = default.map(str::trim) {
            let quoted = default.len() >= 2 && default.starts_with('\'') && default.ends_with('\'');
            if !quoted {
                found.push(
                    Finding::new(
                        &code::MISSING_QUOTE_IN_VARIABLE,
                        word.span,
                        format!("the default in `${{{inside}}}` needs single quotes"),
                    )
                    .help(format!("write `${{{name}, '{}'}}`", default.trim_matches('\''))),
                );
            }
        }
    }
}
