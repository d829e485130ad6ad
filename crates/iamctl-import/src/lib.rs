//! Writes a manifest of what is in an account, so that it can be taken over without a change to it.
//!
//! What is written says exactly what is there: the text is read again by the reader of manifests and
//! compared, thing by thing, before it is given out. What cannot be written so is left out, and said.
//!
//! ```
//! use iamctl_import::{Head, Options, Selection, import};
//! use iamctl_model::{Account, AccountId, Live, ManifestName, MasterCopy, Partition};
//!
//! let account = Account { id: AccountId::parse("123456789012")?, partition: Partition::aws() };
//! let head = Head {
//!     name: ManifestName::parse("acme-prod").unwrap(),
//!     master_copy: MasterCopy {
//!         bucket: "acme-iam-master-copy".to_owned(),
//!         region: "eu-west-1".to_owned(),
//!         prefix: "iam/".to_owned(),
//!         owner: None,
//!         kms_key: None,
//!     },
//! };
//! let options = Options { head, selection: Selection::default(), split: false };
//! let imported = import(&Live::empty(account), &options)?;
//! assert!(imported.files[0].1.contains("name: acme-prod"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod edit;
mod manifest;
mod ours;
mod select;
mod trust;
mod update;
mod write;
mod yaml;

pub use manifest::{Head, Imported, LeftOut, Options, Unwritable, import};
pub use select::Selection;
pub use update::{Drifted, Updated, update};
