//! What the manifest wants, for one account: every value in the form that AWS will hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use iamctl_policy::{Span, Spanned};
use serde::{Deserialize, Serialize};

use crate::address::{Address, Identity};
use crate::arn::{AccountId, PolicyArn};
use crate::names::{GroupName, PolicyName, UserName};
use crate::organization::Organization;
use crate::resource::{Field, Resource};

/// The name of a manifest: what tells it apart from others in one bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ManifestName(String);

impl ManifestName {
    /// Letters, digits, `-`, `_` and `.`, at most 64, the first one a letter or digit: the name is a
    /// part of keys in S3.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        fits.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ManifestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the master copy lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterCopy {
    /// The bucket.
    pub bucket: String,
    /// The bucket's Region.
    pub region: String,
    /// What all keys begin with: empty, or ending with a slash.
    pub prefix: String,
    /// The account that owns the bucket, when it is not the managed one.
    pub owner: Option<AccountId>,
    /// The KMS key that encrypts a bucket which iamctl makes; S3's own encryption without one.
    pub kms_key: Option<String>,
}

/// One thing that the manifest manages.
#[derive(Debug, Clone)]
pub struct Managed {
    /// What it shall be.
    pub value: Resource,
    /// Where its name stands in the manifest.
    pub span: Span,
    /// Whether one that is there already may be taken over.
    pub adopt: bool,
    /// Whether deleting it is refused, also after its block is gone.
    pub protect: bool,
    /// Fields left to others.
    pub ignore: BTreeSet<Field>,
    /// What a user or group was called before.
    pub renamed_from: Option<Address>,
}

/// All that one manifest wants of one account.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The manifest's name.
    pub name: ManifestName,
    /// What it was called before: the master copy of that name is taken over.
    pub renamed_from: Option<ManifestName>,
    /// The only account the manifest is for.
    pub account: Option<AccountId>,
    /// Where the master copy lies.
    pub master_copy: MasterCopy,
    /// What is managed.
    pub managed: BTreeMap<Address, Managed>,
    /// Settings of the account that it shall not have.
    pub absent: BTreeSet<Address>,
    /// What is no longer managed and shall not be deleted.
    pub forget: BTreeSet<Address>,
    /// What others may put on managed things.
    pub ignore: Vec<IgnoreRule>,
    /// What access the manifest expects.
    pub tests: Vec<AccessTest>,
    /// What the organisation limits.
    pub organization: Option<Organization>,
}

impl Desired {
    /// The rule that leaves an item of a managed thing to others, when there is one.
    #[must_use]
    pub fn ignored(&self, address: &Address, item: IgnoredItem<'_>) -> Option<&IgnoreRule> {
        self.ignore.iter().find(|rule| rule.ignores(address, item))
    }
}

/// A text with `*` for any characters and `?` for one. The case of ASCII letters does not count, as
/// it does not in AWS's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Every text is a pattern.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of a text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.matches_by(text, |wanted, found| wanted.eq_ignore_ascii_case(&found))
    }

    /// As [`Pattern::matches`], with case: for things that are not AWS's, such as names of files.
    #[must_use]
    pub fn matches_exactly(&self, text: &str) -> bool {
        self.matches_by(text, |wanted, found| wanted == found)
    }

    fn matches_by(&self, text: &str, same: impl Fn(char, char) -> bool) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), text.chars());
        // Where to go on when the characters after the last `*` did not match.
        let mut retry = None;
        loop {
            let before = rest.clone();
            match (pattern.next(), rest.next()) {
                (None, None) => return true,
                (Some('*'), _) => {
                    rest = before.clone();
                    retry = Some((pattern.clone(), before));
                }
                (Some(wanted), Some(found)) if wanted == '?' || same(wanted, found) => {}
                _ => {
                    let Some((after_star, mut from)) = retry.take() else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    pattern = after_star.clone();
                    rest = from.clone();
                    retry = Some((after_star, from));
                }
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of the manifest's `ignore:`: items that others may put on managed things.
#[derive(Debug, Clone)]
pub struct IgnoreRule {
    /// Where the rule stands.
    pub span: Span,
    /// The addresses it is about; all when there are none.
    pub on: Vec<Pattern>,
    /// Keys of tags.
    pub tags: Vec<Pattern>,
    /// Attached managed policies, by name, `aws:` name or ARN.
    pub policies: Vec<Pattern>,
    /// Names of inline policies.
    pub inline_policies: Vec<Pattern>,
    /// Groups that users are members of.
    pub groups: Vec<Pattern>,
    /// Members of groups.
    pub members: Vec<Pattern>,
    /// Why.
    pub reason: String,
}

/// One item of a managed thing that an [`IgnoreRule`] may be about.
#[derive(Debug, Clone, Copy)]
pub enum IgnoredItem<'a> {
    /// The key of a tag.
    Tag(&'a str),
    /// An attached managed policy.
    Policy(&'a PolicyArn),
    /// An inline policy.
    InlinePolicy(&'a PolicyName),
    /// A group that a user is a member of.
    Group(&'a GroupName),
    /// A member of a group.
    Member(&'a UserName),
}

impl IgnoreRule {
    /// Whether this rule leaves an item to others.
    #[must_use]
    pub fn ignores(&self, address: &Address, item: IgnoredItem<'_>) -> bool {
        let any = |patterns: &[Pattern], text: &str| patterns.iter().any(|pattern| pattern.matches(text));
        if !self.on.is_empty() && !any(&self.on, &address.to_string()) {
            return false;
        }
        match item {
            IgnoredItem::Tag(key) => any(&self.tags, key),
            IgnoredItem::Policy(arn) => {
                any(&self.policies, arn.as_str())
                    || any(&self.policies, arn.policy_name().as_str())
                    || (arn.is_aws_managed() && any(&self.policies, &format!("aws:{}", arn.path_and_name())))
            }
            IgnoredItem::InlinePolicy(name) => any(&self.inline_policies, name.as_str()),
            IgnoredItem::Group(name) => any(&self.groups, name.as_str()),
            IgnoredItem::Member(name) => any(&self.members, name.as_str()),
        }
    }
}

/// One entry of the manifest's `tests:`: access that must, or must not, be there.
#[derive(Debug, Clone)]
pub struct AccessTest {
    /// Where the test stands.
    pub span: Span,
    /// Who asks; every one of them.
    pub principals: Vec<TestPrincipal>,
    /// What the answer must be.
    pub expect: Expectation,
    /// What is asked for; every one of them.
    pub actions: Vec<Spanned>,
    /// On what; every one of them. With none, an action that takes no resource, or for
    /// [`Expectation::Cannot`]: on no resource whatever.
    pub resources: Vec<TestResource>,
    /// What is stated about the request.
    pub context: TestContext,
}

/// What a test expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// `can:`
    Can,
    /// `cannot:`
    Cannot,
}

/// Who asks in a test.
#[derive(Debug, Clone)]
pub struct TestPrincipal {
    /// Where it is named.
    pub span: Span,
    /// Who it is.
    pub who: TestPrincipalKind,
}

/// The kinds of principal that a test can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestPrincipalKind {
    /// A user or role of the manifest.
    Managed(Identity),
    /// Any other principal, by ARN.
    Arn(String),
    /// An AWS service: `ec2.amazonaws.com`.
    Service(String),
}

/// On what a test asks for an action.
#[derive(Debug, Clone)]
pub struct TestResource {
    /// Where it is named.
    pub span: Span,
    /// The ARN.
    pub arn: String,
    /// The managed thing that has this ARN, when the test named one.
    pub address: Option<Address>,
}

/// What a test states about the request; what it does not state may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestContext {
    /// Whether the asker signed in with MFA.
    pub mfa: Option<Mfa>,
    /// Condition keys and their values.
    pub keys: BTreeMap<String, ContextValue>,
}

/// MFA of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mfa {
    /// Without: `aws:MultiFactorAuthPresent` is `false`, or absent as with long-term access keys.
    Absent,
    /// With.
    Present {
        /// Seconds since, when stated.
        age: Option<u32>,
    },
}

/// The value of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextValue {
    /// Of a single-valued key.
    One(String),
    /// Of a multi-valued key.
    Many(Vec<String>),
    /// The key is not in the request.
    Absent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("cost:*", "cost:Center"),
            ("*a*b", "xaxbxab"),
            ("a?c", "aéc"),
            ("A*", "abc"),
        ] {
            assert!(Pattern::new(pattern).matches(text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a", ""), ("?", ""), ("a*b", "ab-"), ("*a*b", "ba"), ("ab", "abc")]
        {
            assert!(!Pattern::new(pattern).matches(text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_rule_is_about_its_addresses_and_its_items_only() {
        let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::new(*text)).collect::<Vec<_>>();
        let rule = IgnoreRule {
            span: Span::NONE,
            on: patterns(&["user/*"]),
            tags: patterns(&["cost:*"]),
            policies: patterns(&["aws:AWSCompromisedKeyQuarantine*"]),
            inline_policies: Vec::new(),
            groups: Vec::new(),
            members: Vec::new(),
            reason: "others write them".to_owned(),
        };
        let user: Address = "user/alice".parse().unwrap();
        let quarantine = PolicyArn::parse("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3").unwrap();
        let own = PolicyArn::parse("arn:aws:iam::123456789012:policy/AWSCompromisedKeyQuarantineV3").unwrap();
        assert!(rule.ignores(&user, IgnoredItem::Tag("cost:center")));
        assert!(!rule.ignores(&user, IgnoredItem::Tag("team")));
        assert!(!rule.ignores(&"role/r".parse().unwrap(), IgnoredItem::Tag("cost:center")));
        assert!(rule.ignores(&user, IgnoredItem::Policy(&quarantine)));
        assert!(!rule.ignores(&user, IgnoredItem::Policy(&own)));
    }
}
