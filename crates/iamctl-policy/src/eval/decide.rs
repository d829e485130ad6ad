//! From statements to an answer.
//!
//! Sources: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access",
//! "Policy evaluation for requests within a single account", "Cross-account policy evaluation logic",
//! "Permissions boundaries for IAM entities"; AWS Organizations User Guide, "SCP evaluation", "RCP
//! evaluation".

use super::context::View;
use super::policy::{Policy, Rule};
use super::principal::{Naming, PrincipalKind};
use super::request::Request;
use super::truth::Truth;
use crate::document::Effect;

/// The policies that apply to a request. A layer that is not there does not exist.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    /// What is attached to the principal, its groups included.
    pub identity: Vec<Policy>,
    /// The policy of the resource; the trust policy where a role is assumed.
    pub resource: Option<Policy>,
    /// The principal's permissions boundary: one of them has to allow.
    pub boundary: Option<Vec<Policy>>,
    /// The policies that were passed when the session was made: one of them has to allow.
    pub session: Option<Vec<Policy>>,
    /// Service control policies on the way to the principal's account, level by level, the root first.
    pub scp: Vec<Vec<Policy>>,
    /// Resource control policies on the way to the resource's account. `RCPFullAWSAccess`, which nobody
    /// can detach, is implied: they only deny.
    pub rcp: Vec<Vec<Policy>>,
}

/// AWS's three answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Allowed.
    Allowed,
    /// A statement denies it.
    ExplicitlyDenied,
    /// Nothing denies it, but something that has to allow it does not.
    ImplicitlyDenied,
}

impl Outcome {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Allowed => "Allowed",
            Outcome::ExplicitlyDenied => "ExplicitlyDenied",
            Outcome::ImplicitlyDenied => "ImplicitlyDenied",
        }
    }
}

/// An answer and what decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub outcome: Outcome,
    /// What decided it.
    pub because: Because,
}

/// What decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// This statement denies.
    Denied(Place),
    /// These statements grant it, and nothing that could limit them does. Neither is there for a root
    /// user in its own account, who may do everything.
    Granted {
        /// Where an identity policy allows it, if that was needed.
        identity: Option<Place>,
        /// Where the policy of the resource allows it, if that was needed.
        resource: Option<Place>,
    },
    /// This has to allow it, and does not.
    Lacking(Lack),
}

/// A layer of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The resource control policies of one level.
    Rcp(usize),
    /// The service control policies of one level.
    Scp(usize),
    /// The policy of the resource.
    Resource,
    /// The policies of the principal.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The session policies.
    Session,
}

/// A statement, by its numbers; all count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The layer.
    pub layer: Layer,
    /// The policy within its layer.
    pub policy: usize,
    /// The statement within its policy.
    pub statement: usize,
}

/// What would have to allow a request and does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lack {
    /// The service control policies of a level.
    Scp(usize),
    /// The policy of the resource, without which nobody gets at it: from another account, as a service,
    /// without signature, where a role is assumed, where a KMS key is used.
    Resource,
    /// The policies of the principal, and within one account the policy of the resource neither.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The session policies. A federated user has no permissions of the user it comes from without one.
    Session,
    /// A root user cannot assume a role.
    RootCannotAssume,
}

impl Policies {
    /// The policies of a layer.
    #[must_use]
    pub fn of(&self, layer: Layer) -> &[Policy] {
        match layer {
            Layer::Rcp(level) => self.rcp.get(level).map_or(&[], Vec::as_slice),
            Layer::Scp(level) => self.scp.get(level).map_or(&[], Vec::as_slice),
            Layer::Resource => self.resource.as_slice(),
            Layer::Identity => &self.identity,
            Layer::Boundary => self.boundary.as_deref().unwrap_or_default(),
            Layer::Session => self.session.as_deref().unwrap_or_default(),
        }
    }

    /// The policy that holds a statement, with its document.
    #[must_use]
    pub fn policy(&self, place: Place) -> Option<&Policy> {
        self.of(place.layer).get(place.policy)
    }
}

/// Answers a request of which everything is stated: a key that the context does not mention is absent.
#[must_use]
pub fn decide(policies: &Policies, request: &Request) -> Decision {
    let findings = Evaluation::new(policies, request, false).findings();
    if let (Truth::True, Some(place)) = (findings.denied.truth, findings.denied.place) {
        return Decision { outcome: Outcome::ExplicitlyDenied, because: Because::Denied(place) };
    }
    let because = findings.conclude();
    let outcome = match because {
        Because::Granted { .. } => Outcome::Allowed,
        Because::Denied(_) | Because::Lacking(_) => Outcome::ImplicitlyDenied,
    };
    Decision { outcome, because }
}

/// A request and the policies it meets.
#[derive(Clone, Copy)]
pub(crate) struct Evaluation<'a> {
    pub(crate) policies: &'a Policies,
    pub(crate) request: &'a Request,
    /// Whether what is not stated is unknown rather than absent.
    pub(crate) open: bool,
}

/// Whether something was found, and the first place where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) truth: Truth,
    pub(crate) place: Option<Place>,
}

impl Found {
    pub(crate) const NOTHING: Found = Found { truth: Truth::False, place: None };
    const GIVEN: Found = Found { truth: Truth::True, place: None };

    fn add(&mut self, truth: Truth, place: Place) {
        if truth > self.truth {
            *self = Found { truth, place: Some(place) };
        }
    }
}

/// What the layers say.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) denied: Found,
    /// What each level of service control policies allows.
    pub(crate) scp: Truth,
    /// The first level that does not surely allow, and the first that surely does not.
    lacking_scp: [Option<usize>; 2],
    pub(crate) identity: Found,
    pub(crate) boundary: Found,
    pub(crate) session: Found,
    /// What the policy of the resource allows, by the way in which it names the principal.
    direct: Found,
    origin: Found,
    account: Found,
    rules: Rules,
}

/// Which of AWS's ways to a decision is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// Principal and resource are of one account: either policy suffices.
    SameAccount,
    /// The same, but the policy of the resource has to allow.
    SameAccountStrict,
    /// One of these two, depending on the resource, which is not stated.
    SameAccountEither,
    /// Both accounts have to allow.
    CrossAccount,
    /// The principal has no account of its own: the policy of the resource alone counts.
    ResourceOnly,
    /// A root user, who asks to assume a role.
    Never,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(policies: &'a Policies, request: &'a Request, open: bool) -> Self {
        Self { policies, request, open }
    }

    pub(crate) fn view(&self) -> View<'a> {
        View { context: &self.request.context, open: self.open }
    }

    fn rules(&self) -> Rules {
        let kind = self.request.principal.kind();
        if self.request.principal.account().is_none() {
            Rules::ResourceOnly
        } else if matches!(kind, PrincipalKind::Root { .. }) && self.request.root_cannot() {
            Rules::Never
        } else if self.request.is_cross_account() {
            Rules::CrossAccount
        } else {
            match self.request.needs_resource_policy() {
                Truth::False => Rules::SameAccount,
                Truth::True => Rules::SameAccountStrict,
                Truth::Unknown if self.open => Rules::SameAccountEither,
                Truth::Unknown => Rules::SameAccount,
            }
        }
    }

    pub(crate) fn findings(&self) -> Findings {
        let mut findings = Findings {
            denied: Found::NOTHING,
            scp: Truth::True,
            lacking_scp: [None; 2],
            identity: Found::NOTHING,
            boundary: Found::GIVEN,
            session: Found::GIVEN,
            direct: Found::NOTHING,
            origin: Found::NOTHING,
            account: Found::NOTHING,
            rules: self.rules(),
        };
        let is_organised = !self.request.principal.is_service_linked();
        if is_organised {
            for level in 0..self.policies.rcp.len() {
                self.scan(Layer::Rcp(level), &mut findings.denied, &mut |_, _, _| true);
            }
        }
        self.scan(Layer::Resource, &mut findings.denied, &mut |naming, truth, place| {
            let found = match naming {
                Naming::Direct => &mut findings.direct,
                Naming::Origin => &mut findings.origin,
                Naming::Account => &mut findings.account,
            };
            found.add(truth, place);
            findings.direct.truth.is_true()
        });
        if findings.rules != Rules::ResourceOnly {
            self.add_own_account(is_organised, &mut findings);
        }
        findings
    }

    /// What the policies of the principal's account say.
    fn add_own_account(&self, is_organised: bool, findings: &mut Findings) {
        let kind = self.request.principal.kind();
        for level in 0..if is_organised { self.policies.scp.len() } else { 0 } {
            let allowed = self.allowed(Layer::Scp(level), &mut findings.denied);
            let [unsure, surely_not] = &mut findings.lacking_scp;
            if !allowed.truth.is_true() {
                unsure.get_or_insert(level);
            }
            if allowed.truth.is_false() {
                surely_not.get_or_insert(level);
            }
            findings.scp = findings.scp.and(allowed.truth);
        }
        findings.identity = self.allowed(Layer::Identity, &mut findings.denied);
        if matches!(kind, PrincipalKind::Root { .. }) {
            findings.identity = Found::GIVEN;
        }
        if self.policies.boundary.is_some() {
            findings.boundary = self.allowed(Layer::Boundary, &mut findings.denied);
        }
        if self.policies.session.is_some() {
            findings.session = self.allowed(Layer::Session, &mut findings.denied);
        } else if matches!(kind, PrincipalKind::FederatedUser { .. }) {
            findings.session = Found::NOTHING;
        }
    }

    fn allowed(&self, layer: Layer, denied: &mut Found) -> Found {
        let mut allowed = Found::NOTHING;
        self.scan(layer, denied, &mut |_, truth, place| {
            allowed.add(truth, place);
            allowed.truth.is_true()
        });
        allowed
    }

    /// Goes through the statements of a layer. `allows` takes those that may allow, and says whether it
    /// has seen enough.
    fn scan(&self, layer: Layer, denied: &mut Found, allows: &mut dyn FnMut(Naming, Truth, Place) -> bool) {
        let mut enough = false;
        for (policy, found) in self.policies.of(layer).iter().enumerate() {
            for (statement, rule) in found.rules().iter().enumerate() {
                let is_wanted = match rule.effect {
                    Effect::Allow => !enough,
                    Effect::Deny => !denied.truth.is_true(),
                };
                if !is_wanted || !rule.is_about_action(&self.request.action) {
                    continue;
                }
                let (truth, naming) = self.applies(rule);
                if truth.is_false() {
                    continue;
                }
                let place = Place { layer, policy, statement };
                match rule.effect {
                    Effect::Allow => enough = allows(naming, truth, place),
                    Effect::Deny => denied.add(truth, place),
                }
            }
        }
    }

    /// Whether a statement about the action is about the rest of the request as well.
    pub(crate) fn applies(&self, rule: &Rule) -> (Truth, Naming) {
        let (about, naming) = rule.is_about(&self.request.principal, self.is_bounded(), self.open);
        if about.is_false() {
            return (about, naming);
        }
        let view = self.view();
        let resource = rule.is_about_resource(&self.request.resource, view);
        if resource.is_false() {
            return (resource, naming);
        }
        (about.and(resource).and(rule.conditions_hold(view)), naming)
    }

    pub(crate) fn is_bounded(&self) -> bool {
        self.policies.boundary.is_some() && self.request.principal.account().is_some()
    }
}

impl Findings {
    /// Whether it is granted when nothing denies it.
    ///
    /// | the policy of the resource names | within one account, what else has to allow |
    /// | --- | --- |
    /// | the user, the session, everybody | nothing |
    /// | the role of the session, the user of the federated session | boundary and session policy |
    /// | the account | identity policy, boundary and session policy |
    ///
    /// Where the resource is of another account, its policy has to allow in one of these ways, and
    /// identity policy, boundary and session policy have to allow as well.
    pub(crate) fn granted(&self) -> Truth {
        let limits = self.boundary.truth.and(self.session.truth);
        let own = self.identity.truth.and(limits);
        let by_resource = self.direct.truth.or(self.origin.truth.and(limits));
        let any = self.by_resource_at_all().truth;
        let lenient = by_resource.or(own);
        let strict = by_resource.or(self.account.truth.and(own));
        self.scp.and(match self.rules {
            Rules::SameAccount => lenient,
            Rules::SameAccountStrict => strict,
            Rules::SameAccountEither if lenient == strict => lenient,
            Rules::SameAccountEither => Truth::Unknown,
            Rules::CrossAccount => any.and(own),
            Rules::ResourceOnly => any,
            Rules::Never => Truth::False,
        })
    }

    /// The way it is granted, or the first layer that does not allow it.
    pub(crate) fn conclude(&self) -> Because {
        let granted = self.granted();
        if granted.is_true() {
            return self.grant();
        }
        // What is surely not granted is explained by a layer that surely does not allow it.
        let lacks =
            |found: Found| if granted.is_false() { found.truth.is_false() } else { !found.truth.is_true() };
        let [unsure, surely_not] = self.lacking_scp;
        Because::Lacking(if let Some(level) = if granted.is_false() { surely_not } else { unsure } {
            Lack::Scp(level)
        } else if self.rules == Rules::Never {
            Lack::RootCannotAssume
        } else if !self.is_lenient() && lacks(self.by_resource_at_all()) {
            Lack::Resource
        } else if lacks(self.identity) && (self.rules == Rules::CrossAccount || lacks(self.origin)) {
            Lack::Identity
        } else if lacks(self.boundary) {
            Lack::Boundary
        } else {
            Lack::Session
        })
    }

    /// The statements that grant it.
    fn grant(&self) -> Because {
        let limits = self.boundary.truth.and(self.session.truth);
        let by_resource = if self.direct.truth.is_true() {
            Some(self.direct)
        } else if self.origin.truth.is_true() && limits.is_true() {
            Some(self.origin)
        } else {
            None
        };
        let (identity, resource) = match (self.rules, by_resource) {
            (Rules::ResourceOnly, _) => (None, self.by_resource_at_all().place),
            (Rules::SameAccount, None) => (self.identity.place, None),
            (Rules::CrossAccount, _) | (_, None) => (self.identity.place, self.by_resource_at_all().place),
            (_, Some(found)) => (None, found.place),
        };
        Because::Granted { identity, resource }
    }

    /// Whether an identity policy suffices.
    fn is_lenient(&self) -> bool {
        matches!(self.rules, Rules::SameAccount | Rules::SameAccountEither)
    }

    /// Whether it depends on the resource what has to allow.
    pub(crate) fn resource_decides(&self) -> bool {
        self.rules == Rules::SameAccountEither
    }

    /// Whether it is open what the policy of the resource allows.
    pub(crate) fn resource_is_open(&self) -> bool {
        [self.direct, self.origin, self.account].iter().any(|found| found.truth == Truth::Unknown)
    }

    /// What the policy of the resource allows, in whichever way it names the principal.
    fn by_resource_at_all(&self) -> Found {
        let stronger = |a: Found, b: Found| if b.truth > a.truth { b } else { a };
        stronger(stronger(self.direct, self.origin), self.account)
    }
}
