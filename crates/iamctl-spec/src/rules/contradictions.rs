//! A manifest that says two things at once, or wants what belongs to AWS.

use iamctl_model::{IgnoredItem, Kind, Resource};
use iamctl_policy::{Diagnostic, Diagnostics};

use super::World;

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
                .help("service-linked roles and those of Identity Center are made and changed by AWS only"),
            );
        }
    }
}

/// A key under `ignore` that is written all the same.
pub(super) fn ignored_and_written(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities {
        for (field, place) in &entity.ignore {
            // The document of a policy is needed to make it, whoever changes it afterwards.
            let Some(written) =
                entity.places.written(field.as_str()).filter(|_| field.as_str() != "document")
            else {
                continue;
            };
            if matches!(field.as_str(), "trust") {
                continue;
            }
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
