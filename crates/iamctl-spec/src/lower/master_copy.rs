//! Where the master copy lies.

use iamctl_model::{AccountId, MasterCopy};
use iamctl_policy::{Diagnostic, Diagnostics, Node, Span};

use crate::block::Reader;
use crate::keys;

/// Ends of bucket names that AWS keeps for itself. Source: S3 User Guide, "bucketnamingrules".
const RESERVED_ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
/// Beginnings that AWS keeps for itself.
const RESERVED_BEGINNINGS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];

pub(super) fn read(node: &Node, found: &mut Diagnostics) -> Option<MasterCopy> {
    let mut reader = Reader::open(node, &keys::MASTER_COPY, "`master_copy`", found)?;
    let bucket = text(reader.get("bucket", found), "`bucket`", found);
    let region = text(reader.get("region", found), "`region`", found);
    let prefix = text(reader.get("prefix", found), "`prefix`", found);
    let owner = reader.get("owner", found).and_then(|node| {
        let text = node.expect_scalar("`owner`", found)?;
        account_id(&text, node.span, found)
    });
    let kms_key = text(reader.get("kms_key", found), "`kms_key`", found);
    reader.finish(found);
    let (bucket, bucket_at) = bucket?;
    let (region, region_at) = region?;
    check_bucket(&bucket, &region, bucket_at, found);
    check_region(&region, region_at, found);
    if let Some((prefix, place)) = &prefix {
        check_prefix(prefix, *place, found);
    }
    if let Some((key, place)) = &kms_key {
        check_kms_key(key, *place, found);
    }
    let first = |pair: (String, Span)| pair.0;
    Some(MasterCopy {
        bucket,
        region,
        prefix: prefix.map(first).unwrap_or_default(),
        owner,
        kms_key: kms_key.map(first),
    })
}

fn text(node: Option<&Node>, what: &str, found: &mut Diagnostics) -> Option<(String, Span)> {
    let node = node?;
    Some((node.expect_str(what, found)?.to_owned(), node.span))
}

/// The twelve digits of an account.
pub(super) fn account_id(text: &str, place: Span, found: &mut Diagnostics) -> Option<AccountId> {
    match AccountId::parse(text) {
        Ok(id) if id == AccountId::stand_in() => {
            found.push(
                Diagnostic::error("account-id", place, "no account has twelve zeros as its id")
                    .help("`aws sts get-caller-identity` shows the id of the account you are signed in to"),
            );
            None
        }
        Ok(id) => Some(id),
        Err(error) => {
            found.push(
                Diagnostic::error("account-id", place, error.to_string())
                    .help("write the twelve digits in quotes: \"123456789012\""),
            );
            None
        }
    }
}

fn check_bucket(name: &str, region: &str, place: Span, found: &mut Diagnostics) {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let problem = if !(3..=63).contains(&name.len()) {
        "it has 3 to 63 characters".to_owned()
    } else if name.contains('.') {
        // AWS allows dots, but the TLS certificate of S3 does not cover names that have them.
        "dots in it do not work with TLS".to_owned()
    } else if let Some(bad) = name.chars().find(|c| !inner(*c) && *c != '-') {
        format!("it holds lower-case letters, digits and `-`, not `{}`", bad.escape_debug())
    } else if !name.starts_with(inner) || !name.ends_with(inner) {
        "it begins and ends with a letter or digit".to_owned()
    } else if let Some(start) = RESERVED_BEGINNINGS.iter().find(|start| name.starts_with(**start)) {
        format!("names that begin with `{start}` are AWS's own")
    } else if let Some(end) = RESERVED_ENDS.iter().find(|end| name.ends_with(**end)) {
        format!("names that end with `{end}` are AWS's own")
    } else if name.ends_with("-an") && !is_account_regional(name, region) {
        "names that end with `-an` have the form `NAME-ACCOUNT-REGION-an`".to_owned()
    } else {
        return;
    };
    found.push(
        Diagnostic::error(
            "bucket-name",
            place,
            format!("`{name}` cannot be the name of a bucket: {problem}"),
        )
        .help("choose a name such as `acme-iam-master-copy`; bucket names are unique in all of AWS"),
    );
}

/// Whether a name lies in the namespace that only its account can use: `NAME-ACCOUNT-REGION-an`.
fn is_account_regional(name: &str, region: &str) -> bool {
    let account = name
        .strip_suffix("-an")
        .and_then(|rest| rest.strip_suffix(region))
        .and_then(|rest| rest.strip_suffix('-'))
        .and_then(|rest| rest.rsplit_once('-'));
    account.is_some_and(|(_, id)| AccountId::parse(id).is_ok())
}

fn check_region(region: &str, place: Span, found: &mut Diagnostics) {
    let parts: Vec<_> = region.split('-').collect();
    let shape = parts.len() >= 3
        && parts.first().is_some_and(|first| (2..=4).contains(&first.len()))
        && parts.last().is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
        && parts
            .iter()
            .rev()
            .skip(1)
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()));
    if !shape {
        found.push(
            Diagnostic::error("region", place, format!("`{region}` does not look like a Region"))
                .help("a Region is written like `eu-west-1` or `us-gov-east-1`"),
        );
    }
}

fn check_prefix(prefix: &str, place: Span, found: &mut Diagnostics) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()/=@+,".contains(c);
    let problem = if prefix.is_empty() {
        return;
    } else if !prefix.ends_with('/') {
        "it must end with a slash"
    } else if prefix.starts_with('/') || prefix.contains("//") {
        "it cannot begin with a slash or hold two in a row"
    } else if prefix.split('/').any(|part| matches!(part, "." | "..")) {
        "parts `.` and `..` are not taken by all tools"
    } else if !prefix.chars().all(allowed) {
        "it holds characters that keys in S3 should not have"
    } else if prefix.len() > 512 {
        "it has at most 512 characters"
    } else {
        return;
    };
    found.push(
        Diagnostic::error("prefix", place, format!("`{prefix}` cannot be the prefix of keys: {problem}"))
            .help("write it like `iam/` or `security/iam/`"),
    );
}

fn check_kms_key(key: &str, place: Span, found: &mut Diagnostics) {
    let resource = match key.strip_prefix("arn:") {
        Some(rest) => {
            let fields: Vec<_> = rest.splitn(5, ':').collect();
            match fields.as_slice() {
                [_, "kms", _, _, resource] => Some(*resource),
                _ => None,
            }
        }
        None => Some(key),
    };
    let is_id = |id: &str| {
        let id = id.strip_prefix("mrk-").unwrap_or(id);
        id.len() >= 32 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
    };
    let fits = resource.is_some_and(|resource| {
        let alias =
            resource.strip_prefix("alias/").is_some_and(|name| !name.is_empty() && !name.starts_with("aws/"));
        alias || is_id(resource.strip_prefix("key/").unwrap_or(resource))
    });
    if !fits {
        // S3 does not check the key when the bucket is made: the mistake would show at the first write.
        found.push(
            Diagnostic::error("kms-key", place, format!("`{key}` does not name a KMS key of the account"))
                .help("write the key's ARN, its id, or `alias/NAME`"),
        );
    }
}
