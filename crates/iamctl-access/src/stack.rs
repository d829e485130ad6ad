//! The policies that meet a request, and what follows from who asks and for what.

use std::collections::BTreeSet;
use std::rc::Rc;

use iamctl_model::{
    Address, Field, GroupName, Identity, OrganizationPolicy, PolicyArn, PolicyName, RoleName, Tags,
};
use iamctl_policy::Document;
use iamctl_policy::eval::{
    Context, Layer, Place, Policies, Policy, PolicyKind, Principal, PrincipalKind, Values,
};

use crate::answer::{Assumption, Source, Unread};
use crate::library::{
    Ages, Key, Library, OtherSide, PRINCIPAL_TAG, PolicyKindOf, RESOURCE_TAGS, Ready, StandIn,
};
use crate::question::{Who, arn_of, foreign_account};
use crate::state::State;

/// A policy that takes part in an answer.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Where it stands; nothing for what only stands in for something.
    pub(crate) source: Option<Source>,
    /// The group through which the principal has it.
    pub(crate) via: Option<GroupName>,
    ready: Rc<Ready>,
}

impl Held {
    /// The number of its text, where it is the trust policy of a role, and the same for all that have it.
    pub(crate) fn text(&self) -> Option<usize> {
        self.ready.text
    }

    /// Whether anything in it hangs on the tags of what is asked for.
    pub(crate) fn is_about_resource_tags(&self) -> bool {
        let is_one = |key: &String| RESOURCE_TAGS.iter().any(|family| key.starts_with(family));
        self.ready.tag_keys.iter().any(is_one)
    }

    /// Whether it may be about a user or role with this ARN.
    pub(crate) fn may_name(&self, arn: &str) -> bool {
        self.ready.may_name(arn)
    }

    /// The policy, ready to be asked.
    pub(crate) fn policy(&self) -> Option<Policy> {
        self.ready.policy.as_ref().ok().cloned()
    }
}

/// Who asks, with all policies.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    pub(crate) principal: Principal,
    pub(crate) identity: Vec<Held>,
    pub(crate) boundary: Option<Vec<Held>>,
    /// What leaves open whether there is a boundary at all.
    pub(crate) open_boundary: Option<Unread>,
    /// The session policies, where a session has nothing without any.
    pub(crate) session: Option<Vec<Held>>,
    /// The service control policies that bind it, level by level.
    scp: Vec<Vec<Held>>,
    /// The resource control policies that bind it where it asks for things of this account.
    rcp: Vec<Vec<Held>>,
    /// The keys that follow from who it is.
    pub(crate) context: Context,
    /// The tags, and whose they are; nothing where they are not known, or where a session may have others.
    tags: Option<(Address, Tags)>,
    pub(crate) unread: Vec<Unread>,
    pub(crate) assumes: Option<Assumption>,
}

impl Asker {
    /// Whether a condition key is one of its tags, and it is known that it has no such tag.
    pub(crate) fn is_without_tag(&self, state: &State, key: &str) -> bool {
        let tag = key.strip_prefix(PRINCIPAL_TAG);
        let (Some(tag), Some((whose, _))) = (tag, &self.tags) else { return false };
        !state.may_have_tag(whose, tag) && self.context.value(key).is_none()
    }

    /// All policies that it brings to a request, whatever that is for.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Held> {
        let own = self.identity.iter().chain(self.boundary.iter().flatten());
        own.chain(self.scp.iter().chain(&self.rcp).flatten())
    }
}

/// Collects the policies of somebody.
pub(crate) struct Collector<'s> {
    pub(crate) state: &'s State,
    pub(crate) library: &'s Library,
}

impl Collector<'_> {
    /// Who asks; nothing for a user or role that is not there, and for what is nobody in particular.
    pub(crate) fn asker(&self, who: &Who) -> Option<Asker> {
        match who {
            Who::Identity(identity) => self.identity(identity, None),
            Who::Other(principal) if foreign_account(self.state, principal).is_some() => None,
            Who::Other(principal) => Some(self.other(principal)),
        }
    }

    fn identity(&self, identity: &Identity, session: Option<&Principal>) -> Option<Asker> {
        let arn = arn_of(self.state, identity)?;
        let address = identity.address();
        let principal = match session {
            Some(session) => session.clone(),
            None => Principal::parse(&arn).ok()?,
        };
        let mut asker = self.empty(principal);
        if !is_service_linked(&arn) {
            self.organization(&mut asker);
        }
        match identity {
            Identity::User(name) => {
                let user = self.state.users.get(name)?;
                self.attached(&mut asker, &user.policies, None);
                self.inline(&mut asker, &address, &user.inline_policies, None);
                for group in &user.groups {
                    self.group(&mut asker, group);
                }
                self.boundary(&mut asker, &address, user.permissions_boundary.as_ref());
                asker.context.set("aws:username", Values::One(name.as_str().to_owned()));
                if let Some(id) = self.state.ids.get(&address) {
                    asker.context.set("aws:userid", Values::One(id.0.clone()));
                }
                asker.tags = self.state.tags(&address).map(|tags| (address.clone(), tags.clone()));
            }
            Identity::Role(name) => {
                let role = self.state.roles.get(name)?;
                self.attached(&mut asker, &role.policies, None);
                self.inline(&mut asker, &address, &role.inline_policies, None);
                self.boundary(&mut asker, &address, role.permissions_boundary.as_ref());
                asker.context.set("aws:username", Values::Absent);
                if let (Some(id), Some(session)) = (self.state.ids.get(&address), session) {
                    let name = session.as_str().rsplit('/').next().unwrap_or_default();
                    asker.context.set("aws:userid", Values::One(format!("{}:{name}", id.0)));
                }
                // Tags that are passed with a session go before those of the role.
                if !self.state.leaves(&address, Field::Trust) && !lets_tag(&role.trust) {
                    asker.tags = self.state.tags(&address).map(|tags| (address.clone(), tags.clone()));
                }
            }
            Identity::Group(_) => return None,
        }
        for field in [Field::Policies, Field::InlinePolicies, Field::Groups] {
            if self.state.leaves(&address, field) {
                self.unread(
                    &mut asker.unread,
                    &mut asker.identity,
                    Unread::LeftToOthers(address.clone(), field),
                );
            }
        }
        let kind = if matches!(identity, Identity::User(_)) { "User" } else { "AssumedRole" };
        asker.context.set("aws:PrincipalArn", Values::One(arn));
        asker.context.set("aws:PrincipalType", Values::One(kind.to_owned()));
        if let Some((_, tags)) = &asker.tags {
            for (key, value) in &tags.0 {
                asker.context.set(&format!("{PRINCIPAL_TAG}{key}"), Values::One(value.clone()));
            }
        }
        Some(asker)
    }

    /// Somebody who is no user or role of the account, with the keys that are sure.
    fn empty(&self, principal: Principal) -> Asker {
        let mut context = Context::new();
        let is_service = matches!(principal.kind(), PrincipalKind::Service);
        context.set("aws:PrincipalIsAWSService", Values::One(is_service.to_string()));
        if is_service {
            context.set("aws:PrincipalServiceName", Values::One(principal.as_str().to_owned()));
        } else {
            context.set("aws:PrincipalServiceName", Values::Absent);
        }
        if let Some(account) = principal.account() {
            context.set("aws:PrincipalAccount", Values::One(account.to_owned()));
        }
        Asker {
            principal,
            identity: Vec::new(),
            boundary: None,
            open_boundary: None,
            session: None,
            scp: Vec::new(),
            rcp: Vec::new(),
            context,
            tags: None,
            unread: Vec::new(),
            assumes: None,
        }
    }

    fn other(&self, principal: &Principal) -> Asker {
        let own = self.state.account.id.as_str();
        let mut asker = self.empty(principal.clone());
        self.organization(&mut asker);
        let Some(account) = principal.account() else { return asker };
        let is_federated = matches!(principal.kind(), PrincipalKind::FederatedUser { .. });
        if account != own {
            if is_federated {
                asker.session = Some(vec![self.stand_in(StandIn::OtherSide(OtherSide::Principal))]);
            }
            asker.identity.push(self.stand_in(StandIn::OtherSide(OtherSide::Principal)));
            asker.assumes = Some(Assumption::PrincipalsAccount(account.to_owned()));
            if matches!(principal.kind(), PrincipalKind::User { .. } | PrincipalKind::Role { .. }) {
                asker.context.set("aws:PrincipalArn", Values::One(principal.as_str().to_owned()));
            }
            return asker;
        }
        match principal.kind() {
            PrincipalKind::Root { .. } => {
                asker.context.set("aws:PrincipalArn", Values::One(principal.as_str().to_owned()));
                asker.context.set("aws:PrincipalType", Values::One("Account".to_owned()));
                asker.context.set("aws:username", Values::Absent);
                return asker;
            }
            PrincipalKind::RoleSession { role, .. } => {
                let role = RoleName::parse(role).ok().map(Identity::Role);
                if let Some(known) = role.and_then(|role| self.identity(&role, Some(principal))) {
                    return known;
                }
            }
            _ => {}
        }
        if is_federated {
            let mut held = Vec::new();
            self.unread(&mut asker.unread, &mut held, Unread::OfSession(principal.as_str().to_owned()));
            asker.session = Some(held);
        }
        if !self.state.is_whole || is_federated {
            let unread = Unread::Principal(principal.as_str().to_owned());
            self.unread(&mut asker.unread, &mut asker.identity, unread);
        }
        asker
    }

    /// What the organisation limits. It binds whoever belongs to the account in what they do, and everybody
    /// in what is done with things of the account.
    fn organization(&self, asker: &mut Asker) {
        let Some(organization) = &self.state.organization else { return };
        let own = &self.state.account.id;
        let is_own = asker.principal.account() == Some(own.as_str());
        if let Some(id) = organization.id.as_ref().filter(|_| is_own) {
            asker.context.set("aws:PrincipalOrgID", Values::One(id.clone()));
        }
        if !organization.binds(own) {
            return;
        }
        if is_own {
            asker.scp = self.levels(&mut asker.unread, &organization.scp, Layer::Scp);
        }
        asker.rcp = self.levels(&mut asker.unread, &organization.rcp, Layer::Rcp);
    }

    fn levels(
        &self,
        unread: &mut Vec<Unread>,
        levels: &[Vec<OrganizationPolicy>],
        layer: fn(usize) -> Layer,
    ) -> Vec<Vec<Held>> {
        let mut all = Vec::new();
        for (level, policies) in levels.iter().enumerate() {
            let held = policies.iter().enumerate().map(|(number, policy)| {
                let (source, kind): (fn(String) -> Source, _) = match layer(level) {
                    Layer::Rcp(_) => (Source::Rcp, PolicyKind::ResourceControl),
                    _ => (Source::Scp, PolicyKind::Principal),
                };
                let ready =
                    self.library.ready(Key::Organization(layer(level), number), &policy.document, kind);
                self.held(unread, source(policy.name.clone()), None, Ok(ready), PolicyKindOf::Principal)
            });
            all.push(held.collect());
        }
        all
    }

    fn group(&self, asker: &mut Asker, name: &GroupName) {
        let Some(group) = self.state.groups.get(name) else { return };
        let address = Address::Group(name.clone());
        self.attached(asker, &group.policies, Some(name));
        self.inline(asker, &address, &group.inline_policies, Some(name));
        for field in [Field::Policies, Field::InlinePolicies] {
            if self.state.leaves(&address, field) {
                let unread = Unread::LeftToOthers(address.clone(), field);
                self.unread(&mut asker.unread, &mut asker.identity, unread);
            }
        }
    }

    fn attached(&self, asker: &mut Asker, arns: &BTreeSet<PolicyArn>, via: Option<&GroupName>) {
        for arn in arns {
            let held = self.managed(&mut asker.unread, arn, via);
            asker.identity.push(held);
        }
    }

    fn managed(&self, unread: &mut Vec<Unread>, arn: &PolicyArn, via: Option<&GroupName>) -> Held {
        let source = Source::Managed(arn.clone());
        let ready = if arn.is_aws_managed() {
            self.library.of_aws(arn).ok_or_else(|| Unread::OfAws(arn.clone()))
        } else if let Some(own) = self.state.policies.get(arn) {
            let address = Address::Policy(own.name.clone());
            match self.state.leaves(&address, Field::Document) {
                true => Err(Unread::LeftToOthers(address, Field::Document)),
                false => {
                    Ok(self.library.ready(Key::Managed(arn.clone()), &own.document, PolicyKind::Principal))
                }
            }
        } else {
            Err(Unread::Elsewhere(arn.clone()))
        };
        self.held(unread, source, via, ready, PolicyKindOf::Principal)
    }

    fn inline(
        &self,
        asker: &mut Asker,
        address: &Address,
        policies: &std::collections::BTreeMap<PolicyName, Document>,
        via: Option<&GroupName>,
    ) {
        for (name, document) in policies {
            let key = Key::Inline(address.to_string(), name.as_str().to_owned());
            let ready = self.library.ready(key, document, PolicyKind::Principal);
            let source = Source::Inline(address.clone(), name.clone());
            let held = self.held(&mut asker.unread, source, via, Ok(ready), PolicyKindOf::Principal);
            asker.identity.push(held);
        }
    }

    fn boundary(&self, asker: &mut Asker, address: &Address, arn: Option<&PolicyArn>) {
        if self.state.leaves(address, Field::PermissionsBoundary) {
            let unread = Unread::LeftToOthers(address.clone(), Field::PermissionsBoundary);
            let mut held = Vec::new();
            self.unread(&mut asker.unread, &mut held, unread.clone());
            asker.boundary = Some(held);
            asker.open_boundary = Some(unread);
        } else if let Some(arn) = arn {
            asker.boundary = Some(vec![self.managed(&mut asker.unread, arn, None)]);
        }
    }

    /// The trust policy of a role of the account.
    pub(crate) fn trust(&self, unread: &mut Vec<Unread>, name: &RoleName) -> Option<Held> {
        let role = self.state.roles.get(name)?;
        let address = Address::Role(name.clone());
        let ready = match self.state.leaves(&address, Field::Trust) {
            true => Err(Unread::LeftToOthers(address, Field::Trust)),
            false => Ok(self.library.trust(name.as_str(), &role.trust)),
        };
        Some(self.held(unread, Source::Trust(name.clone()), None, ready, PolicyKindOf::Resource))
    }

    pub(crate) fn stand_in(&self, stand_in: StandIn) -> Held {
        let ready = self.library.stand_in(stand_in, self.state.account.id.as_str());
        Held { source: None, via: None, ready }
    }

    /// Something that is not known, in the place where it would be.
    pub(crate) fn not_known(&self, unread: &mut Vec<Unread>, kind: PolicyKindOf, what: Unread) -> Held {
        let number = unread.iter().position(|known| *known == what).unwrap_or_else(|| {
            unread.push(what);
            unread.len().saturating_sub(1)
        });
        self.stand_in(StandIn::Unread(kind, number))
    }

    fn unread(&self, unread: &mut Vec<Unread>, held: &mut Vec<Held>, what: Unread) {
        held.push(self.not_known(unread, PolicyKindOf::Principal, what));
    }

    fn held(
        &self,
        unread: &mut Vec<Unread>,
        source: Source,
        via: Option<&GroupName>,
        ready: Result<Rc<Ready>, Unread>,
        kind: PolicyKindOf,
    ) -> Held {
        let ready = ready.and_then(|ready| match &ready.policy {
            Ok(_) => Ok(ready),
            Err(why) => Err(Unread::Unsound(source.clone(), why.clone())),
        });
        match ready {
            Ok(ready) => Held { source: Some(source), via: via.cloned(), ready },
            Err(what) => self.not_known(unread, kind, what),
        }
    }
}

/// Whether a role is one that AWS made for a service. No policy of an organisation binds it.
///
/// Source: AWS Organizations User Guide, "Service control policies", "Tasks and entities not restricted by SCPs".
fn is_service_linked(arn: &str) -> bool {
    arn.contains(":role/aws-service-role/")
}

/// Whether a trust policy lets anybody give tags to a session.
pub(crate) fn lets_tag(trust: &Document) -> bool {
    let matches = |pattern: &str| iamctl_model::Pattern::new(pattern).matches("sts:TagSession");
    trust.unreadable().is_some()
        || trust.statements().iter().any(|statement| {
            statement.effect == iamctl_policy::Effect::Allow
                && statement.actions.as_ref().is_none_or(|clause| {
                    clause.patterns.iter().any(|pattern| matches(&pattern.text)) != clause.negated
                })
        })
}

/// All that meets a request.
#[derive(Debug)]
pub(crate) struct Stack<'a> {
    pub(crate) asker: &'a Asker,
    pub(crate) resource: Option<Held>,
    pub(crate) policies: Policies,
}

impl<'a> Stack<'a> {
    /// What meets a request for a resource: its own policy, and what the organisation says of the account, where
    /// it `is_own`.
    pub(crate) fn new(asker: &'a Asker, resource: Option<Held>, is_own: bool) -> Self {
        let all = |held: &[Held]| -> Vec<_> {
            held.iter().filter_map(|held| held.ready.policy.as_ref().ok().cloned()).collect()
        };
        let policies = Policies {
            identity: all(&asker.identity),
            resource: resource.as_ref().and_then(|held| held.ready.policy.as_ref().ok().cloned()),
            boundary: asker.boundary.as_ref().map(|held| all(held)),
            session: asker.session.as_ref().map(|held| all(held)),
            scp: asker.scp.iter().map(|held| all(held)).collect(),
            rcp: asker.rcp.iter().filter(|_| is_own).map(|held| all(held)).collect(),
        };
        Self { asker, resource, policies }
    }

    /// The same for somebody who has no permissions boundary.
    pub(crate) fn without_boundary(&self) -> Self {
        let mut policies = self.policies.clone();
        policies.boundary = None;
        Self { asker: self.asker, resource: self.resource.clone(), policies }
    }

    /// The policy at a place.
    pub(crate) fn held(&self, place: Place) -> Option<&Held> {
        match place.layer {
            Layer::Identity => self.asker.identity.get(place.policy),
            Layer::Boundary => self.asker.boundary.as_ref()?.get(place.policy),
            Layer::Resource => self.resource.as_ref(),
            Layer::Scp(level) => self.asker.scp.get(level)?.get(place.policy),
            Layer::Rcp(level) => self.asker.rcp.get(level)?.get(place.policy),
            Layer::Session => None,
        }
    }

    fn ready(&self) -> impl Iterator<Item = &Ready> {
        self.asker.held().chain(&self.resource).map(|held| &*held.ready)
    }

    /// The ages of a sign-in with MFA with which any policy compares it.
    pub(crate) fn mfa_ages(&self) -> Ages {
        self.ready().fold(Ages::Unused, |ages, ready| ages.and(&ready.mfa_ages))
    }

    /// The keys that follow from who asks, and from what the thing is that is asked for: its tags, where
    /// it is one of the account's. A tag that is not there is absent, and not open.
    pub(crate) fn context(&self, state: &State, address: Option<&Address>) -> Context {
        let mut context = self.asker.context.clone();
        let keys: BTreeSet<&str> =
            self.ready().flat_map(|ready| &ready.tag_keys).map(String::as_str).collect();
        for key in keys.iter().filter(|key| self.asker.is_without_tag(state, key)) {
            context.set(key, Values::Absent);
        }
        let Some((address, tags)) = address.and_then(|address| Some((address, state.tags(address)?))) else {
            return context;
        };
        for family in RESOURCE_TAGS {
            for (key, value) in &tags.0 {
                context.set(&format!("{family}{key}"), Values::One(value.clone()));
            }
            for key in &keys {
                let tag = key.strip_prefix(family);
                if tag.is_some_and(|tag| !state.may_have_tag(address, tag)) && context.value(key).is_none() {
                    context.set(key, Values::Absent);
                }
            }
        }
        context
    }
}
