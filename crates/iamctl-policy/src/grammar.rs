//! What the grammar of policy documents allows where.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language", and the patterns of the IAM
//! API's `policyDocumentType`.

/// The kind of place a document is for: each allows other elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// A managed policy: what its holder may do. `Version` is demanded by AWS.
    Managed,
    /// An inline policy: what its holder may do.
    Inline,
    /// A role's trust policy: who may assume it.
    Trust,
    /// A service control policy: what principals of an account may do at most.
    ServiceControl,
    /// A resource control policy: what may be done with resources of an account at most.
    ResourceControl,
}

impl Grammar {
    /// Whether AWS demands `Version`.
    pub(crate) fn needs_version(self) -> bool {
        !matches!(self, Grammar::Inline | Grammar::Trust)
    }

    /// The kind in words, with article.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Grammar::Managed => "a managed policy",
            Grammar::Inline => "an inline policy",
            Grammar::Trust => "a trust policy",
            Grammar::ServiceControl => "a service control policy",
            Grammar::ResourceControl => "a resource control policy",
        }
    }
}

/// Whether IAM stores a document that contains this character: tab, line feed, carriage return and
/// U+0020 to U+00FF. Source: the pattern of `policyDocumentType` in the IAM API.
#[must_use]
pub fn is_storable_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')
}

/// The values `Version` can have.
pub(crate) const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// The kinds of principal.
pub(crate) const PRINCIPAL_KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

/// Condition operators without prefix and suffix.
/// Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
pub(crate) const OPERATORS: [&str; 27] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

/// The operator without `ForAllValues:`, `ForAnyValue:` and `IfExists`.
pub(crate) fn bare_operator(operator: &str) -> &str {
    let rest = ["ForAllValues:", "ForAnyValue:"]
        .into_iter()
        .find_map(|prefix| strip_prefix_ignore_case(operator, prefix))
        .unwrap_or(operator);
    rest.strip_suffix("IfExists").unwrap_or(rest)
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}
