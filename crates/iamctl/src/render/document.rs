//! Policy documents: whole ones, and what differs between two, statement by statement.

use iamctl_policy::{
    CanonicalStatement, Document, DocumentDiff, Effect, Element, ElementDiff, Statement, StatementDiff,
    compare,
};

use super::names::counted;
use super::page::{Ink, Page};

/// All statements of a document, each as a line that begins with a mark.
pub(crate) fn whole(page: &mut Page, indent: usize, mark: &str, ink: Ink, document: &Document) {
    if document.unreadable().is_some() {
        page.words(indent, 4, &[(ink, format!("{mark} a text that is no policy document"))]);
    }
    for statement in document.statements() {
        page.words(indent, 4, &[(ink, super::names::marked(mark)), (Ink::Plain, sentence(statement))]);
    }
}

/// What differs. Statements that did not change are counted, or shown dimly when `all` is set.
pub(crate) fn difference(page: &mut Page, indent: usize, before: &Document, after: &Document, all: bool) {
    let diff = compare(before, after);
    if let Some((old, new)) = &diff.version {
        let name = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        let text = format!("version {} -> {}", name(old), name(new));
        page.line(indent, &[(Ink::Change, "~ "), (Ink::Plain, text.as_str())]);
    }
    for change in &diff.statements {
        statement(page, indent, before, after, change, all);
    }
    let unchanged = unchanged(&diff);
    if unchanged > 0 && !all {
        let text = format!("{} unchanged", counted(unchanged, "statement", "statements"));
        page.line(indent.saturating_add(2), &[(Ink::Dim, text)]);
    }
}

fn unchanged(diff: &DocumentDiff) -> usize {
    diff.statements.iter().filter(|change| matches!(change, StatementDiff::Same { .. })).count()
}

fn statement(
    page: &mut Page,
    indent: usize,
    before: &Document,
    after: &Document,
    change: &StatementDiff,
    all: bool,
) {
    let at = |document: &Document, index: usize| {
        document.statements().get(index).map(sentence).unwrap_or_default()
    };
    match change {
        StatementDiff::Same { after: index, .. } => {
            if all {
                page.words(indent.saturating_add(2), 4, &[(Ink::Dim, at(after, *index))]);
            }
        }
        StatementDiff::Added { after: index } => {
            page.words(indent, 4, &[(Ink::Add, "+ ".to_owned()), (Ink::Plain, at(after, *index))]);
        }
        StatementDiff::Removed { before: index } => {
            page.words(indent, 4, &[(Ink::Remove, "- ".to_owned()), (Ink::Plain, at(before, *index))]);
        }
        StatementDiff::Changed { before: old, after: new, elements } => {
            let (Some(old), Some(new_statement)) =
                (before.statements().get(*old), after.statements().get(*new))
            else {
                return;
            };
            let name = changed_statement_name(old, new_statement, *new, after.statements().len());
            page.words(indent, 4, &[(Ink::Change, "~ ".to_owned()), (Ink::Plain, name)]);
            for element in elements {
                element_lines(page, indent.saturating_add(4), element);
            }
        }
    }
}

/// Which statement it is that changed: by its `Sid`, or by its place and what stayed in it.
fn changed_statement_name(old: &Statement, new: &Statement, index: usize, of: usize) -> String {
    let name = match &new.sid {
        Some(sid) => format!("statement {}", sid.text),
        None if of == 1 => "statement".to_owned(),
        None => format!("statement {} of {of}", index.saturating_add(1)),
    };
    let mut kept = Vec::new();
    if old.effect == new.effect {
        kept.push(new.effect.to_string());
    }
    let (old, new_form) = (CanonicalStatement::of(old), CanonicalStatement::of(new));
    let resource = Element::Resource { negated: false };
    let action = Element::Action { negated: false };
    let same = |element: &Element| {
        old.values(element) == new_form.values(element) && !old.values(element).is_empty()
    };
    if same(&action) {
        kept.push(short(new_form.values(&action)));
    }
    if same(&resource) {
        kept.push(format!("on {}", short(new_form.values(&resource))));
    }
    if kept.is_empty() { name } else { format!("{name} ({})", kept.join(" ")) }
}

fn element_lines(page: &mut Page, indent: usize, diff: &ElementDiff) {
    let name = element_name(&diff.element);
    if let (Element::Effect | Element::Sid, [old], [new]) =
        (&diff.element, diff.removed.as_slice(), diff.added.as_slice())
    {
        let ink = if new == Effect::Allow.as_str() { Ink::Caution } else { Ink::Plain };
        page.line(indent, &[(Ink::Plain, name), (Ink::Plain, format!("  {old} -> ")), (ink, new.clone())]);
        return;
    }
    let mut pieces = vec![(Ink::Plain, format!("{name}  "))];
    pieces.extend(diff.removed.iter().map(|value| (Ink::Remove, format!("-{value} "))));
    pieces.extend(diff.added.iter().map(|value| (Ink::Add, format!("+{value} "))));
    if diff.removed.is_empty() && diff.added.is_empty() {
        pieces.push((Ink::Plain, "only one side has it".to_owned()));
    }
    if diff.kept > 0 {
        pieces.push((Ink::Dim, format!("({} unchanged)", diff.kept)));
    }
    page.words(indent, 4, &pieces);
}

fn element_name(element: &Element) -> String {
    match element {
        Element::Effect => "effect".to_owned(),
        Element::Action { negated: false } => "actions".to_owned(),
        Element::Action { negated: true } => "all actions but".to_owned(),
        Element::Resource { negated: false } => "resources".to_owned(),
        Element::Resource { negated: true } => "all resources but".to_owned(),
        Element::Principal { negated, kind } => {
            let but = if *negated { "all principals but" } else { "principals" };
            kind.as_ref().map_or_else(|| but.to_owned(), |kind| format!("{but} ({kind})"))
        }
        Element::Condition { operator, key } => format!("condition {operator} {key}"),
        other => other.to_string(),
    }
}

/// A statement in one sentence: "Allow s3:Get*, ec2:* on * if Bool aws:MultiFactorAuthPresent true".
pub(crate) fn sentence(statement: &Statement) -> String {
    let mut words = vec![statement.effect.to_string()];
    if let Some(actions) = &statement.actions {
        words.push(clause(actions.negated, actions.patterns.iter().map(|pattern| pattern.text.as_str())));
    }
    if let Some(resources) = &statement.resources {
        let patterns = resources.patterns.iter().map(|pattern| pattern.text.as_str());
        words.push(format!("on {}", clause(resources.negated, patterns)));
    }
    if let Some(principals) = &statement.principals {
        let values = principals.entries.iter().map(|(_, value)| value.text.as_str());
        words.push(format!("for {}", clause(principals.negated, values)));
    }
    for condition in statement.conditions.iter().flatten() {
        let values: Vec<&str> = condition.values.iter().map(|value| value.text.as_str()).collect();
        let joint = if words.iter().any(|word| word.starts_with("if ")) { "and" } else { "if" };
        words.push(format!(
            "{joint} {} {} {}",
            condition.operator.text,
            condition.key.text,
            values.join(" or ")
        ));
    }
    for (name, _) in &statement.other {
        words.push(format!("with {name}"));
    }
    words.join(" ")
}

fn clause<'a>(negated: bool, values: impl Iterator<Item = &'a str>) -> String {
    let values: Vec<&str> = values.collect();
    let text = values.join(", ");
    if negated { format!("all but {text}") } else { text }
}

fn short(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
