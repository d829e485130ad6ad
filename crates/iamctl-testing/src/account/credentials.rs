//! What users sign in with. Nothing here makes any of it: a test gives it, and calls take it away.

use iamctl_apply::ActionError;
use iamctl_model::{Action, Credentials, MfaSerial, Observed, UserName};

use super::{MemoryAccount, conflict, missing};

impl MemoryAccount {
    /// Gives a user a password, keys and MFA devices, as somebody might do behind our back. A user that
    /// is not there gets nothing.
    pub fn give_credentials(&mut self, user: &UserName, credentials: Credentials) {
        if let Some(user) = self.live.users.get_mut(user) {
            let service_credentials = credentials.service_credentials.clone().unwrap_or(Vec::new());
            let service_credentials = Observed::Read(service_credentials);
            user.credentials = Observed::Read(Credentials { service_credentials, ..credentials });
        }
    }

    /// The virtual MFA devices that are nobody's any more and still there.
    #[must_use]
    pub fn unassigned_devices(&self) -> &[MfaSerial] {
        &self.unassigned_devices
    }

    /// Whether the call was about credentials, and is done.
    pub(super) fn on_credentials(&mut self, name: &UserName, action: &Action) -> Result<bool, ActionError> {
        if let Action::DeleteVirtualMFADevice { serial_number, .. } = action {
            return self.delete_device(serial_number).map(|()| true);
        }
        let user = self.live.users.get_mut(name);
        let Some(Observed::Read(has)) = user.map(|user| &mut user.credentials) else { return Ok(false) };
        match action {
            Action::UpdateAccessKey { access_key_id, status, .. } => {
                let mut keys = has.access_keys.iter_mut();
                let key = keys.find(|key| key.id == *access_key_id);
                key.ok_or_else(|| missing(format!("The Access Key with id {access_key_id}")))?.status =
                    *status;
            }
            Action::DeleteAccessKey { access_key_id: id, .. } => {
                remove(&mut has.access_keys, |key| key.id == *id, "The Access Key", id)?;
            }
            Action::DeleteLoginProfile { .. } => {
                if !std::mem::take(&mut has.password) {
                    return Err(missing(format!("Login Profile for User {name}")));
                }
            }
            Action::DeactivateMFADevice { serial_number: serial, .. } => {
                remove(&mut has.mfa_devices, |known| known == serial, "MFA Device", &serial.0)?;
                if serial.is_virtual() {
                    self.unassigned_devices.push(serial.clone());
                }
            }
            Action::DeleteSigningCertificate { certificate_id: id, .. } => {
                remove(&mut has.signing_certificates, |known| known == id, "The Certificate", id)?;
            }
            Action::DeleteSSHPublicKey { ssh_public_key_id: id, .. } => {
                remove(&mut has.ssh_public_keys, |known| known == id, "The Public Key", id)?;
            }
            Action::DeleteServiceSpecificCredential { service_specific_credential_id: id, .. } => {
                if let Observed::Read(credentials) = &mut has.service_credentials {
                    remove(credentials, |known| known.id == *id, "The credential", id)?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn delete_device(&mut self, serial: &MfaSerial) -> Result<(), ActionError> {
        let has_it = |credentials: &Observed<Credentials>| {
            credentials.as_ref().is_some_and(|has| has.mfa_devices.contains(serial))
        };
        if self.live.users.values().any(|user| has_it(&user.credentials)) {
            return Err(conflict("Cannot delete a VirtualMFADevice that is assigned to a user."));
        }
        remove(&mut self.unassigned_devices, |known| known == serial, "VirtualMFADevice", &serial.0)
    }
}

/// The credentials of a new user.
pub(super) fn no_credentials() -> Credentials {
    Credentials { service_credentials: Observed::Read(Vec::new()), ..Credentials::default() }
}

fn remove<T>(from: &mut Vec<T>, is_it: impl Fn(&T) -> bool, what: &str, id: &str) -> Result<(), ActionError> {
    let before = from.len();
    from.retain(|item| !is_it(item));
    if from.len() < before { Ok(()) } else { Err(missing(format!("{what} with id {id}"))) }
}
