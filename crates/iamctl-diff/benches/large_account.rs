//! How long a large manifest takes, from its text to the plan.
//!
//! `cargo bench -p iamctl-diff` prints the stages for 500, 1,500 and 5,000 users, as many roles and
//! policies, and three times as many attachments; then what the plan costs when everything of it has to
//! be made, changed, deleted or refused. How much memory that takes is in `memory`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that fails should say so at once")]

mod world;

use iamctl_diff::{Inputs, plan};
use iamctl_model::{ChangeAction, Guard, Live, Ownership};
use world::{account, inputs, read, settled};

const SIZES: [usize; 3] = [500, 1_500, 5_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, sample_count = 7)]
fn a_text_to_manifest(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    bencher.bench_local(|| read(&settled.text));
}

#[divan::bench(args = SIZES, sample_count = 7)]
fn b_plan_nothing(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    bencher.bench_local(|| {
        let planned = plan(&inputs(settled));
        assert!(planned.plan.is_empty());
        planned
    });
}

#[divan::bench(args = SIZES, sample_count = 7)]
fn c_text_to_empty_plan(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    bencher.bench_local(|| {
        let manifest = read(&settled.text);
        let planned = plan(&Inputs { desired: &manifest.desired, ..inputs(settled) });
        assert!(planned.plan.is_empty());
        (manifest, planned)
    });
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn d_plan_everything_new(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let (live, ownership) = (Live::empty(account()), Ownership::default());
    bencher.bench_local(|| {
        let planned = plan(&Inputs { live: &live, ownership: &ownership, ..inputs(settled) });
        assert_eq!(planned.plan.steps.len(), 6 * count);
        planned
    });
}

/// As [`d_plan_everything_new`], with the text read as well.
#[divan::bench(args = SIZES, sample_count = 5)]
fn e_text_to_plan_everything_new(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let (live, ownership) = (Live::empty(account()), Ownership::default());
    bencher.bench_local(|| {
        let manifest = read(&settled.text);
        let desired = &manifest.desired;
        let planned = plan(&Inputs { desired, live: &live, ownership: &ownership, ..inputs(settled) });
        (manifest, planned)
    });
}

/// Every policy has one action more.
#[divan::bench(args = SIZES, sample_count = 5)]
fn f_plan_every_policy_changed(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let manifest = read(&world::text(count, ", \"s3:PutObject\""));
    bencher.bench_local(|| {
        let planned = plan(&Inputs { desired: &manifest.desired, ..inputs(settled) });
        assert_eq!(planned.plan.steps.len(), count);
        planned
    });
}

/// Every policy has one action more, and no room for another version.
#[divan::bench(args = SIZES, sample_count = 5)]
fn g_plan_every_policy_changed_for_the_fifth_time(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let manifest = read(&world::text(count, ", \"s3:PutObject\""));
    let live = world::with_old_versions(&settled.live);
    bencher.bench_local(|| {
        let planned = plan(&Inputs { desired: &manifest.desired, live: &live, ..inputs(settled) });
        assert_eq!(planned.plan.steps.len(), 2 * count);
        planned
    });
}

/// Somebody took an action out of every policy, and the session of every role is shorter.
#[divan::bench(args = SIZES, sample_count = 5)]
fn h_plan_everything_drifted(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let live = world::drifted(&settled.live);
    bencher.bench_local(|| {
        let planned = plan(&Inputs { live: &live, ..inputs(settled) });
        assert_eq!(planned.plan.steps.len(), 2 * count);
        planned
    });
}

/// The manifest names nothing any more.
#[divan::bench(args = SIZES, sample_count = 5)]
fn i_plan_everything_deleted(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let empty = read(world::HEAD);
    let allow = [Guard::MassDelete].into();
    bencher.bench_local(|| {
        let planned = plan(&Inputs { desired: &empty.desired, allow: &allow, ..inputs(settled) });
        assert_eq!(planned.plan.steps.len(), 6 * count);
        planned
    });
}

/// Everything is there and belongs to somebody else.
#[divan::bench(args = SIZES, sample_count = 5)]
fn j_plan_everything_refused(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let ownership = Ownership::default();
    bencher.bench_local(|| {
        let planned = plan(&Inputs { ownership: &ownership, ..inputs(settled) });
        let blocked = planned.plan.changes.iter().filter(|change| change.action == ChangeAction::Blocked);
        assert_eq!(blocked.count(), 3 * count);
        planned
    });
}

/// Users in ten groups each, and every group loses a policy and gets another one.
#[divan::bench(args = SIZES, sample_count = 5)]
fn k_plan_every_group_changed(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let mut account = iamctl_testing::MemoryAccount::empty(account());
    let before = world::groups(count, 0);
    let (live, ownership) = world::applied(&mut account, &before);
    let after = world::groups(count, 1);
    bencher.bench_local(|| {
        let desired = &after.desired;
        let planned = plan(&Inputs { desired, live: &live, ownership: &ownership, ..inputs(settled) });
        assert_eq!(planned.plan.steps.len(), count / 10 * 2);
        planned
    });
}

/// Every role is new and trusts the one before.
#[divan::bench(args = SIZES, sample_count = 5)]
fn l_plan_roles_that_trust_each_other(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let manifest = read(&world::chain_of_roles(count));
    let (live, ownership) = (Live::empty(account()), Ownership::default());
    bencher.bench_local(|| {
        let desired = &manifest.desired;
        plan(&Inputs { desired, live: &live, ownership: &ownership, ..inputs(settled) })
    });
}
