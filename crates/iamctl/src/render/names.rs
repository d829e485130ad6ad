//! Names as people know them.

use iamctl_model::{Account, Identity, PolicyArn, PrincipalArn};

/// A managed policy: by its name in the account, `aws:…` for AWS's, its ARN otherwise.
pub(crate) fn policy(arn: &PolicyArn, account: &Account) -> String {
    if arn.is_aws_managed() {
        format!("aws:{}", arn.path_and_name())
    } else if arn.is_in(account) {
        arn.path_and_name().to_owned()
    } else {
        arn.to_string()
    }
}

/// A principal of a trust policy: users by name, roles by address, accounts in words.
pub(crate) fn principal(kind: Option<&str>, text: &str, account: &Account) -> String {
    if text == "*" {
        return match kind {
            None | Some("AWS") => "anybody".to_owned(),
            Some(kind) => format!("any {kind} principal"),
        };
    }
    if kind != Some("AWS") {
        // `oidc-provider/HOST`, `saml-provider/NAME`: those of this account need no ARN.
        let own = format!("arn:{}:iam::{}:", account.partition, account.id);
        return text.strip_prefix(&own).unwrap_or(text).to_owned();
    }
    if text.starts_with("AIDA") || text.starts_with("AROA") {
        return format!("{text} (deleted)");
    }
    if let Ok(arn) = PrincipalArn::parse(text) {
        let identity = arn.identity().filter(|_| arn.account() == account.id.as_str());
        return match identity {
            Some(Identity::User(name)) => name.to_string(),
            Some(other) => other.to_string(),
            None => text.to_owned(),
        };
    }
    let id = text.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next()).unwrap_or(text);
    if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) {
        return match id == account.id.as_str() {
            true => "anybody in this account whose policies allow it".to_owned(),
            false => format!("account {id}"),
        };
    }
    text.to_owned()
}

/// "a, b and c"
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// "1 user", "3 users"
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// A mark with the space behind it; nothing where there is no mark.
pub(crate) fn marked(mark: &str) -> String {
    if mark.is_empty() { String::new() } else { format!("{mark} ") }
}
