//! iamctl from the outside: the built program as its users run it, against a local AWS.
//!
//! Every test has an account, a bucket name and a folder of its own, and a proxy in front of the local AWS
//! that writes down each request and makes chosen ones go wrong. What is in the account and in the bucket
//! afterwards is read with the plain SDK, past the proxy and past iamctl's own code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what fails in a helper fails the test"
)]

mod support;

mod access;
mod access_changes;
mod changes;
mod credentials;
mod endings;
mod examples;
mod founding;
mod guards;
mod hostile;
mod import;
mod instance_profiles;
mod locks;
mod made_again;
mod manifest_renames;
mod offline;
mod oidc_providers;
mod outages;
mod ownership;
mod policies;
mod quotas;
mod refusals;
mod renames;
mod replacements;
mod requests;
mod saml_providers;
mod service_linked_roles;
mod settings;
mod terminals;
mod visibility;
mod walk;
