//! All that meets the requests of one principal, and what becomes of it when its policies change.

use super::search::Search;
use super::{Found, Vocabulary};
use crate::document::Document;
use crate::eval::{Context, Outcome, Policies, Policy, PolicyKind, Principal, Request, decide};

/// All policies that meet the requests of one principal, on one side of a change.
///
/// A request is allowed when an identity policy and, where there is a boundary, one of the boundary's policies
/// allow it, or when one of those in `direct` does; and when none of all these denies it.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// What is attached to the principal, its groups' included.
    pub identity: Vec<Policy>,
    /// What policies of resources grant to the principal itself, written as policies of the principal: no boundary
    /// limits that.
    pub direct: Vec<Policy>,
    /// The permissions boundary.
    pub boundary: Option<Vec<Policy>>,
}

/// Where in a stack a policy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// [`Stack::identity`].
    Identity,
    /// [`Stack::direct`].
    Direct,
    /// [`Stack::boundary`].
    Boundary,
}

impl Stack {
    pub(super) fn of(identity: Vec<Policy>) -> Self {
        Self { identity, ..Self::default() }
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.boundary.is_some()
    }

    pub(super) fn layers(&self) -> [(Layer, &[Policy]); 3] {
        let boundary = self.boundary.as_deref().unwrap_or_default();
        [(Layer::Identity, &self.identity), (Layer::Direct, &self.direct), (Layer::Boundary, boundary)]
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.layers().into_iter().flat_map(|(_, policies)| policies).map(Policy::document)
    }

    /// A policy of it.
    #[must_use]
    pub fn policy(&self, layer: Layer, number: usize) -> Option<&Policy> {
        self.layers().into_iter().find(|(of, _)| *of == layer)?.1.get(number)
    }

    /// Whether it allows a request, as [`decide`] says, where the policy of the resource is `resource`.
    #[must_use]
    pub fn allows(&self, request: &Request, resource: Option<&Policy>) -> bool {
        let outcome = |identity: &[Policy], boundary: Option<&Vec<Policy>>| {
            let policies = Policies {
                identity: identity.to_vec(),
                boundary: boundary.cloned(),
                resource: resource.cloned(),
                ..Policies::default()
            };
            decide(&policies, request).outcome
        };
        let own = outcome(&self.identity, self.boundary.as_ref());
        if self.direct.is_empty() || own == Outcome::ExplicitlyDenied {
            return own == Outcome::Allowed;
        }
        let direct = outcome(&self.direct, None);
        direct != Outcome::ExplicitlyDenied && (own == Outcome::Allowed || direct == Outcome::Allowed)
    }
}

/// What a principal may do with the policies of the later stack and not with those of the earlier one, and the other
/// way: all sets of actions that differ. Resources are taken to leave everything to their account. `fixed` are the
/// condition keys that all requests of the principal have, or are known not to have.
#[must_use]
pub fn of_stacks(
    [before, after]: [&Stack; 2],
    asker: &Principal,
    fixed: &Context,
    vocabulary: &Vocabulary<'_>,
) -> [Found; 2] {
    Search {
        kind: PolicyKind::Principal,
        sides: [before, after],
        vocabulary,
        only_first: false,
        asker: Some(asker),
        callers: None,
        fixed,
    }
    .run()
}

/// What a later policy of a resource lets some callers do and an earlier one does not, and the other way. They are
/// taken to hold an identity policy that allows everything. Without callers, it is asked of all there can be.
#[must_use]
pub fn of_trust(
    [before, after]: [Option<&Policy>; 2],
    callers: Option<&[Principal]>,
    vocabulary: &Vocabulary<'_>,
) -> [Found; 2] {
    let sides = [before, after].map(|policy| Stack::of(policy.cloned().into_iter().collect()));
    let nothing = Context::new();
    Search {
        kind: PolicyKind::Resource,
        sides: sides.each_ref(),
        vocabulary,
        only_first: false,
        asker: None,
        callers,
        fixed: &nothing,
    }
    .run()
}
