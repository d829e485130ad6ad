//! A manifest that takes over what drifted in the account, edited where it says otherwise and nowhere
//! else.

mod check;
mod fields;
mod gone;
mod json;

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Address, Field, Live};
use iamctl_policy::{Entry, Node, Value};
use iamctl_spec::{Options, ReadForEditing};

use crate::edit::{Edit, Editor, Why};
use crate::manifest::LeftOut;
use crate::write::Writer;

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
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
        _ => None,
    }
}
