//! How long questions take: `cargo bench -p iamctl-access`.
fn main() {
    divan::main();
}
