#![no_main]

#[path = "../checks/snapshot.rs"]
mod check;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    _ = check::check(data);
});
