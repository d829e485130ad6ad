//! The account's alias and its password policy.

use std::collections::BTreeSet;

use iamctl_model::{AccountAlias, Address, Alias, PasswordPolicy, Resource, Within};
use iamctl_policy::{Diagnostic, Diagnostics, Entry, Node, Span, Value};

use super::{ManifestHead, Scope, entities, entity, values};
use crate::block::Reader;
use crate::keys;
use crate::rules::{Entity, Places};

/// What stands in the place of a setting that the account shall not have.
const NONE: &str = "none";

/// The settings that the account shall have, and where it is said that it shall have none.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) entities: Vec<Entity>,
    pub(super) absent: Vec<(Address, Span)>,
}

impl Settings {
    pub(super) fn absent(&self) -> BTreeSet<Address> {
        self.absent.iter().map(|(address, _)| address.clone()).collect()
    }
}

impl Scope<'_, '_, '_> {
    pub(super) fn settings(&mut self, head: &ManifestHead<'_>) -> Settings {
        let mut settings = Settings::default();
        for (address, entry) in
            [(Address::AccountAlias, head.account_alias), (Address::PasswordPolicy, head.password_policy)]
        {
            let Some(entry) = entry else { continue };
            if entry.value.as_str() == Some(NONE) {
                settings.absent.push((address, entry.key_span));
                continue;
            }
            let found = &mut self.found;
            settings.entities.extend(match address {
                Address::AccountAlias => account_alias(entry, found),
                _ => password_policy(entry, found),
            });
        }
        settings
    }
}

fn account_alias(entry: &Entry, found: &mut Diagnostics) -> Option<Entity> {
    let node = &entry.value;
    if !matches!(node.value, Value::Map(_)) {
        let alias = alias(node, "`account_alias`", found)?;
        let value = Resource::AccountAlias(AccountAlias { alias });
        return Some(entity(Address::AccountAlias, value, common(entry, false, false)));
    }
    let mut reader = Reader::open(node, &keys::ACCOUNT_ALIAS, "`account_alias`", found)?;
    let name = reader.get("name", found);
    let (adopt, protect) = adopt_and_protect(&mut reader, found);
    reader.finish(found);
    let value = Resource::AccountAlias(AccountAlias { alias: alias(name?, "`name`", found)? });
    Some(entity(Address::AccountAlias, value, common(entry, adopt, protect)))
}

fn alias(node: &Node, what: &str, found: &mut Diagnostics) -> Option<Alias> {
    let text = node.expect_str(what, found)?;
    let alias = Alias::parse(text);
    if let Err(error) = &alias {
        found.push(
            Diagnostic::error("account-alias", node.span, error.to_string())
                .help("write it like `acme-prod`: it becomes a part of the address where users sign in"),
        );
    }
    alias.ok()
}

fn password_policy(entry: &Entry, found: &mut Diagnostics) -> Option<Entity> {
    let node = &entry.value;
    if !matches!(node.value, Value::Map(_)) {
        found.push(node.wrong_type("`password_policy`", "a map, or `none`"));
        return None;
    }
    let mut reader = Reader::open(node, &keys::PASSWORD_POLICY, "`password_policy`", found)?;
    let truth = |reader: &mut Reader<'_>, key: &'static str, found: &mut Diagnostics| {
        values::truth(reader.get(key, found), &format!("`{key}`"), found)
    };
    let policy = PasswordPolicy {
        minimum_password_length: number(&mut reader, "minimum_password_length", "characters", found)
            .unwrap_or(Within::LEAST),
        require_symbols: truth(&mut reader, "require_symbols", found),
        require_numbers: truth(&mut reader, "require_numbers", found),
        require_uppercase_characters: truth(&mut reader, "require_uppercase_characters", found),
        require_lowercase_characters: truth(&mut reader, "require_lowercase_characters", found),
        allow_users_to_change_password: truth(&mut reader, "allow_users_to_change_password", found),
        max_password_age: number(&mut reader, "max_password_age", "days", found),
        password_reuse_prevention: number(&mut reader, "password_reuse_prevention", "passwords", found),
        hard_expiry: truth(&mut reader, "hard_expiry", found),
    };
    let (adopt, protect) = adopt_and_protect(&mut reader, found);
    reader.finish(found);
    let common = common(entry, adopt, protect);
    if policy.hard_expiry && policy.max_password_age.is_none() {
        found.push(
            Diagnostic::warning(
                "hard-expiry",
                common.places.key("hard_expiry"),
                "`hard_expiry` does nothing where passwords do not expire",
            )
            .help("add `max_password_age`, or remove `hard_expiry`"),
        );
    }
    Some(entity(Address::PasswordPolicy, Resource::PasswordPolicy(policy), common))
}

/// A whole number that AWS takes; none where the key is not written.
fn number<const LEAST: u16, const MOST: u16>(
    reader: &mut Reader<'_>,
    key: &'static str,
    unit: &str,
    found: &mut Diagnostics,
) -> Option<Within<LEAST, MOST>> {
    let node = reader.get(key, found)?;
    let text = node.expect_scalar(&format!("`{key}`"), found)?;
    let number = text.parse::<u16>().ok().and_then(Within::new);
    if number.is_none() {
        let message =
            format!("`{key}` is a number of {unit} from {LEAST} to {MOST}, not `{}`", text.escape_debug());
        let help = match LEAST {
            1 => "without the key there is none",
            _ => "without the key it is the least",
        };
        found.push(Diagnostic::error("password-policy", node.span, message).help(help));
    }
    number
}

fn adopt_and_protect(reader: &mut Reader<'_>, found: &mut Diagnostics) -> (bool, bool) {
    let adopt = values::truth(reader.get("adopt", found), "`adopt`", found);
    (adopt, values::truth(reader.get("protect", found), "`protect`", found))
}

fn common(entry: &Entry, adopt: bool, protect: bool) -> entities::Common {
    entities::Common {
        span: entry.key_span,
        adopt,
        protect,
        renamed_from: None,
        ignore: Vec::new(),
        places: Places::of(entry.key_span, &entry.value),
    }
}
