//! Operators and the values beside them.

use iamctl_policy::vocabulary::{
    Comparison, ConditionOperator, OperatorGroup, is_binary, is_date, is_number,
};

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::policy::{Condition, Policy, Word};
use crate::wild;

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for condition in policy.statements.iter().flat_map(|statement| &statement.conditions) {
        let Some(operator) = condition.parsed else { continue };
        for value in &condition.values {
            // Variables are looked at elsewhere.
            if !value.text.contains("${") {
                type_of(condition, operator, value, found);
            }
        }
        several_booleans(condition, operator, found);
        redundant_numbers(condition, operator, found);
        match_all(condition, operator, found);
    }
}

fn type_of(condition: &Condition<'_>, operator: ConditionOperator, value: &Word<'_>, found: &mut Findings) {
    let text = value.text.as_ref();
    let name = condition.operator.text.as_ref();
    let add = |check, what: &str| {
        Finding::new(check, value.span, format!("`{name}` compares with {what}, not `{text}`"))
    };
    match operator.group {
        OperatorGroup::Bool | OperatorGroup::Null if !is_boolean(text) => {
            found.push(add(&code::TYPE_MISMATCH_BOOLEAN, "`true` or `false`"));
        }
        OperatorGroup::Numeric if !is_number(text) => {
            found.push(add(&code::TYPE_MISMATCH_NUMBER, "a number"));
        }
        OperatorGroup::Date => {
            if !is_date(text) {
                found.push(
                    add(&code::TYPE_MISMATCH_DATE, "a date")
                        .help("write it like `2027-01-31` or `2027-01-31T12:00:00Z`"),
                );
            } else if is_epoch(text) {
                let message = format!("`{text}` is taken for seconds since 1970");
                found.push(
                    Finding::new(&code::INVALID_DATE_VALUE, value.span, message)
                        .help("write it like `2027-01-31T12:00:00Z`, so that people can read it"),
                );
            }
        }
        OperatorGroup::Binary if !is_binary(text) => found.push(add(&code::TYPE_MISMATCH_STRING, "base64")),
        OperatorGroup::String if !operator.has_wildcards && wild::has_wildcard(text) => {
            let message = format!("for `{name}`, the `*` and `?` in `{text}` are plain characters");
            let like = if operator.negated { "StringNotLike" } else { "StringLike" };
            found.push(
                Finding::new(&code::WILDCARD_WITHOUT_LIKE_OPERATOR, value.span, message)
                    .related(condition.operator.span, "knows no wildcards")
                    .help(format!("use `{like}`, or `${{*}}` for the character itself")),
            );
        }
        _ => {}
    }
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

/// Seconds since 1970: no year and no date with dashes.
fn is_epoch(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.len() != 4 && !digits.contains('-')
}

fn several_booleans(condition: &Condition<'_>, operator: ConditionOperator, found: &mut Findings) {
    let is_boolean = matches!(operator.group, OperatorGroup::Bool | OperatorGroup::Null);
    if is_boolean && condition.values.len() > 1 {
        let message =
            format!("`{}` takes one value, and here are {}", condition.operator.text, condition.values.len());
        found.push(
            Finding::new(&code::INVALID_CONDITION_MULTIPLE_BOOLEAN, condition.values_span, message)
                .help("leave one of them: both together are always met"),
        );
    }
}

fn redundant_numbers(condition: &Condition<'_>, operator: ConditionOperator, found: &mut Findings) {
    let which = match (operator.comparison, operator.set) {
        (Comparison::Less, None) => "greatest",
        (Comparison::Greater, None) => "least",
        _ => return,
    };
    if condition.values.len() > 1 {
        let message = format!(
            "of these {} values of `{}` only the {which} counts",
            condition.values.len(),
            condition.key.text
        );
        found.push(
            Finding::new(&code::REDUNDANT_CONDITION_VALUE_NUM, condition.values_span, message)
                .help(format!("leave the {which} one alone")),
        );
    }
}

/// A pattern of nothing but stars fits whatever value there is.
fn match_all(condition: &Condition<'_>, operator: ConditionOperator, found: &mut Findings) {
    let is_star = |value: &&Word<'_>| !value.text.is_empty() && value.text.bytes().all(|b| b == b'*');
    let is_pattern = operator.group == OperatorGroup::String && operator.has_wildcards;
    let Some(star) = condition.values.iter().find(is_star).filter(|_| is_pattern) else { return };
    let key = &condition.key.text;
    let all = operator.set == Some(iamctl_policy::vocabulary::SetOperator::ForAllValues);
    let finding = match (operator.negated, operator.if_exists || all) {
        (false, true) => Finding::new(
            &code::REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION,
            star.span,
            format!("this is always met: every value of `{key}` fits `*`, and it may be missing"),
        )
        .help("leave the condition out, or say what the value must be"),
        (false, false) => Finding::new(
            &code::EQUIVALENT_TO_NULL_FALSE,
            star.span,
            format!("every value of `{key}` fits `*`: this asks no more than that the key is there"),
        )
        .help(format!("write `\"Null\": {{\"{key}\": \"false\"}}`")),
        (true, _) if operator.set.is_some() => Finding::new(
            &code::REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION,
            star.span,
            format!("no value of `{key}` can be other than `*`: this is never met"),
        )
        .help("say what the value must not be"),
        (true, _) => Finding::new(
            &code::EQUIVALENT_TO_NULL_TRUE,
            star.span,
            format!("every value of `{key}` fits `*`: this asks no more than that the key is missing"),
        )
        .help(format!("write `\"Null\": {{\"{key}\": \"true\"}}`")),
    };
    found.push(finding);
}
