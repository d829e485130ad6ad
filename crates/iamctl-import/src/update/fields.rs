//! One field of a thing in its block: which value goes where, and what lies in files of its own.

use iamctl_model::{Address, Field, Resource};
use iamctl_policy::{Entry, Node, Value};
use iamctl_spec::resolve_path;

use super::json::{as_before, rewritten_json};
use super::{Edits, FileEdits, Place, Update, entry};
use crate::edit::{Editor, Why};
use crate::yaml::Yaml;

impl Update<'_> {
    pub(super) fn field(
        &self,
        field: Field,
        place: &Place<'_>,
        written: &[(String, Yaml)],
        editor: &mut Editor<'_>,
        edits: &mut Edits,
    ) -> Result<(), String> {
        let wanted = |key: &str| written.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let block = &place.entry.value;
        let mut set = |key: &str, value: Option<&Yaml>| self.told(place, key, value, editor);
        match field {
            Field::Trust => self.trust(place, wanted("trust"), editor, edits),
            Field::Document => self.document(place, wanted("document"), editor, edits),
            Field::Metadata => self.metadata(place, editor, edits),
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
            | Field::HardExpiry => match wanted(field.as_str()) {
                Some(value) => set(field.as_str(), Some(value)),
                None => set(field.as_str(), self.instead_of_default(place, field).as_ref()),
            },
            Field::Tags => {
                let tags = wanted("tags").and_then(|tags| self.without_defaults(place, tags));
                set("tags", tags.as_ref())
            }
        }
    }

    /// As shorthand where it is written so, else as a document.
    fn trust(
        &self,
        place: &Place<'_>,
        wanted: Option<&Yaml>,
        editor: &mut Editor<'_>,
        edits: &mut Edits,
    ) -> Result<(), String> {
        let block = &place.entry.value;
        match (entry(block, "trust"), wanted) {
            (Some(_), Some(_)) => return self.told(place, "trust", wanted, editor),
            (Some(_), None) => {
                return Err("`trust`: the shorthand has no words for it; write `trust_document`".to_owned());
            }
            (None, _) => {}
        }
        let Some(Resource::Role(role)) = self.live.resource(self.address_of(place)?, None) else {
            return Err("it is not in the account".to_owned());
        };
        let trust = role.trust.to_json();
        match entry(block, "trust_document").and_then(|found| entry(&found.value, "file")) {
            Some(file) => self.file(place, file, &trust, edits),
            None => self.told(place, "trust_document", Some(&Yaml::from_json(&trust)), editor),
        }
    }

    /// The text of a policy, in its place or in its file.
    fn document(
        &self,
        place: &Place<'_>,
        wanted: Option<&Yaml>,
        editor: &mut Editor<'_>,
        edits: &mut Edits,
    ) -> Result<(), String> {
        match (entry(&place.entry.value, "file"), self.live.resource(self.address_of(place)?, None)) {
            (Some(file), Some(Resource::Policy(policy))) => {
                self.file(place, file, &policy.document.to_json(), edits)
            }
            _ => self.told(place, "document", wanted, editor),
        }
    }

    /// The metadata of a SAML provider, in its place or in its file.
    fn metadata(&self, place: &Place<'_>, editor: &mut Editor<'_>, edits: &mut Edits) -> Result<(), String> {
        let Some(Resource::SamlProvider(provider)) = self.live.resource(self.address_of(place)?, None) else {
            return Err("it is not in the account".to_owned());
        };
        let text = provider.metadata.as_str();
        let Some(file) = entry(&place.entry.value, "metadata_file") else {
            // Neither line ends nor space around it count.
            let text = text.trim().replace("\r\n", "\n") + "\n";
            return self.told(place, "metadata", Some(&Yaml::text(text)), editor);
        };
        let path = file.value.as_str().ok_or("`metadata_file` is not a path")?;
        let path = resolve_path(place.path, path).map_err(str::to_owned)?;
        let text = as_before(self.text(&path).unwrap_or_default(), text);
        edits.insert(path, FileEdits::Whole(text));
        Ok(())
    }

    /// Sets one key of a block, or takes it away, and says of which key it cannot.
    fn told(
        &self,
        place: &Place<'_>,
        key: &str,
        wanted: Option<&Yaml>,
        editor: &mut Editor<'_>,
    ) -> Result<(), String> {
        let done = self.set(place, &place.entry.value, key, wanted, editor);
        done.map_err(|why| format!("`{key}`: {why}"))
    }

    /// What a block says where it has none of something that `defaults:` would give it.
    fn instead_of_default(&self, place: &Place<'_>, field: Field) -> Option<Yaml> {
        let (_, manifest) = self.read.trees.first()?;
        let section = self.address_of(place).ok()?.kind().section();
        let of_kind = &entry(&entry(manifest, "defaults")?.value, section)?.value;
        entry(of_kind, field.as_str())?;
        match field {
            Field::Path => Some(Yaml::text("/")),
            Field::PermissionsBoundary => Some(Yaml::Word("~".to_owned())),
            _ => None,
        }
    }

    /// Tags without those that come from `defaults:`, and are as they say.
    fn without_defaults(&self, place: &Place<'_>, tags: &Yaml) -> Option<Yaml> {
        let Yaml::Map(tags) = tags else { return Some(tags.clone()) };
        let own = entry(&place.entry.value, "tags").map(|tags| &tags.value);
        let managed =
            self.address_of(place).ok().and_then(|address| self.read.manifest.desired.managed.get(address));
        let known = managed.and_then(|managed| managed.value.tags());
        let is_default = |key: &str, value: &Yaml| {
            let is_own = own.is_some_and(|own| entry(own, key).is_some());
            let as_known = known.and_then(|tags| tags.0.get(key)).map(|value| Yaml::text(value.as_str()));
            !is_own && as_known.as_ref() == Some(value)
        };
        let left: Vec<_> = tags.iter().filter(|(key, value)| !is_default(key, value)).cloned().collect();
        (!left.is_empty()).then_some(Yaml::Map(left))
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
            editor.remove_entry(&found.value, policy).map_err(told)?;
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
    pub(super) fn file(
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
        let is_json = path.to_ascii_lowercase().ends_with(".json");
        let mut editor = if is_json { Editor::json(text) } else { Editor::new(text) };
        let edit = match editor.value(node, &Yaml::from_json(document)) {
            Ok(()) => FileEdits::Pieces(editor.finish()),
            Err(Why::Layout) if is_json => {
                FileEdits::Whole(as_before(text, &rewritten_json(text, node, document)))
            }
            Err(why) => return Err(format!("`{path}`: {why}")),
        };
        edits.insert(path, edit);
        Ok(())
    }
}
