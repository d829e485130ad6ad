//! Reading what users can sign in with, and when they last did: seven calls for each and one for each access
//! key, so only of those about to be deleted.
//!
//! No call answers with a secret, and nothing is asked for that could.

use std::collections::BTreeSet;

use aws_sdk_iam::types::StatusType;
use futures_util::{StreamExt, TryStreamExt, stream};
use iamctl_model::{
    AccessKey, Address, Credentials, KeyStatus, Live, MfaSerial, Observed, ServiceCredential, UserName,
};
use jiff::Timestamp;

use crate::connect::Aws;
use crate::convert;
use crate::failure::Failure;
use crate::pages::Markers;
use crate::perform::once;
use crate::read::{CONCURRENT_READS, PAGE, Reader, inconsistent};
use crate::read_error::ReadError;

const USER: &str = "iam:GetUser";
const KEY_LAST_USED: &str = "iam:GetAccessKeyLastUsed";
const PASSWORD: &str = "iam:GetLoginProfile";
const ACCESS_KEYS: &str = "iam:ListAccessKeys";
const MFA_DEVICES: &str = "iam:ListMFADevices";
const CERTIFICATES: &str = "iam:ListSigningCertificates";
const SSH_KEYS: &str = "iam:ListSSHPublicKeys";
const SERVICE_CREDENTIALS: &str = "iam:ListServiceSpecificCredentials";

impl Aws {
    /// Reads what these users can sign in with into a live state that was read without it. Names that
    /// are not in it are passed over.
    ///
    /// # Errors
    ///
    /// When any of it cannot be read, also because a user is not there any more.
    pub async fn read_credentials(
        &self,
        live: &mut Live,
        users: &BTreeSet<UserName>,
    ) -> Result<(), ReadError> {
        let reader = Reader { client: self.iam_client(), origin: &self.origin };
        let there: Vec<UserName> = live.users.keys().filter(|name| users.contains(*name)).cloned().collect();
        let read = there.into_iter().map(async |name| {
            let credentials = reader.credentials(&name).await?;
            let last_used = reader.last_used(&name, &credentials.access_keys).await?;
            Ok::<_, ReadError>((name, credentials, last_used))
        });
        let read: Vec<_> = stream::iter(read).buffer_unordered(CONCURRENT_READS).try_collect().await?;
        for (name, credentials, last_used) in read {
            if let Some(user) = live.users.get_mut(&name) {
                user.credentials = Observed::Read(credentials);
            }
            live.last_used.extend(last_used.map(|at| (Address::User(name), at)));
        }
        Ok(())
    }
}

impl Reader<'_> {
    async fn credentials(&self, user: &UserName) -> Result<Credentials, ReadError> {
        Ok(Credentials {
            password: self.has_password(user).await?,
            access_keys: self.access_keys(user).await?,
            mfa_devices: self.mfa_devices(user).await?,
            signing_certificates: self.signing_certificates(user).await?,
            ssh_public_keys: self.ssh_public_keys(user).await?,
            service_credentials: self.service_credentials(user).await?,
        })
    }

    /// When a user last signed in with a password, or with one of these keys. Nothing hangs on it, so who may
    /// not ask goes without: `None`.
    async fn last_used(
        &self,
        user: &UserName,
        keys: &[AccessKey],
    ) -> Result<Option<Option<Timestamp>>, ReadError> {
        match self.latest_use(user, keys).await {
            Err(ReadError::Denied { .. }) => Ok(None),
            found => found.map(Some),
        }
    }

    async fn latest_use(&self, user: &UserName, keys: &[AccessKey]) -> Result<Option<Timestamp>, ReadError> {
        let answer = self.client.get_user().user_name(user.as_str()).send().await;
        let answer = answer.map_err(|error| self.error_about(user, USER, error.into()))?;
        let mut latest = answer.user.and_then(|user| user.password_last_used).and_then(convert::timestamp);
        for key in keys {
            let answer = self.client.get_access_key_last_used().access_key_id(&key.id).send().await;
            let answer = answer.map_err(|error| self.error_about(user, KEY_LAST_USED, error.into()))?;
            let used = answer.access_key_last_used.and_then(|used| used.last_used_date);
            latest = latest.max(used.and_then(convert::timestamp));
        }
        Ok(latest)
    }

    async fn has_password(&self, user: &UserName) -> Result<bool, ReadError> {
        let answer = self.client.get_login_profile().user_name(user.as_str()).send().await;
        match answer.map_err(Failure::from) {
            Ok(_) => Ok(true),
            // AWS says the same of a user that is not there; the lists below tell that.
            Err(failure) if failure.is_no_such_entity() => Ok(false),
            Err(failure) => Err(self.error(PASSWORD, failure)),
        }
    }

    async fn access_keys(&self, user: &UserName) -> Result<Vec<AccessKey>, ReadError> {
        let call = self.client.list_access_keys().user_name(user.as_str()).max_items(PAGE);
        let (mut all, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
        loop {
            let page = call.clone().set_marker(marker).send().await;
            let page = page.map_err(|error| self.error_about(user, ACCESS_KEYS, error.into()))?;
            marker = self.next(ACCESS_KEYS, &mut markers, page.is_truncated, page.marker.as_deref())?;
            for key in page.access_key_metadata {
                let id = key.access_key_id.ok_or_else(|| ReadError::Unexpected {
                    message: format!("an access key of user/{user} comes without an id"),
                })?;
                // Whatever is not known to be inactive may be used.
                let status = match key.status {
                    Some(StatusType::Inactive) => KeyStatus::Inactive,
                    _ => KeyStatus::Active,
                };
                all.push(AccessKey { id, status });
            }
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    async fn mfa_devices(&self, user: &UserName) -> Result<Vec<MfaSerial>, ReadError> {
        let call = self.client.list_mfa_devices().user_name(user.as_str()).max_items(PAGE);
        let (mut all, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
        loop {
            let page = call.clone().set_marker(marker).send().await;
            let page = page.map_err(|error| self.error_about(user, MFA_DEVICES, error.into()))?;
            marker = self.next(MFA_DEVICES, &mut markers, page.is_truncated, page.marker.as_deref())?;
            all.extend(page.mfa_devices.into_iter().map(|device| MfaSerial(device.serial_number)));
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    async fn signing_certificates(&self, user: &UserName) -> Result<Vec<String>, ReadError> {
        let call = self.client.list_signing_certificates().user_name(user.as_str()).max_items(PAGE);
        let (mut all, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
        loop {
            let page = call.clone().set_marker(marker).send().await;
            let page = page.map_err(|error| self.error_about(user, CERTIFICATES, error.into()))?;
            marker = self.next(CERTIFICATES, &mut markers, page.is_truncated, page.marker.as_deref())?;
            all.extend(page.certificates.into_iter().map(|certificate| certificate.certificate_id));
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    async fn ssh_public_keys(&self, user: &UserName) -> Result<Vec<String>, ReadError> {
        let call = self.client.list_ssh_public_keys().user_name(user.as_str()).max_items(PAGE);
        let (mut all, mut markers, mut marker) = (Vec::new(), Markers::default(), None);
        loop {
            let page = call.clone().set_marker(marker).send().await;
            let page = page.map_err(|error| self.error_about(user, SSH_KEYS, error.into()))?;
            marker = self.next(SSH_KEYS, &mut markers, page.is_truncated, page.marker.as_deref())?;
            all.extend(page.ssh_public_keys.unwrap_or_default().into_iter().map(|key| key.ssh_public_key_id));
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    /// Not read where whoever answers does not know the call, as emulators of AWS do not: they fail with
    /// a page for people, not with one of AWS's codes. A user that has such credentials is then not
    /// deleted by mistake: AWS itself refuses.
    async fn service_credentials(
        &self,
        user: &UserName,
    ) -> Result<Observed<Vec<ServiceCredential>>, ReadError> {
        let call = self.client.list_service_specific_credentials().user_name(user.as_str()).max_items(PAGE);
        let first = call.clone().customize().config_override(once()).send().await.map_err(Failure::from);
        if let Err(Failure { status: Some(500), code: None, .. }) = first {
            return Ok(Observed::NotRead);
        }
        let (mut all, mut markers, mut next) = (Vec::new(), Markers::default(), first.ok());
        let mut marker = None;
        loop {
            let page = match next.take() {
                Some(page) => page,
                None => {
                    let page = call.clone().set_marker(marker).send().await;
                    page.map_err(|error| self.error_about(user, SERVICE_CREDENTIALS, error.into()))?
                }
            };
            marker =
                self.next(SERVICE_CREDENTIALS, &mut markers, page.is_truncated, page.marker.as_deref())?;
            let listed = page.service_specific_credentials.unwrap_or_default().into_iter();
            all.extend(listed.map(|credential| ServiceCredential {
                id: credential.service_specific_credential_id,
                service: credential.service_name,
            }));
            if marker.is_none() {
                return Ok(Observed::Read(all));
            }
        }
    }

    fn error_about(&self, user: &UserName, call: &'static str, failure: Failure) -> ReadError {
        if failure.is_no_such_entity() {
            return inconsistent(format!("user/{user} was listed and is not there any more"));
        }
        self.error(call, failure)
    }
}
