//! One test's view of the world.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use fault_proxy::{Call, Proxy, Service};
use local_aws::{LocalAws, Options};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Account, Finished, Running, Terminal, program};

/// The manifest at the top of the repository.
const FOUNDING: &str = include_str!("../../desired-state.yaml");

/// An account, a folder, and a proxy in front of the local AWS. Nothing of it is shared with another test.
pub(crate) struct World {
    /// Between iamctl and the local AWS.
    pub(crate) proxy: Proxy,
    /// The twelve digits.
    pub(crate) account: String,
    folder: TempDir,
    credentials: Credentials,
    runtime: Runtime,
}

impl World {
    /// An empty account, and the founding manifest made for it.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(300_000_000_001);
        let account = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let credentials = runtime.block_on(credentials_for(&account));
        let proxy = Proxy::start(local_aws().address()).unwrap();
        let folder = TempDir::with_prefix("iamctl-tests-").unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        let world = Self { proxy, account, folder, credentials, runtime };
        world.write("desired-state.yaml", &world.own(FOUNDING));
        world
    }

    /// The founding case, applied. Calls so far are forgotten.
    pub(crate) fn founded() -> Self {
        let world = Self::new();
        world.iamctl(&["apply", "--yes"]).expect(0);
        world.proxy.clear();
        world
    }

    /// A manifest with account and bucket of this world.
    pub(crate) fn own(&self, manifest: &str) -> String {
        manifest.replace("123456789012", &self.account).replace("acme-iam-master-copy", &self.bucket())
    }

    /// The bucket of the master copy.
    pub(crate) fn bucket(&self) -> String {
        format!("acme-iam-{}", self.account)
    }

    /// The prefix of the master copy's keys.
    pub(crate) fn root(&self) -> String {
        format!("iam/{}/acme-prod/", self.account)
    }

    /// A path in the folder that iamctl runs in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file there.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Reads one.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces in the manifest what is there exactly once.
    #[track_caller]
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = self.read("desired-state.yaml");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in\n{text}");
        self.write("desired-state.yaml", &text.replace(from, to));
    }

    /// Replaces in the manifest what is there at least once, everywhere.
    #[track_caller]
    pub(crate) fn edit_all(&self, from: &str, to: &str) {
        let text = self.read("desired-state.yaml");
        assert!(text.contains(from), "`{from}` in\n{text}");
        self.write("desired-state.yaml", &text.replace(from, to));
    }

    /// Carol leaves: nothing in the manifest mentions her any more.
    pub(crate) fn let_carol_go(&self) {
        self.edit("  carol: {}\n", "");
        self.edit("[alice, bob, carol]", "[alice, bob]");
        self.edit_all(", user/carol", "");
    }

    /// A manifest that holds these sections and nothing else.
    pub(crate) fn manage(&self, sections: &str) {
        let head = FOUNDING.split_once("\npolicies:").unwrap().0;
        self.write("desired-state.yaml", &self.own(&format!("{head}\n{sections}")));
    }

    /// iamctl with these arguments: in this folder, as this account's caller, through the proxy, and with
    /// nothing else of the environment than a `PATH` for git. The local AWS shows every change at once, so
    /// there is nothing to wait for.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iamctl"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.path("home")).env("IAMCTL_CATCH_UP", "0");
        command.envs(local_aws().environment_at(self.proxy.endpoint()).set());
        command.env("AWS_ACCESS_KEY_ID", self.credentials.access_key_id());
        command.env("AWS_SECRET_ACCESS_KEY", self.credentials.secret_access_key());
        command.envs(self.credentials.session_token().map(|token| ("AWS_SESSION_TOKEN", token)));
        command
    }

    /// The Python of the local AWS, with boto3, as this account's caller, past the proxy.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(local_aws::prepare(&Options::default()).unwrap());
        command.arg("-I").env_clear().envs(local_aws().environment().set());
        command.env("AWS_ACCESS_KEY_ID", self.credentials.access_key_id());
        command.env("AWS_SECRET_ACCESS_KEY", self.credentials.secret_access_key());
        command.envs(self.credentials.session_token().map(|token| ("AWS_SESSION_TOKEN", token)));
        command
    }

    /// Runs it to its end.
    pub(crate) fn iamctl(&self, arguments: &[&str]) -> Finished {
        program::run(self.command(arguments))
    }

    /// The same without the patience that AWS's SDK has with failures.
    pub(crate) fn impatient(&self, arguments: &[&str]) -> Finished {
        let mut command = self.command(arguments);
        command.env("AWS_MAX_ATTEMPTS", "1");
        program::run(command)
    }

    /// Starts it and goes on.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        program::start(self.command(arguments))
    }

    /// Starts it at a terminal.
    pub(crate) fn at_terminal(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(self.command(arguments))
    }

    /// `plan --detailed-exitcode` says that there is nothing left to do.
    #[track_caller]
    pub(crate) fn expect_no_change(&self) {
        let plan = self.iamctl(&["plan", "--detailed-exitcode", "--format", "json"]).expect(0).json();
        assert_eq!(plan["changes"], serde_json::json!([]));
        assert_eq!(plan["steps"], serde_json::json!([]));
    }

    /// The run that holds the lock.
    pub(crate) fn lock_holder(&self) -> Option<String> {
        let (aws, key) = (self.aws(), format!("{}lock.json", self.root()));
        let is_there = aws.has(&self.bucket(), &key);
        is_there.then(|| aws.json(&self.bucket(), &key)["run"].as_str().unwrap().to_owned())
    }

    /// The account and the bucket as they are, read past iamctl and past the proxy.
    pub(crate) fn aws(&self) -> Account<'_> {
        let config = config("us-east-1", self.credentials.clone());
        Account::new(&config, &self.runtime)
    }

    /// The calls that change IAM, in order of arrival, since calls were last forgotten.
    pub(crate) fn iam_writes(&self) -> Vec<String> {
        self.calls(|call| call.service == Service::Iam && call.is_write())
    }

    /// The calls that change anything.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.calls(Call::is_write)
    }

    /// Chosen calls, as in `iam CreateUser alice`.
    pub(crate) fn calls(&self, condition: impl Fn(&Call) -> bool) -> Vec<String> {
        self.proxy.calls().iter().filter(|call| condition(call)).map(ToString::to_string).collect()
    }
}

/// One local AWS for the whole test program.
fn local_aws() -> &'static LocalAws {
    static LOCAL: OnceLock<LocalAws> = OnceLock::new();
    LOCAL.get_or_init(|| LocalAws::start(&Options::default()).unwrap())
}

fn config(region: &str, credentials: Credentials) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .endpoint_url(local_aws().endpoint())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// Credentials that select an account: those of any role in it, whether there is one or not.
async fn credentials_for(account: &str) -> Credentials {
    let root = Credentials::new("local", "local", None, None, "test");
    let sts = aws_sdk_sts::Client::new(&config("us-east-1", root));
    let role = format!("arn:aws:iam::{account}:role/tester");
    let session = sts.assume_role().role_arn(role).role_session_name("test").send().await.unwrap();
    let session = session.credentials.unwrap();
    let token = Some(session.session_token);
    Credentials::new(session.access_key_id, session.secret_access_key, token, None, "test")
}
