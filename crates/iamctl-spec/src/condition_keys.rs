//! Condition keys that people state about requests, in a manifest's tests or in a question.

use std::sync::LazyLock;

use iamctl_data::{ConditionKey, Service, ValueType, services};
use iamctl_policy::{closest, vocabulary};

/// A condition key that no request can have: probably misspelt, and then it states nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// What is wrong.
    pub message: String,
    /// What to do, a sentence each.
    pub help: Vec<String>,
}

/// The code of warnings about an [`UnknownKey`].
pub const UNKNOWN_KEY: &str = "unknown-condition-key";

/// Keys that a service tells and whose prefix is another's or nobody's, such as those of identity providers, which
/// STS tells.
static FOREIGN: LazyLock<Vec<&'static ConditionKey>> = LazyLock::new(|| {
    let is_foreign = |service: &Service, key: &ConditionKey| {
        let prefix = key.name.split(':').next().unwrap_or("");
        !prefix.eq_ignore_ascii_case("aws") && prefix != service.prefix
    };
    let keys = |service: &'static Service| {
        service.condition_keys().iter().filter(move |key| is_foreign(service, key))
    };
    services().iter().flat_map(keys).collect()
});

fn known(key: &str) -> Option<&'static ConditionKey> {
    let foreign = || FOREIGN.iter().find(|known| known.is(key)).copied();
    services().condition_key(key).or_else(foreign)
}

/// Why a condition key is none that a request can have, by the table. Providers of identities that the table does
/// not have bring keys of their own, with their address in front.
#[must_use]
pub fn unknown_key(key: &str) -> Option<UnknownKey> {
    let prefix = key.split(':').next().unwrap_or("");
    let of_service = services().get(prefix).map(Service::condition_keys);
    let is_of_provider = of_service.is_none() && prefix.contains('.');
    if is_of_provider || known(key).is_some() {
        return None;
    }
    let global = || services().global_condition_keys().iter().chain(FOREIGN.iter().copied());
    let meant = match of_service {
        Some(keys) => closest(key, keys.iter().map(|key| key.name)),
        None => closest(key, global().map(|key| key.name)),
    };
    let table =
        format!("keys are those of {}, in the table that iamctl carries", services().provenance().date);
    let help = meant.map(|meant| format!("did you mean `{meant}`?")).into_iter().chain([table]).collect();
    Some(UnknownKey { message: format!("no request has the condition key `{key}`"), help })
}

/// Why a condition key cannot have a value in any request, where the type of the key is known.
///
/// That a key holds ARNs is believed of global keys only: what services write into their own is less sure.
///
/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
#[must_use]
pub fn misfit(key: &str, value: &str) -> Option<String> {
    let is_global = key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
    let (fits, what) = match known(key)?.value_type {
        ValueType::Bool => {
            (["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(value)), "`true` or `false`")
        }
        ValueType::Numeric => (vocabulary::is_number(value), "a number"),
        ValueType::Date => {
            (vocabulary::is_date(value), "a date such as `2026-01-31T12:00:00Z`, or seconds since 1970")
        }
        ValueType::IpAddress => (value.parse::<std::net::IpAddr>().is_ok(), "one IP address"),
        ValueType::Binary => (vocabulary::is_binary(value), "bytes in base64"),
        ValueType::Arn if is_global => (value.starts_with("arn:") && value.split(':').count() >= 6, "an ARN"),
        ValueType::Arn | ValueType::String => (true, ""),
    };
    (!fits).then(|| format!("`{value}` is no value of `{key}`, which is {what}"))
}

#[cfg(test)]
mod tests {
    use super::{misfit, unknown_key};

    #[test]
    fn keys_that_no_request_has_are_told_and_those_of_providers_are_not() {
        for (key, meant) in [
            ("aws:MultiFactorAuthPresnt", Some("aws:MultiFactorAuthPresent")),
            ("asw:SourceIp", Some("aws:SourceIp")),
            ("saml:audd", Some("saml:aud")),
            ("iam:PermissionBoundary", Some("iam:PermissionsBoundary")),
            ("foo:bar", None),
        ] {
            let unknown = unknown_key(key).unwrap_or_else(|| panic!("{key} is known"));
            let help = meant.map(|meant| format!("did you mean `{meant}`?"));
            assert_eq!(unknown.help.iter().find(|help| help.contains("did you")), help.as_ref(), "{key}");
        }
        for key in [
            "AWS:sourceip",
            "aws:RequestTag/team",
            "saml:aud",
            "sts:ExternalId",
            "oidc.example.com/id/A:sub",
            "token.actions.githubusercontent.com:sub",
            "ec2:SourceInstanceARN",
        ] {
            assert_eq!(unknown_key(key), None, "{key}");
        }
    }

    #[test]
    fn values_are_of_the_type_of_their_key() {
        for (key, fits, does_not) in [
            ("aws:SourceIp", "2001:db8::1", "notanip"),
            ("aws:SourceIp", "192.0.2.1", "192.0.2.0/24"),
            ("AWS:currenttime", "2026-01-31T12:00:00Z", "yesterday"),
            ("aws:EpochTime", "1790000000", "soon"),
            ("aws:MultiFactorAuthPresent", "True", "yes"),
            ("aws:MultiFactorAuthAge", "5", "5m"),
            ("aws:SourceArn", "arn:aws:s3:::bucket", "bucket"),
        ] {
            assert_eq!(misfit(key, fits), None, "{key}");
            assert!(misfit(key, does_not).is_some(), "{key} {does_not}");
        }
        assert_eq!(misfit("aws:RequestedRegion", ""), None);
        assert_eq!(misfit("foo:bar", "x"), None);
    }
}
