//! What the tables of AWS's services know, made ready for the checks.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use iamctl_data::{Action, ConditionKey, ResourceType, Service, ValueType, managed_policies, services};

/// The form of an ARN; what differs between resources of the type is `*`.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) resource: String,
}

/// The forms of the ARNs of a service. `whole` looks through the tables of all services, since some define ARNs
/// of others, and takes longer.
pub(crate) fn forms(service: &str, whole: bool) -> Vec<Form> {
    if whole {
        return forms_of_all(service).to_vec();
    }
    let known = services().get(service).filter(|known| known.prefix == service);
    let types = known.into_iter().flat_map(Service::resource_types);
    types.filter_map(|one| form(one.arn)).filter(|(of, _)| of == service).map(|(_, form)| form).collect()
}

fn forms_of_all(service: &str) -> &'static [Form] {
    FOREIGN.get(service).map_or(&[], Vec::as_slice)
}

/// By the service that stands in the ARN, the forms that all services together know.
static FOREIGN: LazyLock<HashMap<String, Vec<Form>>> = LazyLock::new(|| {
    let mut all: HashMap<String, Vec<Form>> = HashMap::new();
    for one in services().iter().flat_map(Service::resource_types) {
        if let Some((service, form)) = form(one.arn) {
            all.entry(service).or_default().push(form);
        }
    }
    all
});

fn form(template: &str) -> Option<(String, Form)> {
    let plain = without_placeholders(template);
    let mut fields = plain.splitn(6, ':').skip(2).map(str::to_owned);
    let (service, region, account) = (fields.next()?, fields.next()?, fields.next()?);
    Some((service, Form { region, account, resource: fields.next()? }))
}

/// A text with `*` for each `${…}`.
pub(crate) fn without_placeholders(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        plain.push_str(before);
        plain.push('*');
        rest = after.split_once('}').map_or("", |(_, behind)| behind);
    }
    plain.push_str(rest);
    plain
}

/// Whether a service is known, by the prefix of its actions or by its ARNs.
pub(crate) fn is_service(name: &str) -> bool {
    services().get(name).is_some() || FOREIGN.contains_key(name)
}

/// What is known of a condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub(crate) value_type: ValueType,
    pub(crate) multivalued: bool,
    /// Whether it is one of a family, such as that of tags.
    pub(crate) is_of_family: bool,
}

impl From<&ConditionKey> for KnownKey {
    fn from(key: &ConditionKey) -> Self {
        let ConditionKey { name, value_type, multivalued } = *key;
        Self { value_type, multivalued, is_of_family: name.contains("${") }
    }
}

/// A condition key, global or of a service. Keys of identity providers are told with STS.
pub(crate) fn condition_key(key: &str) -> Option<KnownKey> {
    let known = services().condition_key(key);
    let known = known.or_else(|| services().get("sts").and_then(|sts| sts.condition_key(key)));
    known.map(KnownKey::from)
}

/// The condition keys that all services tell.
#[derive(Debug, Default)]
struct KeysOfAll {
    /// By name in lower case.
    single: HashMap<String, KnownKey>,
    /// By the prefix of their names, in lower case.
    families: HashMap<String, Vec<&'static ConditionKey>>,
}

static KEYS_OF_ALL: LazyLock<KeysOfAll> = LazyLock::new(|| {
    let mut all = KeysOfAll::default();
    for key in services().iter().flat_map(Service::condition_keys) {
        let name = key.name.to_ascii_lowercase();
        if name.contains("${") {
            let prefix = name.split(':').next().unwrap_or_default();
            all.families.entry(prefix.to_owned()).or_default().push(key);
        } else {
            all.single.insert(name, key.into());
        }
    }
    all
});

/// A condition key, in lower case, that any service tells with its own, though it is another's by its prefix.
pub(crate) fn condition_key_of_any(key: &str) -> Option<KnownKey> {
    let families = || {
        let of_prefix = KEYS_OF_ALL.families.get(key.split(':').next()?)?;
        of_prefix.iter().find(|family| family.is(key)).map(|family| KnownKey::from(*family))
    };
    KEYS_OF_ALL.single.get(key).copied().or_else(families)
}

/// The actions that the policies which AWS manages name, in lower case.
static NAMED_BY_AWS: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let texts = managed_policies().iter().flat_map(|policy| policy.document.split('"'));
    let is_action = |text: &&str| {
        text.split_once(':').is_some_and(|(service, name)| {
            !service.is_empty()
                && !name.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:*?".contains(&b))
        })
    };
    texts.filter(is_action).map(str::to_ascii_lowercase).collect()
});

/// Whether a policy that AWS manages names an action or pattern.
pub(crate) fn is_named_by_aws(action: &str) -> bool {
    NAMED_BY_AWS.contains(&action.to_ascii_lowercase())
}

/// Whether a service, by its prefix, stands in an action of a policy that AWS manages.
pub(crate) fn is_service_named_by_aws(prefix: &str) -> bool {
    static SERVICES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
        NAMED_BY_AWS.iter().filter_map(|action| action.split_once(':')).map(|(service, _)| service).collect()
    });
    SERVICES.contains(prefix.to_ascii_lowercase().as_str())
}

/// Whether any action of a service, or any of its resources, knows a tag of the resource.
pub(crate) fn knows_resource_tags(service: &Service) -> bool {
    let of_types = service.resource_types().iter().flat_map(ResourceType::condition_keys);
    let of_actions = service.actions().flat_map(Action::condition_keys);
    of_types.chain(of_actions).any(is_resource_tag)
}

/// Whether a key is `aws:ResourceTag/…`.
pub(crate) fn is_resource_tag(key: &str) -> bool {
    key.get(..16).is_some_and(|start| start.eq_ignore_ascii_case("aws:ResourceTag/"))
}

/// What the policies that AWS manages say of resources: the service of an ARN, the word with which its end begins,
/// and whether it has an account. The table does not have all forms that are used.
static ARNS_OF_AWS: LazyLock<HashSet<(&'static str, &'static str, bool)>> = LazyLock::new(|| {
    let texts = managed_policies().iter().flat_map(|policy| policy.document.split('"'));
    let arns = texts.filter(|text| text.starts_with("arn:"));
    let read = |text: &'static str| {
        let mut fields = text.splitn(6, ':').skip(2);
        let service = fields.next()?;
        let account = fields.nth(1)?;
        Some((service, type_word(fields.next()?), !account.is_empty()))
    };
    arns.filter_map(read).collect()
});

/// Whether AWS itself names a resource whose ARN has this service and begins to end like this.
pub(crate) fn is_arn_of_aws(service: &str, resource: &str, has_account: bool) -> bool {
    ARNS_OF_AWS.contains(&(service, type_word(resource), has_account))
}

/// The word with which the end of an ARN begins: the type, for most services. Of `/restapis/…` it is `/restapis`.
pub(crate) fn type_word(resource: &str) -> &str {
    let start = resource.len().saturating_sub(resource.trim_start_matches('/').len());
    let rest = resource.get(start..).unwrap_or_default();
    let length = rest.find(['/', ':', '*', '?']).unwrap_or(rest.len());
    resource.get(..start.saturating_add(length)).unwrap_or(resource)
}
