//! From a path to what is open of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use iamctl_model::{Address, ContextValue, Identity, Mfa, PolicyArn, RoleName, TestContext};
use iamctl_policy::Effect;
use iamctl_policy::eval::{Action, Principal};

use super::paths::{Kind, Need, PATHS, Path, Reach};
use super::{Escalation, Standing, Step, Terms};
use crate::Access;
use crate::answer::{Answer, Dependence, If, Part, Unread, Verdict};
use crate::question::{On, Question, Who};
use crate::stack::Asker;

/// How many things that a path reaches are named.
const MOST_REACHED: usize = 3;

/// What is the same for everybody.
pub(super) struct Common<'a> {
    access: &'a Access,
    actions: BTreeMap<&'static str, Action>,
    /// The roles that a service may assume.
    ///
    /// Conditions of such a trust, as on the account for which the service acts, are taken to hold: whoever
    /// passes a role acts in its own account.
    trusting: BTreeMap<&'static str, Vec<RoleName>>,
}

impl<'a> Common<'a> {
    pub(super) fn new(access: &'a Access) -> Self {
        let needs = || PATHS.iter().flat_map(|path| path.needs);
        let actions = needs().filter_map(|need| Some((need.action, Action::parse(need.action).ok()?)));
        let actions: BTreeMap<_, _> = actions.collect();
        let services = needs().filter_map(|need| match need.on {
            Reach::Passed(service) => Some(service),
            _ => None,
        });
        let services: BTreeSet<&'static str> = services.collect();
        let trusting = services.into_iter().map(|service| (service, trusting(access, &actions, service)));
        Self { access, trusting: trusting.collect(), actions }
    }
}

fn trusting(access: &Access, actions: &BTreeMap<&'static str, Action>, service: &str) -> Vec<RoleName> {
    let (Some(action), Ok(principal)) = (actions.get("sts:AssumeRole"), Principal::parse(service)) else {
        return Vec::new();
    };
    let who = Who::Other(principal);
    let Some(asker) = access.asker(&who) else { return Vec::new() };
    let with = TestContext::default();
    let trusts = |name: &&RoleName| {
        let on = On::Address(Address::Role((*name).clone()));
        let question = Question { who: &who, action, on: &on, with: &with };
        access.answer(&asker, &question).verdict != Verdict::Denied
    };
    access.state.roles.keys().filter(trusts).cloned().collect()
}

/// How somebody stands to all paths; nothing where there is nobody of that name.
pub(super) fn standing(common: &Common<'_>, identity: &Identity, with: &TestContext) -> Option<Standing> {
    let who = Who::Identity(identity.clone());
    let asker = common.access.asker(&who)?;
    let search = |mfa: Option<Mfa>| Search {
        common,
        who: &who,
        identity,
        asker: &asker,
        with: TestContext { mfa, keys: with.keys.clone() },
        answers: RefCell::default(),
    };
    let (open, signed_in, not_signed_in) =
        (search(with.mfa), search(Some(Mfa::Present { age: None })), search(Some(Mfa::Absent)));
    let mut standing = Standing::default();
    let both = with.mfa.is_none().then_some((&signed_in, &not_signed_in));
    standing.administrator = if open.is_administrator() {
        Some(Terms::Always)
    } else if both.is_some() && signed_in.is_administrator() {
        Some(Terms::OnlyWithMfa)
    } else {
        None
    };
    if standing.administrator.is_some() {
        return Some(standing);
    }
    for path in PATHS {
        let Some(escalation) = open.path(path).and_then(|found| on_terms(path, found, both)) else {
            continue;
        };
        let unread = |on: &Dependence| match on {
            Dependence::Text(what) => Some(what.clone()),
            _ => None,
        };
        let unread: BTreeSet<_> = escalation.depends_on.iter().filter_map(unread).collect();
        match unread.is_empty() {
            true => standing.escalations.push(escalation),
            // That there may be other roles is said of each path that needs one.
            false => standing.unknown.extend(unread.into_iter().filter(|what| *what != Unread::OtherRoles)),
        }
    }
    Some(standing)
}

/// What is left of a path when MFA is looked at for itself: what is open with and without may be closed with
/// each, where two needs ask for opposite things.
fn on_terms(
    path: &'static Path,
    found: Escalation,
    both: Option<(&Search<'_>, &Search<'_>)>,
) -> Option<Escalation> {
    let (false, Some((signed_in, not_signed_in))) = (found.is_certain(), both) else { return Some(found) };
    match (signed_in.path(path), not_signed_in.path(path)) {
        (None, None) => None,
        (Some(with), None) => Some(Escalation { terms: Terms::OnlyWithMfa, ..with }),
        (None, Some(without)) => Some(Escalation { terms: Terms::OnlyWithoutMfa, ..without }),
        (Some(with), Some(without)) => Some(if without.is_certain() { without } else { with }),
    }
}

/// What the needs of a path have in common: the user or role that they are about.
struct Binding {
    on: Option<On>,
    role: Option<RoleName>,
    name: Option<String>,
    is_hypothetical: bool,
}

/// Where an action is allowed, of which it is known that it depends on the resource.
enum Somewhere {
    Found(On, Rc<Answer>),
    Nowhere,
    NotKnown,
}

/// An action, on what, and the service to which a role is passed.
type Asked = (&'static str, On, Option<&'static str>);

/// One who looks for paths.
struct Search<'a> {
    common: &'a Common<'a>,
    who: &'a Who,
    identity: &'a Identity,
    asker: &'a Asker,
    with: TestContext,
    answers: RefCell<HashMap<Asked, Rc<Answer>>>,
}

impl Search<'_> {
    /// Whether everything that any path needs is allowed on whatever there is. Roles decide themselves who
    /// assumes them.
    fn is_administrator(&self) -> bool {
        self.common.actions.keys().all(|action| {
            *action == "sts:AssumeRole" || self.ask(action, &On::Anything, None).verdict == Verdict::Allowed
        })
    }

    /// The best that a path offers.
    fn path(&self, path: &'static Path) -> Option<Escalation> {
        let is_closed = |need: &Need| {
            let is_about_anything = !matches!(need.on, Reach::Own(_) | Reach::OwnGroup | Reach::OwnPolicy);
            let service = service_of(need);
            is_about_anything
                && need.action != "sts:AssumeRole"
                && self.ask(need.action, &On::Anything, service).verdict == Verdict::Denied
        };
        if path.needs.iter().any(is_closed) {
            return None;
        }
        let mut best: Option<Escalation> = None;
        for binding in self.bindings(path) {
            if binding.is_hypothetical && best.is_some() {
                continue;
            }
            let Some(escalation) = self.bound(path, &binding) else { continue };
            match &mut best {
                Some(best) if best.is_certain() == escalation.is_certain() => {
                    best.reaches.extend(escalation.reaches);
                }
                Some(best) if best.is_certain() => {}
                _ => best = Some(escalation),
            }
            if best.as_ref().is_some_and(|best| best.is_certain() && best.reaches.len() >= MOST_REACHED) {
                break;
            }
        }
        let mut best = best?;
        best.reaches.truncate(MOST_REACHED);
        Some(best)
    }

    /// The users or roles that the needs of a path may be about: those that are known, and another one where
    /// more may be there.
    fn bindings(&self, path: &Path) -> Vec<Binding> {
        let state = &self.common.access.state;
        let mut bindings: Vec<Binding> = Vec::new();
        let mut bound = false;
        for need in path.needs {
            let roles: Vec<&RoleName> = match need.on {
                Reach::OtherUser => {
                    let others = state.users.keys().map(|name| Identity::User(name.clone()));
                    bindings.extend(others.filter(|other| other != self.identity).map(|other| Binding {
                        on: Some(On::Address(other.address())),
                        role: None,
                        name: Some(other.to_string()),
                        is_hypothetical: false,
                    }));
                    bound = true;
                    break;
                }
                Reach::OtherRole | Reach::PolicyOfRole => state.roles.keys().collect(),
                Reach::Passed(service) => self.common.trusting.get(service).into_iter().flatten().collect(),
                _ => continue,
            };
            let is_other = |name: &&&RoleName| Identity::Role((**name).clone()) != *self.identity;
            bindings.extend(roles.iter().filter(is_other).map(|name| Binding {
                on: Some(On::Address(Address::Role((*name).clone()))),
                role: Some((*name).clone()),
                name: Some(format!("role/{name}")),
                is_hypothetical: false,
            }));
            bound = true;
            break;
        }
        let unbound = |is_hypothetical| Binding { on: None, role: None, name: None, is_hypothetical };
        match bound {
            false => bindings.push(unbound(false)),
            // What is not in the manifest may be in the account.
            true if !self.common.access.is_whole() => bindings.push(unbound(true)),
            true => {}
        }
        bindings
    }

    /// A path with its user or role in place.
    fn bound(&self, path: &'static Path, binding: &Binding) -> Option<Escalation> {
        let mut escalation = Escalation {
            path,
            terms: Terms::Always,
            depends_on: BTreeSet::new(),
            reaches: binding.name.iter().cloned().collect(),
            is_hypothetical: binding.is_hypothetical,
            steps: Vec::new(),
        };
        for need in path.needs {
            let (on, answer) = self.need(need, binding)?;
            if answer.verdict == Verdict::Depends {
                escalation.depends_on.extend(answer.depends_on.iter().cloned());
            }
            escalation.steps.push(Step { action: need.action, on: name(&on), answer: (*answer).clone() });
        }
        Some(escalation)
    }

    /// The best answer for a need: a certain one where there is one.
    fn need(&self, need: &Need, binding: &Binding) -> Option<(On, Rc<Answer>)> {
        let service = service_of(need);
        let mut open = None;
        for on in self.candidates(need, binding) {
            let answer = self.ask(need.action, &on, service);
            match answer.verdict {
                Verdict::Denied => {}
                Verdict::Allowed => return Some((on, answer)),
                Verdict::Depends => match self.somewhere(need.action, &on, service, &answer) {
                    Somewhere::Found(on, answer) if answer.verdict == Verdict::Allowed => {
                        return Some((on, answer));
                    }
                    Somewhere::Found(on, answer) => open = Some((on, answer)),
                    Somewhere::Nowhere => {}
                    Somewhere::NotKnown => open = open.or(Some((on, answer))),
                },
            }
        }
        open
    }

    /// One resource for which an answer about whatever there is holds: one of those that the statements name.
    fn somewhere(
        &self,
        action: &'static str,
        on: &On,
        service: Option<&'static str>,
        answer: &Answer,
    ) -> Somewhere {
        if *on != On::Anything || !answer.depends_on.contains(&Dependence::Resource) {
            return Somewhere::NotKnown;
        }
        let account = self.common.access.account().id.as_str();
        let Some(patterns) = allowed_patterns(answer) else { return Somewhere::NotKnown };
        let mut found = Somewhere::Nowhere;
        for pattern in patterns {
            let on = On::Arn(pattern.to_owned());
            // What holds for all that match needs no example.
            if self.ask(action, &on, service).verdict == Verdict::Denied {
                continue;
            }
            let example = an_arn_like(pattern, account);
            let answer = example.map(|arn| self.ask(action, &On::Arn(arn), service));
            match answer {
                Some(answer) if answer.verdict == Verdict::Allowed => return Somewhere::Found(on, answer),
                Some(answer) if answer.verdict == Verdict::Depends => found = Somewhere::Found(on, answer),
                _ if matches!(found, Somewhere::Nowhere) => found = Somewhere::NotKnown,
                _ => {}
            }
        }
        found
    }

    /// On what a need may be met.
    fn candidates(&self, need: &Need, binding: &Binding) -> Vec<On> {
        let state = &self.common.access.state;
        let of_groups = |own: bool| -> Vec<On> {
            let Identity::User(name) = self.identity else { return Vec::new() };
            let Some(user) = state.users.get(name) else { return Vec::new() };
            let groups = state.groups.keys().filter(|group| user.groups.contains(*group) == own);
            groups.map(|group| On::Address(Address::Group(group.clone()))).collect()
        };
        match need.on {
            Reach::Some => vec![On::Anything],
            Reach::Own(kind) => {
                self.is(kind).then(|| On::Address(self.identity.address())).into_iter().collect()
            }
            Reach::OwnGroup => of_groups(true),
            Reach::OtherGroup => of_groups(false),
            Reach::OwnPolicy => self.own_policies(),
            Reach::PolicyOfRole => match binding.role.as_ref().and_then(|role| state.roles.get(role)) {
                Some(role) => self.of_the_account(role.policies.iter()),
                None => Vec::new(),
            },
            Reach::OtherUser | Reach::OtherRole | Reach::Passed(_) => {
                vec![binding.on.clone().unwrap_or(On::Anything)]
            }
        }
    }

    /// Whether it is one of a kind.
    fn is(&self, kind: Kind) -> bool {
        let state = &self.common.access.state;
        let boundary = match self.identity {
            Identity::User(name) => state.users.get(name).and_then(|one| one.permissions_boundary.as_ref()),
            Identity::Role(name) => state.roles.get(name).and_then(|one| one.permissions_boundary.as_ref()),
            Identity::Group(_) => None,
        };
        match (kind, self.identity) {
            (Kind::User, Identity::User(_)) | (Kind::Role, Identity::Role(_)) => true,
            (Kind::BoundedUser, Identity::User(_)) | (Kind::BoundedRole, Identity::Role(_)) => {
                boundary.is_some()
            }
            _ => false,
        }
    }

    fn own_policies(&self) -> Vec<On> {
        let state = &self.common.access.state;
        match self.identity {
            Identity::User(name) => {
                let Some(user) = state.users.get(name) else { return Vec::new() };
                let groups = user.groups.iter().filter_map(|group| state.groups.get(group));
                self.of_the_account(user.policies.iter().chain(groups.flat_map(|group| &group.policies)))
            }
            Identity::Role(name) => match state.roles.get(name) {
                Some(role) => self.of_the_account(role.policies.iter()),
                None => Vec::new(),
            },
            Identity::Group(_) => Vec::new(),
        }
    }

    /// Those of policies that are the account's own: nobody can write AWS's.
    fn of_the_account<'p>(&self, arns: impl Iterator<Item = &'p PolicyArn>) -> Vec<On> {
        let policies = &self.common.access.state.policies;
        let own = arns.filter_map(|arn| policies.get(arn));
        own.map(|policy| On::Address(Address::Policy(policy.name.clone()))).collect()
    }

    fn ask(&self, action: &'static str, on: &On, service: Option<&'static str>) -> Rc<Answer> {
        let key = (action, on.clone(), service);
        if let Some(answer) = self.answers.borrow().get(&key) {
            return Rc::clone(answer);
        }
        let mut with = self.with.clone();
        if let Some(service) = service {
            with.keys.insert("iam:PassedToService".to_owned(), ContextValue::One(service.to_owned()));
        }
        let answer = match self.common.actions.get(action) {
            Some(action) => {
                let question = Question { who: self.who, action, on, with: &with };
                self.common.access.answer(self.asker, &question)
            }
            None => crate::ask::nothing_to_ask(),
        };
        let answer = Rc::new(answer);
        self.answers.borrow_mut().insert(key, Rc::clone(&answer));
        answer
    }
}

/// The service to which a need passes a role.
fn service_of(need: &Need) -> Option<&'static str> {
    match need.on {
        Reach::Passed(service) => Some(service),
        _ => None,
    }
}

/// How people call what an action is done to.
fn name(on: &On) -> String {
    match on {
        On::Anything => "*".to_owned(),
        On::Arn(arn) => arn.clone(),
        On::Address(address) => address.to_string(),
    }
}

/// The resources of the statements by which an open answer may be a yes; nothing where one of them is about
/// all but some.
fn allowed_patterns(answer: &Answer) -> Option<Vec<&str>> {
    let mut patterns = Vec::new();
    for told in answer.statements.iter().filter(|told| told.effect == Effect::Allow) {
        let Part::AppliesIf(conditions) = &told.part else { return None };
        let named = conditions.iter().find_map(|condition| match condition {
            If::Resource { negated: false, patterns } => Some(patterns),
            _ => None,
        });
        patterns.extend(named?.iter().map(String::as_str));
    }
    Some(patterns)
}

/// One of the ARNs that a pattern stands for, in this account; none for one with a variable.
fn an_arn_like(pattern: &str, account: &str) -> Option<String> {
    if pattern.contains("${") {
        return None;
    }
    let mut fields: Vec<&str> = pattern.splitn(6, ':').collect();
    if let [_, _, _, _, of, _] = fields.as_mut_slice()
        && of.contains(['*', '?'])
    {
        *of = account;
    }
    (fields.len() == 6).then(|| fields.join(":").replace(['*', '?'], "x"))
}
