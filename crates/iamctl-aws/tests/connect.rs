//! Connecting with every kind of configuration, right and wrong.
//!
//! The configuration of the SDK is the environment of its process, so every case here runs this test
//! program once more, as a child with an environment of its own that connects and prints what became
//! of it ([`a_child_that_only_connects`]).

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fault_proxy::{Fault, Proxy};
use iamctl_aws::{Aws, Options};
use local_aws::LocalAws;
use tempfile::TempDir;

#[test]
fn keys_in_the_environment_are_enough() {
    let said = Case::new().keys().local().run();
    assert_eq!(
        said, "arn:aws:sts::123456789012:user/moto in eu-west-1 (IAM, STS, S3)\n",
        "the Region is the fallback, and the override is said"
    );
}

#[test]
fn the_region_is_taken_from_option_environment_profile_and_fallback_in_this_order() {
    let config = "[profile p]\nregion = ap-south-1\naws_access_key_id = a\naws_secret_access_key = s\n";
    let region = |case: Case| {
        let said = case.local().config(config).run();
        said.split_whitespace().nth(2).unwrap_or_default().to_owned()
    };
    let with_profile = || Case::new().set("PROFILE", "p");
    assert_eq!(region(with_profile().set("REGION", "us-west-2").env("AWS_REGION", "sa-east-1")), "us-west-2");
    assert_eq!(region(with_profile().env("AWS_REGION", "sa-east-1")), "sa-east-1");
    assert_eq!(region(with_profile().env("AWS_DEFAULT_REGION", "sa-east-1")), "sa-east-1");
    assert_eq!(region(with_profile()), "ap-south-1");
    assert_eq!(region(Case::new().keys().env("AWS_REGION", "")), "eu-west-1");
}

#[test]
fn no_region_at_all_is_said() {
    let said = Case::new().keys().local().set("FALLBACK", "").run();
    assert_eq!(
        said,
        "error: no AWS Region is set\nhelp: pass `--region`, set AWS_REGION, or give the profile a `region`\n"
    );
}

#[test]
fn no_credentials_are_said_at_once() {
    let start = Instant::now();
    let said = Case::new().local().run();
    assert!(
        said.starts_with("error: no AWS credentials were found\nhelp: sign in with `aws sso login"),
        "{said}"
    );
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_profile_that_is_named_wins_over_keys_in_the_environment() {
    let config = "[profile p]\naws_access_key_id = OFPROFILE\naws_secret_access_key = s\n";
    let proxy = proxy();
    let case = Case::new().keys().config(config).endpoint(proxy.endpoint());
    case.set("PROFILE", "p").run();
    let authorization = proxy.calls()[0].header("authorization").to_owned();
    assert!(authorization.contains("Credential=OFPROFILE/"), "{authorization}");
}

#[test]
fn the_application_says_its_name() {
    let proxy = proxy();
    Case::new().keys().endpoint(proxy.endpoint()).run();
    let agent = proxy.calls()[0].header("x-amz-user-agent").to_owned();
    assert!(agent.contains("app/iamctl") && agent.contains("lib/iamctl/"), "{agent}");
}

#[test]
fn an_unknown_profile_is_said_with_a_near_one() {
    let config = "[profile production]\nregion = eu-west-1\n";
    let said = Case::new().local().config(config).set("PROFILE", "prodution").run();
    assert!(
        said.starts_with("error: there is no profile `prodution`\nhelp: did you mean `production`?"),
        "{said}"
    );
}

#[test]
fn a_profile_that_wants_mfa_never_goes_without() {
    let config = "[profile base]\naws_access_key_id = a\naws_secret_access_key = s\n\
                  [profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = base\n\
                  mfa_serial = arn:aws:iam::123456789012:mfa/me\n";
    let proxy = proxy();
    let said = Case::new().endpoint(proxy.endpoint()).config(config).set("PROFILE", "admin").run();
    assert!(
        said.starts_with(
            "error: profile `admin` wants MFA (`mfa_serial = arn:aws:iam::123456789012:mfa/me`), and iamctl \
             cannot ask for the code\nhelp: let the AWS CLI ask for the code and hand the session over: \
             `eval \"$(aws configure export-credentials --profile admin --format env)\"`"
        ),
        "{said}"
    );
    assert!(proxy.calls().is_empty());
}

#[test]
fn a_chain_of_roles_is_followed() {
    let config = "[profile base]\naws_access_key_id = a\naws_secret_access_key = s\n\
                  [profile admin]\nrole_arn = arn:aws:iam::222222222222:role/admin\nsource_profile = base\n\
                  role_session_name = me\n";
    let said = Case::new().local().config(config).set("PROFILE", "admin").run();
    assert!(said.starts_with("arn:aws:sts::222222222222:assumed-role/admin/me in "), "{said}");
}

#[test]
fn a_role_that_may_not_be_assumed_is_said_in_the_words_of_sts() {
    let config = "[profile base]\naws_access_key_id = a\naws_secret_access_key = s\n\
                  [profile admin]\nrole_arn = arn:aws:iam::222222222222:role/admin\nsource_profile = base\n";
    let proxy = proxy();
    proxy.inject(Fault::error(403, "AccessDenied", "User a is not authorized").operation("AssumeRole"));
    let said = Case::new().endpoint(proxy.endpoint()).config(config).set("PROFILE", "admin").run();
    assert_eq!(
        said,
        "error: the credentials of profile `admin` could not be had: sts:AssumeRole was refused: AccessDenied: \
         User a is not authorized\nhelp: see whether `aws sts get-caller-identity --profile admin` works, and \
         what it says\n"
    );
}

#[test]
fn an_sso_sign_in_that_is_missing_or_too_old_names_the_command_that_renews_it() {
    let config = "[profile admin]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Admin\n\
                  [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n\
                  [profile chained]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = admin\n\
                  [profile legacy]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n\
                  sso_account_id = 123456789012\nsso_role_name = Admin\n";
    let never = Case::new().local().config(config).set("PROFILE", "admin").run();
    let expected = "error: the sign-in of profile `admin` is missing or has expired: ";
    assert!(never.starts_with(expected), "{never}");
    assert!(never.ends_with("help: run `aws sso login --profile admin`, then run this again\n"), "{never}");

    let old = Case::new().local().config(config).sso_token("corp", "2020-01-01T00:00:00Z");
    let old = old.set("PROFILE", "admin").run();
    assert_eq!(
        old,
        "error: the sign-in of profile `admin` is missing or has expired: the SSO token has expired and cannot \
         be refreshed\nhelp: run `aws sso login --profile admin`, then run this again\n"
    );

    let chained = Case::new().local().config(config).set("PROFILE", "chained").run();
    assert!(chained.contains("`aws sso login --profile admin`"), "{chained}");
    let legacy = Case::new().local().config(config).set("PROFILE", "legacy").run();
    assert!(legacy.contains("`aws sso login --profile legacy`"), "{legacy}");
}

#[test]
fn a_console_sign_in_names_its_own_command() {
    let config = "[profile console]\nlogin_session = arn:aws:iam::123456789012:user/Admin\n";
    let said = Case::new().local().config(config).set("PROFILE", "console").run();
    assert!(said.ends_with("help: run `aws login --profile console`, then run this again\n"), "{said}");
}

#[test]
fn a_credential_process_is_run_and_its_failure_is_told() {
    let config = "[profile good]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"a\", \
                  \"SecretAccessKey\": \"s\"}'\n\
                  [profile bad]\ncredential_process = sh -c 'echo vault is sealed >&2; exit 3'\n";
    let good = Case::new().local().config(config).set("PROFILE", "good").run();
    assert!(good.starts_with("arn:aws:sts::123456789012:user/moto"), "{good}");
    let bad = Case::new().local().config(config).set("PROFILE", "bad").run();
    assert!(bad.starts_with("error: the credentials of profile `bad` could not be had: "), "{bad}");
    assert!(bad.contains("vault is sealed"), "{bad}");
}

#[test]
fn a_credential_process_that_waits_for_a_person_is_waited_for() {
    let config = "[profile slow]\ncredential_process = sh -c 'sleep 7; echo \"{\\\"Version\\\": 1, \
                  \\\"AccessKeyId\\\": \\\"a\\\", \\\"SecretAccessKey\\\": \\\"s\\\"}\"'\n";
    let slow = Case::new().local().config(config).set("PROFILE", "slow").run();
    assert!(slow.starts_with("arn:aws:sts::123456789012:user/moto"), "{slow}");
}

#[test]
fn a_web_identity_token_is_exchanged_for_a_role() {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "token").unwrap();
    let said = Case::new()
        .local()
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", token.path().to_str().unwrap())
        .env("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/ci")
        .env("AWS_ROLE_SESSION_NAME", "job")
        .run();
    assert!(said.starts_with("arn:aws:sts::222222222222:assumed-role/ci/job in "), "{said}");
}

#[test]
fn expired_and_unknown_keys_are_told_apart() {
    let proxy = proxy();
    let expired = proxy.inject(Fault::expired_token());
    let said = Case::new().keys().endpoint(proxy.endpoint()).run();
    assert_eq!(
        said,
        "error: the credentials have expired: The security token included in the request is expired\n\
         help: renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN\n"
    );
    expired.remove();
    proxy.inject(Fault::error(
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    ));
    let said = Case::new().keys().endpoint(proxy.endpoint()).run();
    assert!(said.starts_with("error: AWS does not accept the credentials: InvalidClientTokenId: "), "{said}");
    assert!(said.contains("all three belong together"), "{said}");
}

#[test]
fn a_federated_user_is_told_that_iam_is_closed() {
    let proxy = proxy();
    proxy.inject(Fault::reply(
        200,
        "text/xml",
        "<GetCallerIdentityResponse><GetCallerIdentityResult>\
         <Arn>arn:aws:sts::123456789012:federated-user/bob</Arn><UserId>123456789012:bob</UserId>\
         <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
    ));
    let said = Case::new().keys().endpoint(proxy.endpoint()).run();
    assert!(
        said.starts_with("error: the credentials come from sts:GetFederationToken (`arn:aws:sts::"),
        "{said}"
    );
}

#[test]
fn an_endpoint_that_nobody_answers_at_is_said_within_seconds() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let start = Instant::now();
    let said = Case::new().keys().endpoint(&format!("http://{nobody}")).run();
    let expected = format!(
        "error: no answer from http://{nobody}: Connection refused (os error 111)\nhelp: see whether"
    );
    assert!(said.starts_with(&expected), "{said}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn a_setting_that_is_nonsense_is_refused_and_never_ignored() {
    let endpoint = Case::new().keys().env("AWS_ENDPOINT_URL", "localhost:4566").run();
    assert!(
        endpoint
            .starts_with("error: `AWS_ENDPOINT_URL` is `localhost:4566`, expected is a URL such as `http://"),
        "{endpoint}"
    );
    let option = Case::new().keys().set("ENDPOINT", "localhost:4566").run();
    assert!(option.starts_with("error: `--endpoint-url` is `localhost:4566`"), "{option}");
    for bad in ["0", "many", "-1"] {
        let attempts = Case::new().keys().local().env("AWS_MAX_ATTEMPTS", bad).run();
        assert!(
            attempts.starts_with(&format!("error: `AWS_MAX_ATTEMPTS` is `{bad}`, expected")),
            "{attempts}"
        );
    }
    let broken = Case::new().keys().local().config("[profile x\nregion = y\n").run();
    assert!(broken.starts_with("error: AWS's configuration files: "), "{broken}");
    let mode = Case::new().keys().local().env("AWS_RETRY_MODE", "legacy").run();
    assert!(mode.starts_with("arn:aws:sts::"), "{mode}");
}

#[test]
fn a_role_whose_sts_does_not_answer_is_told_from_one_that_is_refused() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = "[profile base]\naws_access_key_id = a\naws_secret_access_key = s\n\
                  [profile admin]\nrole_arn = arn:aws:iam::222222222222:role/admin\nsource_profile = base\n";
    let said = Case::new().endpoint(&format!("http://{nobody}")).config(config).set("PROFILE", "admin").run();
    assert!(
        said.starts_with("error: the source of the credentials of profile `admin` could not be reached"),
        "{said}"
    );
}

#[test]
fn endpoints_of_a_services_section_are_said_too() {
    let config = format!(
        "[profile p]\naws_access_key_id = a\naws_secret_access_key = s\nservices = local\n\
         [services local]\nsts =\n  endpoint_url = {0}\ns3 =\n  endpoint_url = {0}\n",
        local_aws().endpoint()
    );
    let said = Case::new().config(&config).set("PROFILE", "p").run();
    assert!(said.ends_with("in eu-west-1 (STS, S3)\n"), "{said}");
}

#[test]
fn an_option_wins_over_every_other_endpoint() {
    let said = Case::new()
        .keys()
        .env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
        .set("ENDPOINT", local_aws().endpoint())
        .run();
    assert!(said.ends_with("(IAM, STS, S3)\n"), "{said}");
    let one = Case::new().keys().env("AWS_ENDPOINT_URL_STS", local_aws().endpoint()).run();
    assert!(one.ends_with("in eu-west-1 (STS)\n"), "{one}");
}

/// The child. Does nothing unless it is told to be one.
#[test]
fn a_child_that_only_connects() {
    let option = |name: &str| std::env::var(format!("{OPTION}{name}")).ok().filter(|value| !value.is_empty());
    if std::env::var(CHILD).is_err() {
        return;
    }
    let options = Options {
        profile: option("PROFILE"),
        region: option("REGION"),
        endpoint_url: option("ENDPOINT"),
        fallback_region: option("FALLBACK"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let outcome = runtime.block_on(async {
        let aws = Aws::connect(&options).await?;
        Ok::<_, iamctl_aws::ConnectError>((aws.caller().await?, aws))
    });
    println!();
    match outcome {
        Ok((caller, aws)) => {
            let overrides: Vec<_> =
                aws.endpoint_overrides().iter().map(|found| found.service.as_str()).collect();
            println!("{MARK}{} in {} ({})", caller.arn, aws.region(), overrides.join(", "));
        }
        Err(error) => println!("{MARK}error: {error}\n{MARK}help: {}", error.help()),
    }
}

const CHILD: &str = "IAMCTL_AWS_TEST_CONNECTS";
const OPTION: &str = "IAMCTL_AWS_TEST_OPTION_";
/// What the child says, among what its test runner says.
const MARK: &str = "said: ";

/// One child: its environment and its options.
struct Case {
    home: TempDir,
    command: Command,
}

impl Case {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_child_that_only_connects", "--nocapture"]);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env(CHILD, "1").env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        Self { home, command }.set("FALLBACK", "eu-west-1")
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn set(self, option: &str, value: &str) -> Self {
        self.env(&format!("{OPTION}{option}"), value)
    }

    fn keys(self) -> Self {
        self.env("AWS_ACCESS_KEY_ID", "local").env("AWS_SECRET_ACCESS_KEY", "local")
    }

    fn local(self) -> Self {
        self.endpoint(local_aws().endpoint())
    }

    fn endpoint(self, url: &str) -> Self {
        self.env("AWS_ENDPOINT_URL", url)
    }

    fn config(self, text: &str) -> Self {
        self.file(".aws/config", text)
    }

    fn sso_token(self, session: &str, expires: &str) -> Self {
        assert_eq!(session, "corp", "the file is named by the SHA-1 of the session");
        let token = format!(r#"{{"accessToken": "t", "expiresAt": "{expires}"}}"#);
        self.file(".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json", &token)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn run(mut self) -> String {
        let output = self.command.output().unwrap();
        let all = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{all}\n{}", String::from_utf8_lossy(&output.stderr));
        all.lines().filter_map(|line| line.strip_prefix(MARK)).map(|line| format!("{line}\n")).collect()
    }
}

fn local_aws() -> &'static LocalAws {
    static LOCAL: OnceLock<LocalAws> = OnceLock::new();
    LOCAL.get_or_init(|| LocalAws::start(&local_aws::Options::default()).unwrap())
}

fn proxy() -> Proxy {
    Proxy::start(local_aws().address()).unwrap()
}
