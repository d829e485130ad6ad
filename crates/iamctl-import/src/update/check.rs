//! The proof of an edit: the text is read again, and must say what the account says of what drifted, and
//! of everything else what it said before.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Address, Desired, Field, PasswordPolicy, Resource};
use iamctl_spec::{FilesInMemory, Manifest};

use super::{Drifted, FileEdits, Taken, Update};
use crate::edit::{Edit, Why, apply};

impl Update<'_> {
    /// The edited files, once they were read again.
    pub(super) fn checked<'t>(
        &self,
        taken: impl IntoIterator<Item = &'t Taken>,
    ) -> Result<BTreeMap<String, String>, String> {
        let taken: Vec<&Taken> = taken.into_iter().collect();
        let mut pieces: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
        let mut files = BTreeMap::new();
        for (path, edit) in taken.iter().flat_map(|taken| &taken.edits) {
            match edit {
                FileEdits::Pieces(more) => {
                    let known = pieces.entry(path).or_default();
                    // Two things may both take away what neither can have any more.
                    let more = more.iter().filter(|edit| edit.start == edit.end || !known.contains(edit));
                    let more: Vec<Edit> = more.cloned().collect();
                    known.extend(more);
                }
                FileEdits::Whole(text) => _ = files.insert(path.clone(), text.clone()),
            }
        }
        for (path, pieces) in pieces.into_iter().filter(|(_, pieces)| !pieces.is_empty()) {
            let text = self.text(path).and_then(|text| apply(text, &pieces));
            files.insert(path.to_owned(), text.ok_or_else(|| Why::Layout.to_string())?);
        }
        let mut memory = FilesInMemory::new();
        for (path, text) in &self.read.manifest.files {
            memory = memory.with(path.clone(), files.get(path).unwrap_or(text).clone());
        }
        let again = iamctl_spec::parse(&memory, self.manifest, self.options).map_err(|rejected| {
            let first = rejected.diagnostics.iter().next().map(|found| found.message.clone());
            format!("the manifest would not be valid any more: {}", first.unwrap_or_default())
        })?;
        let items: Vec<&Drifted> = taken.iter().map(|taken| &taken.item).collect();
        self.compare(&again, &items)?;
        Ok(files)
    }

    /// The edited manifest says what the account says of the items, and nothing new of anything else.
    fn compare(&self, again: &Manifest, items: &[&Drifted]) -> Result<(), String> {
        let (before, after): (&Desired, &Desired) = (&self.read.manifest.desired, &again.desired);
        let gone = items.iter().filter(|item| item.fields.is_empty()).map(|item| &item.address);
        let gone: BTreeSet<&Address> = gone.collect();
        for (address, managed) in &before.managed {
            let item = items.iter().find(|item| item.address == *address);
            let now = after.managed.get(address).map(|managed| &managed.value);
            let (Some(now), Some(live)) = (now, self.live.resource(address, Some(&managed.value))) else {
                match item {
                    Some(item) if item.fields.is_empty() && now.is_none() => continue,
                    None if now.is_some_and(|now| {
                        is_same(now, &managed.value) || self.only_lost(&gone, &managed.value, now)
                    }) =>
                    {
                        continue;
                    }
                    _ => return Err(format!("{address} would not be what it should")),
                }
            };
            let fields = item.map(|item| item.fields.clone()).unwrap_or_default();
            let taken = with_fields(&managed.value, &live, &fields);
            // A user who moved has another ARN, and trust policies that name the user say so.
            let is_true =
                item.is_none() && (is_same(now, &live) || self.only_lost(&gone, &managed.value, now));
            if !is_true && !taken.is_some_and(|taken| is_same(&taken, now)) {
                return Err("its values come from `defaults:`, a variable or a shared text".to_owned());
            }
        }
        if after.managed.len() > before.managed.len() {
            return Err("something would be new".to_owned());
        }
        Ok(())
    }
}

/// Whether two things are the same, the members of groups aside: they are those of the users.
pub(super) fn is_same(one: &Resource, other: &Resource) -> bool {
    match (one, other) {
        (Resource::Group(one), Resource::Group(other)) => {
            one.path == other.path
                && one.policies == other.policies
                && one.inline_policies == other.inline_policies
        }
        (one, other) => one == other,
    }
}

/// A thing of the manifest with some fields as they are in the account.
fn with_fields(wanted: &Resource, live: &Resource, fields: &BTreeSet<Field>) -> Option<Resource> {
    let mut taken = wanted.clone();
    let has = |field: Field| fields.contains(&field);
    match (&mut taken, live) {
        (Resource::Policy(taken), Resource::Policy(live)) => {
            take(has(Field::Path), &mut taken.path, &live.path);
            take(has(Field::Description), &mut taken.description, &live.description);
            take(has(Field::Tags), &mut taken.tags, &live.tags);
            take(has(Field::Document), &mut taken.document, &live.document);
        }
        (Resource::Group(taken), Resource::Group(live)) => {
            take(has(Field::Path), &mut taken.path, &live.path);
            take(has(Field::Policies), &mut taken.policies, &live.policies);
            take(has(Field::InlinePolicies), &mut taken.inline_policies, &live.inline_policies);
        }
        (Resource::User(taken), Resource::User(live)) => {
            take(has(Field::Path), &mut taken.path, &live.path);
            take(has(Field::Tags), &mut taken.tags, &live.tags);
            take(has(Field::Groups), &mut taken.groups, &live.groups);
            take(has(Field::Policies), &mut taken.policies, &live.policies);
            take(has(Field::InlinePolicies), &mut taken.inline_policies, &live.inline_policies);
            take(
                has(Field::PermissionsBoundary),
                &mut taken.permissions_boundary,
                &live.permissions_boundary,
            );
        }
        (Resource::Role(taken), Resource::Role(live)) => {
            take(has(Field::Path), &mut taken.path, &live.path);
            take(has(Field::Description), &mut taken.description, &live.description);
            take(has(Field::MaxSessionDuration), &mut taken.max_session_duration, &live.max_session_duration);
            take(has(Field::Trust), &mut taken.trust, &live.trust);
            take(has(Field::Tags), &mut taken.tags, &live.tags);
            take(has(Field::Policies), &mut taken.policies, &live.policies);
            take(has(Field::InlinePolicies), &mut taken.inline_policies, &live.inline_policies);
            take(
                has(Field::PermissionsBoundary),
                &mut taken.permissions_boundary,
                &live.permissions_boundary,
            );
        }
        (Resource::InstanceProfile(taken), Resource::InstanceProfile(live)) => {
            take(has(Field::Path), &mut taken.path, &live.path);
            take(has(Field::Role), &mut taken.role, &live.role);
            take(has(Field::Tags), &mut taken.tags, &live.tags);
        }
        (Resource::OidcProvider(taken), Resource::OidcProvider(live)) => {
            take(has(Field::ClientIds), &mut taken.client_ids, &live.client_ids);
            take(has(Field::Thumbprints), &mut taken.thumbprints, &live.thumbprints);
            take(has(Field::Tags), &mut taken.tags, &live.tags);
        }
        (Resource::AccountAlias(taken), Resource::AccountAlias(live)) => {
            take(has(Field::Alias), &mut taken.alias, &live.alias);
        }
        (Resource::PasswordPolicy(taken), Resource::PasswordPolicy(live)) => {
            take_passwords(taken, live, fields);
        }
        (Resource::SamlProvider(taken), Resource::SamlProvider(live)) => {
            take(has(Field::Metadata), &mut taken.metadata, &live.metadata);
            take(has(Field::Tags), &mut taken.tags, &live.tags);
        }
        _ => return None,
    }
    Some(taken)
}

fn take_passwords(taken: &mut PasswordPolicy, live: &PasswordPolicy, fields: &BTreeSet<Field>) {
    let has = |field: Field| fields.contains(&field);
    let PasswordPolicy {
        minimum_password_length,
        require_symbols,
        require_numbers,
        require_uppercase_characters,
        require_lowercase_characters,
        allow_users_to_change_password,
        max_password_age,
        password_reuse_prevention,
        hard_expiry,
    } = live;
    take(has(Field::MinimumPasswordLength), &mut taken.minimum_password_length, minimum_password_length);
    take(has(Field::RequireSymbols), &mut taken.require_symbols, require_symbols);
    take(has(Field::RequireNumbers), &mut taken.require_numbers, require_numbers);
    let (upper, lower) = (Field::RequireUppercaseCharacters, Field::RequireLowercaseCharacters);
    take(has(upper), &mut taken.require_uppercase_characters, require_uppercase_characters);
    take(has(lower), &mut taken.require_lowercase_characters, require_lowercase_characters);
    let change = Field::AllowUsersToChangePassword;
    take(has(change), &mut taken.allow_users_to_change_password, allow_users_to_change_password);
    take(has(Field::MaxPasswordAge), &mut taken.max_password_age, max_password_age);
    take(
        has(Field::PasswordReusePrevention),
        &mut taken.password_reuse_prevention,
        password_reuse_prevention,
    );
    take(has(Field::HardExpiry), &mut taken.hard_expiry, hard_expiry);
}

fn take<T: Clone>(is_taken: bool, to: &mut T, from: &T) {
    if is_taken {
        to.clone_from(from);
    }
}
