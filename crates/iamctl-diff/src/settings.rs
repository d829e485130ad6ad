//! The account's alias and its password policy: the calls that change them, and what is dangerous about that.

use iamctl_model::{
    AccountAlias, Action, Address, Change, ChangeAction, Field, Hazard, HazardKind, PasswordPolicy, Resource,
};

use crate::drafts::Draft;
use crate::fields::take_over;

/// What an account demands that has no password policy of its own: at least eight characters, of three of the
/// four kinds. Source: IAM User Guide, "Set an account password policy for IAM users".
const LENGTH_OF_AWS: u16 = 8;
const KINDS_OF_AWS: usize = 3;

/// The call after which a setting is as it shall be: each is set whole, whatever was there before.
pub(crate) fn set(wanted: &Resource) -> Option<Draft> {
    let (address, action) = match wanted {
        Resource::AccountAlias(AccountAlias { alias }) => {
            (Address::AccountAlias, Action::CreateAccountAlias { account_alias: alias.clone() })
        }
        Resource::PasswordPolicy(policy) => {
            (Address::PasswordPolicy, Action::UpdateAccountPasswordPolicy { policy: policy.clone() })
        }
        _ => return None,
    };
    Some(Draft::plain(&address, action))
}

/// The call after which there is none.
pub(crate) fn unset(found: &Resource) -> Option<Draft> {
    let (address, action) = match found {
        Resource::AccountAlias(AccountAlias { alias }) => {
            (Address::AccountAlias, Action::DeleteAccountAlias { account_alias: alias.clone() })
        }
        Resource::PasswordPolicy(_) => (Address::PasswordPolicy, Action::DeleteAccountPasswordPolicy {}),
        _ => return None,
    };
    Some(Draft::plain(&address, action))
}

/// What is dangerous about the changes of settings.
pub(crate) fn hazards(changes: &[Change]) -> Vec<Hazard> {
    changes.iter().filter_map(hazard).collect()
}

fn hazard(change: &Change) -> Option<Hazard> {
    let is_made = matches!(
        change.action,
        ChangeAction::Create | ChangeAction::Update | ChangeAction::Adopt | ChangeAction::Delete
    );
    let (kind, message) = match &change.address {
        _ if !is_made => return None,
        Address::PasswordPolicy => {
            let looser = loosened(passwords(change.before.as_ref()), passwords(change.after.as_ref()));
            if looser.is_empty() {
                return None;
            }
            let message = format!("the password policy gets weaker: {}", looser.join("; "));
            (HazardKind::PasswordPolicyLoosened, message)
        }
        Address::AccountAlias => {
            let Some(Resource::AccountAlias(before)) = &change.before else { return None };
            if change.before == change.after {
                return None;
            }
            let AccountAlias { alias } = before;
            let message = format!(
                "the alias {alias} is free for anybody afterwards: whoever takes it is who answers at \
                 https://{alias}.signin.aws.amazon.com/console"
            );
            (HazardKind::AliasFreed, message)
        }
        _ => return None,
    };
    Some(Hazard { kind, address: change.address.clone(), message })
}

/// Whether one of two password policies demands less than the other by one of its fields.
pub(crate) fn is_looser(one: &Resource, other: &Resource, field: Field) -> bool {
    let mut changed = other.clone();
    take_over(&mut changed, one, &[field]);
    !loosened(passwords(Some(other)), passwords(Some(&changed))).is_empty()
}

fn passwords(side: Option<&Resource>) -> Option<&PasswordPolicy> {
    match side {
        Some(Resource::PasswordPolicy(policy)) => Some(policy),
        _ => None,
    }
}

/// What the second of two password policies demands less than the first; `None` is AWS's own.
fn loosened(before: Option<&PasswordPolicy>, after: Option<&PasswordPolicy>) -> Vec<String> {
    let mut looser = Vec::new();
    let length = |policy: Option<&PasswordPolicy>| {
        policy.map_or(LENGTH_OF_AWS, |policy| policy.minimum_password_length.get())
    };
    if length(after) < length(before) {
        looser.push(format!("{} characters are enough instead of {}", length(after), length(before)));
    }
    looser.extend(fewer_kinds(before, after));
    let days = |policy: Option<&PasswordPolicy>| Some(policy?.max_password_age?.get());
    match (days(before), days(after)) {
        (Some(_), None) => looser.push("passwords no longer expire".to_owned()),
        (Some(old), Some(new)) if new > old => {
            looser.push(format!("passwords expire after {new} days instead of {old}"));
        }
        _ => {}
    }
    let former = |policy: Option<&PasswordPolicy>| Some(policy?.password_reuse_prevention?.get());
    match (former(before), former(after)) {
        (Some(_), None) => looser.push("former passwords can be used again".to_owned()),
        (Some(old), Some(new)) if new < old => {
            looser.push(format!("the last {new} passwords cannot be used again instead of the last {old}"));
        }
        _ => {}
    }
    // Without an age nothing expires, and how hard it would does not matter.
    let is_hard = |policy: &PasswordPolicy| policy.hard_expiry && policy.max_password_age.is_some();
    if before.is_some_and(is_hard) && !after.is_some_and(is_hard) && days(after).is_some() {
        looser.push("users can replace a password that has expired".to_owned());
    }
    let is_open =
        |policy: Option<&PasswordPolicy>| policy.is_some_and(|policy| policy.allow_users_to_change_password);
    if is_open(after) && !is_open(before) {
        looser.push("all users can change their own password".to_owned());
    }
    looser
}

fn fewer_kinds(before: Option<&PasswordPolicy>, after: Option<&PasswordPolicy>) -> Option<String> {
    let required = |policy: &PasswordPolicy| {
        [
            (policy.require_symbols, "symbols"),
            (policy.require_numbers, "numbers"),
            (policy.require_uppercase_characters, "upper-case letters"),
            (policy.require_lowercase_characters, "lower-case letters"),
        ]
    };
    let named = |policy: &PasswordPolicy| -> Vec<&'static str> {
        required(policy).into_iter().filter_map(|(is_required, what)| is_required.then_some(what)).collect()
    };
    let gone: Vec<&str> = match (before, after) {
        (Some(before), Some(after)) => {
            let kept = named(after);
            named(before).into_iter().filter(|what| !kept.contains(what)).collect()
        }
        (Some(before), None) => named(before),
        (None, Some(after)) if named(after).len() < KINDS_OF_AWS => {
            return Some(match named(after).as_slice() {
                [] => format!("no kind of character is required instead of any {KINDS_OF_AWS} of 4"),
                some => format!(
                    "only {} are required instead of any {KINDS_OF_AWS} of 4 kinds",
                    some.join(" and ")
                ),
            });
        }
        (None, _) => Vec::new(),
    };
    let and_three = if after.is_none() { " (any three of the four kinds are)" } else { "" };
    (!gone.is_empty()).then(|| format!("{} are no longer required{and_three}", gone.join(", ")))
}

#[cfg(test)]
mod tests {
    use iamctl_model::Within;

    use super::*;

    fn strong() -> PasswordPolicy {
        PasswordPolicy {
            minimum_password_length: Within::new(14_u16).unwrap(),
            require_symbols: true,
            require_numbers: true,
            require_uppercase_characters: true,
            require_lowercase_characters: true,
            allow_users_to_change_password: false,
            max_password_age: Within::new(90_u16),
            password_reuse_prevention: Within::new(24_u16),
            hard_expiry: true,
        }
    }

    type Change = fn(&mut PasswordPolicy);

    #[test]
    fn each_field_can_be_what_gets_weaker() {
        let weaker: [(Change, &str); 11] = [
            (
                |policy| policy.minimum_password_length = Within::LEAST,
                "6 characters are enough instead of 14",
            ),
            (|policy| policy.require_symbols = false, "symbols are no longer required"),
            (|policy| policy.require_numbers = false, "numbers are no longer required"),
            (
                |policy| policy.require_uppercase_characters = false,
                "upper-case letters are no longer required",
            ),
            (
                |policy| policy.require_lowercase_characters = false,
                "lower-case letters are no longer required",
            ),
            (
                |policy| policy.allow_users_to_change_password = true,
                "all users can change their own password",
            ),
            (|policy| policy.max_password_age = None, "passwords no longer expire"),
            (
                |policy| policy.max_password_age = Within::new(91_u16),
                "passwords expire after 91 days instead of 90",
            ),
            (|policy| policy.password_reuse_prevention = None, "former passwords can be used again"),
            (
                |policy| policy.password_reuse_prevention = Within::new(23_u16),
                "the last 23 passwords cannot be used again instead of the last 24",
            ),
            (|policy| policy.hard_expiry = false, "users can replace a password that has expired"),
        ];
        for (change, says) in weaker {
            let mut other = strong();
            change(&mut other);
            assert_eq!(loosened(Some(&strong()), Some(&other)), [says]);
            assert!(loosened(Some(&other), Some(&strong())).is_empty(), "{says}");
        }
        assert!(loosened(Some(&strong()), Some(&strong())).is_empty());
    }

    #[test]
    fn none_of_its_own_is_what_aws_demands_of_everybody() {
        assert!(loosened(None, Some(&strong())).is_empty());
        assert_eq!(
            loosened(Some(&strong()), None),
            [
                "8 characters are enough instead of 14",
                "symbols, numbers, upper-case letters, lower-case letters are no longer required (any three of the \
                 four kinds are)",
                "passwords no longer expire",
                "former passwords can be used again",
            ]
        );
        assert_eq!(
            loosened(None, Some(&PasswordPolicy::default())),
            [
                "6 characters are enough instead of 8",
                "no kind of character is required instead of any 3 of 4",
            ]
        );
        // Six characters of no particular kind are less than what AWS demands.
        assert!(loosened(Some(&PasswordPolicy::default()), None).is_empty());
    }
}
