//! Findings about a text, for people and for editors.
//!
//! What a manifest holds never reaches the terminal raw: control characters and such as change the
//! direction of writing are shown by their numbers.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use iamctl_policy::{Diagnostic, Diagnostics, Severity, Source, SourceId, Sources, Span};
use serde_json::{Map, Value, json};

/// How many findings are shown; the rest is counted.
const MOST_SHOWN: usize = 50;
/// How many characters of one line are looked at on either side of what is underlined.
const MOST_BESIDE: usize = 240;
/// The longest line of which columns are still told exactly.
const MOST_PADDING: usize = 200_000;
/// Places further apart than this many lines are shown as two excerpts.
const MOST_BETWEEN: usize = 60;

/// How text is to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Whether the terminal shows colours.
    pub(crate) colour: bool,
    /// How many columns it has.
    pub(crate) width: usize,
}

/// Findings as text, in the order of their places, each with the text that it is about.
pub(crate) fn text(diagnostics: &Diagnostics, sources: &Sources, look: Look) -> String {
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(look.width.max(40)).decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(MOST_SHOWN) {
        out.push_str(&renderer.render(&[group(diagnostic, sources, look.width.max(40))]));
        out.push_str("\n\n");
    }
    let not_shown = diagnostics.len().saturating_sub(MOST_SHOWN);
    if not_shown > 0 {
        out.push_str(&format!("… and {not_shown} more\n\n"));
    }
    if let Some(summary) = summary(diagnostics) {
        out.push_str(&summary);
        out.push('\n');
    }
    out
}

/// "3 errors and 1 warning"; nothing when there are none.
fn summary(diagnostics: &Diagnostics) -> Option<String> {
    let count = |severity| diagnostics.iter().filter(|found| found.severity == severity).count();
    let others = [
        (count(Severity::SecurityWarning), "security warning"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Suggestion), "suggestion"),
    ];
    // Of findings that are too many to be kept nothing is known but their number.
    let errors = others.iter().fold(diagnostics.len(), |rest, (count, _)| rest.saturating_sub(*count));
    let counted = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        many => Some(format!("{many} {word}s")),
    };
    let all = [(errors, "error")].into_iter().chain(others);
    let parts: Vec<_> = all.filter_map(|(count, word)| counted(count, word)).collect();
    match parts.split_last()? {
        (last, []) => Some(last.clone()),
        (last, before) => Some(format!("{} and {last}", before.join(", "))),
    }
}

/// Findings for editors and scripts: lines and columns count from 1, columns in characters; `file` is
/// absent from what is about no text in particular.
pub(crate) fn json(diagnostics: &Diagnostics, sources: &Sources) -> Value {
    diagnostics
        .iter()
        .map(|found| {
            let related = found.related.iter().map(|label| {
                let mut value = place(label.span, sources);
                value.insert("label".to_owned(), json!(label.text));
                Value::Object(value)
            });
            let mut value = place(found.span, sources);
            let severity = match found.severity {
                Severity::Error => "error",
                Severity::SecurityWarning => "security_warning",
                Severity::Warning => "warning",
                Severity::Suggestion => "suggestion",
            };
            value.insert("severity".to_owned(), json!(severity));
            value.insert("code".to_owned(), json!(found.code));
            value.insert("message".to_owned(), json!(found.message));
            value.insert("label".to_owned(), json!(found.label));
            value.insert("related".to_owned(), related.collect());
            value.insert("help".to_owned(), json!(found.help));
            Value::Object(value)
        })
        .collect()
}

/// File, line and column of a place.
pub(crate) fn place(span: Span, sources: &Sources) -> Map<String, Value> {
    let mut place = Map::new();
    let Some(source) = sources.get(span.source) else { return place };
    let (start, end) = (source.position(offset(span.start)), source.position(offset(span.end)));
    place.insert("file".to_owned(), json!(source.name()));
    place.insert("line".to_owned(), json!(start.line));
    place.insert("column".to_owned(), json!(start.column));
    place.insert("end_line".to_owned(), json!(end.line));
    place.insert("end_column".to_owned(), json!(end.column));
    place
}

fn group<'a>(found: &'a Diagnostic, sources: &'a Sources, width: usize) -> Group<'a> {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::SecurityWarning => Level::WARNING.with_name("security warning"),
        Severity::Warning => Level::WARNING,
        Severity::Suggestion => Level::NOTE.with_name("suggestion"),
    };
    // `error[code]: `, and some room.
    let beginning = found.code.len().saturating_add(match found.severity {
        Severity::Error | Severity::Warning => 12,
        Severity::Suggestion => 15,
        Severity::SecurityWarning => 21,
    });
    let title = wrapped(&in_one_line(&found.message), width.saturating_sub(beginning));
    let mut group = Group::with_title(level.primary_title(title).id(found.code));
    for excerpt in excerpts(found, sources) {
        group = group.element(excerpt.snippet());
    }
    for help in &found.help {
        group = group.element(Level::HELP.message(wrapped(&in_one_line(help), width.saturating_sub(14))));
    }
    group
}

/// Some lines of one source with marks in them.
struct Excerpt<'a> {
    source: &'a Source,
    first_line: usize,
    text: String,
    marks: Vec<Mark>,
}

struct Mark {
    kind: AnnotationKind,
    range: Range<usize>,
    label: String,
}

impl<'a> Excerpt<'a> {
    fn snippet(self) -> Snippet<'a, Annotation<'a>> {
        let marks = self.marks.into_iter().map(|mark| {
            let annotation = mark.kind.span(mark.range);
            if mark.label.is_empty() { annotation } else { annotation.label(mark.label) }
        });
        let name = in_one_line(self.source.name());
        Snippet::source(self.text).path(name).line_start(self.first_line).annotations(marks)
    }
}

/// A place to be shown, on one line.
struct Place<'a> {
    source_id: SourceId,
    source: &'a Source,
    line: usize,
    span: Range<usize>,
    kind: AnnotationKind,
    label: &'a str,
}

/// The parts of the sources that a finding is about: that of the finding itself first.
fn excerpts<'a>(found: &'a Diagnostic, sources: &'a Sources) -> Vec<Excerpt<'a>> {
    let primary = shown_place(found.span, AnnotationKind::Primary, &found.label, sources);
    let related = found
        .related
        .iter()
        .filter_map(|label| shown_place(label.span, AnnotationKind::Context, &label.text, sources));
    let mut groups: Vec<Vec<Place<'a>>> = Vec::new();
    for place in primary.into_iter().chain(related) {
        let near = groups.iter_mut().find(|group| group.iter().any(|other| is_near(other, &place)));
        match near {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups.iter().filter_map(|places| excerpt(places)).collect()
}

fn is_near(one: &Place<'_>, other: &Place<'_>) -> bool {
    one.source_id == other.source_id && one.line.abs_diff(other.line) <= MOST_BETWEEN
}

fn shown_place<'a>(
    span: Span,
    kind: AnnotationKind,
    label: &'a str,
    sources: &'a Sources,
) -> Option<Place<'a>> {
    let source = sources.get(span.source)?;
    let (start, end) = (offset(span.start).min(source.text().len()), offset(span.end));
    let line = source.position(start).line;
    // What reaches over several lines is cut to the first of them.
    let rest = source.text().get(start..)?;
    let line_end = start.saturating_add(rest.find(['\n', '\r']).unwrap_or(rest.len()));
    Some(Place { source_id: span.source, source, line, span: start..end.clamp(start, line_end), kind, label })
}

fn excerpt<'a>(places: &[Place<'a>]) -> Option<Excerpt<'a>> {
    let source = places.first()?.source;
    let first_line = places.iter().map(|place| place.line).min()?;
    let last_line = places.iter().map(|place| place.line).max()?;
    let mut text = String::new();
    let mut marks = Vec::new();
    let mut line_start = start_of_line(source, first_line)?;
    for line in first_line..=last_line {
        let raw = source.text().get(line_start..)?.split('\n').next()?;
        let here: Vec<_> = places.iter().filter(|place| place.line == line).collect();
        let window = window(raw, line_start, &here);
        // What is left out keeps its width: columns are counted in what is handed over.
        let left_out = source.text().get(line_start..window.start)?.chars().count();
        text.extend(std::iter::repeat_n(' ', left_out.min(MOST_PADDING)));
        for place in here {
            let within = |at: usize| {
                let before = window.start.max(line_start)..at.clamp(window.start, window.end);
                text.len().saturating_add(visible(source.text().get(before).unwrap_or("")).len())
            };
            marks.push(Mark {
                kind: place.kind,
                range: within(place.span.start)..within(place.span.end),
                label: in_one_line(place.label),
            });
        }
        text.push_str(&visible(source.text().get(window.clone())?));
        if window.end < line_start.saturating_add(raw.trim_end_matches('\r').len()) {
            text.push('…');
        }
        text.push('\n');
        line_start = line_start.saturating_add(raw.len()).saturating_add(1);
    }
    Some(Excerpt { source, first_line, text, marks })
}

fn start_of_line(source: &Source, line: usize) -> Option<usize> {
    let ends = source.text().match_indices('\n').map(|(at, _)| at.saturating_add(1));
    std::iter::once(0).chain(ends).nth(line.checked_sub(1)?)
}

/// The part of a line that is worth looking at.
fn window(raw: &str, line_start: usize, places: &[&Place<'_>]) -> Range<usize> {
    let raw = raw.trim_end_matches('\r');
    let line_end = line_start.saturating_add(raw.len());
    let first = places.iter().map(|place| place.span.start).min().unwrap_or(line_start);
    let last = places.iter().map(|place| place.span.start).max().unwrap_or(line_start);
    let on_boundary = |at: usize| {
        let mut at = at.clamp(line_start, line_end).saturating_sub(line_start);
        while !raw.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        line_start.saturating_add(at)
    };
    let start = on_boundary(first.saturating_sub(MOST_BESIDE));
    let end = on_boundary(last.saturating_add(MOST_BESIDE));
    start..end
}

fn offset(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Whether a terminal acts upon a character, or shows nothing where it stands.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Marks of direction, what has no width and so can hide, and separators that end lines in some
        // programs. Source: Unicode, general categories Cf, Zl and Zp.
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{180e}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => true,
        '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

/// A text with everything in it that a terminal would act upon shown by its number.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |c, out| out.extend(c.escape_unicode()))
}

/// The same JSON, with all such characters written as escapes.
pub(crate) fn harmless_json(json: &str) -> Cow<'_, str> {
    escaped(json, |c, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(16));
    for c in text.chars() {
        if is_hidden(c) { escape(c, &mut out) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// As [`visible`], for a sentence: what it repeats of the text must not make lines of its own.
fn in_one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// A sentence broken into lines between words.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column: usize = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column.saturating_add(length).saturating_add(1) > width.max(24) {
            out.push('\n');
            column = 0;
        } else if !out.is_empty() {
            out.push(' ');
            column = column.saturating_add(1);
        }
        out.push_str(word);
        column = column.saturating_add(length);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { colour: false, width: 80 };

    fn span_of(sources: &Sources, id: SourceId, text: &str) -> Span {
        let at = sources.get(id).unwrap().text().find(text).unwrap();
        Span::new(id, at, at + text.len())
    }

    fn one(found: Diagnostic) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(found);
        diagnostics
    }

    #[test]
    fn a_finding_is_shown_at_its_place_with_label_and_help() {
        let mut sources = Sources::new();
        let id = sources.add("m.yaml", "users:\n  alice: {groups: [enginers]}\n");
        let found = Diagnostic::error(
            "undefined",
            span_of(&sources, id, "enginers"),
            "the group `enginers` is not defined",
        )
        .label("named here")
        .help("did you mean `engineers`?");
        assert_eq!(
            text(&one(found), &sources, PLAIN),
            "\
error[undefined]: the group `enginers` is not defined
 --> m.yaml:2:20
  |
2 |   alice: {groups: [enginers]}
  |                    ^^^^^^^^ named here
  |
  = help: did you mean `engineers`?

1 error
"
        );
    }

    #[test]
    fn what_reaches_over_lines_is_cut_to_the_first_and_far_places_get_their_own_excerpt() {
        let mut sources = Sources::new();
        let long = format!("first: 1\n{}second: [\n  a\n]\n", "x: y\n".repeat(100));
        let id = sources.add("m.yaml", &long);
        let other = sources.add("other.yaml", "third: 3\n");
        let found = Diagnostic::warning("twice", span_of(&sources, id, "second: [\n  a\n]"), "twice")
            .related(span_of(&sources, id, "first"), "once")
            .related(span_of(&sources, other, "third"), "thrice");
        let shown = text(&one(found), &sources, PLAIN);
        assert!(shown.contains("102 | second: [\n    | ^^^^^^^^^\n"), "{shown}");
        assert!(shown.contains("::: m.yaml:1:1") || shown.contains("--> m.yaml:1:1"), "{shown}");
        assert!(shown.contains("other.yaml:1:1"), "{shown}");
        assert!(shown.ends_with("1 warning\n"), "{shown}");
    }

    #[test]
    fn nothing_that_a_terminal_acts_upon_is_printed() {
        let hostile = "\u{1b}[31mred\u{7}\u{9b}2J\u{202e}\u{feff}\u{61c}\u{ad}\u{e0041}\r";
        let mut sources = Sources::new();
        let id = sources.add(format!("m{hostile}.yaml"), format!("a{hostile}: \"{hostile}\" # x\r\n"));
        let found = Diagnostic::error("x", span_of(&sources, id, "# x"), format!("`{hostile}`"))
            .label(hostile)
            .help(hostile);
        let shown = text(&one(found), &sources, PLAIN);
        assert!(
            !shown.contains(|c: char| c != '\n' && c.is_control())
                && !shown.contains(['\u{202e}', '\u{feff}', '\u{61c}', '\u{ad}', '\u{e0041}']),
            "{shown:?}"
        );
        assert!(shown.contains("\\u{1b}[31mred\\u{7}\\u{9b}2J\\u{202e}"), "{shown}");
        let underlined = shown.lines().find(|line| line.contains('^')).unwrap();
        let above = shown.lines().find(|line| line.contains("# x")).unwrap();
        assert_eq!(underlined.find('^'), above.find("# x"), "{shown}");
    }

    #[test]
    fn json_is_the_same_and_harmless() {
        let value = json!({"a\u{9b}2J\u{202e}": ["\u{7f}\u{e0041}\u{feff}é\n\t"]});
        for text in [value.to_string(), format!("{value:#}")] {
            let written = harmless_json(&text);
            assert!(!written.contains(|c: char| is_hidden(c)), "{written:?}");
            assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        }
    }

    #[test]
    fn what_a_sentence_repeats_makes_no_lines_of_its_own() {
        let mut sources = Sources::new();
        let id = sources.add("m\nvalid: .yaml", "a: x\n");
        let found = Diagnostic::error("x", span_of(&sources, id, "x"), "`a\n\nvalid: all\tis well`")
            .label("a\nvalid: b")
            .help("c\nvalid: d");
        let shown = text(&one(found), &sources, PLAIN);
        assert!(shown.lines().all(|line| !line.trim_start().starts_with("valid")), "{shown}");
        assert!(shown.contains("`a\\n\\nvalid: all\\tis well`"), "{shown}");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let mut sources = Sources::new();
        let id = sources.add("m.json", format!("{}wrong{}", "é".repeat(100_000), "ü".repeat(100_000)));
        let found = Diagnostic::error("x", span_of(&sources, id, "wrong"), "message");
        for width in [20, 80, 160] {
            let shown = text(&one(found.clone()), &sources, Look { colour: false, width });
            assert!(shown.contains("m.json:1:100001"), "{shown}");
            assert!(shown.contains("wrong") && shown.contains("^^^^^"), "{shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= width.max(40) + 2), "{shown}");
        }
    }

    #[test]
    fn the_fifty_first_finding_is_only_counted() {
        let mut diagnostics = Diagnostics::new();
        for n in 0..53 {
            diagnostics.push(Diagnostic::error("x", Span::NONE, format!("number {n}")));
        }
        let shown = text(&diagnostics, &Sources::new(), PLAIN);
        assert!(shown.contains("number 49\n") && !shown.contains("number 50"), "{shown}");
        assert!(shown.ends_with("… and 3 more\n\n53 errors\n"), "{shown}");
    }

    #[test]
    fn editors_get_lines_and_columns() {
        let mut sources = Sources::new();
        let id = sources.add("m.yaml", "é: x\nb: [1,\n 2]\n");
        let mut diagnostics = one(Diagnostic::error("code", span_of(&sources, id, "[1,\n 2]"), "message")
            .label("label")
            .related(span_of(&sources, id, "x"), "other")
            .help("help"));
        diagnostics.push(Diagnostic::warning("w", Span::NONE, "whole"));
        assert_eq!(
            json(&diagnostics, &sources),
            json!([
                {"file": "m.yaml", "line": 2, "column": 4, "end_line": 3, "end_column": 4, "severity": "error",
                 "code": "code", "message": "message", "label": "label", "help": ["help"],
                 "related": [{"file": "m.yaml", "line": 1, "column": 4, "end_line": 1, "end_column": 5, "label": "other"}]},
                {"severity": "warning", "code": "w", "message": "whole", "label": "", "help": [], "related": []},
            ])
        );
    }
}
