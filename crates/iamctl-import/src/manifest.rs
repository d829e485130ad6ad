//! The whole manifest, and the proof that it says what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use iamctl_model::{Address, Desired, Kind, Live, ManifestName, MasterCopy, Resource, RoleName};
use iamctl_policy::{Diagnostic, Severity, Sources};
use iamctl_spec::{FilesInMemory, parse};

use crate::ours::without_tags_of_aws;
use crate::select::Selection;
use crate::write::{Writer, Written};
use crate::yaml::{Yaml, escaped, scalar, write_entries, write_entry};

/// The name of the manifest among the files that are written.
const MANIFEST: &str = "desired-state.yaml";

/// What stands at the top of the manifest.
#[derive(Debug, Clone)]
pub struct Head {
    /// The manifest's name.
    pub name: ManifestName,
    /// Where its master copy will lie.
    pub master_copy: MasterCopy,
}

/// What is imported, and how it is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// The top of the manifest.
    pub head: Head,
    /// What of the account.
    pub selection: Selection,
    /// Whether long documents go to files of their own.
    pub split: bool,
}

/// A manifest of the account.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Path and text of every file; the manifest first.
    pub files: Vec<(String, String)>,
    /// What is in it.
    pub addresses: BTreeSet<Address>,
    /// What was chosen and is not in it, with the reason.
    pub left_out: Vec<LeftOut>,
    /// How many things of AWS are not in it: service-linked roles, and what is under `/aws-reserved/`.
    pub of_aws: usize,
    /// How many things were not chosen.
    pub not_chosen: usize,
    /// Roles whose trust policy names users or roles that were deleted, by unique id.
    pub ghosts: BTreeMap<Address, BTreeSet<String>>,
    /// What was not read and is therefore ignored in the manifest, with how many things it is so for.
    pub not_read: BTreeMap<(Kind, &'static str), usize>,
}

/// A thing that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The thing.
    pub address: Address,
    /// Why not.
    pub reason: String,
}

/// The manifest could not be written at all: what its reader says of it is no fault of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritable(pub String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

/// Writes a manifest of what is in an account.
///
/// # Errors
///
/// When not even the top of the manifest can be read back, such as for the name of a bucket that cannot
/// be one. What is wrong with single things leaves them out.
pub fn import(live: &Live, options: &Options) -> Result<Imported, Unwritable> {
    let ours = without_tags_of_aws(live);
    let mut attempt = Attempt::new(live, &ours, options);
    loop {
        let text = attempt.write();
        if !attempt.judge(&text)? {
            return Ok(attempt.finish(text));
        }
    }
}

struct Attempt<'a> {
    live: &'a Live,
    options: &'a Options,
    chosen: BTreeSet<Address>,
    raw_trust: BTreeSet<RoleName>,
    left_out: Vec<LeftOut>,
    of_aws: usize,
    not_chosen: usize,
}

/// What one attempt has written.
struct Text {
    manifest: String,
    /// Where each thing stands in the manifest.
    places: Vec<(std::ops::Range<usize>, Address)>,
    things: Vec<Written>,
}

impl<'a> Attempt<'a> {
    /// Chooses by all tags, those of AWS too, and goes on without them.
    fn new(all: &Live, live: &'a Live, options: &'a Options) -> Self {
        let mut attempt = Self {
            live,
            options,
            chosen: BTreeSet::new(),
            raw_trust: BTreeSet::new(),
            left_out: Vec::new(),
            of_aws: 0,
            not_chosen: 0,
        };
        for (address, _) in live.addresses() {
            let is_of_aws = matches!(&address, Address::Role(name)
                if live.roles.get(name).is_some_and(|role| role.path.is_reserved()));
            if is_of_aws {
                attempt.of_aws = attempt.of_aws.saturating_add(1);
            } else if options.selection.chooses(all, &address) {
                attempt.chosen.insert(address);
            } else {
                attempt.not_chosen = attempt.not_chosen.saturating_add(1);
            }
        }
        attempt
    }

    fn write(&self) -> Text {
        let writer = Writer::new(self.live, &self.chosen, &self.raw_trust, self.options.split);
        let things: Vec<Written> = self.chosen.iter().filter_map(|address| writer.thing(address)).collect();
        let mut manifest = top(self.live, &self.options.head);
        let mut places = Vec::new();
        for (kind, section) in [
            (Kind::Policy, "policies"),
            (Kind::User, "users"),
            (Kind::Group, "groups"),
            (Kind::Role, "roles"),
            (Kind::InstanceProfile, "instance_profiles"),
            (Kind::OidcProvider, "oidc_providers"),
            (Kind::AccountAlias, "account_alias"),
            (Kind::PasswordPolicy, "password_policy"),
            (Kind::SamlProvider, "saml_providers"),
        ] {
            let mut of_kind = things.iter().filter(|thing| thing.address.kind() == kind).peekable();
            if of_kind.peek().is_some() {
                manifest.push_str(&format!("\n{section}:\n"));
            }
            for thing in of_kind {
                let begin = manifest.len();
                self.write_thing(thing, &mut manifest);
                places.push((begin..manifest.len(), thing.address.clone()));
            }
        }
        ignore_rules(&things, &mut manifest);
        Text { manifest, places, things }
    }

    fn write_thing(&self, thing: &Written, out: &mut String) {
        // A setting has no name: its block is the section.
        let indent = if thing.address.kind().is_setting() { 2 } else { 4 };
        if let Some(name) = self.live.spelling(&thing.address) {
            out.push_str(&format!("  {}:\n", scalar(name)));
        }
        for ghost in &thing.ghosts {
            out.push_str(&format!("    # {ghost} is a user or role that was deleted: nobody can use it.\n"));
        }
        write_entry("adopt", &Yaml::Word("true".to_owned()), out, indent);
        for (key, value) in &thing.entries {
            write_entry(key, &escaped(value.clone()), out, indent);
        }
    }

    /// Reads what was written. Whether another attempt is needed: with less in it, or in other words.
    fn judge(&mut self, text: &Text) -> Result<bool, Unwritable> {
        let mut files = FilesInMemory::new().with(MANIFEST, text.manifest.clone());
        let mut owners = BTreeMap::new();
        for thing in &text.things {
            for (path, document) in &thing.files {
                owners.insert(path.as_str(), &thing.address);
                files = files.with(path.clone(), document.clone());
            }
        }
        let options = iamctl_spec::Options {
            account: Some(self.live.account.clone()),
            ..iamctl_spec::Options::default()
        };
        let before = (self.chosen.len(), self.raw_trust.len());
        match parse(&files, MANIFEST, &options) {
            Ok(manifest) => self.compare(&manifest.desired),
            Err(rejected) => {
                for found in rejected.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
                    let address = place(found, &rejected.sources, text, &owners);
                    let Some(address) = address else {
                        return Err(Unwritable(found.message.clone()));
                    };
                    self.leave_out(&address, found.message.clone());
                }
            }
        }
        // Each attempt leaves something out or says it in other words, so there is a last one.
        Ok((self.chosen.len(), self.raw_trust.len()) != before)
    }

    /// Whatever was not read back as it is in the account is written in another way, or left out.
    fn compare(&mut self, desired: &Desired) {
        for address in self.chosen.clone() {
            let read = desired.managed.get(&address).map(|managed| &managed.value);
            let Some(read) = read else {
                self.leave_out(&address, "its block was not read back".to_owned());
                continue;
            };
            let Some(found) = self.live.resource(&address, Some(read)) else { continue };
            if says_the_same(read, &found) {
                continue;
            }
            match (&address, read, &found) {
                (Address::Role(name), Resource::Role(read), Resource::Role(found))
                    if read.trust != found.trust && self.raw_trust.insert(name.clone()) => {}
                _ => self.leave_out(&address, "the manifest has no words for all of it".to_owned()),
            }
        }
    }

    fn leave_out(&mut self, address: &Address, reason: String) {
        if self.chosen.remove(address) {
            self.left_out.push(LeftOut { address: address.clone(), reason });
        }
    }

    fn finish(self, text: Text) -> Imported {
        let mut files = vec![(MANIFEST.to_owned(), text.manifest)];
        let mut ghosts = BTreeMap::new();
        let mut not_read: BTreeMap<_, usize> = BTreeMap::new();
        for thing in text.things {
            files.extend(thing.files);
            for field in thing.not_read {
                let count = not_read.entry((thing.address.kind(), field)).or_default();
                *count = count.saturating_add(1);
            }
            if !thing.ghosts.is_empty() {
                ghosts.insert(thing.address, thing.ghosts);
            }
        }
        Imported {
            files,
            addresses: self.chosen,
            left_out: self.left_out,
            of_aws: self.of_aws,
            not_chosen: self.not_chosen,
            ghosts,
            not_read,
        }
    }
}

/// Whether what was read back is what is there; memberships are compared on the side of the users.
fn says_the_same(read: &Resource, found: &Resource) -> bool {
    match (read, found) {
        (Resource::Group(read), Resource::Group(found)) => {
            read.path == found.path
                && read.policies == found.policies
                && read.inline_policies == found.inline_policies
        }
        (Resource::User(read), Resource::User(found)) => {
            // Groups that are not in the manifest are left to others.
            let mut found = found.clone();
            found.groups.retain(|group| read.groups.contains(group));
            *read == found
        }
        (read, found) => read == found,
    }
}

/// The thing that a finding is about.
fn place(
    found: &Diagnostic,
    sources: &Sources,
    text: &Text,
    owners: &BTreeMap<&str, &Address>,
) -> Option<Address> {
    let spans = std::iter::once(found.span).chain(found.related.iter().map(|label| label.span));
    spans.filter(|span| !span.is_none()).find_map(|span| {
        let name = sources.get(span.source)?.name();
        if let Some(owner) = owners.get(name) {
            return Some((*owner).clone());
        }
        let at = usize::try_from(span.start).ok()?;
        text.places.iter().find(|(range, _)| range.contains(&at)).map(|(_, address)| address.clone())
    })
}

fn top(live: &Live, head: &Head) -> String {
    let Head { name, master_copy } = head;
    let MasterCopy { bucket, region, prefix, owner, kms_key } = master_copy;
    let mut place = vec![
        ("bucket".to_owned(), Yaml::text(bucket.as_str())),
        ("region".to_owned(), Yaml::text(region.as_str())),
    ];
    if !prefix.is_empty() {
        place.push(("prefix".to_owned(), Yaml::text(prefix.as_str())));
    }
    place.extend(owner.as_ref().map(|owner| ("owner".to_owned(), Yaml::text(owner.as_str()))));
    place.extend(kms_key.as_ref().map(|key| ("kms_key".to_owned(), Yaml::text(key.as_str()))));
    let mut out = format!(
        "# What was in the account {} when this was imported. The first `iamctl apply` makes it managed,\n\
         # and changes nothing in IAM. After that, `adopt: true` has done its work and can go.\n\n",
        live.account.id
    );
    let entries = [
        ("version".to_owned(), Yaml::Word("1".to_owned())),
        ("name".to_owned(), Yaml::text(name.as_str())),
        ("account".to_owned(), Yaml::text(live.account.id.as_str())),
        ("master_copy".to_owned(), Yaml::Block(place)),
    ];
    write_entries(&entries, &mut out, 0);
    out
}

/// Memberships of which only one side was imported stay as they are.
fn ignore_rules(things: &[Written], out: &mut String) {
    let texts = |names: Vec<String>| Yaml::List(names.into_iter().map(Yaml::Text).collect());
    let rule = |thing: &Written, key: &str, names: Vec<String>| {
        Yaml::Map(vec![
            ("on".to_owned(), texts(vec![thing.address.to_string()])),
            (key.to_owned(), texts(names)),
            ("reason".to_owned(), Yaml::text("not imported")),
        ])
    };
    let mut rules = Vec::new();
    for thing in things {
        let (groups, members) = (&thing.left_to_others.groups, &thing.left_to_others.members);
        if !groups.is_empty() {
            rules.push(rule(thing, "groups", groups.iter().map(ToString::to_string).collect()));
        }
        if !members.is_empty() {
            rules.push(rule(thing, "members", members.iter().map(ToString::to_string).collect()));
        }
    }
    if !rules.is_empty() {
        out.push('\n');
        write_entry("ignore", &Yaml::Items(rules), out, 0);
    }
}
