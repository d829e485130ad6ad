//! Reads the policies of an organisation from a file of JSON.

use std::path::Path;

use iamctl_model::{AccountId, Organization, OrganizationPolicy};
use iamctl_policy::eval::{Policy, PolicyKind};
use iamctl_policy::{Document, why_not_read};
use iamctl_spec::MAX_FILE_BYTES;
use serde::Deserialize;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::read_anywhere;

// Read strictly: a key that is misspelled and left out could hold what denies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    management_account: Option<String>,
    #[serde(default)]
    scp: Vec<Vec<Value>>,
    #[serde(default)]
    rcp: Vec<Vec<Value>>,
}

/// Reads the file. Documents are told apart by the numbers of their level and of their place in it.
pub(crate) fn read(path: &Path) -> Result<Organization, Failure> {
    let failed =
        || Failure::new(Exit::Failed, format!("cannot read the organisation's policies {}", path.display()));
    let text = read_anywhere(path, MAX_FILE_BYTES).map_err(|error| failed().help(error.to_string()))?;
    let file: File = serde_json::from_str(&text).map_err(|error| {
        failed()
            .cause(why_not_read(&error, text.as_bytes()))
            .help(r#"the file holds {"scp": [[DOCUMENT, …], …], "rcp": [[DOCUMENT, …], …]}"#)
    })?;
    let management_account = match file.management_account.as_deref().map(AccountId::parse).transpose() {
        Ok(account) => account,
        Err(error) => return Err(failed().cause(error)),
    };
    let scp = levels("scp", file.scp, PolicyKind::Principal).map_err(|why| failed().help(why))?;
    let rcp = levels("rcp", file.rcp, PolicyKind::ResourceControl).map_err(|why| failed().help(why))?;
    Ok(Organization { id: file.id, management_account, scp, rcp })
}

fn levels(
    what: &str,
    levels: Vec<Vec<Value>>,
    kind: PolicyKind,
) -> Result<Vec<Vec<OrganizationPolicy>>, String> {
    let mut all = Vec::new();
    for (level, documents) in (1_usize..).zip(levels) {
        let mut policies = Vec::new();
        for (number, document) in (1_usize..).zip(documents) {
            let name = format!("{number} of level {level}");
            policies.push(policy(name, &document, kind).map_err(|why| {
                format!("policy {number} of level {level} of `{what}` cannot be evaluated: {why}")
            })?);
        }
        all.push(policies);
    }
    Ok(all)
}

fn policy(name: String, document: &Value, kind: PolicyKind) -> Result<OrganizationPolicy, String> {
    if kind == PolicyKind::Principal && document.as_str() == Some(OrganizationPolicy::FULL_ACCESS) {
        return Ok(OrganizationPolicy::full_access());
    }
    let document = Document::from_stored(&document.to_string());
    Policy::new(&document, kind).map_err(|problems| problems.join("; "))?;
    Ok(OrganizationPolicy { name, document })
}
