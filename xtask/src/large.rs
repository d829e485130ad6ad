//! `cargo xtask large`: a large account, made and read by iamctl and beside it by a plain script.
//!
//! Both work against a local AWS of their own that is started for them, through a proxy that counts their requests: a
//! program of its own, because building it takes longer than building all of the other tasks.
//! The local AWS answers about a hundred requests a second however many callers it has, so it is the requests that
//! say something about AWS; the times say that neither program is what one waits for.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use local_aws::LocalAws;

use crate::{build, say, setup, steps};

/// The most requests that a plan of the large account may cost.
const REQUESTS_OF_A_PLAN: usize = 10;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many users, roles and policies there are to be; each role gets three policies (at least 3).
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(3..))]
    count: u32,
    /// Build iamctl with optimisations, which takes minutes more the first time.
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let python = setup::python()?;
    let profile = if arguments.release { "release" } else { "dev" };
    let iamctl = build::program("iamctl", &["--package", "iamctl", "--profile", profile])?;
    let proxy = build::program("count", &["--package", "fault-proxy", "--example", "count"])?;
    let count = usize::try_from(arguments.count)?;
    say::line(&format!(
        "{count} users, {count} roles, {count} policies and {} attachments: {} calls …",
        3 * count,
        6 * count
    ));
    let by_iamctl = by_iamctl(&iamctl, &proxy, count)?;
    let by_script = by_script(&python, &proxy, count)?;
    let kind = if arguments.release { "optimised" } else { "debug" };
    for line in table(kind, by_iamctl, by_script) {
        say::line(&line);
    }
    let requests = by_iamctl.read.requests;
    ensure!(
        requests <= REQUESTS_OF_A_PLAN,
        "the plan cost {requests} requests, and {REQUESTS_OF_A_PLAN} are the most that it may cost"
    );
    Ok(())
}

/// What something cost.
#[derive(Clone, Copy)]
struct Cost {
    requests: usize,
    /// Those of them that changed something in IAM.
    writes: usize,
    time: Duration,
}

/// What one of the two programs took to make the account, and to read it.
#[derive(Clone, Copy)]
struct Costs {
    make: Cost,
    read: Cost,
}

fn by_iamctl(program: &Path, proxy: &Path, count: usize) -> Result<Costs> {
    let folder =
        tempfile::Builder::new().prefix("iamctl-large-").tempdir().context("failed to make a folder")?;
    let manifest = folder.path().join("desired-state.yaml");
    std::fs::write(&manifest, manifest_of(count)).context("failed to write the manifest")?;
    let mut stand = Stand::start(proxy)?;
    let mut iamctl = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path());
        stand.cost_of(command, &format!("iamctl {}", arguments.join(" ")))
    };
    let make = iamctl(&["apply", "--yes", "--quiet"])?;
    ensure!(
        make.writes == 6 * count,
        "iamctl made {} calls to IAM, and {} are needed",
        make.writes,
        6 * count
    );
    // The exit code says that nothing is left to do.
    let read = iamctl(&["plan", "--detailed-exitcode", "--quiet"])?;
    Ok(Costs { make, read })
}

fn by_script(python: &Path, proxy: &Path, count: usize) -> Result<Costs> {
    let mut stand = Stand::start(proxy)?;
    let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "python", "large.py"].iter().collect();
    let mut script = |verb: &str| {
        let mut command = Command::new(python);
        command.arg("-I").arg(&script).args([verb, &count.to_string()]);
        stand.cost_of(command, &format!("large.py {verb} {count}"))
    };
    Ok(Costs { make: script("make")?, read: script("read")? })
}

/// A local AWS with a proxy in front of it.
struct Stand {
    aws: LocalAws,
    proxy: Counter,
}

impl Stand {
    fn start(proxy: &Path) -> Result<Self> {
        let aws = setup::start()?;
        let proxy = Counter::start(proxy, &aws)?;
        Ok(Self { aws, proxy })
    }

    /// Runs a command, which has to succeed.
    fn cost_of(&mut self, mut command: Command, shown_as: &str) -> Result<Cost> {
        self.aws.environment_at(&self.proxy.endpoint).apply_to(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        say::command(shown_as);
        let start = Instant::now();
        steps::expect(&mut command, 0, shown_as)?;
        let time = start.elapsed();
        let [requests, writes, broken] = self.proxy.counts()?;
        say::line(&format!("{requests} requests in {:.1} s", time.as_secs_f64()));
        if broken > 0 {
            // moto looks through its roles for each attachment, and breaks off when one is made meanwhile.
            say::line(&format!("{broken} of them were answered with a server error, and made again"));
        }
        Ok(Cost { requests, writes, time })
    }
}

/// The proxy, as the program that prints what it has counted.
struct Counter {
    endpoint: String,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Counter {
    fn start(program: &Path, aws: &LocalAws) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg(aws.address().to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("failed to start the proxy")?;
        let asks = child.stdin.take().context("the proxy has no input")?;
        let answers = BufReader::new(child.stdout.take().context("the proxy has no output")?);
        let mut counter = Self { endpoint: String::new(), asks, answers, child };
        counter.endpoint = counter.answer()?;
        Ok(counter)
    }

    /// How many requests there were since this was last asked, how many of them changed something in IAM, and how
    /// many met a server error.
    fn counts(&mut self) -> Result<[usize; 3]> {
        writeln!(self.asks).context("failed to ask the proxy")?;
        let answer = self.answer()?;
        let counts: Vec<usize> = answer.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        counts.try_into().ok().with_context(|| format!("the proxy answers `{answer}`"))
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).context("failed to hear the proxy")?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Each user may assume one role with MFA, and each role has three policies.
fn manifest_of(count: usize) -> String {
    let mut text = format!(
        "version: 1\nname: large\naccount: \"{}\"\n\
         master_copy: {{bucket: iamctl-large, region: us-east-1, prefix: iam/}}\npolicies:\n",
        local_aws::ACCOUNT
    );
    let lines = |text: &mut String, line: &dyn Fn(usize) -> String| {
        for number in 0..count {
            // A string takes whatever is written to it.
            let _ = writeln!(text, "  {}", line(number));
        }
    };
    lines(&mut text, &|number| {
        format!(
            "policy-{number}: {{document: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, \
             Action: \"s3:GetObject\", Resource: \"arn:aws:s3:::bucket-{number}/*\"}}]}}}}"
        )
    });
    text.push_str("users:\n");
    lines(&mut text, &|number| format!("user-{number}: {{}}"));
    text.push_str("roles:\n");
    lines(&mut text, &|number| {
        let policies = [number, number + 1, number + 2].map(|policy| format!("policy-{}", policy % count));
        format!(
            "role-{number}: {{trust: [{{users: [user-{number}], mfa: required}}], policies: [{}]}}",
            policies.join(", ")
        )
    });
    text
}

fn table(kind: &str, iamctl: Costs, script: Costs) -> Vec<String> {
    let cell = |cost: Cost| format!("{:>6} requests {:>7.1} s", cost.requests, cost.time.as_secs_f64());
    let row = |name: &str, left: &str, right: &str| format!("{name:<8} {left:>27} {right:>27}");
    vec![
        String::new(),
        row("", &format!("iamctl ({kind})"), "boto3, call by call"),
        row("make it", &cell(iamctl.make), &cell(script.make)),
        row("read it", &cell(iamctl.read), &cell(script.read)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_is_one_users_and_has_three_policies() {
        let text = manifest_of(3);
        assert_eq!(text.matches("document:").count(), 3);
        let last = "  role-2: {trust: [{users: [user-2], mfa: required}], policies: [policy-2, policy-0, policy-1]}\n";
        assert!(text.ends_with(last), "{text}");
    }

    #[test]
    fn costs_stand_side_by_side() {
        let cost = |requests, seconds| Cost { requests, writes: 0, time: Duration::from_secs(seconds) };
        let costs = Costs { make: cost(6_000, 60), read: cost(5, 2) };
        let lines = table("debug", costs, costs);
        assert_eq!(lines[1], "                      iamctl (debug)         boto3, call by call");
        assert_eq!(lines[3], "read it         5 requests     2.0 s        5 requests     2.0 s");
    }
}
