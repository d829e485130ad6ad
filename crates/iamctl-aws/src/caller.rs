//! Who the caller is.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sts as sts;
use iamctl_apply::ErrorClass;
use iamctl_model::{Account, AccountId, Caller, Partition};

use crate::connect::{Aws, CREDENTIALS_TIMEOUT};
use crate::connect_error::ConnectError;
use crate::credentials::CredentialsProblem;
use crate::endpoint::{self, Service};
use crate::failure::Failure;

/// The first call of all: whoever waits for it should hear soon that nobody answers.
const MAX_ATTEMPTS: u32 = 3;

impl Aws {
    /// Asks STS who the caller is (`sts:GetCallerIdentity`, which no policy can deny). It is the call
    /// that finds out whether there are credentials at all.
    ///
    /// # Errors
    ///
    /// Credentials that are missing, expired, not accepted, or of a kind that cannot call IAM; an
    /// endpoint that does not answer.
    pub async fn caller(&self) -> Result<Caller, ConnectError> {
        let mut config = sts::config::Builder::from(&self.config);
        let retries = self.config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let attempts = retries.max_attempts().min(MAX_ATTEMPTS);
        config.set_retry_config(Some(retries.with_max_attempts(attempts)));
        // The attempt includes getting the credentials, and a person may have a part in that.
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CREDENTIALS_TIMEOUT).build();
        config.set_timeout_config(Some(timeouts));
        let client = sts::Client::from_conf(config.build());
        let answer = client.get_caller_identity().send().await.map_err(Failure::from);
        let answer = answer.map_err(|failure| self.no_caller(failure))?;
        let caller = caller_of(answer.account(), answer.arn(), answer.user_id())?;
        if caller.arn.contains(":federated-user/") {
            return Err(ConnectError::Credentials(CredentialsProblem::federated(&caller.arn)));
        }
        Ok(caller)
    }

    fn no_caller(&self, failure: Failure) -> ConnectError {
        match failure.class {
            ErrorClass::Credentials => {
                ConnectError::Credentials(CredentialsProblem::of(&failure, &self.origin))
            }
            ErrorClass::Unreachable => ConnectError::Unreachable {
                endpoint: endpoint::url(&self.config, Service::Sts),
                message: failure.message,
            },
            _ => ConnectError::failed(failure),
        }
    }
}

fn caller_of(
    account: Option<&str>,
    arn: Option<&str>,
    user_id: Option<&str>,
) -> Result<Caller, ConnectError> {
    let strange = |what: String| ConnectError::Unexpected {
        message: format!("AWS's answer to sts:GetCallerIdentity makes no sense: {what}"),
    };
    let arn = arn.unwrap_or_default();
    let partition = arn.split(':').nth(1).unwrap_or_default();
    let partition = Partition::parse(partition).map_err(|error| strange(format!("ARN `{arn}`: {error}")))?;
    let id = AccountId::parse(account.unwrap_or_default()).map_err(|error| strange(error.to_string()))?;
    let account = Account { id, partition };
    Ok(Caller { account, arn: arn.to_owned(), user_id: user_id.unwrap_or_default().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_and_partition_come_from_the_answer() {
        let arn = "arn:aws-us-gov:sts::123456789012:assumed-role/admin/me";
        let caller = caller_of(Some("123456789012"), Some(arn), Some("AROAX:me")).unwrap();
        assert_eq!(caller.account.partition.as_str(), "aws-us-gov");
        assert_eq!(caller.user_id, "AROAX:me");
        for (account, arn) in [(None, Some(arn)), (Some("1"), Some(arn)), (Some("123456789012"), None)] {
            assert!(matches!(caller_of(account, arn, None), Err(ConnectError::Unexpected { .. })));
        }
    }
}
