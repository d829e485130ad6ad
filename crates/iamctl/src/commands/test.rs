//! `test`: the manifest's `tests:`.

use clap::Args;
use iamctl_access::Checked;
use iamctl_spec::Manifest;
use serde_json::json;

use crate::asking::{Of, is_within_scp, tables, tell_limits};
use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::page::Ink;
use crate::render::{answer_json, diagnostics, tests};
use crate::terminal::Terminal;

/// Runs the manifest's `tests:`, without AWS
///
/// They are held against what the manifest defines; with `--live` or `--account` against what will be in the
/// account when it is applied, so that what is not managed counts as well. Exit code 3 when one fails.
#[derive(Debug, Args)]
pub(crate) struct Test {
    #[command(flatten)]
    of: Of,
}

pub(crate) async fn test(args: &Test, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let (manifest, access, of) = args.of.planned(global, terminal).await?;
    let checked: Vec<Checked> = manifest.desired.tests.iter().map(|test| access.check(test)).collect();
    let failed = checked.iter().any(|test| !test.is_passed());
    match global.format {
        Format::Json => {
            let mut json = json!({"format_version": answer_json::FORMAT_VERSION, "of": of,
                "account": access.account().id, "scp": is_within_scp(&access), "tables": tables(&access)});
            if let (Some(fields), serde_json::Value::Object(results)) =
                (json.as_object_mut(), tests::json(&checked, &manifest.sources))
            {
                fields.extend(results);
            }
            terminal.print_json(&json);
        }
        Format::Text | Format::Markdown | Format::Sarif => show(&manifest, &checked, terminal),
    }
    if !checked.is_empty() && global.format != Format::Json {
        tell_limits(&access, terminal);
    }
    Ok(if failed { Exit::Invalid } else { Exit::Done })
}

fn show(manifest: &Manifest, checked: &[Checked], terminal: Terminal) {
    complain(manifest, checked, terminal);
    let mut page = terminal.page();
    if terminal.verbose {
        for test in checked {
            let place = tests::place(test.span, &manifest.sources);
            let (ink, word) = if test.is_passed() { (Ink::Add, "passed ") } else { (Ink::Danger, "failed ") };
            page.words(0, 7, &[(ink, word), (Ink::Plain, &place)]);
        }
        page.gap();
    }
    let failed = checked.iter().any(|test| !test.is_passed());
    if checked.is_empty() {
        page.words(
            0,
            2,
            &[(Ink::Plain, "the manifest has no tests: docs/testing-access.md says how to write some")],
        );
    } else {
        let ink = if failed { Ink::Danger } else { Ink::Add };
        page.words(0, 2, &[(ink, tests::summary(checked))]);
    }
    terminal.print(&page);
}

/// Says at its place why each test fails that does.
pub(crate) fn complain(manifest: &Manifest, checked: &[Checked], terminal: Terminal) {
    let found = tests::findings(checked);
    if !found.is_empty() {
        terminal.complain(&diagnostics::text(&found, &manifest.sources, terminal.look()));
    }
}

/// Refuses to go on where a test fails.
pub(crate) fn refuse(checked: &[Checked], what: &str) -> Result<(), Failure> {
    if checked.iter().all(Checked::is_passed) {
        return Ok(());
    }
    Err(Failure::new(Exit::Invalid, format!("{what}: {}", tests::summary(checked)))
        .help("correct the manifest, or the test; `iamctl test` runs them alone"))
}
