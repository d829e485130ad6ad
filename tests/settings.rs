//! Settings of the account: its alias and its password policy.

use fault_proxy::{Call, Fault};
use serde_json::json;

use crate::support::World;

const SETTINGS: &str = r#"
account_alias: acme-prod
password_policy:
  minimum_password_length: 14
  require_symbols: true
  max_password_age: 90
  hard_expiry: true
"#;

/// The founding case, which is applied, with settings beside it, which are not.
fn with_settings() -> World {
    let world = World::founded();
    append(&world, SETTINGS);
    world
}

fn append(world: &World, text: &str) {
    let manifest = world.read("desired-state.yaml");
    world.write("desired-state.yaml", &format!("{manifest}{text}"));
}

fn reads(world: &World) -> Vec<String> {
    let is_read =
        |call: &Call| ["ListAccountAliases", "GetAccountPasswordPolicy"].contains(&call.operation.as_str());
    let mut calls = world.calls(is_read);
    calls.sort();
    calls
}

fn sorted(mut calls: Vec<String>) -> Vec<String> {
    calls.sort();
    calls
}

#[test]
fn settings_are_set_as_a_whole_changed_and_deleted_only_where_none_is_written() {
    let world = with_settings();
    world.iamctl(&["validate"]).expect(0).says(&["1 account alias, 1 password policy"]);
    world.iamctl(&["plan"]).expect(0).says(&[
        "+ account_alias",
        "alias acme-prod",
        "+ password_policy",
        "minimum length 14",
        "expire after 90 days",
    ]);
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(
        sorted(world.iam_writes()),
        ["iam CreateAccountAlias acme-prod", "iam UpdateAccountPasswordPolicy "].map(str::trim_end)
    );
    assert_eq!(world.aws().aliases(), ["acme-prod"]);
    assert_eq!(
        world.aws().password_policy(),
        json!({"length": 14, "symbols": true, "numbers": false, "upper": false, "lower": false, "open": false,
               "age": 90, "reuse": 0, "hard": true})
    );
    world.expect_no_change();

    world.edit("account_alias: acme-prod", "account_alias: acme-production");
    world.edit("  max_password_age: 90\n  hard_expiry: true\n", "  require_numbers: true\n");
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0).says(&[
        "acme-prod -> acme-production",
        "the alias acme-prod is free for anybody afterwards",
        "expire after 90 days -> none",
        "passwords no longer expire",
    ]);
    for hazard in ["alias-freed", "password-policy-loosened"] {
        world.iamctl(&["apply", "--yes", "--deny", hazard]).expect(4);
    }
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.aws().aliases(), ["acme-production"]);
    // What was said before and is not any more is not kept.
    assert_eq!(
        world.aws().password_policy(),
        json!({"length": 14, "symbols": true, "numbers": true, "upper": false, "lower": false, "open": false,
               "age": 0, "reuse": 0, "hard": false})
    );
    world.expect_no_change();

    let text = world.read("desired-state.yaml");
    let (rest, _) = text.split_once("\naccount_alias").unwrap();
    world.write("desired-state.yaml", &format!("{rest}\naccount_alias: none\npassword_policy: none\n"));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0).says(&["- account_alias", "- password_policy"]);
    assert_eq!(
        sorted(world.iam_writes()),
        ["iam DeleteAccountAlias acme-production", "iam DeleteAccountPasswordPolicy"]
    );
    assert_eq!((world.aws().aliases(), world.aws().password_policy()), (Vec::new(), json!(null)));
    world.expect_no_change();
}

#[test]
fn settings_that_are_not_said_any_more_stay_and_are_not_read() {
    let world = with_settings();
    let text = world.read("desired-state.yaml").replace(SETTINGS, "");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0);
    assert_eq!(reads(&world), ["iam GetAccountPasswordPolicy", "iam ListAccountAliases"]);

    world.write("desired-state.yaml", &text);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0).says(&["account_alias", "password_policy"]);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    assert_eq!(world.aws().aliases(), ["acme-prod"]);
    world.proxy.clear();
    world.expect_no_change();
    assert_eq!(reads(&world), [] as [&str; 0]);

    world.iamctl(&["unmanaged", "password-policy"]).expect(0).says(&["password_policy"]);
    // Somebody else's by now: taken over with a word, and never deleted without.
    append(&world, "\npassword_policy: none\n");
    world
        .iamctl(&["apply", "--yes"])
        .expect(4)
        .says(&["`none` would delete the password policy", "is not managed by this manifest"]);
    assert_eq!(world.aws().password_policy()["length"], json!(14));
}

#[test]
fn a_password_policy_that_somebody_made_stricter_is_not_weakened_unasked() {
    let world = with_settings();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let aws = world.aws();
    let call = aws.iam.update_account_password_policy().minimum_password_length(20).require_symbols(true);
    aws.wait(call.max_password_age(30).hard_expiry(true).send()).unwrap();
    world.iamctl(&["drift"]).expect(2).says(&["minimum length 20 -> 14", "expire after 30 days -> 90 days"]);
    world.iamctl(&["apply", "--yes"]).expect(4).says(&["a stricter minimum_password_length", "widen-drift"]);
    assert_eq!(world.aws().password_policy()["length"], json!(20));
    world.iamctl(&["show", "password_policy"]).expect(0).says(&["20", "14"]);
    // The manifest follows.
    world.iamctl(&["import", "--update"]).expect(0).says(&["password_policy"]);
    let text = world.read("desired-state.yaml");
    assert!(
        text.contains("  minimum_password_length: 20\n") && text.contains("  max_password_age: 30\n"),
        "{text}"
    );
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}

#[test]
fn an_alias_that_somebody_changed_can_be_taken_over_into_the_manifest() {
    let world = with_settings();
    world.iamctl(&["apply", "--yes"]).expect(0);
    let aws = world.aws();
    aws.wait(aws.iam.create_account_alias().account_alias("acme-by-hand").send()).unwrap();
    world.iamctl(&["drift"]).expect(2).says(&["acme-by-hand -> acme-prod"]);
    world.iamctl(&["import", "--update"]).expect(0);
    assert!(world.read("desired-state.yaml").contains("account_alias: acme-by-hand\n"));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.aws().aliases(), ["acme-by-hand"]);
    world.expect_no_change();
}

#[test]
fn an_alias_whose_making_was_not_told_is_found_and_one_of_others_is_told_well() {
    let world = with_settings();
    world.proxy.inject(Fault::lose_reply().operation("CreateAccountAlias").times(1));
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.calls(|call: &Call| call.operation == "CreateAccountAlias").len(), 1);
    world.expect_no_change();

    world.edit("account_alias: acme-prod", "account_alias: taken");
    let fault = Fault::error(409, "EntityAlreadyExists", "The account alias taken already exists.");
    world.proxy.inject(fault.operation("CreateAccountAlias"));
    world
        .iamctl(&["apply", "--yes"])
        .expect(1)
        .says(&["another account of AWS has the alias taken, and no two have the same: choose another one"]);
    assert_eq!(world.aws().aliases(), ["acme-prod"]);
    // It is still ours, as it was.
    world.edit("account_alias: taken", "account_alias: acme-prod");
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.expect_no_change();
}

#[test]
fn settings_are_imported_with_all_they_say() {
    let world = with_settings();
    world.iamctl(&["apply", "--yes"]).expect(0);
    std::fs::remove_file(world.path("desired-state.yaml")).unwrap();
    let names = ["--manifest-name", "legacy", "--bucket", "legacy-master-copy"];
    world.iamctl(&[&["import"][..], &names].concat()).expect(0).says(&["1 account alias, 1 password policy"]);
    let text = world.read("desired-state.yaml");
    let blocks = "\naccount_alias:\n  adopt: true\n  name: acme-prod\n\npassword_policy:\n  adopt: true\n  \
                  minimum_password_length: 14\n  require_symbols: true\n  max_password_age: 90\n  hard_expiry: true\n";
    assert!(text.ends_with(blocks), "{text}");
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0).json();
    assert_eq!((&plan["steps"], &plan["refusals"]), (&json!([]), &json!([])));
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [] as [&str; 0]);
    world.expect_no_change();
}
