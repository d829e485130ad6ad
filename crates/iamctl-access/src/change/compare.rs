//! One user or role, with all its policies before and after.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use iamctl_model::{Identity, RoleName};
use iamctl_policy::difference::{Found, Stack, Vocabulary, of_stacks};
use iamctl_policy::eval::{Context, Policy, PolicyKind, Principal, Values};
use iamctl_policy::{Clause, Document, Span, Spanned};

use super::candidates::Candidates;
use super::{Effect, Known, PrincipalChange, told, trusts};
use crate::Access;
use crate::answer::Unread;
use crate::library::Key;
use crate::question::{Who, arn_of};
use crate::stack::{Asker, Collector, Held, Stack as Met};

/// Compares users and roles; what several have in common is compared once.
pub(super) struct Comparer<'a> {
    both: [&'a Access; 2],
    vocabulary: &'a Vocabulary<'a>,
    candidates: &'a Candidates,
    known: HashMap<MemoKey, Rc<Effect>>,
}

/// What the answer hangs on: the policies of both sides, and the keys that they look at.
type MemoKey = ([Vec<String>; 2], Vec<(String, String)>, Vec<String>);

/// All of one side.
struct Side {
    asker: Option<Asker>,
    /// Everything, with what stands in for texts that are not known.
    whole: Stack,
    /// What is known.
    known: Stack,
    context: Context,
    unread: Vec<Unread>,
    /// What the trust of each role says of it by name.
    named: Vec<(RoleName, Policy)>,
}

impl<'a> Comparer<'a> {
    pub(super) fn new(
        both: [&'a Access; 2],
        vocabulary: &'a Vocabulary<'a>,
        candidates: &'a Candidates,
    ) -> Self {
        Self { both, vocabulary, candidates, known: HashMap::new() }
    }

    /// What becomes of somebody; nothing where the policies are the same, and what they look at is.
    pub(super) fn principal(&mut self, who: &Identity) -> Option<PrincipalChange> {
        let sides = self.both.map(|access| side(access, who));
        let keys: BTreeSet<String> = sides.iter().flat_map(|side| keys(&side.whole)).collect();
        let (fixed, mut doubts) = fixed(&sides, self.both, &keys);
        doubts.extend(self.candidates.retagged.doubts(sides.iter().flat_map(|side| policies(&side.whole))));
        doubts.extend(self.candidates.doubts.get(who).into_iter().flatten().cloned());
        let ids = sides.each_ref().map(ids);
        let values = fixed.iter().map(|(key, values)| (key.to_owned(), format!("{values:?}"))).collect();
        doubts.extend(sides.iter().flat_map(|side| &side.unread).map(ToString::to_string));
        let [before, after] = &sides;
        if ids[0] == ids[1] && before.unread == after.unread && doubts.len() == before.unread.len() * 2 {
            return None;
        }
        let key = (ids, values, doubts);
        let effect = match self.known.get(&key) {
            Some(effect) => Rc::clone(effect),
            None => {
                let effect = Rc::new(self.compare(&sides, &fixed, key.2.clone()));
                self.known.insert(key, Rc::clone(&effect));
                effect
            }
        };
        Some(PrincipalChange { who: who.clone(), effect, escalations: Vec::new() })
    }

    /// Compares what policies say, and where trust policies change what they say of the principal, that once more
    /// without what its own policies allow: no role can be assumed by these alone.
    fn of_sides(
        &self,
        sides: &[Side; 2],
        stacks: [&Stack; 2],
        of: (&Principal, &Context),
        doubts: Vec<String>,
    ) -> Effect {
        let account = self.both[1].account().id.as_str();
        let (principal, fixed) = of;
        let found = of_stacks(stacks, principal, fixed, self.vocabulary);
        let all = effect(found, stacks, doubts.clone(), account);
        let roles = trusts::changed(sides.each_ref().map(|side| side.named.as_slice()));
        if roles.is_empty() || !stacks.iter().any(|stack| trusts::may_assume(stack)) {
            return all;
        }
        let Some([before, after]) =
            trusts::without_own_allows(stacks, sides.each_ref().map(|side| &*side.named))
        else {
            let why = "an old document has variables in its denies, and trust policies change what they say";
            return all.and(Effect::unknown(why));
        };
        let stacks = [&before, &after];
        let found = of_stacks(stacks, principal, fixed, self.vocabulary);
        let named = effect(found, stacks, doubts, account);
        match roles.iter().find(|role| trusts::is_wide(self.both.map(|access| &access.state), role)) {
            Some(role) if all.has_less_than(&named) => all.and(Effect::unknown(&format!(
                "the trust of role/{role} changes what it says of it by name, and names the account as a whole or everybody"
            ))),
            _ => all.and(named),
        }
    }

    fn compare(&self, sides: &[Side; 2], fixed: &Context, doubts: Vec<String>) -> Effect {
        let account = self.both[1].account().id.as_str();
        let principal = sides.iter().rev().find_map(|side| Some(side.asker.as_ref()?.principal.clone()));
        let Some(principal) = principal else {
            let nothing = || Found { changes: Vec::new(), doubt: None };
            return effect([nothing(), nothing()], [&Stack::default(); 2], doubts, account);
        };
        let [before, after] = sides;
        // A text that is not known, and is the same on both sides, may make no difference.
        let is_shared = before.unread == after.unread
            && !before.unread.iter().any(|unread| matches!(unread, Unread::Unsound(..)));
        let texts = before.unread.len().saturating_add(after.unread.len());
        if texts > 0 && is_shared && doubts.len() == texts {
            let stacks = [&before.whole, &after.whole];
            let found = self.of_sides(sides, stacks, (&principal, fixed), Vec::new());
            if (found.gains, found.loses) == (Known::No, Known::No) {
                return found;
            }
        }
        self.of_sides(sides, [&before.known, &after.known], (&principal, fixed), doubts)
    }
}

fn effect(found: [Found; 2], stacks: [&Stack; 2], mut unknown: Vec<String>, account: &str) -> Effect {
    let is_open = !unknown.is_empty();
    let known = |found: &Found| match (is_open, found.changes.is_empty(), &found.doubt) {
        (true, ..) | (false, true, Some(_)) => Known::Unknown,
        (false, false, _) => Known::Yes,
        (false, true, None) => Known::No,
    };
    let [gains, loses] = found.each_ref().map(known);
    unknown.extend(found.iter().filter_map(|found| found.doubt.clone()));
    unknown.sort();
    unknown.dedup();
    let [added, removed] = found;
    let [before, after] = stacks;
    let gained = told::portions(&added, [after, before], account, true);
    let lost = told::portions(&removed, [before, after], account, false);
    Effect { gains, loses, unknown, gained, lost }
}

/// The keys that all requests have, of those that some policy looks at, and those of which that is not so because
/// they are other ones afterwards.
fn fixed(sides: &[Side; 2], both: [&Access; 2], keys: &BTreeSet<String>) -> (Context, Vec<String>) {
    let mut fixed = Context::new();
    let mut doubts = Vec::new();
    let there: Vec<(&Side, &Asker, &Access)> = sides
        .iter()
        .zip(both)
        .filter_map(|(side, access)| Some((side, side.asker.as_ref()?, access)))
        .collect();
    for key in keys {
        // A key that only the policies of the other side look at has a value on this one, too.
        let value = |(side, asker, access): &(&Side, &Asker, &Access)| {
            let absent = || asker.is_without_tag(&access.state, key).then_some(Values::Absent);
            side.context.value(key).cloned().or_else(absent)
        };
        let values: Vec<Option<Values>> = there.iter().map(value).collect();
        match values.as_slice() {
            [Some(one)] => {
                fixed.set(key, one.clone());
            }
            [Some(old), Some(new)] if old == new => {
                fixed.set(key, old.clone());
            }
            [None, None] | [None] | [] => {}
            _ => doubts.push(format!("policies look at `{key}`, which is another one afterwards")),
        }
    }
    (fixed, doubts)
}

fn side(access: &Access, who: &Identity) -> Side {
    let collector = Collector { state: &access.state, library: &access.library };
    let Some(mut asker) = collector.asker(&Who::Identity(who.clone())) else {
        let (whole, known) = Default::default();
        return Side {
            asker: None,
            whole,
            known,
            context: Context::new(),
            unread: Vec::new(),
            named: Vec::new(),
        };
    };
    let mut unread = std::mem::take(&mut asker.unread);
    let (named, refused) = assumed(access, &asker);
    unread.extend(refused);
    let all = |held: &[Held], only_known: bool| -> Vec<Policy> {
        held.iter().filter(|held| !only_known || held.source.is_some()).filter_map(Held::policy).collect()
    };
    let stack = |only_known: bool| {
        let boundary = asker.boundary.as_ref().filter(|held| {
            let is_known = held.iter().all(|held| held.source.is_some());
            !only_known || is_known
        });
        let mut stack = Stack {
            identity: all(&asker.identity, only_known),
            direct: Vec::new(),
            boundary: boundary.map(|held| all(held, false)),
        };
        // What a trust grants a user, no boundary limits; what it grants a role, that of the role does.
        match who {
            Identity::Role(_) => stack.identity.extend(named.iter().map(|(_, policy)| policy.clone())),
            _ => stack.direct.extend(named.iter().map(|(_, policy)| policy.clone())),
        }
        stack
    };
    let (whole, known) = (stack(false), stack(true));
    let context = Met::new(&asker, None, false).context(&access.state, None);
    Side { asker: Some(asker), whole, known, context, unread, named }
}

/// What trust policies say of a principal by its name, each as a policy of the principal about the role.
fn assumed(access: &Access, asker: &Asker) -> (Vec<(RoleName, Policy)>, Vec<Unread>) {
    let collector = Collector { state: &access.state, library: &access.library };
    let arn = asker.principal.as_str();
    let (mut policies, mut unread) = (Vec::new(), Vec::new());
    for name in access.state.roles.keys() {
        let mut why = Vec::new();
        let Some(trust) = collector.trust(&mut why, name) else { continue };
        if trust.source.is_none() {
            if access.state.roles.get(name).is_some_and(|role| trusts::mentions(&role.trust, arn)) {
                unread.append(&mut why);
            }
            continue;
        }
        if !trust.may_name(arn) {
            continue;
        }
        let Some(policy) = trust.policy() else { continue };
        let statements = policy.naming(&asker.principal, asker.boundary.is_some());
        if statements.is_empty() {
            continue;
        }
        let ready = arn_of_role(access, name).and_then(|role| about(policy.document(), &statements, &role));
        match ready {
            Some(document) => {
                let key = Key::Inline(arn.to_owned(), format!("\u{1}{name}"));
                let ready = access.library.ready(key, &document, PolicyKind::Principal);
                policies.extend(ready.policy.as_ref().ok().map(|policy| (name.clone(), policy.clone())));
            }
            None => unread.push(Unread::Role(name.to_string())),
        }
    }
    (policies, unread)
}

fn arn_of_role(access: &Access, name: &RoleName) -> Option<String> {
    arn_of(&access.state, &Identity::Role(name.clone()))
}

/// Statements of a trust policy as those of a policy of a principal; nothing where the version of the document would
/// give them another meaning.
fn about(document: &Document, statements: &[usize], role: &str) -> Option<Document> {
    let is_old = document.version() != Some("2012-10-17");
    if is_old && document.to_compact_string().contains("${") {
        return None;
    }
    let here = |statement: &iamctl_policy::Statement| {
        let mut statement = statement.clone();
        statement.principals = None;
        let pattern = Spanned { text: role.to_owned(), span: Span::NONE };
        statement.resources = Some(Clause { negated: false, patterns: vec![pattern] });
        statement
    };
    let all = statements.iter().filter_map(|at| document.statements().get(*at)).map(here);
    Some(Document::from_statements(all.collect()))
}

fn policies(stack: &Stack) -> impl Iterator<Item = &Policy> {
    stack.identity.iter().chain(&stack.direct).chain(stack.boundary.iter().flatten())
}

fn keys(stack: &Stack) -> Vec<String> {
    policies(stack).flat_map(|policy| policy.keys()).map(str::to_owned).collect()
}

/// The policies of a stack: two stacks of the same are about the same requests.
fn ids(side: &Side) -> Vec<String> {
    let stack = &side.whole;
    let mut ids = vec![format!("{} {} {}", stack.identity.len(), stack.boundary.is_some(), side.named.len())];
    ids.extend(policies(stack).map(Policy::id));
    ids
}
