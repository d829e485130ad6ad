//! How long a large manifest takes, from its text to an empty plan.
//!
//! `cargo bench -p iamctl-diff` prints the stages for 500 and for 5,000 users, as many roles and
//! policies, and three times as many attachments.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that fails should say so at once")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use iamctl_diff::{Inputs, MasterCopyState, plan};
use iamctl_model::{Account, AccountId, Live, Owned, Ownership, Partition, Resource};
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};
use iamctl_testing::MemoryAccount;

fn main() {
    divan::main();
}

fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

fn text(count: usize) -> String {
    let mut text = String::from(
        "version: 1\nname: large\naccount: \"123456789012\"\nmaster_copy: {bucket: some-bucket, region: eu-west-1}\nusers:\n",
    );
    for n in 0..count {
        writeln!(text, "  user{n}: {{tags: {{team: t{}}}}}", n % 7).unwrap();
    }
    text.push_str("policies:\n");
    for n in 0..count {
        writeln!(
            text,
            "  policy{n}:\n    document:\n      Version: \"2012-10-17\"\n      Statement:\n        - Effect: Allow\n          \
             Action: [\"s3:Get*\", \"s3:List*\", \"ec2:Describe*\"]\n          Resource: \"arn:aws:s3:::bucket{n}/*\""
        )
        .unwrap();
    }
    text.push_str("roles:\n");
    for n in 0..count {
        let policies: Vec<String> = (0..3).map(|at| format!("policy{}", (n + at) % count)).collect();
        writeln!(
            text,
            "  role{n}:\n    trust:\n      - users: [user{n}]\n        mfa: required\n    policies: [{}]",
            policies.join(", ")
        )
        .unwrap();
    }
    text
}

fn read(text: &str) -> Manifest {
    let files = FilesInMemory::new().with("m.yaml", text);
    let options = Options { account: Some(account()), ..Options::default() };
    parse(&files, "m.yaml", &options).unwrap_or_else(|rejected| panic!("{:?}", rejected.diagnostics))
}

/// A manifest and an account that is as it says.
struct Settled {
    text: String,
    manifest: Manifest,
    live: Live,
    ownership: Ownership,
}

fn inputs(settled: &Settled) -> Inputs<'_> {
    static NOTHING: std::collections::BTreeSet<iamctl_model::Guard> = std::collections::BTreeSet::new();
    Inputs {
        desired: &settled.manifest.desired,
        live: &settled.live,
        ownership: &settled.ownership,
        unfinished: &[],
        siblings: &[],
        master_copy: MasterCopyState { bucket_exists: true, has_head: true, manifest_is_stored: true },
        caller: None,
        allow: &NOTHING,
    }
}

fn settled(count: usize) -> &'static Settled {
    static SMALL: OnceLock<Settled> = OnceLock::new();
    static LARGE: OnceLock<Settled> = OnceLock::new();
    let cell = if count < 1_000 { &SMALL } else { &LARGE };
    cell.get_or_init(|| {
        let text = text(count);
        let manifest = read(&text);
        let mut account = MemoryAccount::empty(account());
        let empty = Settled {
            text: String::new(),
            manifest: manifest.clone(),
            live: account.live().clone(),
            ownership: Ownership::default(),
        };
        for step in plan(&inputs(&empty)).plan.steps {
            account.perform(&step.action).unwrap();
        }
        let live = account.live().clone();
        let owned = |resource: &Resource, address| {
            let id = live.id(address).unwrap().clone();
            Owned { id, protect: false, last_applied: resource.clone() }
        };
        let ownership: BTreeMap<_, _> = manifest
            .desired
            .managed
            .iter()
            .map(|(address, managed)| (address.clone(), owned(&managed.value, address)))
            .collect();
        Settled { text, manifest, live, ownership: Ownership(ownership) }
    })
}

#[divan::bench(args = [500, 5_000], sample_count = 10)]
fn parse_manifest(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    bencher.bench_local(|| read(&settled.text));
}

#[divan::bench(args = [500, 5_000], sample_count = 10)]
fn plan_nothing(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    bencher.bench_local(|| {
        let planned = plan(&inputs(settled));
        assert!(planned.plan.is_empty());
        planned
    });
}

#[divan::bench(args = [500, 5_000], sample_count = 5)]
fn plan_everything(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    let live = Live::empty(account());
    let ownership = Ownership::default();
    bencher.bench_local(|| plan(&Inputs { live: &live, ownership: &ownership, ..inputs(settled) }));
}

#[divan::bench(args = [500, 5_000], sample_count = 5)]
fn text_to_empty_plan(bencher: divan::Bencher<'_, '_>, count: usize) {
    let settled = settled(count);
    bencher.bench_local(|| {
        let manifest = read(&settled.text);
        let now = Inputs { desired: &manifest.desired, ..inputs(settled) };
        assert!(plan(&now).plan.is_empty());
    });
}
