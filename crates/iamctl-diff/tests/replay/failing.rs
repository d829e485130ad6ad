//! Runs that come to grief at one of their calls, carried out as the real ones are: whichever call it is, and however
//! it goes wrong, the next run gets to the manifest with no more leave than the first one had, and then there is
//! nothing left to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use iamctl_apply::{
    ActionError, Attempt, Basis, ClosedRun, ErrorClass, IamAccount, ManifestFile, ManifestFiles, MasterStore,
    Opening, Receipt, RunId, RunResult, Runner, TimeAndChance,
};
use iamctl_diff::{Inputs, MasterCopyState, Planned, leaves_unexplained, plan};
use iamctl_model::{
    Action, Address, Caller, Change, ChangeAction, Desired, Guard, HazardKind, Identity, Live, Path, Plan,
    Resource, UniqueId,
};
use iamctl_testing::{MemoryAccount, MemoryBucket};
use jiff::Timestamp;
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, Ready};
use crate::journeys::pairs;
use crate::states::{states, with_new_names};
use crate::world::{account, calls};

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is refused. What needs it is not tried, everything else is.
    Refused,
    /// It is carried out, nobody hears of it, and the next attempt is refused.
    Lost,
    /// The run is interrupted while it is made, and starts nothing more.
    Interrupted,
    /// The run is killed while it is on its way.
    KilledBefore,
    /// The run is killed when it has been carried out.
    KilledAfter,
}

const WAYS: [Way; 5] = [Way::Refused, Way::Lost, Way::Interrupted, Way::KilledBefore, Way::KilledAfter];

/// The call that goes wrong, counted from 0 in the order in which calls are begun.
#[derive(Debug, Clone, Copy)]
struct Grief {
    at: usize,
    way: Way,
}

/// An account, and the bucket of its master copy.
struct Site {
    iam: Iam,
    bucket: MemoryBucket,
}

struct Iam {
    account: Mutex<MemoryAccount>,
    /// What the account was after each call.
    moments: Mutex<Vec<Live>>,
    grief: Option<Grief>,
    begun: Mutex<Vec<Action>>,
    cancelled: CancellationToken,
    killed: Notify,
}

impl Iam {
    fn new(account: MemoryAccount, grief: Option<Grief>) -> Self {
        Self {
            moments: Mutex::new(vec![account.live().clone()]),
            account: Mutex::new(account),
            grief,
            begun: Mutex::new(Vec::new()),
            cancelled: CancellationToken::new(),
            killed: Notify::new(),
        }
    }

    /// What becomes of an attempt at a call; whether it is the first one.
    fn grief(&self, action: &Action) -> Option<(Way, bool)> {
        let mut begun = self.begun.lock().unwrap();
        let known = begun.iter().position(|earlier| earlier == action);
        let at = known.unwrap_or(begun.len());
        if known.is_none() {
            begun.push(action.clone());
        }
        self.grief.filter(|grief| grief.at == at).map(|grief| (grief.way, known.is_none()))
    }

    fn carry_out(&self, action: &Action) -> Result<Receipt, ActionError> {
        let mut account = self.account.lock().unwrap();
        let answer = account.perform(action);
        self.moments.lock().unwrap().push(account.live().clone());
        answer
    }
}

fn error(class: ErrorClass) -> ActionError {
    ActionError { class, code: None, message: "it came to grief".to_owned(), request_id: None }
}

impl IamAccount for Iam {
    async fn perform(&self, action: &Action, _: Attempt) -> Result<Receipt, ActionError> {
        let grief = self.grief(action);
        // Long enough for some outcomes to be recorded before a run is killed.
        tokio::time::sleep(Duration::from_millis(400)).await;
        match grief {
            None => self.carry_out(action),
            Some((Way::Refused, _) | (Way::Lost, false)) => Err(error(ErrorClass::Denied)),
            Some((Way::Lost, true)) => self.carry_out(action).and(Err(error(ErrorClass::Unreachable))),
            Some((Way::Interrupted, _)) => {
                self.cancelled.cancel();
                self.carry_out(action)
            }
            Some((way @ (Way::KilledBefore | Way::KilledAfter), _)) => {
                if way == Way::KilledAfter {
                    self.carry_out(action)?;
                }
                self.killed.notify_one();
                std::future::pending().await
            }
        }
    }

    async fn find(&self, address: &Address, _: Option<&Path>) -> Result<Option<UniqueId>, ActionError> {
        Ok(self.account.lock().unwrap().live().id(address).cloned())
    }
}

/// The clock of the account.
impl TimeAndChance for Iam {
    fn now(&self) -> Timestamp {
        self.account.lock().unwrap().now()
    }

    fn random(&self) -> u64 {
        7
    }
}

fn runner() -> Runner {
    let arn = "arn:aws:iam::123456789012:user/admin".to_owned();
    Runner {
        who: Caller { account: account(), arn, user_id: "AIDAADMIN".to_owned() },
        host: None,
        pid: None,
        tool_version: "0".to_owned(),
        command: "iamctl apply".to_owned(),
        git: None,
    }
}

impl Site {
    fn empty() -> Self {
        let account = MemoryAccount::empty(account());
        Self { iam: Iam::new(account, None), bucket: MemoryBucket::new("master") }
    }

    /// A copy of it, with other luck.
    fn again(&self, grief: Option<Grief>) -> Self {
        let bucket = MemoryBucket::new("master");
        for key in self.bucket.keys() {
            bucket.tamper(&key, self.bucket.object(&key).as_deref());
        }
        Self { iam: Iam::new(self.iam.account.lock().unwrap().clone(), grief), bucket }
    }

    fn live(&self) -> Live {
        self.iam.account.lock().unwrap().live().clone()
    }

    fn store(&self) -> MasterStore<'_, MemoryBucket> {
        MasterStore::new(&self.bucket, "", account(), iamctl_model::ManifestName::parse("test").unwrap())
    }

    /// Reads and plans as the program does.
    async fn plan(&self, desired: &Desired, allow: &BTreeSet<Guard>) -> Planned {
        let (live, memory) = (self.live(), self.store().read_memory().await.unwrap());
        let settled = memory.last().filter(|head| head.unsettled.is_empty()).map(|head| head.written);
        let unfinished = match leaves_unexplained(desired, &live, &memory.ownership, settled) {
            true => self.store().unfinished_runs(&memory).await.unwrap(),
            false => Vec::new(),
        };
        plan(&Inputs {
            desired,
            live: &live,
            ownership: &memory.ownership,
            unfinished: &unfinished,
            siblings: &[],
            master_copy: MasterCopyState {
                bucket_exists: true,
                has_head: memory.last().is_some(),
                is_renamed: false,
                manifest_is_stored: true,
            },
            caller: None,
            allow,
            deny: &BTreeSet::new(),
        })
    }

    /// One run, from its lock to its end; nothing when it was killed. Its lock is broken then.
    async fn run(&self, desired: &Desired, planned: &Planned) -> Option<ClosedRun> {
        let store = self.store();
        let memory = store.read_memory().await.unwrap();
        let unfinished = store.unfinished_runs(&memory).await.unwrap();
        let latest = unfinished.iter().map(|run| run.run.parse::<RunId>().unwrap());
        let latest = latest.chain(memory.latest_run()).max();
        let now = self.iam.now();
        let run = RunId::new(now, 7).later_than(latest.as_ref());
        let locked = store.lock(run.clone(), runner(), now).await.unwrap();
        let basis = Basis::new(planned.ownership.clone(), &self.live(), desired);
        let file = ManifestFile { name: "desired-state.yaml".to_owned(), bytes: b"version: 1".to_vec() };
        let files = ManifestFiles::new(vec![file]).unwrap();
        let opening = Opening {
            plan: &planned.plan,
            basis: &basis,
            memory: &memory,
            unfinished: &unfinished,
            files: &files,
        };
        let open = locked.open(opening, &self.iam, &|_| {}).await.unwrap();
        tokio::select! {
            biased;
            () = self.iam.killed.notified() => {}
            closed = async { open.execute(&self.iam, &self.iam.cancelled).await.close().await } => {
                assert_eq!(closed.problems, []);
                return Some(closed);
            }
        }
        store.unlock(&run).await.unwrap();
        None
    }

    /// A run that succeeds.
    async fn apply(&self, desired: &Desired, allow: &BTreeSet<Guard>) -> Plan {
        let planned = self.plan(desired, allow).await;
        assert_eq!(planned.plan.refusals, [], "{:#?}", changes(&planned.plan));
        if !planned.plan.is_empty() {
            let closed = self.run(desired, &planned).await.unwrap();
            assert_eq!(closed.result, RunResult::Succeeded, "{closed:#?}\n{:#?}", calls(&planned.plan));
        }
        planned.plan
    }
}

/// What is there, whatever its unique ids.
fn values(live: &Live) -> BTreeMap<Address, Resource> {
    live.addresses().map(|(address, _)| (address.clone(), live.resource(&address, None).unwrap())).collect()
}

fn changes(plan: &Plan) -> Vec<String> {
    let line = |change: &Change| format!("{:?} {} {:?}", change.action, change.address, change.fields);
    plan.changes.iter().map(line).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// A way from one manifest to another.
struct Journey<'d> {
    to: &'d Desired,
    allow: BTreeSet<Guard>,
    /// Where the first one was applied.
    site: Site,
    planned: Planned,
    /// What is there after a run that nothing goes wrong in.
    smooth: BTreeMap<Address, Resource>,
}

impl<'d> Journey<'d> {
    fn new(from: &Desired, to: &'d Desired, allow: &[Guard]) -> Self {
        let allow = allow.iter().copied().collect();
        let everything = Guard::ALL.into_iter().filter(|guard| guard.can_be_allowed()).collect();
        let site = Site::empty();
        let planned = block_on(async {
            site.apply(from, &everything).await;
            site.plan(to, &allow).await
        });
        assert_eq!(planned.plan.refusals, []);
        let mut account = site.iam.account.lock().unwrap().clone();
        for step in &planned.plan.steps {
            account.perform(&step.action).unwrap();
        }
        Self { to, allow, planned, smooth: values(account.live()), site }
    }

    fn calls(&self) -> usize {
        self.planned.plan.steps.len()
    }

    /// One run with such grief, and one without.
    fn is_made(&self, name: &str, grief: Grief) {
        block_on(async {
            let (to, planned) = (self.to, &self.planned);
            let context = format!("{grief:?} in {name} {:#?}", calls(&planned.plan));
            let site = self.site.again(Some(grief));
            let before = site.live();
            let closed = site.run(to, planned).await;
            let is_over = closed.is_some_and(|closed| closed.result == RunResult::Succeeded);
            // That something is gone is seen, though the answer was lost.
            let is_seen = || site.iam.begun.lock().unwrap()[grief.at].deletes();
            let may_be_over = grief.way == Way::Interrupted || grief.way == Way::Lost && is_seen();
            assert!(!is_over || may_be_over, "{context}");
            let mut moments = site.iam.moments.lock().unwrap().clone();

            // What had to be allowed once need not be allowed again, once it is done.
            let is_old = |address: &Address| before.id(address) == site.live().id(address);
            let mut replaced = planned.plan.changes.iter().filter(|it| it.action == ChangeAction::Replace);
            let mut allow = self.allow.clone();
            if !replaced.any(|change| is_old(&change.address)) {
                allow.remove(&Guard::Replace);
            }
            let site = site.again(None);
            let rest = site.plan(to, &allow).await.plan;
            assert_eq!(rest.refusals, [], "after {context}: {:#?}", changes(&rest));
            site.apply(to, &allow).await;
            let last = site.plan(to, &BTreeSet::new()).await.plan;
            let left = (changes(&last), calls(&last));
            assert!(last.is_empty(), "after {context} and {:#?}: {left:#?}", calls(&rest));
            assert_eq!(values(&site.live()), self.smooth, "after {context} and {:#?}", calls(&rest));

            moments.extend(site.iam.moments.lock().unwrap().iter().cloned());
            nobody_had_more(&moments, &[&planned.plan, &rest], &context);
        });
    }
}

/// At no moment may anybody do what was allowed neither at first nor in the end, but for what a plan told.
fn nobody_had_more(moments: &[Live], plans: &[&Plan], context: &str) {
    let steps = || plans.iter().flat_map(|plan| &plan.steps);
    let renames: BTreeMap<_, _> = steps().filter_map(|step| step.action.renames()).collect();
    let last_name = |identity: Identity| match renames.get(&identity.address()) {
        Some(Address::User(name)) => Identity::User(name.clone()),
        _ => identity,
    };
    let mut ready = Ready::default();
    let mut access = |live: &Live| -> Access {
        ready.access(live).into_iter().map(|(identity, allowed)| (last_name(identity), allowed)).collect()
    };
    let moments: Vec<Access> = moments.iter().map(&mut access).collect();
    let told = |identity: &Identity| {
        plans
            .iter()
            .flat_map(|plan| &plan.hazards)
            .any(|hazard| hazard.kind == HazardKind::MomentaryExcess && hazard.address == identity.address())
    };
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else { return };
    for (at, moment) in moments.iter().enumerate() {
        for (identity, allowed) in moment {
            let is_known = |it: &&String| {
                [first, last].iter().any(|end| end.get(identity).is_some_and(|all| all.contains(*it)))
            };
            let excess: Vec<&String> = allowed.iter().filter(|it| !is_known(it)).collect();
            assert!(excess.is_empty() || told(identity), "{identity} had {excess:?} at {at} after {context}");
        }
    }
}

/// Every call of every pair.
fn whichever_call_it_is(way: Way) {
    let mut runs = 0;
    for (name, from, to) in pairs() {
        let journey = Journey::new(&from, &to, &[Guard::Replace]);
        for at in 0..journey.calls() {
            journey.is_made(name, Grief { at, way });
            runs += 1;
        }
    }
    assert!(runs > 100, "{runs}");
}

#[test]
fn the_run_after_a_call_that_was_refused_gets_there() {
    whichever_call_it_is(Way::Refused);
}

#[test]
fn the_run_after_an_answer_that_was_lost_gets_there() {
    whichever_call_it_is(Way::Lost);
}

#[test]
fn the_run_after_one_that_was_interrupted_gets_there() {
    whichever_call_it_is(Way::Interrupted);
}

#[test]
fn the_run_after_one_that_was_killed_gets_there() {
    whichever_call_it_is(Way::KilledBefore);
    whichever_call_it_is(Way::KilledAfter);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn from_anything_to_anything_the_run_after_a_failed_one_gets_there(
        first in states(),
        second in states(),
        at in 0_usize..1_000,
        way in prop::sample::select(&WAYS[..]),
        renamed in any::<[bool; 4]>(),
    ) {
        let second = with_new_names(&first, second, renamed);
        let journey = Journey::new(&first, &second, &[Guard::MassDelete, Guard::DeleteCredentials, Guard::Replace]);
        if let Some(at) = at.checked_rem(journey.calls()) {
            journey.is_made("generated", Grief { at, way });
        }
    }
}
