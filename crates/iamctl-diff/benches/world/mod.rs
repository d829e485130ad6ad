//! Large manifests, and accounts that are as they say or otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;

use iamctl_diff::{Inputs, MasterCopyState, plan};
use iamctl_model::{
    Account, AccountId, Guard, HazardKind, Live, Observed, Owned, Ownership, Partition, PolicyVersion,
    Resource, SessionDuration, VersionId,
};
use iamctl_policy::Document;
use iamctl_spec::{FilesInMemory, Manifest, Options, parse};
use iamctl_testing::MemoryAccount;

pub(crate) const HEAD: &str = "version: 1\nname: large\naccount: \"123456789012\"\nmaster_copy: {bucket: some-bucket, region: eu-west-1}\n";

pub(crate) fn account() -> Account {
    Account { id: AccountId::parse("123456789012").unwrap(), partition: Partition::aws() }
}

/// As many users, policies and roles, three policies on every role; `more` is added to the actions.
pub(crate) fn text(count: usize, more: &str) -> String {
    let mut text = format!("{HEAD}users:\n");
    for n in 0..count {
        writeln!(text, "  user{n}: {{tags: {{team: t{}}}}}", n % 7).unwrap();
    }
    text.push_str("policies:\n");
    for n in 0..count {
        writeln!(
            text,
            "  policy{n}:\n    document:\n      Version: \"2012-10-17\"\n      Statement:\n        - Effect: Allow\n          \
             Action: [\"s3:Get*\", \"s3:List*\", \"ec2:Describe*\"{more}]\n          Resource: \"arn:aws:s3:::bucket{n}/*\""
        )
        .unwrap();
    }
    text.push_str("roles:\n");
    for n in 0..count {
        let policies: Vec<String> = (0..3).map(|at| format!("policy{}", (n + at) % count)).collect();
        writeln!(
            text,
            "  role{n}:\n    trust:\n      - users: [user{n}]\n        mfa: required\n    policies: [{}]",
            policies.join(", ")
        )
        .unwrap();
    }
    text
}

/// Users in ten of a tenth as many groups; each group has one policy, which `turn` chooses.
pub(crate) fn groups(count: usize, turn: usize) -> Manifest {
    let groups = count / 10;
    let mut text = format!("{HEAD}policies:\n");
    for n in 0..2 {
        writeln!(
            text,
            "  policy{n}: {{document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Action: \"s3:Get*\", Resource: \"arn:aws:s3:::b{n}/*\"}}]}}}}"
        )
        .unwrap();
    }
    text.push_str("groups:\n");
    for n in 0..groups {
        writeln!(text, "  group{n}: {{policies: [policy{}]}}", (n + turn) % 2).unwrap();
    }
    text.push_str("users:\n");
    for n in 0..count {
        let of: Vec<String> = (0..10).map(|at| format!("group{}", (n + at) % groups)).collect();
        writeln!(text, "  user{n}: {{groups: [{}]}}", of.join(", ")).unwrap();
    }
    read(&text)
}

/// Roles of which each trusts the one before, and the first one the last.
pub(crate) fn chain_of_roles(count: usize) -> String {
    let mut text = format!("{HEAD}roles:\n");
    for n in 0..count {
        writeln!(text, "  role{n}: {{trust: [{{roles: [role{}]}}]}}", (n + count - 1) % count).unwrap();
    }
    text
}

pub(crate) fn read(text: &str) -> Manifest {
    let files = FilesInMemory::new().with("m.yaml", text);
    let options = Options { account: Some(account()), ..Options::default() };
    parse(&files, "m.yaml", &options).unwrap_or_else(|rejected| panic!("{:?}", rejected.diagnostics))
}

/// A manifest and an account that is as it says.
pub(crate) struct Settled {
    pub(crate) text: String,
    pub(crate) manifest: Manifest,
    pub(crate) live: Live,
    pub(crate) ownership: Ownership,
}

pub(crate) fn inputs(settled: &Settled) -> Inputs<'_> {
    static NO_GUARDS: BTreeSet<Guard> = BTreeSet::new();
    static NO_HAZARDS: BTreeSet<HazardKind> = BTreeSet::new();
    Inputs {
        desired: &settled.manifest.desired,
        live: &settled.live,
        ownership: &settled.ownership,
        unfinished: &[],
        siblings: &[],
        master_copy: MasterCopyState {
            bucket_exists: true,
            has_head: true,
            is_renamed: false,
            manifest_is_stored: true,
        },
        caller: None,
        allow: &NO_GUARDS,
        deny: &NO_HAZARDS,
    }
}

pub(crate) fn settled(count: usize) -> &'static Settled {
    static KNOWN: Mutex<BTreeMap<usize, &'static Settled>> = Mutex::new(BTreeMap::new());
    KNOWN.lock().unwrap().entry(count).or_insert_with(|| {
        let text = text(count, "");
        let manifest = read(&text);
        let (live, ownership) = applied(&mut MemoryAccount::empty(account()), &manifest);
        Box::leak(Box::new(Settled { text, manifest, live, ownership }))
    })
}

/// Carries out a manifest in an empty account.
pub(crate) fn applied(account: &mut MemoryAccount, manifest: &Manifest) -> (Live, Ownership) {
    let nothing = Settled {
        text: String::new(),
        manifest: manifest.clone(),
        live: account.live().clone(),
        ownership: Ownership::default(),
    };
    for step in plan(&inputs(&nothing)).plan.steps {
        account.perform(&step.action).unwrap();
    }
    let live = account.live().clone();
    let owned = |resource: &Resource, address| {
        let id = live.id(address).unwrap().clone();
        Owned { id, protect: false, last_applied: resource.clone() }
    };
    let managed = manifest.desired.managed.iter();
    let owned = managed.map(|(address, managed)| (address.clone(), owned(&managed.value, address)));
    let ownership = Ownership(owned.collect());
    (live, ownership)
}

/// With four old versions of every policy.
pub(crate) fn with_old_versions(live: &Live) -> Live {
    let mut live = live.clone();
    for policy in live.policies.values_mut() {
        for n in 10..14 {
            policy.versions.push(PolicyVersion {
                id: VersionId(format!("v{n}")),
                is_default: false,
                created: policy.created,
                document: document(&format!("arn:aws:s3:::old{n}/*")),
            });
        }
    }
    live
}

/// With other documents, and shorter sessions.
pub(crate) fn drifted(live: &Live) -> Live {
    let mut live = live.clone();
    for (name, policy) in &mut live.policies {
        for version in &mut policy.versions {
            version.document = document(&format!("arn:aws:s3:::bucket-of-{name}/*"));
        }
    }
    for role in live.roles.values_mut() {
        if let Observed::Read(details) = &mut role.details {
            details.max_session_duration = SessionDuration::from_secs(7_200).unwrap();
        }
    }
    live
}

fn document(resource: &str) -> Document {
    Document::from_stored(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:Get*","Resource":"{resource}"}}]}}"#
    ))
}
