//! What questions about access are asked of: the manifest, an account, or what will be there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use iamctl_access::{Access, AccessChange, Checked, Known};
use iamctl_data::{managed_policies, services};
use iamctl_model::{
    Account, AccountId, Address, ChangeAction, Desired, Guard, Live, Organization, Partition, Plan, Refusal,
    Resource, TestPrincipalKind,
};
use iamctl_policy::Sources;
use iamctl_spec::Manifest;

use crate::cli::{AccessHazard, Global, Limits};
use crate::context::{Session, tell_endpoints, without_manifest};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::render::names::list;
use crate::render::page::Ink;
use crate::render::tests;
use crate::terminal::Terminal;
use crate::{offline, organization};

/// How many names a refusal tells.
const MOST_REFUSED: usize = 6;

/// Where to look instead of at the manifest alone.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Of {
    /// Asks about a saved account, without AWS: a snapshot, or the JSON of
    /// `aws iam get-account-authorization-details`
    #[arg(long, value_name = "FILE", conflicts_with = "account")]
    live: Option<PathBuf>,

    /// Asks about the account as it is now
    #[arg(long)]
    account: bool,

    /// Answers within the policies of the organisation that this file holds, as JSON:
    /// `{"scp": [[DOCUMENT…]…], "rcp": [[DOCUMENT…]…]}`, one list for each level, the root first
    #[arg(long, value_name = "FILE")]
    organization: Option<PathBuf>,
}

/// What is asked.
pub(crate) struct Subject {
    pub(crate) access: Access,
    /// The texts that the statements stand in, where they come from the manifest.
    pub(crate) sources: Option<Sources>,
    /// `manifest`, `live`, or `planned`.
    pub(crate) of: &'static str,
}

impl Of {
    /// What there is: the account, where one is named, and otherwise what the manifest defines.
    pub(crate) async fn subject(&self, global: &Global, terminal: Terminal) -> Result<Subject, Failure> {
        let organization = self.organization()?;
        let live = match (&self.live, self.account) {
            (Some(path), _) => offline::read(path)?.live,
            (None, true) => read_account(global, terminal).await?,
            (None, false) => {
                let manifest = Loader::new(global, terminal)?.load(None)?;
                let access = Access::of_manifest(&manifest.desired, &account(&manifest)?);
                let access = within(access, organization);
                return Ok(Subject { access, sources: Some(manifest.sources), of: "manifest" });
            }
        };
        Ok(Subject { access: within(Access::of_live(&live), organization), sources: None, of: "live" })
    }

    /// What is asked, as it is or as it is planned.
    pub(crate) async fn asked(
        &self,
        is_planned: bool,
        global: &Global,
        terminal: Terminal,
    ) -> Result<Subject, Failure> {
        if !is_planned {
            return self.subject(global, terminal).await;
        }
        if !self.is_account() {
            return Err(Failure::new(Exit::Usage, "`--planned` needs `--live FILE` or `--account`")
                .help("without them, the manifest alone is asked"));
        }
        let (manifest, access, of) = self.planned(global, terminal).await?;
        Ok(Subject { access, sources: Some(manifest.sources), of })
    }

    /// What there will be when the manifest is applied, as far as it is known.
    pub(crate) async fn planned(
        &self,
        global: &Global,
        terminal: Terminal,
    ) -> Result<(Manifest, Access, &'static str), Failure> {
        let organization = self.organization()?;
        let loader = Loader::new(global, terminal)?;
        let limits = Default::default();
        let (manifest, access, of) = match (&self.live, self.account) {
            (Some(path), _) => {
                let (manifest, plan, live) = offline::plan(path, &loader, &limits)?;
                let access = planned(&manifest, &live, &plan);
                (manifest, access, "planned")
            }
            (None, true) => {
                let session = Session::begin(global, &loader, terminal).await?;
                let observed = session.observe().await?;
                let plan = session.plan(&observed, &limits).plan;
                let access = planned(&session.manifest, &observed.live, &plan);
                (session.manifest, access, "planned")
            }
            (None, false) => {
                let manifest = loader.load(None)?;
                let access = Access::of_manifest(&manifest.desired, &account(&manifest)?);
                (manifest, access, "manifest")
            }
        };
        Ok((manifest, within(access, organization), of))
    }

    fn organization(&self) -> Result<Option<Organization>, Failure> {
        self.organization.as_deref().map(organization::read).transpose()
    }

    /// Whether anything but the manifest is looked at.
    pub(crate) fn is_account(&self) -> bool {
        self.account || self.live.is_some()
    }
}

/// Reads the account, whether or not there is a manifest for it.
async fn read_account(global: &Global, terminal: Terminal) -> Result<Live, Failure> {
    let aws = iamctl_aws::Aws::connect(&without_manifest(global)).await?;
    tell_endpoints(&aws, terminal);
    let account = aws.caller().await?.account;
    Ok(aws.read_live(&account, &iamctl_aws::Scope::default()).await?)
}

fn within(access: Access, organization: Option<Organization>) -> Access {
    match organization {
        Some(organization) => access.within(organization),
        None => access,
    }
}

/// The account that the manifest was read for. Where none is known, a stand-in does as long as no account is
/// written out in the manifest: it might be the same one, and would count as another.
fn account(manifest: &Manifest) -> Result<Account, Failure> {
    let partition = Partition::aws();
    let texts = texts(&manifest.desired);
    let refuse = |why: String, what: &str| {
        Err(Failure::new(Exit::Invalid, why)
            .help(format!("{what}, or ask about the account with `--account` or `--live FILE`")))
    };
    if let Some(other) = texts.iter().find_map(|text| other_partition(text, &partition)) {
        let why = format!("`{other}` is of another partition than the one that is meant without an account");
        return refuse(why, "write `${partition}` for it");
    }
    match manifest.desired.account.clone() {
        Some(id) => Ok(Account { id, partition }),
        None => match texts.iter().find_map(|text| account_number(text)) {
            Some(number) => refuse(
                format!("whether account {number} is the manifest's own or another one is not known"),
                "name the manifest's account in `account:`",
            ),
            None => Ok(Account { id: AccountId::stand_in(), partition }),
        },
    }
}

/// All that can name an account.
fn texts(desired: &Desired) -> Vec<String> {
    let mut texts = Vec::new();
    for managed in desired.managed.values() {
        match &managed.value {
            Resource::Policy(policy) => texts.push(policy.document.to_compact_string()),
            Resource::Role(role) => texts.push(role.trust.to_compact_string()),
            _ => {}
        }
        let inline = managed.value.inline_policies().into_iter().flatten();
        texts.extend(inline.map(|(_, document)| document.to_compact_string()));
    }
    let organization = desired.organization.iter();
    texts.extend(organization.flat_map(|one| &one.management_account).map(ToString::to_string));
    for test in &desired.tests {
        texts.extend(test.resources.iter().map(|on| on.arn.clone()));
        texts.extend(test.principals.iter().filter_map(|principal| match &principal.who {
            TestPrincipalKind::Arn(arn) => Some(arn.clone()),
            _ => None,
        }));
    }
    texts
}

/// The first account number in a text: twelve digits and no more.
fn account_number(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit())
        .find(|digits| digits.len() == 12 && *digits != AccountId::stand_in().as_str())
}

/// The first beginning of an ARN of another partition.
fn other_partition(text: &str, partition: &Partition) -> Option<String> {
    let of = text.split("arn:aws-").skip(1).find_map(|rest| rest.split_once(':'))?;
    let other = format!("aws-{}", of.0);
    (other != partition.as_str()).then(|| format!("arn:{other}:"))
}

/// The account after a plan.
pub(crate) fn planned(manifest: &Manifest, live: &Live, plan: &Plan) -> Access {
    let gone: BTreeSet<Address> = plan
        .changes
        .iter()
        .filter(|change| change.action == ChangeAction::Delete)
        .map(|change| change.address.clone())
        .collect();
    Access::planned(&manifest.desired, live, &gone)
}

/// What became of the manifest's tests.
#[derive(Default)]
pub(crate) struct Tested {
    pub(crate) checked: Vec<Checked>,
    pub(crate) is_within_scp: bool,
    pub(crate) tables: serde_json::Value,
    /// What no answer knows of.
    limits: String,
}

impl Tested {
    pub(crate) fn is_passed(&self) -> bool {
        self.checked.iter().all(Checked::is_passed)
    }

    /// Says that all passed, and what no answer knows of; without tests, how old the table is by which access is told.
    pub(crate) fn tell(&self, access: &AccessChange, terminal: Terminal) {
        let text = match (self.checked.is_empty(), self.is_passed()) {
            (true, _) if access.is_empty() => return,
            (true, _) => {
                format!("access is told by AWS's actions as they were on {}", services().provenance().date)
            }
            (_, true) => format!("{}; {}", tests::summary(&self.checked), self.limits),
            (_, false) => self.limits.clone(),
        };
        tell_dimly(&text, terminal);
    }
}

/// The manifest's tests, held against the account after a plan. Without tests, nothing is looked at.
pub(crate) fn check(manifest: &Manifest, live: &Live, plan: &Plan) -> Tested {
    if manifest.desired.tests.is_empty() {
        return Tested::default();
    }
    let access = planned(manifest, live, plan);
    let checked = manifest.desired.tests.iter().map(|test| access.check(test)).collect();
    Tested {
        checked,
        is_within_scp: is_within_scp(&access),
        tables: tables(&access),
        limits: limits(&access),
    }
}

/// Whether answers are those after service control policies.
pub(crate) fn is_within_scp(access: &Access) -> bool {
    let account = &access.account().id;
    access.organization().is_some_and(|known| known.has_scp() || !known.binds(account))
}

/// The days up to which the tables know AWS that answers rest on; nothing for one that no answer rests on.
pub(crate) fn tables(access: &Access) -> serde_json::Value {
    let used = access.used_policies_of_aws();
    serde_json::json!({
        "actions": services().provenance().date,
        "managed_policies": used.then(|| managed_policies().provenance().date),
    })
}

/// What a plan does to access; where `--deny` names some of that, the plan is refused.
pub(crate) fn access_change(
    manifest: &Manifest,
    live: &Live,
    plan: &mut Plan,
    limits: &Limits,
) -> AccessChange {
    let is_touched = plan.changes.iter().any(|change| change.address != Address::MasterCopy);
    if !is_touched {
        return AccessChange::default();
    }
    // What the manifest says of the organisation is so before the plan as well as after it.
    let before = within(Access::of_live(live), manifest.desired.organization.clone());
    let change = before.change_to(&planned(manifest, live, plan));
    for hazard in limits.denied_access() {
        plan.refusals.extend(refusal(&change, hazard));
    }
    change
}

/// Why a hazard refuses a plan; nothing where it is sure that there is none. A guard fails closed: a gain that cannot
/// be excluded is refused like one that is there.
fn refusal(change: &AccessChange, hazard: AccessHazard) -> Option<Refusal> {
    let known = |gains: Known, loses: Known| match hazard {
        AccessHazard::Widens => gains,
        AccessHazard::Narrows => loses,
        AccessHazard::Unknown if gains == Known::Unknown || loses == Known::Unknown => Known::Unknown,
        AccessHazard::Unknown => Known::No,
    };
    let such = |wanted: Known| -> BTreeSet<Address> {
        let all = change.verdicts().filter(|(_, gains, loses)| known(*gains, *loses) == wanted);
        all.map(|(address, ..)| address).collect()
    };
    let (sure, open) = (such(Known::Yes), such(Known::Unknown));
    let open: BTreeSet<Address> = open.difference(&sure).cloned().collect();
    let first = sure.first().or(open.first())?.clone();
    let (widens, may_widen) = match hazard {
        AccessHazard::Widens => ("access widens", "that access widens cannot be excluded"),
        AccessHazard::Narrows => ("access narrows", "that access narrows cannot be excluded"),
        AccessHazard::Unknown => ("", "what becomes of access is not known for sure"),
    };
    let told = [(sure, widens), (open, may_widen)];
    let told = told.iter().filter(|(addresses, _)| !addresses.is_empty());
    let told: Vec<String> = told.map(|(addresses, what)| format!("{what}: {}", names(addresses))).collect();
    let help =
        format!("change the plan so that it does not happen, or leave out `--deny {}`", hazard.as_str());
    Some(Refusal { guard: Guard::Hazard, address: first, message: told.join("; "), help })
}

/// A few of them by name, the rest counted.
fn names(addresses: &BTreeSet<Address>) -> String {
    let more = addresses.len().saturating_sub(MOST_REFUSED);
    let mut shown: Vec<String> = addresses.iter().take(MOST_REFUSED).map(ToString::to_string).collect();
    shown.extend((more > 0).then(|| format!("{more} more")));
    list(&shown)
}

/// Says what no answer knows of.
pub(crate) fn tell_limits(access: &Access, terminal: Terminal) {
    tell_dimly(&limits(access), terminal);
}

fn tell_dimly(text: &str, terminal: Terminal) {
    let mut page = terminal.page();
    page.words(0, 6, &[(Ink::Dim, "note: "), (Ink::Dim, text)]);
    terminal.tell(&page);
}

/// What no answer knows of, and the days of the tables that it rests on.
fn limits(access: &Access) -> String {
    let account = &access.account().id;
    let of_organization = match access.organization() {
        Some(known) if !known.binds(account) => "without policies of the organisation, which bind nobody in \
             the account that manages it"
            .to_owned(),
        Some(known) if known.has_scp() => "within the service control policies that are given".to_owned(),
        _ => "before service control policies".to_owned(),
    };
    let mut text = format!(
        "answers are those {of_organization}, and without policies of resources other than roles; AWS's \
         actions are those of {}",
        services().provenance().date
    );
    if access.used_policies_of_aws() {
        text.push_str(&format!(", its own policies those of {}", managed_policies().provenance().date));
    }
    text
}
