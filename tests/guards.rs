//! What keeps a run from starting, each with its exit code, and with nothing changed.

use std::os::unix::fs::PermissionsExt;

use crate::support::World;

#[test]
fn without_an_account_in_the_manifest_nothing_is_applied_unasked() {
    let world = World::new();
    let line = format!("account: \"{}\"\n", world.account);
    world.edit(&line, "");

    world.iamctl(&["apply", "--yes"]).expect(4).says(&[
        "the manifest names no account",
        line.trim_end(),
        "`--allow any-account`",
    ]);
    assert_eq!(world.writes(), [""; 0]);

    world.iamctl(&["apply", "--yes", "--allow", "any-account"]).expect(0);
    world.expect_no_change();
}

#[test]
fn another_account_than_the_manifests_is_refused_after_one_request() {
    let world = World::new();
    world.edit(&format!("account: \"{}\"", world.account), "account: \"999999999999\"");

    for verb in [&["plan"][..], &["apply", "--yes"], &["runs", "list"], &["unlock"]] {
        world.proxy.clear();
        world.iamctl(verb).expect(4).says(&[
            "the manifest is for account 999999999999",
            &format!("these credentials are for account {}", world.account),
            "sign in to the right account",
        ]);
        assert_eq!(world.calls(|_| true), ["sts GetCallerIdentity"]);
    }
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_applied() {
    let world = World::new();
    world.iamctl(&["apply"]).expect(6).says(&["there is no terminal to ask at", "pass `--yes`"]);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn at_a_terminal_only_yes_goes_on() {
    let world = World::new();
    let question = format!("Apply this to account {}", world.account);
    // The last one is the end of input, Ctrl-D.
    for answer in ["no\n", "\n", "y\n", "\u{4}"] {
        let mut terminal = world.at_terminal(&["apply"]);
        terminal.wait_for(&question);
        terminal.type_in(answer);
        terminal.finish().expect(6).says(&["nothing was changed"]);
        assert_eq!(world.writes(), [""; 0], "{answer:?}");
    }
    let mut terminal = world.at_terminal(&["apply"]);
    terminal.wait_for(&question);
    terminal.type_in("yes\n");
    terminal.finish().expect(0).says(&["Done: 8 calls."]);
    world.expect_no_change();
}

#[test]
fn a_manifest_with_mistakes_reaches_nobody_and_all_mistakes_are_told_with_their_places() {
    let world = World::new();
    world.edit("[alice, bob, carol]", "[alice, bob, dave]");
    world.edit("policies: [s3-read-ec2-full, deny-user-creation]", "policies: [s3-read-ec2-ful]");
    world.edit("Effect: Deny", "Effect: Forbid");

    for verb in [&["validate"][..], &["plan"], &["apply", "--yes"], &["runs", "list"], &["drift"]] {
        world.iamctl(verb).expect(3).says(&[
            "desired-state.yaml:",
            "`dave`",
            "`s3-read-ec2-ful`",
            "did you mean `s3-read-ec2-full`?",
            "Forbid",
        ]);
    }
    let found = world.iamctl(&["validate", "--format", "json"]).expect(3).json();
    let found = found["diagnostics"].as_array().unwrap().clone();
    assert!(found.len() >= 3, "{found:#?}");
    let places = found.iter().all(|one| one["file"] == "desired-state.yaml" && one["line"].is_u64());
    assert!(places, "{found:#?}");
    world.iamctl(&["plan", "-f", "not-there.yaml"]).expect(3).says(&["not-there.yaml", "iamctl init"]);
    world.iamctl(&["plan", "-f", "home"]).expect(3).says(&["home"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn what_is_no_manifest_at_all_reaches_nobody_either() {
    let world = World::new();
    let brackets = "[".repeat(20_000);
    let bomb =
        "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\n".to_owned() + &"d: [*c, *c]\n".repeat(99);
    for text in
        ["", "\u{0}\u{1}\u{2}", "- a\n- b\n", "42", "version: 1\nversion: 1\n", "a: b: c", &brackets, &bomb]
    {
        world.write("desired-state.yaml", text);
        for verb in [&["validate"][..], &["plan"], &["apply", "--yes"]] {
            world.iamctl(verb).expect(3).says(&["error"]);
        }
    }
    std::fs::write(world.path("desired-state.yaml"), [0xff, 0xfe, 0x00, 0x80]).unwrap();
    world.iamctl(&["apply", "--yes"]).expect(3).says(&["error"]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn a_saved_plan_is_applied_exactly_and_without_a_question() {
    let world = World::new();
    world.iamctl(&["plan", "--out", "saved.json"]).expect(0);
    let saved: serde_json::Value = serde_json::from_str(&world.read("saved.json")).unwrap();
    let mode = world.path("saved.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds policy texts of the account");
    world.proxy.clear();

    world.iamctl(&["apply", "--plan", "saved.json"]).expect(0);

    let steps = saved["plan"]["steps"].as_array().unwrap();
    let mut planned: Vec<String> =
        steps.iter().map(|step| step["call"].as_str().unwrap().to_owned()).collect();
    let writes = world.iam_writes();
    let mut made: Vec<String> =
        writes.iter().map(|call| call.split(' ').nth(1).unwrap().to_owned()).collect();
    planned.sort();
    made.sort();
    assert_eq!(made, planned);
    world.expect_no_change();
}

#[test]
fn a_saved_plan_that_the_account_or_the_manifest_has_left_behind_is_refused() {
    let world = World::new();
    world.iamctl(&["plan", "--out", "saved.json"]).expect(0);

    let manifest = world.read("desired-state.yaml");
    world.edit("  carol: {}", "  carol: {tags: {team: data}}");
    world.iamctl(&["apply", "--plan", "saved.json"]).expect(4).says(&["the saved plan is stale"]);
    // Even if nothing but the text of the manifest is another one: that text is what would be stored.
    world.write("desired-state.yaml", &format!("{manifest}# a remark\n"));
    world.iamctl(&["apply", "--plan", "saved.json"]).expect(4).says(&["the saved plan is stale"]);
    assert_eq!(world.writes(), [""; 0]);

    world.write("desired-state.yaml", &manifest);
    world.iamctl(&["apply", "--plan", "saved.json"]).expect(0);
    world.proxy.clear();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    world.iamctl(&["plan", "--out", "saved.json"]).expect(0);
    world.aws().create_user("dave");
    // What is there now would have to be adopted: that is said, and the plan is another one.
    world.iamctl(&["apply", "--plan", "saved.json"]).expect(4);
    world.aws().delete_user("dave");
    world.aws().delete_user("carol");
    let stale = world.iamctl(&["apply", "--plan", "saved.json"]).expect(4);
    stale.says(&["the saved plan is stale", "look at a new plan"]);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_file_that_is_no_saved_plan_is_said_to_be_none() {
    let world = World::new();
    world.write("saved.json", "{}");
    world
        .iamctl(&["apply", "--plan", "saved.json"])
        .expect(1)
        .says(&["cannot read the saved plan saved.json"]);
    world.iamctl(&["apply", "--plan", "not-there.json"]).expect(1).says(&["cannot read the saved plan"]);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn what_changes_between_the_question_and_the_answer_makes_the_plan_stale() {
    let world = World::founded();
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    let mut terminal = world.at_terminal(&["apply"]);
    terminal.wait_for("Only `yes` goes on");
    world.aws().delete_user("bob");
    terminal.type_in("yes\n");

    terminal.finish().expect(4).says(&["the plan is stale", "look at a new plan"]);

    assert_eq!(world.iam_writes(), [""; 0]);
    assert_eq!(world.lock_holder(), None);
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    let world = World::new();
    for arguments in [
        &[][..],
        &["--frobnicate"],
        &["frobnicate"],
        &["plan", "--format", "yaml"],
        &["apply", "--allow", "adopt"],
        &["apply", "--allow", "nonsense"],
        &["runs", "show", "yesterday"],
        &["plan", "--var", "no-value"],
        &["plan", "-q", "-v"],
    ] {
        let finished = world.iamctl(arguments).expect(64);
        assert!(finished.out.is_empty() && !finished.err.is_empty(), "{arguments:?}: {finished:?}");
    }
    world.iamctl(&["--help"]).expect(0).says(&["Shows what would change in the account", "--endpoint-url"]);
    world.iamctl(&["apply", "--help"]).expect(0).says(&["Asks no question"]);
    world.iamctl(&["--version"]).expect(0).says(&[concat!("iamctl ", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn a_saved_plan_says_which_guard_it_was_made_with_and_consents_to_nothing_itself() {
    let world = World::founded();
    world.manage("users: {}\n");
    let saved = ["plan", "--out", "saved.json", "--allow", "mass-delete"];
    world.iamctl(&saved).expect(0);
    let apply = ["apply", "--plan", "saved.json"];
    world.iamctl(&apply).expect(4).says(&["the saved plan was made with `--allow mass-delete`"]);
    assert_eq!(world.writes(), [""; 0]);
    world.iamctl(&[&apply[..], &["--allow", "mass-delete"]].concat()).expect(0);
    world.expect_no_change();
}
