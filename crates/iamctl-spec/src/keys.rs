//! Every key that a manifest may have, with what it is for.
//!
//! These declarations are read by [`Reader`](crate::block::Reader), turned into the JSON Schema, and
//! are the text of the manifest reference.

use iamctl_policy::Grammar;

use crate::block::{Block, Key, Shape};

const NAME: &str = r"^([A-Za-z0-9_+=,.@-]{1,128}|.*\$\{.*)$";
const SHORT_NAME: &str = r"^([A-Za-z0-9_+=,.@-]{1,64}|.*\$\{.*)$";
const TEXT: Shape = Shape::Text { pattern: None, max: usize::MAX };
const DESCRIPTION: Shape = Shape::Text { pattern: None, max: 1_000 };
const PATH: Shape = Shape::Text { pattern: Some(r"^(/([!-~]+/)?|.*\$\{.*)$"), max: 512 };
const FILE: Shape = Shape::Text { pattern: Some(r"\.(json|yaml|yml)$"), max: 1_024 };
const TAGS: Shape = Shape::Map { keys: ".", values: &Shape::Scalar };
const POLICY_LIST: Shape = Shape::List(&TEXT);
const ONE_OR_MANY_TEXTS: Shape = Shape::OneOrMany(&TEXT);

const PATH_DOC: &str = "The path: `/`, or text that begins and ends with a slash, such as `/team/`.";
const TAGS_DOC: &str = "Tags: a map from key to value, at most 50.";
const BOUNDARY_DOC: &str = "The managed policy that bounds what the others can allow: a name from `policies:`, `aws:NAME`, or an ARN. \
     Nothing (`~`) for none where `defaults:` has one.";
const ATTACHED_DOC: &str = "The managed policies attached to it, all of them: names from `policies:`, `aws:PATH/NAME` for AWS's own, or ARNs.";
const INLINE_DOC: &str = "Its inline policies by name, all of them, each with `document:` or `file:`.";
const IGNORE_FIELDS_DOC: &str =
    "Keys of this block that are left to others: they are neither compared nor changed.";
const PROTECT_DOC: &str = "Refuse to delete it, also after this block is gone from the manifest.";
const ADOPT_DOC: &str = "Take over one that is there already and was not made by this manifest.";

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, required: false, shape }
}

const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, required: true, shape }
}

const fn map(values: &'static Shape, keys: &'static str) -> Shape {
    Shape::Map { keys, values }
}

/// The manifest itself.
pub(crate) static MANIFEST: Block = Block {
    name: "manifest",
    doc: "A manifest of iamctl: the IAM users, groups, roles and policies of one AWS account.",
    may_be_empty: false,
    extra: None,
    keys: &[
        required("version", Shape::VersionOne, "The version of this format: 1."),
        required(
            "name",
            Shape::Text { pattern: Some(r"^[A-Za-z0-9][A-Za-z0-9._-]*$"), max: 64 },
            "The name that tells this manifest apart from others in the same bucket.",
        ),
        key(
            "account",
            Shape::Digits(r"^([0-9]{12}|.*\$\{.*)$"),
            "The twelve digits of the only account that this manifest may be applied to.",
        ),
        required(
            "master_copy",
            Shape::Block(&MASTER_COPY),
            "Where the master copy of the manifest and the records of all runs lie.",
        ),
        key(
            "variables",
            Shape::Map {
                keys: "^[A-Za-z_][A-Za-z0-9_]*$",
                values: &Shape::Either(&[Shape::Scalar, Shape::Null]),
            },
            "Variables, used as `${name}` in keys, values and documents. One without a value must be given with `--var`. \
             `${account_id}` and `${partition}` are always there.",
        ),
        key(
            "include",
            ONE_OR_MANY_TEXTS,
            "Further files, by path or pattern (`policies/*.yaml`, `teams/**/*.yaml`), in the folder of the manifest.",
        ),
        key(
            "defaults",
            Shape::Block(&DEFAULTS),
            "What users, groups, roles and policies have unless they say otherwise.",
        ),
        key("policies", map(&Shape::Block(&POLICY), NAME), "Managed policies by name."),
        key("users", map(&Shape::Block(&USER), SHORT_NAME), "Users by name."),
        key("groups", map(&Shape::Block(&GROUP), NAME), "Groups by name."),
        key("roles", map(&Shape::Block(&ROLE), SHORT_NAME), "Roles by name."),
        key(
            "forget",
            Shape::List(&TEXT),
            "Addresses (`role/legacy`) that are no longer managed and shall not be deleted.",
        ),
        key(
            "ignore",
            Shape::List(&Shape::Block(&IGNORE)),
            "Items that others may put on managed things, each rule with its reason.",
        ),
        key(
            "tests",
            Shape::List(&Shape::Block(&TEST)),
            "Access that must, or must not, be there: checked offline before anything is changed.",
        ),
    ],
};

/// What an included file may hold.
pub(crate) static INCLUDED: Block = Block {
    name: "included",
    doc: "A file named under `include:` of a manifest.",
    may_be_empty: false,
    extra: None,
    keys: &[
        key("include", ONE_OR_MANY_TEXTS, "Further files, relative to this one."),
        key("policies", map(&Shape::Block(&POLICY), NAME), "Managed policies by name."),
        key("users", map(&Shape::Block(&USER), SHORT_NAME), "Users by name."),
        key("groups", map(&Shape::Block(&GROUP), NAME), "Groups by name."),
        key("roles", map(&Shape::Block(&ROLE), SHORT_NAME), "Roles by name."),
        key(
            "forget",
            Shape::List(&TEXT),
            "Addresses (`role/legacy`) that are no longer managed and shall not be deleted.",
        ),
        key(
            "ignore",
            Shape::List(&Shape::Block(&IGNORE)),
            "Items that others may put on managed things, each rule with its reason.",
        ),
        key("tests", Shape::List(&Shape::Block(&TEST)), "Access that must, or must not, be there."),
    ],
};

/// `master_copy`
pub(crate) static MASTER_COPY: Block = Block {
    name: "master_copy",
    doc: "The S3 bucket that keeps the manifest, what it owns, and the records of all runs.",
    may_be_empty: false,
    extra: None,
    keys: &[
        required(
            "bucket",
            Shape::Text { pattern: None, max: 255 },
            "The bucket. One that does not exist is made, and hardened.",
        ),
        required("region", Shape::Text { pattern: None, max: 64 }, "The bucket's Region."),
        key(
            "prefix",
            Shape::Text { pattern: None, max: 512 },
            "What all keys begin with, ending with a slash: `iam/`.",
        ),
        key(
            "owner",
            Shape::Digits(r"^([0-9]{12}|.*\$\{.*)$"),
            "The account that owns the bucket, when it is not the managed one.",
        ),
        key(
            "kms_key",
            Shape::Text { pattern: None, max: 2_048 },
            "The ARN, id or alias of the KMS key that encrypts a bucket which iamctl makes.",
        ),
    ],
};

/// `defaults`
pub(crate) static DEFAULTS: Block = Block {
    name: "defaults",
    doc: "What users, groups, roles and policies have unless they say otherwise.",
    may_be_empty: true,
    extra: None,
    keys: &[
        key("policies", Shape::Block(&PATH_AND_TAGS), "For every policy."),
        key("users", Shape::Block(&PATH_TAGS_BOUNDARY), "For every user."),
        key("groups", Shape::Block(&PATH_ONLY), "For every group."),
        key("roles", Shape::Block(&PATH_TAGS_BOUNDARY), "For every role."),
    ],
};

/// `defaults.groups`
pub(crate) static PATH_ONLY: Block = Block {
    name: "defaults_group",
    doc: "What every group has unless it says otherwise.",
    may_be_empty: true,
    extra: None,
    keys: &[key("path", PATH, PATH_DOC)],
};

/// `defaults.policies`
pub(crate) static PATH_AND_TAGS: Block = Block {
    name: "defaults_policy",
    doc: "What every policy has unless it says otherwise.",
    may_be_empty: true,
    extra: None,
    keys: &[key("path", PATH, PATH_DOC), key("tags", TAGS, "Tags; those of the block itself win.")],
};

/// `defaults.users`, `defaults.roles`
pub(crate) static PATH_TAGS_BOUNDARY: Block = Block {
    name: "defaults_identity",
    doc: "What every user, or every role, has unless it says otherwise.",
    may_be_empty: true,
    extra: None,
    keys: &[
        key("path", PATH, PATH_DOC),
        key("tags", TAGS, "Tags; those of the block itself win."),
        key("permissions_boundary", TEXT, "The managed policy that bounds what the others can allow."),
    ],
};

/// One of `policies`
pub(crate) static POLICY: Block = Block {
    name: "policy",
    doc: "A managed policy.",
    may_be_empty: false,
    extra: None,
    keys: &[
        key("path", PATH, "The path. AWS cannot change it later."),
        key("description", DESCRIPTION, "What the policy is for. AWS cannot change it later."),
        key("document", Shape::Document(Grammar::Managed), "The policy document, in AWS's own grammar."),
        key("file", FILE, "The file that holds the policy document, JSON or YAML, relative to this one."),
        key("tags", TAGS, TAGS_DOC),
        key("ignore", Shape::List(&Shape::Word(&["document", "tags"])), IGNORE_FIELDS_DOC),
        key("protect", Shape::Bool, PROTECT_DOC),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// One of `inline_policies`
pub(crate) static INLINE_POLICY: Block = Block {
    name: "inline_policy",
    doc: "An inline policy.",
    may_be_empty: false,
    extra: None,
    keys: &[
        key("document", Shape::Document(Grammar::Inline), "The policy document, in AWS's own grammar."),
        key("file", FILE, "The file that holds the policy document, JSON or YAML, relative to this one."),
    ],
};

const INLINE_POLICIES: Shape = Shape::Map { keys: NAME, values: &Shape::Block(&INLINE_POLICY) };

/// One of `users`
pub(crate) static USER: Block = Block {
    name: "user",
    doc: "A user. The manifest never holds passwords or access keys.",
    may_be_empty: true,
    extra: None,
    keys: &[
        key("path", PATH, PATH_DOC),
        key(
            "groups",
            Shape::List(&TEXT),
            "The groups the user is a member of, all of them: names from `groups:`.",
        ),
        key("policies", POLICY_LIST, ATTACHED_DOC),
        key("inline_policies", INLINE_POLICIES, INLINE_DOC),
        key("permissions_boundary", Shape::Either(&[TEXT, Shape::Null]), BOUNDARY_DOC),
        key("tags", TAGS, TAGS_DOC),
        key(
            "ignore",
            Shape::List(&Shape::Word(&[
                "path",
                "groups",
                "policies",
                "inline_policies",
                "permissions_boundary",
                "tags",
            ])),
            IGNORE_FIELDS_DOC,
        ),
        key("protect", Shape::Bool, PROTECT_DOC),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// One of `groups`
pub(crate) static GROUP: Block = Block {
    name: "group",
    doc: "A group. Its members are the users that name it.",
    may_be_empty: true,
    extra: None,
    keys: &[
        key("path", PATH, PATH_DOC),
        key("policies", POLICY_LIST, ATTACHED_DOC),
        key("inline_policies", INLINE_POLICIES, INLINE_DOC),
        key(
            "ignore",
            Shape::List(&Shape::Word(&["path", "members", "policies", "inline_policies"])),
            IGNORE_FIELDS_DOC,
        ),
        key("protect", Shape::Bool, PROTECT_DOC),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// One of `roles`
pub(crate) static ROLE: Block = Block {
    name: "role",
    doc: "A role.",
    may_be_empty: false,
    extra: None,
    keys: &[
        key("path", PATH, "The path. AWS cannot change it later."),
        key("description", DESCRIPTION, "What the role is for."),
        key(
            "max_session_duration",
            Shape::Duration,
            "How long a session may last: from `1h`, which is the default, to `12h`.",
        ),
        key(
            "trust",
            Shape::List(&Shape::Block(&TRUST_ITEM)),
            "Who may assume the role: each item becomes one statement of the trust policy.",
        ),
        key(
            "trust_document",
            Shape::Either(&[Shape::Block(&FILE_ONLY), Shape::Document(Grammar::Trust)]),
            "The trust policy in AWS's own grammar, or `{file: …}`, instead of `trust:`.",
        ),
        key("policies", POLICY_LIST, ATTACHED_DOC),
        key("inline_policies", INLINE_POLICIES, INLINE_DOC),
        key("permissions_boundary", Shape::Either(&[TEXT, Shape::Null]), BOUNDARY_DOC),
        key("tags", TAGS, TAGS_DOC),
        key(
            "ignore",
            Shape::List(&Shape::Word(&[
                "description",
                "max_session_duration",
                "trust",
                "policies",
                "inline_policies",
                "permissions_boundary",
                "tags",
            ])),
            IGNORE_FIELDS_DOC,
        ),
        key("protect", Shape::Bool, PROTECT_DOC),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// `trust_document: {file: …}`
pub(crate) static FILE_ONLY: Block = Block {
    name: "file_only",
    doc: "A document in a file of its own.",
    may_be_empty: false,
    extra: None,
    keys: &[required("file", FILE, "The file, JSON or YAML, relative to this one.")],
};

/// One of `trust`
pub(crate) static TRUST_ITEM: Block = Block {
    name: "trust_item",
    doc: "Some principals and the conditions under which they may assume the role.",
    may_be_empty: false,
    extra: None,
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
    keys: &[required("max_age", Shape::Duration, "How long ago the sign-in with MFA may be.")],
};

/// One of `ignore`
pub(crate) static IGNORE: Block = Block {
    name: "ignore",
    doc: "Items that others may put on managed things. Patterns have `*` and `?` and ignore case.",
    may_be_empty: false,
    extra: None,
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

/// One of `tests`
pub(crate) static TEST: Block = Block {
    name: "test",
    doc: "Access that must (`can`), or must not (`cannot`), be there.",
    may_be_empty: false,
    extra: None,
    keys: &[
        required(
            "principal",
            ONE_OR_MANY_TEXTS,
            "Who asks: `user/NAME`, `role/NAME`, an ARN, or a service; with several, each of them.",
        ),
        key("can", ONE_OR_MANY_TEXTS, "Actions that must be allowed, each of them."),
        key(
            "cannot",
            ONE_OR_MANY_TEXTS,
            "Actions that must be denied, each of them, whatever is not stated.",
        ),
        key(
            "on",
            ONE_OR_MANY_TEXTS,
            "On what: an address (`role/engineer`), an ARN, or `*`; with several, on each of them.",
        ),
        key("with", Shape::Block(&CONTEXT), "What is known about the request."),
    ],
};

/// `tests[].with`; any condition key may stand here too.
pub(crate) static CONTEXT: Block = Block {
    name: "context",
    doc: "What is known about a request. Any other key is a condition key such as `aws:RequestedRegion`; a list of values makes it a multi-valued key.",
    may_be_empty: false,
    extra: Some("^.+:.+$"),
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
    keys: &[required("age", Shape::Duration, "How long ago.")],
};
