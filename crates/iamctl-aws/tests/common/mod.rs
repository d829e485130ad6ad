//! An account of its own for every test, on one local AWS for every test file, behind a proxy that counts
//! and makes things go wrong.

#![allow(dead_code, reason = "not every test file uses all of it")]
#![allow(clippy::unwrap_used, reason = "what fails in a helper fails the test")]
#![allow(unreachable_pub, reason = "a module of several test programs")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use fault_proxy::{Call, Proxy};
use iamctl_aws::Aws;
use iamctl_model::{Account, AccountId, Partition};
use local_aws::LocalAws;

/// One test's view of the world.
pub struct World {
    /// Between the code under test and the local AWS.
    pub proxy: Proxy,
    /// The code under test, connected through the proxy.
    pub aws: Aws,
    /// The account that this test has for itself.
    pub account: Account,
    /// The SDK past the proxy, to prepare and to look.
    pub direct: SdkConfig,
    /// The SDK through the proxy.
    pub config: SdkConfig,
}

impl World {
    /// An empty account, asked in the Region that most tests use.
    pub async fn new() -> Self {
        Self::in_region("us-east-1").await
    }

    /// An empty account, asked in this Region.
    pub async fn in_region(region: &str) -> Self {
        let account = Account { id: AccountId::parse(&next_account()).unwrap(), partition: Partition::aws() };
        let proxy = Proxy::start(local_aws().address()).unwrap();
        let credentials = credentials_for(&account.id).await;
        let direct = config(local_aws().endpoint(), region, credentials.clone());
        let config = config(proxy.endpoint(), region, credentials);
        Self { aws: Aws::from_sdk_config(config.clone()), proxy, account, direct, config }
    }

    /// IAM past the proxy.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::new(&self.direct)
    }

    /// S3 past the proxy.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.s3_in(self.aws.region())
    }

    /// S3 of one Region, past the proxy.
    pub fn s3_in(&self, region: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.direct);
        let config = config.region(Region::new(region.to_owned())).force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// The calls so far, in words.
    pub fn calls(&self) -> Vec<String> {
        self.proxy.calls().iter().map(ToString::to_string).collect()
    }

    /// How often an operation was called.
    pub fn count(&self, operation: &str) -> usize {
        self.proxy.count(|call: &Call| call.operation == operation)
    }
}

/// The SDK with little patience: what is tried again is tried again at once.
pub fn config(endpoint: &str, region: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1)),
        )
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(60)).build())
        .build()
}

pub fn local_aws() -> &'static LocalAws {
    static LOCAL: OnceLock<LocalAws> = OnceLock::new();
    LOCAL.get_or_init(|| LocalAws::start(&local_aws::Options::default()).unwrap())
}

fn next_account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(200_000_000_001);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// Credentials that select an account: those of any role in it, whether there is one or not.
async fn credentials_for(account: &AccountId) -> Credentials {
    let root = Credentials::new("local", "local", None, None, "test");
    let sts = aws_sdk_sts::Client::new(&config(local_aws().endpoint(), "us-east-1", root));
    let role = format!("arn:aws:iam::{account}:role/tester");
    let session = sts.assume_role().role_arn(role).role_session_name("test").send().await.unwrap();
    let session = session.credentials.unwrap();
    let token = Some(session.session_token);
    Credentials::new(session.access_key_id, session.secret_access_key, token, None, "test")
}
