//! The JSON form of a plan: a contract with programs. Fields are added, never changed or removed,
//! without a new `format_version`.

use iamctl_access::AccessChange;
use iamctl_model::{ChangeAction, Plan};
use serde_json::{Map, Value, json};

use super::access_json;

/// The version of the format.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// The plan as JSON.
pub(crate) fn plan(plan: &Plan, access: Option<&AccessChange>) -> Value {
    let mut summary: Map<String, Value> = ChangeAction::ALL
        .into_iter()
        .map(|action| (action.as_str().to_owned(), json!(plan.count(action))))
        .collect();
    summary.insert("unmanaged".to_owned(), json!(plan.unmanaged.values().sum::<usize>()));
    json!({
        "format_version": FORMAT_VERSION,
        "account": plan.account.id,
        "partition": plan.account.partition,
        "manifest": plan.manifest,
        "summary": summary,
        "changes": plan.changes,
        "steps": plan.steps,
        // What drifted is told without it.
        "access": access.map(access_json::access),
        "hazards": plan.hazards,
        "refusals": plan.refusals,
        "notes": plan.notes,
        "unmanaged": plan.unmanaged,
    })
}
