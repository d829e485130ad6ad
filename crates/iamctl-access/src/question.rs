//! Questions, and the names that people give to what they ask about.

use std::collections::BTreeSet;
use std::fmt;

use iamctl_model::{Address, ContextValue, Identity, Mfa, TestContext};
use iamctl_policy::closest;
use iamctl_policy::eval::{Action, Context, Principal, PrincipalKind, Values};

use crate::library::{Ages, is_reserved};
use crate::state::State;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A user or role that is in the account.
    Identity(Identity),
    /// Anybody else: a session, somebody of another account, a service, a provider.
    Other(Principal),
}

/// On what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// Whatever there is: a question about all of it.
    Anything,
    /// An ARN; with `*` or `?`, all that match.
    Arn(String),
    /// Something of this account.
    Address(Address),
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Who asks.
    pub who: &'q Who,
    /// For what.
    pub action: &'q Action,
    /// On what.
    pub on: &'q On,
    /// What is stated about the request. What is not stated may be anything.
    pub with: &'q TestContext,
}

/// A name that nothing has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is wrong.
    pub message: String,
    /// The name that was probably meant.
    pub meant: Option<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unknown {}

/// The kind of addresses of service-linked roles.
const SERVICE_LINKED: &str = "service_linked_role";

fn service_linked(text: &str) -> Unknown {
    let message = format!("questions leave `{text}` out: only its service can ask as a service-linked role");
    Unknown { message, meant: None }
}

/// Reads who asks: `user/NAME`, `role/NAME`, an ARN, an account, a service.
pub(crate) fn who(state: &State, text: &str) -> Result<Who, Unknown> {
    match text.split_once('/') {
        Some(("user" | "role", _)) => identity(state, text).map(Who::Identity),
        Some((SERVICE_LINKED, _)) => Err(service_linked(text)),
        Some(("group" | "policy", _)) => Err(Unknown {
            message: format!("`{text}` cannot ask for anything: only users and roles can"),
            meant: None,
        }),
        _ => match Principal::parse(text) {
            Ok(principal) => match known(state, &principal) {
                _ if let Some(account) = foreign_account(state, &principal) => Err(Unknown {
                    message: format!(
                        "`{text}` stands for everybody of account {account}: name a user or role of it, as in \
                         `arn:{}:iam::{account}:role/NAME`",
                        state.account.partition
                    ),
                    meant: None,
                }),
                Some(identity) => Ok(Who::Identity(identity)),
                None if is_gone(state, &principal) => {
                    Err(Unknown { message: format!("there is no `{text}`"), meant: None })
                }
                None => Ok(Who::Other(principal)),
            },
            Err(message) => {
                // A name without its kind is a frequent slip.
                let names = names(state);
                let ends = |name: &&String| name.split_once('/').is_some_and(|(_, name)| name == text);
                Err(Unknown {
                    message: format!("{message}: write `user/NAME` or `role/NAME`"),
                    meant: names.iter().find(ends).cloned(),
                })
            }
        },
    }
}

/// The other account that a principal stands for as a whole: where policies name its root user, they mean
/// everybody of it.
///
/// Source: IAM User Guide, "AWS JSON policy elements: Principal", AWS account principals.
pub(crate) fn foreign_account<'p>(state: &State, principal: &'p Principal) -> Option<&'p str> {
    let is_account = matches!(principal.kind(), PrincipalKind::Root { .. });
    principal.account().filter(|account| is_account && *account != state.account.id.as_str())
}

fn identity(state: &State, text: &str) -> Result<Identity, Unknown> {
    let found = match text.parse::<Address>() {
        Ok(Address::User(name)) if state.users.contains_key(&name) => Some(Identity::User(name)),
        Ok(Address::Role(name)) if state.roles.contains_key(&name) => Some(Identity::Role(name)),
        Ok(_) => None,
        Err(error) => return Err(Unknown { message: error.to_string(), meant: None }),
    };
    found.ok_or_else(|| {
        let names = names(state);
        let meant = closest(text, names.iter().map(String::as_str)).map(str::to_owned);
        Unknown { message: format!("there is no `{text}`"), meant }
    })
}

fn names(state: &State) -> Vec<String> {
    let users = state.users.keys().map(|name| format!("user/{name}"));
    users.chain(state.roles.keys().map(|name| format!("role/{name}"))).collect()
}

/// The user or role of this account that an ARN names.
pub(crate) fn known(state: &State, principal: &Principal) -> Option<Identity> {
    let arn = principal.as_str();
    let of = |identity: Identity| (arn_of(state, &identity)?.as_str() == arn).then_some(identity);
    match iamctl_model::PrincipalArn::parse(arn).ok()?.identity()? {
        Identity::Group(_) => None,
        identity => of(identity),
    }
}

/// Whether somebody would be in the account, and is not.
fn is_gone(state: &State, principal: &Principal) -> bool {
    state.is_whole
        && matches!(principal.kind(), PrincipalKind::User { .. } | PrincipalKind::Role { .. })
        && principal.account() == Some(state.account.id.as_str())
}

/// The ARN of a user or role that is in the account.
pub(crate) fn arn_of(state: &State, identity: &Identity) -> Option<String> {
    let account = &state.account;
    let arn = match identity {
        Identity::User(name) => account.user_arn(&state.users.get(name)?.path, name),
        Identity::Role(name) => account.role_arn(&state.roles.get(name)?.path, name),
        Identity::Group(_) => return None,
    };
    Some(arn.as_str().to_owned())
}

/// Reads on what: an address of the account, an ARN, or a pattern of ARNs.
pub(crate) fn on(state: &State, text: &str) -> Result<On, Unknown> {
    if text == "*" {
        return Ok(On::Anything);
    }
    if text.starts_with("arn:") {
        let is_open = text.ends_with('*');
        return if text.split(':').count() >= 6 || is_open {
            Ok(On::Arn(text.to_owned()))
        } else {
            let message =
                format!("`{text}` is not an ARN: it has six fields, as in `arn:aws:s3:::bucket/key`");
            Err(Unknown { message, meant: None })
        };
    }
    if text.split_once('/').is_some_and(|(kind, _)| kind == SERVICE_LINKED) {
        return Err(service_linked(text));
    }
    let address = text.parse::<Address>().map_err(|_| Unknown {
        message: format!("`{text}` is neither an ARN nor an address such as `role/NAME`"),
        meant: None,
    })?;
    match resource_arn(state, &address) {
        Some(_) => Ok(On::Address(address)),
        None => {
            let groups = state.groups.keys().map(|name| format!("group/{name}"));
            let policies = state.policies.values().map(|policy| format!("policy/{}", policy.name));
            let names: Vec<String> = names(state).into_iter().chain(groups).chain(policies).collect();
            let meant = closest(text, names.iter().map(String::as_str)).map(str::to_owned);
            Err(Unknown { message: format!("there is no `{text}`"), meant })
        }
    }
}

/// The ARN of something that is in the account.
pub(crate) fn resource_arn(state: &State, address: &Address) -> Option<String> {
    match address {
        Address::User(name) => arn_of(state, &Identity::User(name.clone())),
        Address::Role(name) => arn_of(state, &Identity::Role(name.clone())),
        Address::Policy(name) => state.arns.get(name).map(|arn| arn.as_str().to_owned()),
        Address::Group(name) => {
            let (account, path) = (&state.account, &state.groups.get(name)?.path);
            Some(format!("arn:{}:iam::{}:group{path}{name}", account.partition, account.id))
        }
        _ => None,
    }
}

const MFA_PRESENT: &str = "aws:multifactorauthpresent";
const MFA_AGE: &str = "aws:multifactorauthage";

/// What the statement about MFA stands for: each of these requests.
///
/// | stated | requests |
/// | --- | --- |
/// | nothing | one, with both keys open |
/// | `mfa: true` | the key says `true`, the age is one of those that make a difference, or open where any may |
/// | `mfa: {age}` | the key says `true`, the age is this one |
/// | `mfa: false` | the key says `false`, or is absent as with long-term access keys; the age is absent |
///
/// Source: IAM User Guide, "AWS global condition context keys", `aws:MultiFactorAuthPresent` and
/// `aws:MultiFactorAuthAge`.
pub(crate) fn with_mfa(context: &Context, mfa: Option<Mfa>, ages: &Ages) -> Vec<Context> {
    let present = || context.clone().with(MFA_PRESENT, "true");
    match (mfa, ages) {
        (None, _) => vec![context.clone()],
        (Some(Mfa::Present { age: Some(age) }), _) => vec![present().with(MFA_AGE, &age.to_string())],
        // An age that is stated as a key is the age.
        (Some(Mfa::Present { age: None }), _) if context.value(MFA_AGE).is_some() => vec![present()],
        (Some(Mfa::Present { age: None }), Ages::Unused | Ages::Any) => vec![present()],
        (Some(Mfa::Present { age: None }), Ages::At(numbers)) => {
            let around = numbers.iter().flat_map(|n| [n.saturating_sub(1), *n, n.saturating_add(1)]);
            let ages: BTreeSet<u32> = around.chain([0]).collect();
            ages.iter().map(|age| present().with(MFA_AGE, &age.to_string())).collect()
        }
        (Some(Mfa::Absent), _) => {
            let without = context.clone().without(MFA_AGE);
            vec![without.clone().with(MFA_PRESENT, "false"), without.without(MFA_PRESENT)]
        }
    }
}

/// What of a sign-in with MFA decided, where the requests of [`with_mfa`] had different answers.
pub(crate) fn key_of_mfa(mfa: Option<Mfa>) -> String {
    match mfa {
        Some(Mfa::Present { .. }) => MFA_AGE.to_owned(),
        _ => MFA_PRESENT.to_owned(),
    }
}

/// The keys that were stated, over those that follow from who asks and for what. What is not known stays so.
pub(crate) fn stated(context: &mut Context, with: &TestContext) {
    for (key, value) in with.keys.iter().filter(|(key, _)| !is_reserved(key)) {
        let values = match value {
            ContextValue::One(value) => Values::One(value.clone()),
            ContextValue::Many(values) => Values::Many(values.clone()),
            ContextValue::Absent => Values::Absent,
        };
        context.set(key, values);
    }
}
