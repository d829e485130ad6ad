//! What was deleted in the account, and all that names it.

use std::collections::BTreeSet;

use iamctl_model::{Address, Field, PolicyArn, PrincipalArn, Resource};
use iamctl_policy::{Document, Node, Value};

use super::check::is_same;
use super::{Drifted, Edits, FileEdits, Update};
use crate::edit::{Edit, Editor, Why};
use crate::write::is_ghost;

impl Update<'_> {
    /// Whether a trust policy differs for no other reason than that somebody whom it names was deleted:
    /// that is taken over where the block of the deleted one is.
    pub(super) fn follows_from_what_is_gone(&self, item: &Drifted) -> bool {
        let only_trust = item.fields.iter().all(|field| *field == Field::Trust) && !item.fields.is_empty();
        if !only_trust || self.gone.is_empty() {
            return false;
        }
        let managed = self.read.manifest.desired.managed.get(&item.address);
        let (Some(Resource::Role(wanted)), Some(Resource::Role(found))) =
            (managed.map(|managed| &managed.value), self.live.resource(&item.address, None))
        else {
            return false;
        };
        let gone = &self.gone;
        self.without(gone, &wanted.trust) == self.without(gone, &found.trust)
    }

    /// A trust policy without those who are gone.
    fn without(&self, gone: &BTreeSet<&Address>, trust: &Document) -> Document {
        let account = &self.live.account;
        let is_gone = |principal: &str| {
            PrincipalArn::parse(principal).is_ok_and(|arn| {
                arn.account() == account.id.as_str()
                    && arn.identity().is_some_and(|identity| gone.contains(&identity.address()))
            })
        };
        trust.without_aws_principals(|text| is_ghost(text) || is_gone(text))
    }

    /// Takes a deleted thing out of the lists that name it: in trusts, attachments, memberships and
    /// tests. A list that would be empty is left, and makes the manifest invalid: then a person decides.
    pub(super) fn remove_references(&self, address: &Address, edits: &mut Edits) -> Result<(), String> {
        for (path, tree) in &self.read.trees {
            let Some(text) = self.text(path) else { continue };
            let mut editor = Editor::new(text);
            let (name, section) = (address.name(), address.kind().plural());
            if address.kind().is_setting() {
                continue;
            }
            references(tree, section, name, &address.to_string(), &mut editor)
                .map_err(|why| format!("it is named elsewhere in `{path}`, and {why}"))?;
            let pieces = editor.finish();
            match edits.get_mut(path) {
                Some(FileEdits::Pieces(known)) => {
                    // What stands in the block that goes needs no edit of its own.
                    let inside = |edit: &Edit| {
                        known.iter().any(|block| block.start <= edit.start && edit.end <= block.end)
                    };
                    let more: Vec<Edit> = pieces.into_iter().filter(|edit| !inside(edit)).collect();
                    known.extend(more);
                }
                _ if pieces.is_empty() => {}
                _ => _ = edits.insert(path.clone(), FileEdits::Pieces(pieces)),
            }
        }
        Ok(())
    }

    /// Whether a thing is what it was, without what is gone.
    pub(super) fn only_lost(&self, gone: &BTreeSet<&Address>, before: &Resource, now: &Resource) -> bool {
        let mut left = before.clone();
        let policy_is_gone =
            |arn: &PolicyArn| !arn.is_aws_managed() && gone.contains(&Address::Policy(arn.policy_name()));
        match &mut left {
            Resource::Policy(_)
            | Resource::OidcProvider(_)
            | Resource::SamlProvider(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => {}
            Resource::Group(group) => group.policies.retain(|arn| !policy_is_gone(arn)),
            Resource::User(user) => {
                user.policies.retain(|arn| !policy_is_gone(arn));
                user.groups.retain(|group| !gone.contains(&Address::Group(group.clone())));
            }
            Resource::Role(role) => {
                role.policies.retain(|arn| !policy_is_gone(arn));
                role.trust = self.without(gone, &role.trust);
            }
            Resource::InstanceProfile(profile) => {
                profile.role =
                    profile.role.take().filter(|role| !gone.contains(&Address::Role(role.clone())));
            }
        }
        is_same(&left, now)
    }
}

/// Takes a name out of every list of a tree that can name a thing of its kind.
fn references(
    node: &Node,
    section: &str,
    name: &str,
    address: &str,
    editor: &mut Editor<'_>,
) -> Result<(), Why> {
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                let named = match entry.key.as_str() {
                    "principal" | "on" => address,
                    key if key == section => name,
                    _ => {
                        references(&entry.value, section, name, address, editor)?;
                        continue;
                    }
                };
                let is_it = |item: &Node| item.as_str().is_some_and(|text| text.eq_ignore_ascii_case(named));
                match &entry.value.value {
                    Value::List(items) if items.iter().any(is_it) && items.len() > 1 => {
                        editor.remove_items(&entry.value, items, is_it)?;
                    }
                    _ => references(&entry.value, section, name, address, editor)?,
                }
            }
            Ok(())
        }
        Value::List(items) => {
            items.iter().try_for_each(|item| references(item, section, name, address, editor))
        }
        _ => Ok(()),
    }
}
