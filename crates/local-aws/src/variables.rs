//! The environment variables that point an AWS client at the local AWS, and away from everything else.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Environment variables to set and to remove so that a child process reaches the local AWS and reads nothing of
/// the AWS configuration of the person who runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variables {
    set: Vec<(&'static str, String)>,
    remove: BTreeSet<String>,
}

/// Removed even where they are not set now, so that the list printed for a person does not depend on where it was
/// printed. Proxies are among them because a request to loopback must not take a way round through one.
const ALWAYS_REMOVED: &[&str] = &[
    "AWS_CA_BUNDLE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "all_proxy",
    "http_proxy",
    "https_proxy",
];

impl Variables {
    pub(crate) fn new(endpoint: &str, empty_file: &Path) -> Self {
        let empty_file = empty_file.to_string_lossy().into_owned();
        let set = vec![
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", empty_file.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", empty_file),
        ];
        let remove =
            names_to_remove(&set, std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()));
        Self { set, remove }
    }

    /// The variables to set, by name.
    pub fn set(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The names of the variables to remove: a fixed list, and every other `AWS_…` that this process has.
    pub fn remove(&self) -> impl Iterator<Item = &str> {
        self.remove.iter().map(String::as_str)
    }

    /// Gives `command` the environment of this process, changed as described here.
    pub fn apply_to(&self, command: &mut Command) {
        for name in &self.remove {
            command.env_remove(name);
        }
        command.envs(self.set());
    }
}

fn names_to_remove(
    set: &[(&'static str, String)],
    present: impl Iterator<Item = String>,
) -> BTreeSet<String> {
    let ours = |name: &str| set.iter().any(|(set, _)| *set == name);
    present
        .filter(|name| name.starts_with("AWS_") && !ours(name))
        .chain(ALWAYS_REMOVED.iter().map(ToString::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_not_removed_and_any_other_aws_variable_is() {
        let set = vec![("AWS_REGION", "us-east-1".to_owned())];
        let present = ["AWS_REGION", "AWS_SOMETHING_NEW", "HOME"].map(str::to_owned);

        let removed = names_to_remove(&set, present.into_iter());

        assert!(removed.contains("AWS_SOMETHING_NEW"));
        assert!(removed.contains("AWS_PROFILE"), "also when it is not set now");
        assert!(!removed.contains("AWS_REGION"));
        assert!(!removed.contains("HOME"));
    }

    #[test]
    fn a_command_gets_both_lists() {
        let variables = Variables::new("http://127.0.0.1:1", Path::new("/empty"));
        let mut command = Command::new("true");
        command.env("AWS_PROFILE", "prod");

        variables.apply_to(&mut command);

        let value =
            |wanted: &str| command.get_envs().find(|(name, _)| *name == wanted).map(|(_, value)| value);
        assert_eq!(value("AWS_PROFILE"), Some(None));
        assert_eq!(value("AWS_ENDPOINT_URL"), Some(Some("http://127.0.0.1:1".as_ref())));
        assert_eq!(value("AWS_CONFIG_FILE"), Some(Some("/empty".as_ref())));
    }
}
