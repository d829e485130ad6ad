//! Values that must have a certain form because of their key.

use std::net::IpAddr;

use iamctl_policy::vocabulary::OperatorGroup;

use crate::catalogue as code;
use crate::finding::{Finding, Findings};
use crate::policy::{Condition, Policy, Word};
use crate::regions::{PARTITIONS, regions};
use crate::wild;

/// Keys whose values are the ARNs of KMS keys. Source: Amazon S3 User Guide, "Policy keys for Amazon S3".
const KMS_KEYS: [&str; 1] = ["s3:x-amz-server-side-encryption-aws-kms-key-id"];

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    for condition in policy.statements.iter().flat_map(|statement| &statement.conditions) {
        let Some(operator) = condition.parsed else { continue };
        match operator.group {
            OperatorGroup::IpAddress => networks(condition, operator.negated, found),
            OperatorGroup::String | OperatorGroup::Arn => texts(condition, found),
            _ => {}
        }
    }
}

fn texts(condition: &Condition<'_>, found: &mut Findings) {
    let lower = condition.lower.as_str();
    let check: fn(&Word<'_>, &mut Findings) = match lower {
        "aws:requestedregion" => region,
        "aws:sourcevpc" => |value, found| id(value, "vpc-", &code::INVALID_VPC_FORMAT, found),
        "aws:sourcevpce" => |value, found| id(value, "vpce-", &code::INVALID_VPCE_FORMAT, found),
        _ if KMS_KEYS.contains(&lower) => kms_key,
        _ => return,
    };
    for value in condition.values.iter().filter(|value| !value.text.contains("${")) {
        check(value, found);
    }
}

fn region(value: &Word<'_>, found: &mut Findings) {
    let all = || regions("*");
    // Services without Region are asked for in a Region of their partition, or in none.
    let is_global = PARTITIONS.iter().any(|one| value.text == format!("{}-global", one.name));
    if is_global || all().any(|known| wild::matches(&value.text, known)) {
        return;
    }
    let meant = found.meant(&value.text, all());
    let message = format!("`{}` is not a Region", value.text);
    found.push(Finding::new(&code::INVALID_REGION, value.span, message).did_you_mean(meant));
}

fn id(value: &Word<'_>, prefix: &str, check: &'static crate::finding::Check, found: &mut Findings) {
    let fits = value
        .text
        .strip_prefix(prefix)
        .is_some_and(|rest| matches!(rest.len(), 8 | 17) && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !fits && !wild::has_wildcard(&value.text) {
        let message = format!("`{}` is not an id that begins with `{prefix}`", value.text);
        found.push(
            Finding::new(check, value.span, message)
                .help(format!("such an id is `{prefix}` and 8 or 17 letters and digits")),
        );
    }
}

fn kms_key(value: &Word<'_>, found: &mut Findings) {
    let fields: Vec<_> = value.text.splitn(6, ':').collect();
    let fits = matches!(fields.as_slice(), [arn, _, "kms", region, account, key]
        if *arn == "arn" && !region.is_empty() && !account.is_empty() && (key.starts_with("key/") || wild::has_wildcard(key)));
    if !fits && value.text != "*" {
        let message = format!("`{}` is not the ARN of a KMS key", value.text);
        found.push(
            Finding::new(&code::INVALID_KMS_KEY_VALUE, value.span, message)
                .help("write `arn:aws:kms:REGION:ACCOUNT:key/ID`"),
        );
    }
}

/// A network: its address, how many bits of it count, and how many there are.
#[derive(Clone, Copy)]
struct Network {
    address: u128,
    length: u32,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) =
            text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let (address, bits) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let length = match length {
            None => bits,
            Some(length) if length.bytes().all(|b| b.is_ascii_digit()) => length.parse().ok()?,
            Some(_) => return None,
        };
        (length <= bits).then_some(Self { address, length, bits })
    }

    /// The bits that do not count.
    fn rest(self) -> u128 {
        let free = self.bits.saturating_sub(self.length);
        1_u128.checked_shl(free).map_or(u128::MAX, |one| one.saturating_sub(1))
    }

    /// The same network with nothing behind its mask, where there is something.
    fn improved(self) -> Option<String> {
        let masked = self.address & !self.rest();
        if masked == self.address {
            return None;
        }
        let address = match u32::try_from(masked).ok().filter(|_| self.bits == 32) {
            Some(v4) => IpAddr::from(v4.to_be_bytes()),
            None => IpAddr::from(masked.to_be_bytes()),
        };
        Some(format!("{address}/{}", self.length))
    }

    fn lies_in(self, outer: Network) -> bool {
        self.bits == outer.bits
            && self.length >= outer.length
            && (self.address & !outer.rest()) == outer.address
    }

    /// Whether no address of it is one on the internet. Sources: RFC 1918, RFC 4193, RFC 6598, RFC 5735.
    fn is_private(self) -> bool {
        [
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
        ]
        .into_iter()
        .filter_map(Network::parse)
        .any(|private| self.lies_in(private))
    }
}

fn networks(condition: &Condition<'_>, negated: bool, found: &mut Findings) {
    let mut read = Vec::new();
    for value in condition.values.iter().filter(|value| !value.text.contains("${")) {
        let Some(network) = Network::parse(&value.text) else {
            let message = format!("`{}` is not an address or a network", value.text);
            found.push(
                Finding::new(&code::TYPE_MISMATCH_IP_RANGE, value.span, message)
                    .help("write a network like `203.0.113.0/24` or `2001:db8::/32`"),
            );
            continue;
        };
        if let Some(improved) = network.improved() {
            let message = format!("the bits of `{}` behind its mask do not count", value.text);
            found.push(
                Finding::new(&code::IMPROVE_IP_RANGE, value.span, message)
                    .help(format!("write `{improved}`")),
            );
        }
        read.push((network, value));
    }
    if condition.lower == "aws:sourceip" {
        private(&read, negated, condition, found);
    }
}

fn private(read: &[(Network, &Word<'_>)], negated: bool, condition: &Condition<'_>, found: &mut Findings) {
    let private: Vec<_> = read.iter().filter(|(network, _)| network.is_private()).collect();
    let Some((_, first)) = private.first() else { return };
    let only = private.len() == read.len();
    let (check, effect) = match (only, negated) {
        (true, false) => (&code::PRIVATE_IP_ADDRESS, "this is never met"),
        (true, true) => (&code::PRIVATE_NOT_IP_ADDRESS, "this is always met"),
        (false, false) => (&code::PRIVATE_IP_ADDRESS_SUBSET, "this one is never met"),
        (false, true) => (&code::PRIVATE_NOT_IP_ADDRESS_SUBSET, "this one has no effect"),
    };
    let place = if only { condition.values_span } else { first.span };
    let message = format!("requests come from public addresses, and `{}` is private: {effect}", first.text);
    found.push(Finding::new(check, place, message).help(
        "private addresses are seen through VPC endpoints only: `aws:VpcSourceIp`, with `aws:SourceVpc`",
    ));
}
