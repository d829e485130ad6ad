//! What would not fit in the end.

use std::collections::BTreeSet;

use iamctl_model::{Address, Change, ChangeAction, Guard, Kind, Refusal, Resource};

use super::limits::{Limit, Limits};
use crate::world::{When, World};

/// What would not fit in the end, as far as that is sure.
pub(crate) fn refusals(world: &World<'_>, changes: &[Change]) -> Vec<Refusal> {
    let limits = Limits::of(world.live());
    let totals = Kind::IN_ACCOUNT.into_iter().filter_map(|kind| total(world, limits, changes, kind));
    let mut refusals: Vec<Refusal> = totals.collect();
    let changed = changes.iter().filter(|change| {
        matches!(
            change.action,
            ChangeAction::Create | ChangeAction::Update | ChangeAction::Adopt | ChangeAction::Replace
        )
    });
    for change in changed {
        refusals.extend(crowded(world, limits, change));
    }
    refusals
}

/// More things of a kind than the account can have.
fn total(world: &World<'_>, limits: Limits<'_>, changes: &[Change], kind: Kind) -> Option<Refusal> {
    let live = world.live();
    let limit = limits.total(kind).filter(|limit| live.has_read(kind) && limit.is_sure())?;
    let count = |action| {
        let of_kind = changes.iter().filter(|change| change.address.kind() == kind);
        of_kind.filter(|change| change.action == action).count()
    };
    let (made, deleted) = (count(ChangeAction::Create), count(ChangeAction::Delete));
    let replaced = count(ChangeAction::Replace);
    let (there, most) = (live.count(kind), limit.most);
    let after = there.saturating_add(made).saturating_sub(deleted);
    if made.saturating_add(replaced) == 0 || after <= most {
        return None;
    }
    // What is deleted cannot even be made again.
    let again = if replaced > 0 { format!(", {replaced} deleted and made again") } else { String::new() };
    Some(Refusal {
        guard: Guard::Quota,
        address: Address::MasterCopy,
        message: format!(
            "the account would have {after} {}, and its quota is {most}: there are {there}, {made} would be made and \
             {deleted} deleted{again}",
            kind.plural()
        ),
        help: format!("delete {} that nobody needs{}", kind.plural(), or_ask(limit)),
    })
}

/// What one can do about a quota, beside having less.
fn or_ask(limit: Limit) -> &'static str {
    match limit.source {
        super::limits::Source::Fixed => ": AWS does not raise this quota",
        _ => ", or ask AWS for a higher quota",
    }
}

/// One thing that would hold more than it may.
fn crowded(world: &World<'_>, limits: Limits<'_>, change: &Change) -> Vec<Refusal> {
    let address = &change.address;
    let kind = address.kind();
    let Some(after) = world.resource(address, When::After) else { return Vec::new() };
    let held = Held::of(world, change, &after);
    let refusal = |message, help| Refusal { guard: Guard::Quota, address: address.clone(), message, help };
    let counts = [
        (held.count(policies), limits.attached(kind), "attached policies", ", or ask AWS for a higher quota"),
        (held.count(groups), limits.groups(), "groups", ": AWS does not raise this one"),
        (held.count(client_ids), limits.client_ids(), "client ids", ": AWS does not raise this one"),
    ];
    let mut refusals = Vec::new();
    for ((new, all), limit, what, raise) in counts {
        if limit.is_sure() && new > 0 && all > limit.most {
            refusals.push(refusal(
                format!("{address} would have {all} {what}, and the account's quota is {}", limit.most),
                format!("put some of them together{raise}"),
            ));
        }
    }
    let ((new, all), limit) = (held.count(tags(kind)), limits.tags());
    if new > 0 && all > limit.most {
        refusals.push(refusal(
            format!("{address} would have {all} tags, and there is room for {}", limit.most),
            "take away those that nobody needs: AWS does not raise this quota".to_owned(),
        ));
    }
    if let Some(limit) = limits.inline_size(kind) {
        let (is_more, size) = held.inline_size();
        if is_more && size > limit.most {
            refusals.push(refusal(
                format!(
                    "the inline policies of {address} would have {size} characters together, and the account's quota \
                     is {}",
                    limit.most
                ),
                "make managed policies of them: each of those has a size of its own".to_owned(),
            ));
        }
    }
    refusals.extend(document_size(limits, change, &after).map(|(what, size, limit, help)| {
        let most = limit.most;
        refusal(format!("{what} of {address} has {size} characters, and the account's quota is {most}"), help)
    }));
    refusals
}

/// A document that is too long, where it is put.
fn document_size(
    limits: Limits<'_>,
    change: &Change,
    after: &Resource,
) -> Option<(&'static str, usize, Limit, String)> {
    let (what, document, limit, help) = match after {
        Resource::Policy(policy) => (
            "the document",
            &policy.document,
            limits.policy_size(),
            "split it into several policies".to_owned(),
        ),
        Resource::Role(role) => (
            "the trust policy",
            &role.trust,
            limits.trust_size(),
            "trust the account instead of single users, or ask AWS for a higher quota (\"Role trust policy length\")"
                .to_owned(),
        ),
        _ => return None,
    };
    let is_kept = change.action != ChangeAction::Replace
        && match change.before.as_ref() {
            Some(Resource::Policy(before)) => before.document == *document,
            Some(Resource::Role(before)) => before.trust == *document,
            _ => false,
        };
    let size = document.quota_size();
    (!is_kept && limit.is_sure() && size > limit.most).then_some((what, size, limit, help))
}

/// What is at an address: in the account, what of it the manifest is about, and what becomes of that. What the
/// manifest leaves to others is in neither of the last two, and takes room all the same.
struct Held<'a> {
    found: Option<Resource>,
    before: Option<&'a Resource>,
    after: &'a Resource,
    /// Whether it is made again, so that all of it comes anew.
    is_replaced: bool,
}

impl<'a> Held<'a> {
    fn of(world: &World<'_>, change: &'a Change, after: &'a Resource) -> Self {
        let found = world.live().resource(&change.address, None);
        let is_replaced = change.action == ChangeAction::Replace;
        Self { found, before: change.before.as_ref(), after, is_replaced }
    }

    /// How many of these come, and how many there are in the end.
    fn count(&self, items: impl Fn(&Resource) -> BTreeSet<String>) -> (usize, usize) {
        let found = self.found.as_ref().map(&items).unwrap_or_default();
        let before = self.before.map(&items).unwrap_or_default();
        let mut all: BTreeSet<String> = found.difference(&before).cloned().collect();
        all.extend(items(self.after));
        let new = if self.is_replaced { all.len() } else { all.difference(&found).count() };
        (new, all.len())
    }

    /// Whether the inline policies get longer, and how many characters they have in the end.
    fn inline_size(&self) -> (bool, usize) {
        let sizes = |resource: Option<&Resource>| -> std::collections::BTreeMap<String, usize> {
            let inline = resource.and_then(Resource::inline_policies).into_iter().flatten();
            inline.map(|(name, document)| (name.to_string(), document.quota_size())).collect()
        };
        let (found, before, after) =
            (sizes(self.found.as_ref()), sizes(self.before), sizes(Some(self.after)));
        let theirs =
            found.iter().filter(|(name, _)| !before.contains_key(*name) && !after.contains_key(*name));
        let sum = |sizes: &mut dyn Iterator<Item = &usize>| {
            sizes.fold(0_usize, |sum, size| sum.saturating_add(*size))
        };
        let all = sum(&mut theirs.map(|(_, size)| size)).saturating_add(sum(&mut after.values()));
        (self.is_replaced || all > sum(&mut found.values()), all)
    }
}

fn policies(one: &Resource) -> BTreeSet<String> {
    one.policies().into_iter().flatten().map(|arn| arn.as_str().to_owned()).collect()
}

fn groups(one: &Resource) -> BTreeSet<String> {
    match one {
        Resource::User(user) => user.groups.iter().map(ToString::to_string).collect(),
        _ => BTreeSet::new(),
    }
}

fn client_ids(one: &Resource) -> BTreeSet<String> {
    match one {
        Resource::OidcProvider(provider) => provider.client_ids.clone(),
        _ => BTreeSet::new(),
    }
}

/// The keys of tags. AWS's own take no room, and on users and roles keys ignore case.
/// Source: IAM User Guide, "Rules for tagging in IAM and AWS STS".
fn tags(kind: Kind) -> impl Fn(&Resource) -> BTreeSet<String> {
    let ignores_case = matches!(kind, Kind::User | Kind::Role);
    move |one| {
        let all = one.tags().into_iter().flat_map(|tags| tags.0.keys());
        let ours = all.filter(|key| !key.starts_with("aws:"));
        ours.map(|key| if ignores_case { key.to_lowercase() } else { key.clone() }).collect()
    }
}
