//! Sizes and counts. Source: IAM User Guide, "IAM and AWS STS quotas".
//!
//! A quota that AWS raises on request is a warning above what an account has by default, and an error
//! above what AWS can raise it to.

use iamctl_model::{Kind, Resource};
use iamctl_policy::{Diagnostic, Diagnostics, Document};

use super::{Entity, World};

const MANAGED_SIZE: usize = 6_144;
const TRUST_SIZE: usize = 2_048;
const TRUST_SIZE_RAISED: usize = 8_192;
const GROUPS_PER_USER: usize = 10;
const ATTACHED: usize = 10;

/// What white space is has no weight in a size.
const SIZE_HELP: &str = "white space does not count; merge statements, shorten Sids, or use wildcards";

pub(super) fn document_sizes(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities {
        match &entity.managed.value {
            Resource::Policy(policy) => managed(entity, &policy.document, found),
            Resource::Role(role) => trust(entity, &role.trust, found),
            Resource::User(_)
            | Resource::Group(_)
            | Resource::InstanceProfile(_)
            | Resource::OidcProvider(_)
            | Resource::SamlProvider(_)
            | Resource::ServiceLinkedRole(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => {}
        }
    }
}

fn managed(entity: &Entity, document: &Document, found: &mut Diagnostics) {
    let size = document.quota_size();
    if size > MANAGED_SIZE {
        let written = if entity.places.written("document").is_some() { "document" } else { "file" };
        found.push(
            Diagnostic::error(
                "policy-size",
                entity.places.key(written),
                format!("a managed policy has at most {MANAGED_SIZE} characters, this one has {size}"),
            )
            .help(SIZE_HELP)
            .help("or split it into several policies: up to 10 can be attached"),
        );
    }
}

fn trust(entity: &Entity, document: &Document, found: &mut Diagnostics) {
    let size = document.quota_size();
    if size <= TRUST_SIZE {
        return;
    }
    let written = if entity.places.written("trust").is_some() { "trust" } else { "trust_document" };
    let place = entity.places.key(written);
    found.push(if size > TRUST_SIZE_RAISED {
        Diagnostic::error(
            "trust-size",
            place,
            format!("a trust policy has at most {TRUST_SIZE_RAISED} characters, this one has {size}"),
        )
        .help("trust the account instead of single users, and allow `sts:AssumeRole` to a group of them")
    } else {
        Diagnostic::warning(
            "trust-size",
            place,
            format!("a trust policy has at most {TRUST_SIZE} characters by default, this one has {size}"),
        )
        .help(format!(
            "the quota of the account (\"Role trust policy length\") can be raised to {TRUST_SIZE_RAISED}; without that AWS refuses the role"
        ))
    });
}

pub(super) fn inline_sums(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities {
        let most = match entity.address.kind() {
            Kind::User => 2_048,
            Kind::Group => 5_120,
            Kind::Role => 10_240,
            Kind::Policy
            | Kind::InstanceProfile
            | Kind::OidcProvider
            | Kind::SamlProvider
            | Kind::ServiceLinkedRole
            | Kind::AccountAlias
            | Kind::PasswordPolicy
            | Kind::MasterCopy => continue,
        };
        let documents = entity.managed.value.inline_policies().into_iter().flatten();
        let sum: usize = documents.map(|(_, document)| document.quota_size()).sum();
        if sum > most {
            let kind = entity.address.kind();
            found.push(
                Diagnostic::error(
                    "inline-size",
                    entity.places.key("inline_policies"),
                    format!("the inline policies of a {kind} have at most {most} characters together, these have {sum}"),
                )
                .help("make managed policies of them: each of those has its own 6144 characters"),
            );
        }
    }
}

pub(super) fn attachments(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities {
        let count = entity.managed.value.policies().map_or(0, std::collections::BTreeSet::len);
        let kind = entity.address.kind();
        let most = match kind {
            Kind::User => 20,
            Kind::Role => 25,
            Kind::Group
            | Kind::Policy
            | Kind::InstanceProfile
            | Kind::OidcProvider
            | Kind::SamlProvider
            | Kind::ServiceLinkedRole
            | Kind::AccountAlias
            | Kind::PasswordPolicy
            | Kind::MasterCopy => ATTACHED,
        };
        let place = entity.places.key("policies");
        if count > most {
            found.push(
                Diagnostic::error(
                    "attachment-count",
                    place,
                    format!("a {kind} has at most {most} managed policies attached, this one has {count}"),
                )
                .help("merge some of them, or give them through groups"),
            );
        } else if count > ATTACHED {
            found.push(
                Diagnostic::warning(
                    "attachment-count",
                    place,
                    format!("a {kind} has at most {ATTACHED} managed policies attached by default, this one has {count}"),
                )
                .help(format!(
                    "the quota of the account (\"Managed policies per {kind}\") can be raised to {most}; without that AWS refuses the eleventh"
                )),
            );
        }
    }
}

pub(super) fn memberships(world: &World<'_>, found: &mut Diagnostics) {
    for entity in world.entities {
        let Resource::User(user) = &entity.managed.value else { continue };
        let count = user.groups.len();
        if count > GROUPS_PER_USER {
            found.push(
                Diagnostic::error(
                    "group-count",
                    entity.places.key("groups"),
                    format!("a user is a member of at most {GROUPS_PER_USER} groups, this one of {count}"),
                )
                .help("AWS does not raise this quota: merge groups, or attach policies to the user"),
            );
        }
    }
}
