//! Roles that services of AWS have for themselves.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::{ActionError, ErrorClass};
use iamctl_model::{
    Action, LiveRole, Observed, Path, RoleDetails, RoleName, ServiceLinkedRoleName, SessionDuration, Tags,
    UniqueId,
};
use iamctl_policy::Document;

use super::{MemoryAccount, error};

/// What some services call their role, and whether they let it have a suffix. Others are called after the first word
/// of their name, and take none.
const SERVICES: [(&str, &str, bool); 6] = [
    ("autoscaling.amazonaws.com", "AutoScaling", true),
    ("lexv2.amazonaws.com", "LexV2Bots", true),
    ("channels.lexv2.amazonaws.com", "LexV2Channels", true),
    ("dynamodb.application-autoscaling.amazonaws.com", "ApplicationAutoScaling_DynamoDBTable", false),
    ("accountdiscovery.ssm.amazonaws.com", "AmazonSSM_AccountDiscovery", false),
    ("autoscaling-plans.amazonaws.com", "AutoScalingPlans_EC2AutoScaling", false),
];

impl MemoryAccount {
    pub(super) fn on_service_linked_role(
        &mut self,
        name: &ServiceLinkedRoleName,
        action: &Action,
    ) -> Result<Option<UniqueId>, ActionError> {
        let Action::CreateServiceLinkedRole { description, .. } = action else { return Ok(None) };
        let service = name.service();
        let refuse = |message: String| error(ErrorClass::Refused, "InvalidInput", message);
        let known = SERVICES.iter().find(|(known, _, _)| *known == service);
        let own = known.map_or_else(|| capitalized(service), |(_, own, _)| (*own).to_owned());
        let suffix = match name.custom_suffix() {
            Some(_) if !known.is_some_and(|(_, _, takes_suffix)| *takes_suffix) => {
                return Err(refuse(format!("Custom suffix is not allowed for {service}")));
            }
            Some(suffix) => format!("_{suffix}"),
            None => String::new(),
        };
        let invalid = |problem: iamctl_model::NameError| refuse(problem.to_string());
        let role = RoleName::parse(&format!("AWSServiceRoleFor{own}{suffix}")).map_err(invalid)?;
        if self.live.roles.contains_key(&role) {
            return Err(refuse(format!(
                "Service role name {role} has been taken in this account, please try a different suffix."
            )));
        }
        let made = LiveRole {
            id: self.new_id("AROA"),
            created: self.now,
            path: Path::parse(&format!("/aws-service-role/{service}/")).map_err(invalid)?,
            details: Observed::Read(RoleDetails {
                description: description.clone().unwrap_or_default(),
                max_session_duration: SessionDuration::DEFAULT,
            }),
            trust: Document::from_stored(&format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
            )),
            tags: Tags::default(),
            policies: BTreeSet::new(),
            inline_policies: BTreeMap::new(),
            permissions_boundary: None,
            instance_profiles: Vec::new(),
        };
        let id = made.id.clone();
        self.live.roles.insert(role, made);
        Ok(Some(id))
    }
}

fn capitalized(service: &str) -> String {
    let word = service.split('.').next().unwrap_or_default();
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}
