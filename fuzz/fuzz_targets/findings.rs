#![no_main]

//! Findings about any text, at any place, can be shown.

#[allow(dead_code)]
#[path = "../../crates/iamctl/src/render/diagnostics.rs"]
mod diagnostics;

use iamctl_policy::{Diagnostic, Diagnostics, Sources, Span};
use libfuzzer_sys::fuzz_target;

type Places = Vec<(u16, u16, u8)>;

fuzz_target!(|input: (u8, Places, String, String)| {
    let (width, places, words, text) = input;
    let mut sources = Sources::new();
    let texts = text.split("####").map(|part| sources.add(format!("m{words}.yaml"), part));
    let texts: Vec<_> = texts.collect();
    // Readers only make places that lie in the text and between characters.
    let place = |(start, end, of): &(u16, u16, u8)| {
        let source = texts[usize::from(*of) % texts.len()];
        let text = sources.get(source).expect("it was added").text();
        let within = |at: u16| text.floor_char_boundary(usize::from(at) % (text.len() + 1));
        Span::new(source, within(*start.min(end)), within(*start.max(end)).max(within(*start.min(end))))
    };
    let mut found = Diagnostics::new();
    for places in places.chunks(3) {
        let Some((first, rest)) = places.split_first() else { continue };
        let one = Diagnostic::error("code", place(first), words.clone()).label(words.clone());
        let one = rest.iter().fold(one, |one, other| one.related(place(other), words.clone()));
        found.push(one.help(words.clone()));
    }
    let look = diagnostics::Look { colour: width % 2 == 0, width: usize::from(width) };
    let shown = diagnostics::text(&found, &sources, diagnostics::Look { colour: false, ..look });
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    _ = diagnostics::text(&found, &sources, look);
    _ = diagnostics::json(&found, &sources);
});
