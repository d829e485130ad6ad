//! Endpoints that are not AWS's own.

use std::fmt;

use aws_config::SdkConfig;
use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::Env;
use aws_types::service_config::ServiceConfigKey;

use crate::connect_error::ConnectError;

/// The services that iamctl calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Identity and Access Management.
    Iam,
    /// Security Token Service.
    Sts,
    /// Simple Storage Service.
    S3,
}

impl Service {
    const ALL: [Service; 3] = [Service::Iam, Service::Sts, Service::S3];

    /// Its name in `AWS_ENDPOINT_URL_…`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Service::Iam => "IAM",
            Service::Sts => "STS",
            Service::S3 => "S3",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A service that is asked somewhere else than at AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointOverride {
    /// The service.
    pub service: Service,
    /// Where it is asked.
    pub url: String,
}

/// All overrides of a configuration.
pub(crate) fn overrides(config: &SdkConfig) -> Vec<EndpointOverride> {
    let found = |service| Some(EndpointOverride { service, url: url(config, service)? });
    Service::ALL.into_iter().filter_map(found).collect()
}

/// Where the SDK will ask a service, by the SDK's own rules: an endpoint given in code, then the
/// service's own, then the one for all.
pub(crate) fn url(config: &SdkConfig, service: Service) -> Option<String> {
    let for_all = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return for_all;
    }
    let key = ServiceConfigKey::builder()
        .service_id(service.as_str())
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let own = key.and_then(|key| config.service_config()?.load_config(key));
    own.or(for_all)
}

/// Refuses endpoints that are no URLs. The SDK drops such a one with a warning in its log, and goes on
/// to AWS itself: the opposite of what was meant.
pub(crate) fn check(
    option: Option<&str>,
    config: &SdkConfig,
    env: &Env,
    profiles: &ProfileSet,
) -> Result<(), ConnectError> {
    let refuse = |setting: &'static str, value: &str| {
        Err(ConnectError::Setting {
            setting,
            value: value.to_owned(),
            expected: "a URL such as `http://127.0.0.1:5000`",
        })
    };
    if let Some(url) = option {
        return if is_url(url) { Ok(()) } else { refuse("--endpoint-url", url) };
    }
    if let Some(bad) = overrides(config).into_iter().find(|found| !is_url(&found.url)) {
        return refuse("AWS_ENDPOINT_URL", &bad.url);
    }
    let ignored = |value: Option<&str>| value.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    let switch = env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").ok();
    if ignored(switch.as_deref().or(profiles.get("ignore_configured_endpoint_urls"))) {
        return Ok(());
    }
    match (env.get("AWS_ENDPOINT_URL"), profiles.get("endpoint_url")) {
        (Ok(url), _) if !is_url(&url) => refuse("AWS_ENDPOINT_URL", &url),
        (Err(_), Some(url)) if !is_url(url) => refuse("endpoint_url", url),
        _ => Ok(()),
    }
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::is_url;

    #[test]
    fn only_urls_with_a_host_are_urls() {
        for good in ["http://127.0.0.1:5000", "https://iam.example.com/path", "http://[::1]:1"] {
            assert!(is_url(good), "{good}");
        }
        for bad in ["", "localhost:4566", "http://", "http:///x", "ftp://x", "http://a b"] {
            assert!(!is_url(bad), "{bad}");
        }
    }
}
