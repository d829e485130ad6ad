//! All rules by name.

/// One rule that a manifest is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The code that findings carry.
    pub code: &'static str,
    /// What it says.
    pub says: &'static str,
    /// What it is about: the rules of one group stand together.
    pub group: &'static str,
}

const fn rule(group: &'static str, code: &'static str, says: &'static str) -> Rule {
    Rule { code, says, group }
}

const TEXT: &str = "Text and files";
const SHAPE: &str = "Keys and values";
const NAMES: &str = "Names and references";
const PLAIN: &str = "Plain values";
const DOCUMENTS: &str = "Policy documents";
const TRUST: &str = "Trust";
const QUOTAS: &str = "Quotas";
const TAGS: &str = "Tags";
const MASTER_COPY: &str = "Master copy";
const OTHERS: &str = "Left to others";
const TESTS: &str = "Tests";
const ORGANIZATION: &str = "Organisation";

/// Every rule whose findings [`parse`](crate::parse) can report.
pub const RULES: &[Rule] = &[
    rule(
        TEXT,
        "file-unreadable",
        "a file must be there, be UTF-8 text, and have at most 8 MiB; all together 32 MiB",
    ),
    rule(TEXT, "file-extension", "the name of a file ends with `.json`, `.yaml` or `.yml`"),
    rule(TEXT, "file-path", "files lie in the manifest's folder"),
    rule(TEXT, "include-path", "included files lie in the manifest's folder"),
    rule(TEXT, "include-nothing", "a pattern under `include` matches some file"),
    rule(TEXT, "include-cycle", "a file does not include itself, not even through others"),
    rule(TEXT, "empty-file", "a file is not empty"),
    rule(TEXT, "not-yaml", "YAML follows YAML 1.2"),
    rule(TEXT, "not-json", "JSON follows RFC 8259: no comments, no trailing commas"),
    rule(TEXT, "several-documents", "a file holds one YAML document"),
    rule(TEXT, "too-much", "nesting, aliases and variables do not add up to more than anyone needs"),
    rule(TEXT, "duplicate-key", "a key is there once in its map"),
    rule(SHAPE, "wrong-type", "a value has the type that its key wants"),
    rule(SHAPE, "missing-key", "what is needed is there"),
    rule(SHAPE, "unknown-key", "every key is known: none is ever passed over"),
    rule(SHAPE, "version", "the format's version is 1"),
    rule(SHAPE, "unknown-variable", "a variable is defined before it is used"),
    rule(SHAPE, "variable-without-value", "a variable has a value, in the manifest or from `--var`"),
    rule(SHAPE, "undeclared-variable", "`--var` gives values to variables that the manifest declares"),
    rule(SHAPE, "unclosed-variable", "`${` is closed by `}`, or written `$${`"),
    rule(SHAPE, "variable-name", "names of variables hold letters, digits and `_`"),
    rule(SHAPE, "variable-in-variable", "values of variables use `${account_id}` and `${partition}` only"),
    rule(
        NAMES,
        "name",
        "names hold letters, digits and `_ + = , . @ -`; users and roles at most 64, all others 128; a service-linked role is named by its service, in small letters",
    ),
    rule(NAMES, "name-case", "names differ in more than the case of their letters"),
    rule(NAMES, "duplicate-name", "a thing is defined once, whatever file it stands in"),
    rule(NAMES, "reserved-name", "names of service-linked and Identity Center roles are AWS's"),
    rule(NAMES, "undefined", "what is referred to is defined, and spelled the same"),
    rule(NAMES, "named-twice", "a list names a thing once"),
    rule(NAMES, "aws-policy", "`aws:` is followed by path and name of one of AWS's policies"),
    rule(
        NAMES,
        "aws-policy-path",
        "a policy of AWS is written with its own path: `aws:job-function/Billing`",
    ),
    rule(
        NAMES,
        "aws-policy-unknown",
        "AWS has the policy, or it is newer than the table that iamctl carries: a warning",
    ),
    rule(NAMES, "policy-arn", "the ARN of a policy is one, and fits the policy of that name here"),
    rule(NAMES, "foreign-policy", "attached policies belong to the account or to AWS"),
    rule(
        NAMES,
        "role-arn",
        "the role of an instance profile belongs to the account, and its ARN fits the role of that name here",
    ),
    rule(
        NAMES,
        "address",
        "an address is `user/NAME`, `group/NAME`, `role/NAME`, `policy/NAME`, `instance_profile/NAME`, `oidc_provider/URL`, `saml_provider/NAME` or `service_linked_role/SERVICE`",
    ),
    rule(NAMES, "renamed-from", "what is renamed had another name, which nothing else has"),
    rule(NAMES, "forget-defined", "what is forgotten is not defined as well"),
    rule(PLAIN, "manifest-name", "the manifest's name can be part of a key in S3"),
    rule(PLAIN, "oidc-url", "the URL of an OIDC provider has host and path, and nothing else"),
    rule(PLAIN, "client-id", "an OIDC provider has at most 100 client ids, of 1 to 255 characters"),
    rule(PLAIN, "thumbprint", "an OIDC provider has 1 to 5 thumbprints, of 40 hexadecimal digits"),
    rule(PLAIN, "account-alias", "an alias is what AWS takes for one: lower-case letters, digits and `-`"),
    rule(PLAIN, "password-policy", "the numbers of a password policy are ones that AWS takes"),
    rule(PLAIN, "hard-expiry", "`hard_expiry` stands beside `max_password_age`"),
    rule(
        PLAIN,
        "saml-metadata",
        "the metadata of a SAML provider is XML, without a document type, that describes an identity provider in 1000 to 10000000 characters",
    ),
    rule(PLAIN, "metadata-twice", "the metadata of a SAML provider is written once"),
    rule(PLAIN, "account", "the account guard does not depend on the account"),
    rule(PLAIN, "account-id", "an account id has twelve digits"),
    rule(
        PLAIN,
        "path",
        "a path is `/` or `/…/`, at most 512 characters; those of policies hold letters, digits and `. , + @ = _ -`",
    ),
    rule(PLAIN, "reserved-path", "`/aws-service-role/` and `/aws-reserved/` are AWS's"),
    rule(PLAIN, "description-length", "a description has at most 1000 characters"),
    rule(
        PLAIN,
        "description-characters",
        "a role's description holds Latin-1 characters, and no description holds control characters",
    ),
    rule(PLAIN, "duration", "a duration is written `4h`, `90m`, `1h30m`, or in seconds"),
    rule(PLAIN, "session-duration", "a role's sessions last between one and twelve hours at most"),
    rule(PLAIN, "ip-address", "an IP address is one"),
    rule(DOCUMENTS, "document-place", "a document stands under `document:`"),
    rule(DOCUMENTS, "document-twice", "a document is written in place or in a file"),
    rule(DOCUMENTS, "missing-version", "a managed policy, and one of an organisation, has `Version`"),
    rule(DOCUMENTS, "policy-version", "`Version` is `2012-10-17` or `2008-10-17`"),
    rule(DOCUMENTS, "empty-statement", "a document has a statement"),
    rule(DOCUMENTS, "duplicate-sid", "a Sid is there once in a document"),
    rule(DOCUMENTS, "sid-characters", "in identity policies a Sid holds letters and digits"),
    rule(DOCUMENTS, "effect", "`Effect` is `Allow` or `Deny`"),
    rule(DOCUMENTS, "exclusive-elements", "an element and its `Not…` exclude each other"),
    rule(DOCUMENTS, "missing-action", "a statement has `Action` or `NotAction`"),
    rule(
        DOCUMENTS,
        "missing-element",
        "a statement has `Resource`, or in trust policies `Principal`, in resource control policies both, or their `Not…`",
    ),
    rule(
        DOCUMENTS,
        "surplus-element",
        "identity policies and service control policies have no `Principal`, trust policies no `Resource`",
    ),
    rule(DOCUMENTS, "action", "an action is `service:Name`, or `*`"),
    rule(DOCUMENTS, "resource", "a resource is an ARN, or `*`"),
    rule(DOCUMENTS, "principal", "a principal has a kind, or is `*`"),
    rule(
        DOCUMENTS,
        "principal-kind",
        "the kinds of principal are `AWS`, `Service`, `Federated` and `CanonicalUser`",
    ),
    rule(DOCUMENTS, "condition-operator", "condition operators are AWS's"),
    rule(DOCUMENTS, "empty-list", "a list that must name something names something"),
    rule(DOCUMENTS, "document-characters", "documents hold tab, line breaks and U+0020 to U+00FF"),
    rule(TRUST, "trust-twice", "a role has `trust` or `trust_document`"),
    rule(TRUST, "trust-nobody", "every item names somebody"),
    rule(TRUST, "trust-mixed", "federated users stand in items of their own"),
    rule(TRUST, "trust-action", "trust policies allow actions of STS"),
    rule(TRUST, "principal-arn", "principals are users, roles and accounts"),
    rule(TRUST, "group-principal", "groups are not principals"),
    rule(TRUST, "principal-pattern", "principals are not patterns"),
    rule(TRUST, "service-principal", "services are named by their hosts"),
    rule(TRUST, "identity-provider", "OIDC providers are named by host and path, SAML providers by name"),
    rule(TRUST, "mfa", "`mfa` is `required` or `{max_age: …}`"),
    rule(TRUST, "mfa-never", "MFA is demanded only of those who can have it"),
    rule(TRUST, "oidc-open", "a shared OIDC provider is trusted only with a condition on `sub`"),
    rule(TRUST, "external-id", "an external id has 2 to 1224 letters, digits and `_ + = , . @ : / -`"),
    rule(TRUST, "condition-twice", "a condition is stated once"),
    rule(QUOTAS, "policy-size", "a managed policy has at most 6144 characters without white space"),
    rule(
        QUOTAS,
        "trust-size",
        "a trust policy has at most 2048 characters, or 8192 when the quota is raised",
    ),
    rule(
        QUOTAS,
        "inline-size",
        "inline policies have together at most 2048 (user), 5120 (group) or 10240 (role) characters",
    ),
    rule(
        QUOTAS,
        "attachment-count",
        "at most 10 managed policies are attached, or 20 (user) and 25 (role) when the quota is raised",
    ),
    rule(QUOTAS, "group-count", "a user is a member of at most 10 groups"),
    rule(
        QUOTAS,
        "account-quota",
        "an account has at most 5000 users, 500 groups, 700 OIDC providers, 100 SAML providers, and 10000 roles, policies and instance profiles each",
    ),
    rule(TAGS, "tag-count", "a thing has at most 50 tags"),
    rule(TAGS, "tag-length", "keys of tags have 1 to 128 characters, values at most 256"),
    rule(TAGS, "tag-characters", "tags hold letters, digits, spaces and `_ . : / = + - @`"),
    rule(TAGS, "tag-reserved", "`aws:`, and on users ids of access keys, are not ours to set"),
    rule(TAGS, "tag-case", "on users and roles, keys of tags differ in more than case"),
    rule(MASTER_COPY, "bucket-name", "the bucket's name is one that S3 takes, without dots"),
    rule(MASTER_COPY, "region", "a Region is written like `eu-west-1`"),
    rule(MASTER_COPY, "prefix", "the prefix ends with a slash and does not begin with one"),
    rule(MASTER_COPY, "kms-key", "a KMS key is named by ARN, id or alias"),
    rule(OTHERS, "ignore-field", "only keys of the block can be ignored"),
    rule(OTHERS, "ignore-nothing", "a rule under `ignore` is about something"),
    rule(OTHERS, "reason", "a rule under `ignore` or `accept_findings` has a reason"),
    rule(OTHERS, "finding-code", "what is accepted is the code of a finding"),
    rule(OTHERS, "accepts-nothing", "what is accepted is found: a warning of `validate`"),
    rule(OTHERS, "ignored-and-written", "what is ignored is not written as well"),
    rule(TESTS, "test-both", "a test has `can` or `cannot`"),
    rule(TESTS, "test-principal", "users, roles, ARNs and services can ask"),
    rule(TESTS, "test-resource", "a resource is an address, an ARN, or `*`"),
    rule(TESTS, "test-action", "a test names actions of a service; `*` and `?` stand in their names only"),
    rule(TESTS, "unknown-action", "a test names actions that AWS has"),
    rule(TESTS, "test-with-resource", "`on` says on what only where an action takes a resource"),
    rule(TESTS, "test-without-resource", "`can` says on what, unless the action takes no resource"),
    rule(TESTS, "unknown-condition-key", "a test states condition keys that requests can have"),
    rule(TESTS, "condition-value", "a condition key has a value of its type"),
    rule(
        ORGANIZATION,
        "organization-id",
        "an organisation's id is `o-` and 10 to 32 small letters and digits",
    ),
    rule(
        ORGANIZATION,
        "organization-policy",
        "the policies of an organisation are files, or `FullAWSAccess`",
    ),
    rule(ORGANIZATION, "scp-allows-nothing", "every level of service control policies allows something"),
];
