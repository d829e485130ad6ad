//! OpenID Connect providers: whose tokens open roles.

use fault_proxy::{Call, Fault};
use serde_json::json;

use crate::support::World;

const URL: &str = "token.actions.githubusercontent.com";

const PROVIDER: &str = r#"
oidc_providers:
  token.actions.githubusercontent.com:
    client_ids: [sts.amazonaws.com]
    thumbprints: ["0123456789abcdef0123456789abcdef01234567"]
    tags: {team: ci}
"#;

const ROLE: &str = r#"
  ci:
    trust:
      - oidc: token.actions.githubusercontent.com
        conditions: {StringEquals: {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}}
    policies: [deny-user-creation]
"#;

/// The founding case with a provider and a role that trusts it beside it, not yet applied.
fn with_provider() -> World {
    let world = World::founded();
    let manifest = world.read("desired-state.yaml");
    let (before, after) = manifest.split_once("\nroles:\n").unwrap();
    world.write("desired-state.yaml", &format!("{before}\nroles:{ROLE}{after}{PROVIDER}"));
    world
}

fn without(world: &World, text: &str) {
    let manifest = world.read("desired-state.yaml");
    world.write("desired-state.yaml", &manifest.replace(text.trim_start_matches('\n'), ""));
}

fn sorted(mut calls: Vec<String>) -> Vec<String> {
    calls.sort();
    calls
}

#[test]
fn an_oidc_provider_is_made_changed_and_deleted_by_the_calls_that_it_needs() {
    let world = with_provider();
    let arn = format!("arn:aws:iam::{}:oidc-provider/{URL}", world.account);
    world.iamctl(&["validate"]).expect(0).says(&["2 roles, 1 OIDC provider"]);
    let plan = world.iamctl(&["plan"]).expect(0);
    plan.says(&[&format!("+ oidc_provider/{URL}"), "client ids sts.amazonaws.com", "tags team: ci"]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    // It is there before anybody trusts it.
    assert_eq!(
        world.iam_writes(),
        [
            format!("iam CreateOpenIDConnectProvider https://{URL}"),
            "iam CreateRole ci".to_owned(),
            "iam AttachRolePolicy ci".to_owned(),
        ]
    );
    assert_eq!(
        world.aws().oidc_provider(URL),
        json!({
            "client_ids": ["sts.amazonaws.com"], "thumbprints": ["0123456789abcdef0123456789abcdef01234567"], "tags": {"team": "ci"},
        })
    );
    world.expect_no_change();

    world.edit("thumbprints: [\"0", "thumbprints: [\"f");
    world.edit("tags: {team: ci}", "tags: {cost: '1'}");
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0).says(&[
        "~ oidc_provider",
        "+ f123456789",
        "- 0123456789",
        "- team: ci",
    ]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(
        sorted(world.iam_writes()),
        ["Tag", "Untag", "Update"].map(|call| {
            let rest = if call == "Update" { "Thumbprint" } else { "" };
            format!("iam {call}OpenIDConnectProvider{rest} {arn}")
        })
    );
    assert_eq!(
        world.aws().oidc_provider(URL),
        json!({
            "client_ids": ["sts.amazonaws.com"], "thumbprints": ["f123456789abcdef0123456789abcdef01234567"], "tags": {"cost": "1"},
        })
    );
    world.expect_no_change();

    // Gone, after the role that trusts it.
    let text = world.read("desired-state.yaml");
    let (rest, _) = text.split_once("\noidc_providers:\n").unwrap();
    world.write("desired-state.yaml", rest);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["would be deleted and is still used by role/ci"]);
    without(&world, ROLE);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(
        world.iam_writes(),
        [
            "iam DetachRolePolicy ci".to_owned(),
            "iam DeleteRole ci".to_owned(),
            format!("iam DeleteOpenIDConnectProvider {arn}")
        ]
    );
    assert_eq!(world.aws().oidc_provider(URL), json!(null));
    world.expect_no_change();
}

/// The local AWS knows neither of these calls: they are answered on its behalf.
#[test]
fn client_ids_that_go_are_gone_before_others_come() {
    let world = with_provider();
    world.iamctl(&["apply", "--yes"]).expect(0);
    for call in ["AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider"] {
        let answer = format!("<{call}Response><ResponseMetadata/></{call}Response>");
        world.proxy.inject(Fault::reply(200, "text/xml", answer).operation(call));
    }
    world.edit("client_ids: [sts.amazonaws.com]", "client_ids: [app]");
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0).says(&[
        "~ oidc_provider",
        "client ids",
        "+ app",
        "- sts.amazonaws.com",
    ]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    let writes = world.proxy.calls().into_iter().filter(|call| call.operation.contains("ClientID"));
    let writes: Vec<_> =
        writes.map(|call| (call.operation.clone(), call.param("ClientID").to_owned())).collect();
    let text = |call: &str, id: &str| (format!("{call}OpenIDConnectProvider"), id.to_owned());
    assert_eq!(writes, [text("RemoveClientIDFrom", "sts.amazonaws.com"), text("AddClientIDTo", "app")]);
}

#[test]
fn oidc_providers_cost_requests_only_where_some_are_managed() {
    let world = World::founded();
    let reads = |world: &World| sorted(world.calls(|call: &Call| call.operation.contains("OpenID")));
    world.iamctl(&["plan"]).expect(0);
    assert_eq!(reads(&world), [] as [&str; 0]);

    let world = with_provider();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let call = world.aws();
    call.make_oidc_provider("theirs.example.com");
    world.proxy.clear();
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!(plan["unmanaged"]["oidc_providers"], json!(1));
    let arn = format!("arn:aws:iam::{}:oidc-provider/{URL}", world.account);
    assert_eq!(
        reads(&world),
        [format!("iam GetOpenIDConnectProvider {arn}"), "iam ListOpenIDConnectProviders".to_owned()]
    );
    world.iamctl(&["unmanaged", "oidc-providers"]).expect(0).says(&["oidc_provider/theirs.example.com"]);
    world.iamctl(&["show", &format!("oidc_provider/{URL}")]).expect(0).says(&["sts.amazonaws.com"]);
}

#[test]
fn what_is_not_said_of_thumbprints_is_left_to_aws() {
    let world = with_provider();
    world.iamctl(&["apply", "--yes"]).expect(0);
    without(&world, "    thumbprints: [\"0123456789abcdef0123456789abcdef01234567\"]\n");
    world.iamctl(&["apply", "--yes"]).expect(0);
    let aws = world.aws();
    let arn = format!("arn:aws:iam::{}:oidc-provider/{URL}", world.account);
    let call = aws.iam.update_open_id_connect_provider_thumbprint().open_id_connect_provider_arn(arn);
    aws.wait(call.thumbprint_list("9".repeat(40)).send()).unwrap();
    world.expect_no_change();
    world.iamctl(&["drift"]).expect(0);
}

#[test]
fn a_client_id_that_somebody_took_away_is_not_given_back_unasked() {
    let world = with_provider();
    world.edit("    tags: {team: ci}\n", "");
    world.edit("client_ids: [sts.amazonaws.com]", "client_ids: [sts.amazonaws.com, theirs]");
    world.iamctl(&["apply", "--yes"]).expect(0);
    // The local AWS knows no call that takes one away; to AWS and to iamctl, the ARN is all that a provider is.
    world.aws().make_oidc_provider_again(URL, "0123456789abcdef0123456789abcdef01234567");
    world.iamctl(&["drift"]).expect(2).says(&["client ids"]);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["the removal of the client id sts.amazonaws.com"]);
    // The manifest follows.
    world.iamctl(&["import", "--update"]).expect(0).says(&[&format!("~ oidc_provider/{URL} client_ids")]);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}

#[test]
fn an_oidc_provider_whose_making_was_not_told_is_found() {
    let world = with_provider();
    world.proxy.inject(Fault::lose_reply().operation("CreateOpenIDConnectProvider").times(1));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.calls(|made: &Call| made.operation == "CreateOpenIDConnectProvider").len(), 1);
    world.expect_no_change();
}

#[test]
fn a_provider_is_taken_over_with_a_word_and_never_from_another_manifest() {
    let world = with_provider();
    world.aws().make_oidc_provider(URL);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["is there already and is not managed"]);
    world.edit(
        "  token.actions.githubusercontent.com:\n",
        "  token.actions.githubusercontent.com:\n    adopt: true\n",
    );
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();

    let text = world.read("desired-state.yaml");
    let (head, _) = text.split_once("\npolicies:\n").unwrap();
    let provider = PROVIDER.replace("    client_ids", "    adopt: true\n    client_ids");
    world.write("second.yaml", &format!("{}{provider}", head.replace("name: acme-prod", "name: second")));
    world
        .iamctl(&["apply", "--yes", "-f", "second.yaml"])
        .expect(4)
        .says(&["is managed by the manifest `acme-prod` of the same master copy"]);
}

#[test]
fn oidc_providers_are_imported_with_all_they_have() {
    let world = with_provider();
    world.iamctl(&["apply", "--yes"]).expect(0);
    std::fs::remove_file(world.path("desired-state.yaml")).unwrap();
    let names = ["--manifest-name", "legacy", "--bucket", "legacy-master-copy"];
    world.iamctl(&[&["import"][..], &names].concat()).expect(0).says(&["2 roles, 1 OIDC provider"]);
    let text = world.read("desired-state.yaml");
    let block = "  token.actions.githubusercontent.com:\n    adopt: true\n    client_ids: [sts.amazonaws.com]\n    \
                 thumbprints: [\"0123456789abcdef0123456789abcdef01234567\"]\n    tags: {team: ci}\n";
    assert!(text.contains(block), "{text}");
    assert!(text.contains("oidc: [token.actions.githubusercontent.com]"), "{text}");
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!((&plan["steps"], &plan["refusals"]), (&json!([]), &json!([])));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();

    world
        .iamctl(&["import", "--kind", "oidc-providers", "-f", "alone.yaml"])
        .expect(0)
        .says(&["1 OIDC provider"]);
    world.iamctl(&["validate", "-f", "alone.yaml"]).expect(0);
}
