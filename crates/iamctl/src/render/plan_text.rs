//! A plan for a reviewer: dangers first, then what changes and why, then what refuses it, then notes.

use std::collections::{BTreeMap, BTreeSet};

use iamctl_access::AccessChange;
use iamctl_model::{
    Account, Address, Cause, Change, ChangeAction, Field, Kind, MasterCopy, Path, Plan, PolicyArn,
    PolicyName, Resource, RoleName, Tags,
};
use iamctl_policy::Document;

use super::names::{counted, policy};
use super::page::{Ink, Page};
use super::{document, metadata, trust};

/// What the text needs to know besides the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    /// Where the master copy lies.
    pub(crate) master_copy: &'a MasterCopy,
    /// Whether unchanged parts and single calls are shown.
    pub(crate) verbose: bool,
    /// Whether only drift is shown, and not all of the plan.
    pub(crate) only_drift: bool,
    /// What it does to access, where that is told.
    pub(crate) access: Option<&'a AccessChange>,
}

/// The symbol of an action, and its ink.
fn mark(action: ChangeAction) -> (&'static str, Ink) {
    match action {
        ChangeAction::Create => ("+", Ink::Add),
        ChangeAction::Update => ("~", Ink::Change),
        ChangeAction::Delete => ("-", Ink::Remove),
        ChangeAction::Replace => ("±", Ink::Remove),
        ChangeAction::Adopt => ("=", Ink::Hint),
        ChangeAction::Forget => (".", Ink::Dim),
        ChangeAction::Blocked => ("!", Ink::Danger),
    }
}

/// The whole plan.
pub(crate) fn plan(page: &mut Page, plan: &Plan, setting: Setting<'_>) {
    let title = format!("{} in account {}", plan.manifest, plan.account.id);
    page.line(0, &[(Ink::Bold, title)]);
    page.gap();
    for hazard in &plan.hazards {
        let name = format!(" ({})", hazard.kind.as_str());
        page.words(0, 9, &[(Ink::Caution, "warning: "), (Ink::Plain, &hazard.message), (Ink::Dim, &name)]);
    }
    page.gap();
    if let Some(change) = setting.access {
        super::access::access(page, change, &plan.account, setting.verbose);
    }
    changes(page, plan, setting);
    page.gap();
    if setting.verbose && !plan.steps.is_empty() {
        steps(page, plan);
    }
    refusals(page, plan);
    if setting.only_drift {
        drift_summary(page, plan);
    } else {
        summary(page, plan);
    }
    for note in &plan.notes {
        let text = match note.address {
            Address::MasterCopy => note.message.clone(),
            _ => format!("{}: {}", note.address, note.message),
        };
        page.words(0, 6, &[(Ink::Hint, "note: "), (Ink::Plain, &text)]);
    }
}

/// How many things must change in the same way to be told together.
const ALIKE: usize = 4;

/// All changes. What many things of one kind have in common is told once, with all their names.
fn changes(page: &mut Page, plan: &Plan, setting: Setting<'_>) {
    let mut groups: Vec<(Vec<&Change>, Page)> = Vec::new();
    let mut places: BTreeMap<(Kind, ChangeAction, String, String), usize> = BTreeMap::new();
    for change in &plan.changes {
        let mut body = page.another();
        let mut writer = Writer { page: &mut body, plan, setting };
        let remark = writer.remark(change);
        writer.body(change);
        let key = (change.address.kind(), change.action, remark, body.text(true));
        match places.get(&key).and_then(|place| groups.get_mut(*place)) {
            Some((alike, _)) => alike.push(change),
            None => {
                places.insert(key, groups.len());
                groups.push((vec![change], body));
            }
        }
    }
    for (alike, body) in groups {
        if alike.len() >= ALIKE && !setting.verbose {
            Writer { page, plan, setting }.head_of_many(&alike);
            page.append(body);
        } else {
            for change in alike {
                Writer { page, plan, setting }.head(change);
                page.append(body.clone());
            }
        }
    }
}

/// One change, as in the plan.
pub(crate) fn one_change(page: &mut Page, plan: &Plan, setting: Setting<'_>, change: &Change) {
    Writer { page, plan, setting }.change(change);
}

/// One thing whole.
pub(crate) fn one_thing(page: &mut Page, plan: &Plan, master_copy: &MasterCopy, thing: &Resource) {
    Writer { page, plan, setting: Setting { master_copy, verbose: true, only_drift: false, access: None } }
        .whole(thing, "", Ink::Plain);
}

fn steps(page: &mut Page, plan: &Plan) {
    page.line(0, &[(Ink::Bold, "Calls, in order")]);
    for step in &plan.steps {
        let needs: Vec<String> = step.needs.iter().map(ToString::to_string).collect();
        let after = if needs.is_empty() { String::new() } else { format!("  after {}", needs.join(", ")) };
        let number = format!("{:>4}  ", step.id.0);
        page.line(0, &[(Ink::Dim, number), (Ink::Plain, step.action.describe()), (Ink::Dim, after)]);
    }
    page.gap();
}

fn refusals(page: &mut Page, plan: &Plan) {
    for refusal in &plan.refusals {
        page.words(0, 9, &[(Ink::Danger, "refused: "), (Ink::Bold, &refusal.message)]);
        page.words(2, 6, &[(Ink::Hint, "help: "), (Ink::Plain, &refusal.help)]);
    }
    page.gap();
}

/// "6 to create, 1 to update. 9 calls." and how much is there that is not ours.
fn summary(page: &mut Page, plan: &Plan) {
    let counts = ChangeAction::ALL.into_iter().map(|action| (action, plan.count(action)));
    let parts: Vec<String> = counts
        .filter(|(_, count)| *count > 0)
        .map(|(action, count)| match action {
            ChangeAction::Blocked => format!("{count} blocked"),
            action => format!("{count} to {}", action.as_str()),
        })
        .collect();
    let text = match () {
        () if !plan.refusals.is_empty() => format!("{}. Refused: no call is made.", parts.join(", ")),
        () if parts.is_empty() => "Nothing to do: account, manifest and master copy agree.".to_owned(),
        () => format!("{}. {} to IAM.", parts.join(", "), counted(plan.steps.len(), "call", "calls")),
    };
    page.words(0, 0, &[(Ink::Bold, text)]);
    let unmanaged: Vec<String> = plan
        .unmanaged
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(kinds, count)| match (*count, kinds.as_str()) {
            (1, "policies") => "1 policy".to_owned(),
            (1, kinds) => format!("1 {}", kinds.trim_end_matches('s')),
            (count, kinds) => format!("{count} {kinds}"),
        })
        .collect();
    if !unmanaged.is_empty() {
        let text = format!("Not managed here, and not touched: {}.", unmanaged.join(", "));
        page.words(0, 0, &[(Ink::Dim, text)]);
    }
}

/// What somebody who is woken by drift wants to know: how much, and what can be done.
fn drift_summary(page: &mut Page, plan: &Plan) {
    if plan.changes.is_empty() {
        return page.line(0, &[(Ink::Bold, "Nothing drifted.")]);
    }
    let count = counted(plan.changes.len(), "thing", "things");
    page.line(0, &[(Ink::Bold, format!("{count} drifted."))]);
    let text = "what is shown is what `iamctl apply` would do about it; `iamctl import --update` takes it \
                over into the manifest instead";
    page.words(0, 6, &[(Ink::Hint, "note: "), (Ink::Plain, text)]);
}

struct Writer<'a, 'p> {
    page: &'p mut Page,
    plan: &'a Plan,
    setting: Setting<'a>,
}

/// Where a field's name stands, and where its content stands.
const NAME: usize = 6;
const CONTENT: usize = 8;

impl Writer<'_, '_> {
    fn account(&self) -> &Account {
        &self.plan.account
    }

    fn change(&mut self, change: &Change) {
        self.head(change);
        self.body(change);
    }

    fn head(&mut self, change: &Change) {
        let (symbol, ink) = mark(change.action);
        let remark = self.remark(change);
        self.page.words(
            2,
            6,
            &[(ink, format!("{symbol} ")), (Ink::Bold, change.address.to_string()), (Ink::Dim, remark)],
        );
    }

    /// The names of things that change in the same way.
    fn head_of_many(&mut self, alike: &[&Change]) {
        let Some(first) = alike.first() else { return };
        let (symbol, ink) = mark(first.action);
        let kind = first.address.kind();
        let names: Vec<String> = alike.iter().map(|change| change.address.name().to_owned()).collect();
        let names = format!(": {}", names.join(", "));
        let many = format!("{} {}", alike.len(), kind.plural());
        let remark = self
            .remark(first)
            .replacen("  is ", "  are ", 1)
            .replacen("  was ", "  were ", 1)
            .replacen("as it is", "as they are", 1);
        let head = [(ink, format!("{symbol} ")), (Ink::Bold, many), (Ink::Plain, names), (Ink::Dim, remark)];
        self.page.words(2, 6, &head);
    }

    fn body(&mut self, change: &Change) {
        match (change.action, &change.before, &change.after) {
            (ChangeAction::Create | ChangeAction::Update, None, None) => {
                self.master_copy(change);
            }
            (ChangeAction::Create, _, Some(after)) => self.whole(after, "+", Ink::Add),
            (ChangeAction::Delete, Some(before), _) => self.whole(before, "-", Ink::Remove),
            (_, Some(before), Some(after)) => self.fields(change, before, after),
            _ => {}
        }
    }

    /// What stands behind the address.
    fn remark(&self, change: &Change) -> String {
        let cause = match (change.action, change.cause) {
            (ChangeAction::Create, Cause::Drift) => "  was deleted in the account",
            (ChangeAction::Replace, _) => "  is deleted and made again",
            (ChangeAction::Forget, Cause::Drift) => "  is gone from the account",
            (ChangeAction::Forget, _) => "  stays, and is no longer managed",
            (ChangeAction::Adopt, _) if change.fields.is_empty() => "  is taken over as it is",
            (ChangeAction::Adopt, _) => "  is taken over, and changed",
            (ChangeAction::Blocked, Cause::Drift) => "  changed in the account",
            (_, Cause::Drift) if change.fields.values().all(|cause| *cause == Cause::Drift) => {
                "  changed in the account, and is changed back"
            }
            _ => "",
        };
        cause.to_owned()
    }

    fn master_copy(&mut self, change: &Change) {
        let place = self.setting.master_copy;
        let at =
            format!("s3://{}/{}{}/{}/", place.bucket, place.prefix, self.plan.account.id, self.plan.manifest);
        for field in change.fields.keys() {
            let text = match field {
                Field::Bucket => {
                    format!("the bucket {} in {} is made, and hardened", place.bucket, place.region)
                }
                Field::Name => {
                    format!("the manifest has another name: what it manages is taken over to {at}")
                }
                Field::Manifest => format!("the text of the manifest is stored under {at}"),
                Field::Ownership => "what is managed, and what it was last, is written anew".to_owned(),
                _ => continue,
            };
            self.page.words(NAME, 2, &[(Ink::Plain, text)]);
        }
    }

    fn fields(&mut self, change: &Change, before: &Resource, after: &Resource) {
        let causes: BTreeSet<Cause> = change.fields.values().copied().collect();
        for (field, cause) in &change.fields {
            if *field == Field::Name {
                self.renamed(change);
                continue;
            }
            self.field(*field, (*cause, causes.len() > 1), before, after);
        }
    }

    fn renamed(&mut self, change: &Change) {
        let mut renames = self.plan.steps.iter().filter_map(|step| step.action.renames());
        let Some((from, to)) = renames.find(|(_, to)| *to == change.address) else { return };
        let (from, to) = (from.name().to_owned(), to.name().to_owned());
        let arrow = (Ink::Plain, " -> ".to_owned());
        self.page.words(
            NAME,
            4,
            &[(Ink::Plain, "name  ".to_owned()), (Ink::Remove, from), arrow, (Ink::Add, to)],
        );
    }

    fn field(&mut self, field: Field, (cause, mixed): (Cause, bool), before: &Resource, after: &Resource) {
        let scalar = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
        let (old, new) = match (field, before, after) {
            (Field::Path, _, _) => {
                let text = |path: Option<&Path>| path.map_or("none".to_owned(), ToString::to_string);
                (text(before.path()), text(after.path()))
            }
            (Field::Description, Resource::Role(before), Resource::Role(after)) => {
                (scalar(&before.description), scalar(&after.description))
            }
            (Field::MaxSessionDuration, Resource::Role(before), Resource::Role(after)) => {
                (before.max_session_duration.to_string(), after.max_session_duration.to_string())
            }
            (Field::Role, Resource::InstanceProfile(before), Resource::InstanceProfile(after)) => {
                let name = |role: Option<&RoleName>| role.map_or("none".to_owned(), ToString::to_string);
                (name(before.role.as_ref()), name(after.role.as_ref()))
            }
            (_, Resource::AccountAlias(_) | Resource::PasswordPolicy(_), _) => {
                (setting(field, before), setting(field, after))
            }
            (Field::PermissionsBoundary, _, _) => {
                let name = |arn: Option<&PolicyArn>| {
                    arn.map_or("none".to_owned(), |arn| policy(arn, self.account()))
                };
                (name(before.permissions_boundary()), name(after.permissions_boundary()))
            }
            _ => {
                let (label, remark) = label(field, cause, mixed);
                self.page.line(NAME, &[(Ink::Plain, label), (Ink::Dim, remark)]);
                return self.compound(field, before, after);
            }
        };
        let (label, remark) = label(field, cause, mixed);
        self.page.words(
            NAME,
            4,
            &[
                (Ink::Plain, format!("{label}  ")),
                (Ink::Remove, old),
                (Ink::Plain, " -> ".to_owned()),
                (Ink::Add, new),
                (Ink::Dim, remark.to_owned()),
            ],
        );
    }

    fn compound(&mut self, field: Field, before: &Resource, after: &Resource) {
        let account = self.plan.account.clone();
        match (field, before, after) {
            (Field::Document, Resource::Policy(before), Resource::Policy(after)) => {
                let verbose = self.setting.verbose;
                document::difference(self.page, CONTENT, &before.document, &after.document, verbose);
            }
            (Field::Trust, Resource::Role(before), Resource::Role(after)) => {
                let said = trust::difference(self.page, CONTENT, &before.trust, &after.trust, &account);
                if !said || self.setting.verbose {
                    document::difference(
                        self.page,
                        CONTENT,
                        &before.trust,
                        &after.trust,
                        self.setting.verbose,
                    );
                }
            }
            (Field::Policies, _, _) => {
                let names = |resource: &Resource| -> BTreeSet<String> {
                    resource.policies().into_iter().flatten().map(|arn| policy(arn, &account)).collect()
                };
                self.set(&names(before), &names(after));
            }
            (Field::Groups, Resource::User(before), Resource::User(after)) => {
                let names = |groups: &BTreeSet<_>| groups.iter().map(ToString::to_string).collect();
                self.set(&names(&before.groups), &names(&after.groups));
            }
            (Field::Members, Resource::Group(before), Resource::Group(after)) => {
                let names = |members: &BTreeSet<_>| members.iter().map(ToString::to_string).collect();
                self.set(&names(&before.members), &names(&after.members));
            }
            (Field::InlinePolicies, _, _) => {
                let none = BTreeMap::new();
                let (old, new) = (before.inline_policies(), after.inline_policies());
                self.inline(old.unwrap_or(&none), new.unwrap_or(&none));
            }
            (Field::ClientIds, Resource::OidcProvider(before), Resource::OidcProvider(after)) => {
                self.set(&before.client_ids, &after.client_ids);
            }
            (Field::Thumbprints, Resource::OidcProvider(before), Resource::OidcProvider(after)) => {
                let none = BTreeSet::new();
                let (old, new) = (before.thumbprints.as_ref(), after.thumbprints.as_ref());
                self.set(old.unwrap_or(&none), new.unwrap_or(&none));
            }
            (Field::Metadata, Resource::SamlProvider(before), Resource::SamlProvider(after)) => {
                metadata::difference(self.page, CONTENT, &before.metadata, &after.metadata);
            }
            (Field::Tags, _, _) => self.tags(tags(before), tags(after)),
            _ => {}
        }
    }

    fn set(&mut self, before: &BTreeSet<String>, after: &BTreeSet<String>) {
        for name in after.difference(before) {
            self.page.words(CONTENT, 4, &[(Ink::Add, "+ "), (Ink::Plain, name.as_str())]);
        }
        for name in before.difference(after) {
            self.page.words(CONTENT, 4, &[(Ink::Remove, "- "), (Ink::Plain, name.as_str())]);
        }
    }

    fn inline(&mut self, before: &BTreeMap<PolicyName, Document>, after: &BTreeMap<PolicyName, Document>) {
        let names: BTreeSet<&PolicyName> = before.keys().chain(after.keys()).collect();
        for name in names {
            let title = |page: &mut Page, ink, mark: &str| {
                page.line(CONTENT, &[(ink, format!("{mark} ")), (Ink::Plain, name.to_string())]);
            };
            let indent = CONTENT + 4;
            match (before.get(name), after.get(name)) {
                (Some(old), Some(new)) if old != new => {
                    title(self.page, Ink::Change, "~");
                    document::difference(self.page, indent, old, new, self.setting.verbose);
                }
                (None, Some(new)) => {
                    title(self.page, Ink::Add, "+");
                    document::whole(self.page, indent, "+", Ink::Add, new);
                }
                (Some(old), None) => {
                    title(self.page, Ink::Remove, "-");
                    document::whole(self.page, indent, "-", Ink::Remove, old);
                }
                _ => {}
            }
        }
    }

    fn tags(&mut self, before: &Tags, after: &Tags) {
        for (key, value) in &after.0 {
            let line = match before.0.get(key) {
                Some(old) if old == value => continue,
                Some(old) => (Ink::Change, "~ ", format!("{key}: {old} -> {value}")),
                None => (Ink::Add, "+ ", format!("{key}: {value}")),
            };
            self.page.words(CONTENT, 4, &[(line.0, line.1), (Ink::Plain, line.2.as_str())]);
        }
        for (key, value) in before.0.iter().filter(|(key, _)| !after.0.contains_key(*key)) {
            self.page.words(
                CONTENT,
                4,
                &[(Ink::Remove, "- ".to_owned()), (Ink::Plain, format!("{key}: {value}"))],
            );
        }
    }

    /// Something that comes or goes whole.
    fn whole(&mut self, resource: &Resource, mark: &str, ink: Ink) {
        let account = self.plan.account.clone();
        let mut facts: Vec<(&str, String)> = Vec::new();
        if let Some(path) = resource.path().filter(|path| path.as_str() != "/") {
            facts.push(("path", path.to_string()));
        }
        match resource {
            Resource::Policy(value) if !value.description.is_empty() => {
                facts.push(("description", value.description.clone()));
            }
            Resource::Role(value) => {
                if !value.description.is_empty() {
                    facts.push(("description", value.description.clone()));
                }
                if value.max_session_duration != iamctl_model::SessionDuration::DEFAULT {
                    facts.push(("longest session", value.max_session_duration.to_string()));
                }
            }
            Resource::User(value) if !value.groups.is_empty() => {
                let groups: Vec<String> = value.groups.iter().map(ToString::to_string).collect();
                facts.push(("groups", groups.join(", ")));
            }
            Resource::InstanceProfile(value) => {
                facts.extend(value.role.as_ref().map(|role| ("role", role.to_string())));
            }
            Resource::SamlProvider(value) => facts.extend(metadata::facts(&value.metadata)),
            Resource::ServiceLinkedRole(value) => {
                facts.extend(value.description.clone().map(|text| ("description", text)));
            }
            Resource::OidcProvider(value) => {
                let list = |items: &BTreeSet<String>| Vec::from_iter(items.iter().cloned()).join(", ");
                let client_ids = Some(&value.client_ids).filter(|ids| !ids.is_empty());
                facts.extend(client_ids.map(|ids| ("client ids", list(ids))));
                facts.extend(value.thumbprints.as_ref().map(|items| ("thumbprints", list(items))));
            }
            Resource::AccountAlias(_) => facts.push(("alias", setting(Field::Alias, resource))),
            Resource::PasswordPolicy(_) => {
                let said = PASSWORD_FIELDS.into_iter().map(|field| (words(field), setting(field, resource)));
                // What it does not demand goes without saying.
                facts.extend(said.filter(|(_, value)| !matches!(value.as_str(), "no" | "none")));
            }
            _ => {}
        }
        if let Some(policies) = resource.policies().filter(|policies| !policies.is_empty()) {
            let names: Vec<String> = policies.iter().map(|arn| policy(arn, &account)).collect();
            facts.push(("policies", names.join(", ")));
        }
        if let Some(boundary) = resource.permissions_boundary() {
            facts.push(("permissions boundary", policy(boundary, &account)));
        }
        let tags: Vec<String> =
            tags(resource).0.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        if !tags.is_empty() {
            facts.push(("tags", tags.join(", ")));
        }
        for (name, value) in facts {
            self.page.words(NAME, 4, &[(Ink::Dim, format!("{name}  ")), (Ink::Plain, value)]);
        }
        match resource {
            Resource::Policy(value) => document::whole(self.page, NAME, mark, ink, &value.document),
            Resource::Role(value) => {
                if !trust::whole(self.page, NAME, mark, ink, &value.trust, &account) {
                    document::whole(self.page, NAME, mark, ink, &value.trust);
                }
            }
            Resource::Group(_)
            | Resource::User(_)
            | Resource::InstanceProfile(_)
            | Resource::OidcProvider(_)
            | Resource::SamlProvider(_)
            | Resource::ServiceLinkedRole(_)
            | Resource::AccountAlias(_)
            | Resource::PasswordPolicy(_) => {}
        }
        for (name, inline) in resource.inline_policies().into_iter().flatten() {
            self.page.line(NAME, &[(Ink::Dim, "inline policy  "), (Ink::Plain, name.as_str())]);
            document::whole(self.page, CONTENT, mark, ink, inline);
        }
    }
}

/// What a password policy says, in the order in which it is shown.
const PASSWORD_FIELDS: [Field; 9] = [
    Field::MinimumPasswordLength,
    Field::RequireSymbols,
    Field::RequireNumbers,
    Field::RequireUppercaseCharacters,
    Field::RequireLowercaseCharacters,
    Field::AllowUsersToChangePassword,
    Field::MaxPasswordAge,
    Field::PasswordReusePrevention,
    Field::HardExpiry,
];

/// The fields of settings, for people.
fn words(field: Field) -> &'static str {
    match field {
        Field::MinimumPasswordLength => "minimum length",
        Field::RequireSymbols => "symbols required",
        Field::RequireNumbers => "numbers required",
        Field::RequireUppercaseCharacters => "upper-case letters required",
        Field::RequireLowercaseCharacters => "lower-case letters required",
        Field::AllowUsersToChangePassword => "users may change their own",
        Field::MaxPasswordAge => "expire after",
        Field::PasswordReusePrevention => "former passwords refused",
        Field::HardExpiry => "only an administrator replaces expired ones",
        other => other.as_str(),
    }
}

/// What a setting has in a field.
fn setting(field: Field, of: &Resource) -> String {
    let policy = match of {
        Resource::AccountAlias(alias) => return alias.alias.to_string(),
        Resource::PasswordPolicy(policy) => policy,
        _ => return String::new(),
    };
    let truth = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    match field {
        Field::MinimumPasswordLength => policy.minimum_password_length.to_string(),
        Field::RequireSymbols => truth(policy.require_symbols),
        Field::RequireNumbers => truth(policy.require_numbers),
        Field::RequireUppercaseCharacters => truth(policy.require_uppercase_characters),
        Field::RequireLowercaseCharacters => truth(policy.require_lowercase_characters),
        Field::AllowUsersToChangePassword => truth(policy.allow_users_to_change_password),
        Field::MaxPasswordAge => policy.max_password_age.map_or("none".to_owned(), |age| match age.get() {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        }),
        Field::PasswordReusePrevention => {
            policy.password_reuse_prevention.map_or("none".to_owned(), |count| count.to_string())
        }
        Field::HardExpiry => truth(policy.hard_expiry),
        _ => String::new(),
    }
}

/// A field's name for people, and what is to be said of its cause where the thing as a whole does not
/// say it.
fn label(field: Field, cause: Cause, mixed: bool) -> (&'static str, &'static str) {
    let label = match field {
        Field::Trust => "who may assume it",
        Field::MaxSessionDuration => "longest session",
        Field::PermissionsBoundary => "permissions boundary",
        Field::InlinePolicies => "inline policies",
        Field::ClientIds => "client ids",
        other => words(other),
    };
    let remark = match cause {
        Cause::Drift if mixed => "  changed in the account",
        Cause::Conflict => "  changed in the manifest and in the account",
        Cause::Ours | Cause::Drift => "",
    };
    (label, remark)
}

fn tags(resource: &Resource) -> &Tags {
    static NONE: Tags = Tags(BTreeMap::new());
    resource.tags().unwrap_or(&NONE)
}
