//! Service-linked roles: a service of AWS makes one for itself, or lets it be made, and nobody else decides what it
//! may do. Here they are made where they are missing, and never changed.

use iamctl_policy::Document;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::arn::Account;
use crate::names::{Path, RoleName, ServiceLinkedRoleName};

/// What the path of every service-linked role begins with; the name of the service follows.
/// Source: IAM User Guide, "Using service-linked roles", permissions.
const PLACE: &str = "/aws-service-role/";

/// Services whose own part of a role's name has more, or fewer, `_` than those of services called alike.
/// Sources: Auto Scaling, "Service-linked roles for AWS Auto Scaling plans"
/// (`AWSServiceRoleForAutoScalingPlans_EC2AutoScaling`); Amazon Lex V2, "Using service-linked roles"
/// (`AWSServiceRoleForLexV2Channels_` and a suffix); FSx for Lustre, "Using service-linked roles"
/// (`AWSServiceRoleForFSxS3Access_` and the id of a file system).
const OWN_UNDERSCORES: [(&str, usize); 3] = [
    ("autoscaling-plans.amazonaws.com", 1),
    ("channels.lexv2.amazonaws.com", 0),
    ("s3.data-source.lustre.fsx.amazonaws.com", 0),
];

impl ServiceLinkedRoleName {
    /// The service, as trust policies name it: `autoscaling.amazonaws.com`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.as_str().split_once('/').map_or(self.as_str(), |(service, _)| service)
    }

    /// What tells several roles of the service apart.
    #[must_use]
    pub fn custom_suffix(&self) -> Option<&str> {
        self.as_str().split_once('/').map(|(_, suffix)| suffix)
    }

    /// The path under which AWS puts the roles of the service.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{PLACE}{}/", self.service())
    }

    /// The role of this name, among some of which there can be others. AWS chooses what a role is called, and tells it
    /// only when it makes one: `AWSServiceRoleFor`, then what the service is called, then `_` and the suffix.
    ///
    /// What a service is called can hold a `_` as well, which then looks like a suffix:
    /// `AWSServiceRoleForApplicationAutoScaling_DynamoDBTable` has none. Nearly all that do are parts of another
    /// service, which their name tells: `dynamodb.application-autoscaling.amazonaws.com`. For such a service, a role
    /// without suffix is one without `_`, or else the only one with a single `_`.
    pub fn among<'r>(&self, roles: impl Iterator<Item = (&'r RoleName, &'r Path)>) -> Option<&'r RoleName> {
        let mut best: Option<(usize, &RoleName)> = None;
        let mut is_only = false;
        for (role, path) in roles {
            let Some(underscores) = self.own_underscores_of(role, path) else { continue };
            is_only = best.is_none_or(|(fewest, _)| underscores < fewest);
            if is_only || best.is_some_and(|(fewest, _)| underscores == fewest) {
                best = Some((underscores, role));
            }
        }
        let (underscores, role) = best?;
        // Of two that may be the service's own, neither is known to be it.
        (underscores == 0 || is_only).then_some(role)
    }

    /// Whether a role can be the one of this name.
    #[must_use]
    pub fn may_be(&self, role: &RoleName, path: &Path) -> bool {
        self.own_underscores_of(role, path).is_some()
    }

    /// How many `_` there are in what the service itself is called, where a role can be the one of this name.
    fn own_underscores_of(&self, role: &RoleName, path: &Path) -> Option<usize> {
        let service = path.as_str().strip_prefix(PLACE)?.strip_suffix('/')?;
        let own = match self.custom_suffix() {
            None => role.as_str(),
            Some(suffix) => without_suffix(role.as_str(), suffix)?,
        };
        let underscores = own.matches('_').count();
        (service.eq_ignore_ascii_case(self.service()) && underscores <= self.most_own_underscores())
            .then_some(underscores)
    }

    fn most_own_underscores(&self) -> usize {
        let service = self.service();
        match OWN_UNDERSCORES.iter().find(|(name, _)| *name == service) {
            Some((_, most)) => *most,
            None => usize::from(is_part_of_a_service(service)),
        }
    }
}

/// A role's name without the suffix that it ends with; the case of letters does not count, as in all names of roles.
fn without_suffix<'r>(role: &'r str, suffix: &str) -> Option<&'r str> {
    let (own, end) = role.split_at_checked(role.len().checked_sub(suffix.len())?)?;
    own.strip_suffix('_').filter(|_| end.eq_ignore_ascii_case(suffix))
}

/// Whether more than one word stands before what all services of AWS have in common.
fn is_part_of_a_service(service: &str) -> bool {
    let words = service.split('.').take_while(|word| *word != "amazonaws");
    words.count() > 1
}

/// A service-linked role: what the manifest can say of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceLinkedRole {
    /// What it is for; `None` where that is left to the service. It is said when the role is made, and never changed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
}

/// The service-linked roles of the account that a trust policy can name, as path and name.
pub fn trusted<'d>(trust: &'d Document, account: &'d Account) -> impl Iterator<Item = (Path, RoleName)> + 'd {
    let start = format!("arn:{}:iam::{}:role{PLACE}", account.partition, account.id);
    trust.aws_principals().filter_map(move |text| {
        let (service, name) = text.strip_prefix(start.as_str())?.split_once('/')?;
        Some((Path::parse(&format!("{PLACE}{service}/")).ok()?, RoleName::parse(name).ok()?))
    })
}

/// The name as parameters of CreateServiceLinkedRole.
pub(crate) mod parameters {
    use super::{Deserialize, Deserializer, Serialize, Serializer, ServiceLinkedRoleName};

    #[derive(Serialize, Deserialize)]
    struct Parameters {
        #[serde(rename = "AWSServiceName")]
        service: String,
        #[serde(rename = "CustomSuffix", skip_serializing_if = "Option::is_none", default)]
        custom_suffix: Option<String>,
    }

    pub(crate) fn serialize<S: Serializer>(
        name: &ServiceLinkedRoleName,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let custom_suffix = name.custom_suffix().map(str::to_owned);
        Parameters { service: name.service().to_owned(), custom_suffix }.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ServiceLinkedRoleName, D::Error> {
        let Parameters { service, custom_suffix } = Parameters::deserialize(deserializer)?;
        let suffix = custom_suffix.map(|suffix| format!("/{suffix}")).unwrap_or_default();
        ServiceLinkedRoleName::parse(&format!("{service}{suffix}")).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The role that a name finds among roles of `service`.
    fn found(name: &str, service: &str, roles: &[RoleName]) -> Option<String> {
        let path = Path::parse(&format!("/aws-service-role/{service}/")).unwrap();
        let name = ServiceLinkedRoleName::parse(name).unwrap();
        name.among(roles.iter().map(|role| (role, &path))).map(ToString::to_string)
    }

    #[test]
    fn a_role_is_found_by_service_and_suffix_whatever_aws_calls_it() {
        let scaling = "autoscaling.amazonaws.com";
        let table = "dynamodb.application-autoscaling.amazonaws.com";
        let plans = "autoscaling-plans.amazonaws.com";
        let channels = "channels.lexv2.amazonaws.com";
        for (name, service, roles, is) in [
            (scaling, scaling, "ForAutoScaling ForAutoScaling_a", Some("ForAutoScaling")),
            // There is one with a suffix, and none without.
            (scaling, scaling, "ForAutoScaling_a", None),
            ("autoscaling.amazonaws.com/a", scaling, "ForAutoScaling", None),
            (
                "autoscaling.amazonaws.com/a",
                scaling,
                "ForAutoScaling ForAutoScaling_a",
                Some("ForAutoScaling_a"),
            ),
            ("autoscaling.amazonaws.com/A", scaling, "ForAutoScaling_a", Some("ForAutoScaling_a")),
            // The end of another one's suffix.
            ("autoscaling.amazonaws.com/a", scaling, "ForAutoScaling_b_a", None),
            ("autoscaling.amazonaws.com/b_a", scaling, "ForAutoScaling_b_a", Some("ForAutoScaling_b_a")),
            ("autoscaling.amazonaws.com/a", scaling, "ForAutoScalingba ForAutoScaling-a", None),
            (scaling, "ecs.amazonaws.com", "ForECS", None),
            // Services whose own name has a `_`.
            (
                table,
                table,
                "ForApplicationAutoScaling_DynamoDBTable",
                Some("ForApplicationAutoScaling_DynamoDBTable"),
            ),
            (plans, plans, "ForAutoScalingPlans_EC2AutoScaling", Some("ForAutoScalingPlans_EC2AutoScaling")),
            ("x.y.amazonaws.com", "x.y.amazonaws.com", "ForY_X ForY_X_a", Some("ForY_X")),
            ("x.y.amazonaws.com/a", "x.y.amazonaws.com", "ForY_X ForY_X_a", Some("ForY_X_a")),
            ("x.y.amazonaws.com", "x.y.amazonaws.com", "ForYX ForYX_a", Some("ForYX")),
            // Which of them is the service's own cannot be told.
            ("x.y.amazonaws.com", "x.y.amazonaws.com", "ForY_X ForY_a", None),
            (channels, channels, "ForLexV2Channels_a", None),
            ("channels.lexv2.amazonaws.com/a", channels, "ForLexV2Channels_a", Some("ForLexV2Channels_a")),
        ] {
            let start = "AWSServiceRole";
            let roles: Vec<RoleName> =
                roles.split(' ').map(|role| RoleName::parse(&format!("{start}{role}")).unwrap()).collect();
            let is = is.map(|role| format!("{start}{role}"));
            assert_eq!(found(name, service, &roles), is, "{name} among {roles:?}");
        }
    }

    #[test]
    fn only_what_lies_under_the_path_of_the_service_is_a_role_of_it() {
        let name = ServiceLinkedRoleName::parse("ecs.amazonaws.com").unwrap();
        let role = RoleName::parse("AWSServiceRoleForECS").unwrap();
        for (path, is) in [
            ("/aws-service-role/ecs.amazonaws.com/", true),
            ("/", false),
            ("/aws-service-role/", false),
            ("/aws-service-role/ecs.amazonaws.com/x/", false),
            ("/team/aws-service-role/ecs.amazonaws.com/", false),
        ] {
            assert_eq!(name.may_be(&role, &Path::parse(path).unwrap()), is, "{path}");
        }
    }
}
