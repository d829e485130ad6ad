//! Unpacking.

use crate::provenance::Provenance;

/// The text of a table, and where it comes from. What is unpacked stays for as long as the program runs,
/// so that everything can point into it.
pub(crate) fn unpack(packed: &[u8]) -> (Provenance, &'static str) {
    let mut text = Vec::new();
    // Embedded bytes do not change: that they can be unpacked is seen by the tests.
    let unpacked = brotli_decompressor::BrotliDecompress(&mut &*packed, &mut text).is_ok();
    let text = String::from_utf8(text).ok().filter(|_| unpacked).unwrap_or_default();
    let text: &'static str = Box::leak(text.into_boxed_str());
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    (Provenance::parse(head), body)
}

/// The fields of a line, however many are asked for; missing ones are empty.
pub(crate) fn fields<const COUNT: usize>(line: &'static str) -> [&'static str; COUNT] {
    let mut fields = line.split('\t');
    std::array::from_fn(|_| fields.next().unwrap_or(""))
}

/// The items of a list; none for an empty field.
pub(crate) fn items(field: &'static str) -> impl Iterator<Item = &'static str> {
    field.split(',').filter(|item| !item.is_empty())
}
