//! Reading an account: what is there, at what price, and what becomes of answers that are not whole.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod common;

use std::time::{Duration, Instant};

use common::World;
use fault_proxy::{Fault, REQUEST_ID};
use iamctl_aws::{Patience, ReadError, Scope};
use iamctl_model::{
    Address, InstanceProfileName, Kind, Live, Observed, OidcProviderUrl, PolicyName, RoleName,
    SamlProviderName, UserName,
};
use iamctl_policy::Document;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a+b","Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]}"#;

#[tokio::test]
async fn an_empty_account_is_empty_and_costs_two_requests() {
    let world = World::new().await;
    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    // What was not asked for was not read, and is not taken for nothing.
    assert_eq!(live, Live::unread(world.account.clone()));
    let mut calls = world.calls();
    calls.sort();
    assert_eq!(calls, ["iam GetAccountAuthorizationDetails", "iam ListRoles"]);
}

#[tokio::test]
async fn everything_that_is_there_is_read() {
    let world = World::new().await;
    let iam = world.iam();
    let arn = seed(&iam, "boundary").await;
    iam.create_user().user_name("Alice").path("/team/").tags(tag("Team", "")).send().await.unwrap();
    iam.create_group().group_name("eng").send().await.unwrap();
    iam.add_user_to_group().user_name("Alice").group_name("eng").send().await.unwrap();
    iam.put_group_policy()
        .group_name("eng")
        .policy_name("inline")
        .policy_document(POLICY)
        .send()
        .await
        .unwrap();
    iam.attach_user_policy().user_name("Alice").policy_arn(&arn).send().await.unwrap();
    iam.attach_group_policy().group_name("eng").policy_arn(&arn).send().await.unwrap();
    iam.create_role()
        .role_name("ops")
        .path("/r/")
        .assume_role_policy_document(TRUST)
        .description("does things")
        .max_session_duration(7200)
        .permissions_boundary(&arn)
        .send()
        .await
        .unwrap();
    iam.attach_role_policy().role_name("ops").policy_arn(&arn).send().await.unwrap();
    iam.put_role_policy()
        .role_name("ops")
        .policy_name("inline")
        .policy_document(POLICY)
        .send()
        .await
        .unwrap();
    iam.create_instance_profile().instance_profile_name("ip").send().await.unwrap();
    iam.add_role_to_instance_profile().instance_profile_name("ip").role_name("ops").send().await.unwrap();

    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();

    let alice = &live.users[&UserName::parse("alice").unwrap()];
    assert_eq!(live.spelling(&"user/alice".parse().unwrap()), Some("Alice"));
    assert!(alice.id.0.starts_with("AIDA") || alice.id.0.len() == 20, "{}", alice.id);
    assert_eq!(alice.value.path.as_str(), "/team/");
    assert_eq!(alice.value.tags.0["Team"], "");
    assert_eq!(alice.value.groups.len(), 1);
    assert_eq!(alice.value.policies.first().unwrap().as_str(), arn);
    let group = &live.groups.values().next().unwrap().value;
    assert_eq!(group.members.first().unwrap().as_str(), "Alice");
    assert_eq!(group.inline_policies[&PolicyName::parse("inline").unwrap()], Document::from_stored(POLICY));
    assert_eq!(group.policies.first().unwrap().as_str(), arn);
    let ops = &live.roles[&RoleName::parse("ops").unwrap()];
    assert_eq!(ops.trust, Document::from_stored(TRUST));
    assert_eq!(ops.instance_profiles[0].as_str(), "ip");
    assert_eq!(live.instance_profiles, Observed::NotRead);
    assert_eq!(ops.permissions_boundary.as_ref().unwrap().as_str(), arn);
    let details = ops.details.as_ref().unwrap();
    assert_eq!((details.description.as_str(), details.max_session_duration.as_secs()), ("does things", 7200));
    let policy = &live.policies[&PolicyName::parse("boundary").unwrap()];
    assert_eq!(policy.description, "of policy boundary");
    assert_eq!(policy.default_version().unwrap().document, Document::from_stored(POLICY));
    assert_eq!(policy.tags, Observed::NotRead);
    assert_eq!(world.calls().len(), 2);
}

#[tokio::test]
async fn tags_of_policies_are_read_for_those_that_are_wanted_and_there() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        seed(&world.iam(), name).await;
    }
    let wanted = ["A", "c", "missing"].map(|name| PolicyName::parse(name).unwrap());
    let scope = Scope { tags_of_policies: wanted.into(), ..Scope::default() };
    let live = world.aws.read_live(&world.account, &scope).await.unwrap();
    let tags =
        |name: &str| live.policies[&PolicyName::parse(name).unwrap()].tags.as_ref().map(|tags| &tags.0);
    assert_eq!(tags("a").unwrap()["name"], "a");
    assert_eq!(tags("b"), None);
    assert_eq!(tags("c").unwrap()["name"], "c");
    assert_eq!(world.count("ListPolicyTags"), 2);
    assert_eq!(world.calls().len(), 4);
}

#[tokio::test]
async fn instance_profiles_are_read_where_the_scope_says_so() {
    let world = World::new().await;
    let iam = world.iam();
    iam.create_role().role_name("Ops").assume_role_policy_document(TRUST).send().await.unwrap();
    for (name, path) in [("Web", "/ec2/"), ("empty", "/"), ("other", "/")] {
        let call =
            iam.create_instance_profile().instance_profile_name(name).path(path).tags(tag("name", name));
        call.send().await.unwrap();
    }
    iam.add_role_to_instance_profile().instance_profile_name("Web").role_name("Ops").send().await.unwrap();

    let tags_of = ["web", "empty", "missing"].map(|name| InstanceProfileName::parse(name).unwrap());
    let scope = Scope { instance_profiles: Some(tags_of.into()), ..Scope::default() };
    let live = world.aws.read_live(&world.account, &scope).await.unwrap();

    assert_eq!(world.calls().len(), 5, "two lists, one of instance profiles, and two for tags");
    let found = |name: &str| live.instance_profile(&InstanceProfileName::parse(name).unwrap()).unwrap();
    assert_eq!(live.spelling(&"instance_profile/web".parse().unwrap()), Some("Web"));
    assert_eq!((found("web").path.as_str(), found("web").role.as_ref().unwrap().as_str()), ("/ec2/", "Ops"));
    assert_eq!(found("web").tags.as_ref().unwrap().0["name"], "Web");
    assert_eq!((&found("empty").role, found("empty").tags.as_ref().unwrap().0.len()), (&None, 1));
    assert_eq!(found("other").tags, Observed::NotRead);
    assert!(!found("web").id.0.is_empty());
    assert_eq!(live.roles.values().next().unwrap().instance_profiles[0].as_str(), "Web");
}

/// moto's pages are never cut short; AWS's may be.
#[tokio::test]
async fn pages_of_instance_profiles_are_put_together() {
    let world = World::new().await;
    let id = world.account.id.clone();
    let page = |name: &str, more: &str| {
        format!(
            "<ListInstanceProfilesResponse><ListInstanceProfilesResult><InstanceProfiles><member>\
             <Path>/</Path><InstanceProfileName>{name}</InstanceProfileName>\
             <InstanceProfileId>AIPA{name}</InstanceProfileId>\
             <Arn>arn:aws:iam::{id}:instance-profile/{name}</Arn><Roles/>\
             <CreateDate>2026-01-02T03:04:05Z</CreateDate></member></InstanceProfiles>{more}\
             </ListInstanceProfilesResult></ListInstanceProfilesResponse>"
        )
    };
    let next = "<IsTruncated>true</IsTruncated><Marker>m1</Marker>";
    let inject = |text: String| {
        world.proxy.inject(Fault::reply(200, "text/xml", text).operation("ListInstanceProfiles").times(1));
    };
    inject(page("a", next));
    inject(page("b", "<IsTruncated>false</IsTruncated>"));
    let scope = Scope { instance_profiles: Some([].into()), ..Scope::default() };
    let live = world.aws.read_live(&world.account, &scope).await.unwrap();
    let ids: Vec<_> = live.addresses().map(|(address, id)| format!("{address} {id}")).collect();
    assert_eq!(ids, ["instance_profile/a AIPAa", "instance_profile/b AIPAb"]);

    // A marker that repeats, or none where there is more: half a list is no list.
    for more in [next.to_owned(), "<IsTruncated>true</IsTruncated>".to_owned()] {
        let fault = Fault::reply(200, "text/xml", page("a", &more)).operation("ListInstanceProfiles");
        let injected = world.proxy.inject(fault);
        let error = world.aws.read_live(&world.account, &scope).await.unwrap_err();
        assert!(matches!(error, ReadError::Inconsistent { .. }), "{error}");
        injected.remove();
    }
}

#[tokio::test]
async fn an_instance_profile_that_a_role_names_and_no_list_has_was_missed() {
    let world = World::new().await;
    let iam = world.iam();
    iam.create_role().role_name("ops").assume_role_policy_document(TRUST).send().await.unwrap();
    iam.create_instance_profile().instance_profile_name("web").send().await.unwrap();
    iam.add_role_to_instance_profile().instance_profile_name("web").role_name("ops").send().await.unwrap();
    let nothing = "<ListInstanceProfilesResponse><ListInstanceProfilesResult><InstanceProfiles/>\
                   <IsTruncated>false</IsTruncated></ListInstanceProfilesResult></ListInstanceProfilesResponse>";
    world.proxy.inject(Fault::reply(200, "text/xml", nothing).operation("ListInstanceProfiles"));
    let scope = Scope { instance_profiles: Some([].into()), ..Scope::default() };
    let error = world.aws.read_live(&world.account, &scope).await.unwrap_err();
    assert!(error.to_string().contains("role/ops is in instance_profile/web, which is not in"), "{error}");
}

#[tokio::test]
async fn pages_of_any_mix_are_put_together() {
    let world = World::new().await;
    let marker = |page: &str| page.to_owned();
    // Short, empty, and one without the lists of some kinds; members come pages before their group.
    let user = |name: &str, group: &str| format!("<member>{}{}</member>", named("User", name), groups(group));
    let pages = [
        (format!("<UserDetailList>{}</UserDetailList>", user("u1", "g")), Some(marker("1"))),
        ("<UserDetailList/><GroupDetailList/><RoleDetailList/><Policies/>".to_owned(), Some(marker("2"))),
        (format!("<UserDetailList>{}</UserDetailList>", user("u2", "g")), Some(marker("3"))),
        (format!("<GroupDetailList><member>{}</member></GroupDetailList>", named("Group", "g")), None),
    ];
    for (at, (lists, next)) in pages.into_iter().enumerate() {
        let wanted = if at == 0 { String::new() } else { at.to_string() };
        let fault = Fault::reply(200, "text/xml", details(&lists, next.as_deref()));
        world.proxy.inject(
            fault
                .operation("GetAccountAuthorizationDetails")
                .when(move |call| call.param("Marker") == wanted),
        );
    }
    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    let members: Vec<_> =
        live.groups.values().flat_map(|group| &group.value.members).map(UserName::as_str).collect();
    assert_eq!(members, ["u1", "u2"]);
    assert_eq!(world.count("GetAccountAuthorizationDetails"), 4);
    let calls = world.proxy.calls();
    let first = calls.iter().find(|call| call.operation == "GetAccountAuthorizationDetails").unwrap();
    let filters = [1, 2, 3, 4, 5].map(|n| first.param(&format!("Filter.member.{n}")).to_owned());
    assert_eq!(filters, ["User", "Group", "Role", "LocalManagedPolicy", ""]);
    assert!(calls.iter().all(|call| call.param("MaxItems") == "1000"));
}

#[tokio::test]
async fn when_roles_were_last_used_costs_no_call() {
    let world = World::new().await;
    let role = |name: &str, used: &str| format!("<member>{}{used}</member>", role_detail(name));
    let used = "<RoleLastUsed><LastUsedDate>2026-03-04T05:06:07Z</LastUsedDate><Region>eu-west-1</Region></RoleLastUsed>";
    let lists = [role("used", used), role("idle", "<RoleLastUsed/>"), role("silent", "")].concat();
    let lists = format!("<RoleDetailList>{lists}</RoleDetailList>");
    let reply = Fault::reply(200, "text/xml", details(&lists, None));
    world.proxy.inject(reply.operation("GetAccountAuthorizationDetails"));
    let roles: String =
        ["used", "idle", "silent"].map(|name| format!("<member>{}</member>", role_detail(name))).concat();
    let reply = Fault::reply(200, "text/xml", answer("ListRoles", &format!("<Roles>{roles}</Roles>"), None));
    world.proxy.inject(reply.operation("ListRoles"));
    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    let at = |name: &str| live.last_used.get(&Address::Role(RoleName::parse(name).unwrap()));
    let noted = "2026-03-04T05:06:07Z".parse().unwrap();
    assert_eq!((at("used"), at("idle"), at("silent")), (Some(&Some(noted)), Some(&None), None));
    assert_eq!(world.calls().len(), 2);
}

#[tokio::test]
async fn list_roles_is_walked_to_its_end() {
    let world = World::new().await;
    let roles: String = ["r1", "r2"].map(|name| format!("<member>{}</member>", role_detail(name))).concat();
    world.proxy.inject(
        Fault::reply(200, "text/xml", details(&format!("<RoleDetailList>{roles}</RoleDetailList>"), None))
            .operation("GetAccountAuthorizationDetails"),
    );
    for (marker, name, next) in [("", "r1", Some("x")), ("x", "r2", None)] {
        let list = format!("<Roles><member>{}</member></Roles>", listed_role(name));
        let page = answer("ListRoles", &list, next);
        world.proxy.inject(
            Fault::reply(200, "text/xml", page)
                .operation("ListRoles")
                .when(move |call| call.param("Marker") == marker),
        );
    }
    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    let described: Vec<_> =
        live.roles.values().map(|role| role.details.as_ref().unwrap().description.clone()).collect();
    assert_eq!(described, ["about r1", "about r2"]);
}

#[tokio::test]
async fn a_list_whose_end_was_not_seen_is_an_error() {
    let user = format!("<UserDetailList><member>{}</member></UserDetailList>", named("User", "u"));
    let open = details(&user, None).replace("<IsTruncated>false", "<IsTruncated>true");
    let circle = details(&user, Some("again"));
    let needless = details(&user, None).replace("</IsTruncated>", "</IsTruncated><Marker>m</Marker>");
    let nothing = details("", None);
    for (page, says) in [
        (open, "AWS said that there is more and not how to get it"),
        (circle, "AWS led back to a page that was read already"),
        (needless, "AWS said that there is no more and how to get it"),
        (nothing, "was answered without any list"),
    ] {
        let world = World::new().await;
        world.proxy.inject(Fault::reply(200, "text/xml", page).operation("GetAccountAuthorizationDetails"));
        let error = read_at_once(&world).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    let world = World::new().await;
    let page = answer("ListRoles", "<Roles/>", None).replace("<IsTruncated>false", "<IsTruncated>true");
    world.proxy.inject(Fault::reply(200, "text/xml", page).operation("ListRoles"));
    let error = read_at_once(&world).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the account was read inconsistently: iam:ListRoles: AWS said that there is more and not how to get it"
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_a_shorter_account() {
    let whole = details("<UserDetailList/><GroupDetailList/><RoleDetailList/><Policies/>", None);
    let cut = |length: usize| whole.chars().take(length).collect::<String>();
    let signed_out = "<html>please sign in</html>".to_owned();
    for body in [String::new(), signed_out, cut(whole.len() / 2), cut(whole.len() - 2)] {
        let world = World::new().await;
        world
            .proxy
            .inject(Fault::reply(200, "text/xml", body.clone()).operation("GetAccountAuthorizationDetails"));
        let error = world.aws.read_live(&world.account, &Scope::default()).await.unwrap_err();
        assert!(
            matches!(error, ReadError::Unreachable { .. } | ReadError::Unexpected { .. }),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn contradictions_are_errors_rather_than_guesses() {
    let user = |inner: &str| format!("<UserDetailList><member>{inner}</member></UserDetailList>");
    let twice = format!(
        "<UserDetailList><member>{}</member><member>{}</member></UserDetailList>",
        named("User", "u"),
        named("User", "u").replace("ID-u", "ID-other")
    );
    let attached = "<AttachedManagedPolicies><member><PolicyName>p</PolicyName>\
                    <PolicyArn>arn:aws:iam::ACCOUNT:policy/p</PolicyArn></member></AttachedManagedPolicies>";
    for (lists, says) in [
        (
            user(&format!("{}{}", named("User", "u"), groups("ghosts"))),
            "user/u is a member of group/ghosts, which",
        ),
        (twice, "user/u was listed twice and differs"),
        (user(&format!("{}{attached}", named("User", "u"))), "is attached and not listed"),
    ] {
        let world = World::new().await;
        let lists = lists.replace("ACCOUNT", world.account.id.as_str());
        let page = Fault::reply(200, "text/xml", details(&lists, None));
        world.proxy.inject(page.operation("GetAccountAuthorizationDetails"));
        let error = read_at_once(&world).await.unwrap_err();
        assert!(matches!(&error, ReadError::Inconsistent { message } if message.contains(says)), "{error}");
        assert_eq!(
            world.count("GetAccountAuthorizationDetails"),
            6,
            "it was read again and again before it was said"
        );
    }
}

#[tokio::test]
async fn a_contradiction_that_passes_is_not_even_mentioned() {
    let world = World::new().await;
    let lonely = format!("{}{}", named("User", "u"), groups("new"));
    let lists = format!("<UserDetailList><member>{lonely}</member></UserDetailList>");
    let page = Fault::reply(200, "text/xml", details(&lists, None));
    world.proxy.inject(page.operation("GetAccountAuthorizationDetails").times(5));
    let live = read_at_once(&world).await.unwrap();
    assert!(live.users.is_empty());
}

#[tokio::test]
async fn the_same_thing_on_two_pages_is_one_thing() {
    let world = World::new().await;
    let list = format!("<UserDetailList><member>{}</member></UserDetailList>", named("User", "u"));
    for (marker, next) in [("", Some("m")), ("m", None)] {
        let page = Fault::reply(200, "text/xml", details(&list, next));
        world.proxy.inject(
            page.operation("GetAccountAuthorizationDetails").when(move |call| call.param("Marker") == marker),
        );
    }
    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    assert_eq!(live.users.len(), 1);
}

#[tokio::test]
async fn roles_that_only_one_list_has_lose_nothing() {
    let world = World::new().await;
    let details_of = |names: &[&str]| {
        let roles: String =
            names.iter().map(|name| format!("<member>{}</member>", role_detail(name))).collect();
        Fault::reply(200, "text/xml", details(&format!("<RoleDetailList>{roles}</RoleDetailList>"), None))
            .operation("GetAccountAuthorizationDetails")
    };
    let listed = |names: &[&str]| {
        let roles: String =
            names.iter().map(|name| format!("<member>{}</member>", listed_role(name))).collect();
        Fault::reply(200, "text/xml", answer("ListRoles", &format!("<Roles>{roles}</Roles>"), None))
            .operation("ListRoles")
    };
    // Made after ListRoles had answered: its description is unknown, and so not compared.
    world.proxy.inject(details_of(&["old", "new"]));
    world.proxy.inject(listed(&["old"]));
    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    let details = |name: &str| &live.roles[&RoleName::parse(name).unwrap()].details;
    assert!(details("old").as_ref().is_some());
    assert_eq!(*details("new"), Observed::NotRead);

    // Made after the details were read: nothing is known of its policies, so it is no role that could be shown.
    world.proxy.remove_faults();
    world.proxy.inject(details_of(&["old"]));
    let both = world.proxy.inject(listed(&["old", "new"]));
    let error = read_at_once(&world).await.unwrap_err();
    assert!(error.to_string().contains("role/new is in iam:ListRoles and not in"), "{error}");
    both.remove();

    // Deleted and made again in between.
    let again = answer("ListRoles", &format!("<Roles><member>{}</member></Roles>", listed_role("old")), None);
    world.proxy.inject(Fault::reply(200, "text/xml", again.replace("ID-old", "ID-x")).operation("ListRoles"));
    let error = read_at_once(&world).await.unwrap_err();
    assert!(error.to_string().contains("role/old was deleted and made again"), "{error}");
}

/// moto keeps no boundaries of users, and AWS answers another type than its documents say.
#[tokio::test]
async fn a_boundary_is_read_whatever_its_type_is_called() {
    for kind in ["Policy", "PermissionsBoundaryPolicy", "Novelty"] {
        let world = World::new().await;
        let boundary = format!(
            "<PermissionsBoundary><PermissionsBoundaryType>{kind}</PermissionsBoundaryType>\
             <PermissionsBoundaryArn>{READ_ONLY}</PermissionsBoundaryArn></PermissionsBoundary>"
        );
        let list =
            format!("<UserDetailList><member>{}{boundary}</member></UserDetailList>", named("User", "u"));
        let page = Fault::reply(200, "text/xml", details(&list, None));
        world.proxy.inject(page.operation("GetAccountAuthorizationDetails"));
        let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
        let user = live.users.values().next().unwrap();
        assert_eq!(user.value.permissions_boundary.as_ref().unwrap().as_str(), READ_ONLY);
    }
}

#[tokio::test]
async fn another_account_than_the_one_asked_is_refused() {
    let world = World::new().await;
    let foreign = named("User", "u").replace("</Path>", "</Path><Arn>arn:aws:iam::999999999999:user/u</Arn>");
    let list = format!("<UserDetailList><member>{foreign}</member></UserDetailList>");
    let page = Fault::reply(200, "text/xml", details(&list, None));
    world.proxy.inject(page.operation("GetAccountAuthorizationDetails"));
    let error = world.aws.read_live(&world.account, &Scope::default()).await.unwrap_err();
    assert!(error.to_string().ends_with("was asked and account `999999999999` answered"), "{error}");
}

#[tokio::test]
async fn a_denied_read_names_the_permission_that_is_missing() {
    for operation in ["GetAccountAuthorizationDetails", "ListRoles", "ListPolicyTags"] {
        let world = World::new().await;
        seed(&world.iam(), "p").await;
        let denied = world.proxy.inject(Fault::access_denied().operation(operation));
        let scope = Scope { tags_of_policies: [PolicyName::parse("p").unwrap()].into(), ..Scope::default() };
        let error = world.aws.read_live(&world.account, &scope).await.unwrap_err();
        let expected = format!("the account cannot be read without `iam:{operation}`: ");
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert!(error.to_string().contains(REQUEST_ID), "{error}");
        assert!(error.help().contains(&format!("`iam:{operation}`")));
        assert_eq!(denied.hits(), 1, "a denial is not asked again");
    }
}

#[tokio::test]
async fn throttling_and_faults_that_pass_are_waited_for_and_others_are_said() {
    let world = World::new().await;
    let throttled = world.proxy.inject(Fault::throttling().operation("ListRoles").times(1));
    let broken =
        world.proxy.inject(Fault::unavailable().operation("GetAccountAuthorizationDetails").times(1));
    let cut = world.proxy.inject(Fault::cut().operation("ListRoles").skip(1).times(1));
    assert!(world.aws.read_live(&world.account, &Scope::default()).await.is_ok());
    assert_eq!((throttled.hits(), broken.hits()), (1, 1));
    cut.remove();

    world.proxy.inject(Fault::throttling().operation("ListRoles"));
    let error = world.aws.read_live(&world.account, &Scope::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("iam:ListRoles failed: Throttling: Rate exceeded"), "{error}");
    assert!(error.help().contains("patience"));
}

#[tokio::test]
async fn credentials_that_expire_while_reading_are_said() {
    let world = World::new().await;
    world.proxy.inject(Fault::expired_token().operation("ListRoles"));
    let error = world.aws.read_live(&world.account, &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, ReadError::Credentials(_)), "{error}");
    assert!(error.to_string().starts_with("the credentials have expired"), "{error}");

    let world = World::new().await;
    world.proxy.inject(Fault::error(403, "InvalidClientTokenId", "The security token is invalid."));
    let error = world.aws.read_live(&world.account, &Scope::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("IAM does not accept credentials that STS accepts"), "{error}");
    assert!(error.help().contains("get-session-token"), "{}", error.help());
}

/// A measurement rather than a test: `cargo test -p iamctl-aws --test read -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes minutes to fill the account"]
async fn how_long_three_thousand_objects_take() {
    let world = World::new().await;
    let iam = world.iam();
    for n in 0..1000 {
        let arn = seed(&iam, &format!("p{n}")).await;
        iam.create_user().user_name(format!("u{n}")).send().await.unwrap();
        iam.create_role().role_name(format!("r{n}")).assume_role_policy_document(TRUST).send().await.unwrap();
        iam.attach_role_policy().role_name(format!("r{n}")).policy_arn(&arn).send().await.unwrap();
        iam.attach_user_policy().user_name(format!("u{n}")).policy_arn(&arn).send().await.unwrap();
    }
    let start = Instant::now();
    let live = world.aws.read_live(&world.account, &Scope::default()).await.unwrap();
    println!("3000 objects, {} requests, {:?}", world.calls().len(), start.elapsed());
    assert_eq!((live.users.len(), live.roles.len(), live.policies.len()), (1000, 1000, 1000));
}

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// Makes a policy with a description and a tag, and returns its ARN.
/// What contradicts itself is read again without any wait.
async fn read_at_once(world: &World) -> Result<Live, ReadError> {
    world.aws.read_live_within(&world.account, &Scope::default(), Patience::new(Duration::ZERO)).await
}

async fn seed(iam: &aws_sdk_iam::Client, name: &str) -> String {
    let call = iam.create_policy().policy_name(name).policy_document(POLICY).tags(tag("name", name));
    let made = call.description(format!("of policy {name}")).send().await.unwrap();
    made.policy.and_then(|policy| policy.arn).unwrap()
}

fn tag(key: &str, value: &str) -> aws_sdk_iam::types::Tag {
    aws_sdk_iam::types::Tag::builder().key(key).value(value).build().unwrap()
}

/// An answer in AWS's shape.
fn answer(call: &str, lists: &str, marker: Option<&str>) -> String {
    let marker = match marker {
        Some(marker) => format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"),
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
    };
    format!(
        "<{call}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{call}Result>{marker}{lists}</{call}Result>\
         <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{call}Response>"
    )
}

fn details(lists: &str, marker: Option<&str>) -> String {
    answer("GetAccountAuthorizationDetails", lists, marker)
}

fn named(kind: &str, name: &str) -> String {
    format!(
        "<Path>/</Path><{kind}Name>{name}</{kind}Name><{kind}Id>ID-{name}</{kind}Id>\
         <CreateDate>2026-01-01T00:00:00Z</CreateDate>"
    )
}

fn groups(group: &str) -> String {
    format!("<GroupList><member>{group}</member></GroupList>")
}

fn role_detail(name: &str) -> String {
    format!("{}<AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>", named("Role", name))
}

fn listed_role(name: &str) -> String {
    format!(
        "{}<Arn>arn:aws:iam::123456789012:role/{name}</Arn><Description>about {name}</Description>\
         <MaxSessionDuration>3600</MaxSessionDuration>",
        named("Role", name)
    )
}

#[tokio::test]
async fn oidc_providers_are_read_where_the_scope_says_so() {
    let world = World::new().await;
    let iam = world.iam();
    for url in ["oidc.example.com/id/0A1B", "other.example.com"] {
        let call = iam.create_open_id_connect_provider().url(format!("https://{url}")).client_id_list("a");
        call.thumbprint_list("ABCDEF0123456789ABCDEF0123456789ABCDEF01")
            .tags(tag("name", "x"))
            .send()
            .await
            .unwrap();
    }
    let url = |text: &str| OidcProviderUrl::parse(text).unwrap();
    let details_of = [url("oidc.example.com/id/0A1B"), url("missing.example.com")];
    let scope = Scope { oidc_providers: Some(details_of.into()), ..Scope::default() };
    let live = world.aws.read_live(&world.account, &scope).await.unwrap();
    assert_eq!(world.calls().len(), 4, "two lists, one of providers, and one for details");
    let found = live.oidc_provider(&url("oidc.example.com/id/0A1B")).unwrap();
    assert_eq!(
        found.id.0,
        format!("arn:aws:iam::{}:oidc-provider/oidc.example.com/id/0A1B", world.account.id)
    );
    let details = found.details.as_ref().unwrap();
    assert_eq!(details.client_ids, ["a".to_owned()].into());
    assert_eq!(details.thumbprints, ["abcdef0123456789abcdef0123456789abcdef01".to_owned()].into());
    assert_eq!(details.tags.0["name"], "x");
    assert_eq!(live.oidc_provider(&url("other.example.com")).unwrap().details, Observed::NotRead);

    // A list that is no list, and one of another account, are no account without providers.
    for (text, says) in [
        ("<ListOpenIDConnectProvidersResult/>".to_owned(), "was answered without a list"),
        (listed("arn:aws:iam::210987654321:oidc-provider/a.example"), "`210987654321` answered"),
        (listed("arn:aws:iam::123456789012:oidc-provider/"), "is not the ARN of an OIDC provider"),
    ] {
        let text = text.replace("123456789012", world.account.id.as_str());
        let answer =
            format!("<ListOpenIDConnectProvidersResponse>{text}</ListOpenIDConnectProvidersResponse>");
        let fault = Fault::reply(200, "text/xml", answer).operation("ListOpenIDConnectProviders");
        let injected = world.proxy.inject(fault);
        let error = world.aws.read_live(&world.account, &scope).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        injected.remove();
    }
    for operation in ["ListOpenIDConnectProviders", "GetOpenIDConnectProvider"] {
        let denied = world.proxy.inject(Fault::access_denied().operation(operation));
        let error = world.aws.read_live(&world.account, &scope).await.unwrap_err();
        assert!(error.to_string().contains(&format!("without `iam:{operation}`")), "{error}");
        denied.remove();
    }
}

#[tokio::test]
async fn saml_providers_are_read_where_the_scope_says_so() {
    let world = World::new().await;
    let metadata = iamctl_testing::saml_metadata("idp", &["AAAA"]);
    for name in ["Okta", "Other"] {
        let call = world.iam().create_saml_provider().name(name).saml_metadata_document(metadata.clone());
        call.send().await.unwrap();
    }
    let name = |text: &str| SamlProviderName::parse(text).unwrap();
    let details_of = [name("Okta"), name("missing")];
    let scope = Scope { saml_providers: Some(details_of.into()), ..Scope::default() };
    world.proxy.clear();
    let live = world.aws.read_live(&world.account, &scope).await.unwrap();
    assert_eq!(world.calls().len(), 4, "two lists, one of providers, and one for details");
    let found = live.saml_provider(&name("Okta")).unwrap();
    assert_eq!(found.id.0, format!("arn:aws:iam::{}:saml-provider/Okta", world.account.id));
    assert_eq!(found.details.as_ref().unwrap().metadata.as_str(), metadata, "to the letter");
    assert_eq!(live.saml_provider(&name("Other")).unwrap().details, Observed::NotRead);

    // What is odd is no account without providers, and no provider without metadata.
    let entry = |arn: &str| {
        format!(
            "<ListSAMLProvidersResult><SAMLProviderList><member><Arn>{arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
         </member></SAMLProviderList></ListSAMLProvidersResult>"
        )
    };
    for (call, text, says) in [
        ("ListSAMLProviders", "<ListSAMLProvidersResult/>".to_owned(), "was answered without a list"),
        ("ListSAMLProviders", entry("arn:aws:iam::210987654321:saml-provider/a"), "`210987654321` answered"),
        (
            "ListSAMLProviders",
            entry("arn:aws:iam::123456789012:saml-provider/"),
            "is not the ARN of a SAML provider",
        ),
        ("GetSAMLProvider", "<GetSAMLProviderResult/>".to_owned(), "was answered without metadata"),
    ] {
        let text = text.replace("123456789012", world.account.id.as_str());
        let answer = format!("<{call}Response>{text}</{call}Response>");
        let injected = world.proxy.inject(Fault::reply(200, "text/xml", answer).operation(call));
        let error = world.aws.read_live(&world.account, &scope).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        injected.remove();
    }
    for operation in ["ListSAMLProviders", "GetSAMLProvider"] {
        let denied = world.proxy.inject(Fault::access_denied().operation(operation));
        let error = world.aws.read_live(&world.account, &scope).await.unwrap_err();
        assert!(error.to_string().contains(&format!("without `iam:{operation}`")), "{error}");
        denied.remove();
    }
}

fn listed(arn: &str) -> String {
    format!(
        "<ListOpenIDConnectProvidersResult><OpenIDConnectProviderList><member><Arn>{arn}</Arn></member>\
         </OpenIDConnectProviderList></ListOpenIDConnectProvidersResult>"
    )
}

#[tokio::test]
async fn settings_are_read_only_where_asked_for_and_one_call_each() {
    let world = World::new().await;
    let scope = Scope { settings: [Kind::AccountAlias, Kind::PasswordPolicy].into(), ..Scope::default() };
    let live = world.aws.read_live(&world.account, &scope).await.unwrap();
    assert_eq!((&live.account_alias, &live.password_policy), (&Observed::Read(None), &Observed::Read(None)));
    let mut calls = world.calls();
    calls.retain(|call| !call.ends_with("ListRoles") && !call.ends_with("Details"));
    calls.sort();
    assert_eq!(calls, ["iam GetAccountPasswordPolicy", "iam ListAccountAliases"]);
}

/// AWS answers with zero where there is none, and its ranges may grow.
#[tokio::test]
async fn what_a_password_policy_says_is_understood_or_an_error() {
    let answer = |fields: &str| {
        format!(
            "<GetAccountPasswordPolicyResponse><GetAccountPasswordPolicyResult><PasswordPolicy>{fields}\
             </PasswordPolicy></GetAccountPasswordPolicyResult></GetAccountPasswordPolicyResponse>"
        )
    };
    for (fields, says) in [
        ("<MinimumPasswordLength>8</MinimumPasswordLength><MaxPasswordAge>0</MaxPasswordAge>", Ok((8, None))),
        ("<MaxPasswordAge>1095</MaxPasswordAge>", Ok((6, Some(1_095)))),
        (
            "<MinimumPasswordLength>129</MinimumPasswordLength>",
            Err("MinimumPasswordLength is 129, and 6 to 128 are known"),
        ),
        ("<MaxPasswordAge>-1</MaxPasswordAge>", Err("MaxPasswordAge is -1, and 1 to 1095 are known")),
    ] {
        let world = World::new().await;
        let reply = Fault::reply(200, "text/xml", answer(fields));
        world.proxy.inject(reply.operation("GetAccountPasswordPolicy"));
        let mut live = Live::empty(world.account.clone());
        match (world.aws.read_setting(&mut live, Kind::PasswordPolicy).await, says) {
            (Ok(()), Ok((length, days))) => {
                let policy = &live.password_policy().unwrap().value;
                assert_eq!(policy.minimum_password_length.get(), length);
                assert_eq!(policy.max_password_age.map(iamctl_model::Within::get), days);
            }
            (Err(error), Err(says)) => assert!(error.to_string().contains(says), "{error}"),
            (outcome, says) => panic!("{outcome:?} {says:?}"),
        }
    }
}

#[tokio::test]
async fn two_aliases_are_no_answer() {
    let world = World::new().await;
    let answer = "<ListAccountAliasesResponse><ListAccountAliasesResult><IsTruncated>false</IsTruncated>\
                  <AccountAliases><member>one</member><member>two</member></AccountAliases>\
                  </ListAccountAliasesResult></ListAccountAliasesResponse>";
    world.proxy.inject(Fault::reply(200, "text/xml", answer).operation("ListAccountAliases"));
    let mut live = Live::empty(world.account.clone());
    let error = world.aws.read_setting(&mut live, Kind::AccountAlias).await.unwrap_err();
    assert!(matches!(error, ReadError::Inconsistent { .. }), "{error:?}");
}
