//! Prints what `aws iam get-account-authorization-details` would say of an account of so many users, roles
//! and policies: `cargo run -p iamctl-import --example saved_account 5000 > saved.json`.

#[path = "../benches/saved/mod.rs"]
mod saved;

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = std::env::args().nth(1).ok_or("how many of each?")?.parse()?;
    std::io::stdout().lock().write_all(saved::saved(count).as_bytes())?;
    Ok(())
}
