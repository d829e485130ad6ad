//! Every call of a plan, made for real, and what becomes of calls that fail, or whose answer is lost.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails in a helper fails the test")]

mod common;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use common::World;
use fault_proxy::{Fault, REQUEST_ID};
use iamctl_apply::{Attempt, ErrorClass, IamAccount, Receipt};
use iamctl_aws::{Aws, AwsIam, Scope};
use iamctl_model::{
    Account, Action, Address, GroupName, InstanceProfileName, Kind, Live, OidcProviderArn, OidcProviderUrl,
    Path, PolicyArn, PolicyName, RoleName, SamlMetadata, SamlProviderArn, SamlProviderName,
    ServiceLinkedRoleName, SessionDuration, Tags, UserName, VersionId,
};
use iamctl_policy::Document;
use jiff::{SignedDuration, Timestamp};

#[tokio::test]
async fn every_call_does_what_it_says() {
    let mut made = Made::default();
    let world = World::new().await;
    let (iam, account) = (world.aws.iam(&world.account), world.account.clone());
    let now = Timestamp::now();

    // Everything is made …
    let made_policy = made.perform(&iam, create_policy("p", "about p", READ, &[("a", "1")]), now).await;
    made.perform(&iam, create_policy("boundary", "", READ, &[]), now).await;
    let made_user = made.perform(&iam, create_user("u", "/x/", &[("k", "v"), ("drop", "")]), now).await;
    let made_group =
        made.perform(&iam, Action::CreateGroup { group_name: group("g"), path: Path::root() }, now).await;
    let made_role = made
        .perform(&iam, bounded_role("r", "does things", 7_200, Some(arn(&account, "boundary"))), now)
        .await;
    let made_profile = made.perform(&iam, create_instance_profile("i", &[("a", "1")]), now).await;
    let made_provider = made.perform(&iam, create_oidc_provider(&["a", "b"]), now).await;
    let made_saml = made.perform(&iam, create_saml_provider("AAAA", &[]), now).await;
    let live = read(&world).await;
    assert_eq!(made_saml.created.as_ref(), live.id(&Address::SamlProvider(saml_name())));
    assert!(live.created(&Address::SamlProvider(saml_name())).is_some());
    assert_eq!(made_provider.created.as_ref(), live.id(&Address::OidcProvider(url())));
    assert!(live.created(&Address::OidcProvider(url())).is_some());
    assert_eq!(made_profile.created.as_ref(), live.id(&"instance_profile/i".parse().unwrap()));
    assert_eq!(made_policy.created.as_ref(), live.id(&"policy/p".parse().unwrap()));
    assert_eq!(made_user.created.as_ref(), live.id(&"user/u".parse().unwrap()));
    assert_eq!(made_group.created.as_ref(), live.id(&"group/g".parse().unwrap()));
    assert_eq!(made_role.created.as_ref(), live.id(&"role/r".parse().unwrap()));
    let with_ids = ["policy/p", "user/u", "group/g", "role/r", "instance_profile/i"];
    for address in with_ids.map(|text| text.parse::<Address>().unwrap()) {
        let path = live.resource(&address, None).unwrap().path().cloned();
        assert_eq!(iam.find(&address, path.as_ref()).await.unwrap().as_ref(), live.id(&address));
    }
    let role = &live.roles[&role_name("r")];
    assert_eq!(role.trust, Document::from_stored(TRUST));
    assert_eq!(role.details.as_ref().unwrap().max_session_duration.as_secs(), 7_200);
    assert_eq!(role.permissions_boundary, Some(arn(&account, "boundary")));
    assert_eq!(live.policies[&policy("p")].tags.as_ref().unwrap().0["a"], "1");
    assert_eq!(live.policies[&policy("boundary")].description, "");

    // … and changed …
    for action in changes(&account) {
        made.perform(&iam, action, now).await;
    }
    let live = read(&world).await;
    let user = &live.users[&user("u")].value;
    assert_eq!(user.path.as_str(), "/y/");
    assert_eq!(user.tags.0, [("k".to_owned(), "w".to_owned())].into());
    assert_eq!((user.groups.len(), user.policies.len(), user.inline_policies.len()), (1, 1, 1));
    let group = &live.groups[&group("g")].value;
    assert_eq!((group.members.len(), group.policies.len(), group.inline_policies.len()), (1, 1, 1));
    let role = &live.roles[&role_name("r")];
    let details = role.details.as_ref().unwrap();
    assert_eq!((details.description.as_str(), details.max_session_duration.as_secs()), ("", 3_600));
    assert_eq!(role.trust, Document::from_stored(OTHER_TRUST));
    assert_eq!((role.policies.len(), role.inline_policies.len(), role.tags.0.len()), (1, 1, 1));
    let changed = &live.policies[&policy("p")];
    assert_eq!(changed.default_version().unwrap().id.0, "v1", "v2 was made, and v1 put in force again");
    assert_eq!(changed.tags.as_ref().unwrap().0, [("b".to_owned(), "2".to_owned())].into());

    let changed = live.instance_profile(&profile("i")).unwrap();
    assert_eq!((changed.path.as_str(), changed.role.as_ref()), ("/ec2/", Some(&role_name("r"))));
    assert_eq!(changed.tags.as_ref().unwrap().0, [("b".to_owned(), "2".to_owned())].into());

    let changed = live.oidc_provider(&url()).unwrap().details.as_ref().unwrap();
    assert_eq!(changed.client_ids, ["a", "b"].map(str::to_owned).into());
    assert_eq!(changed.thumbprints, ["2".repeat(40)].into());
    assert_eq!(changed.tags.0, [("b".to_owned(), "2".to_owned())].into());

    let changed = live.saml_provider(&saml_name()).unwrap().details.as_ref().unwrap();
    assert_eq!(changed.metadata, metadata("BBBB"));

    // … and taken away, and what is gone is gone a second time.
    let deletions = deletions(&account);
    for action in &deletions {
        made.perform(&iam, action.clone(), now).await;
    }
    assert_eq!(read(&world).await, Live::empty(account.clone()));
    for address in with_ids.map(|text| text.parse::<Address>().unwrap()) {
        assert_eq!(iam.find(&address, None).await.unwrap(), None);
    }
    for action in &deletions {
        let receipt = made.perform(&iam, action.clone(), now).await;
        // Of all deletes, AWS is content with nothing in the first alone; moto in both.
        let is_content =
            matches!(action, Action::DeleteOpenIDConnectProvider { .. } | Action::DeleteSAMLProvider { .. });
        let remark = (!is_content).then_some("was already gone");
        assert_eq!(receipt.remark.as_deref(), remark, "{}", action.describe());
    }

    // Only what moto cannot do is left, and tried below.
    assert_eq!(made.calls.len(), 51, "{:?}", made.calls);
}

/// moto refuses boundaries of users: that these calls are sent as they should be is all that can be seen.
#[tokio::test]
async fn boundaries_of_users_are_put_and_deleted() {
    let world = World::new().await;
    let iam = world.aws.iam(&world.account);
    let boundary = arn(&world.account, "b");
    for call in ["PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"] {
        let answer = format!("<{call}Response><ResponseMetadata/></{call}Response>");
        world.proxy.inject(Fault::reply(200, "text/xml", answer).operation(call));
    }
    let put =
        Action::PutUserPermissionsBoundary { user_name: user("u"), permissions_boundary: boundary.clone() };
    iam.perform(&put, Attempt::first(Timestamp::now())).await.unwrap();
    let delete = Action::DeleteUserPermissionsBoundary { user_name: user("u") };
    iam.perform(&delete, Attempt::first(Timestamp::now())).await.unwrap();
    let calls = world.proxy.calls();
    assert_eq!(world.calls(), ["iam PutUserPermissionsBoundary u", "iam DeleteUserPermissionsBoundary u"]);
    assert_eq!(calls[0].param("PermissionsBoundary"), boundary.as_str());

    let create = Action::CreateUser {
        user_name: user("u"),
        path: Path::root(),
        permissions_boundary: Some(boundary.clone()),
        tags: Tags::default(),
    };
    iam.perform(&create, Attempt::first(Timestamp::now())).await.unwrap();
    assert_eq!(world.proxy.calls()[2].param("PermissionsBoundary"), boundary.as_str());
}

/// moto does not know these calls: that they are sent as they should be is all that can be seen.
#[tokio::test]
async fn client_ids_of_providers_are_added_and_removed() {
    let world = World::new().await;
    let iam = world.aws.iam(&world.account);
    let arn = || provider(&world.account);
    let add = Action::AddClientIDToOpenIDConnectProvider { arn: arn(), client_id: "c".into() };
    let remove = Action::RemoveClientIDFromOpenIDConnectProvider { arn: arn(), client_id: "a".into() };
    for (action, client_id) in [(add, "c"), (remove, "a")] {
        world.proxy.clear();
        let call = action.call();
        let answer = format!("<{call}Response><ResponseMetadata/></{call}Response>");
        world.proxy.inject(Fault::reply(200, "text/xml", answer).operation(call));
        iam.perform(&action, Attempt::first(Timestamp::now())).await.unwrap();
        assert_eq!(world.calls(), [format!("iam {call} {}", arn())]);
        assert_eq!(world.proxy.calls()[0].param("ClientID"), client_id);
    }
}

/// moto knows no tags of SAML providers: that they are sent as they should be is all that can be seen.
#[tokio::test]
async fn saml_providers_are_tagged() {
    let world = World::new().await;
    let iam = world.aws.iam(&world.account);
    let arn = || saml_provider(&world.account);
    let tag = Action::TagSAMLProvider { arn: arn(), tags: tags(&[("b", "2")]) };
    let untag = Action::UntagSAMLProvider { arn: arn(), tag_keys: vec!["a".into()] };
    for (action, key) in [(tag, "Tags.member.1.Key"), (untag, "TagKeys.member.1")] {
        world.proxy.clear();
        let call = action.call();
        let answer = format!("<{call}Response><ResponseMetadata/></{call}Response>");
        world.proxy.inject(Fault::reply(200, "text/xml", answer).operation(call));
        iam.perform(&action, Attempt::first(Timestamp::now())).await.unwrap();
        assert_eq!(world.calls(), [format!("iam {call} {}", arn())]);
        assert_eq!(world.proxy.calls()[0].param(key), if key.starts_with("Tags") { "b" } else { "a" });
    }
    world.proxy.clear();
    let create = create_saml_provider("AAAA", &[("a", "1")]);
    iam.perform(&create, Attempt::first(Timestamp::now())).await.unwrap();
    assert_eq!(world.calls(), ["iam CreateSAMLProvider idp"]);
    assert_eq!(world.proxy.calls()[0].param("Tags.member.1.Key"), "a");
}

#[tokio::test]
async fn what_is_empty_is_not_sent_on_create_and_is_sent_on_update() {
    let world = World::new().await;
    let iam = world.aws.iam(&world.account);
    for action in [
        create_policy("p", "", READ, &[]),
        Action::CreateRole {
            role_name: role_name("r"),
            path: Path::root(),
            assume_role_policy_document: Document::from_stored(TRUST),
            description: String::new(),
            max_session_duration: SessionDuration::DEFAULT,
            permissions_boundary: None,
            tags: Tags::default(),
        },
    ] {
        iam.perform(&action, Attempt::first(Timestamp::now())).await.unwrap();
    }
    for call in world.proxy.calls() {
        assert!(!call.params.contains_key("Description"), "{call}");
        assert!(!call.params.keys().any(|name| name.starts_with("Tags")), "{call}");
    }
    world.proxy.clear();
    let update = Action::UpdateRole {
        role_name: role_name("r"),
        description: String::new(),
        max_session_duration: SessionDuration::DEFAULT,
    };
    iam.perform(&update, Attempt::first(Timestamp::now())).await.unwrap();
    let call = &world.proxy.calls()[0];
    assert_eq!(call.params.get("Description").map(String::as_str), Some(""));
    assert_eq!(call.param("MaxSessionDuration"), "3600");
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_found_and_not_made_again() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    for action in creations() {
        world.proxy.clear();
        let lost = world.proxy.inject(Fault::lose_reply().operation(action.call()));
        let receipt = iam.perform(&action, Attempt::first(now)).await.unwrap();
        let remark = receipt.remark.unwrap();
        assert!(remark.starts_with("was made although the answer was lost"), "{remark}");
        assert_eq!(world.count(action.call()), 1, "{}", action.describe());
        let live = read(&world).await;
        assert_eq!(receipt.created.as_ref(), live.id(&action.subject()), "{}", action.describe());
        lost.remove();
    }
}

#[tokio::test]
async fn a_create_that_never_arrived_is_not_there_and_may_be_tried_again() {
    for (fault, class) in [
        (Fault::cut as fn() -> Fault, ErrorClass::Unreachable),
        (Fault::service_failure, ErrorClass::ServerFault),
        (Fault::unavailable, ErrorClass::ServerFault),
    ] {
        let world = World::new().await;
        let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
        let action = create_user("u", "/", &[]);
        let injected = world.proxy.inject(fault().operation("CreateUser"));
        let error = iam.perform(&action, Attempt::first(now)).await.unwrap_err();
        assert_eq!(error.class, class, "{error}");
        assert_eq!(world.count("CreateUser"), 1, "the SDK does not repeat it");
        assert_eq!(world.count("GetUser"), 3, "looked for with patience");
        injected.remove();
        let receipt = iam.perform(&action, Attempt::after_loss(now)).await.unwrap();
        assert_eq!(receipt.remark, None);
    }
}

/// Whether an answer was lost before is known only to whoever makes every attempt.
#[tokio::test]
async fn the_sdk_repeats_no_create_whatever_happens_to_it() {
    let faults: [fn() -> Fault; 5] =
        [Fault::cut, Fault::lose_reply, Fault::service_failure, Fault::unavailable, Fault::throttling];
    for fault in faults {
        let world = World::new().await;
        let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
        let version = Action::CreatePolicyVersion {
            policy_arn: arn(&world.account, "p"),
            policy_document: Document::from_stored(DENY),
        };
        iam.perform(&create_policy("p", "", READ, &[]), Attempt::first(now)).await.unwrap();
        let actions = [
            create_user("new", "/", &[]),
            Action::CreateGroup { group_name: group("new"), path: Path::root() },
            create_role("new", "", 3_600),
            create_policy("new", "", READ, &[]),
            create_oidc_provider(&[]),
            create_saml_provider("AAAA", &[]),
            create_service_linked_role("autoscaling.amazonaws.com"),
            version,
        ];
        world.proxy.clear();
        world.proxy.inject(fault().when(|call| call.operation.starts_with("Create")));
        let calls = actions.iter().map(|action| iam.perform(action, Attempt::first(now)));
        futures_util::future::join_all(calls).await;
        for action in &actions {
            assert_eq!(world.count(action.call()), 1, "{}", action.describe());
        }
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_made_counts_as_made() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    for action in creations() {
        let first = iam.perform(&action, Attempt::first(now)).await.unwrap();
        let second = iam.perform(&action, Attempt::after_loss(now)).await.unwrap();
        assert_eq!(first.created, second.created, "{}", action.describe());
        assert_eq!(second.remark.as_deref(), Some("was already there, made during this run"));
    }
}

#[tokio::test]
async fn what_is_there_before_anything_was_lost_was_made_by_somebody_else() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    for action in creations() {
        iam.perform(&action, Attempt::first(now)).await.unwrap();
        world.proxy.clear();
        let error = iam.perform(&action, Attempt::first(now)).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Refused);
        assert_eq!(error.code.as_deref(), Some("EntityAlreadyExists"));
        let expected = format!("{} is there, and not made by this run: somebody made it", action.subject());
        assert!(error.message.starts_with(&expected), "{error}");
        assert_eq!(world.proxy.calls().len(), 1, "equal or not, it is not ours");
    }
}

#[tokio::test]
async fn what_was_there_before_the_run_is_not_ours() {
    let world = World::new().await;
    let iam = world.aws.iam(&world.account);
    let later = Timestamp::now() + SignedDuration::from_mins(10);
    for action in creations() {
        iam.perform(&action, Attempt::first(Timestamp::now())).await.unwrap();
        let error = iam.perform(&action, Attempt::after_loss(later)).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Refused);
        assert_eq!(error.code.as_deref(), Some("EntityAlreadyExists"));
        let expected = format!("{} is there and not made by this run: it was made at ", action.subject());
        assert!(error.message.starts_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn something_else_under_the_name_is_not_ours() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    for action in creations() {
        iam.perform(&action, Attempt::first(now)).await.unwrap();
    }
    for (action, says) in [
        (create_user("u", "/elsewhere/", &[]), "its path differs, its tags differs"),
        (Action::CreateGroup { group_name: group("g"), path: path("/x/") }, "its path differs"),
        (create_role("r", "other", 3_600), "its description differs, its session duration differs"),
        (create_policy("p", "about p", DENY, &[]), "its document differs, its tags differs"),
        (create_instance_profile("i", &[]), "its tags differs"),
    ] {
        let error = iam.perform(&action, Attempt::after_loss(now)).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Refused);
        assert!(error.message.contains(says), "{error}");
    }
}

/// IAM answers reads from copies that lag: the name is taken by what cannot be read yet.
#[tokio::test]
async fn what_a_lost_attempt_made_and_does_not_show_is_left_to_the_next_plan() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    let action = create_user("u", "/", &[]);
    world.proxy.inject(Fault::lose_reply().operation("CreateUser").times(1));
    let missing = Fault::error(404, "NoSuchEntity", "The user with name u cannot be found.");
    let lagging = world.proxy.inject(missing.operation("GetUser"));
    let error = iam.perform(&action, Attempt::first(now)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    let error = iam.perform(&action, Attempt::after_loss(now)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Refused);
    assert!(error.message.contains("this run may have made it, and the next plan tells"), "{error}");
    lagging.remove();
    let receipt = iam.perform(&action, Attempt::after_loss(now)).await.unwrap();
    assert_eq!(receipt.created.as_ref(), read(&world).await.id(&action.subject()));
}

/// The last answer is clear, and says nothing of the attempt before it.
#[tokio::test]
async fn a_refusal_after_a_loss_is_looked_into_as_well() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    let action = create_role("r", "", 3_600);
    let made = iam.perform(&action, Attempt::first(now)).await.unwrap();
    world.proxy.inject(Fault::access_denied().operation("CreateRole"));
    let error = iam.perform(&action, Attempt::first(now)).await.unwrap_err();
    assert_eq!((error.class, world.count("GetRole")), (ErrorClass::Denied, 0));
    let receipt = iam.perform(&action, Attempt::after_loss(now)).await.unwrap();
    assert_eq!(receipt.created, made.created);
    let error = iam.perform(&create_role("other", "", 3_600), Attempt::after_loss(now)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Denied);
}

#[tokio::test]
async fn a_policy_version_whose_answer_is_lost_is_not_made_twice() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    iam.perform(&create_policy("p", "", READ, &[]), Attempt::first(now)).await.unwrap();
    let version = Action::CreatePolicyVersion {
        policy_arn: arn(&world.account, "p"),
        policy_document: Document::from_stored(DENY),
    };
    let lost = world.proxy.inject(Fault::lose_reply().operation("CreatePolicyVersion"));
    let receipt = iam.perform(&version, Attempt::first(now)).await.unwrap();
    assert!(receipt.remark.unwrap().starts_with("was made although"));
    assert_eq!(receipt.created, None);
    lost.remove();
    let live = read(&world).await;
    assert_eq!(live.policies[&policy("p")].versions.len(), 2);

    // The same again, with the policy full: the version in force is the wanted one, made in this run.
    for _ in 0..3 {
        iam.perform(&version, Attempt::first(now)).await.unwrap();
    }
    let error = iam.perform(&version, Attempt::first(now)).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("LimitExceeded"), "nothing was lost, so it is one too many");
    let receipt = iam.perform(&version, Attempt::after_loss(now)).await.unwrap();
    assert_eq!(receipt.remark.as_deref(), Some("was already there, made during this run"));
    let other = Action::CreatePolicyVersion {
        policy_arn: arn(&world.account, "p"),
        policy_document: Document::from_stored(READ),
    };
    let error = iam.perform(&other, Attempt::first(now)).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Refused, Some("LimitExceeded")));
}

#[tokio::test]
async fn a_role_that_was_added_and_nobody_said_so_is_not_added_twice() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    iam.perform(&create_role("r", "", 3_600), Attempt::first(now)).await.unwrap();
    iam.perform(&create_role("s", "", 3_600), Attempt::first(now)).await.unwrap();
    iam.perform(&create_instance_profile("i", &[]), Attempt::first(now)).await.unwrap();
    let add = |role: &str| Action::AddRoleToInstanceProfile {
        instance_profile_name: profile("i"),
        role_name: role_name(role),
    };
    let lost = world.proxy.inject(Fault::lose_reply().operation("AddRoleToInstanceProfile"));
    let receipt = iam.perform(&add("r"), Attempt::first(now)).await.unwrap();
    assert!(receipt.remark.unwrap().starts_with("was made although"));
    assert_eq!(receipt.created, None);
    assert_eq!(world.count("AddRoleToInstanceProfile"), 1, "the SDK does not repeat it");
    lost.remove();

    // There is room for one role, whichever it is.
    let receipt = iam.perform(&add("r"), Attempt::after_loss(now)).await.unwrap();
    assert_eq!(receipt.remark.as_deref(), Some("was already there"));
    let error = iam.perform(&add("s"), Attempt::after_loss(now)).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Refused, Some("LimitExceeded")));
}

#[tokio::test]
async fn a_provider_that_was_made_and_nobody_said_so_is_known_by_what_it_is() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    let lost = world.proxy.inject(Fault::lose_reply().operation("CreateOpenIDConnectProvider"));
    let receipt = iam.perform(&create_oidc_provider(&["a"]), Attempt::first(now)).await.unwrap();
    assert!(receipt.remark.unwrap().starts_with("was made although"));
    assert_eq!(receipt.created.unwrap().0, provider(&world.account).as_str());
    assert_eq!(world.count("CreateOpenIDConnectProvider"), 1, "the SDK does not repeat it");
    lost.remove();

    let receipt = iam.perform(&create_oidc_provider(&["a"]), Attempt::after_loss(now)).await.unwrap();
    assert_eq!(receipt.remark.as_deref(), Some("was already there, made during this run"));
    let error = iam.perform(&create_oidc_provider(&["b"]), Attempt::after_loss(now)).await.unwrap_err();
    assert!(error.message.contains("its client ids differs"), "{error}");
    let error = iam.perform(&create_oidc_provider(&["a"]), Attempt::first(now)).await.unwrap_err();
    assert!(error.message.contains("somebody made it after the plan was made"), "{error}");
}

#[tokio::test]
async fn a_saml_provider_that_was_made_and_nobody_said_so_is_known_by_its_metadata() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    let lost = world.proxy.inject(Fault::lose_reply().operation("CreateSAMLProvider"));
    let receipt = iam.perform(&create_saml_provider("AAAA", &[]), Attempt::first(now)).await.unwrap();
    assert!(receipt.remark.unwrap().starts_with("was made although"));
    assert_eq!(receipt.created.unwrap().0, saml_provider(&world.account).as_str());
    assert_eq!(world.count("CreateSAMLProvider"), 1, "the SDK does not repeat it");
    lost.remove();

    // moto would make it a second time.
    let exists =
        "<ErrorResponse><Error><Code>EntityAlreadyExists</Code><Message>m</Message></Error></ErrorResponse>";
    world.proxy.inject(Fault::reply(409, "text/xml", exists).operation("CreateSAMLProvider"));
    let again = |certificate| create_saml_provider(certificate, &[]);
    let receipt = iam.perform(&again("AAAA"), Attempt::after_loss(now)).await.unwrap();
    assert_eq!(receipt.remark.as_deref(), Some("was already there, made during this run"));
    let error = iam.perform(&again("BBBB"), Attempt::after_loss(now)).await.unwrap_err();
    assert!(error.message.contains("its metadata differs"), "{error}");
    let error = iam.perform(&again("AAAA"), Attempt::first(now)).await.unwrap_err();
    assert!(error.message.contains("somebody made it after the plan was made"), "{error}");
}

/// What AWS answers where the name is taken, in place of what the local AWS says.
const TAKEN: &str = "<ErrorResponse><Error><Code>InvalidInput</Code><Message>Service role name \
    AWSServiceRoleForAutoScaling_a has been taken in this account, please try a different suffix.</Message></Error>\
    </ErrorResponse>";

#[tokio::test]
async fn a_service_linked_role_that_is_there_counts_as_made_whoever_made_it() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    let create = create_service_linked_role("autoscaling.amazonaws.com/a");
    let lost = world.proxy.inject(Fault::lose_reply().operation("CreateServiceLinkedRole"));
    let made = iam.perform(&create, Attempt::first(now)).await.unwrap();
    assert!(made.remark.unwrap().starts_with("was made although"));
    assert_eq!(world.count("CreateServiceLinkedRole"), 1, "the SDK does not repeat it");
    lost.remove();
    let live = read(&world).await;
    assert_eq!(made.created.as_ref(), live.id(&create.subject()));
    let found = world.aws.find(&world.account, &create.subject(), None).await.unwrap();
    assert_eq!(found, made.created);

    // By an earlier attempt, or by the service itself: as the local AWS says it, and as AWS does.
    for attempt in [Attempt::after_loss(now), Attempt::first(now)] {
        let again = iam.perform(&create, attempt).await.unwrap();
        assert_eq!(
            (again.created, again.remark.as_deref()),
            (made.created.clone(), Some("was already there"))
        );
    }
    world.proxy.inject(Fault::reply(400, "text/xml", TAKEN).operation("CreateServiceLinkedRole"));
    let again = iam.perform(&create, Attempt::first(now)).await.unwrap();
    assert_eq!(again.created, made.created);
    let other = create_service_linked_role("autoscaling.amazonaws.com");
    assert_eq!(world.aws.find(&world.account, &other.subject(), None).await.unwrap(), None);
    let error = iam.perform(&other, Attempt::first(now)).await.unwrap_err();
    assert!(error.message.contains("write `autoscaling.amazonaws.com/SUFFIX`"), "{error}");
    assert!(error.message.contains("has been taken in this account"), "{error}");
    assert_eq!(error.class, ErrorClass::Refused);
}

#[tokio::test]
async fn what_aws_refuses_of_a_service_linked_role_is_told_as_it_says_it() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    let refused = "<ErrorResponse><Error><Code>InvalidInput</Code><Message>Custom suffix is not allowed for \
        ecs.amazonaws.com</Message></Error></ErrorResponse>";
    world.proxy.inject(Fault::reply(400, "text/xml", refused).operation("CreateServiceLinkedRole"));
    let create = create_service_linked_role("ecs.amazonaws.com/a");
    let error = iam.perform(&create, Attempt::first(now)).await.unwrap_err();
    assert_eq!(error.message, "Custom suffix is not allowed for ecs.amazonaws.com");
    let call =
        world.proxy.calls().into_iter().find(|call| call.operation == "CreateServiceLinkedRole").unwrap();
    let sent = ["AWSServiceName", "CustomSuffix", "Description"].map(|name| call.param(name));
    assert_eq!(sent, ["ecs.amazonaws.com", "a", "for x"]);
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    iam.perform(&create_user("u", "/", &[]), Attempt::first(now)).await.unwrap();
    world.proxy.inject(Fault::throttling().operation("TagUser").times(1));
    world.proxy.inject(Fault::lose_reply().operation("PutUserPolicy").times(1));
    world.proxy.inject(Fault::lose_reply().operation("DeleteUserPolicy").times(1));
    let tags = Action::TagUser { user_name: user("u"), tags: tags(&[("a", "b")]) };
    assert_eq!(iam.perform(&tags, Attempt::first(now)).await.unwrap().remark, None);
    let put = Action::PutUserPolicy {
        user_name: user("u"),
        policy_name: policy("i"),
        policy_document: Document::from_stored(READ),
    };
    assert_eq!(iam.perform(&put, Attempt::first(now)).await.unwrap().remark, None);
    let delete = Action::DeleteUserPolicy { user_name: user("u"), policy_name: policy("i") };
    assert_eq!(
        iam.perform(&delete, Attempt::first(now)).await.unwrap().remark.as_deref(),
        Some("was already gone")
    );
    for call in ["TagUser", "PutUserPolicy", "DeleteUserPolicy"] {
        assert_eq!(world.count(call), 2, "{call}");
    }
}

#[tokio::test]
async fn every_refusal_keeps_its_class_its_code_its_words_and_its_request() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    for (fault, class, code) in [
        (Fault::access_denied(), ErrorClass::Denied, "AccessDenied"),
        (Fault::throttling(), ErrorClass::Throttled, "Throttling"),
        (Fault::expired_token(), ErrorClass::Credentials, "ExpiredToken"),
        (Fault::error(409, "ConcurrentModification", "wait"), ErrorClass::Busy, "ConcurrentModification"),
        (Fault::error(409, "LimitExceeded", "Cannot exceed quota"), ErrorClass::Refused, "LimitExceeded"),
        (
            Fault::error(400, "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\":\"AIDA\""),
            ErrorClass::Lagging,
            "MalformedPolicyDocument",
        ),
    ] {
        let injected = world.proxy.inject(fault.operation("CreateRole"));
        let error = iam.perform(&create_role("r", "", 3_600), Attempt::first(now)).await.unwrap_err();
        assert_eq!((error.class, error.code.as_deref()), (class, Some(code)));
        assert_eq!(error.request_id.as_deref(), Some(REQUEST_ID), "{error}");
        assert!(!error.message.is_empty());
        injected.remove();
    }
    assert_eq!(world.count("GetRole"), 0, "a clear answer is believed");

    let ghost = Action::TagUser { user_name: user("ghost"), tags: tags(&[("a", "b")]) };
    let error = iam.perform(&ghost, Attempt::first(now)).await.unwrap_err();
    assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Lagging, Some("NoSuchEntity")));
}

/// No run makes a policy of AWS, so that one which is missing will not come by waiting. Anything else
/// that is missing may.
#[tokio::test]
async fn a_policy_of_aws_that_is_not_there_is_misspelt() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    for action in creations() {
        iam.perform(&action, Attempt::first(now)).await.unwrap();
    }
    let misspelt = PolicyArn::parse("arn:aws:iam::aws:policy/ReadOnlyAcess").unwrap();
    let attach = |name: &str, policy_arn| Action::AttachUserPolicy { user_name: user(name), policy_arn };
    for action in [
        attach("u", misspelt.clone()),
        Action::AttachGroupPolicy { group_name: group("g"), policy_arn: misspelt.clone() },
        Action::AttachRolePolicy { role_name: role_name("r"), policy_arn: misspelt.clone() },
    ] {
        let error = iam.perform(&action, Attempt::first(now)).await.unwrap_err();
        assert_eq!((error.class, error.code.as_deref()), (ErrorClass::Refused, Some("NoSuchEntity")));
        assert!(error.message.starts_with("AWS has no policy `ReadOnlyAcess`"), "{error}");
        assert!(error.message.contains("check its spelling"), "{error}");
    }
    for lagging in [attach("u", arn(&world.account, "later")), attach("ghost", misspelt)] {
        let says = if lagging.subject().to_string() == "user/u" { "later" } else { "ghost" };
        let missing = Fault::error(404, "NoSuchEntity", format!("what is called {says} cannot be found."));
        let injected = world.proxy.inject(missing.operation("AttachUserPolicy"));
        let error = iam.perform(&lagging, Attempt::first(now)).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Lagging, "{error}");
        injected.remove();
    }
}

#[tokio::test]
async fn a_lost_answer_that_cannot_be_looked_into_stays_unknown() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    world.proxy.inject(Fault::lose_reply().operation("CreateUser"));
    world.proxy.inject(Fault::access_denied().operation("GetUser"));
    let error = iam.perform(&create_user("u", "/", &[]), Attempt::first(now)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.contains("whether user/u is there could not be read"), "{error}");
}

#[tokio::test]
async fn whatever_is_lost_on_the_way_everything_is_made_once() {
    let world = World::new().await;
    let (iam, now) = (world.aws.iam(&world.account), Timestamp::now());
    // Of the creates every third is lost after it was carried out, every fourth of the others before, …
    for (fault, every) in [(Fault::lose_reply(), 3), (Fault::cut(), 4), (Fault::throttling(), 5)] {
        let seen = AtomicUsize::new(0);
        world.proxy.inject(fault.when(move |call| {
            call.operation.starts_with("Create") && seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(every)
        }));
    }
    let made = (0..24).map(|n| {
        let iam = iam.clone();
        let action = match n % 3 {
            0 => create_user(&format!("u{n}"), "/", &[("n", "1")]),
            1 => create_role(&format!("r{n}"), "about", 3_600),
            _ => create_policy(&format!("p{n}"), "about", READ, &[]),
        };
        async move {
            let mut attempt = Attempt::first(now);
            loop {
                match iam.perform(&action, attempt).await {
                    Ok(receipt) => return (action.subject(), receipt.created),
                    Err(error) => assert!(error.class.may_pass(), "{error}"),
                }
                attempt = Attempt::after_loss(now);
            }
        }
    });
    let made = futures_util::future::join_all(made).await;
    world.proxy.remove_faults();
    let live = read(&world).await;
    for (subject, id) in made {
        assert_eq!(id.as_ref(), live.id(&subject), "{subject}");
    }
    assert_eq!(live.addresses().count(), 24);
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_one_that_is_lost() {
    let world = World::new().await;
    let soon = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(500)).build();
    let iam =
        Aws::from_sdk_config(world.config.to_builder().timeout_config(soon).build()).iam(&world.account);
    world.proxy.inject(Fault::hold_reply().operation("CreateUser"));
    let receipt = iam.perform(&create_user("u", "/", &[]), Attempt::first(Timestamp::now())).await.unwrap();
    assert!(receipt.remark.unwrap().starts_with("was made although the answer was lost"));
    world.proxy.inject(Fault::hold().operation("CreateGroup"));
    let group = Action::CreateGroup { group_name: group("g"), path: Path::root() };
    let error = iam.perform(&group, Attempt::first(Timestamp::now())).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.starts_with("no answer from IAM: "), "{error}");
    assert!(error.message.contains("timeout") || error.message.contains("timed out"), "{error}");
}

/// The calls that were made, by name.
#[derive(Default)]
struct Made {
    calls: BTreeSet<&'static str>,
}

impl Made {
    async fn perform(&mut self, iam: &AwsIam, action: Action, now: Timestamp) -> Receipt {
        self.calls.insert(action.call());
        match iam.perform(&action, Attempt::first(now)).await {
            Ok(receipt) => {
                assert!(receipt.request_id.is_some(), "{}", action.describe());
                receipt
            }
            Err(error) => panic!("{}: {error}", action.describe()),
        }
    }
}

fn creations() -> Vec<Action> {
    vec![
        create_user("u", "/x/", &[("k", "v")]),
        Action::CreateGroup { group_name: group("g"), path: Path::root() },
        create_role("r", "does things", 7_200),
        create_policy("p", "about p", READ, &[("a", "1")]),
        create_instance_profile("i", &[("a", "1")]),
    ]
}

fn changes(account: &Account) -> Vec<Action> {
    let (u, g, r, p) = (user("u"), group("g"), role_name("r"), arn(account, "p"));
    let inline = policy("inline");
    let document = Document::from_stored(READ);
    vec![
        Action::UpdateUser { user_name: u.clone(), new_user_name: None, new_path: Some(path("/y/")) },
        Action::UpdateGroup {
            group_name: g.clone(),
            new_group_name: None,
            new_path: Some(path("/ignored-by-moto/")),
        },
        Action::UpdateRole {
            role_name: r.clone(),
            description: String::new(),
            max_session_duration: SessionDuration::DEFAULT,
        },
        Action::UpdateAssumeRolePolicy {
            role_name: r.clone(),
            policy_document: Document::from_stored(OTHER_TRUST),
        },
        Action::CreatePolicyVersion { policy_arn: p.clone(), policy_document: Document::from_stored(DENY) },
        Action::SetDefaultPolicyVersion { policy_arn: p.clone(), version_id: VersionId("v1".into()) },
        Action::PutRolePermissionsBoundary { role_name: r.clone(), permissions_boundary: p.clone() },
        Action::PutUserPolicy {
            user_name: u.clone(),
            policy_name: inline.clone(),
            policy_document: document.clone(),
        },
        Action::PutGroupPolicy {
            group_name: g.clone(),
            policy_name: inline.clone(),
            policy_document: document.clone(),
        },
        Action::PutRolePolicy { role_name: r.clone(), policy_name: inline, policy_document: document },
        Action::AttachUserPolicy { user_name: u.clone(), policy_arn: p.clone() },
        Action::AttachGroupPolicy { group_name: g.clone(), policy_arn: p.clone() },
        Action::AttachRolePolicy { role_name: r.clone(), policy_arn: p.clone() },
        Action::AddUserToGroup { group_name: g, user_name: u.clone() },
        Action::TagUser { user_name: u.clone(), tags: tags(&[("k", "w")]) },
        Action::UntagUser { user_name: u, tag_keys: vec!["drop".into()] },
        Action::TagRole { role_name: r.clone(), tags: tags(&[("a", "1"), ("b", "2")]) },
        Action::UntagRole { role_name: r, tag_keys: vec!["a".into()] },
        Action::TagPolicy { policy_arn: p.clone(), tags: tags(&[("b", "2")]) },
        Action::UntagPolicy { policy_arn: p, tag_keys: vec!["a".into()] },
        Action::AddRoleToInstanceProfile { instance_profile_name: profile("i"), role_name: role_name("r") },
        Action::TagInstanceProfile { instance_profile_name: profile("i"), tags: tags(&[("b", "2")]) },
        Action::UntagInstanceProfile { instance_profile_name: profile("i"), tag_keys: vec!["a".into()] },
        Action::UpdateOpenIDConnectProviderThumbprint {
            arn: provider(account),
            thumbprints: ["2".repeat(40)].into(),
        },
        Action::TagOpenIDConnectProvider { arn: provider(account), tags: tags(&[("b", "2")]) },
        Action::UntagOpenIDConnectProvider { arn: provider(account), tag_keys: vec!["a".into()] },
        Action::UpdateSAMLProvider { arn: saml_provider(account), metadata: metadata("BBBB") },
    ]
}

fn deletions(account: &Account) -> Vec<Action> {
    let (u, g, r, p) = (user("u"), group("g"), role_name("r"), arn(account, "p"));
    let inline = policy("inline");
    vec![
        Action::DeletePolicyVersion { policy_arn: p.clone(), version_id: VersionId("v2".into()) },
        Action::DeleteRolePermissionsBoundary { role_name: r.clone() },
        Action::DeleteUserPolicy { user_name: u.clone(), policy_name: inline.clone() },
        Action::DeleteGroupPolicy { group_name: g.clone(), policy_name: inline.clone() },
        Action::DeleteRolePolicy { role_name: r.clone(), policy_name: inline },
        Action::DetachUserPolicy { user_name: u.clone(), policy_arn: p.clone() },
        Action::DetachGroupPolicy { group_name: g.clone(), policy_arn: p.clone() },
        Action::DetachRolePolicy { role_name: r.clone(), policy_arn: p.clone() },
        Action::RemoveUserFromGroup { group_name: g.clone(), user_name: u.clone() },
        Action::RemoveRoleFromInstanceProfile { instance_profile_name: profile("i"), role_name: r.clone() },
        Action::DeleteInstanceProfile { instance_profile_name: profile("i") },
        Action::DeleteOpenIDConnectProvider { arn: provider(account) },
        Action::DeleteSAMLProvider { arn: saml_provider(account) },
        Action::DeleteUser { user_name: u },
        Action::DeleteGroup { group_name: g },
        Action::DeleteRole { role_name: r },
        Action::DeletePolicy { policy_arn: p },
        Action::DeletePolicy { policy_arn: arn(account, "boundary") },
    ]
}

fn create_user(name: &str, at: &str, with: &[(&str, &str)]) -> Action {
    Action::CreateUser { user_name: user(name), path: path(at), permissions_boundary: None, tags: tags(with) }
}

fn create_instance_profile(name: &str, with: &[(&str, &str)]) -> Action {
    Action::CreateInstanceProfile {
        instance_profile_name: profile(name),
        path: path("/ec2/"),
        tags: tags(with),
    }
}

fn create_oidc_provider(client_ids: &[&str]) -> Action {
    Action::CreateOpenIDConnectProvider {
        url: url(),
        client_ids: client_ids.iter().map(|id| (*id).to_owned()).collect(),
        thumbprints: Some(["1".repeat(40)].into()),
        tags: tags(&[("a", "1")]),
    }
}

fn create_saml_provider(certificate: &str, with: &[(&str, &str)]) -> Action {
    Action::CreateSAMLProvider { name: saml_name(), metadata: metadata(certificate), tags: tags(with) }
}

fn create_service_linked_role(name: &str) -> Action {
    Action::CreateServiceLinkedRole {
        name: ServiceLinkedRoleName::parse(name).unwrap(),
        description: Some("for x".to_owned()),
    }
}

fn metadata(certificate: &str) -> SamlMetadata {
    SamlMetadata::parse(&iamctl_testing::saml_metadata("idp", &[certificate])).unwrap()
}

fn create_role(name: &str, description: &str, seconds: u32) -> Action {
    bounded_role(name, description, seconds, None)
}

fn bounded_role(name: &str, description: &str, seconds: u32, boundary: Option<PolicyArn>) -> Action {
    Action::CreateRole {
        role_name: role_name(name),
        path: path("/r/"),
        assume_role_policy_document: Document::from_stored(TRUST),
        description: description.to_owned(),
        max_session_duration: SessionDuration::from_secs(seconds).unwrap(),
        permissions_boundary: boundary,
        tags: Tags::default(),
    }
}

fn create_policy(name: &str, description: &str, document: &str, with: &[(&str, &str)]) -> Action {
    Action::CreatePolicy {
        policy_name: policy(name),
        path: Path::root(),
        description: description.to_owned(),
        policy_document: Document::from_stored(document),
        tags: tags(with),
    }
}

async fn read(world: &World) -> Live {
    let all = ["p", "boundary"].map(policy).into();
    let scope = Scope {
        tags_of_policies: all,
        instance_profiles: Some([profile("i")].into()),
        oidc_providers: Some([url()].into()),
        settings: [Kind::AccountAlias, Kind::PasswordPolicy].into(),
        saml_providers: Some([saml_name()].into()),
    };
    world.aws.read_live(&world.account, &scope).await.unwrap()
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

fn role_name(name: &str) -> RoleName {
    RoleName::parse(name).unwrap()
}

fn policy(name: &str) -> PolicyName {
    PolicyName::parse(name).unwrap()
}

fn profile(name: &str) -> InstanceProfileName {
    InstanceProfileName::parse(name).unwrap()
}

fn url() -> OidcProviderUrl {
    OidcProviderUrl::parse("oidc.example.com/id/0A1B").unwrap()
}

fn provider(account: &Account) -> OidcProviderArn {
    OidcProviderArn::new(account, &url())
}

fn saml_name() -> SamlProviderName {
    SamlProviderName::parse("idp").unwrap()
}

fn saml_provider(account: &Account) -> SamlProviderArn {
    SamlProviderArn::new(account, &saml_name())
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn arn(account: &Account, name: &str) -> PolicyArn {
    PolicyArn::new(account, &Path::root(), &policy(name))
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    Tags(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

const READ: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]}"#;
const DENY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;
const OTHER_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
