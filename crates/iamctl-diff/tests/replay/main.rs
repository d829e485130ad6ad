//! The oracle: a plan is replayed on an account that enforces IAM's rules, and then there is nothing
//! left to plan. As properties over generated states.

mod cases;
mod properties;
mod states;
mod world;
