//! Policies, users, groups, roles and instance profiles.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use iamctl_model::{
    Address, Field, Group, GroupName, InstanceProfile, NameError, Policy, PolicyArn, PolicyName, Resource,
    Role, RoleName, Tags, User, UserName,
};
use iamctl_policy::{Diagnostic, Document, Grammar, Node, Span, Value};

use super::{Defaults, IdentityDefaults, Members, Scope, documents, entity, values};
use crate::block::{Block, Reader};
use crate::keys;
use crate::rules::{Entity, Places};

const POLICY_IGNORES: &[Field] = &[Field::Document, Field::Tags];
const USER_IGNORES: &[Field] = &[
    Field::Path,
    Field::Groups,
    Field::Policies,
    Field::InlinePolicies,
    Field::PermissionsBoundary,
    Field::Tags,
];
const GROUP_IGNORES: &[Field] = &[Field::Path, Field::Members, Field::Policies, Field::InlinePolicies];
const ROLE_IGNORES: &[Field] = &[
    Field::Description,
    Field::MaxSessionDuration,
    Field::Trust,
    Field::Policies,
    Field::InlinePolicies,
    Field::PermissionsBoundary,
    Field::Tags,
];
const INSTANCE_PROFILE_IGNORES: &[Field] = &[Field::Role, Field::Tags];

/// What all kinds of block have.
pub(super) struct Common {
    pub(super) span: Span,
    pub(super) adopt: bool,
    pub(super) protect: bool,
    /// What a user or group was called before.
    pub(super) renamed_from: Option<Address>,
    pub(super) ignore: Vec<(Field, Span)>,
    pub(super) places: Places,
}

/// Stands in for a document that has a mistake, so that the other mistakes of the thing are told too.
/// INVARIANT: there is an error among the findings, and so nobody is given it as a desired state.
fn unreadable() -> Document {
    Document::from_statements(Vec::new())
}

/// A block that is being read.
pub(super) struct Open<'n> {
    pub(super) reader: Reader<'n>,
    pub(super) common: Common,
    from: String,
}

impl Scope<'_, '_, '_> {
    pub(super) fn policies(&mut self, defaults: &Defaults) -> Vec<Entity> {
        let heads: Vec<_> = self
            .index
            .policies
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node, head.from, head.path.clone()))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        for (name, span, node, from, path) in heads {
            let what = format!("policy `{name}`");
            self.looked_through.about(Address::Policy(name.clone()));
            let Some(mut open) = self.open(node, &keys::POLICY, &what, (span, from), POLICY_IGNORES) else {
                continue;
            };
            if documents::looks_like_document(node) {
                self.found.push(
                    Diagnostic::error(
                        "document-place",
                        span,
                        format!("{what} is written as a policy document"),
                    )
                    .help("put the document one level deeper, under `document:`"),
                );
                continue;
            }
            let description =
                values::description(open.reader.get("description", &mut self.found), false, &mut self.found);
            let (tags, tag_places) = self.tags(&mut open, &defaults.policy_tags, false);
            open.common.places.tags = tag_places;
            let document = self.document_of(&mut open, Grammar::Managed);
            open.reader.finish(&mut self.found);
            let document = document.unwrap_or_else(unreadable);
            let value = Resource::Policy(Policy { path, description, tags, document });
            entities.push(entity(Address::Policy(name), value, open.common));
        }
        entities
    }

    pub(super) fn users(&mut self, defaults: &Defaults) -> (Vec<Entity>, Members) {
        let heads: Vec<_> = self
            .index
            .users
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node, head.from, head.path.clone()))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        let mut members = Members::new();
        for (name, span, node, from, path) in heads {
            let what = format!("user `{name}`");
            self.looked_through.about(Address::User(name.clone()));
            let Some(mut open) = self.open(node, &keys::USER, &what, (span, from), USER_IGNORES) else {
                continue;
            };
            let former = self.former_name(&mut open, UserName::parse);
            open.common.renamed_from = former.map(Address::User);
            let groups = self.groups_of(&mut open);
            for group in &groups {
                members.entry(group.clone()).or_default().insert(name.clone());
            }
            let (policies, inline_policies) = self.granted(&mut open);
            let permissions_boundary = self.boundary_of(&mut open, &defaults.user);
            let (tags, tag_places) = self.tags(&mut open, &defaults.user.tags, true);
            open.common.places.tags = tag_places;
            open.reader.finish(&mut self.found);
            let value =
                Resource::User(User { path, tags, groups, policies, inline_policies, permissions_boundary });
            entities.push(entity(Address::User(name), value, open.common));
        }
        (entities, members)
    }

    pub(super) fn groups(&mut self, members: &Members) -> Vec<Entity> {
        let heads: Vec<_> = self
            .index
            .groups
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node, head.from, head.path.clone()))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        for (name, span, node, from, path) in heads {
            let what = format!("group `{name}`");
            self.looked_through.about(Address::Group(name.clone()));
            let Some(mut open) = self.open(node, &keys::GROUP, &what, (span, from), GROUP_IGNORES) else {
                continue;
            };
            let former = self.former_name(&mut open, GroupName::parse);
            open.common.renamed_from = former.map(Address::Group);
            let (policies, inline_policies) = self.granted(&mut open);
            open.reader.finish(&mut self.found);
            let members: BTreeSet<UserName> = members.get(&name).cloned().unwrap_or_default();
            let value = Resource::Group(Group { path, members, policies, inline_policies });
            entities.push(entity(Address::Group(name), value, open.common));
        }
        entities
    }

    pub(super) fn roles(&mut self, defaults: &Defaults, members: &Members) -> Vec<Entity> {
        let heads: Vec<_> = self
            .index
            .roles
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node, head.from, head.path.clone()))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        for (name, span, node, from, path) in heads {
            let what = format!("role `{name}`");
            self.looked_through.about(Address::Role(name.clone()));
            let Some(mut open) = self.open(node, &keys::ROLE, &what, (span, from), ROLE_IGNORES) else {
                continue;
            };
            let description =
                values::description(open.reader.get("description", &mut self.found), true, &mut self.found);
            let max_session_duration = values::session_duration(
                open.reader.get("max_session_duration", &mut self.found),
                &mut self.found,
            );
            let trust = self.trust(&mut open.reader, &what, members, from);
            let (policies, inline_policies) = self.granted(&mut open);
            let permissions_boundary = self.boundary_of(&mut open, &defaults.role);
            let (tags, tag_places) = self.tags(&mut open, &defaults.role.tags, true);
            open.common.places.tags = tag_places;
            open.reader.finish(&mut self.found);
            let trust = trust.unwrap_or_else(unreadable);
            let value = Resource::Role(Role {
                path,
                description,
                max_session_duration,
                trust,
                tags,
                policies,
                inline_policies,
                permissions_boundary,
            });
            entities.push(entity(Address::Role(name), value, open.common));
        }
        entities
    }

    pub(super) fn instance_profiles(&mut self, defaults: &Defaults) -> Vec<Entity> {
        let heads: Vec<_> = self
            .index
            .instance_profiles
            .iter()
            .map(|head| (head.name.clone(), head.span, head.node, head.from, head.path.clone()))
            .collect();
        let mut entities = Vec::with_capacity(heads.len());
        for (name, span, node, from, path) in heads {
            let what = format!("instance profile `{name}`");
            let at = (span, from);
            let opened = self.open(node, &keys::INSTANCE_PROFILE, &what, at, INSTANCE_PROFILE_IGNORES);
            let Some(mut open) = opened else { continue };
            let role = self.role_of(&mut open);
            let (tags, tag_places) = self.tags(&mut open, &defaults.instance_profile_tags, false);
            open.common.places.tags = tag_places;
            open.reader.finish(&mut self.found);
            let value = Resource::InstanceProfile(InstanceProfile { path, role, tags });
            entities.push(entity(Address::InstanceProfile(name), value, open.common));
        }
        entities
    }

    /// The role that an instance profile holds.
    fn role_of(&mut self, open: &mut Open<'_>) -> Option<RoleName> {
        let node = open.reader.get("role", &mut self.found)?;
        if matches!(node.value, Value::Null) {
            return None;
        }
        let text = node.expect_str("`role`", &mut self.found)?;
        self.own_role(text, node.span)
    }

    /// Opens a block and reads what all kinds have; the path was read with the names.
    pub(super) fn open<'n>(
        &mut self,
        node: &'n Node,
        block: &'static Block,
        what: &str,
        (span, from): (Span, &str),
        ignorable: &[Field],
    ) -> Option<Open<'n>> {
        let found = &mut self.found;
        let mut reader = Reader::open(node, block, what, found)?.reported_at(span);
        let places = Places::of(span, node);
        if block.keys.iter().any(|key| key.name == "path") {
            reader.get("path", found);
        }
        let common = Common {
            span,
            adopt: values::truth(reader.get("adopt", found), "`adopt`", found),
            protect: values::truth(reader.get("protect", found), "`protect`", found),
            renamed_from: None,
            ignore: values::ignored_fields(reader.get("ignore", found), ignorable, found),
            places,
        };
        Some(Open { reader, common, from: from.to_owned() })
    }

    /// What a user or group was called before.
    fn former_name<N>(
        &mut self,
        open: &mut Open<'_>,
        parse: impl Fn(&str) -> Result<N, NameError>,
    ) -> Option<N> {
        let node = open.reader.get("renamed_from", &mut self.found)?;
        let text = node.expect_str("`renamed_from`", &mut self.found)?;
        match parse(text) {
            Ok(name) => Some(name),
            Err(error) => {
                let mistake = Diagnostic::error("name", node.span, error.to_string()).help(error.help());
                self.found.push(mistake);
                None
            }
        }
    }

    fn document_of(&mut self, open: &mut Open<'_>, grammar: Grammar) -> Option<Document> {
        let written =
            (open.reader.entry("document", &mut self.found), open.reader.entry("file", &mut self.found));
        let what = open.reader.what().to_owned();
        self.document_or_file(written, (&what, open.reader.span()), grammar, &open.from)
    }

    fn groups_of(&mut self, open: &mut Open<'_>) -> BTreeSet<GroupName> {
        let node = open.reader.get("groups", &mut self.found);
        let items = node
            .map(|node| values::texts(node, "an item of `groups`", "`groups`", &mut self.found))
            .unwrap_or_default();
        let mut groups = BTreeSet::new();
        for item in items {
            let Some(head) = self.index.groups.resolve(item.text, item.span, &mut self.found) else {
                continue;
            };
            if !groups.insert(head.name.clone()) {
                self.found.push(
                    Diagnostic::warning(
                        "named-twice",
                        item.span,
                        format!("the group `{}` is named twice", item.text),
                    )
                    .help("remove one of them"),
                );
            }
        }
        groups
    }

    /// The managed policies attached to a user, group or role, and its inline policies.
    fn granted(&mut self, open: &mut Open<'_>) -> (BTreeSet<PolicyArn>, BTreeMap<PolicyName, Document>) {
        let attached = open.reader.get("policies", &mut self.found);
        let attached = self.attached(attached);
        let inline = open.reader.get("inline_policies", &mut self.found);
        let entries =
            inline.and_then(|node| node.expect_map("`inline_policies`", &mut self.found)).unwrap_or_default();
        let mut documents = BTreeMap::new();
        let mut places: BTreeMap<PolicyName, Span> = BTreeMap::new();
        for entry in entries {
            let name = match PolicyName::parse(&entry.key) {
                Ok(name) => name,
                Err(error) => {
                    self.found.push(
                        Diagnostic::error("name", entry.key_span, error.to_string()).help(error.help()),
                    );
                    continue;
                }
            };
            if let Some((first, place)) = places.get_key_value(&name) {
                self.found.push(
                    Diagnostic::error(
                        "name-case",
                        entry.key_span,
                        format!("`{name}` and `{first}` are the same inline policy to AWS"),
                    )
                    .related(*place, "first defined here")
                    .help("names must differ in more than the case of their letters"),
                );
                continue;
            }
            places.insert(name.clone(), entry.key_span);
            if let Some(document) = self.inline_document(&entry.value, &name, entry.key_span, &open.from) {
                documents.insert(name, document);
            }
        }
        (attached, documents)
    }

    fn inline_document(
        &mut self,
        node: &Node,
        name: &PolicyName,
        span: Span,
        from: &str,
    ) -> Option<Document> {
        let what = format!("inline policy `{name}`");
        if documents::looks_like_document(node) {
            self.found.push(
                Diagnostic::error("document-place", span, format!("{what} is written as a policy document"))
                    .help("put the document one level deeper, under `document:`"),
            );
            return None;
        }
        let mut reader = Reader::open(node, &keys::INLINE_POLICY, &what, &mut self.found)?.reported_at(span);
        let written = (reader.entry("document", &mut self.found), reader.entry("file", &mut self.found));
        reader.finish(&mut self.found);
        self.document_or_file(written, (&what, span), Grammar::Inline, from)
    }

    fn boundary_of(
        &mut self,
        open: &mut Open<'_>,
        defaults: &IdentityDefaults<PolicyArn>,
    ) -> Option<PolicyArn> {
        match open.reader.get("permissions_boundary", &mut self.found) {
            Some(node) => self.boundary(node),
            None => defaults.permissions_boundary.clone(),
        }
    }

    /// The tags of a block and those it has by default. On users and roles the case of keys does not
    /// count.
    pub(super) fn tags(
        &mut self,
        open: &mut Open<'_>,
        defaults: &Tags,
        fold_case: bool,
    ) -> (Tags, Vec<(String, Span)>) {
        let (mut tags, places) = values::tags(open.reader.get("tags", &mut self.found), &mut self.found);
        let folded = |key: &String| if fold_case { key.to_ascii_lowercase() } else { key.clone() };
        let own: HashSet<_> = tags.0.keys().map(folded).collect();
        let others = defaults.0.iter().filter(|(key, _)| !own.contains(&folded(key)));
        tags.0.extend(others.map(|(key, value)| (key.clone(), value.clone())));
        (tags, places)
    }
}
