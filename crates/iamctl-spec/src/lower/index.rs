//! What the manifest defines, by name: collected before anything that refers to it is read.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::Hash;

use iamctl_model::{
    GroupName, InstanceProfileName, Kind, NameError, OidcProviderUrl, Path, PolicyName, RoleName,
    SamlProviderName, ServiceLinkedRoleName, UserName,
};
use iamctl_policy::{Diagnostic, Diagnostics, Entry, Node, Span, Value};

use super::values;
use crate::load::Part;

/// How often the nearest name is looked for: it costs a look at every name.
const MAX_SUGGESTIONS: usize = 100;

/// A name that the manifest defines.
pub(crate) struct Head<'n, N> {
    pub(crate) name: N,
    /// Where the name stands.
    pub(crate) span: Span,
    /// Its block.
    pub(crate) node: &'n Node,
    /// The file it stands in.
    pub(crate) from: &'n str,
    pub(crate) path: Path,
}

/// All things of one kind, in the order written.
pub(crate) struct Names<'n, N> {
    kind: Kind,
    heads: Vec<Head<'n, N>>,
    by_name: HashMap<N, usize>,
    suggestions_left: Cell<usize>,
}

impl<'n, N: Clone + Eq + Hash> Names<'n, N> {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            heads: Vec::new(),
            by_name: HashMap::new(),
            suggestions_left: Cell::new(MAX_SUGGESTIONS),
        }
    }

    /// Everything of this kind.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Head<'n, N>> {
        self.heads.iter()
    }

    /// The thing of a name, whatever the case of its letters.
    pub(crate) fn get(&self, name: &N) -> Option<&Head<'n, N>> {
        self.by_name.get(name).and_then(|at| self.heads.get(*at))
    }
}

/// A kind of name.
pub(crate) trait Name: Clone + Eq + Hash + Sized {
    const KIND: Kind;
    fn read(text: &str) -> Result<Self, NameError>;
    fn text(&self) -> &str;
}

macro_rules! name {
    ($type:ident, $kind:ident) => {
        impl Name for $type {
            const KIND: Kind = Kind::$kind;
            fn read(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
            fn text(&self) -> &str {
                self.as_str()
            }
        }
    };
}

name!(PolicyName, Policy);
name!(UserName, User);
name!(GroupName, Group);
name!(RoleName, Role);
name!(InstanceProfileName, InstanceProfile);
name!(OidcProviderUrl, OidcProvider);
name!(SamlProviderName, SamlProvider);
name!(ServiceLinkedRoleName, ServiceLinkedRole);

impl<'n, N: Name> Names<'n, N> {
    /// Adds what one file defines. `default_path` is what things of this kind have otherwise.
    fn add(
        &mut self,
        part: &'n Part,
        section: Option<&'n Node>,
        default_path: &Path,
        found: &mut Diagnostics,
    ) {
        let Some(section) = section else { return };
        if matches!(section.value, Value::Null) {
            return;
        }
        let entries = section.expect_map(&format!("`{}`", self.kind.section()), found).unwrap_or_default();
        for entry in entries {
            if self.heads.len() >= self.most_in_an_account() {
                self.report_too_many(entry.key_span, found);
                return;
            }
            match N::read(&entry.key) {
                Ok(name) => self.add_one(name, entry, part, default_path, found),
                Err(error) => found
                    .push(Diagnostic::error("name", entry.key_span, error.to_string()).help(error.help())),
            }
        }
    }

    /// What AWS can raise the account's quota to. Source: IAM User Guide, "IAM and AWS STS quotas".
    fn most_in_an_account(&self) -> usize {
        match self.kind {
            Kind::User => 5_000,
            Kind::Group => 500,
            Kind::OidcProvider => 700,
            Kind::SamlProvider => 100,
            Kind::AccountAlias | Kind::PasswordPolicy | Kind::MasterCopy => 1,
            Kind::Role | Kind::ServiceLinkedRole | Kind::Policy | Kind::InstanceProfile => 10_000,
        }
    }

    /// Tells that there are more than any account can have; what lies beyond is not read.
    fn report_too_many(&self, place: Span, found: &mut Diagnostics) {
        let (kinds, most) = (self.kind.plural(), self.most_in_an_account());
        found.push(
            Diagnostic::error("account-quota", place, format!("an account has at most {most} {kinds}"))
                .label(format!("this and all further {kinds} are too many"))
                .help("AWS cannot raise this quota further: use more accounts"),
        );
    }

    fn add_one(
        &mut self,
        name: N,
        entry: &'n Entry,
        part: &'n Part,
        default_path: &Path,
        found: &mut Diagnostics,
    ) {
        let kind = self.kind;
        if let Some(first) = self.get(&name) {
            let same = first.name.text() == name.text();
            let error = if same {
                let message = format!("the {kind} `{}` is defined twice", name.text());
                Diagnostic::error("duplicate-name", entry.key_span, message).help("keep one of them")
            } else {
                let message =
                    format!("`{}` and `{}` are the same {kind} to AWS", name.text(), first.name.text());
                Diagnostic::error("name-case", entry.key_span, message)
                    .help("names must differ in more than the case of their letters")
            };
            found.push(error.label("defined again here").related(first.span, "first defined here"));
            return;
        }
        let written = match &entry.value.value {
            Value::Map(fields) => fields.iter().find(|field| field.key == "path"),
            _ => None,
        };
        let path = written
            .map(|field| values::path(&field.value, kind == Kind::Policy, found).unwrap_or_default())
            .unwrap_or_else(|| default_path.clone());
        self.by_name.insert(name.clone(), self.heads.len());
        self.heads.push(Head { name, span: entry.key_span, node: &entry.value, from: &part.path, path });
    }

    /// The thing that a reference names; one that is not defined is reported.
    pub(crate) fn resolve(&self, text: &str, span: Span, found: &mut Diagnostics) -> Option<&Head<'n, N>> {
        let kind = self.kind;
        let head = N::read(text).ok().and_then(|name| self.get(&name));
        match head {
            Some(head) if head.name.text() == text => Some(head),
            Some(head) => {
                found.push(
                    Diagnostic::error("undefined", span, format!("the {kind} `{text}` is not defined"))
                        .related(head.span, "only this one is, with other letters in upper case")
                        .help(format!("did you mean `{}`?", head.name.text())),
                );
                // It is clear what was meant: nothing that follows from this is worth telling.
                Some(head)
            }
            None => {
                let left = self.suggestions_left.get();
                self.suggestions_left.set(left.saturating_sub(1));
                let candidates = self.heads.iter().take(if left > 0 { usize::MAX } else { 0 });
                let error =
                    Diagnostic::error("undefined", span, format!("the {kind} `{text}` is not defined"))
                        .did_you_mean(text, candidates.map(|head| head.name.text()));
                let is_explained = !error.help.is_empty();
                found.push(if is_explained { error } else { error.help(self.how_to_define()) });
                None
            }
        }
    }

    fn how_to_define(&self) -> String {
        let section = self.kind.section();
        match self.kind {
            Kind::Policy => format!(
                "define it under `{section}:`, or take it out of this list; AWS's own policies are written `aws:NAME`, any other by its ARN"
            ),
            Kind::User | Kind::Role => format!("define it under `{section}:`, or name it by its ARN"),
            Kind::Group
            | Kind::InstanceProfile
            | Kind::OidcProvider
            | Kind::SamlProvider
            | Kind::ServiceLinkedRole
            | Kind::AccountAlias
            | Kind::PasswordPolicy
            | Kind::MasterCopy => {
                format!("define it under `{section}:`")
            }
        }
    }
}

/// Everything that the manifest defines.
pub(crate) struct Index<'n> {
    pub(crate) policies: Names<'n, PolicyName>,
    pub(crate) users: Names<'n, UserName>,
    pub(crate) groups: Names<'n, GroupName>,
    pub(crate) roles: Names<'n, RoleName>,
    pub(crate) instance_profiles: Names<'n, InstanceProfileName>,
    pub(crate) oidc_providers: Names<'n, OidcProviderUrl>,
    pub(crate) saml_providers: Names<'n, SamlProviderName>,
    pub(crate) service_linked_roles: Names<'n, ServiceLinkedRoleName>,
}

/// The paths of things that say nothing about theirs.
#[derive(Default)]
pub(crate) struct DefaultPaths {
    pub(crate) policies: Path,
    pub(crate) users: Path,
    pub(crate) groups: Path,
    pub(crate) roles: Path,
    pub(crate) instance_profiles: Path,
}

/// The sections of one file that define things.
pub(crate) struct Sections<'n> {
    pub(crate) part: &'n Part,
    pub(crate) policies: Option<&'n Node>,
    pub(crate) users: Option<&'n Node>,
    pub(crate) groups: Option<&'n Node>,
    pub(crate) roles: Option<&'n Node>,
    pub(crate) instance_profiles: Option<&'n Node>,
    pub(crate) oidc_providers: Option<&'n Node>,
    pub(crate) saml_providers: Option<&'n Node>,
    pub(crate) service_linked_roles: Option<&'n Node>,
    pub(crate) forget: Option<&'n Node>,
    pub(crate) ignore: Option<&'n Node>,
    pub(crate) accept_findings: Option<&'n Node>,
    pub(crate) tests: Option<&'n Node>,
}

impl<'n> Index<'n> {
    pub(crate) fn of(sections: &[Sections<'n>], paths: &DefaultPaths, found: &mut Diagnostics) -> Self {
        let mut index = Self {
            policies: Names::new(PolicyName::KIND),
            users: Names::new(UserName::KIND),
            groups: Names::new(GroupName::KIND),
            roles: Names::new(RoleName::KIND),
            instance_profiles: Names::new(InstanceProfileName::KIND),
            oidc_providers: Names::new(OidcProviderUrl::KIND),
            saml_providers: Names::new(SamlProviderName::KIND),
            service_linked_roles: Names::new(ServiceLinkedRoleName::KIND),
        };
        for one in sections {
            index.policies.add(one.part, one.policies, &paths.policies, found);
            index.users.add(one.part, one.users, &paths.users, found);
            index.groups.add(one.part, one.groups, &paths.groups, found);
            index.roles.add(one.part, one.roles, &paths.roles, found);
            let profiles = &mut index.instance_profiles;
            profiles.add(one.part, one.instance_profiles, &paths.instance_profiles, found);
            // They have no path that is ours to say.
            index.oidc_providers.add(one.part, one.oidc_providers, &Path::root(), found);
            index.saml_providers.add(one.part, one.saml_providers, &Path::root(), found);
            index.service_linked_roles.add(one.part, one.service_linked_roles, &Path::root(), found);
        }
        index
    }
}
