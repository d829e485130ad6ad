//! A manifest that says two things at once, or wants what belongs to AWS.

use std::collections::BTreeMap;

use iamctl_model::{Address, IgnoredItem, Kind, Resource};
use iamctl_policy::{Diagnostic, Diagnostics, Span};

use super::{Entity, World};

/// Names that AWS's own roles have.
pub(super) fn reserved_names(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities.iter().filter(|entity| entity.address.kind() == Kind::Role) {
        let name = entity.address.name();
        let reserved = ["AWSServiceRoleFor", "AWSReservedSSO_"];
        if let Some(start) = reserved.iter().find(|start| name.starts_with(**start)) {
            found.push(
                Diagnostic::error(
                    "reserved-name",
                    entity.managed.span,
                    format!("roles named `{start}…` belong to AWS"),
                )
                .help("service-linked roles and those of Identity Center are made and changed by AWS only")
                .help("what a service needs for itself is written by service, under `service_linked_roles:`"),
            );
        }
    }
}

/// A former name that is no other one, or that something else has.
pub(super) fn renamed(world: &World<'_>, found: &mut Diagnostics) {
    let defined: BTreeMap<_, _> = world.entities.iter().map(|entity| (&entity.address, entity)).collect();
    let mut renamed: BTreeMap<&Address, Span> = BTreeMap::new();
    for entity in world.entities {
        let Some(former) = &entity.managed.renamed_from else { continue };
        let (place, kind) = (entity.places.key("renamed_from"), former.kind());
        let mistake = |message: String| Diagnostic::error("renamed-from", place, message);
        if former.name() == entity.address.name() {
            let message = format!("the {kind} `{}` is called so already", former.name());
            found.push(mistake(message).help("write the name that it had before, or remove `renamed_from`"));
        } else if let Some(other) = defined.get(former).filter(|other| {
            // One that is renamed as well leaves its name to this one.
            other.address != entity.address && other.managed.renamed_from.is_none()
        }) {
            let message = format!("`{}` is another {kind} of this manifest", former.name());
            found.push(
                mistake(message)
                    .related(other.managed.span, "defined here")
                    .help("remove its block, or `renamed_from`"),
            );
        } else if gives_its_name_back(&defined, former, &entity.address) {
            let message = format!("`{}` waits for its own name to be free", entity.address.name());
            found.push(
                mistake(message).help("rename one of them to a third name, apply that, and go on then"),
            );
        } else if let Some(first) = renamed.get(former) {
            let message = format!("the {kind} `{}` cannot become two", former.name());
            found
                .push(mistake(message).related(*first, "renamed here as well").help("remove one of the two"));
        }
        renamed.insert(former, place);
    }
}

/// Whether what gives its name to a thing gets, by way of others, that thing's own former name.
fn gives_its_name_back(defined: &BTreeMap<&Address, &Entity>, former: &Address, address: &Address) -> bool {
    let mut name = former;
    for _ in 0..defined.len() {
        let next = defined.get(name).and_then(|entity| entity.managed.renamed_from.as_ref());
        match next {
            Some(_) if name == address => return name != former,
            Some(next) if next == address => return true,
            Some(next) => name = next,
            None => return false,
        }
    }
    false
}

/// A key under `ignore` that is written all the same.
pub(super) fn ignored_and_written(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities {
        for (field, place) in &entity.ignore {
            // These are needed to make the thing, whoever changes them afterwards.
            if matches!(field.as_str(), "document" | "metadata" | "trust") {
                continue;
            }
            let Some(written) = entity.places.written(field.as_str()) else { continue };
            found.push(
                Diagnostic::error(
                    "ignored-and-written",
                    *place,
                    format!("`{field}` is ignored and written as well"),
                )
                .related(written, "written here")
                .help("remove one of the two: what is ignored is never compared nor changed"),
            );
        }
    }
}

/// A tag, policy or group of the manifest that one of its `ignore` rules leaves to others.
pub(super) fn ignored_by_rule(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities.iter().filter(|_| !world.ignore.is_empty()) {
        let mut check = |item: IgnoredItem<'_>, what: String, key: &str| {
            let rule = world.ignore.iter().find(|rule| rule.ignores(&entity.address, item));
            if let Some(rule) = rule {
                found.push(
                    Diagnostic::error(
                        "ignored-and-written",
                        entity.places.key(key),
                        format!("{what} is ignored and written as well"),
                    )
                    .related(rule.span, "ignored by this rule")
                    .help("remove one of the two, or narrow the rule with `on:`"),
                );
            }
        };
        for (key, _) in &entity.places.tags {
            check(IgnoredItem::Tag(key), format!("the tag `{key}`"), "tags");
        }
        for arn in entity.managed.value.policies().into_iter().flatten() {
            check(IgnoredItem::Policy(arn), format!("the policy `{}`", arn.policy_name()), "policies");
        }
        for (name, _) in entity.managed.value.inline_policies().into_iter().flatten() {
            check(IgnoredItem::InlinePolicy(name), format!("the inline policy `{name}`"), "inline_policies");
        }
        if let Resource::User(user) = &entity.managed.value {
            for group in &user.groups {
                check(IgnoredItem::Group(group), format!("the group `{group}`"), "groups");
            }
        }
    }
}
