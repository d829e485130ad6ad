//! The account and the bucket as the plain SDK sees them.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_iam as iam;
use aws_sdk_s3 as s3;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Reads, and prepares, what a test needs. Every method asks anew.
pub(crate) struct Account<'w> {
    /// IAM itself.
    pub(crate) iam: iam::Client,
    /// S3 itself.
    pub(crate) s3: s3::Client,
    runtime: &'w Runtime,
}

impl<'w> Account<'w> {
    pub(crate) fn new(config: &SdkConfig, runtime: &'w Runtime) -> Self {
        let path_style = s3::config::Builder::from(config).force_path_style(true).build();
        Self { iam: iam::Client::new(config), s3: s3::Client::from_conf(path_style), runtime }
    }

    /// Runs a request of the SDK to its end.
    pub(crate) fn wait<F: Future>(&self, request: F) -> F::Output {
        self.runtime.block_on(request)
    }
}

/// IAM.
impl Account<'_> {
    /// The names of all users.
    pub(crate) fn users(&self) -> Vec<String> {
        let mut names: Vec<String> = self.user_ids().into_keys().collect();
        names.sort();
        names
    }

    /// The users' unique ids.
    pub(crate) fn user_ids(&self) -> BTreeMap<String, String> {
        let users = self.wait(self.iam.list_users().max_items(1000).send()).unwrap().users;
        users.into_iter().map(|user| (user.user_name, user.user_id)).collect()
    }

    /// The names of all customer managed policies.
    pub(crate) fn policies(&self) -> Vec<String> {
        let mut names: Vec<String> = self.policy_arns().into_keys().collect();
        names.sort();
        names
    }

    fn policy_arns(&self) -> BTreeMap<String, String> {
        let local = iam::types::PolicyScopeType::Local;
        let answer = self.wait(self.iam.list_policies().scope(local).max_items(1000).send()).unwrap();
        let policies = answer.policies.unwrap_or_default().into_iter();
        policies.map(|policy| (policy.policy_name.unwrap(), policy.arn.unwrap())).collect()
    }

    /// The names of all roles.
    pub(crate) fn roles(&self) -> Vec<String> {
        let roles = self.wait(self.iam.list_roles().max_items(1000).send()).unwrap().roles;
        let mut names: Vec<String> = roles.into_iter().map(|role| role.role_name).collect();
        names.sort();
        names
    }

    /// The names of all instance profiles, with the role that each holds.
    pub(crate) fn instance_profiles(&self) -> Vec<(String, Option<String>)> {
        let profiles = self.wait(self.iam.list_instance_profiles().max_items(1000).send()).unwrap();
        let role = |roles: Vec<iam::types::Role>| {
            assert!(roles.len() < 2, "{roles:?}");
            roles.into_iter().next().map(|role| role.role_name)
        };
        let profiles = profiles.instance_profiles.into_iter();
        let mut named: Vec<_> =
            profiles.map(|profile| (profile.instance_profile_name, role(profile.roles))).collect();
        named.sort();
        named
    }

    /// What an OpenID Connect provider is; nothing when it is not there.
    pub(crate) fn oidc_provider(&self, url: &str) -> Value {
        let list = self.wait(self.iam.list_open_id_connect_providers().send()).unwrap();
        let arns = list.open_id_connect_provider_list.unwrap_or_default().into_iter();
        let arn = arns.filter_map(|entry| entry.arn).find(|arn| arn.ends_with(&format!("/{url}")));
        let Some(arn) = arn else { return Value::Null };
        let call = self.iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn);
        let found = self.wait(call.send()).unwrap();
        let tags = found.tags.unwrap_or_default().into_iter();
        let tags: BTreeMap<_, _> = tags.map(|tag| (tag.key, tag.value)).collect();
        json!({"client_ids": found.client_id_list, "thumbprints": found.thumbprint_list, "tags": tags})
    }

    /// The aliases of the account: none or one.
    pub(crate) fn aliases(&self) -> Vec<String> {
        self.wait(self.iam.list_account_aliases().send()).unwrap().account_aliases
    }

    /// The password policy of the account, zero for what there is none of; nothing when there is none.
    pub(crate) fn password_policy(&self) -> Value {
        let Ok(answer) = self.wait(self.iam.get_account_password_policy().send()) else { return Value::Null };
        let found = answer.password_policy.unwrap();
        json!({
            "length": found.minimum_password_length, "symbols": found.require_symbols,
            "numbers": found.require_numbers, "upper": found.require_uppercase_characters,
            "lower": found.require_lowercase_characters, "open": found.allow_users_to_change_password,
            "age": found.max_password_age.unwrap_or(0), "reuse": found.password_reuse_prevention.unwrap_or(0),
            "hard": found.hard_expiry.unwrap_or(false),
        })
    }

    /// Makes an OpenID Connect provider, as somebody else would.
    pub(crate) fn make_oidc_provider(&self, url: &str) {
        let call = self.iam.create_open_id_connect_provider().url(format!("https://{url}"));
        self.wait(call.client_id_list("sts.amazonaws.com").thumbprint_list("0".repeat(40)).send()).unwrap();
    }

    /// Makes a provider anew with one client id, as somebody else would who knows no better.
    pub(crate) fn make_oidc_provider_again(&self, url: &str, thumbprint: &str) {
        let list = self.wait(self.iam.list_open_id_connect_providers().send()).unwrap();
        let arns = list.open_id_connect_provider_list.unwrap_or_default().into_iter();
        let arn = arns.filter_map(|entry| entry.arn).find(|arn| arn.ends_with(&format!("/{url}"))).unwrap();
        let call = self.iam.delete_open_id_connect_provider().open_id_connect_provider_arn(arn);
        self.wait(call.send()).unwrap();
        let call = self.iam.create_open_id_connect_provider().url(format!("https://{url}"));
        self.wait(call.client_id_list("theirs").thumbprint_list(thumbprint).send()).unwrap();
    }

    /// The service-linked roles, by name, with what is said of them.
    pub(crate) fn service_linked_roles(&self) -> BTreeMap<String, String> {
        let call = self.iam.list_roles().path_prefix("/aws-service-role/").max_items(1000);
        let roles = self.wait(call.send()).unwrap().roles.into_iter();
        roles.map(|role| (role.role_name, role.description.unwrap_or_default())).collect()
    }

    /// Makes a service-linked role, as its service or somebody else would.
    pub(crate) fn make_service_linked_role(&self, service: &str, suffix: Option<&str>, description: &str) {
        let call = self.iam.create_service_linked_role().aws_service_name(service).description(description);
        self.wait(call.set_custom_suffix(suffix.map(str::to_owned)).send()).unwrap();
    }

    /// Lets a service-linked role go, as its service would.
    pub(crate) fn delete_service_linked_role(&self, role: &str) {
        self.wait(self.iam.delete_service_linked_role().role_name(role).send()).unwrap();
    }

    /// The metadata of a SAML provider; nothing when it is not there.
    pub(crate) fn saml_provider(&self, name: &str) -> Value {
        let list = self.wait(self.iam.list_saml_providers().send()).unwrap();
        let arns = list.saml_provider_list.unwrap_or_default().into_iter();
        let arn = arns.filter_map(|entry| entry.arn).find(|arn| arn.ends_with(&format!("/{name}")));
        let Some(arn) = arn else { return Value::Null };
        let found = self.wait(self.iam.get_saml_provider().saml_provider_arn(arn).send()).unwrap();
        json!(found.saml_metadata_document)
    }

    /// Makes a SAML provider, as somebody else would.
    pub(crate) fn make_saml_provider(&self, name: &str, metadata: &str) {
        let call = self.iam.create_saml_provider().name(name).saml_metadata_document(metadata);
        self.wait(call.send()).unwrap();
    }

    /// Gives a SAML provider other metadata, as somebody else would.
    pub(crate) fn change_saml_provider(&self, arn: &str, metadata: &str) {
        let call = self.iam.update_saml_provider().saml_provider_arn(arn).saml_metadata_document(metadata);
        self.wait(call.send()).unwrap();
    }

    /// The names of the managed policies that a role has.
    pub(crate) fn policies_of_role(&self, role: &str) -> Vec<String> {
        let answer = self.wait(self.iam.list_attached_role_policies().role_name(role).send()).unwrap();
        let attached = answer.attached_policies.unwrap_or_default().into_iter();
        let mut names: Vec<String> = attached.map(|policy| policy.policy_name.unwrap()).collect();
        names.sort();
        names
    }

    /// Who may assume a role.
    pub(crate) fn trust(&self, role: &str) -> Value {
        let answer = self.wait(self.iam.get_role().role_name(role).send()).unwrap();
        decoded(&answer.role.unwrap().assume_role_policy_document.unwrap())
    }

    /// The documents of all versions of a policy, the default one first.
    pub(crate) fn documents(&self, policy: &str) -> Vec<Value> {
        let arn = self.policy_arns().remove(policy).unwrap();
        let versions = self.wait(self.iam.list_policy_versions().policy_arn(&arn).send()).unwrap();
        let mut versions = versions.versions.unwrap_or_default();
        versions.sort_by_key(|version| !version.is_default_version);
        let document = |version: iam::types::PolicyVersion| {
            let request = self.iam.get_policy_version().policy_arn(&arn);
            let answer = self.wait(request.version_id(version.version_id.unwrap()).send()).unwrap();
            decoded(&answer.policy_version.unwrap().document.unwrap())
        };
        versions.into_iter().map(document).collect()
    }

    /// What a user may do by policies of its own or of its groups: nothing when this is empty.
    pub(crate) fn rights_of_user(&self, user: &str) -> Vec<String> {
        let attached = self.wait(self.iam.list_attached_user_policies().user_name(user).send()).unwrap();
        let attached = attached.attached_policies.unwrap_or_default().into_iter();
        let inline = self.wait(self.iam.list_user_policies().user_name(user).send()).unwrap().policy_names;
        let groups = self.wait(self.iam.list_groups_for_user().user_name(user).send()).unwrap().groups;
        attached
            .map(|policy| policy.policy_name.unwrap())
            .chain(inline)
            .chain(groups.into_iter().map(|group| group.group_name))
            .collect()
    }

    /// Everything about chosen users, roles and policies that a run could change by mistake.
    pub(crate) fn portrait(&self, users: &[&str], roles: &[&str], policies: &[&str]) -> Value {
        let ids = self.user_ids();
        let user = |name: &&str| json!({"id": ids.get(*name), "rights": self.rights_of_user(name)});
        let role = |name: &&str| {
            let role = self.wait(self.iam.get_role().role_name(*name).send()).unwrap().role.unwrap();
            json!({"id": role.role_id, "description": role.description, "trust": self.trust(name),
                   "policies": self.policies_of_role(name)})
        };
        json!({
            "users": users.iter().map(user).collect::<Vec<_>>(),
            "roles": roles.iter().map(role).collect::<Vec<_>>(),
            "policies": policies.iter().map(|name| self.documents(name)).collect::<Vec<_>>(),
        })
    }

    /// Makes a user.
    pub(crate) fn create_user(&self, name: &str) {
        self.wait(self.iam.create_user().user_name(name).send()).unwrap();
    }

    /// Deletes one.
    pub(crate) fn delete_user(&self, name: &str) {
        self.wait(self.iam.delete_user().user_name(name).send()).unwrap();
    }
}

/// S3.
impl Account<'_> {
    /// The keys in a bucket, in order.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        let answer = self.wait(self.s3.list_objects_v2().bucket(bucket).send()).unwrap();
        let objects = answer.contents.unwrap_or_default().into_iter();
        objects.map(|object| object.key.unwrap()).collect()
    }

    /// An object's bytes.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        let answer = self.wait(self.s3.get_object().bucket(bucket).key(key).send()).unwrap();
        self.wait(answer.body.collect()).unwrap().to_vec()
    }

    /// An object that holds JSON.
    pub(crate) fn json(&self, bucket: &str, key: &str) -> Value {
        serde_json::from_slice(&self.object(bucket, key)).unwrap()
    }

    /// Whether there is such an object.
    pub(crate) fn has(&self, bucket: &str, key: &str) -> bool {
        self.wait(self.s3.head_object().bucket(bucket).key(key).send()).is_ok()
    }
}

/// A policy document as IAM answers it: percent-encoded, or plain from the local AWS.
fn decoded(document: &str) -> Value {
    let plain = percent_decode_str(document).decode_utf8().unwrap();
    serde_json::from_str(if document.starts_with('{') { document } else { &plain }).unwrap()
}
