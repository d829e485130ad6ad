//! How long it takes until the tables can be asked: `cargo bench -p iamctl-data`. A command that does not
//! ask pays nothing.

use iamctl_data::{managed_policies, services};

fn main() {
    divan::main();
}

/// What happens once is measured once.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn a_first_action(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(|| services().action(divan::black_box("s3:GetObject")));
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn a_first_look_at_all_actions(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(|| services().iter().map(|service| service.actions().count()).sum::<usize>());
}

#[divan::bench(sample_count = 1, sample_size = 1)]
fn a_first_managed_policy(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(|| managed_policies().by_name(divan::black_box("ReadOnlyAccess")));
}

#[divan::bench]
fn b_action(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(|| services().action(divan::black_box("ec2:RunInstances")));
}

#[divan::bench]
fn b_condition_key(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(|| services().condition_key(divan::black_box("aws:ResourceTag/team")));
}

#[divan::bench]
fn b_managed_policy(bencher: divan::Bencher<'_, '_>) {
    bencher.bench_local(|| {
        managed_policies().by_arn(divan::black_box("arn:aws:iam::aws:policy/job-function/Billing"))
    });
}
