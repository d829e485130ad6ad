//! Requests that try to prove an answer wrong, and the second evaluator beside it: `decide` itself.

use iamctl_policy::Document;
use iamctl_policy::difference::{Access, Difference, Vocabulary, difference};
use iamctl_policy::eval::{Outcome, Policies, Policy, PolicyKind, Request, decide};
use serde_json::{Value as Json, json};

use crate::documents::Dice;

/// Two documents, ready to be asked about requests.
pub(crate) struct Pair {
    before: Document,
    after: Document,
    policies: [Policy; 2],
    kind: PolicyKind,
    /// An identity policy that allows everything.
    everything: Policy,
    /// The policy of a resource that leaves everything to its account.
    delegation: Policy,
}

fn document(json: &Json) -> Document {
    Document::from_stored(&json.to_string())
}

impl Pair {
    pub(crate) fn new(before: &Json, after: &Json, trust: bool) -> Self {
        let kind = if trust { PolicyKind::Resource } else { PolicyKind::Principal };
        let ready = |json: &Json, kind| {
            Policy::new(&document(json), kind).unwrap_or_else(|why| panic!("{why:?}: {json}"))
        };
        let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        let accounts = ["111122223333", "444455556666", "777788889999"];
        let to_all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Principal": {"AWS": accounts}}});
        Self {
            before: document(before),
            after: document(after),
            policies: [before, after].map(|json| ready(json, kind)),
            kind,
            everything: ready(&all, PolicyKind::Principal),
            delegation: ready(&to_all, PolicyKind::Resource),
        }
    }

    pub(crate) fn difference(&self) -> Difference {
        difference(&self.before, &self.after, self.kind, &Vocabulary::none()).unwrap()
    }

    /// Whether each document allows a request.
    pub(crate) fn allow(&self, request: &Request) -> [bool; 2] {
        self.policies.each_ref().map(|policy| {
            let policies = match self.kind {
                PolicyKind::Principal => Policies {
                    identity: vec![policy.clone()],
                    resource: Some(self.delegation.clone()),
                    ..Policies::default()
                },
                _ => Policies {
                    identity: vec![self.everything.clone()],
                    resource: Some(policy.clone()),
                    ..Policies::default()
                },
            };
            decide(&policies, request).outcome == Outcome::Allowed
        })
    }

    /// Holds an answer against a request.
    pub(crate) fn holds(&self, found: &Difference, request: &Request) -> Result<(), String> {
        let [before, after] = self.allow(request);
        for (access, is_there, what) in
            [(&found.added, after && !before, "added"), (&found.removed, before && !after, "removed")]
        {
            if is_there && matches!(access, Access::No) {
                return Err(format!("{what} by {request:?}\nfrom {:?}\nto   {:?}", self.before, self.after));
            }
        }
        Ok(())
    }

    /// Whether the witnesses are allowed by the one and not by the other.
    pub(crate) fn witnesses_hold(&self, found: &Difference) -> Result<(), String> {
        for (access, expected) in [(&found.added, [false, true]), (&found.removed, [true, false])] {
            let Access::Yes(changes) = access else { continue };
            for change in changes {
                let request = change.witness.request();
                if self.allow(request) != expected {
                    return Err(format!(
                        "{request:?} is no witness\nfrom {:?}\nto   {:?}",
                        self.before, self.after
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A random request over the words of the documents.
pub(crate) fn request(dice: &mut Dice<'_>, trust: bool) -> Json {
    let mut context = serde_json::Map::new();
    for at in 0..8 {
        if let Some(values) = dice.values(at) {
            context.insert(Dice::key(at).to_owned(), values);
        }
    }
    match dice.below(4) {
        0 => {}
        at => {
            context.insert("k:v".to_owned(), json!(["a", "b", "*"][at - 1]));
        }
    }
    if trust {
        let principal = dice.pick(&[
            "arn:aws:iam::111122223333:user/u",
            "arn:aws:iam::111122223333:user/v",
            "arn:aws:iam::111122223333:role/r",
            "arn:aws:iam::444455556666:role/r",
            "arn:aws:iam::444455556666:role/t",
            "arn:aws:sts::111122223333:assumed-role/r/s",
            "arn:aws:sts::111122223333:assumed-role/r/t",
            "arn:aws:sts::444455556666:assumed-role/r/s",
            "arn:aws:sts::111122223333:assumed-role/q/s",
            "arn:aws:sts::111122223333:federated-user/u",
            "arn:aws:sts::111122223333:federated-user/w",
            "arn:aws-cn:sts::111122223333:federated-user/u",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::444455556666:root",
            "arn:aws:iam::777788889999:user/u",
            "ec2.amazonaws.com",
            "lambda.amazonaws.com",
            "accounts.google.com",
            "arn:aws:iam::111122223333:oidc-provider/o",
            "arn:aws:iam::111122223333:oidc-provider/p",
            "*",
        ]);
        let action = dice.pick(&["sts:AssumeRole", "sts:TagSession", "sts:AssumeRoleWithSAML", "sts:Other"]);
        let owner = dice.pick(&["111122223333", "444455556666"]);
        let resource = format!("arn:aws:iam::{owner}:role/target");
        return json!({"principal": principal, "action": action, "resource": resource, "context": context});
    }
    let action =
        dice.pick(&["s3:A", "s3:AB", "s3:C", "kms:A", "kms:B", "sts:AssumeRole", "sts:AssumeRoleX", "ec2:A"]);
    let resource = dice.pick(&[
        "a",
        "ab",
        "aab",
        "b",
        "*",
        "aa",
        "ba",
        "x",
        "xab",
        "a*",
        "abb",
        "arn:aws:sqs:r:444455556666:q",
        "bxa",
        "axxb",
    ]);
    let principal = "arn:aws:iam::111122223333:user/u";
    let mut request =
        json!({"principal": principal, "action": action, "resource": resource, "context": context});
    if dice.below(2) == 0 {
        request["resourceAccount"] = json!("111122223333");
    }
    request
}

/// Reads a request as the evaluator does.
pub(crate) fn read(request: &Json) -> Request {
    let line = json!({"request": request}).to_string();
    iamctl_policy::eval::Answerer::new().read(line.as_bytes()).unwrap().1
}
