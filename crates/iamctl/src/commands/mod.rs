//! One file for each verb: its arguments on top, what it does below.

pub(crate) mod apply;
pub(crate) mod can;
pub(crate) mod completions;
pub(crate) mod drift;
pub(crate) mod escalations;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod runs;
pub(crate) mod show;
pub(crate) mod taken;
pub(crate) mod test;
pub(crate) mod unlock;
pub(crate) mod unmanaged;
pub(crate) mod validate;
