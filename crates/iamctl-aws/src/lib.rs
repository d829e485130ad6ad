//! The AWS side of iamctl, and the only crate that names the AWS SDK: connecting, reading an account,
//! making single calls, and the bucket of the master copy.
//!
//! It decides nothing. Whoever holds a plan makes its calls through [`AwsIam`] and [`AwsBucket`], which
//! implement the ports of `iamctl-apply`; [`Aws::read_live`] turns an account into a value.
//!
//! ```no_run
//! use iamctl_aws::{Aws, Options, Scope};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let aws = Aws::connect(&Options { profile: Some("prod".to_owned()), ..Options::default() }).await?;
//! let caller = aws.caller().await?;
//! let live = aws.read_live(&caller.account, &Scope::default()).await?;
//! assert_eq!(live.account, caller.account);
//! # Ok(())
//! # }
//! ```
//!
//! # Configuration
//!
//! Everything that configures other AWS tools configures this one, because the SDK reads it: the `AWS_…`
//! variables, `~/.aws/config` and `~/.aws/credentials` with SSO sign-ins (`aws sso login`), console
//! sign-ins (`aws login`), chains of roles and `credential_process`, web identity tokens, containers and
//! instances. What differs from the SDK:
//!
//! - a profile named in [`Options`] wins over keys in the environment, as in the AWS CLI;
//! - a profile with `mfa_serial` is refused, because the SDK would go on without MFA;
//! - an endpoint that is no URL is refused, because the SDK would go on to AWS itself;
//! - `AWS_RETRY_MODE` is not read, and a bad `AWS_MAX_ATTEMPTS` is an error.
//!
//! Proxies are those of `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Certificates are the system's, or
//! those of `SSL_CERT_FILE` and `SSL_CERT_DIR`; the SDK does not read `AWS_CA_BUNDLE`.
//!
//! # What is sent again
//!
//! The SDK repeats what fails for a moment, up to eight times in all, except for the calls that make
//! something: see [`AwsIam`].

mod bucket;
mod caller;
mod connect;
mod connect_error;
mod convert;
mod credentials;
mod endpoint;
mod failure;
mod pages;
mod patience;
mod perform;
mod perform_providers;
mod perform_settings;
mod profile;
mod read;
mod read_credentials;
mod read_error;
mod read_instance_profiles;
mod read_oidc_providers;
mod read_one;
mod read_quotas;
mod read_saml_providers;
mod read_settings;
mod service_linked;
mod settle;
mod whole;

pub use bucket::AwsBucket;
pub use connect::{Aws, Options};
pub use connect_error::ConnectError;
pub use credentials::CredentialsProblem;
pub use endpoint::{EndpointOverride, Service};
pub use patience::Patience;
pub use perform::AwsIam;
pub use read::Scope;
pub use read_error::ReadError;
