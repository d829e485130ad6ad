//! Documents made ready, each once.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use iamctl_model::PolicyArn;
use iamctl_policy::eval::{Layer, Policy, PolicyKind};
use iamctl_policy::{Condition, Document};

use crate::target::Roles;

/// A document, ready to be asked, and what in it hangs on who asks and for what.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Why it cannot be asked, where it cannot.
    pub(crate) policy: Result<Policy, String>,
    /// The condition keys about tags that it mentions, in lower case.
    pub(crate) tag_keys: BTreeSet<String>,
    /// What it compares the age of a sign-in with MFA with.
    pub(crate) mfa_ages: Ages,
    /// Whom it names; nothing where that is not all it says about principals.
    names: Option<Vec<String>>,
    /// The number of its text, of trust policies that are the same for every role which has it.
    pub(crate) text: Option<usize>,
}

/// The ages of a sign-in with MFA between which policies make a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ages {
    /// None: no policy looks at it.
    Unused,
    /// It is compared with these numbers, and in no other way.
    At(BTreeSet<u32>),
    /// Any may: it is compared with what is no whole number, not as a number, or with too many of them.
    Any,
}

/// With how many numbers an age is compared at most before it is left open: every one asks for three requests
/// more, each of which meets all the others.
const MOST_AGES: usize = 32;

impl Ages {
    pub(crate) fn and(self, other: &Ages) -> Ages {
        match (self, other) {
            (Ages::Any, _) | (_, Ages::Any) => Ages::Any,
            (ages, Ages::Unused) => ages,
            (Ages::Unused, Ages::At(numbers)) => Ages::at(numbers.clone()),
            (Ages::At(mut all), Ages::At(numbers)) => {
                all.extend(numbers);
                Ages::at(all)
            }
        }
    }

    fn at(numbers: BTreeSet<u32>) -> Ages {
        if numbers.len() > MOST_AGES { Ages::Any } else { Ages::At(numbers) }
    }

    fn of(condition: &Condition) -> Ages {
        let operator = condition.operator.text.to_ascii_lowercase();
        if operator == "null" {
            return Ages::At(BTreeSet::new());
        }
        if !operator.starts_with("numeric") {
            return Ages::Any;
        }
        let exact = |text: &str| text.parse::<u32>().ok().filter(|number| number.to_string() == text);
        let numbers: Option<BTreeSet<u32>> =
            condition.values.iter().map(|value| exact(&value.text)).collect();
        numbers.map_or(Ages::Any, Ages::at)
    }
}

/// The families of condition keys whose values come from the tags of a principal or of a thing of IAM.
pub(crate) const PRINCIPAL_TAG: &str = "aws:principaltag/";
pub(crate) const RESOURCE_TAGS: [&str; 2] = ["aws:resourcetag/", "iam:resourcetag/"];

const MFA_AGE: &str = "aws:multifactorauthage";

impl Ready {
    fn new(document: &Document, kind: PolicyKind) -> Self {
        let policy = Policy::new(document, kind).map_err(|problems| problems.join("; "));
        let (mut tag_keys, mut mfa_ages) = (BTreeSet::new(), Ages::Unused);
        let is_about_tags = |key: &str| {
            key.starts_with(PRINCIPAL_TAG) || RESOURCE_TAGS.iter().any(|family| key.starts_with(family))
        };
        let mut used = Vec::new();
        for statement in document.statements() {
            for condition in statement.conditions.iter().flatten() {
                let key = condition.key.text.to_ascii_lowercase();
                if key == MFA_AGE {
                    mfa_ages = mfa_ages.and(&Ages::of(condition));
                }
                if is_about_tags(&key) {
                    tag_keys.insert(key);
                }
                let values = condition.values.iter().map(|value| value.text.as_str());
                used.extend(values.flat_map(variables));
            }
            let resources = statement.resources.iter().flat_map(|clause| &clause.patterns);
            used.extend(resources.flat_map(|pattern| variables(&pattern.text)));
        }
        if used.iter().any(|key| key == MFA_AGE) {
            mfa_ages = Ages::Any;
        }
        tag_keys.extend(used.into_iter().filter(|key| is_about_tags(key)));
        Self { policy, tag_keys, mfa_ages, names: names(document), text: None }
    }

    /// A document of an account: it cannot mention the keys that stand for what is not known.
    fn of_account(document: &Document, kind: PolicyKind) -> Self {
        let mut ready = Self::new(document, kind);
        let conditions = document.statements().iter().flat_map(|statement| &statement.conditions).flatten();
        if conditions.into_iter().any(|condition| is_reserved(&condition.key.text)) {
            ready.policy = Err("it has a condition key with a control character".to_owned());
        }
        ready
    }

    /// Whether a statement may be about a user or role with this ARN. A quick look, which many questions need:
    /// what it says no to is sure.
    pub(crate) fn may_name(&self, arn: &str) -> bool {
        let is_wide = |name: &str| {
            name == "*" || !name.starts_with("arn:") || name.ends_with(":root") || name.contains(":sts:")
        };
        self.names.as_ref().is_none_or(|names| names.iter().any(|name| name == arn || is_wide(name)))
    }
}

fn names(document: &Document) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for statement in document.statements() {
        let principals = statement.principals.as_ref().filter(|principals| !principals.negated)?;
        all.extend(principals.entries.iter().map(|(_, value)| value.text.clone()));
    }
    (document.unreadable().is_none() && !all.is_empty()).then_some(all)
}

/// The keys of the variables in a text, in lower case.
fn variables(text: &str) -> Vec<String> {
    let parts = text.split("${").skip(1).filter_map(|part| part.split(['}', ',']).next());
    parts.map(|key| key.trim().to_ascii_lowercase()).collect()
}

/// What was made ready so far.
#[derive(Debug, Default)]
pub(crate) struct Library {
    /// The policies that AWS manages, as far as somebody has them; nothing for those of which the text is
    /// not known.
    of_aws: RefCell<HashMap<PolicyArn, Option<Rc<Ready>>>>,
    ready: RefCell<HashMap<Key, Rc<Ready>>>,
    stand_ins: RefCell<BTreeMap<StandIn, Rc<Ready>>>,
    /// The texts of trust policies, numbered.
    texts: RefCell<HashMap<String, usize>>,
    /// The roles that questions about many were asked of, by their pattern.
    pub(crate) roles: RefCell<HashMap<Option<String>, Roles>>,
}

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A managed policy of the account.
    Managed(PolicyArn),
    /// An inline policy, by the address of what has it and its name.
    Inline(String, String),
    /// The trust policy of a role.
    Trust(String),
    /// A policy of the organisation, by its layer and its number in it.
    Organization(Layer, usize),
}

/// A document that stands for what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StandIn {
    /// The policies of another account: whether they allow is for that account to say.
    OtherSide(OtherSide),
    /// A policy of a KMS key that leaves it to the account's policies.
    Delegating,
    /// A policy whose text is not known, by its number in the question: it may allow, deny, or neither.
    Unread(PolicyKindOf, usize),
}

/// Which side of a request another account decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OtherSide {
    Principal,
    Resource,
}

/// The kinds of document that may not be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PolicyKindOf {
    Principal,
    Resource,
}

/// What the condition keys begin with that stand for texts which are not known. No request has them: neither a
/// policy nor a question can have this character, and what has it all the same is not taken.
pub(crate) const UNREAD: &str = "iamctl:\u{1}unread/";

/// Whether a condition key is one of those that stand for what is not known.
pub(crate) fn is_reserved(key: &str) -> bool {
    key.get(..UNREAD.len()).is_some_and(|start| start.eq_ignore_ascii_case(UNREAD))
}

impl Library {
    /// A document of the account, made ready at the first time.
    pub(crate) fn ready(&self, key: Key, document: &Document, kind: PolicyKind) -> Rc<Ready> {
        let mut ready = self.ready.borrow_mut();
        Rc::clone(ready.entry(key).or_insert_with(|| Rc::new(Ready::of_account(document, kind))))
    }

    /// The trust policy of a role, made ready at the first time.
    pub(crate) fn trust(&self, role: &str, document: &Document) -> Rc<Ready> {
        let mut ready = self.ready.borrow_mut();
        let made = ready.entry(Key::Trust(role.to_owned())).or_insert_with(|| {
            let mut ready = Ready::of_account(document, PolicyKind::Resource);
            if document.statements().iter().all(|statement| statement.resources.is_none()) {
                let mut texts = self.texts.borrow_mut();
                let next = texts.len();
                ready.text = Some(*texts.entry(document.to_compact_string()).or_insert(next));
            }
            Rc::new(ready)
        });
        Rc::clone(made)
    }

    /// A policy that AWS manages; nothing for one that the table does not have.
    pub(crate) fn of_aws(&self, arn: &PolicyArn) -> Option<Rc<Ready>> {
        let mut known = self.of_aws.borrow_mut();
        let found = known.entry(arn.clone()).or_insert_with(|| {
            let policy = iamctl_data::managed_policies().by_arn(arn.as_str())?;
            let document = Document::from_stored(policy.document);
            Some(Rc::new(Ready::new(&document, PolicyKind::Principal)))
        });
        found.clone()
    }

    /// Whether any policy of AWS's was asked for.
    pub(crate) fn used_aws(&self) -> bool {
        !self.of_aws.borrow().is_empty()
    }

    pub(crate) fn stand_in(&self, stand_in: StandIn, account: &str) -> Rc<Ready> {
        let mut made = self.stand_ins.borrow_mut();
        let ready = made.entry(stand_in).or_insert_with(|| {
            let document = Document::from_stored(&text_of(stand_in, account));
            Rc::new(Ready::new(&document, kind_of(stand_in)))
        });
        Rc::clone(ready)
    }
}

fn kind_of(stand_in: StandIn) -> PolicyKind {
    match stand_in {
        StandIn::OtherSide(OtherSide::Principal) | StandIn::Unread(PolicyKindOf::Principal, _) => {
            PolicyKind::Principal
        }
        _ => PolicyKind::Resource,
    }
}

fn text_of(stand_in: StandIn, account: &str) -> String {
    use serde_json::json;
    let anybody = json!("*");
    let document = |statements: serde_json::Value| json!({"Version": "2012-10-17", "Statement": statements});
    let statements = match stand_in {
        StandIn::OtherSide(OtherSide::Principal) => {
            json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
        }
        StandIn::OtherSide(OtherSide::Resource) => {
            json!([{"Effect": "Allow", "Action": "*", "Principal": anybody}])
        }
        StandIn::Delegating => json!([{"Effect": "Allow", "Action": "*", "Principal": {"AWS": account}}]),
        StandIn::Unread(kind, number) => {
            let key = format!("{UNREAD}{number}");
            let (about, everything) = match kind {
                PolicyKindOf::Principal => ("Resource", json!("*")),
                PolicyKindOf::Resource => ("Principal", anybody),
            };
            let statement = |effect: &str, says: &str| {
                let condition = json!({"StringEquals": {key.as_str(): says}});
                json!({"Effect": effect, "Action": "*", about: everything, "Condition": condition})
            };
            json!([statement("Allow", "allows"), statement("Deny", "denies")])
        }
    };
    document(statements).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_the_unknown_is_sound() {
        let library = Library::default();
        for stand_in in [
            StandIn::OtherSide(OtherSide::Principal),
            StandIn::OtherSide(OtherSide::Resource),
            StandIn::Delegating,
            StandIn::Unread(PolicyKindOf::Principal, 0),
            StandIn::Unread(PolicyKindOf::Resource, 7),
        ] {
            let ready = library.stand_in(stand_in, "123456789012");
            assert!(ready.policy.is_ok(), "{stand_in:?}: {:?}", ready.policy);
        }
    }

    #[test]
    fn what_hangs_on_tags_and_on_mfa_is_noticed() {
        let document = Document::from_stored(
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:PrincipalTag/Team, 'x'}/*",
                 "Condition": {"StringEquals": {"aws:ResourceTag/a": "${aws:PrincipalTag/b}"},
                               "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}}]}"#,
        );
        let ready = Ready::new(&document, PolicyKind::Principal);
        let keys: Vec<&str> = ready.tag_keys.iter().map(String::as_str).collect();
        assert_eq!(keys, ["aws:principaltag/b", "aws:principaltag/team", "aws:resourcetag/a"]);
        assert_eq!(ready.mfa_ages, Ages::At(BTreeSet::from([3600])));
    }

    #[test]
    fn an_age_that_is_not_compared_with_whole_numbers_is_open() {
        let of = |resource: &str, operator: &str, values: &str| {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "s3:*", "Resource": "{resource}",
                    "Condition": {{"{operator}": {{"aws:MultiFactorAuthAge": {values}}}}}}}}}"#
            );
            Ready::new(&Document::from_stored(&text), PolicyKind::Principal).mfa_ages
        };
        for values in
            ["\"0.5\"", "\"3600.0\"", "\"3.6e3\"", "\"+5\"", "[\"60\", \"-1\"]", "\"${aws:userid}\""]
        {
            assert_eq!(of("*", "NumericLessThan", values), Ages::Any, "{values}");
        }
        assert_eq!(of("*", "StringEquals", "\"60\""), Ages::Any);
        assert_eq!(of("*", "Null", "\"true\""), Ages::At(BTreeSet::new()));
        assert_eq!(of("*", "numericLessThanIfExists", "[\"60\", \"9\"]"), Ages::At(BTreeSet::from([9, 60])));
        assert_eq!(of("${aws:MultiFactorAuthAge}", "NumericLessThan", "\"60\""), Ages::Any);
        let many: Vec<String> = (0..=32).map(|number| format!("\"{number}\"")).collect();
        assert_eq!(of("*", "NumericEquals", &format!("[{}]", many.join(", "))), Ages::Any);
        let few = |from: u32| Ages::At((from..from + 20).collect());
        assert_eq!(few(0).and(&few(10)), Ages::At((0..30).collect()));
        assert_eq!(few(0).and(&few(20)), Ages::Any);
    }

    #[test]
    fn nobody_can_write_what_stands_for_the_unknown() {
        assert!(!UNREAD.chars().all(iamctl_policy::is_storable_char));
        let text = serde_json::json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*",
            "Resource": "*", "Condition": {"StringEquals": {format!("{}0", UNREAD.to_uppercase()): "allows"}}}});
        let ready = Ready::of_account(&Document::from_stored(&text.to_string()), PolicyKind::Principal);
        assert!(ready.policy.is_err());
    }
}
