//! `import`: a manifest of what is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use iamctl_import::{Drifted, Head, Imported, LeftOut, Options, Selection, import as write_manifest};
use iamctl_model::{
    Account, Address, Cause, Change, ChangeAction, Guard, Kind, Live, ManifestName, MasterCopy, Observed,
    Ownership, Pattern, Refusal,
};

use crate::cli::{Format, Global, Limits};
use crate::commands::init::manifest_name;
use crate::commands::taken::refuse_taken;
use crate::commands::unmanaged::KindName;
use crate::context::Session;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::Loader;
use crate::offline;
use crate::output::{refuse_to_overwrite, replace, write_new};
use crate::render::import::{MOST_NAMED, report, report_json, update_report, update_report_json};
use crate::terminal::Terminal;

/// Writes a manifest of what is in the account, to take it over without changing it
///
/// The manifest says exactly what is there: its plan adopts everything and changes nothing, and its
/// first apply makes no call to IAM. What belongs to AWS is left out, as is what the options do not
/// choose. An existing file is never overwritten; with `--update` it is edited where the account drifted
/// away from it, and keeps its comments and layout.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Only these things, such as `role/engineer`
    #[arg(value_name = "ADDRESS", value_parser = address)]
    addresses: Vec<Address>,

    /// Only things of these kinds
    #[arg(long = "kind", value_enum, value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<KindName>,

    /// Only things whose path begins with this, such as `/team/`
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// Only things whose name matches this pattern, with `*` and `?`; repeatable
    #[arg(long = "name", value_name = "PATTERN")]
    names: Vec<String>,

    /// Only things with this tag; repeatable. Groups have no tags
    #[arg(long = "tag", value_name = "KEY[=VALUE]", value_parser = tag)]
    tags: Vec<(String, Option<String>)>,

    /// Writes long policy documents to files of their own, beside the manifest
    #[arg(long)]
    split: bool,

    /// Imports from a saved account, without AWS: a snapshot, or the JSON of
    /// `aws iam get-account-authorization-details`
    #[arg(long, value_name = "FILE")]
    live: Option<PathBuf>,

    /// The JSON of `aws iam list-roles`, for what the file of `--live` lacks
    #[arg(long, value_name = "FILE", requires = "live")]
    roles: Option<PathBuf>,

    /// Takes over into the manifest what drifted in the account, and edits nothing else of it
    #[arg(long, conflicts_with_all = ["kinds", "path", "names", "tags", "split", "live", "manifest_name", "bucket"])]
    update: bool,

    /// The manifest's name: tells it apart from others in the same bucket
    #[arg(long, value_name = "NAME", default_value = "my-account", value_parser = manifest_name)]
    manifest_name: ManifestName,

    /// The bucket of the master copy
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn tag(text: &str) -> Result<(String, Option<String>), String> {
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value.to_owned())),
        None => (text, None),
    };
    if key.is_empty() { Err("write KEY or KEY=VALUE".to_owned()) } else { Ok((key.to_owned(), value)) }
}

impl Import {
    fn selection(&self) -> Selection {
        Selection {
            addresses: self.addresses.clone(),
            kinds: self.kinds.iter().map(|kind| Kind::from(*kind)).collect(),
            path: self.path.clone(),
            names: self.names.iter().map(Pattern::new).collect(),
            tags: self.tags.clone(),
        }
    }
}

pub(crate) async fn import(args: &Import, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    if args.update {
        return take_over(&args.addresses, global, terminal).await;
    }
    if let Some(Address::ServiceLinkedRole(name)) =
        args.addresses.iter().find(|address| address.kind() == Kind::ServiceLinkedRole)
    {
        return Err(Failure::new(Exit::Failed, "service-linked roles are not imported: they belong to AWS")
            .help(format!("write it in the manifest: `service_linked_roles: {{{name}: {{}}}}`")));
    }
    refuse_to_overwrite(&global.file)?;
    let selection = args.selection();
    let (live, region, aws) = match &args.live {
        Some(path) => (from_file(path, args.roles.as_deref())?, global.region.clone(), None),
        None => {
            let (live, aws) = from_account(&selection, global, terminal).await?;
            (live, Some(aws.region().to_owned()), Some(aws))
        }
    };
    if let Some(missing) = selection.addresses.iter().find(|address| live.id(address).is_none()) {
        if args.live.is_some() && !is_read(&live, missing.kind()) {
            let message = format!("{missing} cannot be imported: the file has nothing of its kind");
            return Err(Failure::new(Exit::Failed, message).help(
                "import it from the account: the JSON of the AWS CLI lacks profiles, providers and settings",
            ));
        }
        return Err(Failure::new(
            Exit::Failed,
            format!("there is no {missing} in account {}", live.account.id),
        )
        .help("`iamctl unmanaged` lists what there is"));
    }
    let head = head(args, &live.account, region);
    if let Some(aws) = &aws {
        refuse_taken(aws, &live.account, &head.name, &head.master_copy, "--manifest-name").await?;
    }
    let imported =
        write_manifest(&live, &Options { head, selection, split: args.split }).map_err(|error| {
            Failure::new(Exit::Failed, "no manifest was written")
                .cause(error)
                .help("see `--bucket` and `--region`")
        })?;
    if imported.addresses.is_empty() && imported.not_chosen > 0 {
        return Err(nothing_chosen(&imported));
    }
    store(&imported, &global.file)?;
    match global.format {
        Format::Json => terminal.print_json(&report_json(&imported, &global.file)),
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            report(&mut page, &imported, &global.file);
            terminal.print(&page);
        }
    }
    Ok(Exit::Done)
}

/// The options choose nothing that can be in a manifest.
fn nothing_chosen(imported: &Imported) -> Failure {
    if imported.left_out.is_empty() {
        let failed = Failure::new(Exit::Failed, "nothing in the account is what the options choose").help(
            format!("{} things are there; paths begin with a slash, names are patterns", imported.not_chosen),
        );
        return match imported.of_aws {
            0 => failed,
            _ => failed.help("service-linked roles, and what is under `/aws-reserved/`, are never imported"),
        };
    }
    let failed = Failure::new(Exit::Failed, "nothing that the options choose can be imported");
    let reasons = imported.left_out.iter().take(MOST_NAMED);
    reasons.fold(failed, |failed, left| failed.cause(format!("{}: {}", left.address, left.reason)))
}

/// Whether things of a kind were read at all.
fn is_read(live: &Live, kind: Kind) -> bool {
    match kind {
        Kind::InstanceProfile => live.instance_profiles.as_ref().is_some(),
        Kind::OidcProvider => live.oidc_providers.as_ref().is_some(),
        Kind::SamlProvider => live.saml_providers.as_ref().is_some(),
        Kind::AccountAlias => live.account_alias != Observed::NotRead,
        Kind::PasswordPolicy => live.password_policy != Observed::NotRead,
        _ => true,
    }
}

fn from_file(path: &Path, roles: Option<&Path>) -> Result<Live, Failure> {
    let mut live = offline::read(path)?.live;
    if let Some(path) = roles {
        let failed = || Failure::new(Exit::Failed, format!("cannot read the roles in {}", path.display()));
        let text = offline::text(path).map_err(|error| failed().cause(error))?;
        iamctl_snapshot::add_role_details(&mut live, &text)
            .map_err(|error| failed().cause(error).help("save them with `aws iam list-roles`"))?;
    }
    Ok(live)
}

async fn from_account(
    selection: &Selection,
    global: &Global,
    terminal: Terminal,
) -> Result<(Live, iamctl_aws::Aws), Failure> {
    let aws = iamctl_aws::Aws::connect(&crate::context::without_manifest(global)).await?;
    crate::context::tell_endpoints(&aws, terminal);
    let account = aws.caller().await?.account;
    let mut live = aws.read_live(&account, &iamctl_aws::Scope::default()).await?;
    if selection.may_choose_kind(Kind::InstanceProfile) {
        aws.read_instance_profiles(&mut live).await?;
    }
    if selection.may_choose_kind(Kind::OidcProvider) {
        aws.read_oidc_providers(&mut live).await?;
    }
    for kind in [Kind::AccountAlias, Kind::PasswordPolicy] {
        if selection.may_choose_kind(kind) {
            aws.read_setting(&mut live, kind).await?;
        }
    }
    if selection.may_choose_kind(Kind::SamlProvider) {
        aws.read_saml_providers(&mut live).await?;
    }
    // Tags that cost a call each: only for those that may be imported.
    let policies: BTreeSet<_> = live
        .policies
        .iter()
        .filter(|(name, policy)| {
            policy.tags == Observed::NotRead && selection.may_choose(&live, &Address::Policy((*name).clone()))
        })
        .map(|(name, _)| name.clone())
        .collect();
    aws.read_policy_tags(&mut live, &policies).await?;
    let profiles = live.instance_profiles.as_ref().into_iter().flatten().map(|(name, _)| name);
    let profiles =
        profiles.filter(|name| selection.may_choose(&live, &Address::InstanceProfile((*name).clone())));
    let profiles = profiles.cloned().collect();
    aws.read_instance_profile_tags(&mut live, &profiles).await?;
    let providers = live.oidc_providers.as_ref().into_iter().flatten().map(|(url, _)| url);
    let providers =
        providers.filter(|url| selection.may_choose(&live, &Address::OidcProvider((*url).clone())));
    let providers = providers.cloned().collect();
    aws.read_oidc_provider_details(&mut live, &providers).await?;
    let providers = live.saml_providers.as_ref().into_iter().flatten().map(|(name, _)| name);
    let providers =
        providers.filter(|name| selection.may_choose(&live, &Address::SamlProvider((*name).clone())));
    let providers = providers.cloned().collect();
    aws.read_saml_provider_details(&mut live, &providers).await?;
    Ok((live, aws))
}

fn head(args: &Import, account: &Account, region: Option<String>) -> Head {
    let bucket = args.bucket.clone().unwrap_or_else(|| format!("iamctl-master-copy-{}", account.id));
    let master_copy = MasterCopy {
        bucket,
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        prefix: "iam/".to_owned(),
        owner: None,
        kms_key: None,
    };
    Head { name: args.manifest_name.clone(), master_copy }
}

/// Documents first, so that a manifest that is there has all that it names. One that is there already, with the same
/// text, will do.
fn store(imported: &Imported, manifest: &Path) -> Result<(), Failure> {
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let Some(((_, text), documents)) = imported.files.split_first() else { return Ok(()) };
    let mut files: Vec<_> = documents.iter().map(|(path, text)| (folder.join(path), text.as_str())).collect();
    files.retain(|(path, text)| fs::read_to_string(path).ok().as_deref() != Some(*text));
    files.push((manifest.to_owned(), text));
    write_new(&files)
}

/// Answers drift in the manifest: what it says of the things that drifted becomes what is there.
async fn take_over(only: &[Address], global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let loader = Loader::new(global, terminal)?;
    let session = Session::begin(global, &loader, terminal).await?;
    let observed = session.observe().await?;
    for address in only {
        let message = match (observed.live.id(address), session.manifest.desired.managed.get(address)) {
            (_, Some(_)) => continue,
            (Some(_), None) => format!("{address} is not in the manifest"),
            (None, None) => format!("there is no {address} in account {}", session.account().id),
        };
        return Err(Failure::new(Exit::Failed, message).help(
            "`--update` edits blocks that are there; `iamctl import ADDRESS -f FILE` writes a new one",
        ));
    }
    let plan = session.plan(&observed, &Limits::default()).plan;
    let drifted: Vec<Drifted> = plan
        .changes
        .iter()
        .filter(|change| only.is_empty() || only.contains(&change.address))
        .filter_map(drifted)
        .collect();
    let mut updated = loader.update(session.account(), &observed.live, &drifted)?;
    let explained = plan.refusals.iter().filter(|refusal| only.is_empty() || only.contains(&refusal.address));
    updated.left_out.extend(explained.filter_map(|refusal| unanswered(refusal, &observed.memory.ownership)));
    for (path, text) in &updated.files {
        replace(&loader.folder.path().join(path), text)?;
    }
    match global.format {
        Format::Json => terminal.print_json(&update_report_json(&updated)),
        Format::Text | Format::Markdown | Format::Sarif => {
            let mut page = terminal.page();
            update_report(&mut page, &updated);
            terminal.print(&page);
        }
    }
    Ok(if updated.left_out.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Drift that no edit of a block answers: a person has to decide what it means.
fn unanswered(refusal: &Refusal, ownership: &Ownership) -> Option<LeftOut> {
    let is_drift = match refusal.guard {
        Guard::Renamed | Guard::Conflict => true,
        // It was ours until it was deleted and made again.
        Guard::Adopt => ownership.0.contains_key(&refusal.address),
        _ => false,
    };
    let address = refusal.address.clone();
    let message = match refusal.message.strip_prefix(&format!("{address} ")) {
        Some(rest) => format!("it {rest}"),
        None => refusal.message.clone(),
    };
    is_drift.then(|| LeftOut { address, reason: format!("{message}: {}", refusal.help) })
}

/// What of a change came from the account.
fn drifted(change: &Change) -> Option<Drifted> {
    let address = change.address.clone();
    match change.action {
        ChangeAction::Create if change.cause == Cause::Drift => {
            Some(Drifted { address, fields: BTreeSet::new() })
        }
        ChangeAction::Update | ChangeAction::Blocked => {
            let fields = change.fields.iter().filter(|(_, cause)| **cause == Cause::Drift);
            let fields: BTreeSet<_> = fields.map(|(field, _)| *field).collect();
            (!fields.is_empty()).then_some(Drifted { address, fields })
        }
        _ => None,
    }
}
