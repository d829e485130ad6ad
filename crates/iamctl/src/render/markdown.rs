//! Plans for comments on pull requests.

use iamctl_model::Plan;

use super::names::counted;
use super::page::Page;

/// A plan, or what of it is drift, given its text: a headline, what becomes of access, and the text in a fence that
/// can be folded.
pub(crate) fn plan(plan: &Plan, only_drift: bool, access: &Page, page: &Page) -> String {
    let access = access.diff_text();
    let fenced = |text: &str| {
        let fence = fence(text);
        format!("{fence}diff\n{text}{fence}\n\n")
    };
    let access = if access.is_empty() { String::new() } else { fenced(&format!("{}\n", access.trim_end())) };
    let text = page.diff_text();
    let fence = fence(&text);
    let (command, verdict) = match () {
        () if only_drift && plan.is_empty() => ("drift", "nothing drifted"),
        () if only_drift && !plan.refusals.is_empty() => {
            ("drift", "drifted, and not all of it can be put back")
        }
        () if only_drift => ("drift", "drifted"),
        () if !plan.refusals.is_empty() => ("plan", "refused"),
        () if plan.is_empty() => ("plan", "nothing to do"),
        () => ("plan", "changes"),
    };
    let open = if plan.is_empty() { "" } else { " open" };
    let summary = match only_drift {
        true => counted(plan.changes.len(), "thing", "things") + " drifted",
        false => format!(
            "{}, {} to IAM",
            counted(plan.changes.len(), "change", "changes"),
            counted(plan.steps.len(), "call", "calls")
        ),
    };
    format!(
        "### iamctl {command}: {} in account {}: {verdict}\n\n{access}<details{open}><summary>{summary}</summary>\n\n\
         {fence}diff\n{text}{fence}\n\n</details>\n",
        plan.manifest, plan.account.id,
    )
}

/// Why tests fail, given that as text.
pub(crate) fn failed_tests(summary: &str, text: &str) -> String {
    let fence = fence(text);
    format!("### {summary}\n\n{fence}\n{text}{fence}\n")
}

/// A fence that nothing in a text can close.
fn fence(text: &str) -> String {
    let longest = text.lines().map(|line| line.trim_start().chars().take_while(|c| *c == '`').count()).max();
    "`".repeat(longest.unwrap_or(0).saturating_add(1).max(3))
}
