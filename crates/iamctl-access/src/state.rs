//! What an account holds: as the manifest has it, as it was read, or as it will be after a plan.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Account, Address, Desired, Field, Group, GroupName, IgnoreRule, IgnoredItem, Live, Managed, Organization,
    Pattern, PolicyArn, PolicyName, Resource, Role, RoleName, Tags, UniqueId, User, UserName,
};
use iamctl_policy::{Document, Effect};

/// Users, groups, roles and policies of one account.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) users: BTreeMap<UserName, User>,
    pub(crate) groups: BTreeMap<GroupName, Group>,
    pub(crate) roles: BTreeMap<RoleName, Role>,
    pub(crate) policies: BTreeMap<PolicyArn, OwnPolicy>,
    /// Their ARNs: AWS has one policy of a name, whatever its path.
    pub(crate) arns: BTreeMap<PolicyName, PolicyArn>,
    /// AWS's names for those that are there.
    pub(crate) ids: BTreeMap<Address, UniqueId>,
    /// What the manifest leaves to others and nobody read.
    pub(crate) left: BTreeMap<Address, BTreeSet<Field>>,
    /// Keys of tags that others may have set, where nobody read them.
    pub(crate) left_tags: BTreeMap<Address, Vec<Pattern>>,
    /// Whether it is the whole account: what it does not hold is not there.
    pub(crate) is_whole: bool,
    /// What the organisation limits, where that is given.
    pub(crate) organization: Option<Organization>,
}

/// A managed policy of the account.
#[derive(Debug, Clone)]
pub(crate) struct OwnPolicy {
    pub(crate) name: PolicyName,
    pub(crate) document: Document,
    pub(crate) tags: Option<Tags>,
}

impl State {
    fn empty(account: Account, is_whole: bool) -> Self {
        Self {
            account,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            arns: BTreeMap::new(),
            ids: BTreeMap::new(),
            left: BTreeMap::new(),
            left_tags: BTreeMap::new(),
            is_whole,
            organization: None,
        }
    }

    /// What the manifest defines, and nothing else.
    pub(crate) fn of_manifest(desired: &Desired, account: &Account) -> Self {
        let mut state = Self::empty(account.clone(), false);
        state.organization.clone_from(&desired.organization);
        for (address, managed) in &desired.managed {
            let mut left = managed.ignore.clone();
            left.extend(fields_of_others(desired, address));
            if !left.is_empty() {
                state.left.insert(address.clone(), left);
            }
            let tags = tags_of_others(desired, address);
            if !tags.is_empty() {
                state.left_tags.insert(address.clone(), tags);
            }
            state.put(address, managed.value.clone());
        }
        state
    }

    /// What was read.
    pub(crate) fn of_live(live: &Live) -> Self {
        let mut state = Self::empty(live.account.clone(), true);
        state.users = live.users.iter().map(|(name, user)| (name.clone(), user.value.clone())).collect();
        state.groups = live.groups.iter().map(|(name, group)| (name.clone(), group.value.clone())).collect();
        state.roles = live.roles.iter().map(|(name, role)| (name.clone(), role.against(None))).collect();
        for (name, policy) in &live.policies {
            let Some(version) = policy.default_version() else { continue };
            let own = OwnPolicy {
                name: name.clone(),
                document: version.document.clone(),
                tags: policy.tags.as_ref().cloned(),
            };
            state.arns.insert(name.clone(), policy.arn.clone());
            state.policies.insert(policy.arn.clone(), own);
        }
        state.ids = live.addresses().map(|(address, id)| (address, id.clone())).collect();
        state
    }

    /// What there will be: the manifest over what was read, without what is `gone` by then.
    pub(crate) fn planned(desired: &Desired, live: &Live, gone: &BTreeSet<Address>) -> Self {
        let mut state = Self::of_live(live);
        state.organization.clone_from(&desired.organization);
        for address in gone {
            state.remove(address);
        }
        for (address, managed) in &desired.managed {
            let before = managed.renamed_from.as_ref().filter(|_| live.id(address).is_none());
            before.into_iter().for_each(|before| state.rename(before, address));
        }
        state.leave_groups(desired);
        for (address, managed) in &desired.managed {
            let of = |address: &Address| live.resource(address, Some(&managed.value));
            let there = of(address).or_else(|| of(managed.renamed_from.as_ref()?));
            let merge = Merge { desired, address, managed };
            state.put(address, there.map_or_else(|| managed.value.clone(), |there| merge.with(there)));
        }
        state
    }

    fn put(&mut self, address: &Address, value: Resource) {
        match (address, value) {
            (Address::User(name), Resource::User(user)) => {
                self.users.insert(name.clone(), user);
            }
            (Address::Group(name), Resource::Group(group)) => {
                self.groups.insert(name.clone(), group);
            }
            (Address::Role(name), Resource::Role(role)) => {
                self.roles.insert(name.clone(), role);
            }
            (Address::Policy(name), Resource::Policy(policy)) => {
                let arn = PolicyArn::new(&self.account, &policy.path, name);
                if let Some(before) = self.arns.insert(name.clone(), arn.clone()) {
                    self.policies.remove(&before);
                }
                let tags = Some(policy.tags);
                let own = OwnPolicy { name: name.clone(), document: policy.document, tags };
                self.policies.insert(arn, own);
            }
            // Nobody can ask for anything by the other kinds, nor have anything from them.
            _ => {}
        }
    }

    /// Gives a user or group its new name, with all memberships.
    fn rename(&mut self, from: &Address, to: &Address) {
        if let Some(id) = self.ids.remove(from) {
            self.ids.insert(to.clone(), id);
        }
        match (from, to) {
            (Address::User(from), Address::User(to)) => {
                if let Some(user) = self.users.remove(from) {
                    self.users.insert(to.clone(), user);
                }
            }
            (Address::Group(from), Address::Group(to)) => {
                if let Some(group) = self.groups.remove(from) {
                    self.groups.insert(to.clone(), group);
                }
                for user in self.users.values_mut() {
                    if user.groups.remove(from) {
                        user.groups.insert(to.clone());
                    }
                }
            }
            _ => {}
        }
    }

    fn remove(&mut self, address: &Address) {
        self.ids.remove(address);
        match address {
            Address::User(name) => {
                self.users.remove(name);
            }
            Address::Role(name) => {
                self.roles.remove(name);
            }
            Address::Group(name) => {
                self.groups.remove(name);
                self.users.values_mut().for_each(|user| user.groups.retain(|group| group != name));
            }
            Address::Policy(name) => {
                let Some(arn) = self.arns.remove(name) else { return };
                self.policies.remove(&arn);
                self.users.values_mut().for_each(|user| _ = user.policies.remove(&arn));
                self.groups.values_mut().for_each(|group| _ = group.policies.remove(&arn));
                self.roles.values_mut().for_each(|role| _ = role.policies.remove(&arn));
            }
            _ => {}
        }
    }

    /// The memberships of a managed group are whole: whom the manifest does not know leaves it.
    fn leave_groups(&mut self, desired: &Desired) {
        for (name, user) in &mut self.users {
            user.groups.retain(|group| {
                let address = Address::Group(group.clone());
                let Some(managed) = desired.managed.get(&address) else { return true };
                managed.ignore.contains(&Field::Members)
                    || desired.ignored(&address, IgnoredItem::Member(name)).is_some()
            });
        }
    }

    /// The tags of a thing; nothing where they are not known.
    pub(crate) fn tags(&self, address: &Address) -> Option<&Tags> {
        if self.leaves(address, Field::Tags) {
            return None;
        }
        match address {
            Address::User(name) => self.users.get(name).map(|user| &user.tags),
            Address::Role(name) => self.roles.get(name).map(|role| &role.tags),
            Address::Policy(name) => self.policies.get(self.arns.get(name)?)?.tags.as_ref(),
            _ => None,
        }
    }

    /// Whether a field is left to others, and was not read.
    pub(crate) fn leaves(&self, address: &Address, field: Field) -> bool {
        self.left.get(address).is_some_and(|fields| fields.contains(&field))
    }

    /// Whether others may have set a tag, where nobody read it.
    pub(crate) fn may_have_tag(&self, address: &Address, key: &str) -> bool {
        self.left_tags
            .get(address)
            .is_some_and(|patterns| patterns.iter().any(|pattern| pattern.matches(key)))
    }
}

fn tags_of_others(desired: &Desired, address: &Address) -> Vec<Pattern> {
    rules_about(desired, address).flat_map(|rule| rule.tags.iter().cloned()).collect()
}

/// The manifest's rules that leave something of a thing to others.
fn rules_about<'d>(desired: &'d Desired, address: &Address) -> impl Iterator<Item = &'d IgnoreRule> {
    let text = address.to_string();
    let about = move |on: &[Pattern]| on.is_empty() || on.iter().any(|pattern| pattern.matches(&text));
    desired.ignore.iter().filter(move |rule| about(&rule.on))
}

/// The fields in which the manifest's rules let others give a thing permissions.
fn fields_of_others(desired: &Desired, address: &Address) -> BTreeSet<Field> {
    let mut fields = BTreeSet::new();
    if !matches!(address, Address::User(_) | Address::Group(_) | Address::Role(_)) {
        return fields;
    }
    for rule in rules_about(desired, address) {
        if !rule.policies.iter().all(can_only_deny) {
            fields.insert(Field::Policies);
        }
        if !rule.inline_policies.is_empty() {
            fields.insert(Field::InlinePolicies);
        }
        if matches!(address, Address::User(_)) && !rule.groups.is_empty() {
            fields.insert(Field::Groups);
        }
    }
    fields
}

/// Whether a pattern of policies is about AWS's own only, and about none that allows anything.
fn can_only_deny(pattern: &Pattern) -> bool {
    // No policy of the account has a name with a colon.
    if !pattern.as_str().get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return false;
    }
    let mut matching = iamctl_data::managed_policies()
        .iter()
        .filter(|policy| pattern.matches(&format!("aws:{}", policy.path_and_name())))
        .map(|policy| Document::from_stored(policy.document))
        .peekable();
    matching.peek().is_some()
        && matching.all(|document| {
            document.unreadable().is_none()
                && document.statements().iter().all(|statement| statement.effect == Effect::Deny)
        })
}

/// What becomes of a managed thing that is there: what the manifest says, and what it leaves to others as
/// they left it.
struct Merge<'a> {
    desired: &'a Desired,
    address: &'a Address,
    managed: &'a Managed,
}

impl Merge<'_> {
    fn with(&self, there: Resource) -> Resource {
        match (self.managed.value.clone(), there) {
            (Resource::User(wanted), Resource::User(there)) => Resource::User(self.user(wanted, there)),
            (Resource::Group(wanted), Resource::Group(there)) => Resource::Group(self.group(wanted, there)),
            (Resource::Role(wanted), Resource::Role(there)) => Resource::Role(self.role(wanted, there)),
            (Resource::Policy(mut wanted), Resource::Policy(there)) => {
                if self.leaves(Field::Document) {
                    wanted.document = there.document;
                }
                self.tags(&mut wanted.tags, there.tags);
                Resource::Policy(wanted)
            }
            (wanted, _) => wanted,
        }
    }

    fn user(&self, mut wanted: User, there: User) -> User {
        let groups = there
            .groups
            .into_iter()
            .filter(|name| self.leaves(Field::Groups) || self.leaves_item(IgnoredItem::Group(name)));
        wanted.groups.extend(groups);
        self.attached(&mut wanted.policies, there.policies);
        self.inline(&mut wanted.inline_policies, there.inline_policies);
        self.tags(&mut wanted.tags, there.tags);
        if self.leaves(Field::PermissionsBoundary) {
            wanted.permissions_boundary = there.permissions_boundary;
        }
        wanted
    }

    fn group(&self, mut wanted: Group, there: Group) -> Group {
        self.attached(&mut wanted.policies, there.policies);
        self.inline(&mut wanted.inline_policies, there.inline_policies);
        wanted
    }

    fn role(&self, mut wanted: Role, there: Role) -> Role {
        self.attached(&mut wanted.policies, there.policies);
        self.inline(&mut wanted.inline_policies, there.inline_policies);
        self.tags(&mut wanted.tags, there.tags);
        if self.leaves(Field::PermissionsBoundary) {
            wanted.permissions_boundary = there.permissions_boundary;
        }
        if self.leaves(Field::Trust) {
            wanted.trust = there.trust;
        }
        wanted
    }

    fn attached(&self, wanted: &mut BTreeSet<PolicyArn>, there: BTreeSet<PolicyArn>) {
        let all = self.leaves(Field::Policies);
        wanted.extend(there.into_iter().filter(|arn| all || self.leaves_item(IgnoredItem::Policy(arn))));
    }

    fn inline(&self, wanted: &mut BTreeMap<PolicyName, Document>, there: BTreeMap<PolicyName, Document>) {
        let all = self.leaves(Field::InlinePolicies);
        for (name, document) in there {
            if all || self.leaves_item(IgnoredItem::InlinePolicy(&name)) {
                wanted.entry(name).or_insert(document);
            }
        }
    }

    fn tags(&self, wanted: &mut Tags, there: Tags) {
        let all = self.leaves(Field::Tags);
        for (key, value) in there.0 {
            if all || Tags::is_written_by_aws(&key) || self.leaves_item(IgnoredItem::Tag(&key)) {
                wanted.0.entry(key).or_insert(value);
            }
        }
    }

    fn leaves(&self, field: Field) -> bool {
        self.managed.ignore.contains(&field)
    }

    fn leaves_item(&self, item: IgnoredItem<'_>) -> bool {
        self.desired.ignored(self.address, item).is_some()
    }
}
