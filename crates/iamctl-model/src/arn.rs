//! Accounts, partitions and ARNs. Account and partition are values, never constants.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::address::Identity;
use crate::names::{Path, PolicyName, RoleName, UserName};

/// Why an account id or ARN was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArnError(String);

impl ArnError {
    pub(crate) fn new(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for ArnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ArnError {}

/// The twelve digits of an AWS account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct AccountId(Box<str>);

impl AccountId {
    /// Checks an account id.
    ///
    /// # Errors
    ///
    /// When it is not twelve digits.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Self(text.into()));
        }
        Err(ArnError(format!("`{text}` is not an account id: twelve digits are expected")))
    }

    /// Twelve zeros: no account has this id, and it stands in where none is known yet.
    #[must_use]
    pub fn stand_in() -> Self {
        Self("000000000000".into())
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A group of Regions with its own accounts and its own ARNs: `aws`, `aws-cn`, `aws-us-gov`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Partition(Box<str>);

impl Partition {
    /// Checks a partition's name; new ones appear, so only the shape is checked.
    ///
    /// # Errors
    ///
    /// When it does not begin with `aws`.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let shape = text.starts_with("aws") && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        shape.then(|| Self(text.into())).ok_or_else(|| ArnError(format!("`{text}` is not a partition")))
    }

    /// The commercial partition.
    #[must_use]
    pub fn aws() -> Self {
        Self("aws".into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Where ARNs get their first fields from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// The partition it lies in.
    pub partition: Partition,
}

impl Account {
    /// The ARN of a user.
    #[must_use]
    pub fn user_arn(&self, path: &Path, name: &UserName) -> PrincipalArn {
        self.principal_arn("user", path, name.as_str())
    }

    /// The ARN of a role.
    #[must_use]
    pub fn role_arn(&self, path: &Path, name: &RoleName) -> PrincipalArn {
        self.principal_arn("role", path, name.as_str())
    }

    fn principal_arn(&self, kind: &str, path: &Path, name: &str) -> PrincipalArn {
        PrincipalArn(format!("arn:{}:iam::{}:{kind}{path}{name}", self.partition, self.id).into())
    }
}

/// The fields of an `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
fn fields(text: &str) -> Option<(&str, &str, &str, &str, &str)> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    Some((parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?))
}

/// The ARN of a user or role, as trust policies name them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PrincipalArn(Box<str>);

impl PrincipalArn {
    /// Checks that a text is the ARN of an IAM user or role.
    ///
    /// # Errors
    ///
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let arn = Self(text.into());
        match (fields(text), arn.identity()) {
            (Some((_, "iam", "", _, _)), Some(_)) => Ok(arn),
            _ => Err(ArnError(format!("`{text}` is not the ARN of an IAM user or role"))),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The account's twelve digits.
    #[must_use]
    pub fn account(&self) -> &str {
        fields(&self.0).map_or("", |(_, _, _, account, _)| account)
    }

    /// The user or role it names; the path is not part of the name.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let (_, _, _, _, resource) = fields(&self.0)?;
        let (kind, path_and_name) = resource.split_once('/')?;
        let name = path_and_name.rsplit('/').next()?;
        match kind {
            "user" => Some(Identity::User(UserName::parse(name).ok()?)),
            "role" => Some(Identity::Role(RoleName::parse(name).ok()?)),
            _ => None,
        }
    }
}

impl fmt::Display for PrincipalArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of a managed policy: the account's own or AWS's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyArn {
    text: Box<str>,
    name: PolicyName,
}

impl PolicyArn {
    /// The ARN of one of the account's own policies.
    #[must_use]
    pub fn new(account: &Account, path: &Path, name: &PolicyName) -> Self {
        let text = format!("arn:{}:iam::{}:policy{path}{name}", account.partition, account.id);
        Self { text: text.into(), name: name.clone() }
    }

    /// The ARN of an AWS managed policy, named by its path without the first slash and its name:
    /// `ReadOnlyAccess`, `service-role/AWSLambdaBasicExecutionRole`.
    ///
    /// # Errors
    ///
    /// When path or name have characters that AWS does not allow.
    pub fn aws_managed(partition: &Partition, path_and_name: &str) -> Result<Self, ArnError> {
        Self::parse(&format!("arn:{partition}:iam::aws:policy/{path_and_name}"))
    }

    /// Checks that a text is the ARN of a managed policy.
    ///
    /// # Errors
    ///
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        let refuse = |why: &str| Err(ArnError(format!("`{text}` is not the ARN of an IAM policy: {why}")));
        let Some((partition, service, region, account, resource)) = fields(text) else {
            return refuse("it does not have the form `arn:PARTITION:iam::ACCOUNT:policy/NAME`");
        };
        if Partition::parse(partition).is_err() || service != "iam" || !region.is_empty() {
            return refuse("it must begin with `arn:aws:iam::` or the same in another partition");
        }
        if account != "aws" && AccountId::parse(account).is_err() {
            return refuse("the account must be twelve digits, or `aws`");
        }
        let Some(path_and_name) = resource.strip_prefix("policy/") else {
            return refuse("the last field must begin with `policy/`");
        };
        let (path, name) = match path_and_name.rsplit_once('/') {
            Some((path, name)) => (format!("/{path}/"), name),
            None => ("/".to_owned(), path_and_name),
        };
        match Path::parse_policy(&path).and_then(|_| PolicyName::parse(name)) {
            Ok(name) => Ok(Self { text: text.into(), name }),
            Err(error) => refuse(&error.to_string()),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the policy is AWS's own: it can be attached and never edited.
    #[must_use]
    pub fn is_aws_managed(&self) -> bool {
        fields(&self.text).is_some_and(|(_, _, _, account, _)| account == "aws")
    }

    /// The policy's name, without path.
    #[must_use]
    pub fn policy_name(&self) -> PolicyName {
        self.name.clone()
    }

    /// Path without the first slash, and name: `service-role/AWSLambdaBasicExecutionRole`.
    #[must_use]
    pub fn path_and_name(&self) -> &str {
        self.text.split_once(":policy/").map_or(&self.text, |(_, rest)| rest)
    }

    /// Whether it is a policy of this account.
    #[must_use]
    pub fn is_in(&self, account: &Account) -> bool {
        fields(&self.text).is_some_and(|(_, _, _, id, _)| id == account.id.as_str())
    }
}

impl fmt::Display for PolicyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for PolicyArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for PolicyArn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_arns_are_taken_apart() {
        let arn = PolicyArn::parse("arn:aws-cn:iam::aws:policy/service-role/AWSLambdaRole").unwrap();
        assert!(arn.is_aws_managed());
        assert_eq!(
            (arn.policy_name().as_str(), arn.path_and_name()),
            ("AWSLambdaRole", "service-role/AWSLambdaRole")
        );
        assert_eq!(
            arn,
            PolicyArn::aws_managed(&Partition::parse("aws-cn").unwrap(), "service-role/AWSLambdaRole")
                .unwrap()
        );
        for bad in [
            "",
            "s3-read",
            "arn:aws:iam::123456789012:role/x",
            "arn:aws:s3:::policy/x",
            "arn:aws:iam:us-east-1:123456789012:policy/x",
            "arn:aws:iam::12345:policy/x",
            "arn:aws:iam::123456789012:policy/",
            "arn:aws:iam::123456789012:policy/a b",
            "arn:aws:iam::123456789012:policy//x",
        ] {
            assert!(PolicyArn::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn principal_arns_name_their_identity() {
        let arn = PrincipalArn::parse("arn:aws:iam::123456789012:user/team/a/alice").unwrap();
        assert_eq!(arn.identity(), Some(Identity::User(UserName::parse("alice").unwrap())));
        assert_eq!(arn.account(), "123456789012");
        for bad in ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:group/g", "AIDAEXAMPLE", "*"]
        {
            assert!(PrincipalArn::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_id_is_twelve_digits() {
        assert!(AccountId::parse("012345678901").is_ok());
        for bad in ["", "12345678901", "1234567890123", "12345678901x", "１２３４５６７８９０１２"]
        {
            assert!(AccountId::parse(bad).is_err(), "{bad}");
        }
    }
}
