#![no_main]

#[path = "../checks/manifest.rs"]
mod check;
#[allow(dead_code)]
#[path = "../../crates/iamctl/src/render/diagnostics.rs"]
mod diagnostics;

use iamctl_policy::{Diagnostics, Sources};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match check::check(data) {
        Ok(manifest) => shown(&manifest.warnings, &manifest.sources),
        Err(rejected) => shown(&rejected.diagnostics, &rejected.sources),
    }
});

/// Whatever is found can be shown, without anything that a terminal acts upon.
fn shown(found: &Diagnostics, sources: &Sources) {
    let text = diagnostics::text(found, sources, diagnostics::Look { colour: false, width: 80 });
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    _ = diagnostics::json(found, sources);
}
