//! Service-linked roles: making one, and finding one that AWS has named.

use aws_sdk_iam as iam;
use iamctl_apply::{ErrorClass, Receipt};
use iamctl_model::{Action, Path, RoleName, ServiceLinkedRoleName, UniqueId};

use crate::failure::Failure;
use crate::pages::{BrokenList, Markers};
use crate::perform::{AwsIam, made, once};
use crate::read::PAGE;

/// The permission that finding one needs.
pub(crate) const LIST: &str = "iam:ListRoles";

impl AwsIam {
    pub(crate) async fn create_service_linked_role(
        &self,
        name: &ServiceLinkedRoleName,
        description: Option<String>,
    ) -> Result<Receipt, Failure> {
        let call = self
            .client
            .create_service_linked_role()
            .aws_service_name(name.service())
            .set_custom_suffix(name.custom_suffix().map(str::to_owned))
            .set_description(description);
        let answer = call.customize().config_override(once()).send().await;
        made(answer, |answer| Some(answer.role.as_ref()?.role_id.clone()))
    }
}

/// The unique id of the role of this name, where it is there.
pub(crate) async fn find(
    client: &iam::Client,
    name: &ServiceLinkedRoleName,
) -> Result<Option<UniqueId>, Failure> {
    let call = client.list_roles().path_prefix(name.path()).max_items(PAGE);
    let (mut there, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
    loop {
        let page = call.clone().set_marker(marker).send().await?;
        for role in page.roles {
            // One that is not called as AWS calls roles is none of these.
            let parsed = RoleName::parse(&role.role_name).ok().zip(Path::parse(&role.path).ok());
            there.extend(parsed.map(|(name, path)| (name, path, UniqueId(role.role_id))));
        }
        // Which of several is meant shows only in a whole list.
        marker = markers.next(page.is_truncated, page.marker.as_deref()).map_err(broken)?;
        if marker.is_none() {
            break;
        }
    }
    let found = name.among(there.iter().map(|(name, path, _)| (name, path)));
    let id = found.and_then(|found| there.iter().find(|(name, _, _)| name == found));
    Ok(id.map(|(_, _, id)| id.clone()))
}

fn broken(list: BrokenList) -> Failure {
    Failure {
        class: ErrorClass::ServerFault,
        code: None,
        message: format!("the list of roles cannot be trusted: {}", list.as_str()),
        request_id: None,
        status: None,
        bucket_region: None,
        unsigned: None,
    }
}

/// Whether a service-linked role could not be made because one has its name. AWS says so in words only:
/// "Service role name … has been taken in this account, please try a different suffix." The local AWS says it as of
/// any role.
pub(crate) fn is_taken(action: &Action, failure: &Failure) -> bool {
    let is_said = match failure.code() {
        "EntityAlreadyExists" => true,
        "InvalidInput" => failure.message.contains("has been taken"),
        _ => false,
    };
    matches!(action, Action::CreateServiceLinkedRole { .. }) && is_said
}

/// AWS says that there is one, and nothing that is there is known to be it.
pub(crate) fn not_known(failure: Failure, action: &Action) -> Failure {
    let Action::CreateServiceLinkedRole { name, .. } = action else { return failure };
    let message = format!(
        "AWS has a role of {} already, and none under {} is known to be it: where what is behind the last `_` of its \
         name is a suffix, write `{}/SUFFIX` ({})",
        name.service(),
        name.path(),
        name.service(),
        failure.message
    );
    Failure { class: ErrorClass::Refused, message, ..failure }
}
