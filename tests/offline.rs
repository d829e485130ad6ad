//! What needs no AWS, and what is asked of it only once.

use std::process::Command;

use crate::support::{World, run};

#[test]
fn a_first_manifest_is_valid_names_the_account_and_is_never_written_over_anything() {
    let world = World::new();
    let mine = world.read("desired-state.yaml");
    world
        .iamctl(&["init"])
        .expect(1)
        .says(&["`desired-state.yaml` is there already, and is not overwritten"]);
    assert_eq!(world.read("desired-state.yaml"), mine);

    world.iamctl(&["init", "-f", "first.yaml"]).expect(0).says(&["Wrote first.yaml.", "iamctl validate"]);
    let first = world.read("first.yaml");
    assert!(first.contains(&format!("account: \"{}\"", world.account)), "{first}");
    world.iamctl(&["validate", "-f", "first.yaml"]).expect(0).says(&["valid: first.yaml"]);
    world.iamctl(&["apply", "--yes", "-f", "first.yaml"]).expect(0);
    world.iamctl(&["plan", "--detailed-exitcode", "-f", "first.yaml"]).expect(0);
    world.iamctl(&["init", "-f", "first.yaml"]).expect(1);
    assert_eq!(world.read("first.yaml"), first);
}

#[test]
fn a_first_manifest_can_be_had_without_being_signed_in() {
    let world = World::new();
    let mut command = world.command(&["init", "-f", "first.yaml", "--bucket", "my-own-bucket"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    run(command).expect(0).says(&["AWS could not be asked for the account"]);
    assert!(world.read("first.yaml").contains("my-own-bucket"));
    world.iamctl(&["validate", "-f", "first.yaml"]).expect(0);
}

#[test]
fn the_schema_is_the_one_in_the_documentation() {
    let world = World::new();
    let schema = world.iamctl(&["schema"]).expect(0);
    let documented = include_str!("../docs/schema/desired-state.schema.json");
    let documented: serde_json::Value = serde_json::from_str(documented).unwrap();
    assert_eq!(schema.json(), documented);
}

#[test]
fn completions_are_scripts_that_their_shell_accepts() {
    let world = World::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = world.iamctl(&["completions", shell]).expect(0).out;
        assert!(script.contains("iamctl") && script.contains("unlock"), "{shell}");
    }
    world.write("completions.bash", &world.iamctl(&["completions", "bash"]).expect(0).out);
    let mut bash = Command::new("bash");
    bash.arg("-n").arg(world.path("completions.bash"));
    // A machine without bash has nobody to complain to.
    if let Ok(checked) = bash.output() {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn a_saved_account_is_planned_against_without_a_request() {
    let world = World::founded();
    world.iamctl(&["plan", "--save-live", "live.json"]).expect(0);
    world.proxy.clear();

    let offline = ["plan", "--live", "live.json", "--detailed-exitcode"];
    world.iamctl(&offline).expect(0).says(&["Nothing to do"]);
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");
    world.iamctl(&offline).expect(2).says(&["+ user/dave", "the master copy was not read"]);
    world.edit("  carol: {}", "  carol: {}\n  mistake");
    world.iamctl(&offline).expect(3);
    assert_eq!(world.calls(|_| true), [""; 0]);
}

#[test]
fn the_record_says_from_which_commit_it_was_run_and_whether_it_was_clean() {
    let world = World::new();
    git(&world, &["init", "-q"]);
    git(&world, &["add", "desired-state.yaml"]);
    git(&world, &["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "First"]);
    let commit = git(&world, &["rev-parse", "HEAD"]);
    world.edit("  carol: {}", "  carol: {}\n  dave: {}");

    world.iamctl(&["apply", "--yes"]).expect(0);

    let shown = world.iamctl(&["runs", "show", "--format", "json"]).expect(0).json();
    assert_eq!(shown["opened"]["git"]["commit"], commit.trim());
    assert_eq!(shown["opened"]["git"]["dirty"], true);
    world.iamctl(&["runs", "show"]).expect(0).says(&[commit.trim(), "with uncommitted changes"]);
}

#[test]
fn values_of_variables_are_not_in_the_lock_nor_in_the_commands_of_runs() {
    let world = World::new();
    world.manage("variables: {desk: \"1\"}\nusers:\n  erin: {tags: {desk: \"${desk}\"}}\n");
    world.iamctl(&["apply", "--yes", "--var", "desk=seventh", "--var=desk=eighth"]).expect(0);

    let listed = world.iamctl(&["runs", "list", "--format", "json"]).expect(0).json();
    let commands = &listed["runs"][0]["command"];
    assert_eq!(commands, "iamctl apply --yes --var desk=… --var=desk=…");
}

fn git(world: &World, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(world.path("")).env("HOME", world.path("home"));
    let output =
        command.env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap_or_else(|error| panic!("git: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
