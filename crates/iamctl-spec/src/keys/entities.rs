//! The keys of policies, users, groups, roles, instance profiles, identity providers and settings of the account.

use iamctl_policy::Grammar;

use super::*;
use crate::block::{Block, Shape};

/// One of `policies`
pub(crate) static POLICY: Block = Block {
    name: "policy",
    doc: "A managed policy.",
    may_be_empty: false,
    extra: None,
    one_of: &["document", "file"],
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
    one_of: &["document", "file"],
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
    one_of: &[],
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
        key("renamed_from", TEXT, RENAMED_FROM_DOC),
    ],
};

/// One of `groups`
pub(crate) static GROUP: Block = Block {
    name: "group",
    doc: "A group. Its members are the users that name it.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
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
        key("renamed_from", TEXT, RENAMED_FROM_DOC),
    ],
};

/// One of `roles`
pub(crate) static ROLE: Block = Block {
    name: "role",
    doc: "A role.",
    may_be_empty: false,
    extra: None,
    one_of: &["trust", "trust_document"],
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

/// One of `instance_profiles`
pub(crate) static INSTANCE_PROFILE: Block = Block {
    name: "instance_profile",
    doc: "An instance profile: it hands a role to the EC2 instances that run with it.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[
        key("path", PATH, "The path. AWS cannot change it later."),
        key(
            "role",
            Shape::Either(&[TEXT, Shape::Null]),
            "The role that it holds, one at most: a name from `roles:`, or the ARN of another role of the account.",
        ),
        key("tags", TAGS, "Tags: a map from key to value, at most 50. The case of keys counts."),
        key("ignore", Shape::List(&Shape::Word(&["role", "tags"])), IGNORE_FIELDS_DOC),
        key("protect", Shape::Bool, PROTECT_DOC),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// One of `oidc_providers`
pub(crate) static OIDC_PROVIDER: Block = Block {
    name: "oidc_provider",
    doc: "An OpenID Connect provider: roles that trust it (`trust: [{oidc: …}]`) let in who has a token of it.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[
        key(
            "client_ids",
            Shape::List(&TEXT),
            "The audiences whose tokens it takes, all of them, at most 100: what the tokens have as `aud`. For roles that \
             GitHub Actions or EKS assume: `sts.amazonaws.com`.",
        ),
        key(
            "thumbprints",
            Shape::List(&THUMBPRINT),
            "The SHA-1 thumbprints of the certificates that its keys are served under, one to five. Without this key \
             they are AWS's choice and never compared: AWS finds one itself, and does not look at it for well-known \
             providers.",
        ),
        key("tags", TAGS, "Tags: a map from key to value, at most 50. The case of keys counts."),
        key("ignore", Shape::List(&Shape::Word(&["client_ids", "thumbprints", "tags"])), IGNORE_FIELDS_DOC),
        key("protect", Shape::Bool, PROTECT_DOC),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

const THUMBPRINT: Shape = Shape::Text { pattern: Some(r"^([0-9A-Fa-f]{40}|.*\$\{.*)$"), max: usize::MAX };

/// `account_alias`
pub(crate) static ACCOUNT_ALIAS: Block = Block {
    name: "account_alias",
    doc: "The alias of the account, where more is said of it than its name.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        required(
            "name",
            ALIAS,
            "The alias: 3 to 63 lower-case letters, digits and `-`. No other account of AWS has the same.",
        ),
        key("protect", Shape::Bool, "Refuse to delete it when `none` stands here."),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// `password_policy`
pub(crate) static PASSWORD_POLICY: Block = Block {
    name: "password_policy",
    doc: "What the account demands of the passwords of its users: all of it. A key that is not written is what AWS \
          takes when it is told nothing.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        key(
            "minimum_password_length",
            Shape::Number { least: 6, most: 128 },
            "How many characters a password has at least: 6, which is the default, to 128.",
        ),
        key("require_symbols", Shape::Bool, "Whether one of them is neither letter nor digit."),
        key("require_numbers", Shape::Bool, "Whether one of them is a digit."),
        key("require_uppercase_characters", Shape::Bool, "Whether one of them is an upper-case letter."),
        key("require_lowercase_characters", Shape::Bool, "Whether one of them is a lower-case letter."),
        key(
            "allow_users_to_change_password",
            Shape::Bool,
            "Whether all users may change their own password, whatever their policies say.",
        ),
        key(
            "max_password_age",
            Shape::Number { least: 1, most: 1_095 },
            "After how many days a password expires: 1 to 1095. Without this key it never does.",
        ),
        key(
            "password_reuse_prevention",
            Shape::Number { least: 1, most: 24 },
            "How many former passwords cannot be used again: 1 to 24. Without this key all can.",
        ),
        key(
            "hard_expiry",
            Shape::Bool,
            "Whether only an administrator can replace a password that has expired.",
        ),
        key("protect", Shape::Bool, "Refuse to delete it when `none` stands here."),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// One of `saml_providers`
pub(crate) static SAML_PROVIDER: Block = Block {
    name: "saml_provider",
    doc: "A SAML provider: roles that trust it (`trust: [{saml: …}]`) let in those for whom an identity provider vouches.",
    may_be_empty: false,
    extra: None,
    one_of: &["metadata", "metadata_file"],
    keys: &[
        key(
            "metadata_file",
            TEXT,
            "The file that holds the metadata document of the identity provider, XML as it hands it out, relative to \
             this one. Variables are not replaced in it.",
        ),
        key("metadata", TEXT, "The metadata document itself, instead of `metadata_file`."),
        key("tags", TAGS, "Tags: a map from key to value, at most 50. The case of keys counts."),
        key("ignore", Shape::List(&Shape::Word(&["metadata", "tags"])), IGNORE_FIELDS_DOC),
        key("protect", Shape::Bool, PROTECT_DOC),
        key("adopt", Shape::Bool, ADOPT_DOC),
    ],
};

/// One of `service_linked_roles`
pub(crate) static SERVICE_LINKED_ROLE: Block = Block {
    name: "service_linked_role",
    doc: "A service-linked role. The service says what it may do and what it is called; nothing here changes or deletes it.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[key(
        "description",
        DESCRIPTION,
        "What the role is for: said when it is made, and not changed later. Without this key that is left to the service.",
    )],
};

/// `trust_document: {file: …}`
pub(crate) static FILE_ONLY: Block = Block {
    name: "file_only",
    doc: "A document in a file of its own.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[required("file", FILE, "The file, JSON or YAML, relative to this one.")],
};
