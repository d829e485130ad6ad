//! Pipes, terminals and colours.

use std::process::Stdio;

use crate::support::{Terminal, World, starting};

const ESCAPE: char = '\u{1b}';

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let world = World::new();
    for arguments in [
        &["plan"][..],
        &["plan", "--format", "json"],
        &["plan", "--format", "markdown"],
        &["completions", "bash"],
        &["schema"],
        &["--help"],
    ] {
        let mut command = world.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Closed before a word was written: every write fails.
        drop(child.stdout.take());
        let finished = starting(child).finish().expect(0);
        assert!(!finished.err.contains("Broken pipe"), "{arguments:?}: {}", finished.err);
    }
}

#[test]
fn nobody_left_to_read_the_errors_is_no_reason_to_panic() {
    let world = World::new();
    world.edit("[alice, bob, carol]", "[alice, bob, dave]");
    let mut command = world.command(&["plan"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    starting(child).finish().expect(3);
}

#[test]
fn into_a_pipe_goes_no_colour_unless_it_is_asked_for() {
    let world = World::new();
    let coloured = |arguments: &[&str]| {
        let finished = world.iamctl(arguments);
        (finished.out.contains(ESCAPE), finished.err.contains(ESCAPE))
    };
    assert_eq!(coloured(&["plan"]), (false, false));
    assert_eq!(coloured(&["plan", "--color", "never"]), (false, false));
    assert_eq!(coloured(&["plan", "--color", "always"]), (true, true));
    assert_eq!(coloured(&["plan", "--color", "always", "--format", "json"]), (false, true));
    assert_eq!(coloured(&["apply"]), (false, false));
    assert_eq!(coloured(&["plan", "-f", "not-there.yaml", "--color", "always"]), (false, true));
    assert_eq!(coloured(&["apply", "--yes"]), (false, false));
    assert_eq!(coloured(&["runs", "show"]), (false, false));
}

#[test]
fn a_terminal_gets_colours_unless_it_is_asked_not_to() {
    let world = World::new();
    let screen = |arguments: &[&str]| world.at_terminal(arguments).finish().expect(0).out;
    let plan = screen(&["plan"]);
    assert!(plan.contains(ESCAPE) && plan.contains("user/alice"), "{plan:?}");
    assert!(!screen(&["plan", "--color", "never"]).contains(ESCAPE));

    let mut command = world.command(&["plan"]);
    command.env("NO_COLOR", "1");
    let plain = Terminal::start(command).finish().expect(0).out;
    assert!(!plain.contains(ESCAPE), "{plain:?}");
}

#[test]
fn no_line_is_wider_than_the_terminal_unless_it_is_one_word() {
    let world = World::founded();
    world.let_carol_go();
    world.edit(
        "description: Engineers at work",
        "description: Engineers who are at work, whichever work that is",
    );
    world.edit(
        r#"["s3:Get*", "s3:List*"]"#,
        r#"["s3:Get*", "s3:List*", "s3:DescribeMultiRegionAccessPointOperation"]"#,
    );
    for columns in [60, 100, 160] {
        for arguments in [&["plan", "--color", "never"][..], &["runs", "show", "--color", "never"]] {
            let screen = Terminal::of_width(world.command(arguments), columns).finish();
            // A word is never broken: somebody may want to copy it.
            let is_fine =
                |line: &&str| line.chars().count() <= usize::from(columns) || !line.trim().contains(' ');
            let lines: Vec<&str> = screen.out.lines().map(str::trim_end).collect();
            assert!(lines.len() > 5, "{}", screen.out);
            let wide: Vec<&&str> = lines.iter().filter(|line| !is_fine(line)).collect();
            assert!(wide.is_empty(), "{columns}: {wide:#?}");
        }
    }
}

#[test]
fn progress_is_drawn_on_a_terminal_and_told_in_lines_elsewhere() {
    let world = World::new();
    let lines = world.iamctl(&["apply", "--yes"]).expect(0);
    let steps = lines.err.lines().filter(|line| line.starts_with('[') && line.ends_with(": done"));
    assert_eq!(steps.count(), 8, "{}", lines.err);
    assert!(!lines.err.contains('\r'));

    let world = World::new();
    let screen = world.at_terminal(&["apply", "--yes"]).finish().expect(0).out;
    assert!(!screen.contains("[8/8]"), "{screen:?}");
    assert!(screen.contains("Done: 8 calls."), "{screen:?}");
}

#[test]
fn results_go_to_standard_output_and_everything_else_to_standard_error() {
    let world = World::new();
    let plan = world.iamctl(&["plan", "--format", "json"]).expect(0);
    plan.json();
    assert!(plan.err.contains("not to AWS"), "an endpoint of one's own is worth a word: {}", plan.err);
    let quiet = world.iamctl(&["plan", "--quiet"]).expect(0);
    assert_eq!(quiet.err, "");
    assert!(quiet.out.contains("7 to create"));
    let report = world.iamctl(&["apply", "--yes", "--format", "json", "-q"]).expect(0);
    assert_eq!((report.json()["result"].as_str(), report.err.as_str()), (Some("succeeded"), ""));
    world
        .iamctl(&["plan", "--format", "markdown"])
        .expect(0)
        .says(&["### iamctl plan: acme-prod", "```diff"]);
}
