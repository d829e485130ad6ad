//! What is remembered of calls, compared with an account that obeys IAM's rules and knows nothing of
//! how iamctl remembers.

use std::collections::BTreeMap;

use iamctl_apply::{Basis, ErrorClass, Outcome, after_run};
use iamctl_model::{
    Action, Address, Alias, Cause, Change, ChangeAction, GroupName, Identity, InstanceProfileName, Live,
    OidcProviderArn, OidcProviderUrl, Owned, Ownership, PasswordPolicy, Path, PolicyArn, PolicyName,
    RoleName, SamlMetadata, SamlProviderArn, SamlProviderName, ServiceLinkedRoleName, SessionDuration, Step,
    StepId, Tags, VersionId,
};
use iamctl_policy::Document;
use iamctl_testing::MemoryAccount;
use proptest::prelude::*;

use crate::account::failure;
use crate::world::{account, arn, plan, user_name};

fn document(action: &str) -> Document {
    Document::from_stored(&format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#
    ))
}

fn trust(service: &str) -> Document {
    Document::from_stored(&format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {{"Service": "{service}.amazonaws.com"}}}}}}"#
    ))
}

fn tags(of: &[(&str, &str)]) -> Tags {
    Tags(of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

/// Every call that writes to one of two users, two groups, a role and two policies.
fn calls() -> Vec<Action> {
    let mut calls = Vec::new();
    for name in ["a", "b"] {
        let user = || user_name(name);
        calls.extend([
            Action::CreateUser {
                user_name: user(),
                path: path("/made/"),
                permissions_boundary: Some(arn("p")),
                tags: tags(&[("Team", "x")]),
            },
            Action::UpdateUser { user_name: user(), new_user_name: None, new_path: Some(path("/moved/")) },
            Action::DeleteUser { user_name: user() },
            Action::PutUserPermissionsBoundary { user_name: user(), permissions_boundary: arn("q") },
            Action::DeleteUserPermissionsBoundary { user_name: user() },
            Action::TagUser { user_name: user(), tags: tags(&[("team", "y"), ("cost", "1")]) },
            Action::UntagUser { user_name: user(), tag_keys: vec!["TEAM".to_owned()] },
        ]);
        for group in ["g", "h"] {
            let group_name = GroupName::parse(group).unwrap();
            calls.extend([
                Action::AddUserToGroup { group_name: group_name.clone(), user_name: user() },
                Action::RemoveUserFromGroup { group_name, user_name: user() },
            ]);
        }
        calls.extend(calls_on_identity(&Identity::User(user())));
    }
    for name in ["g", "h"] {
        let group = || GroupName::parse(name).unwrap();
        calls.extend([
            Action::CreateGroup { group_name: group(), path: path("/made/") },
            Action::UpdateGroup {
                group_name: group(),
                new_group_name: None,
                new_path: Some(path("/moved/")),
            },
            Action::DeleteGroup { group_name: group() },
        ]);
        calls.extend(calls_on_identity(&Identity::Group(group())));
    }
    calls.extend(calls_on_role());
    calls.extend(["p", "q"].into_iter().flat_map(calls_on_policy));
    calls.extend(["i", "k"].into_iter().flat_map(calls_on_instance_profile));
    calls.extend(calls_on_settings());
    calls.extend(["a.example", "b.example/id"].into_iter().flat_map(calls_on_oidc_provider));
    calls.extend(["s", "t"].into_iter().flat_map(calls_on_saml_provider));
    calls.extend(LINKED.into_iter().map(|name| create_service_linked_role(name, "for x")));
    calls
}

fn calls_on_identity(identity: &Identity) -> Vec<Action> {
    let inline = |spelling| PolicyName::parse(spelling).unwrap();
    vec![
        Action::attach(identity, arn("p")),
        Action::attach(identity, arn("q")),
        Action::attach(identity, PolicyArn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap()),
        Action::detach(identity, arn("p")),
        Action::detach(identity, arn("q")),
        Action::put_inline(identity, inline("one"), document("s3:GetObject")),
        Action::put_inline(identity, inline("one"), document("s3:PutObject")),
        Action::put_inline(identity, inline("two"), document("s3:PutObject")),
        Action::delete_inline(identity, inline("one")),
        Action::delete_inline(identity, inline("two")),
    ]
}

fn calls_on_role() -> Vec<Action> {
    let role = || RoleName::parse("r").unwrap();
    let mut calls = vec![
        Action::CreateRole {
            role_name: role(),
            path: path("/made/"),
            assume_role_policy_document: trust("ec2"),
            description: "made".to_owned(),
            max_session_duration: SessionDuration::DEFAULT,
            permissions_boundary: None,
            tags: tags(&[("Team", "x")]),
        },
        Action::UpdateRole {
            role_name: role(),
            description: "changed".to_owned(),
            max_session_duration: SessionDuration::from_secs(7_200).unwrap(),
        },
        Action::UpdateAssumeRolePolicy { role_name: role(), policy_document: trust("lambda") },
        Action::DeleteRole { role_name: role() },
        Action::PutRolePermissionsBoundary { role_name: role(), permissions_boundary: arn("p") },
        Action::DeleteRolePermissionsBoundary { role_name: role() },
        Action::TagRole { role_name: role(), tags: tags(&[("team", "y")]) },
        Action::UntagRole { role_name: role(), tag_keys: vec!["tEAM".to_owned(), "none".to_owned()] },
    ];
    calls.extend(calls_on_identity(&Identity::Role(role())));
    calls
}

fn calls_on_policy(name: &str) -> Vec<Action> {
    let version = |id: &str| VersionId(id.to_owned());
    vec![
        Action::CreatePolicy {
            policy_name: PolicyName::parse(name).unwrap(),
            path: Path::root(),
            description: "made".to_owned(),
            policy_document: document("ec2:*"),
            tags: tags(&[("Team", "x")]),
        },
        Action::CreatePolicyVersion { policy_arn: arn(name), policy_document: document("s3:*") },
        Action::CreatePolicyVersion { policy_arn: arn(name), policy_document: document("sqs:*") },
        Action::SetDefaultPolicyVersion { policy_arn: arn(name), version_id: version("v1") },
        Action::SetDefaultPolicyVersion { policy_arn: arn(name), version_id: version("v2") },
        Action::DeletePolicyVersion { policy_arn: arn(name), version_id: version("v1") },
        Action::DeletePolicy { policy_arn: arn(name) },
        Action::TagPolicy { policy_arn: arn(name), tags: tags(&[("team", "y")]) },
        Action::UntagPolicy { policy_arn: arn(name), tag_keys: vec!["team".to_owned()] },
    ]
}

fn calls_on_instance_profile(name: &str) -> Vec<Action> {
    let instance_profile_name = || InstanceProfileName::parse(name).unwrap();
    let role_name = || RoleName::parse("r").unwrap();
    vec![
        Action::CreateInstanceProfile {
            instance_profile_name: instance_profile_name(),
            path: path("/made/"),
            tags: tags(&[("Team", "x")]),
        },
        Action::AddRoleToInstanceProfile {
            instance_profile_name: instance_profile_name(),
            role_name: role_name(),
        },
        Action::RemoveRoleFromInstanceProfile {
            instance_profile_name: instance_profile_name(),
            role_name: role_name(),
        },
        Action::TagInstanceProfile {
            instance_profile_name: instance_profile_name(),
            tags: tags(&[("team", "y")]),
        },
        Action::UntagInstanceProfile {
            instance_profile_name: instance_profile_name(),
            tag_keys: vec!["team".to_owned()],
        },
        Action::DeleteInstanceProfile { instance_profile_name: instance_profile_name() },
    ]
}

fn calls_on_oidc_provider(url: &str) -> Vec<Action> {
    let url = OidcProviderUrl::parse(url).unwrap();
    let arn = || OidcProviderArn::new(&account(), &url);
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let client_id = || "sts.amazonaws.com".to_owned();
    vec![
        Action::CreateOpenIDConnectProvider {
            url: url.clone(),
            client_ids: texts(&["sts.amazonaws.com", "app"]),
            thumbprints: Some(texts(&["00", "01"])),
            tags: tags(&[("Team", "x")]),
        },
        Action::AddClientIDToOpenIDConnectProvider { arn: arn(), client_id: client_id() },
        Action::RemoveClientIDFromOpenIDConnectProvider { arn: arn(), client_id: client_id() },
        Action::UpdateOpenIDConnectProviderThumbprint { arn: arn(), thumbprints: texts(&["02"]) },
        Action::TagOpenIDConnectProvider { arn: arn(), tags: tags(&[("team", "y")]) },
        Action::UntagOpenIDConnectProvider { arn: arn(), tag_keys: vec!["team".to_owned()] },
        Action::DeleteOpenIDConnectProvider { arn: arn() },
    ]
}

fn calls_on_settings() -> Vec<Action> {
    let alias = |text: &str| Alias::parse(text).unwrap();
    let policy = PasswordPolicy { require_numbers: true, ..PasswordPolicy::default() };
    vec![
        Action::CreateAccountAlias { account_alias: alias("acme") },
        Action::CreateAccountAlias { account_alias: alias("acme-2") },
        Action::DeleteAccountAlias { account_alias: alias("acme") },
        Action::UpdateAccountPasswordPolicy { policy },
        Action::UpdateAccountPasswordPolicy { policy: PasswordPolicy::default() },
        Action::DeleteAccountPasswordPolicy {},
    ]
}

fn calls_on_saml_provider(name: &str) -> Vec<Action> {
    let name = SamlProviderName::parse(name).unwrap();
    let arn = || SamlProviderArn::new(&account(), &name);
    let metadata = |certificate| SamlMetadata::stored(&iamctl_testing::saml_metadata("idp", &[certificate]));
    vec![
        Action::CreateSAMLProvider {
            name: name.clone(),
            metadata: metadata("AAAA"),
            tags: tags(&[("Team", "x")]),
        },
        Action::UpdateSAMLProvider { arn: arn(), metadata: metadata("AAAB") },
        Action::TagSAMLProvider { arn: arn(), tags: tags(&[("team", "y")]) },
        Action::UntagSAMLProvider { arn: arn(), tag_keys: vec!["team".to_owned()] },
        Action::DeleteSAMLProvider { arn: arn() },
    ]
}

/// One without a suffix, and one with.
const LINKED: [&str; 2] = ["autoscaling.amazonaws.com", "autoscaling.amazonaws.com/s"];

fn create_service_linked_role(name: &str, description: &str) -> Action {
    Action::CreateServiceLinkedRole {
        name: ServiceLinkedRoleName::parse(name).unwrap(),
        description: Some(description.to_owned()),
    }
}

fn addresses() -> Vec<Address> {
    let texts = [
        "account_alias",
        "group/g",
        "group/h",
        "instance_profile/i",
        "instance_profile/k",
        "oidc_provider/a.example",
        "oidc_provider/b.example/id",
        "password_policy",
        "policy/p",
        "policy/q",
        "role/r",
        "saml_provider/s",
        "saml_provider/t",
        "user/a",
        "user/b",
    ];
    let linked = LINKED.into_iter().map(|name| format!("service_linked_role/{name}"));
    let texts = texts.into_iter().map(str::to_owned).chain(linked);
    texts.map(|text| text.parse().unwrap()).collect()
}

/// All that is in the account, as it would be remembered by somebody who made it.
fn all_of(live: &Live) -> Ownership {
    // Service-linked roles are remembered by service, and not by the names that AWS gave them.
    let is_linked = |address: &Address| match address {
        Address::Role(name) => live.roles[name].path.is_service_linked(),
        _ => false,
    };
    let others = live.addresses().filter(|(address, _)| !is_linked(address));
    let linked = addresses().into_iter().filter(|address| address.kind().is_of_aws());
    let linked = linked.filter_map(|address| Some((address.clone(), live.id(&address)?)));
    let owned = others.chain(linked).map(|(address, id)| {
        let last_applied = live.resource(&address, None).unwrap();
        (address.clone(), Owned { id: id.clone(), protect: false, last_applied })
    });
    Ownership(owned.collect())
}

/// The changes of a run that never does all that it planned, so that each call counts by itself.
fn changes(before: &Live, after: &Live) -> (Vec<Change>, Vec<(Address, Action)>) {
    let never = |address: &Address| match address {
        Address::Policy(name) => {
            Action::UntagPolicy { policy_arn: arn(name.as_str()), tag_keys: vec!["never".to_owned()] }
        }
        Address::Group(name) => Action::UpdateGroup {
            group_name: name.clone(),
            new_group_name: None,
            new_path: Some(path("/never/")),
        },
        Address::User(name) => Action::UpdateUser {
            user_name: name.clone(),
            new_user_name: None,
            new_path: Some(path("/never/")),
        },
        Address::Role(name) => {
            Action::UntagRole { role_name: name.clone(), tag_keys: vec!["never".to_owned()] }
        }
        Address::InstanceProfile(name) => Action::UntagInstanceProfile {
            instance_profile_name: name.clone(),
            tag_keys: vec!["never".to_owned()],
        },
        Address::OidcProvider(url) => Action::UntagOpenIDConnectProvider {
            arn: OidcProviderArn::new(&account(), url),
            tag_keys: vec!["never".to_owned()],
        },
        Address::AccountAlias => Action::DeleteAccountAlias { account_alias: Alias::parse("never").unwrap() },
        // The whole is sent each time, so there is no other call.
        Address::PasswordPolicy => Action::DeleteAccountPasswordPolicy {},
        Address::SamlProvider(name) => Action::UntagSAMLProvider {
            arn: SamlProviderArn::new(&account(), name),
            tag_keys: vec!["never".to_owned()],
        },
        Address::ServiceLinkedRole(name) => create_service_linked_role(name.as_str(), "never"),
        Address::MasterCopy => unreachable!(),
    };
    let change = |address: &Address| Change {
        address: address.clone(),
        action: match before.id(address) {
            Some(_) => ChangeAction::Update,
            None => ChangeAction::Create,
        },
        cause: Cause::Ours,
        fields: BTreeMap::new(),
        before: before.resource(address, None),
        after: after.resource(address, None),
    };
    let addresses = addresses();
    (
        addresses.iter().map(change).collect(),
        addresses.iter().map(|address| (address.clone(), never(address))).collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_is_what_is_there(
        earlier in prop::collection::vec(prop::sample::select(calls()), 0..150),
        run in prop::collection::vec(prop::sample::select(calls()), 1..150),
    ) {
        let mut iam = MemoryAccount::empty(account());
        for action in &earlier {
            let _ = iam.perform(action);
        }
        let before = iam.live().clone();
        let mut outcomes = BTreeMap::new();
        let mut steps = Vec::new();
        for action in run {
            let id = StepId(steps.len() + 1);
            let outcome = match iam.perform(&action) {
                Ok(receipt) => Outcome::Done(receipt),
                Err(error) => Outcome::Failed { attempts: 1, error, lost: false },
            };
            outcomes.insert(id, outcome);
            steps.push(Step { id, because: action.subject(), action, needs: Vec::new() });
        }
        let (changes, never) = changes(&before, iam.live());
        for (because, action) in never {
            let id = StepId(steps.len() + 1);
            outcomes.insert(id, Outcome::Failed { attempts: 1, error: failure(ErrorClass::Denied, "No"), lost: false });
            steps.push(Step { id, action, because, needs: Vec::new() });
        }
        let basis = Basis { ownership: all_of(&before), ..Basis::default() };
        let remembered = after_run(&plan(changes, steps), &basis, &outcomes);
        prop_assert_eq!(remembered, all_of(iam.live()));
    }
}
