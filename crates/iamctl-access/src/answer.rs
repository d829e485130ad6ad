//! Answers, and what they rest on.

use std::collections::BTreeSet;
use std::fmt;

use iamctl_model::{Address, Field, GroupName, PolicyArn, PolicyName, RoleName};
use iamctl_policy::eval::{Failed, Lack, Layer};
use iamctl_policy::{Effect, Span};

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Yes, no, or neither.
    pub verdict: Verdict,
    /// All statements it rests on, those that decide first.
    pub statements: Vec<Told>,
    /// The layer that has to allow it and does not, where no statement denies it.
    pub lack: Option<Lack>,
    /// What it depends on.
    pub depends_on: BTreeSet<Dependence>,
    /// What another account has to do for its part. The answer takes it for done.
    pub assumes: BTreeSet<Assumption>,
    /// The resources for which it was not denied, where the question was about many roles: at most a few.
    pub examples: Vec<String>,
}

/// How many statements are told of one answer at most.
const MOST_TOLD: usize = 12;

impl Answer {
    /// The statements that are told to people: the first few of all that the answer rests on.
    #[must_use]
    pub fn told(&self) -> &[Told] {
        self.statements.get(..MOST_TOLD).unwrap_or(&self.statements)
    }
}

/// Yes, no, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Allowed, whatever was not stated.
    Allowed,
    /// It depends on what was not stated, or on a policy whose text is not known.
    Depends,
    /// Denied, whatever was not stated.
    Denied,
}

impl Verdict {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Allowed => "allowed",
            Verdict::Depends => "depends",
            Verdict::Denied => "denied",
        }
    }
}

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A managed policy.
    Managed(PolicyArn),
    /// An inline policy of a user, group or role.
    Inline(Address, PolicyName),
    /// The trust policy of a role.
    Trust(RoleName),
    /// A service control policy of the organisation, by the name that people gave it.
    Scp(String),
    /// A resource control policy of the organisation, likewise.
    Rcp(String),
}

/// A statement that an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The policy.
    pub source: Source,
    /// The group through which the principal has it.
    pub via: Option<GroupName>,
    /// As what the principal has it.
    pub layer: Layer,
    /// The statement's number in it, from 0.
    pub statement: usize,
    /// Its `Sid`.
    pub sid: Option<String>,
    /// Where it stands in the manifest; nowhere when it was read from the account.
    pub span: Span,
    /// What it does.
    pub effect: Effect,
    /// Whether it names the principal by its account only, so that a policy of the principal has to allow it
    /// as well.
    pub delegates: bool,
    /// All its conditions, as they are written, whether or not they are known to hold.
    pub conditions: Vec<If>,
    /// What it has to do with the answer.
    pub part: Part,
}

/// What a statement has to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// It applies.
    Applies,
    /// It applies if all of these hold; none of them is known.
    AppliesIf(Vec<If>),
    /// It would allow it, if this fitted.
    Misses(Misfit),
}

/// Something that decides whether a statement applies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum If {
    /// The name of the session is a certain one.
    Session,
    /// The resource is one of those that the statement is about.
    Resource {
        /// Whether it must match none of them: `NotResource`.
        negated: bool,
        /// The patterns, as they are written.
        patterns: Vec<String>,
    },
    /// A condition, as it is written.
    Condition {
        /// The operator.
        operator: String,
        /// The key.
        key: String,
        /// The values of which one has to match.
        values: Vec<String>,
    },
}

/// Why a statement that allows the action does not allow this request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Misfit {
    /// It is about other principals.
    Principal,
    /// It is about other resources.
    Resource,
    /// This condition, as it is written, does not hold.
    Condition {
        /// The operator.
        operator: String,
        /// The key.
        key: String,
        /// The values of which one would have to match.
        values: Vec<String>,
        /// The values in the request; none where the key is not there.
        found: Vec<String>,
    },
}

impl From<Failed> for Misfit {
    fn from(failed: Failed) -> Self {
        use iamctl_policy::eval::Values;
        match failed {
            Failed::Principal => Misfit::Principal,
            Failed::Resource => Misfit::Resource,
            Failed::Condition { operator, key, expected: values, found } => {
                let found = match found {
                    Values::Absent => Vec::new(),
                    Values::One(value) => vec![value],
                    Values::Many(values) => values,
                };
                Misfit::Condition { operator, key, values, found }
            }
        }
    }
}

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dependence {
    /// Which resource it is.
    Resource,
    /// How the session of the role is named.
    Session,
    /// A condition key, in lower case.
    Key(String),
    /// A policy whose text is not known.
    Text(Unread),
}

/// A policy whose text is not known. It may allow or deny anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unread {
    /// A policy of AWS's that the table does not have.
    OfAws(PolicyArn),
    /// A policy that is neither in the manifest nor in what was read.
    Elsewhere(PolicyArn),
    /// A document that AWS stores and that cannot be evaluated, and why.
    Unsound(Source, String),
    /// What the manifest leaves to others, and nobody read.
    LeftToOthers(Address, Field),
    /// The policies of a user or role that is neither in the manifest nor in what was read.
    Principal(String),
    /// The trust policy of a role that is neither in the manifest nor in what was read.
    Role(String),
    /// The trust policies of the roles that are neither in the manifest nor in what was read.
    OtherRoles,
    /// The policy that was given to the session of a federated user, without which it may do nothing.
    OfSession(String),
    /// Who of another account asks.
    OfAccount(String),
    /// The policy of a resource, where that alone lets somebody in: a service, or another account.
    OfResource,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Managed(arn) if arn.is_aws_managed() => write!(f, "aws:{}", arn.path_and_name()),
            Source::Managed(arn) => write!(f, "policy/{}", arn.policy_name()),
            Source::Inline(address, name) => write!(f, "inline policy {name} of {address}"),
            Source::Trust(name) => write!(f, "trust of role/{name}"),
            Source::Scp(name) => write!(f, "service control policy {name}"),
            Source::Rcp(name) => write!(f, "resource control policy {name}"),
        }
    }
}

/// A sentence without a period.
impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NOT_READ: &str = "it is not in the manifest, and was not read from the account";
        match self {
            Unread::OfAws(arn) => {
                let date = iamctl_data::managed_policies().provenance().date;
                write!(
                    f,
                    "the text of aws:{} is not known: AWS did not have it on {date}",
                    arn.path_and_name()
                )
            }
            Unread::Elsewhere(arn) => write!(f, "the text of {arn} is not known: {NOT_READ}"),
            Unread::Unsound(source, why) => write!(f, "{source} cannot be evaluated: {why}"),
            Unread::LeftToOthers(address, field) => {
                write!(
                    f,
                    "the manifest leaves `{field}` of {address} to others, and the account was not read"
                )
            }
            Unread::Principal(arn) => write!(f, "the policies of {arn} are not known: {NOT_READ}"),
            Unread::Role(arn) => write!(f, "the trust policy of {arn} is not known: {NOT_READ}"),
            Unread::OtherRoles => {
                f.write_str("the trust policies of roles that are not in the manifest are not known")
            }
            Unread::OfSession(arn) => write!(f, "the session policy of {arn} is not known"),
            Unread::OfAccount(account) => {
                write!(f, "who of account {account} asks is not known: name a user or role of it")
            }
            Unread::OfResource => {
                f.write_str("the policy of the resource is not known, and it alone could let it in")
            }
        }
    }
}

/// What another account has to do for its part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assumption {
    /// The account of the principal has to allow it, too.
    PrincipalsAccount(String),
    /// The account of the resource has to allow it, too.
    ResourcesAccount(String),
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assumption::PrincipalsAccount(account) => {
                write!(f, "the policies of account {account} have to allow it, too, and are not known")
            }
            Assumption::ResourcesAccount(account) => {
                write!(f, "the policy of the resource in {account} has to allow it, too, and is not known")
            }
        }
    }
}
