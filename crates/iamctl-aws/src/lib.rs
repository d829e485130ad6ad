//! The AWS side of iamctl.
mod caller;
mod connect;
mod connect_error;
mod convert;
mod credentials;
mod endpoint;
mod failure;
mod pages;
mod perform;
mod profile;
mod read;
mod read_error;
mod settle;
mod whole;

pub use connect::{Aws, Options};
pub use connect_error::ConnectError;
pub use credentials::CredentialsProblem;
pub use endpoint::{EndpointOverride, Service};
pub use perform::AwsIam;
pub use read::Scope;
pub use read_error::ReadError;
