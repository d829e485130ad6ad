//! Plans for comments on pull requests.

use iamctl_model::Plan;

use super::page::Page;

/// A plan, given its text: a headline, and the text in a fence that can be folded.
pub(crate) fn plan(plan: &Plan, page: &Page) -> String {
    let text = page.diff_text();
    // A fence that nothing in the text can close.
    let longest = text.lines().map(|line| line.trim_start().chars().take_while(|c| *c == '`').count()).max();
    let fence = "`".repeat(longest.unwrap_or(0).saturating_add(1).max(3));
    let verdict = match () {
        () if !plan.refusals.is_empty() => "refused",
        () if plan.is_empty() => "nothing to do",
        () => "changes",
    };
    let open = if plan.is_empty() { "" } else { " open" };
    format!(
        "### iamctl plan: {} in account {}: {verdict}\n\n<details{open}><summary>{} changes, {} calls to \
         IAM</summary>\n\n{fence}diff\n{text}{fence}\n\n</details>\n",
        plan.manifest,
        plan.account.id,
        plan.changes.len(),
        plan.steps.len(),
    )
}
