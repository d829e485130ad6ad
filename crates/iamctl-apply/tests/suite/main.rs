//! Runs against a bucket and an account in memory, with everything going wrong that can.

#[cfg(test)]
mod account;
#[cfg(test)]
mod doomed;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod executor;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod master_copy;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod records;
#[cfg(test)]
mod renaming;
#[cfg(test)]
mod world;
