//! What the tests stand on.

mod account;
mod program;
mod terminal;
mod world;

pub(crate) use account::Account;
pub(crate) use program::{Finished, Running, run, starting};
pub(crate) use terminal::Terminal;
pub(crate) use world::World;
