//! Things of the account as blocks of a manifest.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Address, GroupName, Live, LiveInstanceProfile, LiveOidcProvider, LivePolicy, LiveRole, LiveSamlProvider,
    Observed, PasswordPolicy, Path, PolicyArn, PolicyName, RoleName, SamlProviderName, SessionDuration, Tags,
    User, UserName,
};
use iamctl_policy::Document;

use crate::trust::{Names, duration, shorthand};
use crate::yaml::{Yaml, escaped_json};

/// How many lines a document may have before it gets a file of its own, when that is asked for.
const LONG_DOCUMENT: usize = 12;

/// What a manifest is written from.
pub(crate) struct Writer<'a> {
    pub(crate) live: &'a Live,
    /// What goes into the manifest.
    pub(crate) chosen: &'a BTreeSet<Address>,
    /// Roles whose trust policy is written as a document, whatever the shorthand could say.
    pub(crate) raw_trust: &'a BTreeSet<RoleName>,
    /// Whether long documents go to files of their own.
    pub(crate) split: bool,
    /// The principals that the manifest has names for.
    named: BTreeMap<String, Address>,
}

/// One thing of the manifest.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) address: Address,
    /// Its block.
    pub(crate) entries: Vec<(String, Yaml)>,
    /// Files of its documents, by path.
    pub(crate) files: Vec<(String, String)>,
    /// What others have on it, left to them because they are not in the manifest.
    pub(crate) left_to_others: LeftToOthers,
    /// The unique ids of deleted users and roles that its trust policy names.
    pub(crate) ghosts: BTreeSet<String>,
    /// What was not read, and is therefore ignored.
    pub(crate) not_read: Vec<&'static str>,
}

/// Memberships of which only one side is in the manifest.
#[derive(Debug, Default, Clone)]
pub(crate) struct LeftToOthers {
    pub(crate) groups: Vec<GroupName>,
    pub(crate) members: Vec<UserName>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        live: &'a Live,
        chosen: &'a BTreeSet<Address>,
        raw_trust: &'a BTreeSet<RoleName>,
        split: bool,
    ) -> Self {
        let arn = |address: &Address| match address {
            Address::User(name) => {
                let user = live.users.get(name)?;
                Some(live.account.user_arn(&user.value.path, name).as_str().to_owned())
            }
            Address::Role(name) => {
                Some(live.account.role_arn(&live.roles.get(name)?.path, name).as_str().to_owned())
            }
            _ => None,
        };
        let named = chosen.iter().filter_map(|address| Some((arn(address)?, address.clone()))).collect();
        Self { live, chosen, raw_trust, split, named }
    }

    /// The block of a thing; `None` for what is not there.
    pub(crate) fn thing(&self, address: &Address) -> Option<Written> {
        let mut block = Block::new(address, self);
        match address {
            Address::ServiceLinkedRole(_) | Address::MasterCopy => return None,
            Address::Policy(name) => block.policy(self.live.policies.get(name)?)?,
            Address::Group(name) => {
                let group = &self.live.groups.get(name)?.value;
                block.path(&group.path);
                block.attached(&group.policies);
                block.inline(&group.inline_policies);
                let is_stranger = |user: &&UserName| !self.chosen.contains(&Address::User((*user).clone()));
                block.written.left_to_others.members =
                    group.members.iter().filter(is_stranger).cloned().collect();
            }
            Address::User(name) => block.user(&self.live.users.get(name)?.value),
            Address::Role(name) => block.role(name, self.live.roles.get(name)?),
            Address::InstanceProfile(name) => block.instance_profile(self.live.instance_profile(name)?)?,
            Address::OidcProvider(url) => block.oidc_provider(self.live.oidc_provider(url)?),
            Address::AccountAlias => block.text("name", self.live.account_alias()?.value.alias.as_str()),
            Address::PasswordPolicy => block.password_policy(&self.live.password_policy()?.value),
            Address::SamlProvider(name) => block.saml_provider(name, self.live.saml_provider(name)?)?,
        }
        Some(block.written)
    }
}

struct Block<'w> {
    writer: &'w Writer<'w>,
    written: Written,
}

impl<'w> Block<'w> {
    fn new(address: &Address, writer: &'w Writer<'w>) -> Self {
        let written = Written {
            address: address.clone(),
            entries: Vec::new(),
            files: Vec::new(),
            left_to_others: LeftToOthers::default(),
            ghosts: BTreeSet::new(),
            not_read: Vec::new(),
        };
        Self { writer, written }
    }

    fn add(&mut self, key: &str, value: Yaml) {
        self.written.entries.push((key.to_owned(), value));
    }

    fn text(&mut self, key: &str, text: &str) {
        self.add(key, Yaml::text(text));
    }

    fn path(&mut self, path: &Path) {
        if *path != Path::root() {
            self.text("path", path.as_str());
        }
    }

    fn tags(&mut self, tags: &Tags) {
        if !tags.is_empty() {
            let entry = |(key, value): (&String, &String)| (key.clone(), Yaml::text(value.as_str()));
            self.add("tags", Yaml::Map(tags.0.iter().map(entry).collect()));
        }
    }

    fn policy(&mut self, policy: &LivePolicy) -> Option<()> {
        self.path(&policy.path);
        if !policy.description.is_empty() {
            self.text("description", &policy.description);
        }
        let document = &policy.default_version()?.document;
        let name = policy.arn.policy_name();
        for (key, value) in self.document(document, &format!("policies/{name}.json")) {
            self.add(&key, value);
        }
        self.own_tags(&policy.tags);
        Some(())
    }

    fn user(&mut self, user: &User) {
        self.path(&user.path);
        let is_chosen = |group: &GroupName| self.writer.chosen.contains(&Address::Group(group.clone()));
        let (known, others): (Vec<_>, Vec<_>) = user.groups.iter().cloned().partition(is_chosen);
        if !known.is_empty() {
            self.add("groups", Yaml::List(known.iter().map(|name| Yaml::text(name.as_str())).collect()));
        }
        self.written.left_to_others.groups = others;
        self.attached(&user.policies);
        self.inline(&user.inline_policies);
        self.boundary(user.permissions_boundary.as_ref());
        self.tags(&user.tags);
    }

    fn role(&mut self, name: &RoleName, role: &LiveRole) {
        self.path(&role.path);
        if let Observed::Read(details) = &role.details {
            if !details.description.is_empty() {
                self.text("description", &details.description);
            }
            if details.max_session_duration != SessionDuration::DEFAULT {
                let duration = duration(details.max_session_duration.as_secs());
                self.add("max_session_duration", Yaml::Word(duration));
            }
        }
        self.trust(name, &role.trust);
        self.attached(&role.policies);
        self.inline(&role.inline_policies);
        self.boundary(role.permissions_boundary.as_ref());
        self.tags(&role.tags);
        if role.details.as_ref().is_none() {
            self.written.not_read = vec!["description", "max_session_duration"];
            let ignored = self.written.not_read.iter().map(|field| Yaml::text(*field)).collect();
            self.add("ignore", Yaml::List(ignored));
        }
    }

    fn instance_profile(&mut self, profile: &LiveInstanceProfile) -> Option<()> {
        self.path(&profile.path);
        if let Some(role) = &profile.role {
            let live = self.writer.live;
            let role = match self.writer.chosen.contains(&Address::Role(role.clone())) {
                true => role.to_string(),
                false => live.account.role_arn(&live.roles.get(role)?.path, role).as_str().to_owned(),
            };
            self.text("role", &role);
        }
        self.own_tags(&profile.tags);
        Some(())
    }

    fn oidc_provider(&mut self, provider: &LiveOidcProvider) {
        let Observed::Read(details) = &provider.details else {
            self.written.not_read = vec!["client_ids", "tags"];
            let ignored = self.written.not_read.iter().map(|field| Yaml::text(*field)).collect();
            return self.add("ignore", Yaml::List(ignored));
        };
        for (key, items) in [("client_ids", &details.client_ids), ("thumbprints", &details.thumbprints)] {
            if !items.is_empty() {
                self.add(key, Yaml::List(items.iter().map(|item| Yaml::text(item.as_str())).collect()));
            }
        }
        self.tags(&details.tags);
    }

    /// What AWS takes when it is told nothing is left out, but for the length.
    fn password_policy(&mut self, policy: &PasswordPolicy) {
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
        } = policy;
        let truth = |is_so: &bool| is_so.then(|| "true".to_owned());
        for (key, value) in [
            ("minimum_password_length", Some(minimum_password_length.to_string())),
            ("require_symbols", truth(require_symbols)),
            ("require_numbers", truth(require_numbers)),
            ("require_uppercase_characters", truth(require_uppercase_characters)),
            ("require_lowercase_characters", truth(require_lowercase_characters)),
            ("allow_users_to_change_password", truth(allow_users_to_change_password)),
            ("max_password_age", max_password_age.map(|days| days.to_string())),
            ("password_reuse_prevention", password_reuse_prevention.map(|count| count.to_string())),
            ("hard_expiry", truth(hard_expiry)),
        ] {
            if let Some(value) = value {
                self.add(key, Yaml::Word(value));
            }
        }
    }

    /// Metadata has a file of its own: it is XML of thousands of characters, often in one line. Nothing for one whose
    /// metadata was not read: no block can do without.
    fn saml_provider(&mut self, name: &SamlProviderName, provider: &LiveSamlProvider) -> Option<()> {
        let details = provider.details.as_ref()?;
        let file = format!("saml/{name}.xml");
        self.text("metadata_file", &file);
        self.written.files.push((file, details.metadata.as_str().to_owned()));
        self.tags(&details.tags);
        Some(())
    }

    /// Tags that take a call of their own to read.
    fn own_tags(&mut self, tags: &Observed<Tags>) {
        match tags {
            Observed::Read(tags) => self.tags(tags),
            Observed::NotRead => {
                self.add("ignore", Yaml::List(vec![Yaml::text("tags")]));
                self.written.not_read.push("tags");
            }
        }
    }

    fn trust(&mut self, name: &RoleName, trust: &Document) {
        let ghosts = trust.aws_principals().filter(|text| is_ghost(text)).map(str::to_owned);
        self.written.ghosts = ghosts.collect();
        let names = Names {
            account: &self.writer.live.account,
            named: &|arn: &str| self.writer.named.get(arn).cloned(),
        };
        let short = if self.writer.raw_trust.contains(name) { None } else { shorthand(trust, &names) };
        if let Some(items) = short {
            return self.add("trust", items);
        }
        let mut entries = self.document(trust, &format!("trust/{name}.json"));
        let value = match entries.pop() {
            Some((key, value)) if key == "file" => Yaml::Map(vec![(key, value)]),
            Some((_, value)) => value,
            None => return,
        };
        self.add("trust_document", value);
    }

    fn attached(&mut self, policies: &BTreeSet<PolicyArn>) {
        if !policies.is_empty() {
            let names = policies.iter().map(|arn| Yaml::Text(self.writer.policy(arn))).collect();
            self.add("policies", Yaml::List(names));
        }
    }

    fn boundary(&mut self, boundary: Option<&PolicyArn>) {
        if let Some(arn) = boundary {
            self.add("permissions_boundary", Yaml::Text(self.writer.policy(arn)));
        }
    }

    fn inline(&mut self, policies: &BTreeMap<PolicyName, Document>) {
        if policies.is_empty() {
            return;
        }
        let holder = self.written.address.to_string().replace('/', "-");
        let blocks: Vec<_> = policies
            .iter()
            .map(|(name, document)| {
                let file = format!("policies/inline/{holder}/{name}.json");
                (name.to_string(), Yaml::Block(self.document(document, &file)))
            })
            .collect();
        self.add("inline_policies", Yaml::Block(blocks));
    }

    /// A document under `document`, or under `file` when it is long and files are wanted.
    fn document(&mut self, document: &Document, file: &str) -> Vec<(String, Yaml)> {
        let json = document.to_json();
        if self.writer.split {
            let pretty = format!("{:#}\n", escaped_json(&json));
            if pretty.lines().count() > LONG_DOCUMENT {
                self.written.files.push((file.to_owned(), pretty));
                return vec![("file".to_owned(), Yaml::text(file))];
            }
        }
        vec![("document".to_owned(), tall(Yaml::from_json(&json)))]
    }
}

impl Writer<'_> {
    /// Whether a reference to a policy, however it is spelled, is the one that would be written so.
    pub(crate) fn means(&self, spelling: &str, written: &str) -> bool {
        let by_arn = || PolicyArn::parse(spelling).is_ok_and(|arn| self.policy(&arn) == written);
        spelling.eq_ignore_ascii_case(written) || by_arn()
    }

    /// A policy as the manifest refers to it.
    fn policy(&self, arn: &PolicyArn) -> String {
        let name = arn.policy_name();
        if arn.is_aws_managed() {
            format!("aws:{}", arn.path_and_name())
        } else if arn.is_in(&self.live.account) && self.chosen.contains(&Address::Policy(name.clone())) {
            name.to_string()
        } else {
            arn.as_str().to_owned()
        }
    }
}

/// Whether a principal is the unique id of a user or role: what it named was deleted.
/// Source: IAM User Guide, "AWS JSON policy elements: Principal".
pub(crate) fn is_ghost(principal: &str) -> bool {
    principal.starts_with("AIDA") || principal.starts_with("AROA")
}

/// A policy document with its statements below each other, and the elements of each as well.
fn tall(document: Yaml) -> Yaml {
    let Yaml::Map(elements) = document else { return document };
    let elements = elements.into_iter().map(|(key, value)| match value {
        Yaml::List(statements) if key == "Statement" => {
            let statements = statements.into_iter().map(|statement| match statement {
                Yaml::Map(elements) => Yaml::Block(elements),
                other => other,
            });
            (key, Yaml::Items(statements.collect()))
        }
        value => (key, value),
    });
    Yaml::Block(elements.collect())
}
