//! The plan: which calls, in which order, and what a reader must know before they are made.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::address::{Address, Kind};
use crate::arn::Account;
use crate::change::{Change, ChangeAction};
use crate::desired::ManifestName;

/// A step's number within its plan, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub usize);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// The call.
    #[serde(flatten)]
    pub action: Action,
    /// The change it belongs to.
    pub because: Address,
    /// The steps that must have succeeded before.
    pub needs: Vec<StepId>,
}

/// A rule that can refuse a whole plan or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    /// A thing that is there and not ours would be taken over.
    Adopt,
    /// Manifest and account both changed the same thing, differently.
    Conflict,
    /// Only the case of a name differs.
    NameCase,
    /// Path of a role, policy or instance profile: AWS cannot change it in place, so that the thing would be
    /// deleted and made again.
    Replace,
    /// It must not be deleted.
    Protect,
    /// Something that is not ours still uses what would be deleted.
    InUse,
    /// The thing belongs to AWS.
    Reserved,
    /// It would take rights from whoever runs this.
    Lockout,
    /// The manifest demands another account.
    Account,
    /// A manifest without `account:` cannot be applied without a question.
    AnyAccount,
    /// The plan is not what it was when it was looked at.
    Stale,
    /// The order of references cannot be resolved.
    Cycle,
    /// More would be deleted than a slip of the pen should be able to delete.
    MassDelete,
    /// Drift would be undone that had taken rights away.
    WidenDrift,
    /// Another manifest of the same master copy manages the thing.
    Sibling,
    /// A user that would be deleted still has a password, keys or MFA devices.
    DeleteCredentials,
    /// Somebody gave a thing that is ours another name.
    Renamed,
    /// More of something would be there than AWS lets the account have.
    Quota,
    /// A danger of the plan that was not to be risked: `--deny`.
    Hazard,
}

impl Guard {
    /// All of them.
    pub const ALL: [Guard; 19] = [
        Guard::Adopt,
        Guard::Conflict,
        Guard::NameCase,
        Guard::Replace,
        Guard::Protect,
        Guard::InUse,
        Guard::Reserved,
        Guard::Lockout,
        Guard::Account,
        Guard::AnyAccount,
        Guard::Stale,
        Guard::Cycle,
        Guard::MassDelete,
        Guard::WidenDrift,
        Guard::Sibling,
        Guard::DeleteCredentials,
        Guard::Renamed,
        Guard::Quota,
        Guard::Hazard,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Guard::Adopt => "adopt",
            Guard::Conflict => "conflict",
            Guard::NameCase => "name-case",
            Guard::Replace => "replace",
            Guard::Protect => "protect",
            Guard::InUse => "in-use",
            Guard::Reserved => "reserved",
            Guard::Lockout => "lockout",
            Guard::Account => "account",
            Guard::AnyAccount => "any-account",
            Guard::Stale => "stale",
            Guard::Cycle => "cycle",
            Guard::MassDelete => "mass-delete",
            Guard::WidenDrift => "widen-drift",
            Guard::Sibling => "sibling",
            Guard::DeleteCredentials => "delete-credentials",
            Guard::Renamed => "renamed",
            Guard::Quota => "quota",
            Guard::Hazard => "hazard",
        }
    }
}

impl Guard {
    /// Whether `--allow` lets it pass. The others are answered in the manifest, or not at all.
    #[must_use]
    pub fn can_be_allowed(self) -> bool {
        matches!(
            self,
            Guard::Conflict
                | Guard::Replace
                | Guard::AnyAccount
                | Guard::MassDelete
                | Guard::WidenDrift
                | Guard::Lockout
                | Guard::DeleteCredentials
        )
    }
}

/// A guard's verdict against a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The guard.
    pub guard: Guard,
    /// What it is about.
    pub address: Address,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What is dangerous about a plan although it may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HazardKind {
    /// A boundary goes or changes: the policies behind it may allow more than before.
    BoundaryLoosened,
    /// For a moment, something may be allowed that is allowed neither before nor after.
    MomentaryExcess,
    /// For a moment, something may be denied that is allowed before and after.
    MomentaryGap,
    /// A member whom the manifest does not know is taken out of a group.
    MemberRemoved,
    /// Whoever runs this loses some of its own rights.
    RunnerNarrowed,
    /// What somebody took away in the account is given back.
    GrantRestored,
    /// What names a thing that is deleted and made again names nothing afterwards.
    ReferenceLost,
    /// Passwords may be weaker than before, or are open to change by all users.
    PasswordPolicyLoosened,
    /// The alias that the account gives up can be taken by anybody.
    AliasFreed,
    /// An identity provider that roles trust may vouch for others than before.
    SignInChanged,
}

impl HazardKind {
    /// All of them.
    pub const ALL: [HazardKind; 10] = [
        HazardKind::BoundaryLoosened,
        HazardKind::MomentaryExcess,
        HazardKind::MomentaryGap,
        HazardKind::MemberRemoved,
        HazardKind::RunnerNarrowed,
        HazardKind::GrantRestored,
        HazardKind::ReferenceLost,
        HazardKind::PasswordPolicyLoosened,
        HazardKind::AliasFreed,
        HazardKind::SignInChanged,
    ];

    /// Its name on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            HazardKind::BoundaryLoosened => "boundary-loosened",
            HazardKind::MomentaryExcess => "momentary-excess",
            HazardKind::MomentaryGap => "momentary-gap",
            HazardKind::MemberRemoved => "member-removed",
            HazardKind::RunnerNarrowed => "runner-narrowed",
            HazardKind::GrantRestored => "grant-restored",
            HazardKind::ReferenceLost => "reference-lost",
            HazardKind::PasswordPolicyLoosened => "password-policy-loosened",
            HazardKind::AliasFreed => "alias-freed",
            HazardKind::SignInChanged => "sign-in-changed",
        }
    }
}

/// One danger of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hazard {
    /// Which.
    pub kind: HazardKind,
    /// What it is about.
    pub address: Address,
    /// What may happen.
    pub message: String,
}

/// Something a reader may want to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is about.
    pub address: Address,
    /// What is to be known.
    pub message: String,
}

/// What would be done to an account, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The account.
    pub account: Account,
    /// The manifest.
    pub manifest: ManifestName,
    /// What differs, in the order of addresses.
    pub changes: Vec<Change>,
    /// The calls, in an order that respects what they need.
    pub steps: Vec<Step>,
    /// Why the plan, or a part of it, is not carried out.
    pub refusals: Vec<Refusal>,
    /// What is dangerous about it.
    pub hazards: Vec<Hazard>,
    /// What else is to be known.
    pub notes: Vec<Note>,
    /// How many things of each kind are in the account and not ours.
    pub unmanaged: BTreeMap<String, usize>,
}

impl Plan {
    /// Whether there is nothing to do: no call, and nothing to write to the master copy.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.steps.is_empty()
    }

    /// How many changes have this action.
    #[must_use]
    pub fn count(&self, action: ChangeAction) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// Whether it does the same to the account as another plan. What is only told to readers does not
    /// count, nor does the master copy: its bucket may have been made in between.
    #[must_use]
    pub fn does_the_same_as(&self, other: &Plan) -> bool {
        let things = |plan: &'_ Plan| -> Vec<Change> {
            plan.changes.iter().filter(|change| change.address != Address::MasterCopy).cloned().collect()
        };
        self.account == other.account
            && self.manifest == other.manifest
            && self.steps == other.steps
            && things(self) == things(other)
    }

    /// The key under which a kind is counted in [`unmanaged`](Self::unmanaged).
    #[must_use]
    pub fn unmanaged_key(kind: Kind) -> String {
        kind.section().to_owned()
    }
}
