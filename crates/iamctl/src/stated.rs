//! What is stated about the request of a question: `--with` and `--without`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use iamctl_model::{ContextValue, Mfa, TestContext};
use iamctl_policy::closest;
use iamctl_spec::condition_keys;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::page::Ink;
use crate::terminal::Terminal;

const PRESENT: &str = "aws:MultiFactorAuthPresent";
const AGE: &str = "aws:MultiFactorAuthAge";
const SOURCE_IP: &str = "aws:SourceIp";

/// What is known about the request.
#[derive(Debug, Args)]
pub(crate) struct Stated {
    /// What is known about the request: `mfa=true`, `mfa=false`, `mfa_age=SECONDS`, `source_ip=ADDRESS`, or
    /// any condition key, such as `aws:RequestedRegion=eu-west-1`; one that is given twice has both values
    #[arg(long = "with", value_name = "KEY=VALUE", value_parser = fact)]
    with: Vec<Fact>,

    /// A condition key that is not in the request, by its name or as `mfa`, `mfa_age`, `source_ip`
    #[arg(long, value_name = "KEY", value_parser = named)]
    without: Vec<Named>,
}

/// What names condition keys: a word of ours, or the name of one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Mfa,
    MfaAge,
    SourceIp,
    Key(String),
}

/// One thing that is so.
#[derive(Debug, Clone)]
enum Fact {
    Mfa(bool),
    MfaAge(u32),
    SourceIp(String),
    Key(String, String),
}

fn named(text: &str) -> Result<Named, String> {
    match text {
        "mfa" => Ok(Named::Mfa),
        "mfa_age" => Ok(Named::MfaAge),
        "source_ip" => Ok(Named::SourceIp),
        // Keys of providers have their address before the colon, which may hold colons itself.
        key if key.rsplit_once(':').is_some_and(|(prefix, name)| !prefix.is_empty() && !name.is_empty()) => {
            Ok(Named::Key(key.to_owned()))
        }
        _ => {
            let meant = closest(text, ["mfa", "mfa_age", "source_ip"]);
            let meant = meant.map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default();
            Err(format!("`{text}` is neither `mfa`, `mfa_age`, `source_ip` nor a condition key{meant}"))
        }
    }
}

fn fact(text: &str) -> Result<Fact, String> {
    let (name, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    match named(name)? {
        Named::Mfa => match value {
            "true" => Ok(Fact::Mfa(true)),
            "false" => Ok(Fact::Mfa(false)),
            _ => Err("`mfa` is `true` or `false`".to_owned()),
        },
        Named::MfaAge => {
            let age = value.parse().map_err(|_| "`mfa_age` is a number of seconds")?;
            Ok(Fact::MfaAge(age))
        }
        Named::SourceIp => match value.parse::<std::net::IpAddr>() {
            Ok(_) => Ok(Fact::SourceIp(value.to_owned())),
            Err(_) => Err(format!("`{value}` is not an IP address")),
        },
        Named::Key(key) => match condition_keys::misfit(&key, value) {
            Some(misfit) => Err(misfit),
            None => Ok(Fact::Key(key, value.to_owned())),
        },
    }
}

impl Named {
    /// As it was written.
    fn word(&self) -> &str {
        match self {
            Self::Mfa => "mfa",
            Self::MfaAge => "mfa_age",
            Self::SourceIp => "source_ip",
            Self::Key(key) => key,
        }
    }

    /// The condition keys that are absent where it is. A request without MFA has no age of it.
    ///
    /// Source: IAM User Guide, "AWS global condition context keys", `aws:MultiFactorAuthAge`.
    fn keys(&self) -> &[&str] {
        match self {
            Self::Mfa => &[PRESENT, AGE],
            Self::MfaAge => &[AGE],
            Self::SourceIp => &[SOURCE_IP],
            Self::Key(_) => &[],
        }
    }

    fn is_about(&self, key: &str) -> bool {
        let is = |known: &str| known.eq_ignore_ascii_case(key);
        is(self.word()) || self.keys().iter().any(|known| is(known))
    }
}

impl Fact {
    /// As it was written, without a value that makes no difference.
    fn word(&self) -> &str {
        match self {
            Self::Mfa(true) => "mfa=true",
            Self::Mfa(false) => "mfa=false",
            Self::MfaAge(_) => "mfa_age",
            Self::SourceIp(_) => "source_ip",
            Self::Key(key, _) => key,
        }
    }

    /// The condition keys that it states.
    fn keys(&self) -> Vec<&str> {
        match self {
            // The age may be stated as a key then.
            Self::Mfa(true) => vec![PRESENT],
            Self::Mfa(false) | Self::MfaAge(_) => vec![PRESENT, AGE],
            Self::SourceIp(_) => vec![SOURCE_IP],
            Self::Key(key, _) => vec![key],
        }
    }

    /// The condition keys that cannot be absent, or are said not to be there already.
    fn keys_that_are_told(&self) -> Vec<&str> {
        match self {
            Self::Mfa(_) => vec![PRESENT, AGE],
            _ => self.keys(),
        }
    }
}

impl Stated {
    /// The request, as far as it is known.
    ///
    /// # Errors
    ///
    /// When what is stated contradicts itself, or states a condition key both by a word and by its name.
    pub(crate) fn context(&self) -> Result<TestContext, Failure> {
        if let Some(contradiction) = self.contradiction() {
            return Err(Failure::new(Exit::Usage, contradiction).help("state one of the two"));
        }
        let mut context = TestContext::default();
        let mut keys: BTreeMap<String, (&str, Vec<String>)> = BTreeMap::new();
        let mut add = |key, value: &String| {
            let known = keys.entry(str::to_ascii_lowercase(key)).or_insert_with(|| (key, Vec::new()));
            known.1.push(value.clone());
        };
        for fact in &self.with {
            match fact {
                Fact::Mfa(false) => context.mfa = Some(Mfa::Absent),
                Fact::Mfa(true) => context.mfa = context.mfa.or(Some(Mfa::Present { age: None })),
                Fact::MfaAge(age) => context.mfa = Some(Mfa::Present { age: Some(*age) }),
                Fact::SourceIp(value) => add(SOURCE_IP, value),
                Fact::Key(key, value) => add(key, value),
            }
        }
        for (key, mut values) in keys.into_values() {
            let value = match (values.len(), values.pop()) {
                (1, Some(value)) => ContextValue::One(value),
                (_, last) => {
                    values.extend(last);
                    ContextValue::Many(values)
                }
            };
            context.keys.insert(key.to_owned(), value);
        }
        for named in &self.without {
            let keys = match named {
                Named::Key(key) => &[key.as_str()],
                word => word.keys(),
            };
            context.keys.extend(keys.iter().map(|key| ((*key).to_owned(), ContextValue::Absent)));
        }
        Ok(context)
    }

    /// Says which condition keys are none that a request can have: they state nothing.
    pub(crate) fn tell_unknown(&self, terminal: Terminal) {
        let stated = self.with.iter().filter_map(|fact| match fact {
            Fact::Key(key, _) => Some(key.as_str()),
            _ => None,
        });
        let absent = self.without.iter().filter_map(|named| match named {
            Named::Key(key) => Some(key.as_str()),
            _ => None,
        });
        let keys: BTreeSet<&str> = stated.chain(absent).collect();
        let mut page = terminal.page();
        for unknown in keys.into_iter().filter_map(condition_keys::unknown_key) {
            let title = format!("warning[{}]: ", condition_keys::UNKNOWN_KEY);
            page.words(0, 9, &[(Ink::Caution, title), (Ink::Plain, unknown.message)]);
            for help in unknown.help {
                page.words(2, 8, &[(Ink::Hint, "help: ".to_owned()), (Ink::Plain, help)]);
            }
        }
        terminal.tell(&page);
    }

    /// What cannot both be meant.
    fn contradiction(&self) -> Option<String> {
        let later = |at: usize| self.with.iter().skip(at.saturating_add(1));
        let mut pairs =
            self.with.iter().enumerate().flat_map(|(at, one)| later(at).map(move |two| (one, two)));
        let of_two = pairs.find_map(|(one, two)| contradict(one, two));
        of_two.or_else(|| {
            self.without.iter().find_map(|absent| {
                let is_told = |fact: &Fact| fact.keys_that_are_told().iter().any(|key| absent.is_about(key));
                let fact = self.with.iter().find(|fact| is_told(fact))?;
                let is_same = fact.word().eq_ignore_ascii_case(absent.word());
                let told = if is_same { String::new() } else { format!(", as `{}`", fact.word()) };
                Some(format!("`{}` is stated by `--with`{told}, and absent by `--without`", absent.word()))
            })
        })
    }
}

/// Why two facts cannot both be stated. One key by its name twice has two values.
fn contradict(one: &Fact, two: &Fact) -> Option<String> {
    match (one, two) {
        (Fact::Key(..), Fact::Key(..)) | (Fact::SourceIp(_), Fact::SourceIp(_)) => None,
        (Fact::MfaAge(one), Fact::MfaAge(two)) if one != two => Some("`mfa_age` is stated twice".to_owned()),
        (Fact::Mfa(false), Fact::MfaAge(_) | Fact::Mfa(true))
        | (Fact::MfaAge(_) | Fact::Mfa(true), Fact::Mfa(false)) => {
            let other = if matches!(one, Fact::Mfa(false)) { two } else { one };
            Some(format!("`mfa=false` and `{}` contradict each other", other.word()))
        }
        (Fact::Key(key, _), word) | (word, Fact::Key(key, _)) => {
            let is_same = word.keys().iter().any(|known| known.eq_ignore_ascii_case(key));
            is_same.then(|| format!("`{key}` is stated twice: `{}` stands for it", word.word()))
        }
        _ => None,
    }
}
