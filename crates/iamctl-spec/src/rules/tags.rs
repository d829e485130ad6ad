//! Tags. Source: IAM User Guide, "Rules for tagging in IAM and AWS STS", and the IAM API's `Tag`.

use std::collections::HashMap;

use iamctl_model::{Kind, Tags};
use iamctl_policy::{Diagnostic, Diagnostics};

use super::{Entity, World};

const MOST_TAGS: usize = 50;
const MOST_KEY: usize = 128;
const MOST_VALUE: usize = 256;

fn tagged<'a>(world: &'a World<'_>) -> impl Iterator<Item = (&'a Entity, &'a Tags)> {
    world.entities.iter().filter_map(|entity| Some((entity, entity.managed.value.tags()?)))
}

pub(super) fn count(world: &World<'_>, found: &mut Diagnostics) {
    for (entity, tags) in tagged(world) {
        let count = tags.0.len();
        if count > MOST_TAGS {
            let kind = entity.address.kind();
            let article = if matches!(kind, Kind::InstanceProfile | Kind::OidcProvider) { "an" } else { "a" };
            found.push(
                Diagnostic::error(
                    "tag-count",
                    entity.places.key("tags"),
                    format!("{article} {kind} has at most {MOST_TAGS} tags, this one has {count}"),
                )
                .help("those under `defaults:` count too"),
            );
        }
    }
}

pub(super) fn characters(world: &World<'_>, found: &mut Diagnostics) {
    // Beyond their number, which is told, tags are not looked at one by one.
    for (entity, tags) in tagged(world).filter(|(_, tags)| tags.0.len() <= 2 * MOST_TAGS) {
        for (key, value) in &tags.0 {
            let Some((code, message, help)) = problem(key, value, entity.address.kind()) else { continue };
            let place = entity.places.tags.iter().find(|(known, _)| known == key).map(|(_, span)| *span);
            // A tag without a place of its own comes from `defaults:`.
            found.push(
                Diagnostic::error(code, place.unwrap_or_else(|| entity.places.key("tags")), message)
                    .help(help),
            );
        }
    }
}

fn problem(key: &str, value: &str, kind: Kind) -> Option<(&'static str, String, String)> {
    let (key_length, value_length) = (key.chars().count(), value.chars().count());
    let character_help = "tags hold letters, digits, spaces and `_ . : / = + - @`".to_owned();
    if key.to_ascii_lowercase().starts_with("aws:") || value.to_ascii_lowercase().starts_with("aws:") {
        let message = format!("the tag `{key}` begins with `aws:`, in its key or its value");
        Some(("tag-reserved", message, "AWS keeps this beginning for itself: choose another".to_owned()))
    } else if kind == Kind::User && Tags::is_written_by_aws(key) {
        let message = format!("the tag key `{key}` is the id of an access key");
        let help =
            "the console keeps the descriptions of access keys there; iamctl leaves them alone".to_owned();
        Some(("tag-reserved", message, help))
    } else if !(1..=MOST_KEY).contains(&key_length) {
        let message = format!("the key of a tag has 1 to {MOST_KEY} characters, this one has {key_length}");
        Some(("tag-length", message, "shorten it".to_owned()))
    } else if value_length > MOST_VALUE {
        let message = format!(
            "the value of a tag has at most {MOST_VALUE} characters, that of `{key}` has {value_length}"
        );
        Some(("tag-length", message, "shorten it".to_owned()))
    } else if let Some(bad) = key.chars().find(|c| !is_tag_char(*c)) {
        let message = format!("the tag key `{key}` cannot hold the character `{}`", bad.escape_debug());
        Some(("tag-characters", message, character_help))
    } else if let Some(bad) = value.chars().find(|c| !is_tag_char(*c)) {
        let message =
            format!("the value of the tag `{key}` cannot hold the character `{}`", bad.escape_debug());
        Some(("tag-characters", message, character_help))
    } else {
        None
    }
}

/// AWS's pattern is `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`. Letters are taken as Unicode's "alphabetic", which
/// has a few signs more: AWS itself refuses those.
fn is_tag_char(c: char) -> bool {
    c.is_alphabetic() || c.is_numeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// On users and roles, two keys that differ in case only are the same key.
pub(super) fn same_key(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities {
        let places = &entity.places.tags;
        if !matches!(entity.address.kind(), Kind::User | Kind::Role) || places.len() > 2 * MOST_TAGS {
            continue;
        }
        let mut seen = HashMap::new();
        for (key, place) in places {
            if let Some((earlier, first)) = seen.insert(key.to_ascii_lowercase(), (key, place)) {
                found.push(
                    Diagnostic::error(
                        "tag-case",
                        *place,
                        format!(
                            "the tag keys `{key}` and `{earlier}` are the same on a {}",
                            entity.address.kind()
                        ),
                    )
                    .related(*first, "first written here")
                    .help("keep one of them: on users and roles the case of letters does not count"),
                );
            }
        }
    }
}
