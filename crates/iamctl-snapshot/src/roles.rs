//! The JSON of `aws iam list-roles`, which knows what `get-account-authorization-details` does not:
//! descriptions and session durations.

use iamctl_model::{Live, Observed, RoleDetails, RoleName, SessionDuration};
use serde::Deserialize;

use crate::{SnapshotError, all_pages_are_there, pages};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Roles {
    roles: Vec<Role>,
    #[serde(default)]
    is_truncated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    role_name: String,
    role_id: String,
    #[serde(default)]
    description: String,
    max_session_duration: Option<u32>,
}

/// Adds to a saved account what the JSON of `aws iam list-roles` says of its roles. A role that one of
/// the two does not have is left as it is: they were saved at different times.
///
/// # Errors
///
/// When the text is not that JSON, or not all of it.
pub fn add_role_details(live: &mut Live, text: &str) -> Result<(), SnapshotError> {
    let mut roles = Vec::new();
    let mut are_truncated = Vec::new();
    for page in pages(text)? {
        if page.get("Roles").is_none() {
            return Err(SnapshotError::NotRoles("that has `Roles`, and this has none".to_owned()));
        }
        let page: Roles =
            serde_json::from_value(page).map_err(|error| SnapshotError::NotRoles(error.to_string()))?;
        are_truncated.push(page.is_truncated);
        roles.extend(page.roles);
    }
    all_pages_are_there(&are_truncated)?;
    for role in roles {
        let wrong = |why: String| SnapshotError::Content { what: format!("role/{}", role.role_name), why };
        let name = RoleName::parse(&role.role_name).map_err(|error| wrong(error.to_string()))?;
        let Some(known) = live.roles.get_mut(&name).filter(|known| known.id.0 == role.role_id) else {
            continue;
        };
        let seconds = role.max_session_duration;
        let max_session_duration = match seconds {
            None => SessionDuration::DEFAULT,
            Some(seconds) => SessionDuration::from_secs(seconds)
                .ok_or_else(|| wrong(format!("a session duration of {seconds} seconds")))?,
        };
        known.details =
            Observed::Read(RoleDetails { description: role.description.clone(), max_session_duration });
    }
    Ok(())
}
