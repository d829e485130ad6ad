//! Manifests that somebody made to do harm, or that are not what they seem. What a text alone can do is
//! tried in the reader's own tests; here are files, folders, pipes, and what reaches the terminal.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{Finished, run};

const HEAD: &str = "version: 1\nname: x\nmaster_copy: {bucket: some-bucket, region: eu-west-1}\n";
const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

/// A folder with a manifest in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(rest: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("desired-state.yaml", format!("{HEAD}{rest}"));
        folder
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    fn link(&self, path: &str, to: impl AsRef<Path>) -> &Self {
        symlink(to, self.path(path)).unwrap();
        self
    }

    fn pipe(&self, path: &str) -> &Self {
        let made = Command::new("mkfifo").arg(self.path(path)).status().unwrap();
        assert!(made.success());
        self
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn validate(&self, arguments: &[&str]) -> Finished {
        self.iamctl(&[&["validate"], arguments].concat())
    }

    /// Runs with a gigabyte of address space: of that, a program of this kind reserves half without using
    /// it.
    fn iamctl(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 1000000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_iamctl")]);
        command.args(arguments).current_dir(self.0.path());
        run(command)
    }
}

#[test]
fn only_files_in_the_folder_are_read_and_nothing_is_waited_for() {
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("d.json"), DOCUMENT).unwrap();
    std::fs::write(elsewhere.path().join("d.yaml"), "users: {}\n").unwrap();
    let neither = "it is neither a file nor a folder";
    let outside = "it leads out of the manifest's folder";
    for (rest, target, says) in [
        ("policies: {p: {file: x.json}}\n", None, neither),
        ("include: [x.yaml]\n", None, neither),
        ("include: [\"x.y*\"]\n", None, neither),
        ("policies: {p: {file: x.json}}\n", Some("/dev/zero"), outside),
        ("policies: {p: {file: x.json}}\n", Some("d.json"), outside),
        ("include: [x.yaml]\n", Some("d.yaml"), outside),
        ("include: [\"x*.yaml\"]\n", Some("d.yaml"), outside),
        ("policies: {p: {file: folder/d.json}}\n", Some(""), outside),
        ("include: [\"folder/*.yaml\"]\n", Some(""), outside),
        ("include: [\"**/*.yml\"]\n", Some(""), outside),
    ] {
        let folder = Folder::with(rest);
        for name in ["x.json", "x.yaml", "folder"] {
            match target {
                None => folder.pipe(name),
                Some(target) => folder.link(name, elsewhere.path().join(target)),
            };
        }
        folder.validate(&[]).expect(3).says(&[says]);
    }
    for (path, says) in [
        ("pipe.yaml", neither),
        ("zero.yaml", outside),
        ("/dev/zero", neither),
        ("/dev/null", neither),
        ("folder", "it is a folder"),
        ("loop.yaml", "cannot be read"),
        ("gone/m.yaml", "there is no such file"),
    ] {
        let folder = Folder::with("");
        folder.pipe("pipe.yaml").link("zero.yaml", "/dev/zero").link("loop.yaml", "loop.yaml");
        folder.write("folder/x", "");
        folder.validate(&["-f", path]).expect(3).says(&[says]);
    }
}

#[test]
fn links_within_the_folder_are_followed_and_never_for_ever() {
    let folder = Folder::with("policies: {p: {file: d.json}}\n");
    folder.write("e.json", DOCUMENT).link("d.json", "e.json");
    folder.validate(&[]).expect(0).says(&["valid: desired-state.yaml: 1 policy"]);
    folder.write("desired-state.yaml", format!("{HEAD}include: [\"**/x*.yaml\"]\n"));
    for n in 0..6 {
        folder.link(&format!("l{n}"), ".");
    }
    folder.validate(&[]).expect(3).says(&["`**/x*.yaml` cannot be included"]);
}

#[test]
fn bytes_that_are_no_text_are_told_as_such() {
    let junk: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for bytes in [junk, b"\xff\xfev\0e\0".to_vec(), [HEAD.as_bytes(), b"users: {\xc0\x80: {}}"].concat()] {
        let folder = Folder::with("policies: {p: {file: d.json}}\n");
        folder.write("d.json", &bytes);
        folder.validate(&[]).expect(3).says(&["it is not UTF-8 text"]);
        folder.write("desired-state.yaml", &bytes);
        folder.validate(&[]).expect(3).says(&["it is not UTF-8 text"]);
    }
    let folder = Folder::with("");
    folder.write("desired-state.yaml", vec![0; 1_000_000]);
    folder.validate(&[]).expect(3).says(&["not valid YAML"]);
    folder.write("desired-state.yaml", vec![b'x'; 50_000_000]);
    folder.validate(&[]).expect(3).says(&["it is larger than 8 MiB, which is the most that is read"]);
    // What editors of other systems write is text.
    let text = format!("\u{feff}{HEAD}policies: {{p: {{file: d.json}}}}\n").replace('\n', "\r\n");
    folder.write("desired-state.yaml", text).write("d.json", format!("\u{feff}{DOCUMENT}\r\n"));
    folder.validate(&[]).expect(0);
}

#[test]
fn no_name_and_no_text_acts_upon_the_terminal() {
    let hostile = "\u{1b}[31m\u{7}\u{9b}2J\u{202e}\u{2066}\u{200b}\u{61c}\u{ad}\u{e0041}\u{2028}";
    let escaped = hostile.chars().fold(String::new(), |text, c| text + &format!("\\U{:08x}", u32::from(c)));
    let in_json = hostile.encode_utf16().fold(String::new(), |text, unit| text + &format!("\\u{unit:04x}"));
    let folder = Folder::with("");
    folder.write("d.json", DOCUMENT.replace("Allow", &in_json));
    folder.write(&format!("{hostile}.yaml"), format!("{HEAD}users: {{a: {{groups: [x]}}}}\n"));
    folder.write(&format!("valid{hostile}.yaml"), HEAD);
    for (rest, arguments) in [
        (format!("users: {{\"{escaped}\": {{\"{escaped}\": \"{escaped}\"}}}}\n"), vec![]),
        (format!("users: {{a: {{tags: {{\"{escaped}\": x}}, path: \"${{{escaped}}}\"}}}}\n"), vec![]),
        (format!("users: {{a: {hostile}}}\n"), vec![]),
        (format!("users: *{hostile}\n"), vec![]),
        (format!("users: !{hostile} x\n"), vec![]),
        (format!("include: [\"{escaped}.yaml\", \"x{escaped}*.yaml\"]\n"), vec![]),
        ("policies: {p: {file: d.json}}\n".to_owned(), vec![]),
        (String::new(), vec!["-f".to_owned(), format!("{hostile}.yaml")]),
        (String::new(), vec!["-f".to_owned(), format!("gone{hostile}.yaml")]),
        (String::new(), vec!["-f".to_owned(), format!("gone{hostile}/m.yaml")]),
        (String::new(), vec!["--var".to_owned(), format!("{hostile}=x")]),
        (String::new(), vec!["-f".to_owned(), format!("valid{hostile}.yaml")]),
    ] {
        folder.write("desired-state.yaml", format!("{HEAD}{rest}"));
        for format in ["text", "json"] {
            let arguments = arguments.iter().map(String::as_str).chain(["--format", format]);
            let ended = folder.validate(&arguments.collect::<Vec<_>>());
            assert!(matches!(ended.code(), Some(0 | 3 | 64)), "{}{}", ended.out, ended.err);
            says_nothing_raw(&ended, hostile);
        }
    }
}

#[test]
fn nothing_in_an_account_acts_upon_the_terminal() {
    let hostile = "\u{1b}[31m\u{9b}2J\u{202e}\u{61c}";
    let text = |text: &str| serde_json::Value::from(format!("{text}{hostile}"));
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Sid": text("s"), "Effect": "Allow", "Action": text("s3:"), "Resource": text("arn:aws:s3:::"),
         "Condition": {hostile: {hostile: [hostile]}}}]});
    let account = serde_json::json!({
        "UserDetailList": [{"Path": "/", "UserName": "a", "UserId": "AIDAEXAMPLE",
            "CreateDate": "2026-01-02T03:04:05Z", "Arn": "arn:aws:iam::123456789012:user/a", "GroupList": [],
            "AttachedManagedPolicies": [], "Tags": [{"Key": text("k"), "Value": text("v")}],
            "UserPolicyList": [{"PolicyName": "i", "PolicyDocument": document}]}],
        "GroupDetailList": [], "RoleDetailList": [],
        "Policies": [{"PolicyName": "p", "PolicyId": "ANPAEXAMPLE", "Path": "/", "DefaultVersionId": "v1",
            "Arn": "arn:aws:iam::123456789012:policy/p", "Description": text("d"),
            "CreateDate": "2026-01-02T03:04:05Z",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true,
                "CreateDate": "2026-01-02T03:04:05Z", "Document": document}]}],
    });
    let folder = Folder::with(&format!(
        "users: {{a: {{adopt: true}}}}\npolicies: {{p: {{adopt: true, document: {DOCUMENT}}}}}\n"
    ));
    folder.write("live.json", account.to_string());
    folder.write("name.json", account.to_string().replace("\"a\"", &text("a").to_string()));
    folder.write("junk.json", format!("{{\"kind\": {}}}", text("iamctl-snapshot")));
    for live in ["live.json", "name.json", "junk.json"] {
        for format in ["text", "json", "markdown"] {
            let ended = folder.iamctl(&["plan", "--live", live, "--format", format]);
            assert!(!ended.out.is_empty() || !ended.err.is_empty());
            says_nothing_raw(&ended, hostile);
            assert!(live != "live.json" || ended.code() == Some(0), "{}", ended.err);
        }
    }
}

#[track_caller]
fn says_nothing_raw(ended: &Finished, hostile: &str) {
    let said = format!("{}{}", ended.out, ended.err);
    assert!(!said.contains("panicked"), "{said}");
    let is_raw = |c: &char| *c != '\n' && (c.is_control() || hostile.contains(*c) && !"[31m2J".contains(*c));
    assert_eq!(said.chars().find(is_raw), None, "{said:?}");
}
