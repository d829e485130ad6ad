//! Generated desired states: few names, so that states overlap.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    AccountAlias, Address, Alias, Desired, Group, GroupName, InstanceProfile, InstanceProfileName, Managed,
    ManifestName, MasterCopy, OidcProvider, OidcProviderArn, OidcProviderUrl, PasswordPolicy, Path, Policy,
    PolicyArn, PolicyName, Resource, Role, RoleName, SamlMetadata, SamlProvider, SamlProviderArn,
    SamlProviderName, ServiceLinkedRole, ServiceLinkedRoleName, SessionDuration, Tags, User, UserName,
    Within,
};
use iamctl_policy::{Document, Span};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use crate::world::account;

/// A manifest that manages exactly these.
pub(crate) fn desired(resources: impl IntoIterator<Item = (Address, Resource)>) -> Desired {
    let managed = resources.into_iter().map(|(address, value)| {
        let managed = Managed {
            value,
            span: Span::NONE,
            adopt: false,
            protect: false,
            ignore: BTreeSet::new(),
            renamed_from: None,
        };
        (address, managed)
    });
    Desired {
        name: ManifestName::parse("test").unwrap(),
        renamed_from: None,
        account: None,
        master_copy: MasterCopy {
            bucket: "bucket".into(),
            region: "eu-west-1".into(),
            prefix: String::new(),
            owner: None,
            kms_key: None,
        },
        managed: managed.collect(),
        absent: BTreeSet::new(),
        forget: BTreeSet::new(),
        ignore: Vec::new(),
        tests: Vec::new(),
        organization: None,
    }
}

/// The second of two states, in which some users and groups of both have new names.
pub(crate) fn with_new_names(first: &Desired, mut second: Desired, which: [bool; 4]) -> Desired {
    let renamed = |at: &usize| which.get(*at).copied().unwrap_or(false);
    for at in (0..USERS).filter(renamed) {
        let (from, to) = (user_name(at), UserName::parse(&format!("v{at}")).unwrap());
        let (old, new) = (Address::User(from.clone()), Address::User(to.clone()));
        if !first.managed.contains_key(&old) {
            continue;
        }
        let Some(mut managed) = second.managed.remove(&old) else { continue };
        let arn = |name| account().user_arn(managed.value.path().unwrap(), name).as_str().to_owned();
        let (was, is) = (arn(&from), arn(&to));
        managed.renamed_from = Some(old);
        second.managed.insert(new, managed);
        for managed in second.managed.values_mut() {
            if let Resource::Group(group) = &mut managed.value
                && group.members.remove(&from)
            {
                group.members.insert(to.clone());
            }
            if let Resource::Role(role) = &mut managed.value
                && let Some(trust) = role.trust.map_aws_principals(|arn| (arn == was).then(|| is.clone()))
            {
                role.trust = trust;
            }
        }
    }
    for at in (0..GROUPS).filter(renamed) {
        let (from, to) = (group_name(at), GroupName::parse(&format!("h{at}")).unwrap());
        let (old, new) = (Address::Group(from.clone()), Address::Group(to.clone()));
        if !first.managed.contains_key(&old) {
            continue;
        }
        let Some(mut managed) = second.managed.remove(&old) else { continue };
        managed.renamed_from = Some(old);
        second.managed.insert(new, managed);
        for managed in second.managed.values_mut() {
            if let Resource::User(user) = &mut managed.value
                && user.groups.remove(&from)
            {
                user.groups.insert(to.clone());
            }
        }
    }
    second
}

const ACTIONS: [&str; 7] =
    ["s3:GetObject", "s3:*", "ec2:RunInstances", "iam:CreateUser", "iam:*", "sts:AssumeRole", "*"];

/// Actions that are asked for.
pub(crate) fn asked_actions() -> [&'static str; 3] {
    ["s3:GetObject", "ec2:RunInstances", "iam:CreateUser"]
}

/// An identity policy of one to three statements.
fn document() -> impl Strategy<Value = Document> {
    let deny = prop::bool::weighted(0.35);
    let statement = (deny, btree_set(0..ACTIONS.len(), 1..3), any::<bool>(), prop::bool::weighted(0.1));
    vec(statement, 1..4).prop_map(|statements| {
        let statements: Vec<_> = statements
            .into_iter()
            .map(|(deny, actions, bucket, tagged)| {
                let actions: Vec<_> = actions.into_iter().map(|at| ACTIONS[at]).collect();
                let mut statement = serde_json::json!({
                    "Effect": if deny { "Deny" } else { "Allow" },
                    "Action": actions,
                    "Resource": if bucket { "arn:aws:s3:::b/*" } else { "*" },
                });
                if tagged {
                    statement["Condition"] =
                        serde_json::json!({"StringEquals": {"aws:PrincipalTag/team": "x"}});
                }
                statement
            })
            .collect();
        Document::from_stored(
            &serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string(),
        )
    })
}

fn path() -> impl Strategy<Value = Path> {
    prop_oneof![3 => Just("/"), 1 => Just("/a/"), 1 => Just("/b/c/")]
        .prop_map(|path| Path::parse(path).unwrap())
}

/// Of what AWS cannot move: seldom another one, so that not everything is replaced.
fn fixed_path() -> impl Strategy<Value = Path> {
    prop_oneof![5 => Just("/"), 1 => Just("/a/")].prop_map(|path| Path::parse(path).unwrap())
}

fn tags() -> impl Strategy<Value = Tags> {
    btree_map(prop_oneof![Just("team"), Just("Team"), Just("cost")], prop_oneof![Just("x"), Just("y")], 0..3)
        .prop_map(|tags| {
            let mut seen = BTreeSet::new();
            let unique = tags.into_iter().filter(|(key, _)| seen.insert(key.to_ascii_lowercase()));
            Tags(unique.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
        })
}

/// What a generated state is made of, before names are resolved.
#[derive(Debug, Clone)]
struct Raw {
    policies: BTreeMap<usize, (Document, Tags, Path)>,
    groups: BTreeMap<usize, (Path, Holds)>,
    users: BTreeMap<usize, RawUser>,
    roles: BTreeMap<usize, RawRole>,
    /// The role that each holds, its tags, and its path.
    profiles: BTreeMap<usize, (Option<usize>, Tags, Path)>,
    providers: BTreeMap<usize, RawProvider>,
    alias: Setting<usize>,
    passwords: Setting<(u16, bool, Option<u16>)>,
    /// Issuer, certificates, tags.
    saml_providers: BTreeMap<usize, (bool, BTreeSet<usize>, Tags)>,
    /// Which of the names below, and what is said of it.
    service_linked: BTreeMap<usize, Option<usize>>,
}

/// What a manifest says of a setting of the account.
#[derive(Debug, Clone)]
enum Setting<T> {
    /// Nothing: it is not managed.
    Unsaid,
    /// That there shall be none.
    None,
    Some(T),
}

fn setting<T: std::fmt::Debug + Clone>(some: impl Strategy<Value = T>) -> impl Strategy<Value = Setting<T>> {
    prop_oneof![2 => Just(Setting::Unsaid), 1 => Just(Setting::None), 2 => some.prop_map(Setting::Some)]
}

/// Client ids, thumbprints, tags.
type RawProvider = (BTreeSet<usize>, Option<BTreeSet<usize>>, Tags);

/// Path, tags, policies, groups, boundary.
type RawUser = (Path, Tags, Holds, BTreeSet<usize>, Option<usize>);
/// Tags, policies, boundary, trust, whether its sessions are long, and its path.
type RawRole = (Tags, Holds, Option<usize>, Trust, bool, Path);

/// Attached policies (the last index is one of AWS's) and inline policies.
#[derive(Debug, Clone)]
struct Holds {
    policies: BTreeSet<usize>,
    inline: BTreeMap<usize, Document>,
}

#[derive(Debug, Clone)]
struct Trust {
    users: BTreeSet<usize>,
    roles: BTreeSet<usize>,
    /// Whoever signs in there.
    provider: Option<usize>,
    saml_provider: Option<usize>,
    mfa: bool,
    /// Whether it admits the account.
    account: bool,
}

const POLICIES: usize = 5;
const GROUPS: usize = 3;
const USERS: usize = 4;
const ROLES: usize = 4;
const PROFILES: usize = 3;
const PROVIDERS: usize = 2;
/// Without a suffix, with two of them, and of a service whose role has a name that looks like a suffix.
const SERVICE_LINKED: [&str; 4] = [
    "autoscaling.amazonaws.com",
    "autoscaling.amazonaws.com/a",
    "autoscaling.amazonaws.com/b",
    "dynamodb.application-autoscaling.amazonaws.com",
];

fn holds() -> impl Strategy<Value = Holds> {
    (btree_set(0..=POLICIES, 0..4), btree_map(0..3_usize, document(), 0..3))
        .prop_map(|(policies, inline)| Holds { policies, inline })
}

fn raw() -> impl Strategy<Value = Raw> {
    let provider = proptest::option::weighted(0.4, 0..PROVIDERS);
    let providers = (provider.clone(), provider);
    let trust =
        (btree_set(0..USERS, 0..3), btree_set(0..ROLES, 0..3), providers, any::<bool>(), any::<bool>())
            .prop_map(|(users, roles, (provider, saml_provider), mfa, account)| Trust {
                users,
                roles,
                provider,
                saml_provider,
                mfa,
                account,
            });
    let thumbprints = proptest::option::of(btree_set(0..3_usize, 1..3));
    let boundary = || proptest::option::weighted(0.3, 0..POLICIES);
    (
        btree_map(0..POLICIES, (document(), tags(), fixed_path()), 0..=POLICIES),
        btree_map(0..GROUPS, (path(), holds()), 0..=GROUPS),
        btree_map(0..USERS, (path(), tags(), holds(), btree_set(0..GROUPS, 0..3), boundary()), 0..=USERS),
        btree_map(0..ROLES, (tags(), holds(), boundary(), trust, any::<bool>(), fixed_path()), 0..=ROLES),
        btree_map(0..PROFILES, (proptest::option::of(0..ROLES), tags(), fixed_path()), 0..=PROFILES),
        btree_map(0..PROVIDERS, (btree_set(0..3_usize, 0..3), thumbprints, tags()), 0..=PROVIDERS),
        setting(0..3_usize),
        setting((6..9_u16, any::<bool>(), proptest::option::of(90..92_u16))),
        btree_map(0..PROVIDERS, (any::<bool>(), btree_set(0..3_usize, 1..3), tags()), 0..=PROVIDERS),
        btree_map(0..SERVICE_LINKED.len(), proptest::option::of(0..2_usize), 0..3),
    )
        .prop_map(
            |(
                policies,
                groups,
                users,
                roles,
                profiles,
                providers,
                alias,
                passwords,
                saml_providers,
                service_linked,
            )| Raw {
                policies,
                groups,
                users,
                roles,
                profiles,
                providers,
                alias,
                passwords,
                saml_providers,
                service_linked,
            },
        )
}

/// Any valid desired state over a few names.
pub(crate) fn states() -> impl Strategy<Value = Desired> {
    raw().prop_map(|raw| raw.desired())
}

/// States of which every text is known and that have few things, so that these meet.
pub(crate) fn asked() -> impl Strategy<Value = Desired> {
    raw().prop_map(|mut raw| {
        raw.policies.retain(|at, _| *at < 3);
        raw.groups.retain(|at, _| *at < 2);
        raw.users.retain(|at, _| *at < 2);
        raw.roles.retain(|at, _| *at < 2);
        let groups = raw.groups.values_mut().map(|group| &mut group.1);
        let users = raw.users.values_mut().map(|user| &mut user.2);
        let roles = raw.roles.values_mut().map(|role| &mut role.1);
        groups.chain(users).chain(roles).for_each(|holds| {
            // The text of AWS's policies is not known here.
            holds.policies.remove(&POLICIES);
        });
        raw.desired()
    })
}

pub(crate) fn policy_name(index: usize) -> PolicyName {
    PolicyName::parse(&format!("p{index}")).unwrap()
}

pub(crate) fn policy_arn(index: usize) -> PolicyArn {
    if index == POLICIES {
        return PolicyArn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
    }
    PolicyArn::new(&account(), &Path::root(), &policy_name(index))
}

pub(crate) fn group_name(index: usize) -> GroupName {
    GroupName::parse(&format!("g{index}")).unwrap()
}

pub(crate) fn user_name(index: usize) -> UserName {
    UserName::parse(&format!("u{index}")).unwrap()
}

pub(crate) fn role_name(index: usize) -> RoleName {
    RoleName::parse(&format!("r{index}")).unwrap()
}

pub(crate) fn provider_url(index: usize) -> OidcProviderUrl {
    OidcProviderUrl::parse(&format!("o{index}.example")).unwrap()
}

fn saml_name(index: usize) -> SamlProviderName {
    SamlProviderName::parse(&format!("s{index}")).unwrap()
}

impl Raw {
    fn desired(&self) -> Desired {
        let mut all = desired(self.resources());
        all.absent.extend(matches!(self.alias, Setting::None).then_some(Address::AccountAlias));
        all.absent.extend(matches!(self.passwords, Setting::None).then_some(Address::PasswordPolicy));
        all
    }

    fn settings(&self) -> impl Iterator<Item = (Address, Resource)> {
        let alias = match self.alias {
            Setting::Some(at) => {
                let alias = Alias::parse(&format!("alias{at}")).unwrap();
                Some((Address::AccountAlias, Resource::AccountAlias(AccountAlias { alias })))
            }
            Setting::Unsaid | Setting::None => None,
        };
        let passwords = match self.passwords {
            Setting::Some((length, require_symbols, days)) => {
                let policy = PasswordPolicy {
                    minimum_password_length: Within::new(length).unwrap(),
                    require_symbols,
                    max_password_age: days.and_then(Within::new),
                    ..PasswordPolicy::default()
                };
                Some((Address::PasswordPolicy, Resource::PasswordPolicy(policy)))
            }
            Setting::Unsaid | Setting::None => None,
        };
        alias.into_iter().chain(passwords)
    }

    /// The resources, with references to what does not exist left out.
    fn resources(&self) -> Vec<(Address, Resource)> {
        let arn = |at: usize| match self.policies.get(&at) {
            Some((_, _, path)) => PolicyArn::new(&account(), path, &policy_name(at)),
            None => policy_arn(at),
        };
        let attached = |holds: &Holds| -> BTreeSet<PolicyArn> {
            let known = holds.policies.iter().filter(|at| **at == POLICIES || self.policies.contains_key(at));
            known.map(|at| arn(*at)).collect()
        };
        let inline = |holds: &Holds| -> BTreeMap<PolicyName, Document> {
            let name = |at: &usize| PolicyName::parse(&format!("inline{at}")).unwrap();
            holds.inline.iter().map(|(at, document)| (name(at), document.clone())).collect()
        };
        let boundary = |at: &Option<usize>| at.filter(|at| self.policies.contains_key(at)).map(arn);
        let mut resources = Vec::new();
        for (at, (document, tags, path)) in &self.policies {
            let policy = Policy {
                path: path.clone(),
                description: String::new(),
                tags: tags.clone(),
                document: document.clone(),
            };
            resources.push((Address::Policy(policy_name(*at)), Resource::Policy(policy)));
        }
        for (at, (path, holds)) in &self.groups {
            let members =
                self.users.iter().filter(|(_, user)| user.3.contains(at)).map(|(user, _)| user_name(*user));
            let group = Group {
                path: path.clone(),
                members: members.collect(),
                policies: attached(holds),
                inline_policies: inline(holds),
            };
            resources.push((Address::Group(group_name(*at)), Resource::Group(group)));
        }
        for (at, (path, tags, holds, groups, bound)) in &self.users {
            let groups = groups.iter().filter(|group| self.groups.contains_key(group));
            let user = User {
                path: path.clone(),
                tags: tags.clone(),
                groups: groups.map(|group| group_name(*group)).collect(),
                policies: attached(holds),
                inline_policies: inline(holds),
                permissions_boundary: boundary(bound),
            };
            resources.push((Address::User(user_name(*at)), Resource::User(user)));
        }
        for (at, (tags, holds, bound, trust, long, path)) in &self.roles {
            let role = Role {
                path: path.clone(),
                description: if *long { "long".into() } else { String::new() },
                max_session_duration: SessionDuration::from_secs(if *long { 7_200 } else { 3_600 }).unwrap(),
                trust: self.trust(trust),
                tags: tags.clone(),
                policies: attached(holds),
                inline_policies: inline(holds),
                permissions_boundary: boundary(bound),
            };
            resources.push((Address::Role(role_name(*at)), Resource::Role(role)));
        }
        for (at, (role, tags, path)) in &self.profiles {
            let role = role.filter(|role| self.roles.contains_key(role)).map(role_name);
            let profile = InstanceProfile { path: path.clone(), role, tags: tags.clone() };
            let name = InstanceProfileName::parse(&format!("i{at}")).unwrap();
            resources.push((Address::InstanceProfile(name), Resource::InstanceProfile(profile)));
        }
        for (at, (client_ids, thumbprints, tags)) in &self.providers {
            let provider = OidcProvider {
                client_ids: client_ids.iter().map(|at| format!("client{at}")).collect(),
                thumbprints: thumbprints
                    .as_ref()
                    .map(|all| all.iter().map(|at| format!("{at:040}")).collect()),
                tags: tags.clone(),
            };
            resources.push((Address::OidcProvider(provider_url(*at)), Resource::OidcProvider(provider)));
        }
        resources.extend(self.settings());
        for (at, (is_other, certificates, tags)) in &self.saml_providers {
            let certificates = Vec::from_iter(certificates.iter().map(|at| format!("AAA{at}")));
            let certificates = Vec::from_iter(certificates.iter().map(String::as_str));
            let entity = if *is_other { "other" } else { "idp" };
            let metadata = SamlMetadata::stored(&iamctl_testing::saml_metadata(entity, &certificates));
            let provider = SamlProvider { metadata, tags: tags.clone() };
            resources.push((Address::SamlProvider(saml_name(*at)), Resource::SamlProvider(provider)));
        }
        for (at, description) in &self.service_linked {
            let name = ServiceLinkedRoleName::parse(SERVICE_LINKED[*at]).unwrap();
            let role = ServiceLinkedRole { description: description.map(|at| format!("description {at}")) };
            resources.push((Address::ServiceLinkedRole(name), Resource::ServiceLinkedRole(role)));
        }
        resources
    }

    fn trust(&self, trust: &Trust) -> Document {
        let users = trust.users.iter().filter_map(|at| Some((at, &self.users.get(at)?.0)));
        let users = users.map(|(at, path)| account().user_arn(path, &user_name(*at)).as_str().to_owned());
        let roles = trust.roles.iter().filter_map(|at| Some((at, &self.roles.get(at)?.5)));
        let roles = roles.map(|(at, path)| account().role_arn(path, &role_name(*at)).as_str().to_owned());
        let everybody = trust.account.then(|| "arn:aws:iam::123456789012:root".to_owned());
        let principals: Vec<String> =
            users.chain(roles).chain(everybody).chain(["999999999999".to_owned()]).collect();
        let mut statement = serde_json::json!({"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"});
        if trust.mfa {
            statement["Condition"] = serde_json::json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}});
        }
        let provider = trust.provider.filter(|at| self.providers.contains_key(at));
        let provider = provider.map(|at| OidcProviderArn::new(&account(), &provider_url(at)));
        let signed_in = provider.map(|arn| {
            let federated = serde_json::json!({"Federated": arn});
            serde_json::json!({"Effect": "Allow", "Principal": federated, "Action": "sts:AssumeRoleWithWebIdentity"})
        });
        let saml_provider = trust.saml_provider.filter(|at| self.saml_providers.contains_key(at));
        let saml_provider = saml_provider.map(|at| SamlProviderArn::new(&account(), &saml_name(at)));
        let vouched_for = saml_provider.map(|arn| {
            let federated = serde_json::json!({"Federated": arn});
            serde_json::json!({"Effect": "Allow", "Principal": federated, "Action": "sts:AssumeRoleWithSAML"})
        });
        let statements: Vec<_> = [statement].into_iter().chain(signed_in).chain(vouched_for).collect();
        Document::from_stored(
            &serde_json::json!({"Version": "2012-10-17", "Statement": statements}).to_string(),
        )
    }
}
