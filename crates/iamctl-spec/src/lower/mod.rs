//! From trees of values to [`Desired`]: what was typed becomes what was meant.

mod asked;
mod documents;
mod entities;
mod expectations;
mod findings;
mod ignore;
mod index;
mod master_copy;
mod organization;
mod providers;
mod references;
mod service_linked;
mod settings;
mod trust;
pub(crate) mod values;

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Account, Address, Desired, GroupName, Managed, ManifestName, PolicyArn, Resource, Tags, UserName,
};
use iamctl_policy::{Diagnostic, Diagnostics, Entry, Grammar, Node, Span, Value};

use crate::block::Reader;
use crate::keys;
use crate::load::{EffectiveAccount, Loader, Part};
use crate::rules::{Entity, World};
use findings::LookedThrough;
use index::{DefaultPaths, Index, Sections};
use settings::Settings;

/// Reads the parts of a manifest. `None` when one of the things without which there is no
/// [`Desired`] is missing; all that is wrong is in the loader's findings.
pub(crate) fn lower(parts: &[Part], account: &EffectiveAccount, loader: &mut Loader<'_>) -> Option<Desired> {
    let mut found = Diagnostics::new();
    let mut head = ManifestHead::default();
    let mut sections = Vec::new();
    for part in parts {
        if part.is_manifest {
            sections.extend(head.read(part, &mut found));
        } else {
            sections.extend(included(part, &mut found));
        }
    }
    let index = Index::of(&sections, &head.defaults.paths, &mut found);
    let looked_through = LookedThrough::default();
    let (documents, members_left) = (BTreeMap::new(), MAX_MEMBERS);
    let mut scope = Scope { account, loader, index, documents, members_left, looked_through, found };
    let defaults = std::mem::take(&mut head.defaults).resolved(&mut scope);

    let mut entities = scope.policies(&defaults);
    let (users, members) = scope.users(&defaults);
    entities.extend(scope.groups(&members));
    entities.extend(users);
    entities.extend(scope.roles(&defaults, &members));
    entities.extend(scope.instance_profiles(&defaults));
    entities.extend(scope.oidc_providers(&defaults));
    entities.extend(scope.saml_providers(&defaults));
    entities.extend(scope.service_linked_roles());

    let mut settings = scope.settings(&head);
    entities.append(&mut settings.entities);

    let forget = scope.forget(&sections, &entities, &settings);
    let ignore = scope.ignore(&sections);
    let accepted = scope.accepted(&sections);
    let mut questions = asked::budget();
    let tests = sections.iter().filter_map(|one| one.tests);
    let tests = tests.flat_map(|node| scope.tests(node, &mut questions)).collect();
    let organization = head.organization.and_then(|(node, from)| scope.organization(node, from));

    let looked_through = std::mem::take(&mut scope.looked_through);
    let mut found = std::mem::take(&mut scope.found);
    let world = World { entities: &entities, ignore: &ignore };
    crate::rules::check(&world, &mut found);
    loader.findings = looked_through.settled(&accepted, &mut found);
    loader.found.extend(found);
    let managed = entities.into_iter().map(|entity| (entity.address, entity.managed)).collect();
    Some(Desired {
        name: head.name?,
        renamed_from: head.renamed_from,
        account: account.guard.clone(),
        master_copy: head.master_copy?,
        managed,
        absent: settings.absent(),
        forget,
        ignore,
        tests,
        organization,
    })
}

/// What is needed to read a part of the manifest: what it may refer to, and where its files are.
struct Scope<'s, 'n, 'l> {
    account: &'s EffectiveAccount,
    loader: &'s mut Loader<'l>,
    index: Index<'n>,
    documents: BTreeMap<(String, &'static str), Option<iamctl_policy::Document>>,
    /// How many users groups may still stand for in trusts.
    members_left: usize,
    /// What is found in policy documents.
    looked_through: LookedThrough,
    found: Diagnostics,
}

/// How many users groups may stand for in all trusts together. A trust policy has room for some 200.
const MAX_MEMBERS: usize = 500_000;

impl Scope<'_, '_, '_> {
    fn account(&self) -> &Account {
        &self.account.account
    }
}

/// The members of each group: those users that name it.
type Members = BTreeMap<GroupName, BTreeSet<UserName>>;

/// What only the manifest itself holds.
#[derive(Default)]
struct ManifestHead<'n> {
    name: Option<ManifestName>,
    renamed_from: Option<ManifestName>,
    master_copy: Option<iamctl_model::MasterCopy>,
    defaults: RawDefaults<'n>,
    /// What the organisation limits, and the file it stands in.
    organization: Option<(&'n Node, &'n str)>,
    account_alias: Option<&'n Entry>,
    password_policy: Option<&'n Entry>,
}

impl<'n> ManifestHead<'n> {
    fn read(&mut self, part: &'n Part, found: &mut Diagnostics) -> Option<Sections<'n>> {
        let mut reader =
            Reader::open(&part.node, &keys::MANIFEST, "a manifest", found)?.reported_at(first_line(part));
        if let Some(node) = reader.get("version", found) {
            version(node, found);
        }
        self.name = reader.get("name", found).and_then(|node| manifest_name("`name`", node, found));
        self.renamed_from =
            reader.get("renamed_from", found).and_then(|node| former_name(node, &self.name, found));
        if let Some(node) = reader.get("account", found) {
            account_guard(node, found);
        }
        self.master_copy = reader.get("master_copy", found).and_then(|node| master_copy::read(node, found));
        self.defaults = RawDefaults::read(reader.get("defaults", found), found);
        self.organization = reader.get("organization", found).map(|node| (node, part.path.as_str()));
        self.account_alias = reader.entry("account_alias", found);
        self.password_policy = reader.entry("password_policy", found);
        // Read when the files were loaded.
        for loaded in ["variables", "include"] {
            reader.get(loaded, found);
        }
        let sections = sections(part, &mut reader, found);
        reader.finish(found);
        Some(sections)
    }
}

fn included<'n>(part: &'n Part, found: &mut Diagnostics) -> Option<Sections<'n>> {
    let mut reader = Reader::open(&part.node, &keys::INCLUDED, "an included file", found)?;
    reader.get("include", found);
    let sections = sections(part, &mut reader, found);
    reader.finish(found);
    Some(sections)
}

fn sections<'n>(part: &'n Part, reader: &mut Reader<'n>, found: &mut Diagnostics) -> Sections<'n> {
    Sections {
        part,
        policies: reader.get("policies", found),
        users: reader.get("users", found),
        groups: reader.get("groups", found),
        roles: reader.get("roles", found),
        instance_profiles: reader.get("instance_profiles", found),
        oidc_providers: reader.get("oidc_providers", found),
        saml_providers: reader.get("saml_providers", found),
        service_linked_roles: reader.get("service_linked_roles", found),
        forget: reader.get("forget", found),
        ignore: reader.get("ignore", found),
        accept_findings: reader.get("accept_findings", found),
        tests: reader.get("tests", found),
    }
}

/// Where keys that the manifest lacks are reported: its first key.
fn first_line(part: &Part) -> Span {
    match &part.node.value {
        Value::Map(entries) => entries.first().map_or(part.node.span, |entry| entry.key_span),
        _ => part.node.span,
    }
}

fn version(node: &Node, found: &mut Diagnostics) {
    let text = match &node.value {
        Value::Number(text) => text.as_str(),
        _ => "",
    };
    if text != "1" {
        found.push(
            Diagnostic::error(
                "version",
                node.span,
                "this is not a version of the manifest's format that is known",
            )
            .help("write `version: 1`; a newer version needs a newer iamctl"),
        );
    }
}

fn former_name(node: &Node, name: &Option<ManifestName>, found: &mut Diagnostics) -> Option<ManifestName> {
    let former = manifest_name("`renamed_from`", node, found)?;
    if name.as_ref() == Some(&former) {
        let message = format!("the manifest is called `{former}` already");
        found.push(
            Diagnostic::error("renamed-from", node.span, message)
                .help("write the name that it had before, or remove `renamed_from`"),
        );
        return None;
    }
    Some(former)
}

fn manifest_name(what: &str, node: &Node, found: &mut Diagnostics) -> Option<ManifestName> {
    let text = node.expect_str(what, found)?;
    let name = ManifestName::parse(text);
    if name.is_none() {
        found.push(
            Diagnostic::error("manifest-name", node.span, format!("`{text}` cannot be the name of a manifest")).help(
                "the name is part of keys in S3: at most 64 letters, digits, `-`, `_` and `.`, the first one a letter or digit",
            ),
        );
    }
    name
}

fn account_guard(node: &Node, found: &mut Diagnostics) {
    if let Some(text) = node.expect_scalar("`account`", found) {
        master_copy::account_id(&text, node.span, found);
    }
}

/// `defaults`, before the policies are known that boundaries name.
#[derive(Default)]
struct RawDefaults<'n> {
    paths: DefaultPaths,
    policy_tags: Tags,
    instance_profile_tags: Tags,
    oidc_provider_tags: Tags,
    saml_provider_tags: Tags,
    user: IdentityDefaults<&'n Node>,
    role: IdentityDefaults<&'n Node>,
}

/// What users, or roles, have unless they say otherwise.
struct IdentityDefaults<B> {
    tags: Tags,
    permissions_boundary: Option<B>,
}

impl<B> Default for IdentityDefaults<B> {
    fn default() -> Self {
        Self { tags: Tags::default(), permissions_boundary: None }
    }
}

/// What things have unless they say otherwise.
struct Defaults {
    policy_tags: Tags,
    instance_profile_tags: Tags,
    oidc_provider_tags: Tags,
    saml_provider_tags: Tags,
    user: IdentityDefaults<PolicyArn>,
    role: IdentityDefaults<PolicyArn>,
}

impl<'n> RawDefaults<'n> {
    fn read(node: Option<&'n Node>, found: &mut Diagnostics) -> Self {
        let mut defaults = Self::default();
        let Some(mut reader) = node.and_then(|node| Reader::open(node, &keys::DEFAULTS, "`defaults`", found))
        else {
            return defaults;
        };
        if let Some(mut policies) = open(&mut reader, "policies", &keys::PATH_AND_TAGS, found) {
            defaults.paths.policies = path(&mut policies, true, found);
            defaults.policy_tags = values::tags(policies.get("tags", found), found).0;
            policies.finish(found);
        }
        if let Some(mut profiles) = open(&mut reader, "instance_profiles", &keys::PATH_AND_TAGS, found) {
            defaults.paths.instance_profiles = path(&mut profiles, false, found);
            defaults.instance_profile_tags = values::tags(profiles.get("tags", found), found).0;
            profiles.finish(found);
        }
        if let Some(mut providers) = open(&mut reader, "oidc_providers", &keys::TAGS_ONLY, found) {
            defaults.oidc_provider_tags = values::tags(providers.get("tags", found), found).0;
            providers.finish(found);
        }
        if let Some(mut providers) = open(&mut reader, "saml_providers", &keys::TAGS_ONLY, found) {
            defaults.saml_provider_tags = values::tags(providers.get("tags", found), found).0;
            providers.finish(found);
        }
        if let Some(mut groups) = open(&mut reader, "groups", &keys::PATH_ONLY, found) {
            defaults.paths.groups = path(&mut groups, false, found);
            groups.finish(found);
        }
        if let Some(mut users) = open(&mut reader, "users", &keys::PATH_TAGS_BOUNDARY, found) {
            defaults.paths.users = path(&mut users, false, found);
            defaults.user = identity_defaults(users, found);
        }
        if let Some(mut roles) = open(&mut reader, "roles", &keys::PATH_TAGS_BOUNDARY, found) {
            defaults.paths.roles = path(&mut roles, false, found);
            defaults.role = identity_defaults(roles, found);
        }
        reader.finish(found);
        defaults
    }

    fn resolved(self, scope: &mut Scope<'_, '_, '_>) -> Defaults {
        let mut resolve = |raw: IdentityDefaults<&Node>| IdentityDefaults {
            tags: raw.tags,
            permissions_boundary: raw.permissions_boundary.and_then(|node| scope.boundary(node)),
        };
        let (user, role) = (resolve(self.user), resolve(self.role));
        Defaults {
            policy_tags: self.policy_tags,
            instance_profile_tags: self.instance_profile_tags,
            oidc_provider_tags: self.oidc_provider_tags,
            saml_provider_tags: self.saml_provider_tags,
            user,
            role,
        }
    }
}

fn open<'n>(
    defaults: &mut Reader<'n>,
    kind: &'static str,
    block: &'static crate::block::Block,
    found: &mut Diagnostics,
) -> Option<Reader<'n>> {
    let node = defaults.get(kind, found)?;
    Reader::open(node, block, format!("`defaults.{kind}`"), found)
}

fn path(reader: &mut Reader<'_>, is_policy: bool, found: &mut Diagnostics) -> iamctl_model::Path {
    reader.get("path", found).and_then(|node| values::path(node, is_policy, found)).unwrap_or_default()
}

fn identity_defaults<'n>(mut reader: Reader<'n>, found: &mut Diagnostics) -> IdentityDefaults<&'n Node> {
    let tags = values::tags(reader.get("tags", found), found).0;
    let permissions_boundary = reader.get("permissions_boundary", found);
    reader.finish(found);
    IdentityDefaults { tags, permissions_boundary }
}

impl Scope<'_, '_, '_> {
    /// The addresses under `forget`.
    fn forget(
        &mut self,
        sections: &[Sections<'_>],
        entities: &[Entity],
        settings: &Settings,
    ) -> BTreeSet<Address> {
        let there = entities.iter().map(|entity| (&entity.address, entity.managed.span));
        let absent = settings.absent.iter().map(|(address, place)| (address, *place));
        let defined: BTreeMap<_, _> = there.chain(absent).collect();
        let renamed =
            entities.iter().filter_map(|entity| Some((entity.managed.renamed_from.as_ref()?, entity)));
        let renamed: BTreeMap<_, _> = renamed.collect();
        let mut forgotten = BTreeSet::new();
        for node in sections.iter().filter_map(|one| one.forget) {
            for item in values::texts(node, "an address under `forget`", "`forget`", &mut self.found) {
                match item.text.parse::<Address>() {
                    Err(error) => {
                        self.found.push(Diagnostic::error("address", item.span, error.to_string()));
                    }
                    Ok(Address::MasterCopy) => self.found.push(Diagnostic::error(
                        "address",
                        item.span,
                        "the master copy cannot be forgotten: it is what remembers",
                    )),
                    Ok(address) => {
                        if let Some(place) = defined.get(&address) {
                            self.found.push(
                                Diagnostic::error(
                                    "forget-defined",
                                    item.span,
                                    format!("`{address}` cannot be both defined and forgotten"),
                                )
                                .related(*place, "defined here")
                                .help("remove one of the two"),
                            );
                        }
                        if let Some(entity) = renamed.get(&address) {
                            let message = format!("`{address}` cannot be both renamed and forgotten");
                            self.found.push(
                                Diagnostic::error("renamed-from", item.span, message)
                                    .related(entity.places.key("renamed_from"), "renamed here")
                                    .help("remove one of the two"),
                            );
                        }
                        forgotten.insert(address);
                    }
                }
            }
        }
        forgotten
    }
}

/// What an entity of the manifest becomes, with the places that later rules point to.
fn entity(address: Address, value: Resource, common: entities::Common) -> Entity {
    let entities::Common { span, adopt, protect, renamed_from, ignore, places } = common;
    let ignored = ignore.iter().map(|(field, _)| *field).collect();
    let managed = Managed { value, span, adopt, protect, ignore: ignored, renamed_from };
    Entity { address, managed, places, ignore }
}

/// The grammar's name, by which read documents are kept apart.
fn grammar_key(grammar: Grammar) -> &'static str {
    grammar.describe()
}
