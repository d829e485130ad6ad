//! All checks, by name.
//!
//! Source of the names and types of AWS's: IAM User Guide, "IAM policy validation check reference". What each one
//! is about is told in our words.

use crate::finding::{Check, FindingType, Origin};
use crate::kind::Kind::{self, Identity, Rcp, Resource, Scp, Trust};

const ALL: &[Kind] = &Kind::ALL;
const WITH_RESOURCES: &[Kind] = &[Identity, Scp, Rcp, Resource];
const WITH_PRINCIPALS: &[Kind] = &[Trust, Rcp, Resource];
const GRANTING: &[Kind] = &[Identity, Resource];

macro_rules! checks {
    ($($code:ident: $kind:ident, $origin:ident, $kinds:expr, $says:literal;)*) => {
        $(pub(crate) static $code: Check = Check {
            code: stringify!($code),
            finding_type: FindingType::$kind,
            origin: Origin::$origin,
            kinds: $kinds,
            says: $says,
        };)*

        /// Every check: AWS's errors, security warnings, warnings and suggestions, then ours.
        pub static CHECKS: &[&Check] = &[$(&$code),*];
    };
}

checks! {
    ARN_ACCOUNT_NOT_ALLOWED: Error, Aws, WITH_RESOURCES, "an ARN names an account although those of this service have none";
    ARN_REGION_NOT_ALLOWED: Error, Aws, WITH_RESOURCES, "an ARN names a Region although those of this service have none";
    DATA_TYPE_MISMATCH: Error, Aws, ALL, "an element has another JSON type than it must have";
    DUPLICATE_KEYS_WITH_DIFFERENT_CASE: Error, Aws, ALL, "a condition key is there twice under one operator, written in another case";
    EMPTY_VARIABLE: Error, Aws, ALL, "a variable without a name: `${}`";
    FEDERATED_PRINCIPAL_NOT_SUPPORTED: Error, Aws, &[Resource], "only trust policies have `Federated` principals";
    INVALID_ACTION: Error, Aws, ALL, "AWS has no such action, or none that the pattern names";
    INVALID_ARN_ACCOUNT: Error, Aws, ALL, "the account of an ARN has not twelve digits";
    INVALID_ARN_PREFIX: Error, Aws, WITH_RESOURCES, "a resource does not begin with `arn:`";
    INVALID_ARN_REGION: Error, Aws, WITH_RESOURCES, "the Region of an ARN is none, or none of its partition";
    INVALID_ARN_RESOURCE: Error, Aws, WITH_RESOURCES, "the end of an ARN fits no type of resource that the service has";
    INVALID_ARN_SERVICE_CASE: Error, Aws, WITH_RESOURCES, "the service of an ARN has upper-case letters";
    INVALID_CONDITION_DATA_TYPE: Error, Aws, ALL, "the values of a condition key differ in their JSON type";
    INVALID_CONDITION_KEY_FORMAT: Error, Aws, ALL, "a condition key is not of the form `service:key`";
    INVALID_CONDITION_MULTIPLE_BOOLEAN: Error, Aws, ALL, "a boolean condition has several values";
    INVALID_CONDITION_OPERATOR: Error, Aws, ALL, "AWS has no such condition operator";
    INVALID_EFFECT: Error, Aws, ALL, "`Effect` is neither `Allow` nor `Deny`";
    INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY: Error, Aws, &[Trust], "a `Federated` principal is neither the ARN of a provider nor the host of a known one";
    INVALID_GLOBAL_CONDITION_KEY: Error, Aws, ALL, "AWS has no such `aws:` condition key";
    INVALID_KMS_KEY_VALUE: Error, Aws, ALL, "a condition on a KMS key compares with what is no ARN of a key";
    INVALID_PARTITION: Error, Aws, WITH_RESOURCES, "the partition of an ARN is none of AWS's";
    INVALID_POLICY_ELEMENT: Error, Aws, ALL, "policies have no such element";
    INVALID_PRINCIPAL_FORMAT: Error, Aws, WITH_PRINCIPALS, "`Principal` is not a map of kinds, or what it names can be no principal";
    INVALID_PRINCIPAL_KEY: Error, Aws, WITH_PRINCIPALS, "there is no such kind of principal";
    INVALID_REGION: Error, Aws, ALL, "a condition on `aws:RequestedRegion` compares with what is no Region";
    INVALID_SERVICE: Error, Aws, ALL, "the service of an ARN or of a condition key is none of AWS's";
    INVALID_SERVICE_CONDITION_KEY: Error, Aws, ALL, "the service has no such condition key";
    INVALID_SERVICE_IN_ACTION: Error, Aws, ALL, "the service of an action is none of AWS's";
    INVALID_SERVICE_PRINCIPAL_FORMAT: Error, Aws, ALL, "a service is not named by its host, such as `ec2.amazonaws.com`";
    INVALID_VARIABLE_FOR_OPERATOR: Error, Aws, ALL, "a policy variable stands where only string and ARN operators take one";
    INVALID_VERSION: Error, Aws, ALL, "`Version` is neither `2012-10-17` nor `2008-10-17`";
    INVALID_VPCE_FORMAT: Error, Aws, ALL, "`aws:SourceVpce` is compared with what is no id of a VPC endpoint";
    INVALID_VPC_FORMAT: Error, Aws, ALL, "`aws:SourceVpc` is compared with what is no id of a VPC";
    JSON_SYNTAX_ERROR: Error, Aws, ALL, "the text is not JSON, or a key is there twice in its map";
    MISMATCHED_ACTION_FOR_PRINCIPAL: Error, Aws, &[Trust], "the action is not the one with which such a principal assumes a role";
    MISSING_ACTION: Error, Aws, ALL, "a statement has neither `Action` nor `NotAction`";
    MISSING_ACTION_FOR_CONDITION_KEY: Error, Aws, &[Trust], "a condition is about what only another action sets, and that action is not allowed";
    MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY: Error, Aws, &[Trust], "IAM Roles Anywhere needs `sts:AssumeRole`, `sts:SetSourceIdentity` and `sts:TagSession`";
    MISSING_ARN_ACCOUNT: Error, Aws, WITH_RESOURCES, "an ARN has no account although those of this type have one";
    MISSING_ARN_FIELD: Error, Aws, WITH_RESOURCES, "an ARN has fewer than six fields";
    MISSING_ARN_REGION: Error, Aws, WITH_RESOURCES, "an ARN has no Region although those of this type have one";
    MISSING_BRACE_IN_VARIABLE: Error, Aws, ALL, "a variable is not closed with `}`";
    MISSING_EFFECT: Error, Aws, ALL, "a statement has no `Effect`";
    MISSING_PRINCIPAL: Error, Aws, WITH_PRINCIPALS, "a statement has no `Principal` although its kind of policy needs one";
    MISSING_QUALIFIER: Error, Aws, ALL, "a key with several values is compared without `ForAllValues:` or `ForAnyValue:`";
    MISSING_QUOTE_IN_VARIABLE: Error, Aws, ALL, "the default of a variable does not stand in single quotes";
    MISSING_RESOURCE: Error, Aws, WITH_RESOURCES, "a statement has neither `Resource` nor `NotResource`";
    MISSING_STATEMENT: Error, Aws, ALL, "the policy has no statement";
    MISSING_TAG_KEY_IN_CONDITION: Error, Aws, ALL, "a condition about tags does not say of which tag";
    NULL_WITH_IF_EXISTS: Error, Aws, ALL, "`Null` asks whether a key is there, and takes no `IfExists`";
    POLICY_SIZE_EXCEEDS_RCP_QUOTA: Error, Aws, &[Rcp], "an RCP has more than 5,120 characters";
    POLICY_SIZE_EXCEEDS_SCP_QUOTA: Error, Aws, &[Scp], "an SCP has more than 10,240 characters";
    PRIVATE_IP_ADDRESS: Error, Aws, ALL, "`aws:SourceIp` is compared with private addresses only, and never is one";
    PRIVATE_NOT_IP_ADDRESS: Error, Aws, ALL, "`aws:SourceIp` is to be none of some private addresses, and always is none";
    RCP_SYNTAX_ERROR_ACTION: Error, Aws, &[Rcp], "an RCP names an action of a service that RCPs are not for";
    RCP_SYNTAX_ERROR_ALLOW: Error, Aws, &[Rcp], "an RCP allows something other than everything to everybody, without condition";
    RCP_SYNTAX_ERROR_NOTACTION: Error, Aws, &[Rcp], "RCPs have no `NotAction`";
    RCP_SYNTAX_ERROR_PRINCIPAL: Error, Aws, &[Rcp], "the `Principal` of an RCP is always `*`";
    ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL: Error, Aws, &[Trust], "trust policies have no `NotPrincipal`";
    ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE: Error, Aws, &[Trust], "the resource of a trust policy is its role: it has no `Resource`";
    ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL: Error, Aws, &[Trust], "IAM takes no `\"Principal\": \"*\"` in a trust policy";
    SCP_SYNTAX_ERROR_ACTION_WILDCARD: Error, Aws, &[Scp], "an action in an SCP has a wildcard before its end";
    SCP_SYNTAX_ERROR_PRINCIPAL: Error, Aws, &[Scp], "SCPs have no `Principal` and no `NotPrincipal`";
    TYPE_MISMATCH_IP_RANGE: Error, Aws, ALL, "an address operator compares with what is no network";
    UNIQUE_SIDS_REQUIRED: Error, Aws, &[Identity, Trust, Scp, Rcp], "a `Sid` is there twice";
    UNSUPPORTED_ACTION_FOR_CONDITION_KEY: Error, Aws, ALL, "requests for an action never have the service's condition key that the statement asks for";
    UNSUPPORTED_ACTION_IN_POLICY: Error, Aws, &[Trust], "a trust policy is about actions of STS only";
    UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL: Error, Aws, &[Trust, Resource], "services that ask by themselves have none of the condition keys about a principal's account, organization, ARN or tags";
    UNSUPPORTED_ELEMENT_COMBINATION: Error, Aws, ALL, "a statement has both an element and its `Not…`";
    UNSUPPORTED_GLOBAL_CONDITION_KEY: Error, Aws, WITH_PRINCIPALS, "`aws:ARN` is not supported where it could mean the one who asks or the source";
    UNSUPPORTED_PRINCIPAL: Error, Aws, &[Identity], "identity policies have no `Principal`";
    UNSUPPORTED_SID: Error, Aws, &[Identity, Scp, Rcp], "a `Sid` has other characters than letters and digits";
    UNSUPPORTED_SPACE_IN_VARIABLE: Error, Aws, ALL, "the name of a variable has a space in it";
    UNSUPPORTED_WILDCARD_IN_PRINCIPAL: Error, Aws, &[Trust, Resource], "a principal is a pattern";
    VARIABLE_UNSUPPORTED_IN_ELEMENT: Error, Aws, ALL, "a policy variable stands in another element than `Resource` and `Condition`";
    VARIABLE_UNSUPPORTED_IN_VERSION: Error, Aws, ALL, "a policy has variables although its `Version` has none";
    VARIABLE_USAGE_TOO_PERMISSIVE: Error, Aws, ALL, "a variable stands in the value of a sensitive key, or for nearly all of `aws:userid`";
    WILDCARD_USAGE_TOO_PERMISSIVE: Error, Aws, ALL, "a wildcard stands in the value of a sensitive key, or for nearly all of `aws:userid`";

    ALLOW_WITH_NOT_PRINCIPAL: SecurityWarning, Aws, &[Resource], "everybody but some is allowed, people without an account included";
    DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE: SecurityWarning, Aws, WITH_RESOURCES, "a Deny with `NotAction` hangs on a resource's tag that many services do not tell";
    DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE: SecurityWarning, Aws, WITH_RESOURCES, "a Deny hangs on a resource's tag that the action's service does not tell: it denies nothing";
    DYNAMODB_ATTRIBUTES_WITHOUT_SELECT: SecurityWarning, Aws, GRANTING, "attributes are limited, and reading all of them is not";
    FORALLVALUES_WITH_SINGLE_VALUED_KEY: SecurityWarning, Aws, ALL, "`ForAllValues:` of a key with one value is true as well where the key is missing";
    FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE: SecurityWarning, Aws, &[Trust], "`ForAnyValue:` with a provider's `aud`, which has one value";
    MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL: SecurityWarning, Aws, &[Trust], "an OIDC provider is trusted without any condition on what it says";
    MISSING_GITHUB_REPO_CONDITION_KEY: SecurityWarning, Aws, &[Trust], "GitHub Actions is trusted without a condition on `sub`: everybody's workflows are";
    MISSING_PAIRED_CONDITION_KEYS: SecurityWarning, Aws, ALL, "`aws:VpcSourceIp` without the VPC: every VPC can have such addresses";
    PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE: SecurityWarning, Aws, &[Identity], "`NotAction` and `NotResource` let nearly any role be passed";
    PASS_ROLE_WITH_NOT_RESOURCE: SecurityWarning, Aws, &[Identity], "`iam:PassRole` with `NotResource` lets nearly any role be passed";
    PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE: SecurityWarning, Aws, &[Identity], "a pattern of actions that covers `iam:PassRole`, with `NotResource`";
    PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE: SecurityWarning, Aws, &[Identity], "a pattern of actions that covers `iam:PassRole`, on a pattern of roles";
    PASS_ROLE_WITH_STAR_IN_RESOURCE: SecurityWarning, Aws, &[Identity], "`iam:PassRole` on a pattern of roles, for any service";
    PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION: SecurityWarning, Aws, &[Identity], "`NotAction` leaves `iam:PassRole` allowed, on a pattern of roles";
    RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL: SecurityWarning, Aws, &[Resource], "a service is allowed on whoever's behalf it acts: the confused deputy";
    S3_PREFIX_IN_NEGATIVE_CONTEXT: SecurityWarning, Aws, WITH_RESOURCES, "`s3:prefix` is forbidden rather than demanded, and a shorter prefix passes";
    STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS: SecurityWarning, Aws, ALL, "`StringLike` compares ARNs: its `*` goes across their fields";
    UNTRUSTWORTHY_CONDITION_KEY: SecurityWarning, Aws, ALL, "the condition is about what whoever asks can write as they like";

    CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE: Warning, Aws, &[Identity], "`NotAction` and `NotResource` let service-linked roles of nearly any service be made";
    CREATE_SLR_WITH_NOT_RESOURCE: Warning, Aws, &[Identity], "`iam:CreateServiceLinkedRole` with `NotResource`";
    CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE: Warning, Aws, &[Identity], "a pattern of actions that covers `iam:CreateServiceLinkedRole`, with `NotResource`";
    CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE: Warning, Aws, &[Identity], "a pattern of actions that covers `iam:CreateServiceLinkedRole`, on a pattern of roles";
    CREATE_SLR_WITH_STAR_IN_RESOURCE: Warning, Aws, &[Identity], "`iam:CreateServiceLinkedRole` on a pattern of roles";
    CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION: Warning, Aws, &[Identity], "`NotAction` leaves `iam:CreateServiceLinkedRole` allowed, on a pattern of roles";
    DEPRECATED_GLOBAL_CONDITION_KEY: Warning, Aws, &[Identity, Scp], "`aws:ARN` is old for `aws:PrincipalArn`";
    INVALID_DATE_VALUE: Warning, Aws, ALL, "a date is written as seconds since 1970";
    INVALID_ROLE_REFERENCE: Warning, Aws, &[Trust, Resource], "a principal is the id of a role: the role was deleted, or should be named by its ARN";
    INVALID_USER_REFERENCE: Warning, Aws, &[Trust, Resource], "a principal is the id of a user: the user was deleted, or should be named by its ARN";
    MISSING_VERSION: Warning, Aws, ALL, "the policy has no `Version`, and so no variables";
    POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA: Warning, Aws, &[Identity], "the policy has more than 6,144 characters without white space";
    POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA: Warning, Aws, &[Resource], "the policy is larger than that of a bucket, a key, a secret or a function can be";
    POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA: Warning, Aws, &[Trust], "the policy has more than the 2,048 characters that a trust policy may have by default";
    RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY: Warning, Aws, &[Rcp], "a Deny on a key about the principal hits AWS's services as well, unless they are left out";
    RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY: Warning, Aws, &[Rcp], "a Deny on a key about the source of a service's call hits people as well, unless it is for services only";
    RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK: Warning, Aws, &[Rcp], "a Deny on the source's organization hits services that do not tell a source, unless they are left out";
    SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED: Warning, Aws, &[Trust], "GitHub's `sub` has a wildcard where organization, repository or branch should stand";
    TYPE_MISMATCH: Warning, Aws, ALL, "the operator is for another type of key";
    TYPE_MISMATCH_BOOLEAN: Warning, Aws, ALL, "a boolean operator compares with neither `true` nor `false`";
    TYPE_MISMATCH_DATE: Warning, Aws, ALL, "a date operator compares with what is no date";
    TYPE_MISMATCH_NUMBER: Warning, Aws, ALL, "a numeric operator compares with what is no number";
    TYPE_MISMATCH_STRING: Warning, Aws, ALL, "`BinaryEquals` compares with what is no base64";
    UNIQUE_SIDS_RECOMMENDED: Warning, Aws, &[Resource], "a `Sid` is there twice";
    USE_CONDITION_KEY_ONLY_WITH_SUPPORTED_SERVICES: Warning, Aws, ALL, "a key that only some services know is asked of all of them";
    WILDCARD_WITHOUT_LIKE_OPERATOR: Warning, Aws, ALL, "`*` and `?` are no wildcards for this operator";

    ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE: Suggestion, Aws, WITH_RESOURCES, "an Allow with `NotAction` hangs on a resource's tag that many services do not tell";
    ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE: Suggestion, Aws, WITH_RESOURCES, "an Allow hangs on a resource's tag that the action's service does not tell: it allows nothing";
    CONFIRM_AUDIENCE_CLAIM_TYPE: Suggestion, Aws, &[Trust], "`ForAllValues:` with a provider's `aud`, which has one value";
    EMPTY_ARRAY_ACTION: Suggestion, Aws, ALL, "a statement names no actions";
    EMPTY_ARRAY_CONDITION: Suggestion, Aws, ALL, "a condition key has no values";
    EMPTY_ARRAY_CONDITION_FORALLVALUES: Suggestion, Aws, ALL, "a condition key under `ForAllValues:` has no values";
    EMPTY_ARRAY_CONDITION_FORANYVALUE: Suggestion, Aws, ALL, "a condition key under `ForAnyValue:` has no values";
    EMPTY_ARRAY_CONDITION_IFEXISTS: Suggestion, Aws, ALL, "a condition key under `…IfExists` has no values";
    EMPTY_ARRAY_PRINCIPAL: Suggestion, Aws, WITH_PRINCIPALS, "a kind of principal names nobody";
    EMPTY_ARRAY_RESOURCE: Suggestion, Aws, WITH_RESOURCES, "a statement names no resources";
    EMPTY_OBJECT_CONDITION: Suggestion, Aws, ALL, "`Condition` holds no condition";
    EMPTY_OBJECT_PRINCIPAL: Suggestion, Aws, WITH_PRINCIPALS, "`Principal` names nobody";
    EMPTY_SID_VALUE: Suggestion, Aws, ALL, "`Sid` is empty";
    EQUIVALENT_TO_NULL_FALSE: Suggestion, Aws, ALL, "a pattern that everything fits asks no more than that the key is there";
    EQUIVALENT_TO_NULL_TRUE: Suggestion, Aws, ALL, "a pattern that nothing fits asks no more than that the key is not there";
    IMPROVE_IP_RANGE: Suggestion, Aws, ALL, "a network has bits behind its mask, which do not count";
    IRRELEVANT_CONDITION_KEY_IN_POLICY: Suggestion, Aws, &[Resource], "a condition asks whose the resource is, in the policy of that resource";
    NULL_WITH_QUALIFIER: Suggestion, Aws, ALL, "`Null` takes no `ForAllValues:` and no `ForAnyValue:`";
    PRIVATE_IP_ADDRESS_SUBSET: Suggestion, Aws, ALL, "`aws:SourceIp` is compared with private addresses among others, and never is one";
    PRIVATE_NOT_IP_ADDRESS_SUBSET: Suggestion, Aws, ALL, "`aws:SourceIp` is to be none of some addresses, of which private ones do not count";
    RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL: Suggestion, Aws, &[Resource], "a service is limited by another key than those about the source of its call";
    REDUNDANT_ACTION: Suggestion, Aws, ALL, "an action is named that a pattern beside it covers";
    REDUNDANT_CONDITION_VALUE_NUM: Suggestion, Aws, ALL, "of several numbers or dates only the greatest or the least counts";
    REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION: Suggestion, Aws, ALL, "a condition is always met";
    REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY: Suggestion, Aws, &[Trust], "a session of a role is trusted beside the role itself";
    REDUNDANT_RESOURCE: Suggestion, Aws, WITH_RESOURCES, "a resource is named that a pattern beside it covers";
    REDUNDANT_STATEMENT: Suggestion, Aws, ALL, "a statement is there twice";
    REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION: Suggestion, Aws, ALL, "a condition can never be met, so that its statement does nothing";
    WILDCARD_IN_SERVICE_NAME: Suggestion, Aws, ALL, "the service of an action or an ARN is a pattern";

    DOCUMENT_TOO_LARGE: Error, Ours, ALL, "the document has more values than any quota lets it have; what else is wrong with it is not told";
    UNSUPPORTED_CHARACTER: Error, Ours, ALL, "IAM stores tab, line breaks and the characters U+0020 to U+00FF only";
    MFA_ALLOW_WITH_IF_EXISTS: SecurityWarning, Ours, ALL, "an Allow demands MFA with `BoolIfExists`: requests made with plain access keys tell nothing about MFA, and pass";
    MFA_BYPASSED_BY_OTHER_STATEMENT: SecurityWarning, Ours, &[Trust], "one statement lets in without MFA whom another one asks for it";
    MFA_DENY_WITHOUT_IF_EXISTS: SecurityWarning, Ours, ALL, "a Deny is for `Bool` `false`: requests made with plain access keys tell nothing about MFA, and are not denied";
    OIDC_WITHOUT_AUDIENCE: Warning, Ours, &[Trust], "an OIDC provider is trusted without a condition on `aud`: tokens made for somebody else pass";
    OIDC_WITHOUT_SUBJECT: SecurityWarning, Ours, &[Trust], "an OIDC provider is trusted without a limit on `sub`: everybody it knows may assume the role";
    TRUST_IN_EVERYBODY: SecurityWarning, Ours, &[Trust, Resource], "everybody, of all accounts, is allowed, and no condition says who";
    ACTION_NOT_IN_TABLE: Warning, Ours, ALL, "an action is named that iamctl's table of AWS's actions does not have and some policy of AWS does: it is retired, or not documented";
}

/// A check of AWS's that is not made, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotChecked {
    /// The name.
    pub code: &'static str,
    /// Why not.
    pub why: &'static str,
}

const fn not_checked(code: &'static str, why: &'static str) -> NotChecked {
    NotChecked { code, why }
}

const WHOLE_LANGUAGE: &str =
    "SCPs take the whole policy language since September 2025, and AWS has taken the check back";

/// AWS's checks that are not made.
pub const NOT_CHECKED: &[NotChecked] = &[
    not_checked("SCP_SYNTAX_ERROR_ALLOW_CONDITION", WHOLE_LANGUAGE),
    not_checked("SCP_SYNTAX_ERROR_ALLOW_NOTACTION", WHOLE_LANGUAGE),
    not_checked("SCP_SYNTAX_ERROR_ALLOW_RESOURCE", WHOLE_LANGUAGE),
    not_checked("SCP_SYNTAX_ERROR_NOTRESOURCE", WHOLE_LANGUAGE),
    not_checked(
        "UNSUPPORTED_RESOURCE_ARN_IN_POLICY",
        "it needs the type of the resource that the policy belongs to, which `resource` does not say",
    ),
    not_checked(
        "UNSUPPORTED_SYMBOL_IN_VARIABLE",
        "AWS does not tell which symbols, and has taken the check out of its reference",
    ),
];
