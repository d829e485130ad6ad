//! Texts with wildcards and policy variables.
//!
//! Sources: IAM User Guide, "IAM policy elements: Variables and tags" (variables, default values,
//! `${*}`, `${?}`, `${$}`, the versions of the policy language that have them) and "IAM JSON policy
//! elements: Condition operators" (`*` and `?`).

use super::context::{Known, View};
use super::truth::Truth;

/// What a text is made of, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Exactly this.
    Text(Box<str>),
    /// `?`: any one character.
    One,
    /// `*`: any characters, or none.
    Star,
    /// `${key}` or `${key, 'default'}`: what the request says, taken literally.
    Variable(Variable),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// In lower case.
    pub(crate) key: Box<str>,
    default: Option<Box<str>>,
}

/// What a policy may use in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Syntax {
    /// Whether `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// Whether `${…}` are variables: in documents of version 2012-10-17 only.
    pub(crate) variables: bool,
}

/// A text of a policy, ready to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
    has_variables: bool,
}

/// The simplest shapes of a pattern.
pub(crate) enum Shape<'p> {
    /// Exactly this.
    Text(&'p str),
    /// This, and anything behind it.
    Prefix(&'p str),
}

/// A piece whose variable has its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Solid<'p> {
    Text(&'p str),
    One,
    Star,
}

impl Solid<'_> {
    /// A text for it that reads like a name.
    pub(crate) fn example(&self) -> &str {
        match self {
            Solid::Text(text) => text,
            Solid::One => "x",
            Solid::Star => "example",
        }
    }
}

/// The pieces of a pattern for one request.
pub(crate) enum Resolved<'p> {
    Pieces(Vec<Solid<'p>>),
    /// A variable without value and without default: nothing matches.
    Missing,
    /// A variable of which nothing is known.
    Unknown,
}

/// How a pattern and a text compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Match,
    Differ,
    /// There is nothing to compare: a variable without value, a text that is not of the operator's kind.
    Invalid,
    Unknown,
}

impl From<bool> for Comparison {
    fn from(matches: bool) -> Self {
        if matches { Comparison::Match } else { Comparison::Differ }
    }
}

impl Comparison {
    /// Whether it is a match.
    pub(crate) fn truth(self) -> Truth {
        match self {
            Comparison::Match => Truth::True,
            Comparison::Differ | Comparison::Invalid => Truth::False,
            Comparison::Unknown => Truth::Unknown,
        }
    }
}

impl Pattern {
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if syntax.variables
                && let Some((piece, after)) = variable(rest)
            {
                match piece {
                    Piece::Text(escaped) => literal.push_str(&escaped),
                    other => push(&mut pieces, &mut literal, other),
                }
                rest = after;
                continue;
            }
            match c {
                '*' if syntax.wildcards => push(&mut pieces, &mut literal, Piece::Star),
                '?' if syntax.wildcards => push(&mut pieces, &mut literal, Piece::One),
                c => literal.push(c),
            }
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
        if !literal.is_empty() {
            pieces.push(Piece::Text(literal.into_boxed_str()));
        }
        pieces.dedup_by(|next, previous| *next == Piece::Star && *previous == Piece::Star);
        let has_variables = pieces.iter().any(|piece| matches!(piece, Piece::Variable(_)));
        Self { pieces, has_variables }
    }

    /// Whether it is `*` and no more: everything matches, stated or not.
    pub(crate) fn is_everything(&self) -> bool {
        self.pieces == [Piece::Star]
    }

    /// Its shape, when it is one of the simplest.
    pub(crate) fn shape(&self) -> Option<Shape<'_>> {
        match self.pieces.as_slice() {
            [] => Some(Shape::Text("")),
            [Piece::Text(text)] => Some(Shape::Text(text)),
            [Piece::Star] => Some(Shape::Prefix("")),
            [Piece::Text(text), Piece::Star] => Some(Shape::Prefix(text)),
            _ => None,
        }
    }

    /// The variables in it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            _ => None,
        })
    }

    /// The pieces of a pattern without variables.
    pub(crate) fn solid(&self) -> Vec<Solid<'_>> {
        self.pieces.iter().map(Part::solid).collect()
    }

    /// The pieces when variables may stand for anything: whatever they stand for, what matches matches this.
    pub(crate) fn hull(&self) -> Vec<Solid<'_>> {
        let pieces = self.pieces.iter();
        pieces
            .map(|piece| if matches!(piece, Piece::Variable(_)) { Solid::Star } else { piece.solid() })
            .collect()
    }

    pub(crate) fn resolve<'p>(&'p self, view: View<'p>) -> Resolved<'p> {
        let mut solid = Vec::with_capacity(self.pieces.len());
        let mut unknown = false;
        for piece in &self.pieces {
            solid.push(match piece {
                Piece::Text(text) => Solid::Text(text),
                Piece::One => Solid::One,
                Piece::Star => Solid::Star,
                Piece::Variable(variable) => match (view.get(&variable.key), &variable.default) {
                    (Known::One(value), _) => Solid::Text(value),
                    (Known::Unstated, _) => {
                        unknown = true;
                        continue;
                    }
                    // A multivalued key cannot be used as a variable.
                    (Known::Absent | Known::Many(_), Some(default)) => Solid::Text(default),
                    (Known::Absent | Known::Many(_), None) => return Resolved::Missing,
                },
            });
        }
        if unknown { Resolved::Unknown } else { Resolved::Pieces(solid) }
    }

    pub(crate) fn compare(&self, text: &str, view: View<'_>) -> Comparison {
        if !self.has_variables {
            return self.matches_plain(text).into();
        }
        match self.resolve(view) {
            Resolved::Missing => Comparison::Invalid,
            Resolved::Unknown => Comparison::Unknown,
            Resolved::Pieces(pieces) => matches(&pieces, text).into(),
        }
    }

    /// Compares with all texts that match another pattern, of which `*` and `?` are wildcards: whether it
    /// matches each of them, none of them, or neither can be said.
    pub(crate) fn compare_all(&self, like: &str, view: View<'_>) -> Comparison {
        let pieces = match self.resolve(view) {
            Resolved::Missing => return Comparison::Invalid,
            Resolved::Unknown => return Comparison::Unknown,
            Resolved::Pieces(pieces) => pieces,
        };
        let own = signs(&pieces);
        let other: Vec<Sign> = like.chars().map(Sign::of).collect();
        if covers(&own, &other) {
            Comparison::Match
        } else if meets(&own, &other) {
            Comparison::Unknown
        } else {
            Comparison::Differ
        }
    }

    /// Whether it matches whatever another pattern matches, whatever the variables stand for: a variable is a
    /// character of its own here, which only a star and the same variable take. That it does is not always seen.
    pub(crate) fn always_covers(&self, other: &Pattern) -> bool {
        // A `?` would take a variable for one character.
        if self.pieces.contains(&Piece::One) {
            return false;
        }
        let mut known: Vec<&Variable> = Vec::new();
        let mut signs = |pattern| symbolic(pattern, &mut known);
        let (Some(own), Some(other)) = (signs(self), signs(other)) else { return false };
        covers(&own, &other)
    }

    /// The text this is when it has no wildcards, and how it went.
    pub(crate) fn literal(&self, view: View<'_>) -> Result<String, Comparison> {
        match self.resolve(view) {
            Resolved::Missing => Err(Comparison::Invalid),
            Resolved::Unknown => Err(Comparison::Unknown),
            Resolved::Pieces(pieces) => Ok(pieces
                .iter()
                .map(|piece| match piece {
                    Solid::Text(text) => text,
                    Solid::One => "?",
                    Solid::Star => "*",
                })
                .collect()),
        }
    }

    /// Whether a pattern without variables matches. The shapes that policies are full of come first.
    pub(crate) fn matches_plain(&self, text: &str) -> bool {
        match self.pieces.as_slice() {
            [] => text.is_empty(),
            [Piece::Text(whole)] => **whole == *text,
            [Piece::Star] => true,
            [Piece::Text(start), Piece::Star] => text.starts_with(&**start),
            pieces => matches(pieces, text),
        }
    }
}

/// One character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Char(char),
    One,
    Star,
}

impl Sign {
    fn of(c: char) -> Self {
        match c {
            '*' => Sign::Star,
            '?' => Sign::One,
            c => Sign::Char(c),
        }
    }

    /// Whether it stands for every single character that the other one stands for.
    fn covers(self, other: Sign) -> bool {
        self == other || (self == Sign::One && other != Sign::Star)
    }

    /// Whether both stand for some single character.
    fn meets(self, other: Sign) -> bool {
        self.covers(other) || other.covers(self)
    }
}

fn signs(pieces: &[Solid<'_>]) -> Vec<Sign> {
    let of = |piece: &Solid<'_>| match piece {
        Solid::Text(text) => text.chars().map(Sign::Char).collect(),
        Solid::One => vec![Sign::One],
        Solid::Star => vec![Sign::Star],
    };
    pieces.iter().flat_map(of).collect()
}

/// From here on, characters stand for variables.
const FIRST_VARIABLE: u32 = 0x10_0000;

/// The signs of a pattern with characters for its variables; nothing when it has such characters itself.
fn symbolic<'p>(pattern: &'p Pattern, known: &mut Vec<&'p Variable>) -> Option<Vec<Sign>> {
    let mut signs = Vec::new();
    for piece in &pattern.pieces {
        match piece {
            Piece::Text(text) if text.chars().any(|c| u32::from(c) >= FIRST_VARIABLE) => return None,
            Piece::Text(text) => signs.extend(text.chars().map(Sign::Char)),
            Piece::One => signs.push(Sign::One),
            Piece::Star => signs.push(Sign::Star),
            Piece::Variable(variable) => {
                let at = known.iter().position(|other| *other == variable).unwrap_or(known.len());
                if at == known.len() {
                    known.push(variable);
                }
                signs.push(Sign::Char(char::from_u32(FIRST_VARIABLE.checked_add(u32::try_from(at).ok()?)?)?));
            }
        }
    }
    Some(signs)
}

/// Whether everything that matches `other` matches `own`: it does when `own` matches `other` as if that
/// were a text in which only a star can take a star. Where patterns say the same in different ways, such as
/// `?*` and `*?`, this is not seen.
fn covers(own: &[Sign], other: &[Sign]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (own.get(at), other.get(of)) {
            (None, None) => return true,
            (Some(Sign::Star), _) => {
                retry = Some((at, of));
                at = at.saturating_add(1);
                continue;
            }
            (Some(sign), Some(met)) if sign.covers(*met) => {
                at = at.saturating_add(1);
                of = of.saturating_add(1);
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = retry.filter(|(_, from)| *from < other.len()) else { return false };
        retry = Some((star, from.saturating_add(1)));
        at = star.saturating_add(1);
        of = from.saturating_add(1);
    }
}

/// Whether some text matches both.
fn meets(own: &[Sign], other: &[Sign]) -> bool {
    // For each place in `other`: whether the rest of it and the rest of `own` have a text in common.
    let mut below: Vec<bool> = vec![false; other.len().saturating_add(1)];
    if let Some(end) = below.last_mut() {
        *end = true;
    }
    for (at, met) in other.iter().enumerate().rev() {
        let after = below.get(at.saturating_add(1)).copied().unwrap_or(false);
        if let Some(here) = below.get_mut(at) {
            *here = *met == Sign::Star && after;
        }
    }
    for sign in own.iter().rev() {
        let mut row = vec![false; below.len()];
        for at in (0..below.len()).rev() {
            let next = at.saturating_add(1);
            let under = |row: &[bool], at: usize| row.get(at).copied().unwrap_or(false);
            let found = match (sign, other.get(at)) {
                (Sign::Star, met) => under(&below, at) || (met.is_some() && under(&row, next)),
                (_, Some(Sign::Star)) => under(&row, next) || under(&below, at),
                (sign, Some(met)) => sign.meets(*met) && under(&below, next),
                (_, None) => false,
            };
            if let Some(here) = row.get_mut(at) {
                *here = found;
            }
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

/// Something that stands for a part of a text.
pub(crate) trait Part {
    fn solid(&self) -> Solid<'_>;
}

impl Part for Solid<'_> {
    fn solid(&self) -> Solid<'_> {
        *self
    }
}

impl Part for Piece {
    fn solid(&self) -> Solid<'_> {
        match self {
            Piece::Text(text) => Solid::Text(text),
            Piece::One => Solid::One,
            Piece::Star => Solid::Star,
            // Patterns with variables are resolved first.
            Piece::Variable(_) => Solid::Text(""),
        }
    }
}

/// Whether the pieces make up the text. A star that took too little is the only thing ever taken back,
/// and only the latest one: time is at most the product of both lengths.
pub(crate) fn matches<P: Part>(pieces: &[P], text: &str) -> bool {
    let (mut at, mut rest) = (0, text);
    // Where to go on when the latest star has to take one character more.
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let next = match pieces.get(at).map(Part::solid) {
            None if rest.is_empty() => return true,
            None => None,
            Some(Solid::Star) if at.saturating_add(1) == pieces.len() => return true,
            Some(Solid::Star) => {
                retry = Some((at, rest));
                Some(rest)
            }
            Some(Solid::Text(expected)) => rest.strip_prefix(expected),
            Some(Solid::One) => without_first(rest),
        };
        if let Some(next) = next {
            at = at.saturating_add(1);
            rest = next;
            continue;
        }
        let Some(shorter) = retry.and_then(|(star, from)| Some((star, without_first(from)?))) else {
            return false;
        };
        retry = Some(shorter);
        at = shorter.0.saturating_add(1);
        rest = shorter.1;
    }
}

fn without_first(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    text.get(first.len_utf8()..)
}

fn push(pieces: &mut Vec<Piece>, literal: &mut String, piece: Piece) {
    if !literal.is_empty() {
        pieces.push(Piece::Text(std::mem::take(literal).into_boxed_str()));
    }
    pieces.push(piece);
}

/// The variable at the start of a text, and what comes after it. A `${` without its end is no variable.
fn variable(text: &str) -> Option<(Piece, &str)> {
    let inner = text.strip_prefix("${")?;
    for (escaped, character) in [("*}", "*"), ("?}", "?"), ("$}", "$")] {
        if let Some(after) = inner.strip_prefix(escaped) {
            return Some((Piece::Text(character.into()), after));
        }
    }
    let key_end = inner.find(['}', ','])?;
    let key = inner.get(..key_end)?.trim();
    let after_key = inner.get(key_end..)?;
    // The default stands in single quotes after a comma and a space, and may hold anything but a quote.
    let with_default = after_key.strip_prefix(", '").and_then(|quoted| {
        let (default, after) = quoted.split_once('\'')?;
        Some((Some(default), after.strip_prefix('}')?))
    });
    let (default, after) = match with_default {
        Some(found) => found,
        // Anything else up to the brace is part of a name that no key has.
        None => (None, after_key.split_once('}')?.1),
    };
    let whole = if with_default.is_some() { key } else { inner.split_once('}')?.0.trim() };
    let key = whole.to_ascii_lowercase().into_boxed_str();
    Some((Piece::Variable(Variable { key, default: default.map(Into::into) }), after))
}

#[cfg(test)]
mod tests {
    use super::super::context::Context;
    use super::*;

    fn like(pattern: &str, text: &str, context: &Context) -> Comparison {
        let syntax = Syntax { wildcards: true, variables: true };
        Pattern::parse(pattern, syntax).compare(text, View { context, open: false })
    }

    #[test]
    fn wildcards_match_characters_not_bytes() {
        let context = Context::new();
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("*ab", "aab", true),
            ("a?c", "aéc", true),
            ("a??c", "aéc", false),
            ("*?b", "éb", true),
            ("*?", "", false),
            ("**a**", "xax", true),
            ("a*b*c", "a-bc-b-c", true),
        ] {
            assert_eq!(like(pattern, text, &context), matches.into(), "{pattern} {text}");
        }
    }

    #[test]
    fn a_star_that_meets_a_long_text_does_not_take_forever() {
        let text = "a".repeat(20_000);
        assert_eq!(like("*a*a*a*a*a*a*a*b", &text, &Context::new()), Comparison::Differ);
    }

    #[test]
    fn what_a_variable_stands_for_is_literal() {
        let context = Context::new().with("aws:username", "x*").with_many("aws:TagKeys", ["x"]);
        for (pattern, text, expected) in [
            ("${aws:username}", "x*", Comparison::Match),
            ("${aws:username}", "xyz", Comparison::Differ),
            ("${AWS:UserName}*", "x*yz", Comparison::Match),
            ("a${*}b${?}c${$}", "a*b?c$", Comparison::Match),
            ("a${*}", "ab", Comparison::Differ),
            ("${$}{aws:username}", "${aws:username}", Comparison::Match),
            ("${none}", "", Comparison::Invalid),
            ("${none, 'a*'}", "a*", Comparison::Match),
            ("${none, 'a*'}", "ab", Comparison::Differ),
            ("${none, '}'}x", "}x", Comparison::Match),
            ("${none,'a'}", "a", Comparison::Invalid),
            ("${aws:username, 'a'}", "x*", Comparison::Match),
            ("${aws:TagKeys}", "x", Comparison::Invalid),
            ("${aws:username", "${aws:username", Comparison::Match),
        ] {
            assert_eq!(like(pattern, text, &context), expected, "{pattern} {text}");
        }
        let syntax = Syntax { wildcards: true, variables: true };
        let open = |pattern| {
            let view = View { context: &Context::new().without("none"), open: true };
            Pattern::parse(pattern, syntax).compare("x", view)
        };
        assert_eq!(open("${aws:username}"), Comparison::Unknown);
        assert_eq!(open("${aws:username, 'x'}"), Comparison::Unknown);
        assert_eq!(open("${aws:username}${none}"), Comparison::Invalid);
    }

    #[test]
    fn a_pattern_is_compared_with_all_that_another_one_stands_for() {
        let context = Context::new().with("aws:username", "a*");
        let view = View { context: &context, open: true };
        for (pattern, like, expected) in [
            ("*", "*", Comparison::Match),
            ("*", "a?c*", Comparison::Match),
            ("a*", "*", Comparison::Unknown),
            ("a*", "ab*", Comparison::Match),
            ("ab*", "a*", Comparison::Unknown),
            ("a*c", "a*b*c", Comparison::Match),
            ("a*c", "a*b", Comparison::Differ),
            ("a?c", "a*c", Comparison::Unknown),
            ("a*c", "a?c", Comparison::Match),
            ("a?c", "a?c", Comparison::Match),
            ("a?", "a*", Comparison::Unknown),
            ("abc", "a?c", Comparison::Unknown),
            ("abc", "a?d", Comparison::Differ),
            ("x*", "a*", Comparison::Differ),
            ("*x", "a*", Comparison::Unknown),
            ("", "*", Comparison::Unknown),
            ("", "?", Comparison::Differ),
            ("a${*}", "a*", Comparison::Unknown),
            ("${aws:username}/*", "a*/x", Comparison::Unknown),
            ("${aws:username}/*", "b*", Comparison::Differ),
            ("${aws:userid}", "b*", Comparison::Unknown),
        ] {
            let syntax = Syntax { wildcards: true, variables: true };
            assert_eq!(Pattern::parse(pattern, syntax).compare_all(like, view), expected, "{pattern} {like}");
        }
    }

    /// All texts of at most this length.
    fn texts(of: &str, longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last.iter().flat_map(|text| of.chars().map(move |c| format!("{text}{c}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn what_is_said_of_all_texts_of_a_pattern_holds_for_each() {
        let (patterns, texts) = (texts("ab*?", 3), texts("ab", 6));
        let context = Context::new();
        let matching = |pattern: &String| {
            let pattern = Pattern::parse(pattern, Syntax { wildcards: true, variables: true });
            let matches: Vec<bool> = texts.iter().map(|text| pattern.matches_plain(text)).collect();
            (pattern, matches)
        };
        let known: Vec<_> = patterns.iter().map(matching).collect();
        for (like, (_, of_like)) in patterns.iter().zip(&known) {
            for (pattern, of_pattern) in &known {
                let both = of_like.iter().zip(of_pattern).filter(|(like, _)| **like);
                let (yes, no): (Vec<_>, Vec<_>) = both.partition(|(_, own)| **own);
                let said = pattern.compare_all(like, View { context: &context, open: true });
                assert_eq!(said == Comparison::Differ, yes.is_empty(), "{pattern:?} {like}");
                assert!(said != Comparison::Match || no.is_empty(), "{pattern:?} {like}");
            }
        }
    }

    #[test]
    fn older_documents_have_no_variables() {
        let pattern = Pattern::parse("${aws:username}", Syntax { wildcards: true, variables: false });
        assert!(pattern.matches_plain("${aws:username}"));
    }
}
