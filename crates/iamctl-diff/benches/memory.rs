//! How much memory a large manifest takes, from its text to the plan: "max alloc" is the most that is in
//! use at once, beyond the text and the account that it is held against. Times are longer here than they
//! are, because every allocation is counted.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that fails should say so at once")]
#![allow(dead_code, reason = "the worlds are shared with the benchmark of time")]

mod world;

use iamctl_diff::{Inputs, plan};
use iamctl_model::{Live, Ownership};
use world::{account, inputs, read, settled};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

const SIZES: [usize; 3] = [500, 1_500, 5_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES, sample_count = 3)]
fn text_to_empty_plan(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    bencher.bench_local(|| {
        let manifest = read(&settled.text);
        let planned = plan(&Inputs { desired: &manifest.desired, ..inputs(settled) });
        (manifest, planned)
    });
}

#[divan::bench(args = SIZES, sample_count = 3)]
fn text_to_plan_everything_new(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let (live, ownership) = (Live::empty(account()), Ownership::default());
    bencher.bench_local(|| {
        let manifest = read(&settled.text);
        let desired = &manifest.desired;
        let planned = plan(&Inputs { desired, live: &live, ownership: &ownership, ..inputs(settled) });
        (manifest, planned)
    });
}
