//! A second evaluator, as simple as it gets: it reads the JSON of a question each time and follows
//! AWS's text step by step. Written from the documentation alone, and nothing of the crate is used.

use serde_json::Value as Json;

use crate::reference_conditions::{condition_block_holds, expand, glob};

/// The decision on a question, which must be a sound one.
pub(crate) fn decide(question: &Json) -> &'static str {
    let request = &question["request"];
    let policies = &question["policies"];
    let ask = Ask {
        principal: text(&request["principal"]),
        action: text(&request["action"]),
        resource: text(&request["resource"]),
        context: &request["context"],
        bounded: !policies["boundary"].is_null(),
    };
    let has_account = !account_of(&ask.principal).is_empty();
    let organised = !ask.principal.contains(":role/aws-service-role/");

    // Step 1: an explicit deny in any policy that applies.
    let mut applicable: Vec<&Json> = list(&policies["resource"]);
    if organised {
        applicable.extend(list(&policies["rcp"]).into_iter().flat_map(list));
    }
    if has_account {
        applicable.extend(list(&policies["identity"]));
        applicable.extend(list(&policies["boundary"]));
        applicable.extend(list(&policies["session"]));
        if organised {
            applicable.extend(list(&policies["scp"]).into_iter().flat_map(list));
        }
    }
    if applicable.iter().any(|document| ask.any(document, "Deny", |_| true)) {
        return "ExplicitlyDenied";
    }
    if allowed(&ask, request, policies, has_account, organised) { "Allowed" } else { "ImplicitlyDenied" }
}

/// The steps after the first: what has to allow.
fn allowed(ask: &Ask<'_>, request: &Json, policies: &Json, has_account: bool, organised: bool) -> bool {
    let by_resource = |ways: &[How]| {
        list(&policies["resource"])
            .into_iter()
            .any(|document| ask.any(document, "Allow", |how| ways.contains(&how)))
    };
    if !has_account {
        return by_resource(&[How::Itself, How::ItsOrigin, How::ItsAccount]);
    }
    // Every level of SCPs has to allow.
    let scps_allow = list(&policies["scp"]).into_iter().all(|level| layer_allows(ask, level));
    if organised && !scps_allow {
        return false;
    }
    let is_root = ask.principal.ends_with(":root") || ask.principal.len() == 12;
    if is_root && ask.action.to_lowercase() == "sts:assumerole" {
        return false;
    }
    let identity = is_root || layer_allows(ask, &policies["identity"]);
    let boundary = !ask.bounded || layer_allows(ask, &policies["boundary"]);
    let session = match &policies["session"] {
        Json::Null => !ask.principal.contains(":federated-user/"),
        document => ask.any(document, "Allow", |_| true),
    };
    let own_side = identity && boundary && session;
    let resource_account = match request["resourceAccount"].as_str() {
        Some(account) => account.to_owned(),
        None => {
            ask.resource.split(':').nth(4).filter(|a| !a.is_empty() && *a != "*").unwrap_or("").to_owned()
        }
    };
    if !resource_account.is_empty() && resource_account != account_of(&ask.principal) {
        return own_side && by_resource(&[How::Itself, How::ItsOrigin, How::ItsAccount]);
    }
    if by_resource(&[How::Itself]) || (by_resource(&[How::ItsOrigin]) && boundary && session) {
        return true;
    }
    let action = ask.action.to_lowercase();
    let fields: Vec<&str> = ask.resource.splitn(6, ':').collect();
    let resource_is = |service: &str, start: &str| {
        fields.len() == 6 && fields[2] == service && fields[5].starts_with(start)
    };
    let strict = action.starts_with("sts:assumerole")
        || (action.starts_with("sts:") && resource_is("iam", "role/"))
        || (action.starts_with("kms:") && resource_is("kms", "key/"));
    own_side && (!strict || by_resource(&[How::ItsAccount]))
}

fn layer_allows(ask: &Ask<'_>, documents: &Json) -> bool {
    list(documents).into_iter().any(|document| ask.any(document, "Allow", |_| true))
}

struct Ask<'q> {
    principal: String,
    action: String,
    resource: String,
    context: &'q Json,
    bounded: bool,
}

/// How a `Principal` element can mean somebody.
#[derive(Clone, Copy, PartialEq, Debug)]
enum How {
    Itself,
    ItsOrigin,
    ItsAccount,
    NotAtAll,
}

impl Ask<'_> {
    /// Whether a statement of a document has this effect on the request, and the principal is meant in a
    /// way that counts.
    fn any(&self, document: &Json, effect: &str, counts: impl Fn(How) -> bool) -> bool {
        let variables = document["Version"] == "2012-10-17";
        list(&document["Statement"]).into_iter().any(|statement| {
            statement["Effect"] == effect
                && self.means_action(statement)
                && self.means_resource(statement, variables)
                && counts_as(&self.means_me(statement), &counts)
                && condition_block_holds(&statement["Condition"], self.context, variables)
        })
    }

    fn means_action(&self, statement: &Json) -> bool {
        let one = |pattern: &Json| {
            glob(&expand(&text(pattern).to_lowercase(), None, true).unwrap(), &self.action.to_lowercase())
        };
        match &statement["NotAction"] {
            Json::Null => list(&statement["Action"]).into_iter().any(one),
            not => !list(not).into_iter().any(one),
        }
    }

    fn means_resource(&self, statement: &Json, variables: bool) -> bool {
        let context = variables.then_some(self.context);
        let expanded = |patterns: &Json| -> Vec<_> {
            list(patterns).into_iter().map(|pattern| expand(&text(pattern), context, true)).collect()
        };
        let not = expanded(&statement["NotResource"]);
        if !not.is_empty() {
            // A variable that cannot be resolved invalidates the statement.
            return not.iter().all(|pattern| pattern.as_ref().is_some_and(|p| !glob(p, &self.resource)));
        }
        let patterns = expanded(&statement["Resource"]);
        patterns.is_empty() || patterns.iter().flatten().any(|pattern| glob(pattern, &self.resource))
    }

    /// All the ways in which a statement means the principal.
    fn means_me(&self, statement: &Json) -> Vec<How> {
        if !statement["NotPrincipal"].is_null() {
            if statement["Effect"] == "Deny" && self.bounded && !account_of(&self.principal).is_empty() {
                return vec![How::Itself];
            }
            let listed = self.named_in(&statement["NotPrincipal"]);
            let excepted = listed.contains(&How::Itself) || listed.contains(&How::ItsOrigin);
            return if excepted { vec![] } else { vec![How::Itself] };
        }
        match &statement["Principal"] {
            Json::Null => vec![How::Itself],
            element => self.named_in(element),
        }
    }

    fn named_in(&self, element: &Json) -> Vec<How> {
        if *element == "*" {
            return vec![How::Itself];
        }
        let kinds = element.as_object().unwrap();
        let mut ways = Vec::new();
        for (kind, values) in kinds {
            for value in list(values) {
                ways.push(self.named_by(kind, &text(value)));
            }
        }
        ways.retain(|how| *how != How::NotAtAll);
        ways
    }

    fn named_by(&self, kind: &str, value: &str) -> How {
        let me = &self.principal;
        let account = account_of(me);
        let is_provider = me.contains(":oidc-provider/") || me.contains(":saml-provider/");
        match kind {
            "Service" if !me.starts_with("arn:") && me == value => How::Itself,
            "Federated" if (is_provider || !me.starts_with("arn:")) && me == value => How::Itself,
            "AWS" if value == "*" || (value == me && !is_provider && me.contains(':')) => {
                // A role is meant by its ARN; only a session makes requests.
                if me.contains(":role/") && value != "*" { How::ItsOrigin } else { How::Itself }
            }
            "AWS" if value == account || value.ends_with(&format!("::{account}:root")) => {
                if account.is_empty() {
                    How::NotAtAll
                } else if me.ends_with(":root") || me.len() == 12 {
                    How::Itself
                } else {
                    How::ItsAccount
                }
            }
            "AWS" if is_origin(me, value) => How::ItsOrigin,
            _ => How::NotAtAll,
        }
    }
}

/// Whether a session comes from the role or user that an ARN names.
fn is_origin(session: &str, arn: &str) -> bool {
    if account_of(session) != account_of(arn) {
        return false;
    }
    let name = arn.rsplit('/').next().unwrap();
    let parts: Vec<&str> = session.splitn(6, ':').nth(5).unwrap_or("").split('/').collect();
    (parts[0] == "assumed-role" && arn.contains(":role/") && parts[1] == name)
        || (parts[0] == "federated-user" && arn.contains(":user/") && parts[1] == name)
}

/// The account of a user, role, session or root user; nothing for others.
fn account_of(principal: &str) -> String {
    if principal.len() == 12 && principal.chars().all(|c| c.is_ascii_digit()) {
        return principal.to_owned();
    }
    let fields: Vec<&str> = principal.split(':').collect();
    if fields.len() < 6 || fields[5].starts_with("oidc-provider/") || fields[5].starts_with("saml-provider/")
    {
        return String::new();
    }
    fields[4].to_owned()
}

fn counts_as(ways: &[How], counts: &impl Fn(How) -> bool) -> bool {
    ways.iter().any(|how| counts(*how))
}

/// A value, or the values of a list; nothing for what is not there.
pub(crate) fn list(value: &Json) -> Vec<&Json> {
    match value {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

pub(crate) fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
