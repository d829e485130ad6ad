//! A bucket, an account and a manifest, and a planner that is just good enough for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iamctl_apply::{
    Basis, ClosedRun, Event, LockError, ManifestFile, ManifestFiles, MasterStore, Memory, OpenError, Opening,
    RunId, Runner, TimeAndChance, needs_writing,
};
use iamctl_model::{
    Account, AccountId, Action, Address, Caller, Cause, Change, ChangeAction, Group, GroupName, ManifestName,
    Owned, Ownership, Partition, Path, Plan, PolicyArn, PolicyName, Resource, Step, StepId, Tags,
    UnfinishedRun, User, UserName,
};
use iamctl_testing::MemoryBucket;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::account::{TestAccount, Thing};

/// Tokio's time as a clock, and a counter as chance.
#[derive(Clone)]
pub(crate) struct Clock {
    began: Instant,
    /// Seconds that the machine slept.
    slept: Arc<AtomicU64>,
    counter: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), slept: Arc::default(), counter: Arc::default() }
    }

    pub(crate) fn time(&self) -> Timestamp {
        let start: Timestamp = "2026-11-24T03:12:00Z".parse().unwrap();
        let slept = Duration::from_secs(self.slept.load(Ordering::Relaxed));
        start.checked_add(SignedDuration::try_from(self.began.elapsed() + slept).unwrap()).unwrap()
    }

    /// The machine sleeps: the wall clock goes on, and no timer does.
    pub(crate) fn sleep(&self, seconds: u64) {
        self.slept.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl TimeAndChance for Clock {
    fn now(&self) -> Timestamp {
        self.time()
    }

    fn random(&self) -> u64 {
        // Spread over all bits, so that it does not sort.
        self.counter.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

pub(crate) fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

pub(crate) fn manifest_name() -> ManifestName {
    ManifestName::parse("acme-prod").unwrap()
}

pub(crate) fn runner() -> Runner {
    let arn = "arn:aws:iam::123456789012:user/admin".to_owned();
    Runner {
        who: Caller { account: account(), arn, user_id: "AIDAADMIN".to_owned() },
        host: Some("build-7".to_owned()),
        pid: Some(4711),
        tool_version: "0.1.0".to_owned(),
        command: "iamctl apply --yes".to_owned(),
        git: None,
    }
}

pub(crate) fn user_name(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

pub(crate) fn arn(name: &str) -> PolicyArn {
    PolicyArn::new(&account(), &Path::root(), &PolicyName::parse(name).unwrap())
}

pub(crate) fn user(policies: &[&str], groups: &[&str], tags: &[(&str, &str)]) -> Resource {
    Resource::User(User {
        policies: policies.iter().map(|name| arn(name)).collect(),
        groups: groups.iter().map(|name| GroupName::parse(name).unwrap()).collect(),
        tags: Tags(tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
        ..User::default()
    })
}

pub(crate) fn group(members: &[&str]) -> Resource {
    Resource::Group(Group {
        members: members.iter().map(|name| user_name(name)).collect(),
        ..Group::default()
    })
}

/// Fails to compile for a future that only one thread can hold.
fn can_be_spawned<T>(future: impl Future<Output = T> + Send) -> impl Future<Output = T> + Send {
    future
}

/// What is wanted, by address.
pub(crate) type Wanted = BTreeMap<Address, Resource>;

pub(crate) fn wanted(of: &[(&str, Resource)]) -> Wanted {
    of.iter().map(|(address, value)| (address.parse().unwrap(), value.clone())).collect()
}

/// Everything that outlives a run.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) bucket: MemoryBucket,
    pub(crate) account: TestAccount,
    pub(crate) clock: Clock,
    /// What the manifest is called, and was called before by its own word.
    called: Arc<Mutex<(ManifestName, Option<ManifestName>)>>,
}

/// How far an attempt to apply came.
#[derive(Debug)]
pub(crate) enum Applied {
    Nothing,
    Locked(LockError),
    NotOpened(OpenError),
    Closed(Box<ClosedRun>),
}

impl Applied {
    pub(crate) fn closed(self) -> ClosedRun {
        match self {
            Applied::Closed(run) => *run,
            other => panic!("{other:?}"),
        }
    }
}

impl World {
    /// A world in which no call is made unless its run holds the lock and has its record open.
    pub(crate) fn new() -> Self {
        let clock = Clock::new();
        let bucket = MemoryBucket::new("master");
        let witness = bucket.clone();
        let called = Arc::new(Mutex::new((manifest_name(), None)));
        let name = Arc::clone(&called);
        let account = TestAccount::new(clock.clone(), move |action| {
            let name = name.lock().unwrap().0.clone();
            let lock = witness.object(&format!("iam/123456789012/{name}/lock.json"));
            let lock: serde_json::Value = serde_json::from_slice(&lock.expect("no lock")).unwrap();
            let run = lock["run"].as_str().unwrap();
            let opened = format!("iam/123456789012/{name}/runs/{run}/opened.json");
            let opened = witness.object(&opened).expect("the record is not open");
            let text = String::from_utf8(opened).unwrap();
            assert!(text.contains(action.call()), "{} is not in the opened plan", action.call());
        });
        Self { bucket, account, clock, called }
    }

    /// From now on the manifest is called so.
    pub(crate) fn call(&self, name: &str, renamed_from: Option<&str>) {
        let parse = |name: &str| ManifestName::parse(name).unwrap();
        *self.called.lock().unwrap() = (parse(name), renamed_from.map(parse));
    }

    pub(crate) fn store(&self) -> MasterStore<'_, MemoryBucket> {
        let (name, former) = self.called.lock().unwrap().clone();
        MasterStore::new(&self.bucket, "iam/", account(), name).renamed_from(former)
    }

    pub(crate) fn files(wanted: &Wanted) -> ManifestFiles {
        let text = serde_json::to_vec_pretty(&wanted.keys().collect::<Vec<_>>()).unwrap();
        let values = serde_json::to_vec(&wanted.values().collect::<Vec<_>>()).unwrap();
        ManifestFiles::new(vec![
            ManifestFile { name: "desired-state.yaml".to_owned(), bytes: text },
            ManifestFile { name: "policies/values.json".to_owned(), bytes: values },
        ])
        .unwrap()
    }

    /// One whole apply: read, plan, lock, execute, close.
    pub(crate) async fn apply(&self, wanted: &Wanted) -> Applied {
        let cancelled = CancellationToken::new();
        can_be_spawned(self.apply_until(wanted, &cancelled, &|_| {})).await
    }

    pub(crate) async fn apply_until(
        &self,
        wanted: &Wanted,
        cancelled: &CancellationToken,
        watch: &(dyn Fn(&Event) + Send + Sync),
    ) -> Applied {
        let store = self.store();
        let memory = store.read_memory().await.unwrap();
        let unfinished = store.unfinished_runs(&memory).await.unwrap();
        let (plan, basis) = self.plan(wanted, &memory, &unfinished);
        let files = Self::files(wanted);
        let renaming = memory.renaming.as_ref().map(|renaming| renaming.from.clone());
        if renaming.is_none()
            && plan.steps.is_empty()
            && !needs_writing(&memory, &basis.ownership, files.digest()).any()
        {
            return Applied::Nothing;
        }
        let latest = unfinished.iter().map(|run| run.run.parse::<RunId>().unwrap());
        let latest = latest.chain(memory.latest_run()).max();
        let now = self.clock.now();
        let run = RunId::new(now, self.clock.random()).later_than(latest.as_ref());
        let locked = match store.lock(run, runner(), now).await {
            Ok(locked) => locked,
            Err(error) => return Applied::Locked(error),
        };
        let locked = match &renaming {
            None => locked,
            Some(former) => match locked.lock_former(former).await {
                Ok(locked) => locked,
                Err(error) => return Applied::Locked(error),
            },
        };
        let opening =
            Opening { plan: &plan, basis: &basis, memory: &memory, unfinished: &unfinished, files: &files };
        match locked.open(opening, &self.clock, watch).await {
            Ok(open) => Applied::Closed(Box::new(open.execute(&self.account, cancelled).await.close().await)),
            Err(error) => Applied::NotOpened(error),
        }
    }

    /// Claims what unfinished runs made, and plans the rest.
    pub(crate) fn plan(
        &self,
        wanted: &Wanted,
        memory: &Memory,
        unfinished: &[UnfinishedRun],
    ) -> (Plan, Basis) {
        let things = self.account.things();
        let mut ownership = memory.ownership.clone();
        for run in unfinished {
            claim(&mut ownership, run, &things);
        }
        let mut planner = Planner::default();
        let addresses: BTreeSet<Address> = wanted.keys().chain(ownership.0.keys()).cloned().collect();
        for address in addresses {
            let live = things.get(&address);
            let owned = ownership.get(&address).cloned();
            match (wanted.get(&address), live, owned) {
                (Some(after), None, _) => planner.create(&address, after),
                (Some(after), Some(live), Some(owned)) if owned.id == live.id => {
                    if live.value == *after {
                        // What is equal was explained by an unfinished run, or was so before.
                        ownership.0.insert(address, Owned { last_applied: after.clone(), ..owned });
                    } else {
                        planner.update(&address, &live.value, after);
                    }
                }
                (Some(_), Some(_), _) => panic!("{address} is there and not ours"),
                (None, Some(live), Some(owned)) if owned.id == live.id => {
                    planner.delete(&address, &live.value);
                }
                (None, _, Some(_)) => {
                    ownership.0.remove(&address);
                }
                (None, _, None) => {}
            }
        }
        let live = things.iter().map(|(address, thing)| (address.clone(), thing.id.clone())).collect();
        let plan = Plan { manifest: self.called.lock().unwrap().0.clone(), ..planner.finish() };
        (plan, Basis { ownership, live, protected: BTreeSet::new() })
    }

    /// Breaks the lock that a killed run left.
    pub(crate) async fn break_lock(&self) {
        let store = self.store();
        let (_, former) = self.called.lock().unwrap().clone();
        let former = former.map(|name| MasterStore::new(&self.bucket, "iam/", account(), name));
        for store in std::iter::once(&store).chain(&former) {
            if let Some((holder, _)) = store.read_lock().await.unwrap() {
                store.unlock(&holder.run).await.unwrap();
            }
        }
    }

    /// What the master copy remembers.
    pub(crate) async fn remembered(&self) -> Ownership {
        self.store().read_memory().await.unwrap().ownership
    }

    /// Memory and account agree, and the account is what is wanted.
    pub(crate) async fn assert_settled(&self, wanted: &Wanted, unmanaged: &BTreeSet<Address>) {
        let things = self.account.things();
        let ours: BTreeMap<_, _> =
            things.iter().filter(|(address, _)| !unmanaged.contains(*address)).collect();
        let values: Wanted =
            ours.iter().map(|(address, thing)| ((*address).clone(), thing.value.clone())).collect();
        assert_eq!(values, *wanted);
        let expected: BTreeMap<_, _> = ours
            .into_iter()
            .map(|(address, thing)| {
                let last_applied = thing.value.clone();
                (address.clone(), Owned { id: thing.id.clone(), protect: false, last_applied })
            })
            .collect();
        assert_eq!(self.remembered().await, Ownership(expected));
        assert!(matches!(self.apply(wanted).await, Applied::Nothing));
    }
}

/// What a killed run made is ours, and what it changed is what we last applied.
fn claim(ownership: &mut Ownership, run: &UnfinishedRun, things: &BTreeMap<Address, Thing>) {
    for step in &run.plan.steps {
        let mut touched = vec![step.action.subject()];
        if let Action::AddUserToGroup { group_name, .. } | Action::RemoveUserFromGroup { group_name, .. } =
            &step.action
        {
            touched.push(Address::Group(group_name.clone()));
        }
        for address in touched {
            let Some(thing) = things.get(&address) else { continue };
            let is_recorded = run.created.get(&address) == Some(&thing.id);
            let is_planned =
                is_create(&step.action) && address == step.action.subject() && thing.created >= run.started;
            if is_recorded || is_planned || ownership.owns(&address, &thing.id) {
                let (id, last_applied) = (thing.id.clone(), thing.value.clone());
                ownership.0.insert(address, Owned { id, protect: false, last_applied });
            }
        }
    }
}

fn is_create(action: &Action) -> bool {
    matches!(action, Action::CreateUser { .. } | Action::CreateGroup { .. })
}

fn is_delete(action: &Action) -> bool {
    matches!(action, Action::DeleteUser { .. } | Action::DeleteGroup { .. })
}

/// Makes steps for users and groups. Memberships belong to users; a group's own difference is only
/// that it comes or goes.
#[derive(Default)]
struct Planner {
    changes: Vec<Change>,
    steps: Vec<(Action, Address)>,
}

impl Planner {
    fn change(
        &mut self,
        address: &Address,
        action: ChangeAction,
        before: Option<&Resource>,
        after: Option<&Resource>,
    ) {
        self.changes.push(Change {
            address: address.clone(),
            action,
            cause: Cause::Ours,
            fields: BTreeMap::new(),
            before: before.cloned(),
            after: after.cloned(),
        });
    }

    fn create(&mut self, address: &Address, after: &Resource) {
        self.change(address, ChangeAction::Create, None, Some(after));
        match (address, after) {
            (Address::User(user_name), Resource::User(user)) => {
                let create = Action::CreateUser {
                    user_name: user_name.clone(),
                    path: user.path.clone(),
                    permissions_boundary: None,
                    tags: user.tags.clone(),
                };
                self.steps.push((create, address.clone()));
                let bare = User { tags: user.tags.clone(), ..User::default() };
                self.user_steps(user_name, &bare, user);
            }
            (Address::Group(group_name), Resource::Group(group)) => {
                let create = Action::CreateGroup { group_name: group_name.clone(), path: group.path.clone() };
                self.steps.push((create, address.clone()));
            }
            _ => panic!("{address}"),
        }
    }

    fn update(&mut self, address: &Address, before: &Resource, after: &Resource) {
        match (address, before, after) {
            (Address::User(name), Resource::User(old), Resource::User(new)) => {
                self.change(address, ChangeAction::Update, Some(before), Some(after));
                self.user_steps(name, old, new);
            }
            // Its members are changed from the users' side.
            (Address::Group(_), ..) => {}
            _ => panic!("{address}"),
        }
    }

    fn delete(&mut self, address: &Address, before: &Resource) {
        self.change(address, ChangeAction::Delete, Some(before), None);
        match (address, before) {
            (Address::User(user_name), Resource::User(user)) => {
                self.user_steps(user_name, user, &User { tags: user.tags.clone(), ..User::default() });
                self.steps.push((Action::DeleteUser { user_name: user_name.clone() }, address.clone()));
            }
            (Address::Group(group_name), _) => {
                self.steps.push((Action::DeleteGroup { group_name: group_name.clone() }, address.clone()));
            }
            _ => panic!("{address}"),
        }
    }

    fn user_steps(&mut self, user_name: &UserName, old: &User, new: &User) {
        let name = || user_name.clone();
        let mut actions = Vec::new();
        for policy_arn in new.policies.difference(&old.policies).cloned() {
            actions.push(Action::AttachUserPolicy { user_name: name(), policy_arn });
        }
        for group_name in new.groups.difference(&old.groups).cloned() {
            actions.push(Action::AddUserToGroup { user_name: name(), group_name });
        }
        let tags = new.tags.beyond(&old.tags);
        if !tags.is_empty() {
            actions.push(Action::TagUser { user_name: name(), tags });
        }
        for policy_arn in old.policies.difference(&new.policies).cloned() {
            actions.push(Action::DetachUserPolicy { user_name: name(), policy_arn });
        }
        for group_name in old.groups.difference(&new.groups).cloned() {
            actions.push(Action::RemoveUserFromGroup { user_name: name(), group_name });
        }
        let gone = old.tags.0.keys().filter(|key| !new.tags.0.contains_key(*key));
        let tag_keys: Vec<String> = gone.cloned().collect();
        if !tag_keys.is_empty() {
            actions.push(Action::UntagUser { user_name: name(), tag_keys });
        }
        let address = Address::User(name());
        self.steps.extend(actions.into_iter().map(|action| (action, address.clone())));
    }

    /// Numbers the steps and says what they need: creates before uses, uses before deletes.
    fn finish(self) -> Plan {
        let mut steps: Vec<Step> = Vec::new();
        let (deletes, others): (Vec<_>, Vec<_>) =
            self.steps.into_iter().partition(|(action, _)| is_delete(action));
        let (creates, uses): (Vec<_>, Vec<_>) = others.into_iter().partition(|(action, _)| is_create(action));
        for (action, because) in creates.into_iter().chain(uses).chain(deletes) {
            let mut about = vec![action.subject()];
            if let Action::AddUserToGroup { group_name, .. } = &action {
                about.push(Address::Group(group_name.clone()));
            }
            let needed = |step: &&Step| is_delete(&action) || is_create(&step.action);
            let needs = steps.iter().filter(needed).filter(|step| {
                let left = match &step.action {
                    Action::RemoveUserFromGroup { group_name, .. } => {
                        about.contains(&Address::Group(group_name.clone()))
                    }
                    _ => false,
                };
                left || about.contains(&step.action.subject())
            });
            let needs = needs.map(|step| step.id).collect();
            steps.push(Step { id: StepId(steps.len() + 1), action, because, needs });
        }
        plan(self.changes, steps)
    }
}

/// A plan of this world's manifest.
pub(crate) fn plan(changes: Vec<Change>, steps: Vec<Step>) -> Plan {
    Plan {
        account: account(),
        manifest: manifest_name(),
        changes,
        steps,
        refusals: Vec::new(),
        hazards: Vec::new(),
        notes: Vec::new(),
        unmanaged: BTreeMap::new(),
    }
}
