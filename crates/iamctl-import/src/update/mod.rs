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

use crate::edit::{Edit, Editor};
use crate::manifest::LeftOut;
use crate::ours::without_others;
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
    let ours = without_others(live, &read.manifest.desired);
    let chosen: BTreeSet<Address> = read.manifest.desired.managed.keys().cloned().collect();
    let no_raw = BTreeSet::new();
    let gone = drifted.iter().filter(|item| item.fields.is_empty()).map(|item| &item.address);
    let gone: BTreeSet<&Address> = gone.collect();
    let writer = Writer::new(&ours, &chosen, &no_raw, false);
    let update = Update { read, manifest, options, writer, live: &ours, drifted, gone };
    let mut left_out = Vec::new();
    // What goes comes last: the lists that name it are edited by then.
    let (gone, changed): (Vec<_>, Vec<_>) = drifted
        .iter()
        .filter(|item| !update.follows_from_what_is_gone(item))
        .partition(|item| item.fields.is_empty());
    let items = changed.into_iter().chain(gone);
    let possible: Vec<Taken> =
        items.filter_map(|item| update.taken(item, |_| Ok(()), &mut left_out)).collect();
    // All at once first; when that does not read back as it should, one by one.
    let (files, mut done) = match update.checked(&possible) {
        Ok(files) => (files, possible),
        Err(_) => update.one_by_one(&possible, &mut left_out),
    };
    done.sort_by(|one, other| one.item.address.cmp(&other.item.address));
    left_out.sort_by(|one, other| one.address.cmp(&other.address));
    Updated { files, done: done.into_iter().map(|taken| taken.item).collect(), left_out }
}

/// Something, or a part of it, with the edits that take it over.
#[derive(Clone)]
struct Taken {
    item: Drifted,
    edits: Edits,
}

/// The edits for one thing, by file.
type Edits = BTreeMap<String, FileEdits>;

#[derive(Clone)]
enum FileEdits {
    Pieces(Vec<Edit>),
    Whole(String),
}

struct Update<'a> {
    read: &'a ReadForEditing,
    manifest: &'a str,
    options: &'a Options,
    writer: Writer<'a>,
    live: &'a Live,
    drifted: &'a [Drifted],
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
    /// What is not taken all at once, each thing with those before it.
    fn one_by_one(
        &self,
        possible: &[Taken],
        left_out: &mut Vec<LeftOut>,
    ) -> (BTreeMap<String, String>, Vec<Taken>) {
        let mut done: Vec<Taken> = Vec::new();
        for one in possible {
            let fits = |one: &Taken| self.checked(done.iter().chain([one])).map(drop);
            if let Some(taken) = self.taken(&one.item, fits, left_out) {
                done.push(taken);
            }
        }
        (self.checked(&done).unwrap_or_default(), done)
    }

    /// A thing with its edits; where something stands in the way, as many of its fields as are possible.
    fn taken(
        &self,
        item: &Drifted,
        fits: impl Fn(&Taken) -> Result<(), String>,
        left_out: &mut Vec<LeftOut>,
    ) -> Option<Taken> {
        let attempt = |item: Drifted| {
            let taken = self.item(&item).map(|edits| Taken { item, edits })?;
            fits(&taken).map(|()| taken)
        };
        let reason = match attempt(item.clone()) {
            Ok(taken) => return Some(taken),
            Err(reason) => reason,
        };
        let address = &item.address;
        if item.fields.len() < 2 {
            left_out.push(LeftOut { address: address.clone(), reason });
            return None;
        }
        let mut taken: Option<Taken> = None;
        for field in &item.fields {
            let known = taken.iter().flat_map(|taken| &taken.item.fields);
            let fields = known.chain([field]).copied().collect();
            match attempt(Drifted { address: address.clone(), fields }) {
                Ok(more) => taken = Some(more),
                Err(reason) => {
                    let reason = of_field(*field, &reason);
                    left_out.push(LeftOut { address: address.clone(), reason });
                }
            }
        }
        taken
    }

    fn item(&self, item: &Drifted) -> Result<Edits, String> {
        let place = self.place(&item.address).ok_or("its block was not found in the manifest")?;
        let mut editor = Editor::new(place.text);
        let mut edits = Edits::new();
        if item.fields.is_empty() {
            editor.remove_entry(place.section, place.entry).map_err(|why| why.to_string())?;
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

/// A reason that says which field it is about.
fn of_field(field: Field, reason: &str) -> String {
    if reason.starts_with('`') { reason.to_owned() } else { format!("`{field}`: {reason}") }
}

fn entry<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|entry| entry.key == key),
        _ => None,
    }
}
