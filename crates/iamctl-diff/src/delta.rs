//! What a step adds to and takes from the access of those it affects, in the coarse terms that the
//! safe order needs: which actions are newly allowed, no longer allowed, newly denied, no longer denied.
//!
//! A document is broken into atoms, one for each pair of an action and a resource pattern under the
//! same conditions, so that an action added to a long list is one atom and not a changed statement.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_model::PolicyArn;
use iamctl_policy::{CanonicalStatement, Document, Effect, Element};

/// One permission or prohibition, as fine as it can be written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Atom {
    deny: bool,
    /// The pattern of actions; `None` where it is `NotAction`, which is kept whole.
    action: Option<String>,
    principal: Named,
    /// Everything else: resource, conditions.
    rest: String,
}

/// Whom a statement of a trust policy is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// By a principal of kind `AWS`, or the bare `"*"`.
    Aws(String),
    /// By a principal of another kind.
    Other(String),
    /// Not by `Principal`, or not at all.
    Unclear,
}

/// The actions that a step newly allows, for example. Patterns, as policies write them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Actions(BTreeSet<String>);

impl Actions {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn insert(&mut self, atom: &Atom) {
        self.0.insert(atom.action.clone().unwrap_or_else(|| "*".to_owned()).to_ascii_lowercase());
    }

    /// Whether an action may be meant by both. Never wrong in saying no.
    pub(crate) fn may_overlap(&self, other: &Actions) -> bool {
        self.0.iter().any(|a| other.0.iter().any(|b| patterns_may_overlap(a, b)))
    }

    pub(crate) fn extend(&mut self, other: &Actions) {
        self.0.extend(other.0.iter().cloned());
    }

    fn everything() -> Self {
        Self(BTreeSet::from(["*".to_owned()]))
    }
}

/// Two patterns cannot have a text in common when their fixed beginnings, or their fixed ends, differ.
fn patterns_may_overlap(a: &str, b: &str) -> bool {
    let is_wild = |c: char| matches!(c, '*' | '?');
    let begin = |text: &str| text.chars().take_while(|c| !is_wild(*c)).collect::<Vec<_>>();
    let end = |text: &str| text.chars().rev().take_while(|c| !is_wild(*c)).collect::<Vec<_>>();
    let agree = |a: &[char], b: &[char]| a.iter().zip(b).all(|(a, b)| a == b);
    let literal = |text: &str| !text.contains(is_wild);
    if literal(a) && literal(b) {
        return a == b;
    }
    agree(&begin(a), &begin(b)) && agree(&end(a), &end(b))
}

/// What a step does to the access of those it affects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) allows: Actions,
    pub(crate) stops_allowing: Actions,
    pub(crate) denies: Actions,
    pub(crate) stops_denying: Actions,
    /// Whether it is the change of a tag that policies ask for: it decides what other statements do.
    pub(crate) of_tags: bool,
}

impl Delta {
    /// From one document to another, either of which may not be there.
    pub(crate) fn between(before: Option<&Document>, after: Option<&Document>) -> Self {
        let mut delta = Delta::default();
        Self::by_principal(before, after).into_values().for_each(|part| delta.merge(part));
        delta
    }

    /// Everything may be newly denied, or no longer denied: what a permissions boundary does that
    /// comes, changes or goes.
    pub(crate) fn boundary(before: Option<&PolicyArn>, after: Option<&PolicyArn>) -> Self {
        let all = |there: bool| if there { Actions::everything() } else { Actions::default() };
        Delta { denies: all(after.is_some()), stops_denying: all(before.is_some()), ..Delta::default() }
    }

    /// What a boundary does behind which nothing is allowed, and what the next one does that comes in its place.
    pub(crate) fn shut_and_opened() -> (Self, Self) {
        let all = Actions::everything;
        (Delta { denies: all(), ..Delta::default() }, Delta { stops_denying: all(), ..Delta::default() })
    }

    /// What a new text of a permissions boundary does to those whom it bounds: what it no longer allows
    /// is denied, whatever their policies say, and what it newly allows is no longer denied.
    pub(crate) fn of_bounding_text(before: &Document, after: &Document) -> Self {
        Self::between(Some(before), Some(after)).bounding()
    }

    /// The same where it only bounds what something else gives.
    pub(crate) fn bounding(mut self) -> Self {
        self.denies.0.append(&mut self.stops_allowing.0);
        self.stops_denying.0.append(&mut self.allows.0);
        self
    }

    /// From one trust policy to another, for each principal.
    pub(crate) fn by_principal(before: Option<&Document>, after: Option<&Document>) -> BTreeMap<Named, Self> {
        let (old, new) = (before.map(atoms).unwrap_or_default(), after.map(atoms).unwrap_or_default());
        let mut deltas: BTreeMap<Named, Self> = BTreeMap::new();
        for atom in new.difference(&old) {
            let delta = deltas.entry(atom.principal.clone()).or_default();
            if atom.deny { delta.denies.insert(atom) } else { delta.allows.insert(atom) }
        }
        for atom in old.difference(&new) {
            let delta = deltas.entry(atom.principal.clone()).or_default();
            if atom.deny { delta.stops_denying.insert(atom) } else { delta.stops_allowing.insert(atom) }
        }
        deltas
    }

    /// All actions that it bears on.
    pub(crate) fn touched(&self) -> Actions {
        let mut all = Actions::default();
        [&self.allows, &self.stops_allowing, &self.denies, &self.stops_denying]
            .into_iter()
            .for_each(|actions| all.extend(actions));
        all
    }

    /// Whoever it affects can do nothing any more, whatever policies say.
    pub(crate) fn cut_off() -> Self {
        Delta { denies: Actions::everything(), ..Delta::default() }
    }

    /// A tag that policies ask for changes: it may give anything and take anything.
    pub(crate) fn of_tags() -> Self {
        let all = Actions::everything;
        Delta { allows: all(), stops_allowing: all(), denies: all(), stops_denying: all(), of_tags: true }
    }

    /// A trust policy bounds what a role's policies can give to anybody: letting more in is like a
    /// prohibition that goes, letting fewer in like one that comes.
    pub(crate) fn of_trust(before: &Document, after: &Document) -> Self {
        let change = Self::between(Some(before), Some(after));
        let all = |there: bool| if there { Actions::everything() } else { Actions::default() };
        Delta { denies: all(change.narrows()), stops_denying: all(change.widens()), ..Delta::default() }
    }

    /// More get in, or fewer, as by a trust policy: an instance profile that gets a role gives it to instances,
    /// and one that loses it takes it from them; an identity provider that comes, or goes, is the same to the
    /// roles that trust it.
    pub(crate) fn of_entry(lets_in: bool) -> Self {
        let all = |there: bool| if there { Actions::everything() } else { Actions::default() };
        Delta { denies: all(!lets_in), stops_denying: all(lets_in), ..Delta::default() }
    }

    /// A policy of AWS whose text is not known here: taken to allow anything, and to deny anything when
    /// its name says so.
    pub(crate) fn of_aws_managed(arn: &PolicyArn, attached: bool) -> Self {
        let name = arn.policy_name().as_str().to_ascii_lowercase();
        let denies = name.contains("deny") || name.contains("quarantine");
        match (attached, denies) {
            (true, true) => Delta { denies: Actions::everything(), ..Delta::default() },
            (false, true) => Delta { stops_denying: Actions::everything(), ..Delta::default() },
            (true, false) => Delta { allows: Actions::everything(), ..Delta::default() },
            (false, false) => Delta { stops_allowing: Actions::everything(), ..Delta::default() },
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.widens() && !self.narrows()
    }

    /// Whether it can give access.
    pub(crate) fn widens(&self) -> bool {
        !self.allows.is_empty() || !self.stops_denying.is_empty()
    }

    /// Whether it can take access.
    pub(crate) fn narrows(&self) -> bool {
        !self.denies.is_empty() || !self.stops_allowing.is_empty()
    }

    pub(crate) fn merge(&mut self, other: Delta) {
        self.allows.0.extend(other.allows.0);
        self.stops_allowing.0.extend(other.stops_allowing.0);
        self.denies.0.extend(other.denies.0);
        self.stops_denying.0.extend(other.stops_denying.0);
        self.of_tags |= other.of_tags;
    }
}

fn atoms(document: &Document) -> BTreeSet<Atom> {
    if document.unreadable().is_some() {
        // It may do anything.
        let all =
            |deny| Atom { deny, action: None, principal: Named::Unclear, rest: document.to_compact_string() };
        return BTreeSet::from([all(false), all(true)]);
    }
    let statements = document.statements().iter().zip(document.canonical_statements());
    statements.flat_map(|(statement, canonical)| statement_atoms(statement.effect, &canonical)).collect()
}

fn statement_atoms(effect: Effect, statement: &CanonicalStatement) -> Vec<Atom> {
    let (mut actions, mut resources, mut principals, mut rest) =
        (vec![None], vec![None], Vec::new(), Vec::new());
    for (element, values) in statement.elements() {
        match element {
            Element::Action { negated: false } => actions = values.iter().cloned().map(Some).collect(),
            Element::Resource { negated: false } => resources = values.iter().cloned().map(Some).collect(),
            // One by one, so that a user who is added to a trust policy is one atom.
            Element::Principal { negated: false, kind } => {
                principals.extend(values.iter().map(|value| match kind.as_deref() {
                    None | Some("AWS") => Named::Aws(value.clone()),
                    Some(kind) => Named::Other(format!("{kind} {value}")),
                }));
            }
            Element::Sid => {}
            other => rest.push(format!("{other} {values:?}")),
        }
    }
    if principals.is_empty() {
        principals.push(Named::Unclear);
    }
    let mut atoms = Vec::new();
    for action in &actions {
        for resource in &resources {
            for principal in &principals {
                let rest = format!("{resource:?} {rest:?}");
                let (action, principal) = (action.clone(), principal.clone());
                atoms.push(Atom { deny: effect == Effect::Deny, action, principal, rest });
            }
        }
    }
    atoms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(before: &str, after: &str) -> [Vec<String>; 4] {
        let document = |text: &str| (!text.is_empty()).then(|| Document::from_stored(text));
        let delta = Delta::between(document(before).as_ref(), document(after).as_ref());
        [delta.allows, delta.stops_allowing, delta.denies, delta.stops_denying]
            .map(|actions| actions.0.into_iter().collect())
    }

    const NONE: [Vec<String>; 4] = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];

    #[test]
    fn an_action_added_to_a_list_is_all_that_is_new() {
        let before = r#"{"Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"}]}"#;
        let after = r#"{"Statement":[{"Sid":"A","Effect":"Allow","Action":["s3:List*","s3:Get*","ec2:*"],"Resource":"*"}]}"#;
        assert_eq!(delta(before, after), [vec!["ec2:*".to_owned()], vec![], vec![], vec![]]);
        assert_eq!(delta(after, before), [vec![], vec!["ec2:*".to_owned()], vec![], vec![]]);
        assert_eq!(delta(before, before), NONE);
    }

    #[test]
    fn a_condition_that_is_added_takes_and_gives() {
        let before = r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*"}]}"#;
        let after = r#"{"Statement":[{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"k":"true"}}}]}"#;
        let b = || vec!["a:b".to_owned()];
        assert_eq!(delta(before, after), [b(), b(), vec![], vec![]]);
        assert_eq!(delta("", before), [b(), vec![], vec![], vec![]]);
    }

    #[test]
    fn a_principal_added_to_a_trust_policy_is_one_atom() {
        let before =
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["1","2"]},"Action":"sts:AssumeRole"}]}"#;
        let after = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["1","2","3"]},"Action":"sts:AssumeRole"}]}"#;
        assert_eq!(delta(before, after), [vec!["sts:assumerole".to_owned()], vec![], vec![], vec![]]);
    }

    #[test]
    fn patterns_that_cannot_meet_are_known() {
        for (a, b, meet) in [
            ("s3:get*", "s3:getobject", true),
            ("s3:get*", "s3:*", true),
            ("s3:*", "ec2:*", false),
            ("*", "ec2:*", true),
            ("s3:*object", "s3:get*", true),
            ("s3:*object", "s3:*acl", false),
            ("s3:getobject", "s3:getobjectacl", false),
            ("s?:x", "ec2:*", false),
        ] {
            assert_eq!(patterns_may_overlap(a, b), meet, "{a} {b}");
            assert_eq!(patterns_may_overlap(b, a), meet, "{b} {a}");
        }
    }
}
