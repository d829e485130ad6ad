//! What is asked.

use super::arn::fields;
use super::context::Context;
use super::principal::Principal;
use super::truth::Truth;

/// An action, such as `s3:GetObject`. Actions are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    text: String,
    lower: String,
    services: Services,
}

/// A set of services that may hold more than was put into it: one bit for each of 64 classes of names.
/// It spares most statements a comparison of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Services(u64);

impl Services {
    pub(crate) const NONE: Services = Services(0);

    /// The service of an action or of a pattern of actions, in lower case; all of them where the pattern
    /// leaves it open.
    pub(crate) fn of(action: &str) -> Self {
        let service = action.split_once(':').map_or(action, |(service, _)| service);
        if service.contains(['*', '?']) {
            return Self(u64::MAX);
        }
        // FNV-1a, of which the upper bits are the best mixed.
        let hash = service.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(1 << (hash >> 58))
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have no service in common, for sure.
    pub(crate) fn exclude(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }
}

impl Action {
    /// Reads `service:Name`.
    ///
    /// # Errors
    ///
    /// A sentence that says why the text is not one action.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        match text.split_once(':') {
            Some((service, action)) if name(service) && name(action) => {
                let lower = text.to_ascii_lowercase();
                Ok(Self { text: text.to_owned(), services: Services::of(&lower), lower })
            }
            _ => Err(format!("`{text}` is not an action such as `s3:GetObject`")),
        }
    }

    /// The text it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn lower(&self) -> &str {
        &self.lower
    }

    pub(crate) fn services(&self) -> Services {
        self.services
    }
}

/// What an action is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// An ARN, or `*` for an action that takes no resource.
    Named(String),
    /// Any resource whose ARN matches, `*` and `?` being wildcards: the answer may depend on which.
    Like(String),
    /// Any resource: the answer may depend on which.
    Unstated,
}

/// A request, or a question about many requests.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// What is to be done.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// The account that owns the resource. Without it, that of the ARN counts, and where there is none the
    /// one of the principal.
    pub resource_account: Option<String>,
    /// The condition keys.
    pub context: Context,
}

impl Request {
    /// Whether the resource belongs to another account than the principal.
    pub(crate) fn is_cross_account(&self) -> bool {
        match (self.principal.account(), self.owner()) {
            (Some(principal), Some(owner)) => principal != owner,
            _ => false,
        }
    }

    fn owner(&self) -> Option<&str> {
        self.resource_account.as_deref().or_else(|| {
            let [_, _, _, _, account, _] = self.arn()?;
            Some(account).filter(|account| !account.is_empty() && !has_wildcard(account))
        })
    }

    fn arn(&self) -> Option<[&str; 6]> {
        match &self.resource {
            Resource::Named(text) | Resource::Like(text) => fields(text),
            Resource::Unstated => None,
        }
    }

    /// Whether nothing but the policy of the resource opens it: roles that are assumed, and KMS keys.
    ///
    /// Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny
    /// access": trust policies of roles and key policies "must explicitly allow access for principals".
    pub(crate) fn needs_resource_policy(&self) -> Truth {
        let of = |prefix: &str, service: &str| match (&self.resource, self.arn()) {
            (Resource::Unstated, _) | (Resource::Like(_), None) => Truth::Unknown,
            (Resource::Like(_), Some([_, _, owner, _, _, rest])) => {
                may_be(owner, service, true).and(may_be(rest, prefix, false))
            }
            (_, Some([_, _, owner, _, _, rest])) => (owner == service && rest.starts_with(prefix)).into(),
            (_, None) => Truth::False,
        };
        match self.action.lower.split_once(':') {
            Some(("sts", action)) if action.starts_with("assumerole") => Truth::True,
            Some(("sts", _)) => of("role/", "iam"),
            Some(("kms", _)) => of("key/", "kms"),
            _ => Truth::False,
        }
    }

    /// Whether it is one that a root user cannot make. Source: AWS Security Token Service API Reference,
    /// `AssumeRole`.
    pub(crate) fn root_cannot(&self) -> bool {
        self.action.lower == "sts:assumerole"
    }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether what matches a pattern is a text, or begins with it.
fn may_be(pattern: &str, text: &str, whole: bool) -> Truth {
    let literal = pattern.split(['*', '?']).next().unwrap_or("");
    match has_wildcard(pattern) {
        false if whole => (pattern == text).into(),
        _ if !whole && literal.starts_with(text) => Truth::True,
        true if text.starts_with(literal) => Truth::Unknown,
        _ => Truth::False,
    }
}
