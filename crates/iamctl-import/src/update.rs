//! A manifest that takes over what drifted in the account, edited where it says otherwise and nowhere
//! else.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Address, Desired, Field, Live, PasswordPolicy, PolicyArn, PrincipalArn, Resource};
use iamctl_policy::{Document, Entry, Node, Value};
use iamctl_spec::{FilesInMemory, Manifest, Options, ReadForEditing, resolve_path};

use crate::edit::{Edit, Editor, Why, apply};
use crate::manifest::LeftOut;
use crate::write::{Writer, is_ghost};
use crate::yaml::{Yaml, escaped_json};

/// Something that is not in the account as the manifest says, and shall be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drifted {
    /// The thing.
    pub address: Address,
    /// What of it; nothing when it was deleted.
    pub fields: BTreeSet<Field>,
}

/// An edited manifest.
#[derive(Debug, Clone, Default)]
pub struct Updated {
    /// Path and new text of each file that changed.
    pub files: BTreeMap<String, String>,
    /// What was taken over.
    pub done: Vec<Drifted>,
    /// What was not, with the reason.
    pub left_out: Vec<LeftOut>,
}

/// Edits a manifest so that it says of the drifted things what is in the account.
///
/// The edited text is read again before it is given out: it must say what the account says, and of
/// everything else what it said before. What cannot be edited so is left as it is.
#[must_use]
pub fn update(
    read: &ReadForEditing,
    manifest: &str,
    options: &Options,
    live: &Live,
    drifted: &[Drifted],
) -> Updated {
    let chosen: BTreeSet<Address> = read.manifest.desired.managed.keys().cloned().collect();
    let no_raw = BTreeSet::new();
    let gone = drifted.iter().filter(|item| item.fields.is_empty()).map(|item| &item.address);
    let gone: BTreeSet<&Address> = gone.collect();
    let update = Update { read, writer: Writer::new(live, &chosen, &no_raw, false), live, gone };
    let mut left_out = Vec::new();
    let mut possible: Vec<(&Drifted, Edits)> = Vec::new();
    for item in drifted.iter().filter(|item| !update.follows_from_what_is_gone(item)) {
        match update.item(item) {
            Ok(edits) => possible.push((item, edits)),
            Err(reason) => left_out.push(LeftOut { address: item.address.clone(), reason }),
        }
    }
    // All at once first; when that does not read back as it should, one by one.
    let all: Vec<&Edits> = possible.iter().map(|(_, edits)| edits).collect();
    let items: Vec<&Drifted> = possible.iter().map(|(item, _)| *item).collect();
    if let Ok(files) = update.checked(&all, &items, manifest, options) {
        let done = items.into_iter().cloned().collect();
        return Updated { files, done, left_out };
    }
    let mut taken: Vec<(&Drifted, &Edits)> = Vec::new();
    let mut files = BTreeMap::new();
    for (item, edits) in &possible {
        let edits_now: Vec<&Edits> = taken.iter().map(|(_, edits)| *edits).chain([edits]).collect();
        let items_now: Vec<&Drifted> = taken.iter().map(|(item, _)| *item).chain([*item]).collect();
        match update.checked(&edits_now, &items_now, manifest, options) {
            Ok(edited) => {
                files = edited;
                taken.push((item, edits));
            }
            Err(reason) => left_out.push(LeftOut { address: item.address.clone(), reason }),
        }
    }
    Updated { files, done: taken.into_iter().map(|(item, _)| item.clone()).collect(), left_out }
}

/// The edits for one thing, by file.
type Edits = BTreeMap<String, FileEdits>;

enum FileEdits {
    Pieces(Vec<Edit>),
    Whole(String),
}

struct Update<'a> {
    read: &'a ReadForEditing,
    writer: Writer<'a>,
    live: &'a Live,
    /// What was deleted in the account.
    gone: BTreeSet<&'a Address>,
}

/// Where the block of a thing stands.
struct Place<'a> {
    path: &'a str,
    text: &'a str,
    /// The map of all things of its kind.
    section: &'a Node,
    entry: &'a Entry,
}

impl Update<'_> {
    fn item(&self, item: &Drifted) -> Result<Edits, String> {
        let place = self.place(&item.address).ok_or("its block was not found in the manifest")?;
        let mut editor = Editor::new(place.text);
        let mut edits = Edits::new();
        if item.fields.is_empty() {
            let Value::Map(entries) = &place.section.value else {
                return Err(Why::Layout.to_string());
            };
            editor.remove_entry(place.section, entries, place.entry).map_err(|why| why.to_string())?;
            edits.insert(place.path.to_owned(), FileEdits::Pieces(editor.finish()));
            self.remove_references(&item.address, &mut edits)?;
            return Ok(edits);
        }
        let written = self.writer.thing(&item.address).ok_or("it is not in the account")?;
        for field in &item.fields {
            self.field(*field, &place, &written.entries, &mut editor, &mut edits)?;
        }
        edits.insert(place.path.to_owned(), FileEdits::Pieces(editor.finish()));
        Ok(edits)
    }

    /// Whether a trust policy differs for no other reason than that somebody whom it names was deleted:
    /// that is taken over where the block of the deleted one is.
    fn follows_from_what_is_gone(&self, item: &Drifted) -> bool {
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
    fn remove_references(&self, address: &Address, edits: &mut Edits) -> Result<(), String> {
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

    fn place(&self, address: &Address) -> Option<Place<'_>> {
        let section = address.kind().section();
        let span = self.read.manifest.desired.managed.get(address)?.span;
        self.read.trees.iter().find_map(|(path, node)| {
            let Value::Map(sections) = &node.value else { return None };
            let found = sections.iter().find(|entry| entry.key == section)?;
            if address.kind().is_setting() {
                return Some(Place { path, text: self.text(path)?, section: node, entry: found });
            }
            let section = &found.value;
            let Value::Map(entries) = &section.value else { return None };
            let entry = entries.iter().find(|entry| entry.key_span == span)?;
            Some(Place { path, text: self.text(path)?, section, entry })
        })
    }

    fn text(&self, path: &str) -> Option<&str> {
        let files = &self.read.manifest.files;
        files.iter().find(|(known, _)| known == path).map(|(_, text)| text.as_str())
    }

    fn field(
        &self,
        field: Field,
        place: &Place<'_>,
        written: &[(String, Yaml)],
        editor: &mut Editor<'_>,
        edits: &mut Edits,
    ) -> Result<(), String> {
        let wanted = |key: &str| written.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let block = &place.entry.value;
        let has = |key: &str| entry(block, key).is_some();
        let mut set = |key: &str, value: Option<&Yaml>| {
            self.set(place, block, key, value, editor).map_err(|why| format!("`{key}`: {why}"))
        };
        match field {
            Field::Trust if has("trust") && wanted("trust").is_some() => set("trust", wanted("trust")),
            Field::Trust => {
                let trust = match self.live.resource(self.address_of(place)?, None) {
                    Some(Resource::Role(role)) => role.trust.to_json(),
                    _ => return Err("it is not in the account".to_owned()),
                };
                if has("trust") {
                    return Err(
                        "`trust`: the shorthand has no words for it; write `trust_document`".to_owned()
                    );
                }
                match entry(block, "trust_document").and_then(|found| entry(&found.value, "file")) {
                    Some(file) => self.file(place, file, &trust, edits),
                    None => set("trust_document", Some(&Yaml::from_json(&trust))),
                }
            }
            Field::Document => {
                match (entry(block, "file"), self.live.resource(self.address_of(place)?, None)) {
                    (Some(file), Some(Resource::Policy(policy))) => {
                        self.file(place, file, &policy.document.to_json(), edits)
                    }
                    _ => set("document", wanted("document")),
                }
            }
            Field::Metadata => {
                match (entry(block, "metadata_file"), self.live.resource(self.address_of(place)?, None)) {
                    (Some(file), Some(Resource::SamlProvider(provider))) => {
                        let path = file.value.as_str().ok_or("`metadata_file` is not a path")?;
                        let path = resolve_path(place.path, path).map_err(str::to_owned)?;
                        edits.insert(path, FileEdits::Whole(provider.metadata.as_str().to_owned()));
                        Ok(())
                    }
                    (None, Some(Resource::SamlProvider(provider))) => {
                        set("metadata", Some(&Yaml::text(provider.metadata.as_str())))
                    }
                    _ => Err("it is not in the account".to_owned()),
                }
            }
            Field::Policies => {
                let list = wanted("policies").map(|list| self.as_spelled(block, list));
                set("policies", list.as_ref())
            }
            Field::InlinePolicies => self.inline(place, block, wanted("inline_policies"), editor, edits),
            Field::Alias if !matches!(block.value, Value::Map(_)) => match wanted("name") {
                Some(alias) => editor.value(block, alias).map_err(|why| why.to_string()),
                None => Err("it is not in the account".to_owned()),
            },
            Field::Alias => set("name", wanted("name")),
            Field::Members => {
                Err("others are members of it: import them, or list them under `ignore:`".to_owned())
            }
            Field::Name | Field::Bucket | Field::Manifest | Field::Ownership => {
                Err(format!("its {field} is nothing that a block says"))
            }
            Field::Path
            | Field::Description
            | Field::MaxSessionDuration
            | Field::PermissionsBoundary
            | Field::Groups
            | Field::Role
            | Field::ClientIds
            | Field::Thumbprints
            | Field::MinimumPasswordLength
            | Field::RequireSymbols
            | Field::RequireNumbers
            | Field::RequireUppercaseCharacters
            | Field::RequireLowercaseCharacters
            | Field::AllowUsersToChangePassword
            | Field::MaxPasswordAge
            | Field::PasswordReusePrevention
            | Field::HardExpiry
            | Field::Tags => set(field.as_str(), wanted(field.as_str())),
        }
    }

    fn address_of(&self, place: &Place<'_>) -> Result<&Address, String> {
        let managed = &self.read.manifest.desired.managed;
        let found = managed.iter().find(|(_, managed)| managed.span == place.entry.key_span);
        found.map(|(address, _)| address).ok_or_else(|| "its block was not found".to_owned())
    }

    /// Sets one key of a block, or takes it away.
    fn set(
        &self,
        place: &Place<'_>,
        block: &Node,
        key: &str,
        wanted: Option<&Yaml>,
        editor: &mut Editor<'_>,
    ) -> Result<(), Why> {
        // What is absent may come from `defaults:`; then saying nothing is not the same as nothing.
        if matches!(block.value, Value::Null) {
            let Some(wanted) = wanted else { return Ok(()) };
            return editor.fill_empty(place.entry, key, wanted);
        }
        editor.entry(block, key, wanted)
    }

    /// A list of policies in which those that stay are spelled as they are now.
    fn as_spelled(&self, block: &Node, wanted: &Yaml) -> Yaml {
        let (Yaml::List(new), Some(found)) = (wanted, entry(block, "policies")) else {
            return wanted.clone();
        };
        let spelled = |text: &Yaml| {
            let Yaml::Text(text) = text else { return text.clone() };
            let written = found.value.one_or_many().iter().filter_map(Node::as_str);
            let same = written.into_iter().find(|spelling| self.writer.means(spelling, text));
            Yaml::text(same.unwrap_or(text))
        };
        Yaml::List(new.iter().map(spelled).collect())
    }

    /// Inline policies one by one: some may lie in files.
    fn inline(
        &self,
        place: &Place<'_>,
        block: &Node,
        wanted: Option<&Yaml>,
        editor: &mut Editor<'_>,
        edits: &mut Edits,
    ) -> Result<(), String> {
        let told = |why: Why| format!("`inline_policies`: {why}");
        let (Some(found), Some(Yaml::Block(new))) = (entry(block, "inline_policies"), wanted) else {
            return self.set(place, block, "inline_policies", wanted, editor).map_err(told);
        };
        let Value::Map(known) = &found.value.value else { return Err(told(Why::Layout)) };
        for policy in
            known.iter().filter(|policy| !new.iter().any(|(name, _)| name.eq_ignore_ascii_case(&policy.key)))
        {
            editor.remove_entry(&found.value, known, policy).map_err(told)?;
        }
        for (name, value) in new {
            let policy = known.iter().find(|policy| policy.key.eq_ignore_ascii_case(name));
            let file = policy.and_then(|policy| entry(&policy.value, "file"));
            match (policy, file, value) {
                (_, Some(file), Yaml::Block(parts)) => {
                    let Some((_, document)) = parts.first() else { continue };
                    self.file(place, file, &document.to_json(), edits)?;
                }
                (Some(policy), None, Yaml::Block(parts)) => {
                    let Some((_, document)) = parts.first() else { continue };
                    editor.entry(&policy.value, "document", Some(document)).map_err(told)?;
                }
                _ => editor.entry(&found.value, name, Some(value)).map_err(told)?,
            }
        }
        Ok(())
    }

    /// Writes a document to the file that it lies in.
    fn file(
        &self,
        place: &Place<'_>,
        file: &Entry,
        document: &serde_json::Value,
        edits: &mut Edits,
    ) -> Result<(), String> {
        let written = file.value.as_str().ok_or("`file` is not a path")?;
        let path = resolve_path(place.path, written).map_err(str::to_owned)?;
        let (Some(text), Some((_, node))) =
            (self.text(&path), self.read.documents.iter().find(|(known, _)| *known == path))
        else {
            return Err(format!("`{path}` was not read"));
        };
        let edit = if path.to_ascii_lowercase().ends_with(".json") {
            FileEdits::Whole(rewritten_json(text, node, document))
        } else {
            let mut editor = Editor::new(text);
            editor.value(node, &Yaml::from_json(document)).map_err(|why| format!("`{path}`: {why}"))?;
            FileEdits::Pieces(editor.finish())
        };
        edits.insert(path, edit);
        Ok(())
    }

    /// The edited files, once they were read again.
    fn checked(
        &self,
        edits: &[&Edits],
        items: &[&Drifted],
        manifest: &str,
        options: &Options,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut pieces: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
        let mut files = BTreeMap::new();
        for (path, edit) in edits.iter().flat_map(|edits| edits.iter()) {
            match edit {
                FileEdits::Pieces(more) => pieces.entry(path).or_default().extend(more.iter().cloned()),
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
        let again = iamctl_spec::parse(&memory, manifest, options).map_err(|rejected| {
            let first = rejected.diagnostics.iter().next().map(|found| found.message.clone());
            format!("the manifest would not be valid any more: {}", first.unwrap_or_default())
        })?;
        self.compare(&again, items)?;
        Ok(files)
    }

    /// Whether a thing is what it was, without what is gone.
    fn only_lost(&self, gone: &BTreeSet<&Address>, before: &Resource, now: &Resource) -> bool {
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

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
        _ => None,
    }
}

/// Whether two things are the same, the members of groups aside: they are those of the users.
fn is_same(one: &Resource, other: &Resource) -> bool {
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

/// A JSON document in the order and indentation of its file.
fn rewritten_json(text: &str, node: &Node, document: &serde_json::Value) -> String {
    let ordered = escaped_json(&in_order_of(node, document));
    let second = text.lines().nth(1).unwrap_or("  ");
    let indent: String = second.chars().take_while(|c| *c == ' ' || *c == '\t').collect();
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    let written = serde::Serialize::serialize(&ordered, &mut serializer);
    let pretty = String::from_utf8(out).ok().filter(|_| written.is_ok());
    pretty.unwrap_or_else(|| format!("{ordered:#}")) + "\n"
}

/// A value whose maps and lists follow those of the text, as far as they have the same in them.
fn in_order_of(node: &Node, json: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match (&node.value, json) {
        (Value::Map(entries), Json::Object(map)) => {
            let known = entries.iter().filter_map(|entry| {
                let value = map.get(&entry.key)?;
                Some((entry.key.clone(), in_order_of(&entry.value, value)))
            });
            let new = map.iter().filter(|(key, _)| !entries.iter().any(|entry| entry.key == **key));
            Json::Object(known.chain(new.map(|(key, value)| (key.clone(), value.clone()))).collect())
        }
        (Value::List(items), Json::Array(values)) => {
            let mut left: Vec<&Json> = values.iter().collect();
            let mut out = Vec::new();
            for item in items {
                let same = left.iter().position(|value| crate::edit::same(item, &Yaml::from_json(value)));
                let alike =
                    || left.iter().position(|value| crate::edit::alike(item, &Yaml::from_json(value)));
                if let Some(at) = same.or_else(alike) {
                    out.push(in_order_of(item, left.remove(at)));
                }
            }
            out.extend(left.into_iter().cloned());
            Json::Array(out)
        }
        // A list of one stays a list.
        (Value::List(items), single) if !single.is_null() => match items.first() {
            Some(item) => Json::Array(vec![in_order_of(item, single)]),
            None => single.clone(),
        },
        _ => json.clone(),
    }
}
