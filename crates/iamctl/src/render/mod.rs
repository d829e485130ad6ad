//! Values as text: one file for each shape. All wording for people is here.

pub(crate) mod access;
pub(crate) mod access_json;
pub(crate) mod answer;
pub(crate) mod answer_json;
pub(crate) mod diagnostics;
pub(crate) mod document;
pub(crate) mod escalation;
pub(crate) mod import;
pub(crate) mod markdown;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod page;
pub(crate) mod plan_json;
pub(crate) mod plan_text;
pub(crate) mod request;
pub(crate) mod run;
pub(crate) mod sarif;
pub(crate) mod tests;
pub(crate) mod trust;
