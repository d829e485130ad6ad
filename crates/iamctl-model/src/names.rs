//! Names and paths, with AWS's rules for them.
//!
//! Source of the rules: the IAM API's shapes `userNameType`, `groupNameType`, `roleNameType`,
//! `policyNameType`, `instanceProfileNameType`, `SAMLProviderNameType`, `customSuffixType`, `pathType` and `policyPathType`; uniqueness without regard to case: IAM User
//! Guide, "IAM and AWS STS quotas".

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    what: &'static str,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    Empty,
    TooLong { length: usize, most: usize },
    Character(char),
    PathShape,
    Scheme,
    Host,
    Service,
}

impl NameError {
    /// How to write it instead.
    #[must_use]
    pub fn help(&self) -> String {
        match self.problem {
            Problem::Empty | Problem::Character(_) if self.what.contains("path") => {
                format!("{} holds letters, digits and `. , + @ = _ -` between slashes", self.what)
            }
            Problem::Empty | Problem::Character(_) | Problem::Scheme | Problem::Host if self.what == URL => {
                "write host and path, without port and query, such as `token.actions.githubusercontent.com`"
                    .to_owned()
            }
            Problem::Empty | Problem::Character(_) | Problem::Service if self.what == SERVICE => {
                "write what its trust policy names, such as `autoscaling.amazonaws.com`; a custom suffix goes behind a \
                 slash: `autoscaling.amazonaws.com/batch`"
                    .to_owned()
            }
            Problem::Empty | Problem::Character(_) if self.what == SAML => {
                format!("{SAML} holds letters, digits and `. _ -`")
            }
            Problem::Empty | Problem::Character(_) | Problem::Scheme | Problem::Host | Problem::Service => {
                format!("{} holds letters, digits and `_ + = , . @ -`", self.what)
            }
            Problem::TooLong { most, .. } => format!("use at most {most} characters"),
            Problem::PathShape => {
                "a path is `/` or begins and ends with a slash, such as `/team/`".to_owned()
            }
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match self.problem {
            Problem::Empty => write!(f, "{what} cannot be empty"),
            Problem::TooLong { length, most } => {
                write!(f, "{what} has at most {most} characters, this one has {length}")
            }
            Problem::Character(c) => write!(f, "{what} cannot hold the character `{}`", c.escape_debug()),
            Problem::PathShape => write!(f, "{what} must begin and end with a slash"),
            Problem::Scheme => write!(f, "{what} is written without its scheme"),
            Problem::Host => write!(f, "{what} must begin with the name of a host"),
            Problem::Service => write!(f, "{what} must be its service principal, in small letters"),
        }
    }
}

impl std::error::Error for NameError {}

fn check_name(what: &'static str, most: usize, text: &str) -> Result<(), NameError> {
    let length = text.chars().count();
    let others = if what == SAML { "._-" } else { "_+=,.@-" };
    let bad = text.chars().find(|c| !(c.is_ascii_alphanumeric() || others.contains(*c)));
    let problem = match bad {
        _ if text.is_empty() => Problem::Empty,
        Some(c) => Problem::Character(c),
        None if length > most => Problem::TooLong { length, most },
        None => return Ok(()),
    };
    Err(NameError { what, problem })
}

const URL: &str = "the URL of an OIDC provider";
const SAML: &str = "the name of a SAML provider";
const SERVICE: &str = "the name of a service";

/// Checks the URL of an OIDC provider, without its scheme.
/// Source: the IAM API's `OpenIDConnectProviderUrlType`.
pub(crate) fn check_url(text: &str) -> Result<(), NameError> {
    const MOST: usize = 255 - "https://".len();
    let length = text.chars().count();
    let bad = text.chars().find(|c| !(c.is_ascii_alphanumeric() || "._-~/%+@:?=&".contains(*c)));
    let is_host = |host: &str| host.contains('.') && host.starts_with(|c: char| c.is_ascii_alphanumeric());
    let problem = match bad {
        _ if text.is_empty() => Problem::Empty,
        _ if text.contains("://") => Problem::Scheme,
        Some(c) => Problem::Character(c),
        None if length > MOST => Problem::TooLong { length, most: MOST },
        None if !text.split('/').next().is_some_and(is_host) => Problem::Host,
        None => return Ok(()),
    };
    Err(NameError { what: URL, problem })
}

/// Checks the service of a service-linked role, with a custom suffix behind a slash where it has one.
/// Source: the IAM API's `CreateServiceLinkedRole`, whose service names are of `groupNameType` and suffixes of
/// `customSuffixType`. Service principals are case-sensitive, and all of them are in small letters.
fn check_service_linked_role(text: &str) -> Result<(), NameError> {
    let (service, suffix) = match text.split_once('/') {
        Some((service, suffix)) => (service, Some(suffix)),
        None => (text, None),
    };
    check_name(SERVICE, 128, service)?;
    let is_principal = service.contains('.')
        && service.split('.').all(|word| !word.is_empty())
        && !service.contains(|c: char| c.is_ascii_uppercase());
    if !is_principal {
        return Err(NameError { what: SERVICE, problem: Problem::Service });
    }
    suffix.map_or(Ok(()), |suffix| check_name("a custom suffix", 64, suffix))
}

/// A name that AWS keeps with its case but compares without: `Alice` and `alice` are the same user.
macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $most:literal) => {
        name!($(#[$doc])* $type, |text| check_name($what, $most, text));
    };
    ($(#[$doc:meta])* $type:ident, $check:expr) => {
        $(#[$doc])*
        ///
        /// Equality and order ignore case, as AWS does: names are unique in an account whatever their
        /// case. Compare [`as_str`](Self::as_str) to see whether the spelling differs.
        #[derive(Debug, Clone)]
        pub struct $type(Box<str>);

        impl $type {
            /// Checks a name.
            ///
            /// # Errors
            ///
            /// When AWS would refuse it.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                ($check)(text)?;
                Ok(Self(text.into()))
            }

            /// The name as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn folded(&self) -> impl Iterator<Item = u8> + '_ {
                self.0.bytes().map(|b| b.to_ascii_lowercase())
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $type {}

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                folded_order(self.0.as_bytes(), other.0.as_bytes())
            }
        }

        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.folded().for_each(|b| state.write_u8(b));
                state.write_u8(0xff);
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// The name of a user.
    UserName, "a user name", 64
);
name!(
    /// The name of a group.
    GroupName, "a group name", 128
);
name!(
    /// The name of a role.
    RoleName, "a role name", 64
);
name!(
    /// The name of a policy, managed or inline.
    PolicyName, "a policy name", 128
);
name!(
    /// The name of an instance profile.
    InstanceProfileName, "an instance profile name", 128
);
name!(
    /// The name of a SAML provider. That AWS compares it without its case, as other names, is not confirmed;
    /// two that differ in nothing else are refused here.
    SamlProviderName, "the name of a SAML provider", 128
);

name!(
    /// What a service-linked role is known by, because AWS chooses what it is called: the service, and behind a slash
    /// the custom suffix of one that has one. `autoscaling.amazonaws.com`, `autoscaling.amazonaws.com/batch`.
    ServiceLinkedRoleName, check_service_linked_role
);

/// The order of two names, whatever the case of their letters. Names of one account begin alike, and maps
/// of them are searched all the time: what they have in common is not folded.
fn folded_order(one: &[u8], other: &[u8]) -> Ordering {
    for (a, b) in one.iter().zip(other) {
        if a != b {
            let order = a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase());
            if order.is_ne() {
                return order;
            }
        }
    }
    one.len().cmp(&other.len())
}

/// A path: `/` or `/…/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Path(Box<str>);

impl Path {
    /// The path of things that were given none: `/`.
    #[must_use]
    pub fn root() -> Self {
        Self("/".into())
    }

    /// Checks the path of a user, group or role.
    ///
    /// # Errors
    ///
    /// When AWS would refuse it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::check("a path", text, |c| ('\u{21}'..='\u{7e}').contains(&c))
    }

    /// Checks the path of a managed policy, for which AWS's rule is stricter.
    ///
    /// # Errors
    ///
    /// When AWS would refuse it.
    pub fn parse_policy(text: &str) -> Result<Self, NameError> {
        let path =
            Self::check("a policy path", text, |c| c.is_ascii_alphanumeric() || "/.,+@=_-".contains(c))?;
        if text.contains("//") {
            return Err(NameError { what: "a policy path", problem: Problem::PathShape });
        }
        Ok(path)
    }

    fn check(what: &'static str, text: &str, allowed: impl Fn(char) -> bool) -> Result<Self, NameError> {
        let length = text.chars().count();
        let problem = match text.chars().find(|c| !allowed(*c)) {
            _ if text.is_empty() => Problem::Empty,
            Some(c) => Problem::Character(c),
            None if length > 512 => Problem::TooLong { length, most: 512 },
            None if !text.starts_with('/') || !text.ends_with('/') => Problem::PathShape,
            None => return Ok(Self(text.into())),
        };
        Err(NameError { what, problem })
    }

    /// The path as written, with both slashes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether things under this path belong to AWS services and are never touched:
    /// `/aws-service-role/` and `/aws-reserved/`.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.is_service_linked() || self.0.starts_with("/aws-reserved/")
    }

    /// Whether roles under this path are those that services of AWS have for themselves.
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        self.0.starts_with("/aws-service-role/")
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::root()
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_by_more_than_case() {
        let names = ["alice", "Alice", "ALICE"].map(|name| UserName::parse(name).unwrap());
        assert_eq!(names[0], names[1]);
        assert_eq!(names.iter().collect::<std::collections::BTreeSet<_>>().len(), 1);
        assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), 1);
        assert_ne!(names[0], UserName::parse("alicf").unwrap());
        assert_eq!(names[2].as_str(), "ALICE");
    }

    #[test]
    fn names_are_ordered_by_their_letters_whatever_their_case_and_length() {
        let ordered =
            ["a", "A-long-name", "a-long-name-1", "A-LONG-NAME-1b", "a-long-namf", "b-long-name-1", "B1"];
        let parsed: Vec<_> = ordered.iter().map(|name| UserName::parse(name).unwrap()).collect();
        for (at, one) in parsed.iter().enumerate() {
            for (other_at, other) in parsed.iter().enumerate() {
                assert_eq!(one.cmp(other), at.cmp(&other_at), "{one} {other}");
                assert_eq!(one == other, at == other_at);
            }
        }
    }

    #[test]
    fn aws_rules_for_names_hold() {
        assert!(UserName::parse(&"x".repeat(64)).is_ok());
        for (bad, says) in [
            ("", "a user name cannot be empty"),
            ("a b", "a user name cannot hold the character ` `"),
            ("é", "a user name cannot hold the character `é`"),
            ("a/b", "a user name cannot hold the character `/`"),
            ("\u{1b}[31m", "a user name cannot hold the character `\\u{1b}`"),
        ] {
            assert_eq!(UserName::parse(bad).unwrap_err().to_string(), says);
        }
        let long = UserName::parse(&"x".repeat(65)).unwrap_err();
        assert_eq!(long.to_string(), "a user name has at most 64 characters, this one has 65");
        for (bad, says) in [
            ("", "the name of a service cannot be empty"),
            ("autoscaling", "the name of a service must be its service principal, in small letters"),
            ("autoscaling..com", "the name of a service must be its service principal, in small letters"),
            ("ECS.amazonaws.com", "the name of a service must be its service principal, in small letters"),
            ("ecs amazonaws.com", "the name of a service cannot hold the character ` `"),
            ("ecs.amazonaws.com/", "a custom suffix cannot be empty"),
            ("ecs.amazonaws.com/a/b", "a custom suffix cannot hold the character `/`"),
        ] {
            assert_eq!(ServiceLinkedRoleName::parse(bad).unwrap_err().to_string(), says);
        }
        assert!(ServiceLinkedRoleName::parse("ecs.amazonaws.com/Prod_1").is_ok());
        assert!(GroupName::parse(&"x".repeat(128)).is_ok());
        assert!(PolicyName::parse("_+=,.@-").is_ok());
    }

    #[test]
    fn policy_paths_are_stricter_than_other_paths() {
        for good in ["/", "/a/", "/a/b.c/"] {
            assert!(Path::parse(good).is_ok() && Path::parse_policy(good).is_ok(), "{good}");
        }
        for both_bad in ["", "a", "/a", "a/", "/a b/", "/é/"] {
            assert!(Path::parse(both_bad).is_err() && Path::parse_policy(both_bad).is_err(), "{both_bad}");
        }
        for only_policy_bad in ["/a!/", "//", "/a//b/"] {
            assert!(Path::parse(only_policy_bad).is_ok(), "{only_policy_bad}");
            assert!(Path::parse_policy(only_policy_bad).is_err(), "{only_policy_bad}");
        }
    }
}
