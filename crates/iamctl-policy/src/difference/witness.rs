//! From a request that was found to one that is shown: the evaluator has to say the same of it.

use serde_json::{Map, Value as Json};

use super::people::ACCOUNT;
use super::space::Point;
use super::stack::Stack;
use crate::document::Document;
use crate::eval::arn::fields;
use crate::eval::context::View;
use crate::eval::pattern::Resolved;
use crate::eval::policy::Rule;
use crate::eval::{
    Action, Outcome, Policies, Policy, PolicyKind, Principal, Request, Resource, Values, decide,
};

/// Another account than [`ACCOUNT`].
const OTHER_ACCOUNT: &str = "444455556666";

/// Actions that people know, for statements about many.
const USUAL_ACTIONS: [&str; 8] = [
    "sts:AssumeRole",
    "s3:GetObject",
    "ec2:DescribeInstances",
    "iam:CreateUser",
    "s3:PutObject",
    "iam:ListUsers",
    "lambda:InvokeFunction",
    "dynamodb:GetItem",
];

/// How many actions are looked at for the nicest one.
const MOST_ACTIONS: usize = 400;

/// A request that one document allows and another does not, as the evaluator confirms.
#[derive(Debug, Clone)]
pub struct Witness(pub(super) Request);

impl Witness {
    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.0
    }

    /// The request as JSON, as [`Answerer`](crate::eval::Answerer) reads it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let request = &self.0;
        let mut fields = Map::new();
        fields.insert("principal".into(), request.principal.as_str().into());
        fields.insert("action".into(), request.action.as_str().into());
        if let Resource::Named(text) = &request.resource {
            fields.insert("resource".into(), text.as_str().into());
        }
        if let Some(account) = &request.resource_account {
            fields.insert("resourceAccount".into(), account.as_str().into());
        }
        let mut context = Map::new();
        for (key, values) in request.context.iter() {
            let value = match values {
                Values::Absent => continue,
                Values::One(value) => value.as_str().into(),
                Values::Many(values) => values.clone().into(),
            };
            context.insert(key.to_owned(), value);
        }
        fields.insert("context".into(), context.into());
        Json::Object(fields)
    }
}

/// What a request is looked for with.
pub(super) struct Asked<'a> {
    pub(super) kind: PolicyKind,
    /// The side that is to allow the request.
    pub(super) own: &'a Stack,
    /// The one that is not.
    pub(super) other: &'a Stack,
    /// Who asks, where that is known.
    pub(super) asker: Option<&'a Principal>,
    /// Actions that all statements treat alike.
    pub(super) samples: &'a [Action],
    /// What the statements call them that allow them.
    pub(super) patterns: Vec<&'a str>,
    /// The actions there are, by pattern.
    pub(super) known: &'a dyn Fn(&str) -> Vec<String>,
    /// Whether an action is one of those.
    pub(super) is_alike: Box<dyn Fn(&Action) -> bool + 'a>,
    pub(super) rules: Vec<&'a Rule>,
}

impl Asked<'_> {
    /// The actions that this is about: those there are, or one that may come to be.
    pub(super) fn actions(&self) -> Vec<String> {
        let mut actions: Vec<String> = Vec::new();
        let known = self.patterns.iter().flat_map(|pattern| (self.known)(pattern));
        for text in known.take(MOST_ACTIONS) {
            if Action::parse(&text).is_ok_and(|action| (self.is_alike)(&action)) {
                actions.push(text);
            }
        }
        if actions.is_empty() {
            actions.extend(self.candidates().first().map(|action| action.as_str().to_owned()));
        }
        actions.sort_unstable();
        actions.dedup();
        actions
    }

    /// Actions to show, the nicest first.
    fn candidates(&self) -> Vec<Action> {
        let alike = |text: &str| Action::parse(text).ok().filter(|action| (self.is_alike)(action));
        let mut found: Vec<Action> = Vec::new();
        for pattern in &self.patterns {
            found.extend((self.known)(pattern).iter().take(MOST_ACTIONS).find_map(|text| alike(text)));
            found.extend(alike(pattern));
        }
        found.extend(USUAL_ACTIONS.iter().find_map(|text| alike(text)));
        // Names in small letters are no more than names for what is not known.
        found.extend(self.samples.first().cloned());
        found
    }

    /// A request that the evaluator confirms.
    pub(super) fn confirm(&self, point: &Point) -> Option<Request> {
        let candidates = self.candidates();
        for delegated in [false, true] {
            for action in &candidates {
                for resource in self.resources(point, action) {
                    let request = self.request(point, action, resource);
                    if self.is_confirmed(&request, delegated) {
                        return Some(request);
                    }
                }
            }
            if self.kind == PolicyKind::Resource {
                break;
            }
        }
        None
    }

    /// The resource that was found, after those that read like names; the evaluator sorts out which will do.
    fn resources(&self, point: &Point, action: &Action) -> Vec<Option<String>> {
        let Some(found) = &point.resource else { return vec![None] };
        let view = View { context: &point.context, open: false };
        let patterns = self.rules.iter().filter_map(|rule| rule.resources.as_ref());
        let patterns = patterns.filter(|of| !of.negated).flat_map(|of| &of.patterns);
        let nice = patterns.filter_map(|pattern| match pattern.resolve(view) {
            Resolved::Pieces(pieces) => {
                Some(pieces.iter().map(crate::eval::pattern::Solid::example).collect())
            }
            _ => None,
        });
        let mut all: Vec<String> = nice.take(8).collect();
        if found != "*" && all.iter().any(|text| text == "example") {
            all.retain(|text| text != "example");
            let is_s3 = action.as_str().to_ascii_lowercase().starts_with("s3:");
            all.push(if is_s3 { "arn:aws:s3:::example/example" } else { "*" }.to_owned());
        }
        all.push(found.clone());
        all.into_iter().map(Some).collect()
    }

    fn request(&self, point: &Point, action: &Action, resource: Option<String>) -> Request {
        let request = |principal: Principal, resource: String, owner: Option<String>| Request {
            principal,
            action: action.clone(),
            resource: Resource::Named(resource),
            resource_account: owner,
            context: point.context.clone(),
        };
        match &point.principal {
            None if let Some(asker) = self.asker => {
                // The resource is of the principal's account, whatever its name says.
                let owner = asker.account().map(str::to_owned);
                request(asker.clone(), resource.unwrap_or_else(|| "*".to_owned()), owner)
            }
            None => {
                let resource = resource.unwrap_or_else(|| "*".to_owned());
                let owner = fields(&resource).map_or("", |[_, _, _, _, account, _]| account);
                let is_account = owner.len() == 12 && owner.bytes().all(|b| b.is_ascii_digit());
                let account = if is_account { owner } else { ACCOUNT };
                // The resource is of the principal's account, whatever its name says.
                let said = (!is_account && !owner.is_empty()).then(|| account.to_owned());
                let user = Principal::parse(&format!("arn:aws:iam::{account}:user/example"));
                request(user.unwrap_or_else(|_| nobody()), resource, said)
            }
            Some(principal) => self.to_resource(principal.clone(), action, resource, &request),
        }
    }

    /// A request that the policy of the resource decides: to assume a role, from another account, or by a
    /// federated user.
    fn to_resource(
        &self,
        principal: Principal,
        action: &Action,
        resource: Option<String>,
        request: &dyn Fn(Principal, String, Option<String>) -> Request,
    ) -> Request {
        let own = principal.account().unwrap_or(ACCOUNT).to_owned();
        let is_federated = matches!(principal.kind(), crate::eval::PrincipalKind::FederatedUser { .. });
        let action = action.as_str().to_ascii_lowercase();
        let is_own = is_federated || action.starts_with("sts:assumerole");
        let other = if own == OTHER_ACCOUNT { ACCOUNT } else { OTHER_ACCOUNT };
        let owner = if is_own { own.as_str() } else { other };
        let is_role = resource.is_none() && action.starts_with("sts:");
        let role = is_role.then(|| format!("arn:aws:iam::{owner}:role/example"));
        let said = (!is_role).then(|| owner.to_owned());
        request(principal, role.or(resource).unwrap_or_else(|| "*".to_owned()), said)
    }

    fn is_confirmed(&self, request: &Request, delegated: bool) -> bool {
        let delegating = request.principal.account().filter(|_| delegated).and_then(delegation);
        let is_allowed = |stack: &Stack| match self.kind {
            PolicyKind::Resource | PolicyKind::ResourceControl => {
                let policies = Policies {
                    identity: everything(),
                    resource: stack.identity.first().cloned(),
                    ..Policies::default()
                };
                decide(&policies, request).outcome == Outcome::Allowed
            }
            PolicyKind::Principal => stack.allows(request, delegating.as_ref()),
        };
        is_allowed(self.own) && !is_allowed(self.other)
    }
}

/// Who asks, should an account be none.
fn nobody() -> Principal {
    Principal::anonymous()
}

/// An identity policy that allows everything.
fn everything() -> Vec<Policy> {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    Policy::new(&Document::from_stored(text), PolicyKind::Principal).into_iter().collect()
}

/// The policy of a resource that leaves everything to the policies of its account.
fn delegation(account: &str) -> Option<Policy> {
    let text = format!(
        r#"{{"Statement": {{"Effect": "Allow", "Action": "*", "Principal": {{"AWS": "{account}"}}}}}}"#
    );
    Policy::new(&Document::from_stored(&text), PolicyKind::Resource).ok()
}
