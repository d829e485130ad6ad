//! Asking for one thing by its name: whether it is there although a list does not have it.

use aws_sdk_iam::Client;
use iamctl_apply::ErrorClass;
use iamctl_model::{Account, Address, OidcProviderArn, Path, PolicyArn, SamlProviderArn, UniqueId};

use crate::connect::Aws;
use crate::convert;
use crate::failure::Failure;
use crate::perform::AwsIam;
use crate::read::Reader;
use crate::read_error::ReadError;
use crate::service_linked;

const USER: &str = "iam:GetUser";
const GROUP: &str = "iam:GetGroup";
const ROLE: &str = "iam:GetRole";
const POLICY: &str = "iam:GetPolicy";
const INSTANCE_PROFILE: &str = "iam:GetInstanceProfile";
const OIDC_PROVIDER: &str = "iam:GetOpenIDConnectProvider";
const SAML_PROVIDER: &str = "iam:GetSAMLProvider";

impl Aws {
    /// The unique id of what is at an address, `None` where nothing is. The path matters for policies,
    /// which are asked for by their ARN; other kinds need none.
    ///
    /// # Errors
    ///
    /// When AWS does not say whether it is there.
    pub async fn find(
        &self,
        account: &Account,
        address: &Address,
        path: Option<&Path>,
    ) -> Result<Option<UniqueId>, ReadError> {
        let reader = Reader { client: self.iam_client(), origin: &self.origin };
        let (call, found) = match address {
            Address::AccountAlias => {
                let alias = reader.account_alias().await?;
                return Ok(alias.map(|_| UniqueId(account.id.to_string())));
            }
            Address::PasswordPolicy => {
                let policy = reader.password_policy().await?;
                return Ok(policy.map(|_| UniqueId(account.id.to_string())));
            }
            Address::ServiceLinkedRole(name) => {
                let found = service_linked::find(&reader.client, name).await;
                return found.map_err(|failure| reader.error(service_linked::LIST, failure));
            }
            _ => match ask(&reader.client, account, address, path).await {
                Some(answer) => answer,
                None => return Ok(None),
            },
        };
        match found {
            Ok(Some(id)) => Ok(Some(UniqueId(id))),
            Ok(None) => Err(ReadError::Unexpected { message: without(call, address) }),
            Err(failure) if failure.is_no_such_entity() => Ok(None),
            Err(failure) => Err(reader.error(call, failure)),
        }
    }
}

impl AwsIam {
    /// The same, of what has a Get call of its own.
    pub(crate) async fn look_up(
        &self,
        address: &Address,
        path: Option<&Path>,
    ) -> Result<Option<UniqueId>, Failure> {
        let Some((call, found)) = ask(&self.client, &self.account, address, path).await else {
            return Ok(None);
        };
        match found {
            Ok(Some(id)) => Ok(Some(UniqueId(id))),
            Ok(None) => Err(Failure::unanswered(ErrorClass::ServerFault, without(call, address))),
            Err(failure) if failure.is_no_such_entity() => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

fn without(call: &str, address: &Address) -> String {
    format!("{call} was answered without {address}")
}

/// The call that asks for something by its name, and the unique id that it answered; nothing for what is asked for
/// in another way.
async fn ask(
    client: &Client,
    account: &Account,
    address: &Address,
    path: Option<&Path>,
) -> Option<(&'static str, Result<Option<String>, Failure>)> {
    let answer = match address {
        Address::MasterCopy
        | Address::AccountAlias
        | Address::PasswordPolicy
        | Address::ServiceLinkedRole(_) => return None,
        Address::User(name) => {
            let answer = client.get_user().user_name(name.as_str()).send().await;
            (USER, answer.map(|answer| answer.user.map(|user| user.user_id)).map_err(Failure::from))
        }
        Address::Group(name) => {
            let answer = client.get_group().group_name(name.as_str()).max_items(1).send().await;
            (GROUP, answer.map(|answer| answer.group.map(|group| group.group_id)).map_err(Failure::from))
        }
        Address::Role(name) => {
            let answer = client.get_role().role_name(name.as_str()).send().await;
            (ROLE, answer.map(|answer| answer.role.map(|role| role.role_id)).map_err(Failure::from))
        }
        Address::Policy(name) => {
            let arn = PolicyArn::new(account, path.unwrap_or(&Path::root()), name);
            let answer = client.get_policy().policy_arn(arn.as_str()).send().await;
            let policy = answer.map(|answer| answer.policy).map_err(Failure::from);
            (POLICY, policy.map(|policy| policy.and_then(|policy| id_of_policy(policy, &arn))))
        }
        Address::InstanceProfile(name) => {
            let answer = client.get_instance_profile().instance_profile_name(name.as_str()).send().await;
            let profile = answer.map(|answer| answer.instance_profile).map_err(Failure::from);
            (INSTANCE_PROFILE, profile.map(|profile| profile.map(|profile| profile.instance_profile_id)))
        }
        Address::OidcProvider(url) => {
            let arn = OidcProviderArn::new(account, url);
            let call = client.get_open_id_connect_provider();
            let answer = call.open_id_connect_provider_arn(arn.as_str()).send().await;
            (OIDC_PROVIDER, answer.map(|_| Some(arn.as_str().to_owned())).map_err(Failure::from))
        }
        Address::SamlProvider(name) => {
            let arn = SamlProviderArn::new(account, name);
            let answer = client.get_saml_provider().saml_provider_arn(arn.as_str()).send().await;
            (SAML_PROVIDER, answer.map(|_| Some(arn.as_str().to_owned())).map_err(Failure::from))
        }
    };
    Some(answer)
}

fn id_of_policy(policy: aws_sdk_iam::types::Policy, arn: &PolicyArn) -> Option<String> {
    let date = policy.create_date?;
    Some(convert::policy_id(policy.policy_id, arn, convert::timestamp(date)?).0)
}
