//! Compares what is in an account with what the manifest wants and what was last applied, and makes
//! the plan: typed changes, the calls that carry them out, and the order in which they are safe.
//!
//! Pure functions of values; the binary and the tests call the same ones.
//!
//! ```text
//! unfinished runs ─claim─▶ ownership ─┐
//! live ───────────────────────────────┼─classify─▶ changes ─steps─▶ drafts ─order─▶ plan
//! desired ────────────────────────────┘        └──guards──▶ refusals
//! ```

mod boundaries;
mod changes;
mod claim;
mod comparable;
mod credentials;
mod delta;
mod doors;
mod drafts;
mod fields;
mod fit;
mod fresh;
mod ghosts;
mod graph;
mod guards;
mod last_used;
mod mentions;
mod moves;
mod order;
mod plan;
mod providers;
mod quotas;
mod renamed;
mod renames;
mod replace;
mod restored;
mod runner;
mod service_linked;
mod settings;
mod tagged;
mod world;

pub use credentials::users_to_delete;
pub use fresh::{is_as_left, missing};
pub use ghosts::deleted_principals;
pub use plan::{
    Inputs, MasterCopyState, Planned, leaves_unexplained, may_overlap, plan, unmanaged_addresses,
};
pub use quotas::needs_quotas;
