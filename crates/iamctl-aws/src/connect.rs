//! The connection: which account, which endpoints, with whose credentials, and how patiently.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::os_shim_internal::{Env, Fs};
use aws_types::sdk_ua_metadata::FrameworkMetadata;

use crate::connect_error::ConnectError;
use crate::credentials::Origin;
use crate::endpoint::{self, EndpointOverride};
use crate::profile;
use crate::whole::WholeAnswers;

/// What a person said on the command line, and what the manifest adds.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `--profile`: wins over keys in the environment, as in every AWS tool.
    pub profile: Option<String>,
    /// `--region`
    pub region: Option<String>,
    /// `--endpoint-url`: wins over every endpoint of environment and profile.
    pub endpoint_url: Option<String>,
    /// The Region to take when neither option, environment nor profile names one: that of the master
    /// copy. It decides on the partition; IAM itself has no Regions.
    pub fallback_region: Option<String>,
}

/// AWS, as one caller sees it. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) config: SdkConfig,
    pub(crate) origin: Origin,
    overrides: Vec<EndpointOverride>,
}

/// How often a call is made at most. IAM throttles writers and readers alike and says nothing about
/// its rates, so more than the SDK's three; with a second doubling to twenty this waits half a minute.
const MAX_ATTEMPTS: u32 = 8;

/// How long one attempt may take. The SDK waits for ever without it. IAM answers in well under a
/// second, a thousand objects of GetAccountAuthorizationDetails in a few.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a call may take with all its attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(180);

/// How long credentials may take. The SDK's five seconds are too short where a `credential_process`
/// waits for somebody to touch a key.
pub(crate) const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(90);

impl Aws {
    /// Reads AWS's usual configuration: environment, shared configuration files, web identity,
    /// container and instance. No request is made.
    ///
    /// # Errors
    ///
    /// What is wrong with the configuration itself. Missing or expired credentials are found out by
    /// the first call, [`caller`](Self::caller).
    pub async fn connect(options: &Options) -> Result<Self, ConnectError> {
        let (env, fs) = (Env::real(), Fs::real());
        let chosen = options.profile.as_deref();
        let profiles = profile::load(&env, &fs, chosen).await?;
        let origin = profile::origin(&profiles, &env, chosen)?;
        let region = region(options).await.ok_or(ConnectError::NoRegion)?;
        let retries = RetryConfig::standard().with_max_attempts(max_attempts(&env, &profiles)?);
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();

        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(region.clone())
            // Given here even where it equals the SDK's own: its reader of AWS_MAX_ATTEMPTS panics.
            .retry_config(retries)
            .timeout_config(timeouts)
            .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build());
        if let Ok(name) = AppName::new("iamctl") {
            loader = loader.app_name(name);
        }
        if let Ok(version) = FrameworkMetadata::new("iamctl", Some(env!("CARGO_PKG_VERSION"))) {
            loader = loader.framework_metadata(version);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(name) = chosen {
            loader = loader.profile_name(name).credentials_provider(credentials_of(name, region));
        }
        let config = loader.load().await;
        endpoint::check(options.endpoint_url.as_deref(), &config, &env, &profiles)?;
        Ok(Self { origin, ..Self::from_sdk_config(config) })
    }

    /// The same with a configuration of the SDK that is there already: Region, credentials, retries
    /// and timeouts are taken as they are in it.
    #[must_use]
    pub fn from_sdk_config(config: SdkConfig) -> Self {
        let overrides = endpoint::overrides(&config);
        Self { config, origin: Origin::Ambient, overrides }
    }

    /// A client of IAM.
    pub(crate) fn iam_client(&self) -> aws_sdk_iam::Client {
        let config = aws_sdk_iam::config::Builder::from(&self.config).interceptor(WholeAnswers);
        aws_sdk_iam::Client::from_conf(config.build())
    }

    /// The endpoints that are not AWS's own. A person should be told: with one of them, nothing that
    /// is read or written need have to do with AWS.
    #[must_use]
    pub fn endpoint_overrides(&self) -> &[EndpointOverride] {
        &self.overrides
    }

    /// The Region in use.
    #[must_use]
    pub fn region(&self) -> &str {
        self.config.region().map(Region::as_ref).unwrap_or_default()
    }
}

/// The SDK's chain without its first link: keys in the environment do not count when a profile is
/// named. Web identity comes from the environment too, and goes with them.
fn credentials_of(profile: &str, region: Region) -> SharedCredentialsProvider {
    let config = ProviderConfig::without_region().with_region(Some(region));
    let of_profile =
        ProfileFileCredentialsProvider::builder().configure(&config).profile_name(profile).build();
    SharedCredentialsProvider::new(
        CredentialsProviderChain::first_try("Profile", of_profile)
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&config).build())
            .or_else("Ec2InstanceMetadata", ImdsCredentialsProvider::builder().configure(&config).build()),
    )
}

/// Option, environment, profile, fallback. The SDK would ask the instance next, which takes seconds
/// where there is none; the fallback is at hand.
async fn region(options: &Options) -> Option<Region> {
    let given = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| Region::new(text.to_owned()))
    };
    let not_blank = |region: &Region| !region.as_ref().trim().is_empty();
    if let Some(region) = given(&options.region) {
        return Some(region);
    }
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await.filter(not_blank) {
        return Some(region);
    }
    let mut of_profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        of_profile = of_profile.profile_name(name);
    }
    let of_profile = of_profile.build().region().await.filter(not_blank);
    of_profile.or_else(|| given(&options.fallback_region))
}

/// `AWS_MAX_ATTEMPTS`, or `max_attempts` of the profile, as in every AWS tool. `AWS_RETRY_MODE` has no
/// say: whether a call may be repeated is not a matter of taste here.
fn max_attempts(env: &Env, profiles: &ProfileSet) -> Result<u32, ConnectError> {
    let from_env = env.get("AWS_MAX_ATTEMPTS").ok().map(|value| ("AWS_MAX_ATTEMPTS", value));
    let said = from_env.or_else(|| Some(("max_attempts", profiles.get("max_attempts")?.to_owned())));
    let Some((setting, value)) = said else { return Ok(MAX_ATTEMPTS) };
    match value.trim().parse() {
        Ok(attempts) if attempts > 0 => Ok(attempts),
        _ => Err(ConnectError::Setting { setting, value, expected: "a whole number from 1" }),
    }
}
