//! Tags that policies ask for: what such a tag says decides what its user or role may do, and what may
//! be done to it.

use iamctl_model::{Address, Change, Live, Resource, Tags};
use iamctl_policy::Document;

/// What the name of a condition key on a tag begins with.
/// Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, "Condition
/// keys for AWS Identity and Access Management".
const OF_TAGS: [&str; 3] = ["aws:principaltag/", "aws:resourcetag/", "iam:resourcetag/"];

/// Everything that any document of the account, before or after, says about tags, in small letters.
#[derive(Debug)]
pub(crate) struct AskedFor(Vec<String>);

impl AskedFor {
    pub(crate) fn of<'c>(live: &Live, changes: impl Iterator<Item = &'c Change>) -> Self {
        let mut texts = Vec::new();
        let mut look = |document: &Document| {
            let text = document.to_compact_string().to_ascii_lowercase();
            if OF_TAGS.iter().any(|key| text.contains(key)) {
                texts.push(text);
            }
        };
        let versions = live.policies.values().filter_map(|policy| policy.default_version());
        versions.for_each(|version| look(&version.document));
        live.roles.values().for_each(|role| look(&role.trust));
        live.addresses().filter_map(|(address, _)| live.resource(&address, None)).for_each(|resource| {
            resource.inline_policies().into_iter().flatten().for_each(|(_, document)| look(document));
        });
        for change in changes.filter(|change| !matches!(change.address, Address::MasterCopy)) {
            let Some(after) = &change.after else { continue };
            after.inline_policies().into_iter().flatten().for_each(|(_, document)| look(document));
            match after {
                Resource::Policy(policy) => look(&policy.document),
                Resource::Role(role) => look(&role.trust),
                _ => {}
            }
        }
        Self(texts)
    }

    /// Whether any of these tags is asked for.
    pub(crate) fn any<'k>(&self, mut keys: impl Iterator<Item = &'k String>) -> bool {
        keys.any(|key| {
            let key = key.to_ascii_lowercase();
            let names = OF_TAGS.map(|of| format!("{of}{key}"));
            self.0.iter().any(|text| names.iter().any(|name| text.contains(name)))
        })
    }
}

/// The keys of tags.
pub(crate) fn keys(tags: &Tags) -> impl Iterator<Item = &String> {
    tags.0.keys()
}
