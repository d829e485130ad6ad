//! What is asked.

use super::arn::fields;
use super::context::Context;
use super::principal::Principal;

/// An action, such as `s3:GetObject`. Actions are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    text: String,
    lower: String,
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
                Ok(Self { text: text.to_owned(), lower: text.to_ascii_lowercase() })
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
}

/// What an action is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// An ARN, or `*` for an action that takes no resource.
    Named(String),
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
    /// The account that owns the resource. Without it, that of the ARN counts, and for an ARN without
    /// account the one of the principal.
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
            Some(account).filter(|account| !account.is_empty() && *account != "*")
        })
    }

    fn arn(&self) -> Option<[&str; 6]> {
        match &self.resource {
            Resource::Named(text) => fields(text),
            Resource::Unstated => None,
        }
    }

    /// Whether nothing but the policy of the resource opens it: roles that are assumed, and KMS keys.
    ///
    /// Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny
    /// access": trust policies of roles and key policies "must explicitly allow access for principals".
    pub(crate) fn needs_resource_policy(&self) -> bool {
        let of = |prefix: &str, service: &str| {
            self.arn().is_some_and(|[_, _, owner, _, _, rest]| owner == service && rest.starts_with(prefix))
        };
        match self.action.lower.split_once(':') {
            Some(("sts", action)) => action.starts_with("assumerole") || of("role/", "iam"),
            Some(("kms", _)) => of("key/", "kms"),
            _ => false,
        }
    }

    /// Whether it is one that a root user cannot make. Source: AWS Security Token Service API Reference,
    /// `AssumeRole`.
    pub(crate) fn root_cannot(&self) -> bool {
        self.action.lower == "sts:assumerole"
    }
}
