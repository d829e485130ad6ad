//! Reading what an account may hold: one call.

use aws_sdk_iam::types::SummaryKeyType;
use iamctl_model::{Live, Observed, Quotas};

use crate::connect::Aws;
use crate::failure::Failure;
use crate::read::Reader;
use crate::read_error::ReadError;

const SUMMARY: &str = "iam:GetAccountSummary";

impl Aws {
    /// Reads the quotas into a live state that was read without them. Where that is not allowed they stay unread: AWS
    /// checks them once more with each call, only later.
    ///
    /// # Errors
    ///
    /// When they cannot be read for another reason.
    pub async fn read_quotas(&self, live: &mut Live) -> Result<(), ReadError> {
        let reader = Reader { client: self.iam_client(), origin: &self.origin };
        let answer = match reader.client.get_account_summary().send().await.map_err(Failure::from) {
            Ok(answer) => answer,
            Err(failure) if failure.code() == "AccessDenied" => return Ok(()),
            Err(failure) => return Err(reader.error(SUMMARY, failure)),
        };
        let map = answer.summary_map.unwrap_or_default();
        let of = |key: SummaryKeyType| map.get(&key).and_then(|value| usize::try_from(*value).ok());
        live.quotas = Observed::Read(Quotas {
            users: of(SummaryKeyType::UsersQuota),
            groups: of(SummaryKeyType::GroupsQuota),
            roles: of(SummaryKeyType::RolesQuota),
            policies: of(SummaryKeyType::PoliciesQuota),
            instance_profiles: of(SummaryKeyType::InstanceProfilesQuota),
            policies_of_user: of(SummaryKeyType::AttachedPoliciesPerUserQuota),
            policies_of_group: of(SummaryKeyType::AttachedPoliciesPerGroupQuota),
            policies_of_role: of(SummaryKeyType::AttachedPoliciesPerRoleQuota),
            groups_of_user: of(SummaryKeyType::GroupsPerUserQuota),
            inline_size_of_user: of(SummaryKeyType::UserPolicySizeQuota),
            inline_size_of_group: of(SummaryKeyType::GroupPolicySizeQuota),
            inline_size_of_role: of(SummaryKeyType::RolePolicySizeQuota),
            versions_of_policy: of(SummaryKeyType::VersionsPerPolicyQuota),
            policy_size: of(SummaryKeyType::PolicySizeQuota),
            trust_size: of(SummaryKeyType::AssumeRolePolicySizeQuota),
        });
        Ok(())
    }
}
