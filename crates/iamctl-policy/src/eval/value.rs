//! The values that operators compare: numbers, dates, networks.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators".

use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

/// An integer or decimal number, exactly as large as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Digits before the point, without leading zeros.
    whole: String,
    /// Digits after the point, without trailing zeros.
    fraction: String,
}

impl Decimal {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let is_zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !is_zero, whole, fraction })
    }
}

/// For questions that go through all classes of numbers.
impl Decimal {
    pub(crate) fn zero() -> Self {
        Self { negative: false, whole: String::new(), fraction: String::new() }
    }

    /// How many digits there are after the point.
    pub(crate) fn decimals(&self) -> usize {
        self.fraction.len()
    }

    /// The number of so many decimals, more than this one has, that is next to it on the side away from
    /// zero.
    pub(crate) fn beyond(&self, decimals: usize) -> Self {
        let zeros = decimals.saturating_sub(self.fraction.len()).saturating_sub(1);
        Self { fraction: format!("{}{}1", self.fraction, "0".repeat(zeros)), ..self.clone() }
    }

    pub(crate) fn negative(self) -> Self {
        Self { negative: true, ..self }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        write!(f, "{sign}{}.{}", self.whole, if self.fraction.is_empty() { "0" } else { &self.fraction })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = |a: &Self, b: &Self| {
            let whole = a.whole.len().cmp(&b.whole.len()).then_with(|| a.whole.cmp(&b.whole));
            whole.then_with(|| a.fraction.cmp(&b.fraction))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A moment: nanoseconds since 1970. Digits beyond are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(i128);

const NANOS: i128 = 1_000_000_000;

impl Moment {
    /// Reads one of the forms of W3C's note on ISO 8601 (`YYYY`, `YYYY-MM`, `YYYY-MM-DD`, and the latter
    /// with `Thh:mm`, `Thh:mm:ss`, `Thh:mm:ss.s` and a time zone) or seconds since 1970. Four digits are
    /// a year. A time without zone is UTC.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
        if is_year || text.get(4..5) == Some("-") { Self::iso(text) } else { Self::epoch(text) }
    }

    /// The moment so many nanoseconds later.
    pub(crate) fn later(self, nanos: i128) -> Self {
        Moment(self.0.saturating_add(nanos))
    }

    fn epoch(text: &str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if seconds.len() > 18 {
            return None;
        }
        let size = number(seconds)?.checked_mul(NANOS)?.checked_add(nanos(fraction)?)?;
        Some(Moment(if negative { size.checked_neg()? } else { size }))
    }

    fn iso(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
        let mut parts = date.split('-');
        let year = parts.next().filter(|year| year.len() == 4).and_then(number)?;
        let month = parts.next().map_or(Some(1), two_digits)?;
        let day = parts.next().map_or(Some(1), two_digits)?;
        let is_whole_date = date.len() == 10;
        if parts.next().is_some() || (time.is_some() && !is_whole_date) {
            return None;
        }
        let days = days_since_1970(year, month, day)?;
        let nanos = time.map_or(Some(0), nanos_of_day)?;
        Some(Moment(days.checked_mul(86_400)?.checked_mul(NANOS)?.checked_add(nanos)?))
    }
}

/// Seconds since 1970, with nine decimals.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let second = NANOS.unsigned_abs();
        write!(f, "{sign}{}.{:09}", size / second, size % second)
    }
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s`, and the zone.
fn nanos_of_day(text: &str) -> Option<i128> {
    let (clock, offset) = if let Some(clock) = text.strip_suffix('Z') {
        (clock, 0)
    } else if let Some(at) = text.find(['+', '-']) {
        let (clock, zone) = text.split_at_checked(at)?;
        let (hours, minutes) = zone.get(1..)?.split_once(':')?;
        let minutes = two_digits(hours)?.checked_mul(60)?.checked_add(two_digits(minutes)?)?;
        (clock, if zone.starts_with('-') { minutes.checked_neg()? } else { minutes })
    } else {
        (text, 0)
    };
    let mut parts = clock.splitn(3, ':');
    let hours = parts.next().and_then(two_digits).filter(|hours| *hours < 24)?;
    let minutes = parts.next().and_then(two_digits).filter(|minutes| *minutes < 60)?;
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(text) => {
            let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
            (two_digits(seconds).filter(|seconds| *seconds < 60)?, nanos(fraction)?)
        }
    };
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?.checked_sub(offset)?;
    minutes.checked_mul(60)?.checked_add(seconds)?.checked_mul(NANOS)?.checked_add(fraction)
}

fn number(text: &str) -> Option<i128> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn two_digits(text: &str) -> Option<i128> {
    number(text).filter(|_| text.len() == 2)
}

/// The digits after the point as nanoseconds.
fn nanos(fraction: &str) -> Option<i128> {
    number(fraction)?;
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    number(&digits)
}

fn days_since_1970(year: i128, month: i128, day: i128) -> Option<i128> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    if day < 1 || day > *lengths.get(month)? {
        return None;
    }
    let before: i128 = lengths.iter().take(month).sum();
    let years = year.checked_sub(1)?;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + before + day;
    // The same count for the first of January 1970.
    days.checked_sub(719_163)
}

/// A network in CIDR notation, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    V4 { bits: u32, mask: u32 },
    V6 { bits: u128, mask: u128 },
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text.trim(), None),
        };
        match address.parse().ok()? {
            IpAddr::V4(address) => {
                let zeros = 32_u32.checked_sub(length.unwrap_or(32))?;
                // A shift by all bits is the one of /0.
                let mask = u32::MAX.checked_shl(zeros).unwrap_or(0);
                Some(Network::V4 { bits: address.to_bits() & mask, mask })
            }
            IpAddr::V6(address) => {
                let zeros = 128_u32.checked_sub(length.unwrap_or(128))?;
                let mask = u128::MAX.checked_shl(zeros).unwrap_or(0);
                Some(Network::V6 { bits: address.to_bits() & mask, mask })
            }
        }
    }

    /// Whether an address lies in it. IPv4 and IPv6 never meet, mapped addresses included.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        match (self, address) {
            (Network::V4 { bits, mask }, IpAddr::V4(address)) => address.to_bits() & mask == bits,
            (Network::V6 { bits, mask }, IpAddr::V6(address)) => address.to_bits() & mask == bits,
            _ => false,
        }
    }
}

/// Whether a text is canonical base64: then two texts are equal exactly when their bytes are.
pub(crate) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(body.len());
    let Some(last) = body.bytes().last() else { return text.is_empty() };
    // The bits of the last character that the padding leaves unused must be zero.
    let spare = match padding {
        0 => 0,
        1 => 0b11,
        2 => 0b1111,
        _ => return false,
    };
    text.len().is_multiple_of(4)
        && body.bytes().all(|byte| sextet(byte).is_some())
        && sextet(last).is_some_and(|bits| bits & spare == 0)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        let number = |text: &str| Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a number"));
        for (a, b) in [
            ("1", "1.0"),
            ("+5", "5"),
            ("-0", "0"),
            ("007.50", "7.5"),
            (" 3 ", "3"),
            (".5", "0.5"),
            ("2.", "2"),
        ] {
            assert_eq!(number(a).cmp(&number(b)), Ordering::Equal, "{a} {b}");
        }
        for (small, large) in [
            ("9", "10"),
            ("-2", "-1"),
            ("-1", "0"),
            ("0.09", "0.1"),
            ("1.5", "1.51"),
            ("9007199254740992", "9007199254740993"),
            ("-10", "9"),
            ("99999999999999999999999999999999999998", "99999999999999999999999999999999999999"),
        ] {
            assert_eq!(number(small).cmp(&number(large)), Ordering::Less, "{small} {large}");
            assert_eq!(number(large).cmp(&number(small)), Ordering::Greater, "{large} {small}");
        }
        for text in ["", ".", "-", "1e1", "0x10", "1,5", "1.2.3", "one", "--1"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_moments_however_they_are_written() {
        let moment = |text: &str| Moment::parse(text).unwrap_or_else(|| panic!("{text} is a date"));
        for (a, b) in [
            ("1970-01-01", "0"),
            ("2020-01-01T00:00:00Z", "1577836800"),
            ("2020-01-01T01:00:00+01:00", "1577836800"),
            ("2019-12-31T23:30:00-00:30", "1577836800"),
            ("2020-01-01T00:00:00.25Z", "1577836800.25"),
            ("2020", "2020-01-01"),
            ("2020-01", "2020-01-01T00:00Z"),
            ("2000-03-01", "951868800"),
            ("1969-12-31T23:59:59Z", "-1"),
            ("2024-02-29", "1709164800"),
        ] {
            assert_eq!(moment(a), moment(b), "{a} {b}");
        }
        assert!(moment("2020-01-01T00:00:00.4Z") < moment("2020-01-01T00:00:00.5Z"));
        for text in [
            "",
            "yesterday",
            "2020-13-01",
            "2023-02-29",
            "1900-02-29",
            "2020-01-01T24:00Z",
            "2020-01-01T00:60Z",
            "2020-01T00:00Z",
            "2020-1-1",
            "2020-01-01T00:00:00+1",
            "-",
            "1.",
            "0000-01-01T",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn networks_contain_their_addresses_whatever_the_notation() {
        for (network, address, contains) in [
            ("0.0.0.0/0", "255.1.2.3", true),
            ("::/0", "2001:db8::1", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "1.2.3.4", false),
            ("203.0.113.5/24", "203.0.113.9", true),
            ("203.0.113.5", "203.0.113.5", true),
            ("203.0.113.5", "203.0.113.4", false),
            ("2001:DB8::/32", "2001:0db8:0000:0000:0000:0000:0000:0001", true),
            ("2001:db8:0:0:0:0:0:1", "2001:db8::1", true),
            ("2001:db8::1/128", "2001:db8::2", false),
            ("::ffff:203.0.113.0/120", "::ffff:cb00:7105", true),
            ("203.0.113.0/24", "::ffff:203.0.113.5", false),
        ] {
            let found = Network::parse(network).unwrap().contains(address.parse().unwrap());
            assert_eq!(found, contains, "{network} {address}");
        }
        for text in ["", "abc", "1.2.3.4/33", "::/129", "1.2.3", "1.2.3.4/-1", "1.2.3.4/", "1.2.3.4/24/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_canonical_base64_is_binary() {
        for text in ["", "QQ==", "QUI=", "QUJD", "+/+/"] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["Q", "QQ", "QQ=", "QR==", "QUJ=", "====", "=QQ=", "Q Q=", "QQ==QQ=="] {
            assert!(!is_base64(text), "{text}");
        }
    }
}
