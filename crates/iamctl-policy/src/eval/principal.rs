//! Who makes a request, and whom a policy names.
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: Principal", "AWS JSON policy elements:
//! NotPrincipal", and "How AWS enforcement code logic evaluates requests to allow or deny access".

use std::fmt;

use super::arn::fields;
use super::truth::Truth;
use crate::document::Principals;

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    text: String,
    kind: PrincipalKind,
}

/// The kinds of principal that AWS tells apart when it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The root user of an account.
    Root {
        /// The account.
        account: String,
    },
    /// An IAM user.
    User {
        /// The account.
        account: String,
        /// The name, without path.
        name: String,
    },
    /// A role: a session of it whose name is not stated.
    Role {
        /// The account.
        account: String,
        /// The name, without path.
        name: String,
    },
    /// A session of a role.
    RoleSession {
        /// The account.
        account: String,
        /// The name of the role; the ARN of a session has no path.
        role: String,
    },
    /// A session made by `GetFederationToken`. It comes from the user of the same name.
    FederatedUser {
        /// The account.
        account: String,
        /// The name.
        name: String,
    },
    /// An identity provider, for the calls that assume a role with its token or assertion.
    Provider,
    /// A service of AWS, such as `ec2.amazonaws.com`.
    Service,
    /// Nobody in particular: an unsigned request.
    Anonymous,
}

impl Principal {
    /// Reads an ARN, an account id, the name of a service, or `*` for nobody in particular.
    ///
    /// # Errors
    ///
    /// A sentence that says why the text names nobody.
    pub fn parse(text: &str) -> Result<Self, String> {
        let kind = if text == "*" {
            PrincipalKind::Anonymous
        } else if is_account(text) {
            PrincipalKind::Root { account: text.to_owned() }
        } else if text.starts_with("arn:") {
            from_arn(text).ok_or_else(|| {
                format!("`{text}` is not the ARN of a root user, user, role, session or provider")
            })?
        } else if text.contains('.') && !text.contains([':', ' ']) {
            PrincipalKind::Service
        } else {
            return Err(format!("`{text}` is neither an ARN nor the name of a service"));
        };
        Ok(Self { text: text.to_owned(), kind })
    }

    /// Nobody in particular.
    pub(crate) fn anonymous() -> Self {
        Self { text: "*".to_owned(), kind: PrincipalKind::Anonymous }
    }

    /// What kind of principal it is.
    #[must_use]
    pub fn kind(&self) -> &PrincipalKind {
        &self.kind
    }

    /// The text it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The account it belongs to; services, providers and unsigned requests belong to none that counts.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match &self.kind {
            PrincipalKind::Root { account }
            | PrincipalKind::User { account, .. }
            | PrincipalKind::Role { account, .. }
            | PrincipalKind::RoleSession { account, .. }
            | PrincipalKind::FederatedUser { account, .. } => Some(account),
            PrincipalKind::Provider | PrincipalKind::Service | PrincipalKind::Anonymous => None,
        }
    }

    /// Whether it is a role that a service of AWS made for itself: organisation policies do not affect
    /// those. Source: AWS Organizations User Guide, "Service control policies", "Resource control
    /// policies". The ARN of a session has no path, so a session is never taken for one.
    pub(crate) fn is_service_linked(&self) -> bool {
        matches!(self.kind, PrincipalKind::Role { .. }) && self.text.contains(":role/aws-service-role/")
    }

    fn is_root(&self) -> bool {
        matches!(self.kind, PrincipalKind::Root { .. })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn from_arn(text: &str) -> Option<PrincipalKind> {
    let [_, _, service, _, account, rest] = fields(text)?;
    let account = Some(account).filter(|account| !account.is_empty())?.to_owned();
    let (kind, name) = rest.split_once('/').unwrap_or((rest, ""));
    let last = || name.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
    Some(match (service, kind) {
        ("iam", "root") if name.is_empty() => PrincipalKind::Root { account },
        ("iam", "user") => PrincipalKind::User { account, name: last()? },
        ("iam", "role") => PrincipalKind::Role { account, name: last()? },
        ("iam", "oidc-provider" | "saml-provider") => PrincipalKind::Provider,
        ("sts", "assumed-role") => {
            let (role, session) = name.split_once('/')?;
            if role.is_empty() || session.is_empty() {
                return None;
            }
            PrincipalKind::RoleSession { account, role: role.to_owned() }
        }
        ("sts", "federated-user") if !name.is_empty() => {
            PrincipalKind::FederatedUser { account, name: name.to_owned() }
        }
        _ => return None,
    })
}

/// In which way a policy names a principal: it decides what else has to allow the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The principal that makes the request itself, or everybody. Nothing limits such a grant within one
    /// account.
    Direct,
    /// The role that a session comes from, or the user that a federated session comes from. Permissions
    /// boundary and session policy limit such a grant.
    Origin,
    /// The account. It delegates to the account's own policies.
    Account,
}

/// `Principal` or `NotPrincipal` of a statement.
#[derive(Debug, Clone)]
pub(crate) struct Whom {
    negated: bool,
    entries: Vec<Named>,
}

#[derive(Debug, Clone)]
enum Named {
    Everybody,
    Account(String),
    /// The account, the name without path, and the whole ARN.
    Role(String, String, String),
    User(String, String, String),
    /// A session of a role, with account and role, or of a federated user.
    RoleSession(String, String, String),
    Exactly(String),
    Service(String),
    Provider(String),
    /// An id that only AWS can resolve. That of a user or role is shown only after its owner was deleted,
    /// and names nobody any more; canonical user ids are not modelled.
    Opaque,
}

impl Whom {
    pub(crate) fn new(principals: &Principals) -> Self {
        let entries = principals.entries.iter();
        let entries =
            entries.map(|(kind, value)| named(kind.as_deref().unwrap_or("AWS"), &value.text)).collect();
        Self { negated: principals.negated, entries }
    }

    pub(crate) fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether it is about everybody, or about everybody but some.
    pub(crate) fn is_open(&self) -> bool {
        self.negated || self.entries.iter().any(|entry| matches!(entry, Named::Everybody))
    }

    /// Whether the statement is about a principal, and the strongest way in which it names it.
    ///
    /// `NotPrincipal` is about everybody whom the list does not name. An account in that list stands for
    /// its root user only: AWS's example, which excepts one user of an account, lists the user and the
    /// account, and all other users of it stay denied.
    ///
    /// `open` says whether a session whose name is not stated may be any session of its role.
    pub(crate) fn names(&self, principal: &Principal, open: bool) -> (Truth, Naming) {
        let mut sure: Option<Naming> = None;
        let mut perhaps: Option<Naming> = None;
        for entry in &self.entries {
            let (truth, naming) = entry.names(principal, open);
            let best = match truth {
                Truth::False => continue,
                Truth::Unknown => &mut perhaps,
                Truth::True => &mut sure,
            };
            if best.is_none_or(|found| naming.rank() < found.rank()) {
                *best = Some(naming);
            }
        }
        if self.negated {
            let excepts = |found: Option<Naming>| found.is_some_and(|naming| naming != Naming::Account);
            let excepted = if excepts(sure) {
                Truth::True
            } else if excepts(perhaps) {
                Truth::Unknown
            } else {
                Truth::False
            };
            return (!excepted, Naming::Direct);
        }
        match (sure, perhaps) {
            (Some(naming), _) => (Truth::True, naming),
            (None, Some(naming)) => (Truth::Unknown, naming),
            (None, None) => (Truth::False, Naming::Account),
        }
    }
}

impl Naming {
    fn rank(self) -> u8 {
        match self {
            Naming::Direct => 0,
            Naming::Origin => 1,
            Naming::Account => 2,
        }
    }
}

fn named(kind: &str, text: &str) -> Named {
    match kind {
        "AWS" if text == "*" => Named::Everybody,
        "AWS" => match Principal::parse(text) {
            Ok(Principal { kind, text }) => match kind {
                PrincipalKind::Root { account } => Named::Account(account),
                PrincipalKind::Role { account, name } => Named::Role(account, name, text),
                PrincipalKind::User { account, name } => Named::User(account, name, text),
                PrincipalKind::RoleSession { account, role } => Named::RoleSession(account, role, text),
                _ => Named::Exactly(text),
            },
            Err(_) => Named::Opaque,
        },
        "Service" => Named::Service(text.to_owned()),
        "Federated" => Named::Provider(text.to_owned()),
        _ => Named::Opaque,
    }
}

impl Named {
    fn names(&self, principal: &Principal, open: bool) -> (Truth, Naming) {
        let text = principal.text.as_str();
        match (self, &principal.kind) {
            (Named::Everybody, _) => (Truth::True, Naming::Direct),
            (Named::Account(account), _) => {
                let naming = if principal.is_root() { Naming::Direct } else { Naming::Account };
                ((principal.account() == Some(account)).into(), naming)
            }
            (Named::Role(_, _, arn), PrincipalKind::Role { .. }) => ((arn == text).into(), Naming::Origin),
            // Names of roles are unique within an account, whatever their paths.
            (Named::Role(account, name, _), PrincipalKind::RoleSession { account: of, role }) => {
                ((account == of && name == role).into(), Naming::Origin)
            }
            (Named::User(account, name, _), PrincipalKind::FederatedUser { account: of, name: user }) => {
                ((account == of && name == user).into(), Naming::Origin)
            }
            (Named::RoleSession(account, role, _), PrincipalKind::Role { account: of, name }) => {
                let may_be = open && account == of && role == name;
                (if may_be { Truth::Unknown } else { Truth::False }, Naming::Direct)
            }
            (Named::User(_, _, arn) | Named::RoleSession(_, _, arn) | Named::Exactly(arn), _) => {
                ((arn == text).into(), Naming::Direct)
            }
            (Named::Service(name), PrincipalKind::Service) => ((name == text).into(), Naming::Direct),
            (Named::Provider(name), PrincipalKind::Provider | PrincipalKind::Service) => {
                ((name == text).into(), Naming::Direct)
            }
            _ => (Truth::False, Naming::Account),
        }
    }
}
