//! Settings of the account as a whole: it has one of each kind at most, and they have no name of their own.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number between two others, both of which it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Within<const LEAST: u16, const MOST: u16>(u16);

impl<const LEAST: u16, const MOST: u16> Within<LEAST, MOST> {
    /// The least that it may be.
    pub const LEAST: Self = Self(LEAST);

    /// `None` outside of the two.
    #[must_use]
    pub fn new(number: impl TryInto<u16>) -> Option<Self> {
        let number = number.try_into().ok()?;
        (LEAST..=MOST).contains(&number).then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }

    /// Between what and what it is, in words.
    #[must_use]
    pub fn bounds() -> String {
        format!("{LEAST} to {MOST}")
    }
}

impl<const LEAST: u16, const MOST: u16> fmt::Display for Within<LEAST, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const LEAST: u16, const MOST: u16> Serialize for Within<LEAST, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

impl<'de, const LEAST: u16, const MOST: u16> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u16::deserialize(deserializer)?;
        Self::new(number)
            .ok_or_else(|| serde::de::Error::custom(format!("{number} is not in {}", Self::bounds())))
    }
}

/// What the account demands of the passwords of its users.
///
/// AWS changes it as a whole: what `UpdateAccountPasswordPolicy` is not told falls back to what
/// [`Default`] gives here. An account without any has AWS's own, which is another one.
/// Source of ranges and defaults: the IAM API, `UpdateAccountPasswordPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    /// How many characters a password has at least.
    pub minimum_password_length: Within<6, 128>,
    /// Whether one of them is neither letter nor digit.
    pub require_symbols: bool,
    /// Whether one of them is a digit.
    pub require_numbers: bool,
    /// Whether one of them is an upper-case letter.
    pub require_uppercase_characters: bool,
    /// Whether one of them is a lower-case letter.
    pub require_lowercase_characters: bool,
    /// Whether all users may change their own password, whatever their policies say.
    pub allow_users_to_change_password: bool,
    /// After how many days a password expires; `None` for never.
    pub max_password_age: Option<Within<1, 1095>>,
    /// How many former passwords cannot be used again; `None` for none.
    pub password_reuse_prevention: Option<Within<1, 24>>,
    /// Whether only an administrator can replace a password that has expired.
    pub hard_expiry: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_password_length: Within::LEAST,
            require_symbols: false,
            require_numbers: false,
            require_uppercase_characters: false,
            require_lowercase_characters: false,
            allow_users_to_change_password: false,
            max_password_age: None,
            password_reuse_prevention: None,
            hard_expiry: false,
        }
    }
}

/// A password policy as the parameters of `UpdateAccountPasswordPolicy`: AWS takes no zero for "none", so
/// what there is none of is not sent.
#[derive(Serialize, Deserialize)]
#[serde(remote = "PasswordPolicy", rename_all = "PascalCase")]
pub(crate) struct Parameters {
    minimum_password_length: Within<6, 128>,
    require_symbols: bool,
    require_numbers: bool,
    require_uppercase_characters: bool,
    require_lowercase_characters: bool,
    allow_users_to_change_password: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    max_password_age: Option<Within<1, 1095>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    password_reuse_prevention: Option<Within<1, 24>>,
    hard_expiry: bool,
}

/// A name for the account that stands for its id in the address where users sign in. No two accounts of a
/// partition have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Alias(Box<str>);

impl Alias {
    /// Checks an alias. Source of the rules: the IAM API's `accountAliasType`.
    ///
    /// # Errors
    ///
    /// When AWS would refuse it.
    pub fn parse(text: &str) -> Result<Self, AliasError> {
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let refuse = |problem: String| Err(AliasError { text: text.to_owned(), problem });
        if let Some(bad) = text.chars().find(|c| !is_inner(*c) && *c != '-') {
            return refuse(format!(
                "it holds lower-case letters, digits and `-`, not `{}`",
                bad.escape_debug()
            ));
        }
        if !(3..=63).contains(&text.len()) {
            return refuse(format!("it has 3 to 63 characters, and this one has {}", text.len()));
        }
        if !text.starts_with(is_inner) || !text.ends_with(is_inner) || text.contains("--") {
            return refuse("a `-` stands between two letters or digits".to_owned());
        }
        Ok(Self(text.into()))
    }

    /// The alias.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Alias {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why a text cannot be the alias of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasError {
    text: String,
    problem: String,
}

impl fmt::Display for AliasError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, problem } = self;
        write!(f, "`{}` cannot be the alias of an account: {problem}", text.escape_debug())
    }
}

impl std::error::Error for AliasError {}

/// The alias of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountAlias {
    /// The alias itself.
    pub alias: Alias,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_rules_for_aliases_hold() {
        for good in ["abc", "acme-prod", "a-1", "123", &"x".repeat(63)] {
            assert_eq!(Alias::parse(good).unwrap().as_str(), good);
        }
        for (bad, says) in [
            ("", "it has 3 to 63 characters, and this one has 0"),
            ("ab", "it has 3 to 63 characters, and this one has 2"),
            ("Acme", "it holds lower-case letters, digits and `-`, not `A`"),
            ("acme_prod", "it holds lower-case letters, digits and `-`, not `_`"),
            ("acmé", "it holds lower-case letters, digits and `-`, not `é`"),
            ("-acme", "a `-` stands between two letters or digits"),
            ("acme-", "a `-` stands between two letters or digits"),
            ("ac--me", "a `-` stands between two letters or digits"),
        ] {
            let error = Alias::parse(bad).unwrap_err().to_string();
            assert_eq!(error, format!("`{bad}` cannot be the alias of an account: {says}"));
        }
        assert!(Alias::parse(&"x".repeat(64)).is_err());
    }

    #[test]
    fn numbers_outside_of_what_aws_takes_are_no_numbers() {
        assert_eq!(
            [5, 6, 128, 129].map(|n: u16| Within::<6, 128>::new(n).is_some()),
            [false, true, true, false]
        );
        assert!(Within::<1, 24>::new(-1).is_none());
        assert!(serde_json::from_str::<Within<1, 1095>>("1096").is_err());
    }
}
