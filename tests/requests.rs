//! How many requests a plan costs.

use fault_proxy::{Call, Service};

use crate::support::{Account, World};

const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// How many of each kind.
const COUNT: usize = 300;

#[test]
fn a_plan_of_three_users_costs_six_requests_at_most() {
    let world = World::new();
    world.iamctl(&["plan"]).expect(0);
    // What is made must have room in the account.
    expect_at_most_six(&world, 3);
    assert_eq!(world.proxy.count(|call| call.operation == "GetAccountSummary"), 1);
    world.iamctl(&["apply", "--yes"]).expect(0);
    world.proxy.clear();
    world.iamctl(&["plan"]).expect(0);
    expect_at_most_six(&world, 2);
}

#[test]
fn a_plan_of_nine_hundred_things_costs_no_more_and_taking_them_over_writes_nothing_to_iam() {
    let world = World::new();
    fill(&world.aws());
    world.manage(&manifest());

    world.iamctl(&["plan"]).expect(0).says(&["900 to adopt"]);
    expect_at_most_six(&world, 2);
    world.proxy.clear();
    world.iamctl(&["apply", "--yes"]).expect(0);
    assert_eq!(world.iam_writes(), [""; 0]);
    world.proxy.clear();

    world.expect_no_change();
    expect_at_most_six(&world, 2);
    assert_eq!(world.writes(), [""; 0]);
}

#[track_caller]
fn expect_at_most_six(world: &World, of_iam: usize) {
    let calls = world.calls(|_: &Call| true);
    assert!(calls.len() <= 6, "{calls:#?}");
    assert_eq!(world.proxy.count(|call| call.service == Service::Iam), of_iam, "{calls:#?}");
}

/// Makes users, roles and policies, many at once.
fn fill(aws: &Account<'_>) {
    aws.wait(async {
        let mut requests = tokio::task::JoinSet::new();
        for number in 0..COUNT {
            let user = aws.iam.create_user().user_name(format!("user-{number}")).send();
            requests.spawn(async move { user.await.is_ok() });
            let role = aws.iam.create_role().role_name(format!("role-{number}"));
            let role = role.assume_role_policy_document(TRUST).send();
            requests.spawn(async move { role.await.is_ok() });
            let policy = aws.iam.create_policy().policy_name(format!("policy-{number}"));
            let policy = policy.policy_document(DOCUMENT).send();
            requests.spawn(async move { policy.await.is_ok() });
            while requests.len() > 30 {
                assert!(requests.join_next().await.unwrap().unwrap());
            }
        }
        assert!(requests.join_all().await.into_iter().all(|made| made));
    });
}

/// The same as a manifest, to be taken over.
fn manifest() -> String {
    let block = |kind: &str, body: &str| -> String {
        (0..COUNT).map(|number| format!("  {kind}-{number}: {{adopt: true{body}}}\n")).collect()
    };
    let policies = block("policy", &format!(", document: {DOCUMENT}"));
    let roles = block("role", ", trust: [{services: [ec2.amazonaws.com]}]");
    format!("policies:\n{policies}users:\n{}roles:\n{roles}", block("user", ""))
}
