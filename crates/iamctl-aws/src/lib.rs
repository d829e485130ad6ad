//! The AWS side of iamctl.
mod caller;
mod connect;
mod connect_error;
mod credentials;
mod endpoint;
mod failure;
mod profile;

pub use connect::{Aws, Options};
pub use connect_error::ConnectError;
pub use credentials::CredentialsProblem;
pub use endpoint::{EndpointOverride, Service};
