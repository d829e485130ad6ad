//! Questions as data: each file of `cases/` is a manifest whose tests are asked one by one, and beside it stand
//! the answers. `UPDATE_CASES=1` writes them anew: look at the difference.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![expect(clippy::disallowed_methods, reason = "tests read their cases from files")]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{access_of, explained, live_of, manifest, sentence};
use iamctl_access::{Access, On, Question, Who};
use iamctl_model::{AccessTest, Address, TestPrincipalKind};
use iamctl_policy::eval::Action;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    cases
}

/// Every question of a test, with its answer.
fn answers(access: &Access, test: &AccessTest, out: &mut String) {
    for principal in &test.principals {
        let (name, who) = match &principal.who {
            TestPrincipalKind::Managed(identity) => (identity.to_string(), Who::Identity(identity.clone())),
            TestPrincipalKind::Arn(text) | TestPrincipalKind::Service(text) => {
                (text.clone(), access.who(text).unwrap())
            }
        };
        for action in &test.actions {
            let action = Action::parse(&action.text).unwrap();
            let resources: Vec<(String, On)> = match test.resources.as_slice() {
                [] => vec![("".to_owned(), On::Anything)],
                named => named
                    .iter()
                    .map(|one| {
                        let text = one.address.as_ref().map_or_else(|| one.arn.clone(), Address::to_string);
                        let on = access.on(&text).unwrap();
                        (format!(" on {text}"), on)
                    })
                    .collect(),
            };
            for (on_text, on) in &resources {
                let question = Question { who: &who, action: &action, on, with: &test.context };
                let answer = access.ask(&question);
                let with = common::with(&test.context);
                writeln!(out, "{name} {}{on_text}{with}\n  {}", action.as_str(), sentence(&answer)).unwrap();
                out.push_str(&explained(&answer));
            }
        }
    }
}

#[test]
fn every_question_has_the_answer_that_stands_beside_it() {
    let mut wrong = Vec::new();
    assert!(cases().len() > 5);
    for case in cases() {
        let text = std::fs::read_to_string(&case).unwrap();
        let (manifest_text, live) = text.split_once("\n--- # live\n").unwrap_or((&text, ""));
        let manifest = manifest(manifest_text);
        let live = (!live.is_empty()).then(|| live_of(live));
        let access = access_of(&manifest, live.as_ref());
        let mut found = String::new();
        for test in &manifest.desired.tests {
            answers(&access, test, &mut found);
        }
        let beside = case.with_extension("expected");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&beside, &found).unwrap();
        } else if std::fs::read_to_string(&beside).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
