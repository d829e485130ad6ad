//! ARNs of resources: their six fields.
//!
//! Source: IAM User Guide, "Amazon Resource Names (ARNs)"; the forms are those of AWS's services, from the table.

use std::collections::HashMap;

use crate::catalogue as code;
use crate::finding::{Check, Finding, Findings};
use crate::kind::Kind;
use crate::policy::{Policy, Word};
use crate::regions::{PARTITIONS, regions};
use crate::tables::{self, Form, forms};
use crate::wild;

/// How many forms of ARNs are looked at in one document: a large policy names some hundred resources.
const MOST_COMPARED: usize = 20_000;

pub(crate) fn check(policy: &Policy<'_>, found: &mut Findings) {
    let mut known = Known { forms: HashMap::new(), left: MOST_COMPARED };
    for clause in policy.statements.iter().filter_map(|statement| statement.resources.as_ref()) {
        for word in clause.words.iter().filter(|word| word.text != "*") {
            // API Gateway completes what stands in its own policies.
            let is_short = policy.kind == Kind::Resource && word.text.starts_with("execute-api:/");
            if !is_short {
                resource(word, &mut known, found);
            }
        }
    }
}

/// The forms of ARNs, for each service that was asked for, and how many may still be looked at.
struct Known {
    forms: HashMap<(String, bool), Vec<Form>>,
    left: usize,
}

impl Known {
    /// The forms of a service; none when enough were looked at.
    fn of(&mut self, service: &str, whole: bool) -> &[Form] {
        let forms = self.forms.entry((service.to_owned(), whole)).or_insert_with(|| forms(service, whole));
        self.left = self.left.saturating_sub(forms.len());
        if self.left == 0 { &[] } else { forms }
    }
}

/// An ARN in its fields, with `*` for variables.
struct Arn<'a> {
    word: &'a Word<'a>,
    partition: String,
    service: String,
    region: String,
    account: String,
    resource: String,
}

fn resource(word: &Word<'_>, known: &mut Known, found: &mut Findings) {
    let plain = tables::without_placeholders(&word.text);
    let mut fields = plain.splitn(6, ':').map(str::to_owned);
    let prefix = fields.next().unwrap_or_default();
    if !wild::matches_exactly(&prefix, "arn") {
        let message = format!("`{}` is not a resource: an ARN begins with `arn:`", word.text);
        found.push(
            Finding::new(&code::INVALID_ARN_PREFIX, word.span, message)
                .help("a resource is an ARN such as `arn:aws:s3:::bucket/*`, or `*`"),
        );
        return;
    }
    let rest: Vec<_> = fields.collect();
    let Ok([partition, service, region, account, resource]) = <[String; 5]>::try_from(rest) else {
        let message = format!("`{}` has fewer than the six fields of an ARN", word.text);
        found.push(
            Finding::new(&code::MISSING_ARN_FIELD, word.span, message)
                .help("the fields are `arn:partition:service:region:account:resource`; those that a service has not are empty"),
        );
        return;
    };
    let arn = Arn { word, partition, service, region, account, resource };
    arn.check_names(found);
    arn.check_form(known, found);
}

impl Arn<'_> {
    fn check_names(&self, found: &mut Findings) {
        let names = || PARTITIONS.iter().map(|one| one.name);
        if !names().any(|name| wild::matches_exactly(&self.partition, name)) {
            let message = format!("there is no partition `{}`", self.partition);
            found.push(
                Finding::new(&code::INVALID_PARTITION, self.word.span, message)
                    .did_you_mean(found.meant(&self.partition, names()))
                    .help(format!("AWS has the partitions {}", names().collect::<Vec<_>>().join(", "))),
            );
            return;
        }
        let is_region = self.region.is_empty()
            || regions(&self.partition).any(|known| wild::matches_exactly(&self.region, known));
        if !is_region {
            let message = format!("`{}` is not a Region of the partition `{}`", self.region, self.partition);
            let meant = found.meant(&self.region, regions(&self.partition));
            found.push(Finding::new(&code::INVALID_ARN_REGION, self.word.span, message).did_you_mean(meant));
        }
    }

    fn check_form(&self, known: &mut Known, found: &mut Findings) {
        if wild::has_wildcard(&self.service) {
            let message = "the service of this ARN is a pattern: AWS's future services will fit it as well";
            found.push(
                Finding::new(&code::WILDCARD_IN_SERVICE_NAME, self.word.span, message)
                    .help("name each service by itself"),
            );
            return self.check_account(&[], found);
        }
        let lower = self.service.to_ascii_lowercase();
        if lower != self.service {
            let message = format!("the service of an ARN is written in lower case: `{lower}`");
            found.push(Finding::new(&code::INVALID_ARN_SERVICE_CASE, self.word.span, message));
            return;
        }
        if !tables::is_service(&self.service) && !tables::is_service_named_by_aws(&self.service) {
            let message = format!("there is no service `{}`", self.service);
            let meant = found.meant(&self.service, iamctl_data::services().prefixes());
            found.push(Finding::new(&code::INVALID_SERVICE, self.word.span, message).did_you_mean(meant));
            return;
        }
        let mut fitting = self.fitting(known.of(&self.service, false));
        if fitting.is_empty() {
            fitting = self.fitting(known.of(&self.service, true));
        }
        self.check_account(&fitting, found);
        if fitting.is_empty() {
            self.tell_of_no_type(known, found);
        } else {
            self.check_fields(&fitting, found);
        }
    }

    /// The forms that the end of the ARN can have.
    fn fitting(&self, forms: &[Form]) -> Vec<Form> {
        forms.iter().filter(|form| wild::overlap(&self.resource, &form.resource)).cloned().collect()
    }

    fn check_account(&self, fitting: &[Form], found: &mut Findings) {
        let account = &self.account;
        let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let is_special = account == "aws" || fitting.iter().any(|form| form.account == *account);
        if account.is_empty() || digits || is_special {
            return;
        }
        let could_be = wild::has_wildcard(account)
            && wild::overlap(account, "????????????")
            && account.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'?');
        if !could_be {
            let message = format!("`{account}` is not the id of an account");
            found.push(
                Finding::new(&code::INVALID_ARN_ACCOUNT, self.word.span, message)
                    .help("the id of an account has twelve digits"),
            );
        }
    }

    /// Tells of an end that is not that of any known type. One that names a type and goes on in another way is let
    /// pass: services take more than the table has.
    fn tell_of_no_type(&self, known: &mut Known, found: &mut Findings) {
        let word = tables::type_word(&self.resource);
        // A type without a name is no resource.
        let is_bare = word.len() == self.resource.len() && !word.starts_with('/');
        let is_named_by_aws = || {
            [true, false].iter().any(|account| tables::is_arn_of_aws(&self.service, &self.resource, *account))
        };
        let all = known.of(&self.service, true);
        let is_type = |form: &Form| {
            let known = tables::type_word(&form.resource);
            !known.is_empty() && known.eq_ignore_ascii_case(word)
        };
        let names_type = all.iter().any(is_type);
        if all.is_empty() || (names_type && !is_bare) || (!names_type && is_named_by_aws()) {
            return;
        }
        let message = format!("no resource of `{}` has an ARN that ends like this", self.service);
        found.push(
            Finding::new(&code::INVALID_ARN_RESOURCE, self.word.span, message)
                .help(format!("ARNs of this service end with {}", examples(all))),
        );
    }

    /// What all types of resources that it can be have, or have not.
    fn check_fields(&self, fitting: &[Form], found: &mut Findings) {
        let checks = (&code::ARN_REGION_NOT_ALLOWED, &code::MISSING_ARN_REGION);
        let empty: Vec<_> = fitting.iter().map(|form| form.region.is_empty()).collect();
        self.check_field("Region", &self.region, &empty, checks, found);
        let checks = (&code::ARN_ACCOUNT_NOT_ALLOWED, &code::MISSING_ARN_ACCOUNT);
        let empty: Vec<_> = fitting.iter().map(|form| form.account.is_empty()).collect();
        let is_public =
            self.account.is_empty() && tables::is_arn_of_aws(&self.service, &self.resource, false);
        if !is_public {
            self.check_field("account", &self.account, &empty, checks, found);
        }
    }

    /// A field, and whether it is empty in each of the forms.
    fn check_field(
        &self,
        what: &str,
        written: &str,
        empty: &[bool],
        (not_allowed, missing): (&'static Check, &'static Check),
        found: &mut Findings,
    ) {
        let service = &self.service;
        // A star may stand for nothing.
        let may_be_empty = wild::matches_exactly(written, "");
        if !may_be_empty && empty.iter().all(|empty| *empty) {
            let message = format!("ARNs of this resource of `{service}` have no {what}");
            found.push(Finding::new(not_allowed, self.word.span, message).help("leave the field empty"));
        } else if written.is_empty() && !empty.contains(&true) {
            let message = format!("ARNs of this resource of `{service}` have {}", with_article(what));
            found
                .push(Finding::new(missing, self.word.span, message).help(format!("add the {what}, or `*`")));
        }
    }
}

fn with_article(what: &str) -> &str {
    if what == "Region" { "a Region" } else { "an account" }
}

fn examples(forms: &[Form]) -> String {
    let shown: Vec<_> = forms.iter().take(3).map(|form| format!("`{}`", form.resource)).collect();
    let more = if forms.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
