//! The metadata of identity providers: what counts in it, never the document as a whole, which is long.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{MetadataFacts, SamlMetadata};

use super::names::counted;
use super::page::{Ink, Page};

/// How many digits of a fingerprint are shown: enough to tell any two apart.
const DIGITS: usize = 32;

/// What is to be known of a document, each with its name.
pub(super) fn facts(metadata: &SamlMetadata) -> Vec<(&'static str, String)> {
    let Ok(facts) = metadata.facts() else { return vec![("metadata", "cannot be read".to_owned())] };
    let list = |items: &BTreeSet<String>| Vec::from_iter(items.iter().cloned()).join(", ");
    let mut all = vec![("entity id", list(&facts.entity_ids)), ("certificate", list(&shown(&facts)))];
    all.extend(facts.valid_until.map(|until| ("valid until", until.to_string())));
    all.retain(|(_, text)| !text.is_empty());
    all
}

/// What differs between two: what somebody should look at by name, the rest as a number of lines.
pub(super) fn difference(page: &mut Page, indent: usize, before: &SamlMetadata, after: &SamlMetadata) {
    if let (Ok(old), Ok(new)) = (before.facts(), after.facts()) {
        items(page, indent, "entity id", &old.entity_ids, &new.entity_ids);
        items(page, indent, "certificate", &shown(&old), &shown(&new));
        items(page, indent, "sign-in address", &old.sign_in, &new.sign_in);
        let until = |facts: &MetadataFacts| facts.valid_until.iter().map(ToString::to_string).collect();
        items(page, indent, "valid until", &until(&old), &until(&new));
    }
    let (gone, come) = lines(before, after);
    let text = format!("in all {} gone, {} new", counted(gone, "line", "lines"), come);
    page.words(indent, 4, &[(Ink::Dim, text)]);
}

fn items(page: &mut Page, indent: usize, what: &str, before: &BTreeSet<String>, after: &BTreeSet<String>) {
    let come = after.difference(before).map(|item| (Ink::Add, "+", item));
    let gone = before.difference(after).map(|item| (Ink::Remove, "-", item));
    for (ink, mark, item) in come.chain(gone) {
        page.words(indent, 4, &[(ink, format!("{mark} ")), (Ink::Plain, format!("{what}  {item}"))]);
    }
}

fn shown(facts: &MetadataFacts) -> BTreeSet<String> {
    let short = |digits: &String| format!("sha256 {}…", digits.get(..DIGITS).unwrap_or(digits));
    facts.certificates.iter().map(short).collect()
}

/// How many lines one has that the other has not, wherever they stand.
fn lines(before: &SamlMetadata, after: &SamlMetadata) -> (usize, usize) {
    let mut balance: BTreeMap<&str, isize> = BTreeMap::new();
    for line in before.lines() {
        *balance.entry(line).or_default() -= 1;
    }
    for line in after.lines() {
        *balance.entry(line).or_default() += 1;
    }
    let sum = |sign: isize| {
        let counts = balance.values().map(|count| count.saturating_mul(sign)).filter(|count| *count > 0);
        counts.map(isize::unsigned_abs).sum()
    };
    (sum(-1), sum(1))
}
