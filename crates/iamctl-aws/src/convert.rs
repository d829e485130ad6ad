//! From the SDK's shapes to the model's, the one place where both are named.
//!
//! Here documents lose the percent-encoding that only the wire has, and every text becomes the type
//! that guards its rules. A value that AWS always sends and did not send is an error, never a default.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, InstanceProfile as SdkInstanceProfile,
    ManagedPolicyDetail, PolicyDetail, PolicyVersion as SdkPolicyVersion, Role as SdkRole, RoleDetail, Tag,
    UserDetail,
};
use iamctl_model::{
    Group, GroupName, InstanceProfileName, LiveGroup, LiveInstanceProfile, LivePolicy, LiveRole, LiveUser,
    NameError, Observed, Path, PolicyArn, PolicyName, PolicyVersion, RoleDetails, RoleName, SessionDuration,
    Tags, UniqueId, User, UserName, VersionId,
};
use iamctl_policy::Document;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::read_error::ReadError;

/// A user. The members of groups follow from [`User::groups`].
pub(crate) fn user(detail: UserDetail) -> Result<(UserName, LiveUser), ReadError> {
    let name = name(detail.user_name, "a user", UserName::parse)?;
    let of = format!("user/{name}");
    let groups = detail.group_list.unwrap_or_default();
    let groups: BTreeSet<GroupName> =
        groups.iter().map(|group| GroupName::parse(group)).collect::<Result<_, _>>().map_err(odd(&of))?;
    let value = User {
        path: path(detail.path, &of)?,
        tags: tags(detail.tags.unwrap_or_default()),
        groups,
        policies: attachments(detail.attached_managed_policies, &of)?,
        inline_policies: inline_policies(detail.user_policy_list, &of)?,
        permissions_boundary: boundary(detail.permissions_boundary, &of)?,
    };
    let (id, created) = (id(detail.user_id, &of)?, created(detail.create_date, &of)?);
    Ok((name, LiveUser { id, created, value, credentials: Observed::NotRead }))
}

/// A group, without members: they are not part of what AWS says of it.
pub(crate) fn group(detail: GroupDetail) -> Result<(GroupName, LiveGroup), ReadError> {
    let name = name(detail.group_name, "a group", GroupName::parse)?;
    let of = format!("group/{name}");
    let value = Group {
        path: path(detail.path, &of)?,
        members: BTreeSet::new(),
        policies: attachments(detail.attached_managed_policies, &of)?,
        inline_policies: inline_policies(detail.group_policy_list, &of)?,
    };
    Ok((name, LiveGroup { id: id(detail.group_id, &of)?, created: created(detail.create_date, &of)?, value }))
}

/// A role, without what only ListRoles knows of it.
pub(crate) fn role(detail: RoleDetail) -> Result<(RoleName, LiveRole), ReadError> {
    let name = name(detail.role_name, "a role", RoleName::parse)?;
    let of = format!("role/{name}");
    let profiles = detail.instance_profile_list.unwrap_or_default();
    let profiles = profiles.into_iter().map(|profile| profile.instance_profile_name);
    let profiles = profiles.map(|text| self::name(Some(text), &of, InstanceProfileName::parse));
    let role = LiveRole {
        id: id(detail.role_id, &of)?,
        created: created(detail.create_date, &of)?,
        path: path(detail.path, &of)?,
        details: Observed::NotRead,
        trust: document(&need(detail.assume_role_policy_document, &of, "AssumeRolePolicyDocument")?),
        tags: tags(detail.tags.unwrap_or_default()),
        policies: attachments(detail.attached_managed_policies, &of)?,
        inline_policies: inline_policies(detail.role_policy_list, &of)?,
        permissions_boundary: boundary(detail.permissions_boundary, &of)?,
        instance_profiles: profiles.collect::<Result<_, _>>()?,
    };
    Ok((name, role))
}

/// An instance profile, without its tags: the list does not tell them.
pub(crate) fn instance_profile(
    profile: SdkInstanceProfile,
) -> Result<(InstanceProfileName, LiveInstanceProfile), ReadError> {
    let name = name(Some(profile.instance_profile_name), "an instance profile", InstanceProfileName::parse)?;
    let of = format!("instance_profile/{name}");
    let mut roles = profile.roles.into_iter();
    let role = roles.next().map(|role| self::name(Some(role.role_name), &of, RoleName::parse)).transpose()?;
    if roles.next().is_some() {
        // AWS allows one.
        return Err(ReadError::Unexpected { message: format!("{of} holds several roles") });
    }
    let found = LiveInstanceProfile {
        id: UniqueId(profile.instance_profile_id),
        created: created(Some(profile.create_date), &of)?,
        path: path(Some(profile.path), &of)?,
        role,
        tags: Observed::NotRead,
    };
    Ok((name, found))
}

/// What ListRoles adds to a role: not read when AWS did not say how long a session may last.
pub(crate) fn role_details(role: SdkRole) -> Result<(RoleName, UniqueId, Observed<RoleDetails>), ReadError> {
    let name = name(Some(role.role_name), "a role", RoleName::parse)?;
    let seconds = role.max_session_duration.and_then(|seconds| u32::try_from(seconds).ok());
    let details = match seconds.and_then(SessionDuration::from_secs) {
        Some(max_session_duration) => Observed::Read(RoleDetails {
            description: role.description.unwrap_or_default(),
            max_session_duration,
        }),
        None => Observed::NotRead,
    };
    Ok((name, UniqueId(role.role_id), details))
}

/// A managed policy of the account, without its tags: they take a call of their own.
pub(crate) fn policy(detail: ManagedPolicyDetail) -> Result<(PolicyName, LivePolicy), ReadError> {
    let arn = arn(&need(detail.arn, "a policy", "Arn")?, "a policy")?;
    let name = arn.policy_name();
    let of = format!("policy/{name}");
    let versions = detail.policy_version_list.unwrap_or_default();
    let versions: Vec<PolicyVersion> =
        versions.into_iter().map(|version| policy_version(version, &of)).collect::<Result<_, _>>()?;
    let mut defaults = versions.iter().filter(|version| version.is_default);
    match (defaults.next(), defaults.next()) {
        (Some(default), None) if detail.default_version_id.as_ref().is_none_or(|id| *id == default.id.0) => {}
        _ => {
            let message = format!("{of} does not have exactly one default version");
            return Err(ReadError::Inconsistent { message });
        }
    }
    let path = need(detail.path, &of, "Path")?;
    let created = created(detail.create_date, &of)?;
    let policy = LivePolicy {
        id: policy_id(detail.policy_id, &arn, created),
        arn,
        created,
        path: Path::parse_policy(&path).map_err(odd(&of))?,
        description: detail.description.unwrap_or_default(),
        tags: Observed::NotRead,
        versions,
    };
    Ok((name, policy))
}

/// The unique id of a policy. Emulators of AWS leave it out of lists; there the ARN and the date tell one
/// life of a policy from the next just as well, provided that every answer is read that way.
pub(crate) fn policy_id(id: Option<String>, arn: &PolicyArn, created: Timestamp) -> UniqueId {
    match id {
        Some(id) if id.starts_with("ANPA") => UniqueId(id),
        _ => UniqueId(format!("{arn}@{created}")),
    }
}

fn policy_version(version: SdkPolicyVersion, of: &str) -> Result<PolicyVersion, ReadError> {
    Ok(PolicyVersion {
        id: VersionId(need(version.version_id, of, "VersionId")?),
        is_default: version.is_default_version,
        created: created(version.create_date, of)?,
        document: document(&need(version.document, of, "Document")?),
    })
}

/// The tags of anything.
pub(crate) fn tags(tags: Vec<Tag>) -> Tags {
    Tags(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// A document as it came over the wire. AWS percent-encodes all of them; what begins with a brace is
/// not encoded and taken as it is. A `+` is a plus.
pub(crate) fn document(text: &str) -> Document {
    if text.trim_start().starts_with('{') {
        return Document::from_stored(text);
    }
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Document::from_stored(&decoded),
        // Nothing that IAM stores: kept as it is, unreadable, rather than changed on the way in.
        Err(_) => Document::from_stored(text),
    }
}

/// The ARN of a policy that is a boundary.
pub(crate) fn boundary(
    boundary: Option<AttachedPermissionsBoundary>,
    of: &str,
) -> Result<Option<PolicyArn>, ReadError> {
    // The type that comes with it is not looked at: AWS's own documents disagree on its values.
    boundary.and_then(|boundary| boundary.permissions_boundary_arn).map(|text| arn(&text, of)).transpose()
}

/// A thumbprint: AWS does not look at the case of its digits.
pub(crate) fn thumbprint(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// When something was made.
pub(crate) fn timestamp(date: DateTime) -> Option<Timestamp> {
    Timestamp::new(date.secs(), i32::try_from(date.subsec_nanos()).ok()?).ok()
}

fn inline_policies(
    policies: Option<Vec<PolicyDetail>>,
    of: &str,
) -> Result<BTreeMap<PolicyName, Document>, ReadError> {
    let mut inline = BTreeMap::new();
    for policy in policies.unwrap_or_default() {
        let name = name(policy.policy_name, of, PolicyName::parse)?;
        let document = document(&need(policy.policy_document, of, "PolicyDocument")?);
        if inline.insert(name.clone(), document).is_some() {
            // Taking one of them would hide what the other grants.
            let message = format!("{of} has two inline policies whose names differ only in case: `{name}`");
            return Err(ReadError::Unexpected { message });
        }
    }
    Ok(inline)
}

fn attachments(attached: Option<Vec<AttachedPolicy>>, of: &str) -> Result<BTreeSet<PolicyArn>, ReadError> {
    let attached = attached.unwrap_or_default();
    attached.into_iter().map(|policy| arn(&need(policy.policy_arn, of, "PolicyArn")?, of)).collect()
}

fn arn(text: &str, of: &str) -> Result<PolicyArn, ReadError> {
    PolicyArn::parse(text).map_err(|error| ReadError::Unexpected { message: format!("{of}: {error}") })
}

fn name<T>(
    text: Option<String>,
    of: &str,
    parse: impl Fn(&str) -> Result<T, NameError>,
) -> Result<T, ReadError> {
    let text = need(text, of, "a name")?;
    parse(&text).map_err(|error| {
        let message = format!("{of} is called `{}`: {error}", text.escape_debug());
        ReadError::Unexpected { message }
    })
}

fn path(text: Option<String>, of: &str) -> Result<Path, ReadError> {
    Path::parse(&need(text, of, "Path")?).map_err(odd(of))
}

fn id(text: Option<String>, of: &str) -> Result<UniqueId, ReadError> {
    need(text, of, "a unique id").map(UniqueId)
}

pub(crate) fn created(date: Option<DateTime>, of: &str) -> Result<Timestamp, ReadError> {
    let date = need(date, of, "CreateDate")?;
    timestamp(date)
        .ok_or_else(|| ReadError::Unexpected { message: format!("{of}: the date {date} is out of range") })
}

fn need<T>(value: Option<T>, of: &str, what: &str) -> Result<T, ReadError> {
    value.ok_or_else(|| ReadError::Unexpected { message: format!("{of} comes without {what}") })
}

fn odd(of: &str) -> impl Fn(NameError) -> ReadError + '_ {
    move |error| ReadError::Unexpected { message: format!("{of}: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get+1","Resource":"ä"}]}"#;

    #[test]
    fn documents_are_decoded_once_and_a_plus_stays_a_plus() {
        let encoded: String = DOCUMENT.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let partly = DOCUMENT.replace('{', "%7B").replace('"', "%22").replace('ä', "%C3%A4");
        for text in [DOCUMENT, &encoded, &partly, &format!("\n {DOCUMENT}"), &format!("%0A{encoded}")] {
            assert_eq!(document(text), Document::from_stored(DOCUMENT), "{text}");
        }
        let plain =
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:b","Resource":"%41"}}"#;
        assert!(document(plain).to_compact_string().contains("%41"), "not encoded, so not decoded");
        let encoded_percent = plain.replace('{', "%7B").replace("%41", "%2541");
        assert!(document(&encoded_percent).to_compact_string().contains("%41"), "decoded once, not twice");
    }

    #[test]
    fn what_is_no_document_is_kept_and_never_a_reason_to_fail() {
        for text in ["", "%FF%FE", "%zz", "no json"] {
            assert!(document(text).unreadable().is_some(), "{text}");
        }
    }

    fn policy_with(defaults: [bool; 2], default_id: &str) -> Result<(PolicyName, LivePolicy), ReadError> {
        let version = |number: usize, is_default| {
            SdkPolicyVersion::builder()
                .version_id(format!("v{number}"))
                .is_default_version(is_default)
                .create_date(DateTime::from_secs(0))
                .document(DOCUMENT)
                .build()
        };
        policy(
            ManagedPolicyDetail::builder()
                .policy_name("p")
                .policy_id("ANPA1")
                .arn("arn:aws:iam::123456789012:policy/p")
                .path("/")
                .create_date(DateTime::from_secs(0))
                .default_version_id(default_id)
                .policy_version_list(version(1, defaults[0]))
                .policy_version_list(version(2, defaults[1]))
                .build(),
        )
    }

    #[test]
    fn a_policy_has_exactly_one_default_version() {
        assert!(policy_with([false, true], "v2").is_ok());
        for (defaults, id) in [([false, false], "v1"), ([true, true], "v1"), ([true, false], "v2")] {
            let error = policy_with(defaults, id).unwrap_err();
            assert!(matches!(error, ReadError::Inconsistent { .. }), "{error}");
        }
    }

    #[test]
    fn the_id_of_a_policy_is_that_of_aws_or_else_its_arn_and_date() {
        let arn = PolicyArn::parse("arn:aws:iam::123456789012:policy/p").unwrap();
        let id = |id: Option<&str>| policy_id(id.map(str::to_owned), &arn, Timestamp::UNIX_EPOCH).0;
        assert_eq!(id(Some("ANPA123")), "ANPA123");
        for unknown in [None, Some("A2GIS"), Some("")] {
            assert_eq!(id(unknown), "arn:aws:iam::123456789012:policy/p@1970-01-01T00:00:00Z");
        }
    }

    #[test]
    fn a_name_that_is_none_is_said_without_its_control_characters() {
        let error = user(UserDetail::builder().user_name("a\u{1b}[31m").build()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "AWS's answer makes no sense: a user is called `a\\u{1b}[31m`: a user name cannot hold the \
             character `\\u{1b}`"
        );
        let error = user(UserDetail::builder().build()).unwrap_err();
        assert_eq!(error.to_string(), "AWS's answer makes no sense: a user comes without a name");
        let error = user(UserDetail::builder().user_name("a").path("/").build()).unwrap_err();
        assert_eq!(error.to_string(), "AWS's answer makes no sense: user/a comes without a unique id");
    }

    #[test]
    fn inline_policies_that_cannot_be_told_apart_are_not_merged() {
        let inline = |name: &str| PolicyDetail::builder().policy_name(name).policy_document(DOCUMENT).build();
        let error = inline_policies(Some(vec![inline("a"), inline("A")]), "role/r").unwrap_err();
        assert!(error.to_string().contains("role/r has two inline policies"), "{error}");
    }
}
