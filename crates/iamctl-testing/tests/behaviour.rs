//! The account in memory plays every scene as AWS would.

use iamctl_model::{Account, AccountId, Partition};
use iamctl_testing::{MemoryAccount, scenes};

#[test]
fn the_account_in_memory_does_as_aws_does() {
    let account = Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() };
    for scene in scenes(&account.id) {
        let mut iam = MemoryAccount::empty(account.clone());
        for call in &scene.calls {
            let before = iam.live().clone();
            let answer = iam.perform(&call.action).map_err(|error| error.code.unwrap());
            assert_eq!(answer.as_ref().err(), call.aws.as_ref(), "{}: {:?}", scene.name, call.action);
            assert!(answer.is_ok() || *iam.live() == before, "{}: {:?}", scene.name, call.action);
        }
    }
}

/// A misspelt parameter would be left out without a word where it may be left out.
#[test]
fn every_parameter_of_a_scene_is_one_of_the_call() {
    let account = AccountId::parse("123456789012").unwrap();
    let text = include_str!("../src/behaviour.txt");
    let calls: Vec<_> = scenes(&account).into_iter().flat_map(|scene| scene.calls).collect();
    for key in
        text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| line.split('"').skip(1).step_by(2))
    {
        let is_parameter = key.starts_with(char::is_uppercase) && text.contains(&format!("\"{key}\": "));
        let known = || {
            calls
                .iter()
                .any(|call| serde_json::to_string(&call.action).unwrap().contains(&format!("\"{key}\":")))
        };
        assert!(!is_parameter || known(), "{key}");
    }
}
