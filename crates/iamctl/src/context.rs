//! From the command line to a plan: what `plan`, `apply` and others have in common.

use std::collections::BTreeSet;

use iamctl_apply::{Basis, BucketState, ManifestFiles, MasterStore, Memory};
use iamctl_aws::{Aws, AwsBucket, Scope};
use iamctl_diff::{
    Inputs, MasterCopyState, Planned, leaves_unexplained, may_overlap, needs_quotas, plan, users_to_delete,
};
use iamctl_model::{Account, Address, Caller, Kind, Live, ManifestName, Ownership, Sibling, UnfinishedRun};
use iamctl_spec::Manifest;

use crate::catch_up::CatchUp;
use crate::cli::{Global, Limits};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::manifest::{Loader, stored_files};
use crate::render::page::Ink;
use crate::terminal::Terminal;

/// A connection to the account that the manifest is for.
pub(crate) struct Session {
    pub(crate) aws: Aws,
    pub(crate) caller: Caller,
    pub(crate) manifest: Manifest,
    pub(crate) files: ManifestFiles,
    pub(crate) bucket: AwsBucket,
    pub(crate) catch_up: CatchUp,
}

impl Session {
    /// Reads the manifest, which must be valid before anything is asked of AWS; signs in; and checks
    /// that the account is the one that the manifest is for.
    pub(crate) async fn begin(
        global: &Global,
        loader: &Loader<'_>,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let catch_up = CatchUp::from_environment(terminal)?;
        let offline = loader.load(None)?;
        let aws = Aws::connect(&iamctl_aws::Options {
            profile: global.profile.clone(),
            region: global.region.clone(),
            endpoint_url: global.endpoint_url.clone(),
            fallback_region: Some(offline.desired.master_copy.region.clone()),
        })
        .await?;
        tell_endpoints(&aws, terminal);
        let caller = aws.caller().await?;
        if let Some(expected) = offline.desired.account.as_ref().filter(|id| **id != caller.account.id) {
            return Err(Failure::new(
                Exit::Refused,
                format!(
                    "the manifest is for account {expected}, and these credentials are for account {}",
                    caller.account.id
                ),
            )
            .help(format!("you are signed in as {}", caller.arn))
            .help("sign in to the right account (`--profile`), or correct `account:` in the manifest"));
        }
        let manifest = loader.load_for(offline, &caller.account)?;
        let files = stored_files(&manifest)?;
        let bucket = aws.bucket(&manifest.desired.master_copy, &caller.account);
        Ok(Self { aws, caller, manifest, files, bucket, catch_up })
    }

    pub(crate) fn account(&self) -> &Account {
        &self.caller.account
    }

    /// The master copy of the manifest.
    pub(crate) fn store(&self) -> MasterStore<'_, AwsBucket> {
        let desired = &self.manifest.desired;
        MasterStore::new(
            &self.bucket,
            &desired.master_copy.prefix,
            self.caller.account.clone(),
            desired.name.clone(),
        )
        .renamed_from(desired.renamed_from.clone())
    }

    /// The master copy of a manifest of another name, in the same place.
    pub(crate) fn store_of(&self, name: ManifestName) -> MasterStore<'_, AwsBucket> {
        let prefix = &self.manifest.desired.master_copy.prefix;
        MasterStore::new(&self.bucket, prefix, self.caller.account.clone(), name)
    }

    /// Reads what the master copy remembers and what is in the account.
    pub(crate) async fn observe(&self) -> Result<Observed, Failure> {
        self.observe_also(None).await
    }

    /// Reads things of one kind as well when nothing of that kind is managed.
    pub(crate) async fn observe_also(&self, also: Option<Kind>) -> Result<Observed, Failure> {
        let store = self.store();
        let memory = store.read_memory().await?;
        let scope = self.scope(&memory.ownership, also);
        let mut live = self.read_live(&memory, &scope).await?;
        if memory.bucket == BucketState::Missing {
            if needs_quotas(&self.manifest.desired, &live, &memory.ownership) {
                self.aws.read_quotas(&mut live).await?;
            }
            return Ok(Observed { memory, live, unfinished: Vec::new(), siblings: Vec::new() });
        }
        let (desired, ownership) = (&self.manifest.desired, &memory.ownership);
        // Runs that were killed matter only where something is not as the head says.
        let settled = memory.last().filter(|head| head.unsettled.is_empty());
        let unfinished = match leaves_unexplained(desired, &live, ownership, settled.map(|head| head.written))
        {
            true => store.unfinished_runs(&memory).await?,
            false => Vec::new(),
        };
        // Nothing else told that there are any.
        if !live.has_read(Kind::InstanceProfile) && plans(&unfinished, Kind::InstanceProfile) {
            self.aws.read_instance_profiles(&mut live).await?;
        }
        if !live.has_read(Kind::OidcProvider) && plans(&unfinished, Kind::OidcProvider) {
            self.aws.read_oidc_providers(&mut live).await?;
            let all = live.oidc_providers.as_ref().into_iter().flatten().map(|(url, _)| url.clone());
            let all = all.collect();
            self.aws.read_oidc_provider_details(&mut live, &all).await?;
        }
        for kind in [Kind::AccountAlias, Kind::PasswordPolicy] {
            if !live.has_read(kind) && plans(&unfinished, kind) {
                self.aws.read_setting(&mut live, kind).await?;
            }
        }
        if !live.has_read(Kind::SamlProvider) && plans(&unfinished, Kind::SamlProvider) {
            self.aws.read_saml_providers(&mut live).await?;
            let all = live.saml_providers.as_ref().into_iter().flatten().map(|(name, _)| name.clone());
            let all = all.collect();
            self.aws.read_saml_provider_details(&mut live, &all).await?;
        }
        let siblings = match may_overlap(desired, &live, ownership, &unfinished) {
            true => store.read_siblings().await?,
            false => Vec::new(),
        };
        let deleted = users_to_delete(desired, &live, ownership, &unfinished, &siblings);
        self.aws.read_credentials(&mut live, &deleted).await?;
        if needs_quotas(desired, &live, ownership) {
            self.aws.read_quotas(&mut live).await?;
        }
        Ok(Observed { memory, live, unfinished, siblings })
    }

    /// What is worth calls of its own: kinds of which something is in the manifest or was managed last, and
    /// the tags of those things that have tags in the manifest or had them last.
    fn scope(&self, ownership: &Ownership, also: Option<Kind>) -> Scope {
        let wanted = self.manifest.desired.managed.iter().map(|(address, managed)| (address, &managed.value));
        let remembered = ownership.0.iter().map(|(address, owned)| (address, &owned.last_applied));
        let settings = self.manifest.desired.absent.iter().map(Address::kind).chain(also);
        let mut scope =
            Scope { settings: settings.filter(|kind| kind.is_setting()).collect(), ..Scope::default() };
        if also == Some(Kind::InstanceProfile) {
            scope.instance_profiles = Some(BTreeSet::new());
        }
        if also == Some(Kind::OidcProvider) {
            scope.oidc_providers = Some(BTreeSet::new());
        }
        if also == Some(Kind::SamlProvider) {
            scope.saml_providers = Some(BTreeSet::new());
        }
        for (address, resource) in wanted.chain(remembered) {
            let has_tags = resource.tags().is_some_and(|tags| !tags.is_empty());
            match address {
                Address::Policy(name) if has_tags => {
                    scope.tags_of_policies.insert(name.clone());
                }
                Address::InstanceProfile(name) => {
                    let tags_of = scope.instance_profiles.get_or_insert_default();
                    tags_of.extend(has_tags.then(|| name.clone()));
                }
                Address::OidcProvider(url) => {
                    scope.oidc_providers.get_or_insert_default().insert(url.clone());
                }
                Address::AccountAlias | Address::PasswordPolicy => {
                    scope.settings.insert(address.kind());
                }
                Address::SamlProvider(name) => {
                    scope.saml_providers.get_or_insert_default().insert(name.clone());
                }
                _ => {}
            }
        }
        scope
    }

    /// Makes the plan for what was observed.
    pub(crate) fn plan(&self, observed: &Observed, limits: &Limits) -> Planned {
        let memory = &observed.memory;
        let digest = self.files.digest();
        plan(&Inputs {
            desired: &self.manifest.desired,
            live: &observed.live,
            ownership: &memory.ownership,
            unfinished: &observed.unfinished,
            siblings: &observed.siblings,
            master_copy: MasterCopyState {
                bucket_exists: memory.bucket == BucketState::Ours,
                has_head: memory.last().is_some(),
                is_renamed: memory.renaming.is_some(),
                manifest_is_stored: memory
                    .head
                    .as_ref()
                    .is_some_and(|(head, _)| head.manifest_digest == *digest),
            },
            caller: Some(&self.caller),
            allow: &limits.allowed(),
            deny: &limits.denied(),
        })
    }

    /// What a run stands on.
    pub(crate) fn basis(&self, observed: &Observed, planned: &Planned) -> Basis {
        Basis::new(planned.ownership.clone(), &observed.live, &self.manifest.desired)
    }
}

/// Whether runs that were killed had to do with things of a kind.
fn plans(unfinished: &[UnfinishedRun], kind: Kind) -> bool {
    let mut changes = unfinished.iter().flat_map(|run| &run.plan.changes);
    changes.any(|change| change.address.kind() == kind)
}

/// What was read before a plan is made.
pub(crate) struct Observed {
    pub(crate) memory: Memory,
    pub(crate) live: Live,
    pub(crate) unfinished: Vec<UnfinishedRun>,
    pub(crate) siblings: Vec<Sibling>,
}

/// Where a Region is needed and none is set anywhere: IAM is the same in all of them.
pub(crate) const USUAL_REGION: &str = "us-east-1";

/// How AWS is reached by commands that need no manifest, which would name a Region.
pub(crate) fn without_manifest(global: &Global) -> iamctl_aws::Options {
    iamctl_aws::Options {
        profile: global.profile.clone(),
        region: global.region.clone(),
        endpoint_url: global.endpoint_url.clone(),
        fallback_region: Some(USUAL_REGION.to_owned()),
    }
}

/// Requests that do not go to AWS are worth a loud word.
pub(crate) fn tell_endpoints(aws: &Aws, terminal: Terminal) {
    let overrides = aws.endpoint_overrides();
    if overrides.is_empty() {
        return;
    }
    let mut urls: Vec<&str> = overrides.iter().map(|other| other.url.as_str()).collect();
    urls.dedup();
    let mut page = terminal.page();
    let text = format!("requests go to {}, not to AWS", urls.join(" and "));
    page.words(0, 6, &[(Ink::Caution, "note: "), (Ink::Plain, &text)]);
    terminal.tell(&page);
}
