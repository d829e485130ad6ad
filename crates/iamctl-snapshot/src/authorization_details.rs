//! The JSON of `aws iam get-account-authorization-details`.
//!
//! It lacks the description and session duration of roles and the tags of policies; those are not read.
//! Source: IAM API, `GetAccountAuthorizationDetails`. The AWS CLI decodes documents to JSON objects;
//! other tools leave them as percent-encoded strings; both are taken.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{
    Account, AccountId, Address, Group, GroupName, InstanceProfileName, Live, LiveGroup, LivePolicy,
    LiveRole, LiveUser, Observed, Partition, Path, PolicyArn, PolicyName, PolicyVersion, RoleName, Tags,
    UniqueId, User, UserName, VersionId,
};
use iamctl_policy::Document;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::{Snapshot, SnapshotError, all_pages_are_there};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Details {
    user_detail_list: Option<Vec<UserDetail>>,
    group_detail_list: Option<Vec<GroupDetail>>,
    role_detail_list: Option<Vec<RoleDetail>>,
    policies: Option<Vec<PolicyDetail>>,
    #[serde(default)]
    is_truncated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserDetail {
    path: String,
    user_name: String,
    user_id: String,
    arn: String,
    create_date: Timestamp,
    #[serde(default)]
    user_policy_list: Vec<InlinePolicy>,
    #[serde(default)]
    group_list: Vec<String>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    permissions_boundary: Option<Boundary>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GroupDetail {
    path: String,
    group_name: String,
    group_id: String,
    arn: String,
    create_date: Timestamp,
    #[serde(default)]
    group_policy_list: Vec<InlinePolicy>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleDetail {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: Timestamp,
    assume_role_policy_document: Value,
    #[serde(default)]
    instance_profile_list: Vec<InstanceProfile>,
    role_last_used: Option<RoleLastUsed>,
    #[serde(default)]
    role_policy_list: Vec<InlinePolicy>,
    #[serde(default)]
    attached_managed_policies: Vec<Attached>,
    permissions_boundary: Option<Boundary>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RoleLastUsed {
    last_used_date: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDetail {
    /// Not every implementation of IAM gives it; it is in the ARN as well.
    policy_id: Option<String>,
    arn: String,
    path: String,
    create_date: Timestamp,
    #[serde(default)]
    description: String,
    policy_version_list: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version_id: String,
    is_default_version: bool,
    create_date: Timestamp,
    document: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InlinePolicy {
    policy_name: String,
    policy_document: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceProfile {
    instance_profile_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

pub(crate) fn read(pages: Vec<Value>) -> Result<Snapshot, SnapshotError> {
    let (mut users, mut groups, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut are_truncated = Vec::new();
    for page in pages {
        let details: Details =
            serde_json::from_value(page).map_err(|error| SnapshotError::Form(error.to_string()))?;
        are_truncated.push(details.is_truncated);
        // A page may hold nothing of a kind, and says so.
        users.extend(details.user_detail_list.ok_or(SnapshotError::Partial("`UserDetailList`"))?);
        groups.extend(details.group_detail_list.ok_or(SnapshotError::Partial("`GroupDetailList`"))?);
        roles.extend(details.role_detail_list.ok_or(SnapshotError::Partial("`RoleDetailList`"))?);
        policies.extend(details.policies.ok_or(SnapshotError::Partial("`Policies`"))?);
    }
    all_pages_are_there(&are_truncated)?;

    let user_arns = users.iter().map(|user| &user.arn);
    let group_arns = groups.iter().map(|group| &group.arn);
    let role_arns = roles.iter().map(|role| &role.arn);
    let policy_arns = policies.iter().map(|policy| &policy.arn);
    let mut arns = user_arns.chain(group_arns).chain(role_arns).chain(policy_arns);
    let account = arns.find_map(|arn| account_of(arn)).ok_or(SnapshotError::NoAccount)?;

    // Instance profiles without a role are not in it, and so none are taken from it.
    let mut live = Live::unread(account);
    for group in groups {
        let (name, group) = live_group(group)?;
        live.groups.insert(name, group);
    }
    for user in users {
        let (name, user) = live_user(user)?;
        for group in &user.value.groups {
            if let Some(group) = live.groups.get_mut(group) {
                group.value.members.insert(name.clone());
            }
        }
        live.users.insert(name, user);
    }
    for role in roles {
        let used = role.role_last_used.as_ref().map(|used| used.last_used_date);
        let (name, role) = live_role(role)?;
        live.last_used.extend(used.map(|used| (Address::Role(name.clone()), used)));
        live.roles.insert(name, role);
    }
    for policy in policies {
        let arn = policy_arn(&policy.arn)?;
        // Without a filter, the policies of AWS that are in use are listed as well.
        if !arn.is_aws_managed() {
            let (name, policy) = live_policy(policy, arn)?;
            live.policies.insert(name, policy);
        }
    }
    Ok(Snapshot { live, ownership: None })
}

fn account_of(arn: &str) -> Option<Account> {
    let mut fields = arn.strip_prefix("arn:")?.split(':');
    let partition = Partition::parse(fields.next()?).ok()?;
    let id = AccountId::parse(fields.nth(2)?).ok()?;
    Some(Account { id, partition })
}

fn wrong(what: &str, why: impl std::fmt::Display) -> SnapshotError {
    SnapshotError::Content { what: what.to_owned(), why: why.to_string() }
}

fn policy_arn(text: &str) -> Result<PolicyArn, SnapshotError> {
    PolicyArn::parse(text).map_err(|error| wrong(text, error))
}

fn document(json: &Value) -> Document {
    match json {
        Value::String(text) if !text.trim_start().starts_with('{') => {
            Document::from_stored(&percent_decode_str(text).decode_utf8_lossy())
        }
        Value::String(text) => Document::from_stored(text),
        json => Document::from_stored(&json.to_string()),
    }
}

fn inline(policies: &[InlinePolicy], of: &str) -> Result<BTreeMap<PolicyName, Document>, SnapshotError> {
    let one = |policy: &InlinePolicy| {
        let name = PolicyName::parse(&policy.policy_name).map_err(|error| wrong(of, error))?;
        Ok((name, document(&policy.policy_document)))
    };
    policies.iter().map(one).collect()
}

fn attached(policies: &[Attached]) -> Result<BTreeSet<PolicyArn>, SnapshotError> {
    policies.iter().map(|policy| policy_arn(&policy.policy_arn)).collect()
}

fn boundary(boundary: Option<Boundary>) -> Result<Option<PolicyArn>, SnapshotError> {
    boundary.map(|boundary| policy_arn(&boundary.permissions_boundary_arn)).transpose()
}

fn tags(tags: Vec<Tag>) -> Tags {
    Tags(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn path(text: &str, of: &str) -> Result<Path, SnapshotError> {
    Path::parse(text).map_err(|error| wrong(of, error))
}

fn live_user(user: UserDetail) -> Result<(UserName, LiveUser), SnapshotError> {
    let of = user.arn.as_str();
    let name = UserName::parse(&user.user_name).map_err(|error| wrong(of, error))?;
    let groups =
        user.group_list.iter().map(|group| GroupName::parse(group).map_err(|error| wrong(of, error)));
    let value = User {
        path: path(&user.path, of)?,
        groups: groups.collect::<Result<_, _>>()?,
        policies: attached(&user.attached_managed_policies)?,
        inline_policies: inline(&user.user_policy_list, of)?,
        permissions_boundary: boundary(user.permissions_boundary)?,
        tags: tags(user.tags),
    };
    let (id, created) = (UniqueId(user.user_id), user.create_date);
    Ok((name, LiveUser { id, created, value, credentials: Observed::NotRead }))
}

fn live_group(group: GroupDetail) -> Result<(GroupName, LiveGroup), SnapshotError> {
    let of = group.arn.as_str();
    let name = GroupName::parse(&group.group_name).map_err(|error| wrong(of, error))?;
    let value = Group {
        path: path(&group.path, of)?,
        members: BTreeSet::new(),
        policies: attached(&group.attached_managed_policies)?,
        inline_policies: inline(&group.group_policy_list, of)?,
    };
    Ok((name, LiveGroup { id: UniqueId(group.group_id), created: group.create_date, value }))
}

fn live_role(role: RoleDetail) -> Result<(RoleName, LiveRole), SnapshotError> {
    let of = role.arn.as_str();
    let name = RoleName::parse(&role.role_name).map_err(|error| wrong(of, error))?;
    let profiles = role.instance_profile_list.iter().map(|profile| {
        InstanceProfileName::parse(&profile.instance_profile_name).map_err(|error| wrong(of, error))
    });
    let live = LiveRole {
        created: role.create_date,
        path: path(&role.path, of)?,
        details: Observed::NotRead,
        trust: document(&role.assume_role_policy_document),
        policies: attached(&role.attached_managed_policies)?,
        inline_policies: inline(&role.role_policy_list, of)?,
        permissions_boundary: boundary(role.permissions_boundary)?,
        instance_profiles: profiles.collect::<Result<_, _>>()?,
        tags: tags(role.tags),
        id: UniqueId(role.role_id),
    };
    Ok((name, live))
}

fn live_policy(policy: PolicyDetail, arn: PolicyArn) -> Result<(PolicyName, LivePolicy), SnapshotError> {
    let of = policy.arn.as_str();
    let name = arn.policy_name();
    let defaults = policy.policy_version_list.iter().filter(|version| version.is_default_version).count();
    if defaults != 1 {
        return Err(wrong(of, format!("it has {defaults} default versions")));
    }
    let versions = policy.policy_version_list.iter().map(|version| PolicyVersion {
        id: VersionId(version.version_id.clone()),
        is_default: version.is_default_version,
        created: version.create_date,
        document: document(&version.document),
    });
    let live = LivePolicy {
        created: policy.create_date,
        path: path(&policy.path, of)?,
        versions: versions.collect(),
        tags: Observed::NotRead,
        // The time of its making tells two lives of one ARN apart just as well.
        id: UniqueId(policy.policy_id.unwrap_or_else(|| format!("{arn}@{}", policy.create_date))),
        description: policy.description,
        arn,
    };
    Ok((name, live))
}
