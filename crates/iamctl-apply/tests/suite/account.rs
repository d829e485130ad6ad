//! A small IAM account: users, groups, memberships, attachments and tags, and calls that go wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use iamctl_apply::{ActionError, Attempt, ErrorClass, IamAccount, Receipt};
use iamctl_model::{Action, Address, Group, Resource, UniqueId, User};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::world::Clock;

/// What happens instead of an ordinary call.
#[derive(Debug, Clone)]
pub(crate) enum CallFault {
    /// It is not carried out, and fails like this.
    Fail(ErrorClass),
    /// It is carried out, and no reply comes.
    LoseReply,
    /// It is not carried out and never answers.
    Freeze,
    /// It is carried out and never answers.
    FreezeAfter,
}

type Matcher = Box<dyn Fn(&Action) -> bool + Send>;

struct Rule {
    fault: CallFault,
    matches: Matcher,
    skip: usize,
    times: usize,
}

/// One thing in the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) id: UniqueId,
    pub(crate) created: Timestamp,
    pub(crate) value: Resource,
}

#[derive(Default)]
struct Inner {
    things: BTreeMap<Address, Thing>,
    issued: Vec<UniqueId>,
    /// Calls that were carried out, in order.
    carried_out: Vec<Action>,
    attempts: usize,
    /// What was asked for by its name.
    asked_for: Vec<Address>,
    /// How the next questions fail.
    unanswered: Vec<ErrorClass>,
    in_flight: Vec<Address>,
    most_in_flight: usize,
    rules: Vec<Rule>,
    takes: Duration,
}

/// An account in memory. Clones are the same account.
#[derive(Clone)]
pub(crate) struct TestAccount {
    inner: Arc<Mutex<Inner>>,
    frozen: Arc<Notify>,
    clock: Clock,
    /// Looks at the world whenever a call arrives.
    guard: Arc<dyn Fn(&Action) + Send + Sync>,
}

impl TestAccount {
    pub(crate) fn new(clock: Clock, guard: impl Fn(&Action) + Send + Sync + 'static) -> Self {
        let inner = Inner { takes: Duration::from_millis(100), ..Inner::default() };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            frozen: Arc::new(Notify::new()),
            clock,
            guard: Arc::new(guard),
        }
    }

    pub(crate) fn inject(
        &self,
        fault: CallFault,
        skip: usize,
        times: usize,
        matches: impl Fn(&Action) -> bool + Send + 'static,
    ) {
        self.lock().rules.push(Rule { fault, matches: Box::new(matches), skip, times });
    }

    pub(crate) fn heal(&self) {
        self.lock().rules.clear();
    }

    pub(crate) async fn frozen(&self) {
        self.frozen.notified().await;
    }

    pub(crate) fn things(&self) -> BTreeMap<Address, Thing> {
        self.lock().things.clone()
    }

    pub(crate) fn issued(&self) -> Vec<UniqueId> {
        self.lock().issued.clone()
    }

    pub(crate) fn carried_out(&self) -> Vec<Action> {
        self.lock().carried_out.clone()
    }

    pub(crate) fn asked_for(&self) -> Vec<Address> {
        self.lock().asked_for.clone()
    }

    /// So many of the next questions for something fail so.
    pub(crate) fn do_not_answer(&self, class: ErrorClass, times: usize) {
        self.lock().unanswered = vec![class; times];
    }

    /// Deletes a thing behind everybody's back.
    pub(crate) fn uproot(&self, address: &str) {
        let mut inner = self.lock();
        let address: Address = address.parse().unwrap();
        inner.things.remove(&address);
        for thing in inner.things.values_mut() {
            if let (Resource::Group(group), Address::User(user)) = (&mut thing.value, &address) {
                group.members.remove(user);
            }
        }
    }

    pub(crate) fn attempts(&self) -> usize {
        self.lock().attempts
    }

    /// The callers are gone.
    pub(crate) fn forget_calls_in_flight(&self) {
        self.lock().in_flight.clear();
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.lock().most_in_flight
    }

    /// Makes a thing behind everybody's back.
    pub(crate) fn plant(&self, address: &str, value: Resource) -> UniqueId {
        let now = self.clock.time();
        self.lock().make(&address.parse().unwrap(), value, now)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

impl Inner {
    fn make(&mut self, address: &Address, value: Resource, created: Timestamp) -> UniqueId {
        let id = UniqueId(format!("ID{:04}", self.issued.len() + 1));
        self.issued.push(id.clone());
        self.things.insert(address.clone(), Thing { id: id.clone(), created, value });
        id
    }

    fn fault(&mut self, action: &Action) -> Option<CallFault> {
        self.rules.iter_mut().find_map(|rule| {
            if !(rule.matches)(action) || rule.times == 0 {
                return None;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
                return None;
            }
            rule.times -= 1;
            Some(rule.fault.clone())
        })
    }

    fn create(
        &mut self,
        address: &Address,
        value: Resource,
        now: Timestamp,
        attempt: Attempt,
    ) -> Result<Receipt, ActionError> {
        let is_ours = |there: &Thing, value: &Resource| {
            attempt.lost_before && there.created >= attempt.run_started && there.value == *value
        };
        let (id, remark) = match self.things.get(address) {
            None => (self.make(address, value, now), None),
            Some(there) if is_ours(there, &value) => (there.id.clone(), Some("was there already".to_owned())),
            Some(_) => return Err(failure(ErrorClass::Refused, "EntityAlreadyExists")),
        };
        Ok(Receipt { created: Some(id), remark, ..Receipt::default() })
    }

    fn user(&mut self, address: &Address) -> Result<&mut User, ActionError> {
        match self.things.get_mut(address).map(|thing| &mut thing.value) {
            Some(Resource::User(user)) => Ok(user),
            _ => Err(failure(ErrorClass::Lagging, "NoSuchEntity")),
        }
    }

    fn carry_out(
        &mut self,
        action: &Action,
        now: Timestamp,
        attempt: Attempt,
    ) -> Result<Receipt, ActionError> {
        let subject = action.subject();
        match action {
            Action::CreateUser { path, tags, permissions_boundary, .. } => {
                let user = User {
                    path: path.clone(),
                    tags: tags.clone(),
                    permissions_boundary: permissions_boundary.clone(),
                    ..User::default()
                };
                return self.create(&subject, Resource::User(user), now, attempt);
            }
            Action::CreateGroup { path, .. } => {
                let group = Group { path: path.clone(), ..Group::default() };
                return self.create(&subject, Resource::Group(group), now, attempt);
            }
            Action::DeleteUser { .. } | Action::DeleteGroup { .. } => {
                let is_empty = match self.things.get(&subject).map(|thing| &thing.value) {
                    Some(Resource::User(user)) => user.policies.is_empty() && user.groups.is_empty(),
                    Some(Resource::Group(group)) => group.members.is_empty(),
                    _ => true,
                };
                if !is_empty {
                    return Err(failure(ErrorClass::Lagging, "DeleteConflict"));
                }
                self.things.remove(&subject);
            }
            Action::AttachUserPolicy { policy_arn, .. } => {
                self.user(&subject)?.policies.insert(policy_arn.clone());
            }
            Action::DetachUserPolicy { policy_arn, .. } => {
                self.user(&subject)?.policies.remove(policy_arn);
            }
            Action::TagUser { tags, .. } => self.user(&subject)?.tags.0.extend(tags.0.clone()),
            Action::UntagUser { tag_keys, .. } => {
                self.user(&subject)?.tags.0.retain(|key, _| !tag_keys.contains(key));
            }
            Action::AddUserToGroup { group_name, user_name } => {
                let group = Address::Group(group_name.clone());
                let Some(Resource::Group(members)) = self.things.get_mut(&group).map(|t| &mut t.value) else {
                    return Err(failure(ErrorClass::Lagging, "NoSuchEntity"));
                };
                members.members.insert(user_name.clone());
                self.user(&subject)?.groups.insert(group_name.clone());
            }
            Action::RemoveUserFromGroup { group_name, user_name } => {
                let group = Address::Group(group_name.clone());
                if let Some(Resource::Group(members)) = self.things.get_mut(&group).map(|t| &mut t.value) {
                    members.members.remove(user_name);
                }
                self.user(&subject)?.groups.remove(group_name);
            }
            other => panic!("this account does not know {}", other.call()),
        }
        Ok(Receipt { request_id: Some("r".to_owned()), ..Receipt::default() })
    }
}

pub(crate) fn failure(class: ErrorClass, code: &str) -> ActionError {
    ActionError { class, code: Some(code.to_owned()), message: "it failed".to_owned(), request_id: None }
}

impl IamAccount for TestAccount {
    async fn find(
        &self,
        address: &Address,
        _: Option<&iamctl_model::Path>,
    ) -> Result<Option<UniqueId>, ActionError> {
        let mut inner = self.lock();
        inner.asked_for.push(address.clone());
        match inner.unanswered.pop() {
            Some(class) => Err(failure(class, "Injected")),
            None => Ok(inner.things.get(address).map(|thing| thing.id.clone())),
        }
    }

    async fn perform(&self, action: &Action, attempt: Attempt) -> Result<Receipt, ActionError> {
        (self.guard)(action);
        let (fault, takes) = {
            let mut inner = self.lock();
            inner.attempts += 1;
            let subject = action.subject();
            assert!(!inner.in_flight.contains(&subject), "two calls at once on {subject}");
            inner.in_flight.push(subject);
            inner.most_in_flight = inner.most_in_flight.max(inner.in_flight.len());
            (inner.fault(action), inner.takes)
        };
        if matches!(fault, Some(CallFault::Freeze)) {
            self.frozen.notify_one();
            return std::future::pending().await;
        }
        tokio::time::sleep(takes).await;
        let answer = {
            let now = self.clock.time();
            let mut inner = self.lock();
            inner.in_flight.retain(|subject| *subject != action.subject());
            match &fault {
                Some(CallFault::Fail(class)) => Err(failure(*class, "Injected")),
                _ => {
                    let answer = inner.carry_out(action, now, attempt);
                    if answer.is_ok() {
                        inner.carried_out.push(action.clone());
                    }
                    answer
                }
            }
        };
        match fault {
            Some(CallFault::LoseReply) => answer.and(Err(failure(ErrorClass::Unreachable, "Cut"))),
            Some(CallFault::FreezeAfter) => {
                self.frozen.notify_one();
                std::future::pending().await
            }
            _ => answer,
        }
    }
}
