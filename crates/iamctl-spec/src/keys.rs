//! Every key that a manifest may have, with what it is for.
//!
//! These declarations are read by [`Reader`](crate::block::Reader), turned into the JSON Schema, and
//! are the text of the manifest reference.

mod clauses;
mod entities;

use crate::block::{Block, Key, Shape};
pub(crate) use clauses::{ACCEPT, CONTEXT, IGNORE, MFA, MFA_AGE, TEST, TRUST_ITEM};
pub(crate) use entities::{
    ACCOUNT_ALIAS, FILE_ONLY, GROUP, INLINE_POLICY, INSTANCE_PROFILE, OIDC_PROVIDER, PASSWORD_POLICY, POLICY,
    ROLE, SAML_PROVIDER, SERVICE_LINKED_ROLE, USER,
};

const NAME: &str = r"^([A-Za-z0-9_+=,.@-]{1,128}|.*\$\{.*)$";
const SHORT_NAME: &str = r"^([A-Za-z0-9_+=,.@-]{1,64}|.*\$\{.*)$";
const SAML_NAME: &str = r"^([A-Za-z0-9._-]{1,128}|.*\$\{.*)$";
const URL: &str = r"^([A-Za-z0-9][A-Za-z0-9._~/%+@-]{0,246}|.*\$\{.*)$";
const SERVICE: &str = r"^([a-z0-9_+=,@-]+(\.[a-z0-9_+=,@-]+)+(/[A-Za-z0-9_+=,.@-]{1,64})?|.*\$\{.*)$";
const TEXT: Shape = Shape::Text { pattern: None, max: usize::MAX };
const DESCRIPTION: Shape = Shape::Text { pattern: None, max: 1_000 };
const PATH: Shape = Shape::Text { pattern: Some(r"^(/([!-~]+/)?|.*\$\{.*)$"), max: 512 };
const FILE: Shape = Shape::Text { pattern: Some(r"\.(json|yaml|yml)$"), max: 1_024 };
const ALIAS: Shape = Shape::Text { pattern: Some(r"^([a-z0-9](-?[a-z0-9]){2,62}|.*\$\{.*)$"), max: 63 };
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
const RENAMED_FROM_DOC: &str = "The name that it has in the account until now: it is renamed, and stays the same to AWS. Can go once that is done.";
const ADOPT_DOC: &str = "Take over one that is there already and was not made by this manifest.";

const SERVICE_LINKED_ROLES_DOC: &str = "Roles that services of AWS have for themselves, by service: `autoscaling.amazonaws.com`, or with a custom suffix \
     `autoscaling.amazonaws.com/batch`. They are made where they are missing, and never changed.";

const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, required: false, shape }
}

const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, doc, required: true, shape }
}

/// The manifest itself.
pub(crate) static MANIFEST: Block = Block {
    name: "manifest",
    doc: "A manifest of iamctl: the IAM users, groups, roles and policies of one AWS account.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        required("version", Shape::VersionOne, "The version of this format: 1."),
        required(
            "name",
            Shape::Text { pattern: Some(r"^[A-Za-z0-9][A-Za-z0-9._-]*$"), max: 64 },
            "The name that tells this manifest apart from others in the same bucket.",
        ),
        key(
            "renamed_from",
            Shape::Text { pattern: Some(r"^[A-Za-z0-9][A-Za-z0-9._-]*$"), max: 64 },
            "The name that this manifest had before: what it manages under that name is taken over. Can go once that is \
             done.",
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
            "Variables, used as `${name}` in keys, values and documents. One without a value must be given with `--var` or `--var-file`. \
             `${account_id}` and `${partition}` are always there.",
        ),
        key(
            "include",
            ONE_OR_MANY_TEXTS,
            "Further files, by path or pattern (`policies/*.yaml`, `teams/**/*.yaml`), in the folder of the manifest.",
        ),
        key("defaults", Shape::Block(&DEFAULTS), "What things have unless they say otherwise."),
        key(
            "policies",
            Shape::Either(&[Shape::Map { keys: NAME, values: &Shape::Block(&POLICY) }, Shape::Null]),
            "Managed policies by name.",
        ),
        key(
            "users",
            Shape::Either(&[Shape::Map { keys: SHORT_NAME, values: &Shape::Block(&USER) }, Shape::Null]),
            "Users by name.",
        ),
        key(
            "groups",
            Shape::Either(&[Shape::Map { keys: NAME, values: &Shape::Block(&GROUP) }, Shape::Null]),
            "Groups by name.",
        ),
        key(
            "roles",
            Shape::Either(&[Shape::Map { keys: SHORT_NAME, values: &Shape::Block(&ROLE) }, Shape::Null]),
            "Roles by name.",
        ),
        key(
            "instance_profiles",
            Shape::Either(&[
                Shape::Map { keys: NAME, values: &Shape::Block(&INSTANCE_PROFILE) },
                Shape::Null,
            ]),
            "Instance profiles by name. Where there are none, those of the account are not even read.",
        ),
        key(
            "oidc_providers",
            Shape::Either(&[Shape::Map { keys: URL, values: &Shape::Block(&OIDC_PROVIDER) }, Shape::Null]),
            "OpenID Connect providers by URL, without `https://`. Where there are none, those of the account are not even read.",
        ),
        key(
            "account_alias",
            Shape::Either(&[ALIAS, Shape::Block(&ACCOUNT_ALIAS)]),
            "The alias of the account: the name in the address where its users sign in. `none` for none; without this \
             key it is not managed, and not even read.",
        ),
        key(
            "password_policy",
            Shape::Either(&[Shape::Block(&PASSWORD_POLICY), Shape::Word(&["none"])]),
            "What the account demands of the passwords of its users. `none` for nothing of its own; without this key it \
             is not managed, and not even read.",
        ),
        key(
            "saml_providers",
            Shape::Either(&[
                Shape::Map { keys: SAML_NAME, values: &Shape::Block(&SAML_PROVIDER) },
                Shape::Null,
            ]),
            "SAML providers by name. Where there are none, those of the account are not even read.",
        ),
        key(
            "service_linked_roles",
            Shape::Either(&[
                Shape::Map { keys: SERVICE, values: &Shape::Block(&SERVICE_LINKED_ROLE) },
                Shape::Null,
            ]),
            SERVICE_LINKED_ROLES_DOC,
        ),
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
            "accept_findings",
            Shape::List(&Shape::Block(&ACCEPT)),
            "Findings about policy documents that are meant to be, each with its reason.",
        ),
        key(
            "tests",
            Shape::List(&Shape::Block(&TEST)),
            "Access that must, or must not, be there: checked offline before anything is changed.",
        ),
        key(
            "organization",
            Shape::Block(&ORGANIZATION),
            "What the organisation limits in this account: tests and questions are answered with it.",
        ),
    ],
};

/// What an included file may hold.
pub(crate) static INCLUDED: Block = Block {
    name: "included",
    doc: "A file named under `include:` of a manifest.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        key("include", ONE_OR_MANY_TEXTS, "Further files, relative to this one."),
        key(
            "policies",
            Shape::Either(&[Shape::Map { keys: NAME, values: &Shape::Block(&POLICY) }, Shape::Null]),
            "Managed policies by name.",
        ),
        key(
            "users",
            Shape::Either(&[Shape::Map { keys: SHORT_NAME, values: &Shape::Block(&USER) }, Shape::Null]),
            "Users by name.",
        ),
        key(
            "groups",
            Shape::Either(&[Shape::Map { keys: NAME, values: &Shape::Block(&GROUP) }, Shape::Null]),
            "Groups by name.",
        ),
        key(
            "roles",
            Shape::Either(&[Shape::Map { keys: SHORT_NAME, values: &Shape::Block(&ROLE) }, Shape::Null]),
            "Roles by name.",
        ),
        key(
            "instance_profiles",
            Shape::Either(&[
                Shape::Map { keys: NAME, values: &Shape::Block(&INSTANCE_PROFILE) },
                Shape::Null,
            ]),
            "Instance profiles by name. Where there are none, those of the account are not even read.",
        ),
        key(
            "oidc_providers",
            Shape::Either(&[Shape::Map { keys: URL, values: &Shape::Block(&OIDC_PROVIDER) }, Shape::Null]),
            "OpenID Connect providers by URL, without `https://`. Where there are none, those of the account are not even read.",
        ),
        key(
            "saml_providers",
            Shape::Either(&[
                Shape::Map { keys: SAML_NAME, values: &Shape::Block(&SAML_PROVIDER) },
                Shape::Null,
            ]),
            "SAML providers by name. Where there are none, those of the account are not even read.",
        ),
        key(
            "service_linked_roles",
            Shape::Either(&[
                Shape::Map { keys: SERVICE, values: &Shape::Block(&SERVICE_LINKED_ROLE) },
                Shape::Null,
            ]),
            SERVICE_LINKED_ROLES_DOC,
        ),
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
            "accept_findings",
            Shape::List(&Shape::Block(&ACCEPT)),
            "Findings about policy documents that are meant to be, each with its reason.",
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
    one_of: &[],
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

/// `organization`
pub(crate) static ORGANIZATION: Block = Block {
    name: "organization",
    doc: "The policies of the organisation that the account belongs to. They are read for answers about access and never changed.",
    may_be_empty: false,
    extra: None,
    one_of: &[],
    keys: &[
        key(
            "id",
            Shape::Text { pattern: Some(r"^(o-[a-z0-9]{10,32}|.*\$\{.*)$"), max: 64 },
            "The organisation's id, such as `o-a1b2c3d4e5`: `aws:PrincipalOrgID` of all users and roles.",
        ),
        key(
            "management_account",
            Shape::Digits(r"^([0-9]{12}|.*\$\{.*)$"),
            "The account that manages the organisation. In it, the policies bind nobody.",
        ),
        key(
            "scp",
            Shape::List(&ONE_OR_MANY_TEXTS),
            "Service control policies, a list for each level on the way to the account, the root first: files, or `FullAWSAccess`. \
             Every level has to allow.",
        ),
        key(
            "rcp",
            Shape::List(&ONE_OR_MANY_TEXTS),
            "Resource control policies, likewise: files. `RCPFullAWSAccess` is on every level as it is.",
        ),
    ],
};

/// `defaults`
pub(crate) static DEFAULTS: Block = Block {
    name: "defaults",
    doc: "What things have unless they say otherwise.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[
        key("policies", Shape::Block(&PATH_AND_TAGS), "For every policy."),
        key("users", Shape::Block(&PATH_TAGS_BOUNDARY), "For every user."),
        key("groups", Shape::Block(&PATH_ONLY), "For every group."),
        key("roles", Shape::Block(&PATH_TAGS_BOUNDARY), "For every role."),
        key("instance_profiles", Shape::Block(&PATH_AND_TAGS), "For every instance profile."),
        key("oidc_providers", Shape::Block(&TAGS_ONLY), "For every OpenID Connect provider."),
        key("saml_providers", Shape::Block(&TAGS_ONLY), "For every SAML provider."),
    ],
};

/// `defaults.groups`
pub(crate) static PATH_ONLY: Block = Block {
    name: "defaults_group",
    doc: "What every group has unless it says otherwise.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[key("path", PATH, PATH_DOC)],
};

/// `defaults.policies`, `defaults.instance_profiles`
pub(crate) static PATH_AND_TAGS: Block = Block {
    name: "defaults_policy",
    doc: "What every policy, or every instance profile, has unless it says otherwise.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[key("path", PATH, PATH_DOC), key("tags", TAGS, "Tags; those of the block itself win.")],
};

/// `defaults.oidc_providers`
pub(crate) static TAGS_ONLY: Block = Block {
    name: "defaults_provider",
    doc: "What every identity provider has unless it says otherwise.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[key("tags", TAGS, "Tags; those of the block itself win.")],
};

/// `defaults.users`, `defaults.roles`
pub(crate) static PATH_TAGS_BOUNDARY: Block = Block {
    name: "defaults_identity",
    doc: "What every user, or every role, has unless it says otherwise.",
    may_be_empty: true,
    extra: None,
    one_of: &[],
    keys: &[
        key("path", PATH, PATH_DOC),
        key("tags", TAGS, "Tags; those of the block itself win."),
        key(
            "permissions_boundary",
            Shape::Either(&[TEXT, Shape::Null]),
            "The managed policy that bounds what the others can allow.",
        ),
    ],
};

/// All blocks.
pub(crate) static ALL: &[&Block] = &[
    &MANIFEST,
    &INCLUDED,
    &MASTER_COPY,
    &ORGANIZATION,
    &DEFAULTS,
    &PATH_ONLY,
    &PATH_AND_TAGS,
    &TAGS_ONLY,
    &PATH_TAGS_BOUNDARY,
    &POLICY,
    &INLINE_POLICY,
    &USER,
    &GROUP,
    &ROLE,
    &INSTANCE_PROFILE,
    &OIDC_PROVIDER,
    &ACCOUNT_ALIAS,
    &PASSWORD_POLICY,
    &SAML_PROVIDER,
    &SERVICE_LINKED_ROLE,
    &FILE_ONLY,
    &TRUST_ITEM,
    &MFA,
    &IGNORE,
    &ACCEPT,
    &TEST,
    &CONTEXT,
    &MFA_AGE,
];
