//! Values as text: one file for each shape. All wording for people is here.

pub(crate) mod diagnostics;
