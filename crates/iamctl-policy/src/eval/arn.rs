//! ARNs under the ARN operators.

use super::context::View;
use super::pattern::{Comparison, Pattern, Resolved, Solid, Syntax, matches};

/// An ARN in a policy: six fields, each compared on its own, so that a wildcard stays within its field.
/// The sixth holds all that is left, colons included. A text that has fewer fields is no ARN.
///
/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators", "ARN condition operators".
#[derive(Debug, Clone)]
pub(crate) enum ArnPattern {
    Fields(Box<[Pattern; 6]>),
    /// Variables get their values before the fields are told apart.
    Variables(Pattern),
    NotAnArn,
}

impl ArnPattern {
    pub(crate) fn parse(text: &str, syntax: Syntax) -> Self {
        let whole = Pattern::parse(text, syntax);
        if whole.variables().next().is_some() || text.contains("${") {
            return ArnPattern::Variables(whole);
        }
        match fields(text) {
            Some(fields) => ArnPattern::Fields(Box::new(fields.map(|field| Pattern::parse(field, syntax)))),
            None => ArnPattern::NotAnArn,
        }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &super::pattern::Variable> {
        match self {
            ArnPattern::Variables(pattern) => Some(pattern),
            _ => None,
        }
        .into_iter()
        .flat_map(Pattern::variables)
    }

    pub(crate) fn compare(&self, text: &str, view: View<'_>) -> Comparison {
        let Some(found) = fields(text) else { return Comparison::Invalid };
        match self {
            ArnPattern::NotAnArn => Comparison::Invalid,
            ArnPattern::Fields(patterns) => {
                patterns.iter().zip(found).all(|(pattern, field)| pattern.matches_plain(field)).into()
            }
            ArnPattern::Variables(pattern) => match pattern.resolve(view) {
                Resolved::Missing => Comparison::Invalid,
                Resolved::Unknown => Comparison::Unknown,
                Resolved::Pieces(pieces) => {
                    let fields = split(&pieces);
                    if fields.len() < 6 {
                        return Comparison::Invalid;
                    }
                    fields.iter().zip(found).all(|(pieces, field)| matches(pieces, field)).into()
                }
            },
        }
    }
}

/// The six fields of an ARN.
pub(crate) fn fields(text: &str) -> Option<[&str; 6]> {
    let mut fields = text.splitn(6, ':');
    let mut next = || fields.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

/// The pieces, field by field; at most six.
pub(crate) fn split<'p>(pieces: &[Solid<'p>]) -> Vec<Vec<Solid<'p>>> {
    let mut done = Vec::new();
    let mut field = Vec::new();
    for piece in pieces {
        let Solid::Text(mut text) = *piece else {
            field.push(*piece);
            continue;
        };
        while done.len() < 5
            && let Some((before, after)) = text.split_once(':')
        {
            field.push(Solid::Text(before));
            done.push(std::mem::take(&mut field));
            text = after;
        }
        field.push(Solid::Text(text));
    }
    done.push(field);
    done
}

#[cfg(test)]
mod tests {
    use super::super::context::Context;
    use super::*;

    fn compare(pattern: &str, text: &str) -> Comparison {
        let context = Context::new().with("aws:PrincipalArn", "arn:aws:s3:::b").with("x:y", "a:*");
        let view = View { context: &context, open: false };
        ArnPattern::parse(pattern, Syntax { wildcards: true, variables: true }).compare(text, view)
    }

    #[test]
    fn a_wildcard_stays_within_its_field() {
        for (pattern, text, expected) in [
            ("arn:aws:s3:::b", "arn:aws:s3:::b", Comparison::Match),
            ("arn:aws:s3:::*", "arn:aws:s3:::b:c/d", Comparison::Match),
            ("arn:aws:*:b", "arn:aws:s3:::b", Comparison::Invalid),
            ("*:*:*:*:*:*", "arn:aws:s3:::b", Comparison::Match),
            ("arn:aws:sns:*:1:x", "arn:aws:sns:r:2:a:1:x", Comparison::Differ),
            ("arn:aws:sns:r?:*:x", "arn:aws:sns:r1:2:x", Comparison::Match),
            ("*", "arn:aws:s3:::b", Comparison::Invalid),
            ("arn:aws:s3:::b", "b", Comparison::Invalid),
            ("${aws:PrincipalArn}", "arn:aws:s3:::b", Comparison::Match),
            ("arn:aws:s3:::${x:y}", "arn:aws:s3:::a:*", Comparison::Match),
            ("arn:aws:s3:::${x:y}", "arn:aws:s3:::a:b", Comparison::Differ),
            ("arn:aws:s3:::${*}", "arn:aws:s3:::*", Comparison::Match),
            ("arn:aws:s3:::${*}", "arn:aws:s3:::b", Comparison::Differ),
            ("arn:aws:s3:::${no:key}", "arn:aws:s3:::b", Comparison::Invalid),
        ] {
            assert_eq!(compare(pattern, text), expected, "{pattern} {text}");
        }
    }
}
