//! How long a saved account takes to be imported and planned, and how much memory.
//!
//! `cargo bench -p iamctl-import` prints both for 500, 1,500 and 5,000 users, as many roles and policies,
//! and three times as many attachments. "max alloc" is the most that is in use at once beyond the JSON;
//! times are a little longer than they are elsewhere, because every allocation is counted.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that fails should say so at once")]

mod saved;

use std::collections::BTreeSet;

use iamctl_diff::{Inputs, MasterCopyState, plan};
use iamctl_import::{Head, Imported, Options, Selection, import};
use iamctl_model::{Live, ManifestName, MasterCopy, Ownership};
use iamctl_spec::{FilesInMemory, parse};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

const SIZES: [usize; 3] = [500, 1_500, 5_000];

fn main() {
    divan::main();
}

fn imported(live: &Live) -> Imported {
    let master_copy = MasterCopy {
        bucket: "acme-iam-master-copy".to_owned(),
        region: "eu-west-1".to_owned(),
        prefix: "iam/".to_owned(),
        owner: None,
        kms_key: None,
    };
    let head = Head { name: ManifestName::parse("acme-prod").unwrap(), master_copy };
    import(live, &Options { head, selection: Selection::default(), split: false }).unwrap()
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn import_it(bencher: divan::Bencher<'_, '_>, count: usize) {
    let json = saved::saved(count);
    bencher.bench_local(|| {
        let live = iamctl_snapshot::read(&json).unwrap().live;
        (imported(&live), live)
    });
}

/// Against the manifest that an import wrote: everything is there, and nothing of it is managed yet.
#[divan::bench(args = SIZES, sample_count = 5)]
fn plan_it(bencher: divan::Bencher<'_, '_>, count: usize) {
    let json = saved::saved(count);
    let written = imported(&iamctl_snapshot::read(&json).unwrap().live);
    let (_, text) = written.files.into_iter().next().unwrap();
    let files = FilesInMemory::new().with("m.yaml", &text);
    bencher.bench_local(|| {
        let live = iamctl_snapshot::read(&json).unwrap().live;
        let manifest = parse(&files, "m.yaml", &iamctl_spec::Options::default())
            .unwrap_or_else(|rejected| panic!("{:?}", rejected.diagnostics));
        let planned = plan(&Inputs {
            desired: &manifest.desired,
            live: &live,
            ownership: &Ownership::default(),
            unfinished: &[],
            siblings: &[],
            master_copy: MasterCopyState {
                bucket_exists: true,
                has_head: false,
                is_renamed: false,
                manifest_is_stored: false,
            },
            caller: None,
            allow: &BTreeSet::new(),
            deny: &BTreeSet::new(),
        });
        assert!(planned.plan.steps.is_empty(), "an import leaves nothing to do");
        planned
    });
}
