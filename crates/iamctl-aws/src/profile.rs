//! The profile of the shared configuration files: which one counts, and what the SDK does not say
//! about it.
//!
//! The SDK reads these files itself. They are read here a second time, with the SDK's own parser, for
//! two things only: the SDK ignores `mfa_serial` and would go on without MFA, and its errors do not
//! say which sign-in has to be renewed.

use std::borrow::Cow;
use std::error::Error;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use crate::connect_error::ConnectError;
use crate::credentials::Origin;

/// Reads the files that the SDK reads. `chosen` wins over `AWS_PROFILE`.
pub(crate) async fn load(env: &Env, fs: &Fs, chosen: Option<&str>) -> Result<ProfileSet, ConnectError> {
    let chosen = chosen.map(|name| Cow::Owned(name.to_owned()));
    aws_config::profile::load(fs, env, &EnvConfigFiles::default(), chosen).await.map_err(|error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        ConnectError::ConfigFile { message: format!("{error}{cause}") }
    })
}

/// Where the credentials will come from. `chosen` is the profile named on the command line; like in
/// every AWS tool it wins over keys in the environment, and AWS_PROFILE does not.
pub(crate) fn origin(profiles: &ProfileSet, env: &Env, chosen: Option<&str>) -> Result<Origin, ConnectError> {
    let has = |name: &str| env.get(name).is_ok_and(|value| !value.trim().is_empty());
    if chosen.is_none() && has("AWS_ACCESS_KEY_ID") && has("AWS_SECRET_ACCESS_KEY") {
        return Ok(Origin::Environment);
    }
    let name = profiles.selected_profile();
    if profiles.get_profile(name).is_none() && chosen.is_none() && env.get("AWS_PROFILE").is_err() {
        return Ok(Origin::Ambient);
    }
    let chain = chain(profiles, name)?;
    if let Some(link) = chain.iter().find(|link| link.get("mfa_serial").is_some()) {
        return Err(ConnectError::MfaProfile {
            profile: name.to_owned(),
            demanded_by: link.name().to_owned(),
            serial: link.get("mfa_serial").unwrap_or_default().to_owned(),
            assumes_a_role: chain.iter().any(|link| link.get("role_arn").is_some()),
        });
    }
    let sign_in = chain.last().and_then(|base| sign_in(base));
    Ok(Origin::Profile { name: name.to_owned(), sign_in })
}

/// A profile and those it stands on, by the SDK's rules: `role_arn` alone makes a chain go on, a token
/// file ends it, and so do keys in any but the first profile.
fn chain<'a>(profiles: &'a ProfileSet, first: &str) -> Result<Vec<&'a Profile>, ConnectError> {
    let mut chain: Vec<&Profile> = Vec::new();
    let mut name = first;
    loop {
        let Some(profile) = profiles.get_profile(name) else {
            return Err(ConnectError::unknown_profile(name, chain.last().copied(), profiles));
        };
        if chain.iter().any(|seen| seen.name() == profile.name()) {
            return Err(ConnectError::ConfigFile {
                message: format!("the `source_profile` entries lead from `{first}` back to `{name}`"),
            });
        }
        let is_first = chain.is_empty();
        chain.push(profile);
        let has_keys = profile.get("aws_access_key_id").is_some();
        let assumes = profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none();
        match profile.get("source_profile") {
            Some(next) if assumes && next != name && (is_first || !has_keys) => name = next,
            _ => return Ok(chain),
        }
    }
}

/// How a person renews the sign-in behind a profile.
fn sign_in(base: &Profile) -> Option<String> {
    let has = |key: &str| base.get(key).is_some();
    let command = if has("sso_session") || has("sso_start_url") {
        "aws sso login"
    } else if has("login_session") {
        "aws login"
    } else {
        return None;
    };
    Some(format!("{command} --profile {}", base.name()))
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn origin_of(config: &str, env: &[(&str, &str)], chosen: Option<&str>) -> Result<Origin, ConnectError> {
        let mut variables = vec![("HOME", "/home/me")];
        variables.extend(env);
        let env = Env::from_slice(&variables);
        let fs = Fs::from_slice(&[("/home/me/.aws/config", config)]);
        origin(&ready(load(&env, &fs, chosen))?, &env, chosen)
    }

    /// The files are in memory: nothing ever waits.
    fn ready<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future waits"),
        }
    }

    const KEYS: &[(&str, &str)] = &[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "s")];

    #[test]
    fn keys_in_the_environment_count_unless_a_profile_is_named() {
        let config = "[profile a]\naws_access_key_id = x\naws_secret_access_key = y\n";
        assert_eq!(origin_of(config, KEYS, None).unwrap(), Origin::Environment);
        let with_variable: Vec<_> = KEYS.iter().copied().chain([("AWS_PROFILE", "a")]).collect();
        assert_eq!(origin_of(config, &with_variable, None).unwrap(), Origin::Environment);
        let named = Origin::Profile { name: "a".to_owned(), sign_in: None };
        assert_eq!(origin_of(config, KEYS, Some("a")).unwrap(), named);
        assert_eq!(origin_of(config, &[("AWS_PROFILE", "a")], None).unwrap(), named);
        assert_eq!(origin_of(config, &[], None).unwrap(), Origin::Ambient);
        assert_eq!(origin_of("", &[("AWS_ACCESS_KEY_ID", "only")], None).unwrap(), Origin::Ambient);
    }

    #[test]
    fn the_sign_in_is_that_of_the_profile_at_the_bottom_of_the_chain() {
        let config = "[profile top]\nrole_arn = r\nsource_profile = middle\n\
                      [profile middle]\nrole_arn = r\nsource_profile = base\n\
                      [profile base]\nsso_session = s\n[profile console]\nlogin_session = arn\n";
        let command = |profile| match origin_of(config, &[], Some(profile)).unwrap() {
            Origin::Profile { sign_in, .. } => sign_in,
            other => panic!("{other:?}"),
        };
        assert_eq!(command("top").as_deref(), Some("aws sso login --profile base"));
        assert_eq!(command("console").as_deref(), Some("aws login --profile console"));
    }

    #[test]
    fn mfa_anywhere_in_the_chain_is_refused() {
        let config = "[profile top]\nrole_arn = r\nsource_profile = middle\n\
                      [profile middle]\nrole_arn = r\nmfa_serial = arn:mfa\nsource_profile = base\n\
                      [profile base]\naws_access_key_id = x\naws_secret_access_key = y\n\
                      [profile own]\nrole_arn = r\nsource_profile = own\nmfa_serial = arn:own\n\
                      aws_access_key_id = x\naws_secret_access_key = y\n\
                      [profile other]\nregion = x\n";
        let refused = |profile| origin_of(config, &[], Some(profile)).unwrap_err();
        assert!(
            matches!(refused("top"), ConnectError::MfaProfile { demanded_by, serial, assumes_a_role: true, .. }
                if demanded_by == "middle" && serial == "arn:mfa")
        );
        assert!(matches!(refused("own"), ConnectError::MfaProfile { serial, .. } if serial == "arn:own"));
        assert!(origin_of(config, &[], Some("other")).is_ok());
        assert!(origin_of(config, &[], Some("base")).is_ok());
        assert_eq!(origin_of(config, KEYS, None).unwrap(), Origin::Environment);
    }

    #[test]
    fn a_chain_ends_where_the_sdk_ends_it() {
        // Keys in a later profile end the chain, so what that profile's own source demands is not asked.
        let config = "[profile top]\nrole_arn = r\nsource_profile = keys\n\
                      [profile keys]\nrole_arn = r\nsource_profile = mfa\n\
                      aws_access_key_id = x\naws_secret_access_key = y\n\
                      [profile mfa]\nmfa_serial = m\naws_access_key_id = x\n\
                      [profile token]\nrole_arn = r\nweb_identity_token_file = f\nsource_profile = mfa\n";
        assert!(origin_of(config, &[], Some("top")).is_ok());
        assert!(origin_of(config, &[], Some("token")).is_ok());
    }

    #[test]
    fn unknown_profiles_and_circles_are_said() {
        let config = "[profile prod]\nrole_arn = r\nsource_profile = bsae\n[profile base]\nregion = x\n\
                      [profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a\n";
        let error = origin_of(config, &[], Some("prdo")).unwrap_err();
        assert_eq!(error.to_string(), "there is no profile `prdo`");
        assert!(error.help().starts_with("did you mean `prod`?"), "{}", error.help());
        let error = origin_of(config, &[], Some("prod")).unwrap_err();
        assert_eq!(error.to_string(), "there is no profile `bsae`, which is the source of profile `prod`");
        let error = origin_of(config, &[("AWS_PROFILE", "gone")], None).unwrap_err();
        assert_eq!(error.to_string(), "there is no profile `gone`");
        let error = origin_of(config, &[], Some("a")).unwrap_err();
        assert!(error.to_string().contains("lead from `a` back to `a`"), "{error}");
    }

    #[test]
    fn a_file_that_cannot_be_parsed_is_an_error_and_not_an_empty_file() {
        let error = origin_of("[profile a\nregion = x\n", &[], None).unwrap_err();
        assert!(matches!(error, ConnectError::ConfigFile { .. }), "{error:?}");
    }
}
