//! How far IAM may lag behind a run, for one step of it.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::{Action, Address, PolicyArn, Step, StepId};

use crate::effect::made;
use crate::port::{ActionError, ErrorClass};
use crate::retry::Lag;

/// What a failure of a step may be lagging behind.
///
/// | the step | then |
/// | --- | --- |
/// | needs no earlier one | nothing |
/// | is told of a conflict with what earlier ones took away, or that the name of one is taken | long |
/// | is told that a policy is missing which the run does not make | brief |
/// | needs one that makes something, directly or through others | long |
/// | needs others | brief |
pub(crate) fn lag(steps: &[Step], step: &Step, error: &ActionError) -> Lag {
    if step.needs.is_empty() {
        return Lag::None;
    }
    if matches!(error.code.as_deref(), Some("DeleteConflict" | "EntityAlreadyExists")) {
        return Lag::Long;
    }
    let makes = makes_before(steps, step);
    let is_missing = |arn: &&PolicyArn| error.message.contains(arn.as_str());
    match named(&step.action).filter(is_missing) {
        Some(arn) if !makes.contains(&Address::Policy(arn.policy_name())) => Lag::Brief,
        _ if makes.is_empty() => Lag::Brief,
        _ => Lag::Long,
    }
}

/// The class of a failure: that a name is taken lags behind the delete that freed it.
pub(crate) fn class(steps: &[Step], step: &Step, error: &ActionError) -> ErrorClass {
    let frees_it = |need: &Step| need.action.deletes() && need.action.subject() == step.action.subject();
    let is_taken = error.code.as_deref() == Some("EntityAlreadyExists") && made(&step.action).is_some();
    if is_taken && steps.iter().any(|need| step.needs.contains(&need.id) && frees_it(need)) {
        return ErrorClass::Lagging;
    }
    error.class
}

/// The policy that a call puts on something.
fn named(action: &Action) -> Option<&PolicyArn> {
    match action {
        Action::AttachUserPolicy { policy_arn, .. }
        | Action::AttachGroupPolicy { policy_arn, .. }
        | Action::AttachRolePolicy { policy_arn, .. } => Some(policy_arn),
        Action::PutUserPermissionsBoundary { permissions_boundary, .. }
        | Action::PutRolePermissionsBoundary { permissions_boundary, .. } => Some(permissions_boundary),
        Action::CreateUser { permissions_boundary, .. } | Action::CreateRole { permissions_boundary, .. } => {
            permissions_boundary.as_ref()
        }
        _ => None,
    }
}

/// What the steps make that a step needs, directly or through others.
fn makes_before(steps: &[Step], step: &Step) -> BTreeSet<Address> {
    let by_id: BTreeMap<StepId, &Step> = steps.iter().map(|step| (step.id, step)).collect();
    let (mut seen, mut open) = (BTreeSet::new(), step.needs.clone());
    let mut makes = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Some(need) = by_id.get(&id).filter(|_| seen.insert(id)) else { continue };
        if made(&need.action).is_some() || matches!(need.action, Action::CreatePolicyVersion { .. }) {
            makes.insert(need.action.subject());
        }
        open.extend(&need.needs);
    }
    makes
}

#[cfg(test)]
mod tests {
    use iamctl_model::{Path, PolicyName, Tags, UserName};

    use super::*;

    fn arn(name: &str) -> PolicyArn {
        PolicyArn::parse(&format!("arn:aws:iam::123456789012:policy/{name}")).unwrap()
    }

    fn step(id: usize, action: Action, needs: &[usize]) -> Step {
        let because = action.subject();
        Step { id: StepId(id), action, because, needs: needs.iter().copied().map(StepId).collect() }
    }

    #[test]
    fn a_name_is_taken_for_a_while_after_its_thing_was_deleted() {
        let role_name = || iamctl_model::RoleName::parse("r").unwrap();
        let create = Action::CreateRole {
            role_name: role_name(),
            path: Path::root(),
            assume_role_policy_document: iamctl_policy::Document::from_stored("{}"),
            description: String::new(),
            max_session_duration: iamctl_model::SessionDuration::DEFAULT,
            permissions_boundary: None,
            tags: Tags::default(),
        };
        let steps = [
            step(1, Action::DeleteRole { role_name: role_name() }, &[]),
            step(2, create.clone(), &[1]),
            step(3, create, &[]),
        ];
        let taken = ActionError {
            class: ErrorClass::Refused,
            code: Some("EntityAlreadyExists".to_owned()),
            message: "Role with name r already exists.".to_owned(),
            request_id: None,
        };
        assert_eq!(class(&steps, &steps[1], &taken), ErrorClass::Lagging);
        assert_eq!(lag(&steps, &steps[1], &taken), Lag::Long);
        // Somebody else made it.
        assert_eq!(class(&steps, &steps[2], &taken), ErrorClass::Refused);
    }

    #[test]
    fn a_missing_policy_is_long_in_coming_only_when_the_run_makes_it() {
        let user_name = UserName::parse("u").unwrap();
        let path = Path::root();
        let tags = Tags::default();
        let create_user = Action::CreateUser {
            user_name: user_name.clone(),
            path: path.clone(),
            permissions_boundary: None,
            tags: tags.clone(),
        };
        let create_policy = Action::CreatePolicy {
            policy_name: PolicyName::parse("made").unwrap(),
            path,
            description: String::new(),
            policy_document: iamctl_policy::Document::from_stored("{}"),
            tags,
        };
        let attach = |name| Action::AttachUserPolicy { user_name: user_name.clone(), policy_arn: arn(name) };
        let steps = [
            step(1, create_user, &[]),
            step(2, create_policy, &[]),
            step(3, attach("made"), &[1, 2]),
            step(4, attach("elsewhere"), &[1, 2]),
            step(5, attach("elsewhere"), &[]),
        ];
        let says = |message: String| ActionError {
            class: ErrorClass::Lagging,
            code: Some("NoSuchEntity".to_owned()),
            message,
            request_id: None,
        };
        let no_policy = |name| says(format!("Policy {} does not exist or is not attachable.", arn(name)));
        assert_eq!(lag(&steps, &steps[2], &no_policy("made")), Lag::Long);
        assert_eq!(lag(&steps, &steps[3], &no_policy("elsewhere")), Lag::Brief);
        assert_eq!(lag(&steps, &steps[4], &no_policy("elsewhere")), Lag::None);
        let no_user = says("The user with name u cannot be found.".to_owned());
        assert_eq!(lag(&steps, &steps[3], &no_user), Lag::Long);
    }
}
