//! The statement-level difference between two documents.

use iamctl_policy::{Document, StatementDiff, compare};

fn document(statements: &[&str]) -> Document {
    Document::from_stored(&format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")))
}

/// One line per statement that is not the same.
fn difference(before: &[&str], after: &[&str]) -> Vec<String> {
    let diff = compare(&document(before), &document(after));
    let lines = diff.statements.iter().filter_map(|statement| match statement {
        StatementDiff::Same { .. } => None,
        StatementDiff::Added { after } => Some(format!("+{after}")),
        StatementDiff::Removed { before } => Some(format!("-{before}")),
        StatementDiff::Changed { before, after, elements } => {
            let elements: Vec<_> = elements
                .iter()
                .map(|e| format!("{} -{:?} +{:?} ={}", e.element, e.removed, e.added, e.kept))
                .collect();
            Some(format!("{before}~{after}: {}", elements.join("; ")))
        }
    });
    lines.collect()
}

const READ: &str =
    r#"{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","s3:GetBucketLocation"],"Resource":"*"}"#;
const EC2: &str = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
const DENY: &str = r#"{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}"#;

#[test]
fn reordered_statements_are_the_same() {
    assert_eq!(difference(&[READ, EC2, DENY], &[DENY, READ, EC2]), Vec::<String>::new());
    assert!(compare(&document(&[READ, EC2]), &document(&[EC2, READ])).is_empty());
}

#[test]
fn one_action_added_in_a_statement_that_also_moved() {
    let more = r#"{"Effect":"Allow","Action":["s3:GetBucketLocation","s3:GetObject","s3:ListBucket","s3:PutObject"],"Resource":"*"}"#;
    assert_eq!(
        difference(&[READ, EC2, DENY], &[DENY, EC2, more]),
        [r#"0~2: Action -[] +["s3:PutObject"] =3"#]
    );
}

#[test]
fn strangers_are_not_paired_and_removed_ones_stand_where_they_were() {
    assert_eq!(difference(&[DENY, READ], &[READ, EC2]), ["-0", "+1"]);
    assert_eq!(difference(&[EC2], &[DENY]), ["-0", "+0"]);
}

#[test]
fn a_sid_pairs_statements_however_much_they_changed() {
    let before = r#"{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    let after = r#"{"Sid":"A","Effect":"Deny","Action":"ec2:*","Resource":"x"}"#;
    assert_eq!(
        difference(&[before], &[after]),
        [r#"0~0: Effect -["Allow"] +["Deny"] =0; Action -["s3:*"] +["ec2:*"] =0; Resource -["*"] +["x"] =0"#]
    );
}

#[test]
fn a_condition_that_is_added_is_one_element() {
    let with = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
    assert_eq!(
        difference(&[EC2], &[with]),
        [r#"0~0: Condition Bool aws:MultiFactorAuthPresent -[] +["true"] =0"#]
    );
}

#[test]
fn a_version_that_changes_is_said() {
    let old = Document::from_stored(r#"{"Version":"2008-10-17","Statement":[]}"#);
    let new = Document::from_stored(r#"{"Version":"2012-10-17","Statement":[]}"#);
    let diff = compare(&old, &new);
    assert!(!diff.is_empty());
    assert_eq!(diff.version, Some((Some("2008-10-17".into()), Some("2012-10-17".into()))));
}
