//! Requests in words.

use iamctl_policy::eval::{Request, Resource, Values};

/// A request; with who asks, where that matters.
pub(crate) fn in_words(request: &Request, with_principal: bool) -> String {
    let mut words = request.action.as_str().to_owned();
    if let Resource::Named(resource) = &request.resource {
        words.push_str(&format!(" on {resource}"));
    }
    if with_principal {
        words.push_str(&format!(" by {}", request.principal));
    }
    let keys = request.context.iter().filter_map(|(key, values)| match values {
        Values::Absent => None,
        Values::One(value) => Some(format!("{key} = {value:?}")),
        Values::Many(values) => Some(format!("{key} = {values:?}")),
    });
    let keys: Vec<String> = keys.collect();
    if !keys.is_empty() {
        words.push_str(&format!(" with {}", keys.join(" and ")));
    }
    words
}
