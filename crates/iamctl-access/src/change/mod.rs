//! What a change does to access: who gains what, and who loses what.
//!
//! The policies of each user and role that changes, those of its groups included, are compared as a whole with what
//! they were, under its permissions boundary; and so is what the trust policies of roles let it assume. The search is
//! that of [`iamctl_policy::difference`]: a *no* is so for every request there can be, a *yes* has a request that the
//! evaluator confirmed, and everything else is unknown, with the reason.

mod candidates;
mod compare;
mod tags;
mod told;
mod trust;
mod trusts;
mod words;

use std::rc::Rc;

use iamctl_data::AccessLevel;
use iamctl_model::{Address, Identity, RoleName, TestContext};
use iamctl_policy::difference::{Mfa, Witness};

pub use words::with_tables;

use crate::Access;
use crate::answer::If;
use crate::escalation::{Escalation, Terms};

/// What a change does to access.
#[derive(Debug, Clone, Default)]
pub struct AccessChange {
    /// The users and roles whose policies change, or who may assume other roles: by name.
    pub principals: Vec<PrincipalChange>,
    /// The roles whose trust changes.
    pub roles: Vec<TrustChange>,
}

/// What becomes of one user or role.
#[derive(Debug, Clone)]
pub struct PrincipalChange {
    /// Who.
    pub who: Identity,
    /// What.
    pub effect: Rc<Effect>,
    /// The known paths to more rights that are newly open, or on easier terms.
    pub escalations: Vec<Escalation>,
}

/// What is gained and lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Whether something is gained.
    pub gains: Known,
    /// Whether something is lost.
    pub loses: Known,
    /// Why it is not known. What is gained and lost is told as far as it is.
    pub unknown: Vec<String>,
    /// What is gained, the riskiest first.
    pub gained: Vec<Portion>,
    /// What is lost.
    pub lost: Vec<Portion>,
}

/// Yes, no, or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// It is so.
    Yes,
    /// It is not so, for no request there can be.
    No,
    /// Neither could be shown.
    Unknown,
}

/// What a change does to somebody's access, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeVerdict {
    /// Something is gained, and nothing lost.
    Widens,
    /// Something is gained, and something lost.
    Both,
    /// It is not known.
    Unknown,
    /// Something is lost, and nothing gained.
    Narrows,
    /// Policies have another text, and allow the same.
    Same,
}

/// Actions of one service that are gained or lost on the same terms.
#[derive(Debug, Clone)]
pub struct Portion {
    /// The service, by the prefix of its actions; nothing for all services.
    pub service: Option<String>,
    /// The actions that AWS's table knows, each with what it does; without those of other services, where these are
    /// all.
    pub actions: Vec<(String, Option<AccessLevel>)>,
    /// Where all services are meant: those of which some actions are not.
    pub but_for: Vec<String>,
    /// On which resources, as the statements have them that make the difference: what they are about, and not to
    /// the letter what is gained or lost.
    pub resources: Vec<String>,
    /// The conditions of these statements.
    pub conditions: Vec<If>,
    /// The conditions under which it was denied, or will be.
    pub denied_if: Vec<If>,
    /// Whether other statements deny some of it.
    pub has_exceptions: bool,
    /// What it has to do with MFA.
    pub mfa: Mfa,
    /// What is risky about it.
    pub risks: Vec<Risk>,
    /// One request that is allowed on the one side and not on the other.
    pub witness: Witness,
}

/// What makes a reviewer look twice, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Every action of every service.
    Everything,
    /// Actions that change who may do what.
    PermissionsManagement,
    /// `iam:PassRole`: whoever has it can hand roles to services.
    PassRole,
    /// A way to assume a role.
    AssumeRole,
    /// MFA is no longer needed for it.
    NoMfa,
}

/// What becomes of the trust of one role.
#[derive(Debug, Clone)]
pub struct TrustChange {
    /// The role.
    pub role: RoleName,
    /// Whether somebody may assume it who could not, or on other terms.
    pub gains: Known,
    /// Whether somebody may no longer.
    pub loses: Known,
    /// Why that is not known.
    pub unknown: Vec<String>,
    /// Who gains something.
    pub gained: Vec<Caller>,
    /// Who loses something.
    pub lost: Vec<Caller>,
}

/// Somebody whom a trust policy names, and what that gives or takes.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The kind of the principal in the document: `AWS`, `Service`, `Federated`; nothing for the bare `*`.
    pub kind: Option<String>,
    /// As the document names it.
    pub name: String,
    /// The user or role of the account that it is: what becomes of it is told of itself, too.
    pub identity: Option<Identity>,
    /// What.
    pub portion: Portion,
}

impl Effect {
    /// In a word.
    #[must_use]
    pub fn verdict(&self) -> ChangeVerdict {
        verdict(self.gains, self.loses)
    }
}

impl TrustChange {
    /// In a word.
    #[must_use]
    pub fn verdict(&self) -> ChangeVerdict {
        verdict(self.gains, self.loses)
    }
}

fn verdict(gains: Known, loses: Known) -> ChangeVerdict {
    match (gains, loses) {
        (Known::Unknown, _) | (_, Known::Unknown) => ChangeVerdict::Unknown,
        (Known::Yes, Known::Yes) => ChangeVerdict::Both,
        (Known::Yes, Known::No) => ChangeVerdict::Widens,
        (Known::No, Known::Yes) => ChangeVerdict::Narrows,
        (Known::No, Known::No) => ChangeVerdict::Same,
    }
}

impl ChangeVerdict {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeVerdict::Widens => "widens",
            ChangeVerdict::Narrows => "narrows",
            ChangeVerdict::Both => "both",
            ChangeVerdict::Same => "same",
            ChangeVerdict::Unknown => "unknown",
        }
    }
}

impl Risk {
    /// Its name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Risk::Everything => "everything",
            Risk::PermissionsManagement => "permissions_management",
            Risk::PassRole => "pass_role",
            Risk::AssumeRole => "assume_role",
            Risk::NoMfa => "no_mfa",
        }
    }
}

/// What is told of two portions is the same; the requests that show it may be others.
impl PartialEq for Portion {
    fn eq(&self, other: &Self) -> bool {
        let told = |of: &Self| (of.has_exceptions, of.mfa, of.service.clone());
        told(self) == told(other)
            && self.actions == other.actions
            && self.but_for == other.but_for
            && self.resources == other.resources
            && self.conditions == other.conditions
            && self.denied_if == other.denied_if
    }
}

impl Eq for Portion {}

impl AccessChange {
    /// Whether nobody's access is touched, nor anybody's policies.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.principals.is_empty() && self.roles.is_empty()
    }

    /// Everything that changes, with whether it gains and whether it loses.
    pub fn verdicts(&self) -> impl Iterator<Item = (Address, Known, Known)> {
        let principals =
            self.principals.iter().map(|one| (one.who.address(), one.effect.gains, one.effect.loses));
        let roles = self.roles.iter().map(|one| (Address::Role(one.role.clone()), one.gains, one.loses));
        principals.chain(roles)
    }
}

impl Access {
    /// What becomes of everybody's access when this account becomes another.
    #[must_use]
    pub fn change_to(&self, after: &Access) -> AccessChange {
        let found = candidates::candidates([self, after]);
        if found.principals.is_empty() && found.roles.is_empty() {
            return AccessChange::default();
        }
        with_tables(|vocabulary| {
            let mut comparer = compare::Comparer::new([self, after], vocabulary, &found);
            let principals = found.principals.iter().filter_map(|who| comparer.principal(who));
            let mut principals: Vec<PrincipalChange> = principals.collect();
            self.add_escalations(after, &mut principals);
            let roles =
                found.roles.iter().map(|role| trust::role([self, after], role, &found.retagged, vocabulary));
            AccessChange { principals, roles: roles.collect() }
        })
    }

    /// Adds the paths to more rights that are newly open to those who gain something.
    fn add_escalations(&self, after: &Access, principals: &mut [PrincipalChange]) {
        let gaining = principals.iter_mut().filter(|one| one.effect.gains != Known::No);
        let gaining: Vec<&mut PrincipalChange> = gaining.collect();
        let who: Vec<Identity> = gaining.iter().map(|one| one.who.clone()).collect();
        let with = TestContext::default();
        let both = self.escalations(&who, &with).into_iter().zip(after.escalations(&who, &with));
        for (one, ((_, before), (_, after))) in gaining.into_iter().zip(both) {
            // Whoever could do anything could do this.
            if before.administrator != Some(Terms::Always) {
                let is_new = |path: &Escalation| !before.escalations.iter().any(|old| old.covers(path));
                one.escalations = after.escalations.into_iter().filter(is_new).collect();
            }
        }
    }
}
