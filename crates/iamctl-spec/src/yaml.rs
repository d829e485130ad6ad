//! YAML text to [`Node`]s, under budgets that hostile texts cannot exceed.
//!
//! The library expands aliases and merge keys and types plain scalars by the rules of YAML 1.2. Keys
//! that are there twice are reported here, with both places.

use std::fmt;

use iamctl_policy::{Diagnostic, Diagnostics, Entry, MAX_DEPTH, Node, SourceId, Span, Value, unique};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, NonFiniteFloatPolicy, Spanned};

/// How many values aliases may add.
const MAX_EXPANDED: usize = 200_000;

/// Reads exactly one YAML document. `None` when the text is not YAML or is more than one document, or
/// when it holds more values than it may, counted after aliases are expanded.
pub(crate) fn parse_yaml(
    text: &str,
    source: SourceId,
    most_nodes: usize,
    diagnostics: &mut Diagnostics,
) -> Option<Node> {
    match serde_saphyr::from_str_with_options::<Placed>(text, options(most_nodes)) {
        Ok(Placed(Node { value: Value::Null, .. })) => {
            diagnostics.push(empty(source));
            None
        }
        Ok(Placed(mut node)) => {
            settle(&mut node, text, source, diagnostics);
            Some(node)
        }
        Err(error) => {
            diagnostics.push(explain(&error, text, source));
            None
        }
    }
}

fn options(most_nodes: usize) -> serde_saphyr::Options {
    let mut alias_limits = serde_saphyr::Options::default().alias_limits;
    alias_limits.max_total_replayed_events = MAX_EXPANDED;
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: most_nodes,
            max_events: most_nodes.saturating_mul(2),
            max_recorded_anchor_bytes: 16 * 1024 * 1024,
        },
        alias_limits: alias_limits,
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

/// A [`Node`] on its way: spans lie in no source yet, and numbers have no text yet.
struct Placed(Node);

struct Untyped(Value);

impl<'de> Deserialize<'de> for Placed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value: Untyped(value), referenced, defined } = Spanned::deserialize(deserializer)?;
        let defined_at = span(&defined);
        let alias = (referenced != defined).then(|| span(&referenced));
        Ok(Self(Node { span: whole_span(defined_at, alias, &value), alias, value }))
    }
}

impl<'de> Deserialize<'de> for Untyped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UntypedVisitor).map(Self)
    }
}

struct UntypedVisitor;

impl<'de> Visitor<'de> for UntypedVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Number(String::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Number(String::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number(String::new()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Placed(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(Spanned { value: key, defined, .. }) = pairs.next_key::<Spanned<String>>()? {
            let Placed(value) = pairs.next_value()?;
            entries.push(Entry { key, key_span: span(&defined), value });
        }
        Ok(Value::Map(entries))
    }
}

fn span(location: &Location) -> Span {
    let place = location.span();
    let offset = |bytes: Option<u64>| usize::try_from(bytes.unwrap_or(0)).unwrap_or(usize::MAX);
    let start = offset(place.byte_offset());
    Span::new(SourceId::NONE, start, start.saturating_add(offset(place.byte_len())))
}

/// The place of an error: some come with line and column only.
fn located(location: &Location, text: &str) -> Span {
    if location.span().byte_offset().is_some() {
        return span(location);
    }
    let number = |n: u64| usize::try_from(n).unwrap_or(1).saturating_sub(1);
    let line_start: usize = text.split_inclusive('\n').take(number(location.line())).map(str::len).sum();
    let line = text.get(line_start..).unwrap_or("").lines().next().unwrap_or("");
    let before: usize = line.chars().take(number(location.column())).map(char::len_utf8).sum();
    let at = line_start.saturating_add(before);
    Span::new(SourceId::NONE, at, at)
}

/// The library gives collections the span of their first character at most; here it reaches to the
/// end of their last item, as far as that stands where the collection stands.
fn whole_span(own: Span, alias: Option<Span>, value: &Value) -> Span {
    let place = |node: &Node| if node.alias == alias { node.span } else { node.alias.unwrap_or(node.span) };
    let last = match value {
        Value::List(items) => items.last().map(place),
        Value::Map(entries) => entries.iter().map(|entry| place(&entry.value)).max_by_key(|span| span.end),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    last.map_or(own, |last| own.to(last))
}

/// Puts the tree into its source, gives numbers their text, and reports duplicate keys.
fn settle(node: &mut Node, text: &str, source: SourceId, diagnostics: &mut Diagnostics) {
    node.span.source = source;
    if let Some(alias) = &mut node.alias {
        alias.source = source;
    }
    match &mut node.value {
        Value::Number(spelling) => text_at(text, node.span).clone_into(spelling),
        Value::List(items) => items.iter_mut().for_each(|item| settle(item, text, source, diagnostics)),
        Value::Map(entries) => {
            for entry in entries.iter_mut() {
                entry.key_span.source = source;
                settle(&mut entry.value, text, source, diagnostics);
            }
            *entries = unique(std::mem::take(entries), diagnostics);
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn text_at(text: &str, span: Span) -> &str {
    let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    text.get(offset(span.start)..offset(span.end)).unwrap_or("")
}

/// The library's error in our words, at its place.
fn explain(error: &serde_saphyr::Error, text: &str, source: SourceId) -> Diagnostic {
    let mut place = error.location().map_or(Span::NONE, |location| located(&location, text));
    place.source = source;
    let error = error.without_snippet();
    let is_tab = is_about_tab(&error.to_string());
    if is_tab {
        // Where a scalar goes before the tab, the library names the scalar.
        place = indenting_tab(text, place).unwrap_or(place);
    }
    let rest = text_at(text, Span { end: u32::try_from(text.len()).unwrap_or(u32::MAX), ..place });
    if place.start == place.end {
        // An empty place shows nothing: underline the character that stands there.
        let width = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        place.end = place.end.saturating_add(u32::try_from(width).unwrap_or(0));
    }
    let found = |code, message: String| Diagnostic::error(code, place, message);
    match error {
        serde_saphyr::Error::UnknownAnchor { .. } => {
            found("not-yaml", "`*` begins an alias in YAML, and there is no anchor of this name".to_owned())
                .help("to mean the character itself, put the text in quotes: \"*\"")
        }
        serde_saphyr::Error::MultipleDocuments { .. } => {
            found("several-documents", "a file holds one YAML document, here begins a second one".to_owned())
                .help("split it into files and name them under `include:`")
        }
        serde_saphyr::Error::Eof { .. } => empty(source),
        serde_saphyr::Error::UnsupportedTag { .. } => {
            found("not-yaml", "a YAML tag such as `!Ref` has no meaning here".to_owned())
                .help("remove the tag; text that begins with `!` goes in quotes")
        }
        serde_saphyr::Error::Budget { .. } => too_much(place),
        // The library reports some limits as errors of the syntax.
        other if other.to_string().contains("limit exceeded") => too_much(place),
        other => with_hint(
            found("not-yaml", format!("not valid YAML: {}", without_place(&other.to_string()))),
            rest,
        ),
    }
}

fn too_much(place: Span) -> Diagnostic {
    Diagnostic::too_much(place).help(format!("aliases may add {MAX_EXPANDED} values"))
}

fn empty(source: SourceId) -> Diagnostic {
    Diagnostic::error("empty-file", Span::new(source, 0, 0), "the file is empty")
}

/// The library ends its messages with the place, which is told apart from them here.
fn without_place(message: &str) -> &str {
    let cut = [" at line ", " (line "].iter().filter_map(|mark| message.find(mark)).min();
    cut.and_then(|at| message.get(..at)).unwrap_or(message).trim_end_matches([',', ':', ' '])
}

/// Whether a message of the library is about a tab.
fn is_about_tab(message: &str) -> bool {
    let mut words = message.split(|c: char| !c.is_ascii_alphabetic());
    words.any(|word| word.eq_ignore_ascii_case("tab") || word.eq_ignore_ascii_case("tabs"))
}

/// The tab that indents a line after the one of a place, unless a tab stands at that place already.
fn indenting_tab(text: &str, place: Span) -> Option<Span> {
    let start = usize::try_from(place.start).ok()?;
    let rest = text.get(start..)?;
    if rest.starts_with('\t') {
        return None;
    }
    let mut at = start;
    for line in rest.split_inclusive('\n') {
        let indent = line.len().saturating_sub(line.trim_start_matches([' ', '\t']).len());
        let tab = line.get(..indent).and_then(|indent| indent.find('\t'));
        if let (Some(tab), true) = (tab, at > start) {
            let tab = u32::try_from(at.saturating_add(tab)).ok()?;
            return Some(Span { start: tab, end: tab.saturating_add(1), ..place });
        }
        at = at.saturating_add(line.len());
    }
    None
}

/// What the character at the place of a syntax error usually means.
fn with_hint(error: Diagnostic, rest: &str) -> Diagnostic {
    match rest.chars().next() {
        _ if is_about_tab(&error.message) => error.help("YAML is indented with spaces, never with tabs"),
        Some('*') => error.help("text that begins with `*` goes in quotes: \"*\""),
        Some('@' | '`' | '%' | '&' | '!') => {
            error.help("text that begins with one of ` @ % & ! goes in quotes")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iamctl_policy::{MAX_NODES, Sources};

    fn read(text: &str) -> (Option<Node>, Vec<String>) {
        let mut sources = Sources::new();
        let id = sources.add("m.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let node = parse_yaml(text, id, MAX_NODES, &mut diagnostics);
        let told =
            diagnostics.iter().map(|d| format!("{} @ {:?}", d.message, sources.slice(d.span))).collect();
        (node, told)
    }

    fn entries(node: &Node) -> &[Entry] {
        node.expect_map("it", &mut Diagnostics::new()).unwrap()
    }

    #[test]
    fn scalars_have_the_types_of_yaml_1_2_and_numbers_keep_their_spelling() {
        let (node, told) =
            read("[1, 012345678901, 0x1F, 1.50, .inf, -3, yes, true, null, ~, 'null', 2012-10-17, \"5\"]");
        assert_eq!(told, Vec::<String>::new());
        let shown: Vec<_> = node
            .unwrap()
            .one_or_many()
            .iter()
            .map(|item| match &item.value {
                Value::Null => "-".to_owned(),
                Value::Bool(truth) => format!("b{truth}"),
                Value::Number(text) => format!("n{text}"),
                Value::String(text) => format!("s{text}"),
                _ => "?".to_owned(),
            })
            .collect();
        let expected = "n1 n012345678901 n0x1F n1.50 n.inf n-3 syes btrue - - snull s2012-10-17 s5";
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn collections_reach_to_the_end_of_their_last_item() {
        let text = "a:\n  b: 1\n  c:\n    - x\n    - yy\nd: {e: [1, 2]}\n";
        let (node, _) = read(text);
        let node = node.unwrap();
        let slice = |span: Span| text_at(text, span);
        assert_eq!(slice(node.span), text.trim_end().trim_end_matches("]}"));
        assert_eq!(slice(entries(&node)[0].value.span), "b: 1\n  c:\n    - x\n    - yy");
        assert_eq!(slice(entries(&node)[1].value.span), "{e: [1, 2");
        assert_eq!(slice(entries(&node)[1].key_span), "d");
    }

    #[test]
    fn keys_are_texts_however_they_are_written() {
        let (node, told) = read("1: a\ntrue: b\n012345678901: c\n\"x y\": d\n");
        assert_eq!(told, Vec::<String>::new());
        let node = node.unwrap();
        let keys: Vec<_> = entries(&node).iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["1", "true", "012345678901", "x y"]);
    }

    #[test]
    fn duplicate_keys_are_reported_and_merged_keys_are_not_duplicates() {
        let (node, told) = read("base: &b {k: 1, l: 2}\nuse:\n  <<: *b\n  k: 3\nother: *b\nbase: 5\n");
        assert_eq!(told, ["`base` is defined twice in the same map @ \"base\""]);
        let node = node.unwrap();
        let used = entries(&entries(&node)[1].value);
        let shown: Vec<_> = used.iter().map(|e| (e.key.as_str(), e.value.alias.is_some())).collect();
        assert_eq!(shown, [("k", false), ("l", true)]);
        let other = &entries(&node)[2].value;
        assert!(other.alias.is_some());
        assert_eq!(other.span, entries(&node)[0].value.span);
    }

    #[test]
    fn what_is_not_one_yaml_document_is_told_at_its_place() {
        let told = |text| read(text).1.join("; ");
        for (text, says) in [
            ("", "the file is empty"),
            ("# only a comment\n", "the file is empty"),
            ("a: 1\n---\nb: 2\n", "a file holds one YAML document"),
            ("Resource: *\n", "not valid YAML"),
            ("Resource: *a\n", "`*` begins an alias"),
            ("a: !Ref b\n", "a YAML tag such as"),
            ("a: [1, 2\n", "not valid YAML"),
            ("a: b: c\n", "not valid YAML"),
            ("a:\n\tb: 1\n", "not valid YAML"),
            ("? [a, b]\n: c\n", "not valid YAML"),
            ("\u{0}\u{1}", "not valid YAML"),
        ] {
            assert!(told(text).starts_with(says), "{text:?}: {}", told(text));
        }
    }

    #[test]
    fn hostile_texts_end_in_an_error() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..12 {
            bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
        }
        let texts =
            [bomb, "[".repeat(20_000), "{a: ".repeat(20_000), "- ".repeat(20_000), "? ".repeat(20_000)];
        for text in texts {
            let (node, told) = read(&text);
            assert!(node.is_none() && told.len() == 1, "{told:?}");
        }
    }
}
