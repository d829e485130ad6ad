//! What was deleted in the account, and all that names it.

use std::collections::BTreeSet;

use iamctl_model::{Address, Field, PolicyArn, PrincipalArn, Resource};
use iamctl_policy::{Document, Node, Value};

use super::check::is_same;
use super::{Drifted, Edits, FileEdits, Update, entry};
use crate::edit::{Edit, Editor, Why, offset};
use crate::write::is_ghost;
use crate::yaml::Yaml;

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
        let is_gone = |text: &str| self.identity(text).is_some_and(|named| gone.contains(&named));
        trust.without_aws_principals(|text| is_ghost(text) || is_gone(text))
    }

    /// The user or role of the account that an ARN names.
    fn identity(&self, principal: &str) -> Option<Address> {
        let arn = PrincipalArn::parse(principal).ok()?;
        let is_here = arn.account() == self.live.account.id.as_str();
        arn.identity().filter(|_| is_here).map(|identity| identity.address())
    }

    /// Takes a deleted thing out of the lists that name it: in trusts, attachments, memberships and
    /// tests, and out of trust policies that name its ARN. A list that would be empty is left, and makes the
    /// manifest invalid: then a person decides.
    pub(super) fn remove_references(&self, address: &Address, edits: &mut Edits) -> Result<(), String> {
        if address.kind().is_setting() {
            return Ok(());
        }
        for (path, tree) in &self.read.trees {
            let Some(text) = self.text(path) else { continue };
            let mut editor = Editor::new(text);
            let (name, section) = (address.name(), address.kind().plural());
            references(tree, section, name, &address.to_string(), &mut editor)
                .map_err(|why| format!("it is named elsewhere in `{path}`, and {why}"))?;
            let mut pieces = editor.finish();
            pieces.retain(|edit| !self.is_edited_anyway(address, path, edit));
            add(edits, path, pieces);
        }
        self.remove_from_documents(address, edits)
    }

    /// Whether a list drifted itself, and is edited for that.
    fn is_edited_anyway(&self, gone: &Address, path: &str, edit: &Edit) -> bool {
        let (field, key) = match gone {
            Address::Policy(_) => (Field::Policies, "policies"),
            Address::Group(_) => (Field::Groups, "groups"),
            _ => return false,
        };
        let drifted = self.drifted.iter().filter(|item| item.fields.contains(&field));
        let places = drifted.filter_map(|item| self.place(&item.address)).filter(|place| place.path == path);
        places.filter_map(|place| entry(&place.entry.value, key)).any(|list| {
            offset(list.key_span.start) <= edit.start && edit.start <= offset(list.value.span.end)
        })
    }

    /// Takes a deleted user or role out of the trust policies that are written as documents.
    fn remove_from_documents(&self, gone: &Address, edits: &mut Edits) -> Result<(), String> {
        for (address, managed) in &self.read.manifest.desired.managed {
            let Resource::Role(role) = &managed.value else { continue };
            let is_it = |text: &str| self.identity(text).is_some_and(|named| named == *gone);
            let drifted = self.drifted.iter().find(|item| item.address == *address);
            let is_edited_anyway = drifted.is_some_and(|item| {
                item.fields.contains(&Field::Trust) && !self.follows_from_what_is_gone(item)
            });
            if is_edited_anyway || !role.trust.aws_principals().any(is_it) {
                continue;
            }
            let Some(place) = self.place(address) else { continue };
            let Some(document) = entry(&place.entry.value, "trust_document") else { continue };
            let left = self.without(&self.gone, &role.trust);
            if left.statements().is_empty() {
                return Err(format!("the trust policy of {address} lets nobody else in"));
            }
            let left = left.to_json();
            if let Some(file) = entry(&document.value, "file") {
                self.file(&place, file, &left, edits)?;
                continue;
            }
            let mut editor = Editor::new(place.text);
            editor
                .value(&document.value, &Yaml::from_json(&left))
                .map_err(|why| format!("it is named in the trust policy of {address}, and {why}"))?;
            add(edits, place.path, editor.finish());
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
            | Resource::ServiceLinkedRole(_)
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

/// Adds edits of one file to those that are known.
fn add(edits: &mut Edits, path: &str, pieces: Vec<Edit>) {
    match edits.get_mut(path) {
        Some(FileEdits::Pieces(known)) => {
            // What stands in the block that goes needs no edit of its own.
            let inside =
                |edit: &Edit| known.iter().any(|block| block.start <= edit.start && edit.end <= block.end);
            let more: Vec<Edit> = pieces.into_iter().filter(|edit| !inside(edit)).collect();
            known.extend(more);
        }
        _ if pieces.is_empty() => {}
        _ => _ = edits.insert(path.to_owned(), FileEdits::Pieces(pieces)),
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
                    // These say what stays so whatever there is, and are patterns besides.
                    "ignore" | "accept_findings" => continue,
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
