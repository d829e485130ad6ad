//! `docs/findings.md` lists the checks as they are. `UPDATE_DOCS=1` writes its lists anew.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "a test reads and writes the page that it is about")]

use std::fmt::Write as _;
use std::path::Path;

use iamctl_lint::{CHECKS, Check, FindingType, Kind, NOT_CHECKED, Origin};

fn kinds(check: &Check) -> String {
    match check.kinds.len() == Kind::ALL.len() {
        true => "all".to_owned(),
        false => check.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", "),
    }
}

fn table(is_meant: impl Fn(&Check) -> bool) -> String {
    let mut text = "| code | kinds | what is wrong |\n| --- | --- | --- |\n".to_owned();
    for check in CHECKS.iter().filter(|check| is_meant(check)) {
        writeln!(text, "| `{}` | {} | {} |", check.code, kinds(check), check.says).unwrap();
    }
    text
}

fn lists() -> Vec<(&'static str, String)> {
    let of =
        |finding_type| table(move |check| check.origin == Origin::Aws && check.finding_type == finding_type);
    let mut ours = "| code | type | kinds | what is wrong |\n| --- | --- | --- | --- |\n".to_owned();
    for check in CHECKS.iter().filter(|check| check.origin == Origin::Ours) {
        let Check { code, finding_type, says, .. } = check;
        writeln!(ours, "| `{code}` | {finding_type} | {} | {says} |", kinds(check)).unwrap();
    }
    let mut not = "| code | why |\n| --- | --- |\n".to_owned();
    NOT_CHECKED.iter().for_each(|one| writeln!(not, "| `{}` | {} |", one.code, one.why).unwrap());
    vec![
        ("errors", of(FindingType::Error)),
        ("security warnings", of(FindingType::SecurityWarning)),
        ("warnings", of(FindingType::Warning)),
        ("suggestions", of(FindingType::Suggestion)),
        ("ours", ours),
        ("not checked", not),
    ]
}

#[test]
fn the_page_lists_the_checks_as_they_are() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let mut made = page.clone();
    for (name, list) in lists() {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let (before, rest) = made.split_once(&begin).unwrap_or_else(|| panic!("no place for {name}"));
        let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("no end of {name}"));
        made = format!("{before}{begin}{list}{end}{after}");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, &made).unwrap();
    } else {
        assert!(page == made, "docs/findings.md is old: run the test with UPDATE_DOCS=1");
    }
    let aws = CHECKS.iter().filter(|check| check.origin == Origin::Aws).count();
    let sentence = format!("{aws} of AWS's checks are made");
    assert!(page.contains(&sentence), "the page does not say: {sentence}");
}
