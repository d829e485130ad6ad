//! What IAM does with the principals of trust policies: they are kept by unique id and shown by ARN.

use iamctl_model::Live;

/// Shows a principal under another name in all trust policies: its id once it is deleted, its new ARN
/// once its path changed.
pub(crate) fn rename(live: &mut Live, old: &str, new: &str) {
    for role in live.roles.values_mut() {
        if let Some(trust) = role.trust.map_aws_principals(|text| (text == old).then(|| new.to_owned())) {
            role.trust = trust;
        }
    }
}
