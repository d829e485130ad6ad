//! Services.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use crate::key::ConditionKey;
use crate::provenance::Provenance;
use crate::table::{fields, items, unpack};
use crate::template::is_made_by;

static SERVICES: LazyLock<Services> =
    LazyLock::new(|| Services::read(include_bytes!("../tables/services.br")));

/// All services.
#[must_use]
pub fn services() -> &'static Services {
    &SERVICES
}

/// The services of AWS, by the prefix of their actions.
#[derive(Debug)]
pub struct Services {
    provenance: Provenance,
    global_keys: Vec<ConditionKey>,
    entries: BTreeMap<&'static str, Entry>,
}

/// A service that is read when it is first looked at.
#[derive(Debug)]
struct Entry {
    lines: &'static str,
    service: OnceLock<Service>,
}

/// A service.
#[derive(Debug)]
pub struct Service {
    /// The prefix of its actions: `s3`.
    pub prefix: &'static str,
    /// Its name: `Amazon S3`.
    pub name: &'static str,
    /// By their names in lower case.
    actions: BTreeMap<String, Action>,
    resource_types: Vec<ResourceType>,
    condition_keys: Vec<ConditionKey>,
}

/// An action.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// The name, without the service: `GetObject`.
    pub name: &'static str,
    /// What it does to what it is done to.
    pub access_level: AccessLevel,
    resource_types: &'static str,
    condition_keys: &'static str,
}

/// What an action does. Source: IAM User Guide, "Access levels in policy summaries".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Sees that things are there.
    List,
    /// Sees what is in them.
    Read,
    /// Changes tags, and nothing else.
    Tagging,
    /// Makes, changes or deletes.
    Write,
    /// Changes who may do what.
    PermissionsManagement,
}

/// A type of resource.
#[derive(Debug, Clone, Copy)]
pub struct ResourceType {
    /// The name, within its service: `bucket`.
    pub name: &'static str,
    /// Its ARNs, with `${…}` for what differs between them.
    pub arn: &'static str,
    condition_keys: &'static str,
}

impl Services {
    fn read(packed: &[u8]) -> Self {
        let (provenance, body) = unpack(packed);
        // What stands before the first service belongs to all of them.
        let mut parts = body.split("\nS\t");
        let global = parts.next().unwrap_or("").lines();
        let global_keys =
            global.filter_map(|line| line.strip_prefix("G\t")).map(ConditionKey::parse).collect();
        let entries = parts.map(|lines| {
            let [prefix] = fields(lines);
            (prefix, Entry { lines, service: OnceLock::new() })
        });
        Self { provenance, global_keys, entries: entries.collect() }
    }

    /// What the table was made from.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// The service of a prefix, whatever the case of its letters.
    #[must_use]
    pub fn get(&self, prefix: &str) -> Option<&Service> {
        Some(self.entries.get(prefix.to_ascii_lowercase().as_str())?.service())
    }

    /// All services. Looking at all of them reads the whole table.
    pub fn iter(&self) -> impl Iterator<Item = &Service> {
        self.entries.values().map(Entry::service)
    }

    /// The prefixes of all services.
    pub fn prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.entries.keys().copied()
    }

    /// An action such as `s3:GetObject`, whatever the case of its letters, and its service.
    #[must_use]
    pub fn action(&self, action: &str) -> Option<(&Service, &Action)> {
        let (prefix, name) = action.split_once(':')?;
        let service = self.get(prefix)?;
        Some((service, service.action(name)?))
    }

    /// The actions that a pattern such as `s3:Get*` names: `*` and `?` are wildcards behind the colon, and
    /// the case of letters does not count. None for a service that is not known.
    pub fn matching(&self, pattern: &str) -> impl Iterator<Item = (&Service, &Action)> {
        let (prefix, name) = pattern.split_once(':').unwrap_or(("", ""));
        let name = name.to_ascii_lowercase();
        let service = self.get(prefix).into_iter();
        service.flat_map(move |service| {
            let name = name.clone();
            let actions = service.actions.iter().filter(move |(known, _)| is_like(known, &name));
            actions.map(move |(_, action)| (service, action))
        })
    }

    /// The condition keys that requests to any service can have. Not every request has all of them.
    #[must_use]
    pub fn global_condition_keys(&self) -> &[ConditionKey] {
        &self.global_keys
    }

    /// A condition key such as `aws:SourceIp`, `aws:RequestTag/team` or `s3:prefix`.
    #[must_use]
    pub fn condition_key(&self, key: &str) -> Option<&ConditionKey> {
        let global = self.global_keys.iter().find(|known| known.is(key));
        global.or_else(|| self.get(key.split_once(':')?.0)?.condition_key(key))
    }
}

impl Entry {
    fn service(&self) -> &Service {
        self.service.get_or_init(|| Service::read(self.lines))
    }
}

impl Service {
    fn read(text: &'static str) -> Self {
        let mut lines = text.lines();
        let [prefix, name] = fields(lines.next().unwrap_or(""));
        let mut service = Self {
            prefix,
            name,
            actions: BTreeMap::new(),
            resource_types: Vec::new(),
            condition_keys: Vec::new(),
        };
        for line in lines {
            match line.split_once('\t') {
                Some(("A", line)) => {
                    let action = Action::parse(line);
                    service.actions.insert(action.name.to_ascii_lowercase(), action);
                }
                Some(("R", line)) => service.resource_types.push(ResourceType::parse(line)),
                Some(("K", line)) => service.condition_keys.push(ConditionKey::parse(line)),
                _ => {}
            }
        }
        service
    }

    /// An action, whatever the case of its letters.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.get(&name.to_ascii_lowercase())
    }

    /// All actions, by name.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.values()
    }

    /// A type of resource.
    #[must_use]
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resource_types.iter().find(|known| known.name == name)
    }

    /// All types of resources.
    #[must_use]
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.resource_types
    }

    /// The condition keys that are told with this service: its own, and global ones that its actions
    /// know.
    #[must_use]
    pub fn condition_keys(&self) -> &[ConditionKey] {
        &self.condition_keys
    }

    /// One of these condition keys.
    #[must_use]
    pub fn condition_key(&self, key: &str) -> Option<&ConditionKey> {
        self.condition_keys.iter().find(|known| known.is(key))
    }
}

impl Action {
    fn parse(line: &'static str) -> Self {
        let [name, level, resource_types, condition_keys] = fields(line);
        let access_level = match level {
            "L" => AccessLevel::List,
            "R" => AccessLevel::Read,
            "T" => AccessLevel::Tagging,
            "P" => AccessLevel::PermissionsManagement,
            _ => AccessLevel::Write,
        };
        Self { name, access_level, resource_types, condition_keys }
    }

    /// The names of the types of resources it can be done to, and whether each of them is needed. None
    /// for an action that takes no resource: statements about it need the resource `*`.
    pub fn resource_types(&self) -> impl Iterator<Item = (&'static str, bool)> {
        items(self.resource_types).map(|item| match item.strip_suffix('*') {
            Some(name) => (name, true),
            None => (item, false),
        })
    }

    /// The condition keys it knows, beside those that all actions do.
    pub fn condition_keys(&self) -> impl Iterator<Item = &'static str> {
        items(self.condition_keys)
    }
}

impl ResourceType {
    fn parse(line: &'static str) -> Self {
        let [name, arn, condition_keys] = fields(line);
        Self { name, arn, condition_keys }
    }

    /// Whether an ARN has the form of this type. ARNs of other types can have it as well: the name of a
    /// bucket with anything behind it looks like one, and is not.
    #[must_use]
    pub fn is_form_of(&self, arn: &str) -> bool {
        is_made_by(arn, self.arn)
    }

    /// The condition keys that requests about such a resource can have.
    pub fn condition_keys(&self) -> impl Iterator<Item = &'static str> {
        items(self.condition_keys)
    }
}

/// Whether a text is as a pattern says. Names of actions are ASCII.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut at, mut of) = (0_usize, 0_usize);
    // Where to go on when the latest star has to take one character more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(at), text.get(of)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                retry = Some((at, of));
                at = at.saturating_add(1);
                continue;
            }
            (Some(wanted), Some(found)) if *wanted == b'?' || wanted == found => {
                at = at.saturating_add(1);
                of = of.saturating_add(1);
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = retry.filter(|(_, from)| *from < text.len()) else { return false };
        of = from.saturating_add(1);
        retry = Some((star, of));
        at = star.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_the_actions_they_match() {
        for (pattern, text) in
            [("get*", "getobject"), ("*", ""), ("g?t*t", "getobject"), ("*o*", "getobject"), ("ab", "ab")]
        {
            assert!(is_like(text, pattern), "{pattern} {text}");
        }
        for (pattern, text) in
            [("get", "getobject"), ("*x", "getobject"), ("?", ""), ("a*b", "ba"), ("a?", "a")]
        {
            assert!(!is_like(text, pattern), "{pattern} {text}");
        }
        let names = |pattern| services().matching(pattern).map(|(_, action)| action.name).collect::<Vec<_>>();
        assert_eq!(names("S3:getobjectacl"), ["GetObjectAcl"]);
        assert!(names("s3:Get*").len() > 20 && names("s3:*").len() > names("s3:Get*").len());
        assert!(names("s3:Got*").is_empty() && names("none:*").is_empty() && names("*").is_empty());
    }
}
