//! Reading instance profiles: one call for every thousand, and one more for the tags of each.
//!
//! GetAccountAuthorizationDetails shows only those that hold a role, and ListInstanceProfiles no tags.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::InstanceProfile as SdkInstanceProfile;
use futures_util::{StreamExt, TryStreamExt, stream};
use iamctl_model::{Account, InstanceProfileName, Live, LiveInstanceProfile, Observed};

use crate::connect::Aws;
use crate::convert;
use crate::failure::Failure;
use crate::pages::Markers;
use crate::read::{CONCURRENT_READS, PAGE, Reader, check_account, inconsistent, insert};
use crate::read_error::ReadError;

const LIST: &str = "iam:ListInstanceProfiles";
const GET: &str = "iam:GetInstanceProfile";

impl Aws {
    /// Reads the instance profiles into a live state that was read without them, without their tags.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or do not agree with what the roles say.
    pub async fn read_instance_profiles(&self, live: &mut Live) -> Result<(), ReadError> {
        let reader = Reader { client: self.iam_client(), origin: &self.origin };
        let listed = reader.instance_profiles().await?;
        add(live, listed)
    }

    /// Reads the tags of these instance profiles into a live state that was read without them.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, also because it is not there any more.
    pub async fn read_instance_profile_tags(
        &self,
        live: &mut Live,
        of: &BTreeSet<InstanceProfileName>,
    ) -> Result<(), ReadError> {
        Reader { client: self.iam_client(), origin: &self.origin }.add_instance_profile_tags(live, of).await
    }
}

impl Reader<'_> {
    pub(crate) async fn instance_profiles(&self) -> Result<Vec<SdkInstanceProfile>, ReadError> {
        let call = self.client.list_instance_profiles().max_items(PAGE);
        let (mut all, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
        loop {
            let page =
                call.clone().set_marker(marker).send().await.map_err(|e| self.error(LIST, e.into()))?;
            marker = self.next(LIST, &mut markers, page.is_truncated, page.marker.as_deref())?;
            all.extend(page.instance_profiles);
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    /// One call for each of these instance profiles that is there.
    pub(crate) async fn add_instance_profile_tags(
        &self,
        live: &mut Live,
        of: &BTreeSet<InstanceProfileName>,
    ) -> Result<(), ReadError> {
        let Some(there) = live.instance_profiles.as_mut() else { return Ok(()) };
        let wanted = there.iter().filter(|(name, _)| of.contains(*name));
        let wanted: Vec<_> = wanted.map(|(name, found)| (name.clone(), found.clone())).collect();
        let read = wanted.into_iter().map(async |(name, listed)| {
            let found = self.instance_profile(&name).await?;
            if found.id != listed.id {
                return Err(inconsistent(format!("instance_profile/{name} was deleted and made again")));
            }
            Ok((name, found.tags))
        });
        let tags: Vec<_> = stream::iter(read).buffer_unordered(CONCURRENT_READS).try_collect().await?;
        for (name, tags) in tags {
            if let Some(found) = there.get_mut(&name) {
                found.tags = tags;
            }
        }
        Ok(())
    }

    /// An instance profile with its tags.
    async fn instance_profile(&self, name: &InstanceProfileName) -> Result<LiveInstanceProfile, ReadError> {
        let answer = self.client.get_instance_profile().instance_profile_name(name.as_str()).send().await;
        let answer = answer.map_err(|error| match Failure::from(error) {
            failure if failure.is_no_such_entity() => {
                inconsistent(format!("instance_profile/{name} was listed and is not there any more"))
            }
            failure => self.error(GET, failure),
        })?;
        let Some(profile) = answer.instance_profile else {
            let message = format!("{GET} was answered without an instance profile");
            return Err(ReadError::Unexpected { message });
        };
        let tags = convert::tags(profile.tags.clone().unwrap_or_default());
        let (_, found) = convert::instance_profile(profile)?;
        Ok(LiveInstanceProfile { tags: Observed::Read(tags), ..found })
    }
}

/// Adds what was listed. An instance profile that a role is in and that was not listed was missed: the plan
/// would make it again.
pub(crate) fn add(live: &mut Live, listed: Vec<SdkInstanceProfile>) -> Result<(), ReadError> {
    let all = converted(&live.account, listed)?;
    for (role, found) in &live.roles {
        if let Some(missed) = found.instance_profiles.iter().find(|name| !all.contains_key(*name)) {
            return Err(inconsistent(format!(
                "role/{role} is in instance_profile/{missed}, which is not in {LIST}"
            )));
        }
    }
    live.instance_profiles = Observed::Read(all);
    Ok(())
}

fn converted(
    account: &Account,
    listed: Vec<SdkInstanceProfile>,
) -> Result<BTreeMap<InstanceProfileName, LiveInstanceProfile>, ReadError> {
    let mut all = BTreeMap::new();
    for profile in listed {
        check_account(account, Some(&profile.arn))?;
        let (name, profile) = convert::instance_profile(profile)?;
        insert(&mut all, name, profile, "instance_profile")?;
    }
    Ok(all)
}
