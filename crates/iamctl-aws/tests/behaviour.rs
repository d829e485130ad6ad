//! The scenes that the account in memory plays as AWS would, played by the local AWS: it is as the scenes
//! say where it does something else, and ends up with the same wherever it does not.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::World;
use iamctl_apply::{Attempt, IamAccount, Receipt};
use iamctl_aws::Scope;
use iamctl_model::{Address, Kind, Live, Resource};
use iamctl_testing::{MemoryAccount, scenes};
use jiff::Timestamp;

#[tokio::test]
async fn the_local_aws_does_as_the_scenes_say() {
    for number in 0.. {
        let world = World::new().await;
        let Some(scene) = scenes(&world.account.id).into_iter().nth(number) else { break };
        let iam = world.aws.iam(&world.account);
        let mut memory = MemoryAccount::empty(world.account.clone());
        for call in &scene.calls {
            let answer = match iam.perform(&call.action, Attempt::first(Timestamp::now())).await {
                // What is gone already is nothing to be sorry for, and said in a remark.
                Ok(Receipt { remark: Some(remark), .. }) if remark == "was already gone" => {
                    Some("NoSuchEntity".to_owned())
                }
                // Nor is what AWS has made itself.
                Ok(Receipt { remark: Some(remark), .. }) if remark == "was already there" => {
                    Some("EntityAlreadyExists".to_owned())
                }
                Ok(_) => None,
                Err(error) => error.code,
            };
            assert_eq!(answer, call.local_aws, "{}: {:?}", scene.name, call.action);
            let _as_checked_elsewhere = memory.perform(&call.action);
        }
        // What was let pass may be nothing that a reader would believe.
        if scene.answers_differ() {
            continue;
        }
        let scope = Scope {
            tags_of_policies: memory.live().policies.keys().cloned().collect(),
            instance_profiles: Some(
                memory
                    .live()
                    .instance_profiles
                    .as_ref()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.clone())
                    .collect(),
            ),
            oidc_providers: Some(
                memory
                    .live()
                    .oidc_providers
                    .as_ref()
                    .into_iter()
                    .flatten()
                    .map(|(url, _)| url.clone())
                    .collect(),
            ),
            settings: BTreeSet::from([Kind::AccountAlias, Kind::PasswordPolicy]),
            saml_providers: Some(
                memory
                    .live()
                    .saml_providers
                    .as_ref()
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| name.clone())
                    .collect(),
            ),
        };
        let live = world.aws.read_live(&world.account, &scope).await.unwrap();
        let (there, expected) = (contents(&live), contents(memory.live()));
        assert_eq!(
            there != expected,
            scene.ends_otherwise_on_local_aws,
            "{}: {there:#?}\n{expected:#?}",
            scene.name
        );
    }
}

fn contents(live: &Live) -> BTreeMap<Address, Option<Resource>> {
    live.addresses().map(|(address, _)| (address.clone(), live.resource(&address, None))).collect()
}
