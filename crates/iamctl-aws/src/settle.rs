//! Finding out whether something was made, when AWS's answer does not say so.
//!
//! The answer to a create can be lost after AWS has carried it out, and the next attempt is then told
//! that the name is taken. Only looking tells: what is there, since when, and is it what the call
//! would have made?
//!
//! Looking tells nothing when no answer was lost: what is there then was made by somebody else, even if
//! it is the same.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_iam::primitives::DateTime;
use iamctl_apply::{Attempt, ErrorClass, Receipt};
use iamctl_model::{
    Action, InstanceProfileName, OidcProviderArn, PolicyArn, RoleName, SamlMetadata, SamlProviderArn, Tags,
    UniqueId,
};
use iamctl_policy::Document;
use jiff::{SignedDuration, Timestamp};

use crate::convert;
use crate::failure::Failure;
use crate::perform::AwsIam;
use crate::service_linked;

/// Waits before each look: IAM answers reads from copies that lag by a second or two.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2)];

/// How far this machine's clock may be ahead of AWS's: AWS refuses requests that are off by more.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What a look found.
enum Found {
    Nothing,
    /// What the call makes, with its unique id where it has one of its own.
    Ours(Option<UniqueId>),
    /// Something else; the reason why it is not ours.
    Other(String),
}

impl AwsIam {
    /// Decides what a failed create amounts to.
    pub(crate) async fn settle(
        &self,
        action: &Action,
        attempt: Attempt,
        failure: Failure,
    ) -> Result<Receipt, Failure> {
        let looks = match (failure.class, failure.code()) {
            (ErrorClass::Unreachable | ErrorClass::ServerFault, _) => LOOKS.as_slice(),
            // Nobody but the account's owner sees whose an alias is: only looking tells.
            (_, "EntityAlreadyExists") if matches!(action, Action::CreateAccountAlias { .. }) => {
                return self.settle_alias(action, attempt, failure).await;
            }
            // Whoever made it: AWS says what it is, and nobody's consent is needed to know it.
            _ if service_linked::is_taken(action, &failure) => LOOKS.as_slice(),
            // Nothing that this run sent can have made it, however equal it is.
            (_, "EntityAlreadyExists") if !attempt.lost_before => {
                return Err(made_meanwhile(failure, action));
            }
            (_, "EntityAlreadyExists") => LOOKS.as_slice(),
            // An earlier attempt may have renamed it.
            (_, "NoSuchEntity") if attempt.lost_before && action.renames().is_some() => LOOKS.as_slice(),
            // It is the last answer, and an earlier attempt may have succeeded: a policy's version, for
            // one, may be the very one that is too many now; so may the one role that an instance profile has
            // room for.
            (ErrorClass::Refused | ErrorClass::Denied, _) if attempt.lost_before => {
                LOOKS.get(..1).unwrap_or_default()
            }
            _ => return Err(failure),
        };
        let since = attempt.run_started.checked_sub(CLOCK_SKEW).unwrap_or(attempt.run_started);
        for wait in looks {
            tokio::time::sleep(*wait).await;
            match self.look(action, since).await {
                Ok(Found::Nothing) => {}
                Ok(Found::Ours(created)) => {
                    let remark = match failure.class {
                        ErrorClass::Unreachable | ErrorClass::ServerFault => {
                            format!("was made although the answer was lost ({})", failure.message)
                        }
                        // Who put a role into an instance profile, and when, nobody tells.
                        _ if matches!(action, Action::AddRoleToInstanceProfile { .. }) => {
                            "was already there".to_owned()
                        }
                        _ if action.renames().is_some() => "was already called so".to_owned(),
                        _ if action.subject().kind().is_of_aws() => "was already there".to_owned(),
                        _ => "was already there, made during this run".to_owned(),
                    };
                    let request_id = failure.request_id;
                    return Ok(Receipt { request_id, created, remark: Some(remark) });
                }
                Ok(Found::Other(why)) => return Err(taken(failure, action, &why)),
                Err(unread) => return Err(unsettled(failure, action, &unread)),
            }
        }
        if service_linked::is_taken(action, &failure) {
            return Err(service_linked::not_known(failure, action));
        }
        if failure.code() == "EntityAlreadyExists" {
            return Err(not_seen(failure, action));
        }
        Err(failure)
    }

    /// An alias that is taken is this account's, by an earlier attempt or by somebody else's call, or another
    /// account's.
    async fn settle_alias(
        &self,
        action: &Action,
        attempt: Attempt,
        failure: Failure,
    ) -> Result<Receipt, Failure> {
        let Action::CreateAccountAlias { account_alias } = action else { return Err(failure) };
        // What an earlier attempt made may not show yet.
        let looks = if attempt.lost_before { LOOKS.len() } else { 1 };
        for wait in LOOKS.iter().take(looks) {
            tokio::time::sleep(*wait).await;
            match self.has_alias(account_alias).await {
                Ok(true) if attempt.lost_before => {
                    let remark = Some("was already there, made during this run".to_owned());
                    let created = Some(self.id_of_settings());
                    return Ok(Receipt { request_id: failure.request_id, created, remark });
                }
                Ok(true) => return Err(made_meanwhile(failure, action)),
                Ok(false) => {}
                Err(unread) => return Err(unsettled(failure, action, &unread)),
            }
        }
        let message = format!(
            "another account of AWS has the alias {account_alias}, and no two have the same: choose another one ({})",
            failure.message
        );
        Err(Failure { class: ErrorClass::Refused, message, ..failure })
    }

    async fn look(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let found = match action {
            Action::CreateUser { .. } => self.look_for_user(action, since).await,
            Action::CreateGroup { .. } => self.look_for_group(action, since).await,
            Action::CreateRole { .. } => self.look_for_role(action, since).await,
            Action::CreatePolicy { .. } => self.look_for_policy(action, since).await,
            Action::CreatePolicyVersion { .. } => self.look_for_version(action, since).await,
            Action::CreateInstanceProfile { .. } => self.look_for_instance_profile(action, since).await,
            Action::CreateOpenIDConnectProvider { .. } => self.look_for_oidc_provider(action, since).await,
            Action::CreateAccountAlias { account_alias } => match self.has_alias(account_alias).await {
                Ok(true) => Ok(Found::Ours(Some(self.id_of_settings()))),
                Ok(false) => Ok(Found::Nothing),
                Err(failure) => Err(failure),
            },
            Action::CreateSAMLProvider { .. } => self.look_for_saml_provider(action, since).await,
            Action::CreateServiceLinkedRole { name, .. } => {
                let found = service_linked::find(&self.client, name).await;
                found.map(|id| id.map_or(Found::Nothing, |id| Found::Ours(Some(id))))
            }
            Action::AddRoleToInstanceProfile { instance_profile_name, role_name } => {
                self.look_for_role_in(instance_profile_name, role_name).await
            }
            Action::UpdateUser { new_user_name: Some(name), .. } => {
                let answer = self.client.get_user().user_name(name.as_str()).send().await;
                answer.map(|_| Found::Ours(None)).map_err(Failure::from)
            }
            Action::UpdateGroup { new_group_name: Some(name), .. } => {
                let answer = self.client.get_group().group_name(name.as_str()).max_items(1).send().await;
                answer.map(|_| Found::Ours(None)).map_err(Failure::from)
            }
            _ => Ok(Found::Nothing),
        };
        match found {
            Err(failure) if failure.is_no_such_entity() => Ok(Found::Nothing),
            found => found,
        }
    }

    async fn look_for_user(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreateUser { user_name, path, permissions_boundary, tags } = action else {
            return Ok(Found::Nothing);
        };
        let answer = self.client.get_user().user_name(user_name.as_str()).send().await?;
        let Some(user) = answer.user else { return Ok(Found::Nothing) };
        let boundary = user.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn);
        let mut look = Look::of(&user.create_date, since);
        look.same("path", user.path == path.as_str());
        look.same("permissions boundary", same_arn(boundary.as_deref(), permissions_boundary.as_ref()));
        look.same("tags", same_tags(user.tags, tags));
        Ok(look.found(Some(user.user_id)))
    }

    async fn look_for_group(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreateGroup { group_name, path } = action else { return Ok(Found::Nothing) };
        let answer = self.client.get_group().group_name(group_name.as_str()).max_items(1).send().await?;
        let Some(group) = answer.group else { return Ok(Found::Nothing) };
        let mut look = Look::of(&group.create_date, since);
        look.same("path", group.path == path.as_str());
        look.same("members", answer.users.is_empty());
        Ok(look.found(Some(group.group_id)))
    }

    async fn look_for_role(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreateRole {
            role_name,
            path,
            assume_role_policy_document,
            description,
            max_session_duration,
            permissions_boundary,
            tags,
        } = action
        else {
            return Ok(Found::Nothing);
        };
        let answer = self.client.get_role().role_name(role_name.as_str()).send().await?;
        let Some(role) = answer.role else { return Ok(Found::Nothing) };
        let boundary = role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn);
        let trust = role.assume_role_policy_document.unwrap_or_default();
        let duration = role.max_session_duration.map(i32::cast_unsigned);
        let mut look = Look::of(&role.create_date, since);
        look.same("path", role.path == path.as_str());
        look.same("trust policy", convert::document(&trust) == *assume_role_policy_document);
        look.same("description", role.description.unwrap_or_default() == *description);
        look.same("session duration", duration == Some(max_session_duration.as_secs()));
        look.same("permissions boundary", same_arn(boundary.as_deref(), permissions_boundary.as_ref()));
        look.same("tags", same_tags(role.tags, tags));
        Ok(look.found(Some(role.role_id)))
    }

    async fn look_for_policy(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreatePolicy { policy_name, path, description, policy_document, tags } = action else {
            return Ok(Found::Nothing);
        };
        let arn = PolicyArn::new(&self.account, path, policy_name);
        let answer = self.client.get_policy().policy_arn(arn.as_str()).send().await?;
        let Some(policy) = answer.policy else { return Ok(Found::Nothing) };
        let (Some(version), Some(date)) = (&policy.default_version_id, policy.create_date) else {
            return Ok(Found::Nothing);
        };
        let Some((document, _)) = self.version(&arn, version).await? else { return Ok(Found::Nothing) };
        let mut look = Look::of(&date, since);
        look.same("path", policy.path.as_deref() == Some(path.as_str()));
        look.same("description", policy.description.unwrap_or_default() == *description);
        look.same("document", document == *policy_document);
        look.same("tags", same_tags(policy.tags, tags));
        let id = convert::timestamp(date).map(|date| convert::policy_id(policy.policy_id, &arn, date));
        Ok(look.found(id.map(|id| id.0)))
    }

    async fn look_for_version(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreatePolicyVersion { policy_arn, policy_document } = action else {
            return Ok(Found::Nothing);
        };
        let answer = self.client.get_policy().policy_arn(policy_arn.as_str()).send().await?;
        let Some(default) = answer.policy.and_then(|policy| policy.default_version_id) else {
            return Ok(Found::Nothing);
        };
        match self.version(policy_arn, &default).await? {
            Some((document, created))
                if document == *policy_document && convert::timestamp(created) >= Some(since) =>
            {
                Ok(Found::Ours(None))
            }
            // Another version in force is what the call was to replace, not something in its way.
            _ => Ok(Found::Nothing),
        }
    }

    async fn look_for_instance_profile(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreateInstanceProfile { instance_profile_name: name, path, tags } = action else {
            return Ok(Found::Nothing);
        };
        let answer = self.client.get_instance_profile().instance_profile_name(name.as_str()).send().await?;
        let Some(profile) = answer.instance_profile else { return Ok(Found::Nothing) };
        let mut look = Look::of(&profile.create_date, since);
        look.same("path", profile.path == path.as_str());
        look.same("role", profile.roles.is_empty());
        look.same("tags", same_tags(profile.tags, tags));
        Ok(look.found(Some(profile.instance_profile_id)))
    }

    /// Whether an instance profile holds a role. Another one in its place is what stands in the way, and
    /// AWS has said so.
    async fn look_for_role_in(&self, name: &InstanceProfileName, role: &RoleName) -> Result<Found, Failure> {
        let answer = self.client.get_instance_profile().instance_profile_name(name.as_str()).send().await?;
        let roles = answer.instance_profile.map(|profile| profile.roles).unwrap_or_default();
        let is_there = roles.iter().any(|there| there.role_name.eq_ignore_ascii_case(role.as_str()));
        Ok(if is_there { Found::Ours(None) } else { Found::Nothing })
    }

    async fn look_for_oidc_provider(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreateOpenIDConnectProvider { url, client_ids, thumbprints, tags } = action else {
            return Ok(Found::Nothing);
        };
        let arn = OidcProviderArn::new(&self.account, url);
        let call = self.client.get_open_id_connect_provider().open_id_connect_provider_arn(arn.as_str());
        let found = call.send().await?;
        let Some(created) = &found.create_date else { return Ok(Found::Nothing) };
        let mut look = Look::of(created, since);
        let ids: BTreeSet<String> = found.client_id_list.clone().unwrap_or_default().into_iter().collect();
        let seen: BTreeSet<String> =
            found.thumbprint_list().iter().map(|text| convert::thumbprint(text)).collect();
        look.same("client ids", ids == *client_ids);
        look.same("thumbprints", thumbprints.as_ref().is_none_or(|wanted| seen == *wanted));
        look.same("tags", same_tags(found.tags, tags));
        Ok(look.found(Some(arn.as_str().to_owned())))
    }

    async fn look_for_saml_provider(&self, action: &Action, since: Timestamp) -> Result<Found, Failure> {
        let Action::CreateSAMLProvider { name, metadata, tags } = action else { return Ok(Found::Nothing) };
        let arn = SamlProviderArn::new(&self.account, name);
        let found = self.client.get_saml_provider().saml_provider_arn(arn.as_str()).send().await?;
        let Some(created) = &found.create_date else { return Ok(Found::Nothing) };
        let mut look = Look::of(created, since);
        let seen = found.saml_metadata_document.as_deref().map(SamlMetadata::stored);
        look.same("metadata", seen.as_ref() == Some(metadata));
        look.same("tags", same_tags(found.tags, tags));
        Ok(look.found(Some(arn.as_str().to_owned())))
    }

    async fn version(&self, arn: &PolicyArn, id: &str) -> Result<Option<(Document, DateTime)>, Failure> {
        let answer = self.client.get_policy_version().policy_arn(arn.as_str()).version_id(id).send().await?;
        let version = answer.policy_version;
        Ok(version.and_then(|version| Some((convert::document(&version.document?), version.create_date?))))
    }
}

/// What speaks against a thing being ours.
struct Look {
    against: Vec<String>,
}

impl Look {
    fn of(created: &DateTime, since: Timestamp) -> Self {
        let against = match convert::timestamp(*created) {
            Some(made) if made >= since => Vec::new(),
            Some(made) => vec![format!("it was made at {made}, before this run")],
            None => vec!["nobody knows when it was made".to_owned()],
        };
        Self { against }
    }

    fn same(&mut self, what: &str, is_same: bool) {
        if !is_same {
            self.against.push(format!("its {what} differs"));
        }
    }

    fn found(self, id: Option<String>) -> Found {
        if self.against.is_empty() {
            Found::Ours(id.map(UniqueId))
        } else {
            Found::Other(self.against.join(", "))
        }
    }
}

fn same_arn(live: Option<&str>, wanted: Option<&PolicyArn>) -> bool {
    live == wanted.map(PolicyArn::as_str)
}

fn same_tags(live: Option<Vec<aws_sdk_iam::types::Tag>>, wanted: &Tags) -> bool {
    convert::tags(live.unwrap_or_default()).without_those_of_aws() == wanted.clone().without_those_of_aws()
}

/// Somebody made it between the plan and the call.
fn made_meanwhile(failure: Failure, action: &Action) -> Failure {
    let message = format!(
        "{} is there, and not made by this run: somebody made it after the plan was made; look at it with \
         `iamctl plan` ({})",
        action.subject(),
        failure.message
    );
    Failure { class: ErrorClass::Refused, message, ..failure }
}

/// The name is taken, and what has it does not show.
fn not_seen(failure: Failure, action: &Action) -> Failure {
    let message = format!(
        "{} is there and cannot be read yet; an answer was lost before, so this run may have made it, and \
         the next plan tells ({})",
        action.subject(),
        failure.message
    );
    Failure { class: ErrorClass::Refused, message, ..failure }
}

/// Something else has the name.
fn taken(failure: Failure, action: &Action, why: &str) -> Failure {
    let message =
        format!("{} is there and not made by this run: {why} ({})", action.subject(), failure.message);
    Failure { class: ErrorClass::Refused, message, ..failure }
}

/// It could not be looked at: what the failure means stays as it is.
fn unsettled(failure: Failure, action: &Action, unread: &Failure) -> Failure {
    let message = format!(
        "{}; whether {} is there could not be read: {}",
        failure.message,
        action.subject(),
        unread.message
    );
    Failure { message, ..failure }
}
