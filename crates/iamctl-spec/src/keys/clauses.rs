//! The keys of what stands inside: items of `trust`, `ignore` and `tests`.

use super::*;
use crate::block::{Block, Shape};

/// One of `trust`
pub(crate) static TRUST_ITEM: Block = Block {
    name: "trust_item",
    doc: "Some principals and the conditions under which they may assume the role.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        key("users", ONE_OR_MANY_TEXTS, "Users: names from `users:`, or ARNs."),
        key(
            "groups",
            ONE_OR_MANY_TEXTS,
            "Groups: stands for the users that are their members in the manifest.",
        ),
        key("roles", ONE_OR_MANY_TEXTS, "Roles: names from `roles:`, or ARNs."),
        key(
            "accounts",
            Shape::OneOrMany(&Shape::Digits("^.+$")),
            "Whole accounts, by their twelve digits: whoever is allowed to there.",
        ),
        key("services", ONE_OR_MANY_TEXTS, "AWS services: `ec2.amazonaws.com`."),
        key(
            "oidc",
            ONE_OR_MANY_TEXTS,
            "OpenID Connect providers, by host and path without `https://`, or by ARN.",
        ),
        key("saml", ONE_OR_MANY_TEXTS, "SAML providers, by name or ARN."),
        key(
            "mfa",
            Shape::Either(&[Shape::Word(&["required"]), Shape::Block(&MFA)]),
            "Only from sessions that signed in with MFA: `required`, or `{max_age: 1h}` for a recent sign-in.",
        ),
        key(
            "external_id",
            ONE_OR_MANY_TEXTS,
            "Only with this external id: what a third party sends to prove on whose behalf it comes.",
        ),
        key(
            "source_account",
            Shape::OneOrMany(&Shape::Digits("^.+$")),
            "Only on behalf of this account: against services that are tricked into acting for others.",
        ),
        key(
            "actions",
            ONE_OR_MANY_TEXTS,
            "The actions allowed; `sts:AssumeRole`, or its OIDC or SAML sister, when nothing is said.",
        ),
        key(
            "conditions",
            Shape::Conditions,
            "Further conditions, in the grammar of `Condition` in policy documents.",
        ),
    ],
};

/// `mfa: {…}`
pub(crate) static MFA: Block = Block {
    name: "mfa",
    doc: "MFA that is not long ago.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[required("max_age", Shape::Duration, "How long ago the sign-in with MFA may be.")],
};

/// One of `ignore`
pub(crate) static IGNORE: Block = Block {
    name: "ignore",
    doc: "Items that others may put on managed things. Patterns have `*` and `?` and ignore case.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        required("reason", TEXT, "Why, for the next reader."),
        key(
            "on",
            ONE_OR_MANY_TEXTS,
            "Patterns of the addresses it is about, such as `role/*`; all when nothing is said.",
        ),
        key("tags", ONE_OR_MANY_TEXTS, "Patterns of tag keys."),
        key("policies", ONE_OR_MANY_TEXTS, "Patterns of attached managed policies: name, `aws:NAME` or ARN."),
        key("inline_policies", ONE_OR_MANY_TEXTS, "Patterns of names of inline policies."),
        key("groups", ONE_OR_MANY_TEXTS, "Patterns of groups that users are members of."),
        key("members", ONE_OR_MANY_TEXTS, "Patterns of users that are members of groups."),
    ],
};

/// One of `accept_findings`
pub(crate) static ACCEPT: Block = Block {
    name: "accept",
    doc: "Findings that `validate` does not tell.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        required("code", ONE_OR_MANY_TEXTS, "Their codes, such as `PASS_ROLE_WITH_STAR_IN_RESOURCE`."),
        required("reason", TEXT, "Why it is meant, for the next reader."),
        key(
            "on",
            ONE_OR_MANY_TEXTS,
            "Patterns of the addresses in whose documents they are accepted, such as `policy/admin`; all when nothing is said.",
        ),
    ],
};

/// One of `tests`
pub(crate) static TEST: Block = Block {
    name: "test",
    doc: "Access that must (`can`), or must not (`cannot`), be there.",
    may_be_empty: false,
    extra: None,
    one_of: &["can", "cannot"],
    keys: &[
        required(
            "principal",
            ONE_OR_MANY_TEXTS,
            "Who asks: `user/NAME`, `role/NAME`, an ARN, or a service; with several, each of them.",
        ),
        key(
            "can",
            ONE_OR_MANY_TEXTS,
            "Actions that must be allowed, each of them; `s3:Get*` is every action that matches.",
        ),
        key(
            "cannot",
            ONE_OR_MANY_TEXTS,
            "Actions that must be denied, each of them, whatever is not stated; `s3:Put*` is every action that matches.",
        ),
        key(
            "on",
            ONE_OR_MANY_TEXTS,
            "On what: an address (`role/engineer`), an ARN, a pattern of ARNs for all that match, or `*` for whatever there is; with several, on each of them.",
        ),
        key("with", Shape::Block(&CONTEXT), "What is known about the request."),
    ],
};

/// `tests[].with`; any condition key may stand here too.
pub(crate) static CONTEXT: Block = Block {
    name: "context",
    doc: "What is known about a request. Any other key is a condition key such as `aws:RequestedRegion`; a list of values makes it a multi-valued key, `~` says that it is not there.",
    may_be_empty: false,
    extra: Some("^.+:.+$"),
    one_of: &[],
    keys: &[
        key(
            "mfa",
            Shape::Either(&[Shape::Bool, Shape::Block(&MFA_AGE)]),
            "Whether the principal signed in with MFA; `{age: 1h}` says how long ago.",
        ),
        key("source_ip", TEXT, "The address the request comes from: `aws:SourceIp`."),
        key("principal_tags", TAGS, "Tags of the principal: `aws:PrincipalTag/…`."),
        key("resource_tags", TAGS, "Tags of the resource: `aws:ResourceTag/…`."),
        key("request_tags", TAGS, "Tags in the request: `aws:RequestTag/…`."),
    ],
};

/// `tests[].with.mfa: {…}`
pub(crate) static MFA_AGE: Block = Block {
    name: "mfa_age",
    doc: "A sign-in with MFA.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[required("age", Shape::Duration, "How long ago.")],
};
