//! The policies that AWS manages itself: nothing in them is unknown to the crate.

use iamctl_data::managed_policies;
use iamctl_policy::Document;
use iamctl_policy::eval::{
    Action, Context, Outcome, Policies, Policy, PolicyKind, Principal, Request, Resource, decide,
};

fn ready(document: &str) -> Result<Policy, Vec<String>> {
    Policy::new(&Document::from_stored(document), PolicyKind::Principal)
}

#[test]
fn all_of_them_can_be_evaluated() {
    let problems: Vec<String> = managed_policies()
        .iter()
        .filter_map(|policy| Some(format!("{}: {:?}", policy.name, ready(policy.document).err()?)))
        .collect();
    assert_eq!(problems, [""; 0]);
}

#[test]
fn well_known_ones_allow_what_their_names_say() {
    let outcome = |policy: &str, action: &str| {
        let document = managed_policies().by_name(policy).unwrap().document;
        let policies = Policies { identity: vec![ready(document).unwrap()], ..Policies::default() };
        let request = Request {
            principal: Principal::parse("arn:aws:iam::111122223333:user/bob").unwrap(),
            action: Action::parse(action).unwrap(),
            resource: Resource::Named("arn:aws:s3:::bucket/k".to_owned()),
            resource_account: Some("111122223333".to_owned()),
            context: Context::new(),
        };
        decide(&policies, &request).outcome
    };
    for (policy, action, expected) in [
        ("AdministratorAccess", "iam:CreateUser", Outcome::Allowed),
        ("ReadOnlyAccess", "s3:GetObject", Outcome::Allowed),
        ("ReadOnlyAccess", "s3:PutObject", Outcome::ImplicitlyDenied),
        ("PowerUserAccess", "s3:PutObject", Outcome::Allowed),
        ("PowerUserAccess", "iam:CreateUser", Outcome::ImplicitlyDenied),
        ("AmazonS3ReadOnlyAccess", "s3:ListBucket", Outcome::Allowed),
        ("AWSDenyAll", "s3:GetObject", Outcome::ExplicitlyDenied),
    ] {
        assert_eq!(outcome(policy, action), expected, "{policy} {action}");
    }
}
