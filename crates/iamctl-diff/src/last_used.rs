//! When what is to be deleted was last used: who deletes something that was used yesterday should know.

use iamctl_model::{Address, Change, ChangeAction, Live, Note};

/// One note for each user and role that goes, where it was read.
pub(crate) fn notes(changes: &[Change], live: &Live) -> Vec<Note> {
    let goes = |change: &&Change| matches!(change.action, ChangeAction::Delete | ChangeAction::Replace);
    let note = |change: &Change| {
        let message = match (live.last_used.get(&change.address)?, &change.address) {
            (Some(at), _) => format!("was last used on {}", at.strftime("%Y-%m-%d, %H:%M UTC")),
            (None, Address::Role(_)) => "was not used in the last 400 days, as far as AWS tells".to_owned(),
            (None, _) => "was never used to sign in, as far as AWS tells".to_owned(),
        };
        Some(Note { address: change.address.clone(), message })
    };
    changes.iter().filter(goes).filter_map(note).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use iamctl_model::{Account, AccountId, Cause, Partition};

    use super::*;

    #[test]
    fn what_goes_is_told_with_when_it_was_last_used() {
        let account = Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() };
        let mut live = Live::empty(account);
        let used = "2026-03-04T05:06:07Z".parse().unwrap();
        let addresses = ["role/used", "role/idle", "user/idle", "role/stays", "role/silent"]
            .map(|text| text.parse().unwrap());
        let [busy, idle, user, stays, silent]: [Address; 5] = addresses;
        live.last_used.insert(busy.clone(), Some(used));
        live.last_used.extend([&idle, &user].map(|address| (address.clone(), None)));
        live.last_used.insert(stays.clone(), Some(used));
        let change = |address: &Address, action| Change {
            address: address.clone(),
            action,
            cause: Cause::Ours,
            fields: BTreeMap::new(),
            before: None,
            after: None,
        };
        let changes = [
            change(&busy, ChangeAction::Replace),
            change(&idle, ChangeAction::Delete),
            change(&user, ChangeAction::Delete),
            change(&stays, ChangeAction::Update),
            change(&silent, ChangeAction::Delete),
        ];
        let told: Vec<_> = notes(&changes, &live)
            .into_iter()
            .map(|note| format!("{}: {}", note.address, note.message))
            .collect();
        assert_eq!(
            told,
            [
                "role/used: was last used on 2026-03-04, 05:06 UTC",
                "role/idle: was not used in the last 400 days, as far as AWS tells",
                "user/idle: was never used to sign in, as far as AWS tells",
            ]
        );
    }
}
