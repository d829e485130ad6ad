//! What a question is asked of.

use std::rc::Rc;

use iamctl_data::ResourceType;
use iamctl_model::{Address, Identity, Pattern, PrincipalArn, RoleName};
use iamctl_policy::eval::Resource;

use crate::answer::{Assumption, Unread};
use crate::library::{OtherSide, PolicyKindOf, StandIn};
use crate::question::{On, Question, resource_arn};
use crate::stack::{Asker, Collector, Held};
use crate::state::State;

/// What is said of the account of a resource that may be in any other one.
const ANOTHER_ACCOUNT: &str = "another account";

/// What a question is asked of: one resource, or all of a kind.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) resource: Resource,
    pub(crate) account: Option<String>,
    /// The thing of the account that it is.
    pub(crate) address: Option<Address>,
    pub(crate) policy: Option<Held>,
    pub(crate) unread: Vec<Unread>,
    pub(crate) assumes: Option<Assumption>,
    /// How people call it.
    pub(crate) name: String,
}

/// The roles that a question about many is asked of.
#[derive(Debug, Clone)]
pub(crate) struct Roles(Rc<[Rc<Target>]>);

/// Whether the trust policy of a role, one of many, may be about a user or role at all.
pub(crate) fn lets_in(target: &Target, asker: &Asker) -> bool {
    use iamctl_policy::eval::PrincipalKind::{Role, User};
    let is_plain = matches!(asker.principal.kind(), User { .. } | Role { .. });
    !is_plain || target.policy.as_ref().is_none_or(|trust| trust.may_name(asker.principal.as_str()))
}

/// On what a question has to be asked.
///
/// Actions that assume a role are opened by the trust policies of roles, so a question about many of them is
/// asked of each role, and of those of other accounts.
pub(crate) fn targets(collector: &Collector<'_>, asker: &Asker, question: &Question<'_>) -> Vec<Rc<Target>> {
    let state = collector.state;
    let own = state.account.id.as_str();
    let mut target = Target {
        resource: Resource::Unstated,
        account: None,
        address: None,
        policy: None,
        unread: asker.unread.clone(),
        assumes: None,
        name: String::new(),
    };
    if !takes_resource(question.action.as_str()) {
        target.resource = Resource::Named("*".to_owned());
        return vec![Rc::new(with_policy(collector, asker, question, target))];
    }
    let arn = match question.on {
        On::Anything => None,
        On::Arn(arn) => Some(arn.clone()),
        On::Address(address) => match resource_arn(state, address) {
            Some(arn) => {
                target.address = Some(address.clone());
                Some(arn)
            }
            None => Some(format!("arn:{}:iam::{own}:{address}", state.account.partition)),
        },
    };
    let is_pattern = arn.as_ref().is_some_and(|arn| arn.contains(['*', '?']));
    if is_of_roles(question.action.as_str()) && (arn.is_none() || is_pattern) {
        return roles(collector, asker, arn.as_deref());
    }
    target.account = arn.is_none().then(|| own.to_owned());
    if let Some(arn) = arn {
        let account = account_of(&arn);
        if is_pattern && account.contains(['*', '?']) {
            let targets = in_any_account(collector, asker, question, &arn);
            return targets.into_iter().map(Rc::new).collect();
        }
        target.name.clone_from(&arn);
        if !account.is_empty() && account != own && account != "aws" {
            target.assumes = Some(Assumption::ResourcesAccount(format!("account {account}")));
        }
        if account.is_empty() {
            target.account = Some(own.to_owned());
        }
        target.address = target.address.or_else(|| role_of(collector, &arn).map(Address::Role));
        target.resource = if is_pattern { Resource::Like(arn) } else { Resource::Named(arn) };
    }
    vec![Rc::new(with_policy(collector, asker, question, target))]
}

/// The account that an ARN or a pattern names, or a pattern of it.
fn account_of(arn: &str) -> &str {
    let is_cut = arn.split(':').count() < 6 && arn.contains('*');
    if is_cut { "*" } else { arn.split(':').nth(4).unwrap_or("") }
}

/// A pattern, as it is for resources of one account.
fn within(like: &str, account: &str) -> String {
    let mut fields: Vec<&str> = like.splitn(6, ':').collect();
    if let [_, _, _, _, field, _] = fields.as_mut_slice() {
        *field = account;
    }
    fields.join(":")
}

/// All that a pattern stands for, where that may be in this account, in others, or in both.
fn in_any_account(
    collector: &Collector<'_>,
    asker: &Asker,
    question: &Question<'_>,
    like: &str,
) -> Vec<Target> {
    let own = collector.state.account.id.as_str();
    let mut targets = Vec::new();
    if Pattern::new(account_of(like)).matches_exactly(own) {
        let target = Target {
            resource: Resource::Like(within(like, own)),
            account: Some(own.to_owned()),
            address: None,
            policy: None,
            unread: asker.unread.clone(),
            assumes: None,
            name: like.to_owned(),
        };
        targets.push(with_policy(collector, asker, question, target));
    }
    if targets.is_empty() || !is_foreign(collector, asker) {
        targets.push(elsewhere(collector, asker, Resource::Like(like.to_owned()), "resources"));
    }
    targets
}

/// What is in other accounts.
fn elsewhere(collector: &Collector<'_>, asker: &Asker, resource: Resource, kind: &str) -> Target {
    Target {
        resource,
        account: Some(ANOTHER_ACCOUNT.to_owned()),
        address: None,
        policy: Some(collector.stand_in(StandIn::OtherSide(OtherSide::Resource))),
        unread: asker.unread.clone(),
        assumes: Some(Assumption::ResourcesAccount(ANOTHER_ACCOUNT.to_owned())),
        name: format!("{kind} of other accounts"),
    }
}

/// Every role that a pattern stands for, those that nobody knows of, and those of other accounts.
fn roles(collector: &Collector<'_>, asker: &Asker, like: Option<&str>) -> Vec<Rc<Target>> {
    let state = collector.state;
    let own = state.account.id.as_str();
    let mut targets = own_roles(collector, asker, like).0.to_vec();
    let account = like.map_or("*", account_of);
    let may_be_own = Pattern::new(account).matches_exactly(own);
    if may_be_own && !state.is_whole {
        let all = format!("arn:{}:iam::{own}:role/*", state.account.partition);
        let mut unread = asker.unread.clone();
        let policy = collector.not_known(&mut unread, PolicyKindOf::Resource, Unread::OtherRoles);
        targets.push(Rc::new(Target {
            resource: Resource::Like(like.map_or(all, |like| within(like, own))),
            account: Some(own.to_owned()),
            address: None,
            policy: Some(policy),
            unread,
            assumes: None,
            name: "roles that are not in the manifest".to_owned(),
        }));
    }
    let may_be_foreign = !may_be_own || account.contains(['*', '?']);
    if may_be_foreign && !is_foreign(collector, asker) {
        let resource = like.map_or(Resource::Unstated, |like| Resource::Like(like.to_owned()));
        targets.push(Rc::new(elsewhere(collector, asker, resource, "roles")));
    }
    targets
}

/// The roles there are that a pattern stands for. They are the same for all whose policies are known.
fn own_roles(collector: &Collector<'_>, asker: &Asker, like: Option<&str>) -> Roles {
    let like = like.map(str::to_owned);
    let mut known = collector.library.roles.borrow_mut();
    match known.get(&like).filter(|_| asker.unread.is_empty()) {
        Some(known) => known.clone(),
        None => {
            let targets = Roles(made_roles(collector, asker, like.as_deref()).into());
            if asker.unread.is_empty() {
                known.insert(like, targets.clone());
            }
            targets
        }
    }
}

fn made_roles(collector: &Collector<'_>, asker: &Asker, like: Option<&str>) -> Vec<Rc<Target>> {
    let state = collector.state;
    let pattern = Pattern::new(like.unwrap_or("*"));
    let mut targets = Vec::new();
    for name in state.roles.keys() {
        let address = Address::Role(name.clone());
        let Some(arn) = resource_arn(state, &address).filter(|arn| pattern.matches_exactly(arn)) else {
            continue;
        };
        let mut unread = asker.unread.clone();
        let policy = collector.trust(&mut unread, name);
        targets.push(Rc::new(Target {
            resource: Resource::Named(arn),
            account: None,
            name: address.to_string(),
            address: Some(address),
            policy,
            unread,
            assumes: None,
        }));
    }
    targets
}

/// The target with the policy of the resource, as far as that is known or matters.
fn with_policy(
    collector: &Collector<'_>,
    asker: &Asker,
    question: &Question<'_>,
    mut target: Target,
) -> Target {
    let action = question.action.as_str();
    let unknown = |target: &mut Target, what: Unread| {
        target.policy = Some(collector.not_known(&mut target.unread, PolicyKindOf::Resource, what));
    };
    if target.assumes.is_some() {
        target.policy = Some(collector.stand_in(StandIn::OtherSide(OtherSide::Resource)));
    } else if is_of_roles(action) && target.resource != Resource::Named("*".to_owned()) {
        match &target.address {
            Some(Address::Role(name)) => target.policy = collector.trust(&mut target.unread, name),
            _ if collector.state.is_whole => {}
            _ => {
                let what = Unread::Role(target.name.clone());
                unknown(&mut target, what);
            }
        }
    } else if asker.principal.account().is_none() || is_foreign(collector, asker) {
        // Without an identity policy in this account, only the policy of the resource lets anybody in.
        unknown(&mut target, Unread::OfResource);
    } else if action.to_ascii_lowercase().starts_with("kms:") {
        target.policy = Some(collector.stand_in(StandIn::Delegating));
    }
    target
}

fn is_foreign(collector: &Collector<'_>, asker: &Asker) -> bool {
    asker.principal.account() != Some(collector.state.account.id.as_str())
}

/// The role of the account that an ARN names.
fn role_of(collector: &Collector<'_>, arn: &str) -> Option<RoleName> {
    let Identity::Role(name) = PrincipalArn::parse(arn).ok()?.identity()? else { return None };
    let address = Address::Role(name.clone());
    (resource_arn(collector.state, &address)?.as_str() == arn).then_some(name)
}

/// Whether an action is done to something. One that the table does not have is taken to be.
pub(crate) fn takes_resource(action: &str) -> bool {
    iamctl_data::services().action(action).is_none_or(|(_, action)| action.resource_types().next().is_some())
}

/// The forms of the ARNs of all that an action is done to, where what is asked about has none of them; otherwise
/// nothing. Of a pattern, only the service counts: what else it stands for may be in some form.
pub(crate) fn other_forms(state: &State, action: &str, on: &On) -> Vec<&'static str> {
    let arn = match on {
        On::Anything => None,
        On::Arn(arn) => Some(arn.clone()),
        On::Address(address) => resource_arn(state, address),
    };
    let (Some(arn), Some((service, action))) = (arn, iamctl_data::services().action(action)) else {
        return Vec::new();
    };
    let types: Option<Vec<&ResourceType>> =
        action.resource_types().map(|(name, _)| service.resource_type(name)).collect();
    let service_of = |arn: &str| arn.split(':').nth(2).unwrap_or("*").to_ascii_lowercase();
    let is_open = |text: &str| text.contains(['*', '?', '$']);
    let may_be = |of: &ResourceType| match is_open(&arn) {
        true => {
            let (asked, known) = (service_of(&arn), service_of(of.arn));
            is_open(&asked) || is_open(&known) || asked == known
        }
        false => of.is_form_of(&arn),
    };
    match types {
        Some(types) if !types.iter().any(|of| may_be(of)) => types.iter().map(|of| of.arn).collect(),
        _ => Vec::new(),
    }
}

/// Whether an action is opened by the trust policies of roles.
pub(crate) fn is_of_roles(action: &str) -> bool {
    let Some((service, name)) = action.split_once(':') else { return false };
    let name = name.to_ascii_lowercase();
    service.eq_ignore_ascii_case("sts")
        && (name.starts_with("assumerole")
            || ["tagsession", "setsourceidentity", "setcontext"].contains(&&*name))
        && name != "assumeroot"
}
