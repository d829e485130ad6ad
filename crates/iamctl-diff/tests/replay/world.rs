//! An account, and what is remembered of it.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_apply::{Basis, Outcome, after_run};
use iamctl_diff::{Inputs, MasterCopyState, Planned, plan};
use iamctl_model::{
    Account, AccountId, Action, Caller, Desired, Guard, HazardKind, Live, Ownership, Partition, Plan,
    Sibling, StepId, UnfinishedRun,
};
use iamctl_testing::MemoryAccount;
use proptest::test_runner::Config as ProptestConfig;

pub(crate) fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

/// How long to look for what breaks a property: at so many times as many cases as usual, or as `PROPTEST_CASES` says.
pub(crate) fn config(times: f64) -> ProptestConfig {
    let usual = ProptestConfig::default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred cases, and a few times"
    )]
    let cases = (f64::from(usual.cases) * times) as u32;
    ProptestConfig { cases, max_shrink_iters: 4_000, ..usual }
}

/// An account in memory and the ownership that its master copy would hold.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) account: MemoryAccount,
    pub(crate) ownership: Ownership,
    pub(crate) unfinished: Vec<UnfinishedRun>,
    pub(crate) siblings: Vec<Sibling>,
    pub(crate) caller: Option<Caller>,
    pub(crate) allow: BTreeSet<Guard>,
    pub(crate) deny: BTreeSet<HazardKind>,
}

impl World {
    pub(crate) fn empty() -> Self {
        Self {
            account: MemoryAccount::empty(account()),
            ownership: Ownership::default(),
            unfinished: Vec::new(),
            siblings: Vec::new(),
            caller: None,
            allow: BTreeSet::new(),
            deny: BTreeSet::new(),
        }
    }

    pub(crate) fn live(&self) -> &Live {
        self.account.live()
    }

    /// The plan that leads to a desired state.
    pub(crate) fn plan(&self, desired: &Desired) -> Planned {
        plan(&Inputs {
            desired,
            live: self.live(),
            ownership: &self.ownership,
            unfinished: &self.unfinished,
            siblings: &self.siblings,
            master_copy: MasterCopyState {
                bucket_exists: true,
                has_head: true,
                is_renamed: false,
                manifest_is_stored: true,
            },
            caller: self.caller.as_ref(),
            allow: &self.allow,
            deny: &self.deny,
        })
    }

    /// Makes the calls of a plan in an order that its edges allow; which one, `choose` decides. Returns
    /// what the account was after each call.
    pub(crate) fn replay(
        &mut self,
        desired: &Desired,
        planned: &Planned,
        choose: &mut dyn FnMut(usize) -> usize,
    ) {
        let mut outcomes: BTreeMap<StepId, Outcome> = BTreeMap::new();
        for id in order(&planned.plan, choose) {
            let step = planned.plan.steps.iter().find(|step| step.id == id).unwrap();
            let receipt = self.account.perform(&step.action).unwrap_or_else(|error| {
                panic!(
                    "{} ({}) failed: {error}\nplan: {:#?}",
                    step.action.describe(),
                    id,
                    calls(&planned.plan)
                )
            });
            outcomes.insert(id, Outcome::Done(receipt));
        }
        let basis = Basis::new(planned.ownership.clone(), self.live(), desired);
        self.ownership = after_run(&planned.plan, &basis, &outcomes);
        self.unfinished.clear();
    }

    /// Plans and replays in the order written.
    pub(crate) fn apply(&mut self, desired: &Desired) -> Plan {
        let planned = self.plan(desired);
        assert_eq!(planned.plan.refusals, [], "the plan is refused");
        self.replay(desired, &planned, &mut |_| 0);
        planned.plan
    }

    pub(crate) fn perform(&mut self, action: &Action) {
        self.account.perform(action).unwrap_or_else(|error| panic!("{}: {error}", action.describe()));
    }
}

/// An order of all steps that respects what each needs.
pub(crate) fn order(plan: &Plan, choose: &mut dyn FnMut(usize) -> usize) -> Vec<StepId> {
    let mut done: BTreeSet<StepId> = BTreeSet::new();
    let mut order = Vec::new();
    while order.len() < plan.steps.len() {
        let ready = plan.steps.iter().filter(|step| !done.contains(&step.id));
        let ready: Vec<_> = ready.filter(|step| step.needs.iter().all(|need| done.contains(need))).collect();
        let next = ready[choose(ready.len()) % ready.len()].id;
        done.insert(next);
        order.push(next);
    }
    order
}

/// The calls of a plan as people would read them.
pub(crate) fn calls(plan: &Plan) -> Vec<String> {
    let line = |step: &iamctl_model::Step| {
        let needs: Vec<_> = step.needs.iter().map(ToString::to_string).collect();
        format!("{} {} [{}]", step.id, step.action.describe(), needs.join(" "))
    };
    plan.steps.iter().map(line).collect()
}
