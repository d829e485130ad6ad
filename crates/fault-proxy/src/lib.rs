//! Test support: a proxy that counts AWS requests and makes chosen ones fail.
//!
//! It stands on a free loopback port between the program under test and one upstream (a local AWS), writes down
//! every request as a [`Call`] in order of arrival, and lets a test inject a [`Fault`]: an AWS error, a cut
//! connection, a lost reply, a delay, a stop in mid-air, another answer. It runs on a thread of its own, so tests use it without
//! being async.
//!
//! ```no_run
//! use fault_proxy::{Fault, Proxy, Service};
//!
//! let proxy = Proxy::start("127.0.0.1:5000".parse()?)?;
//! proxy.inject(Fault::throttling().operation("CreateUser").times(2));
//! // … run a program against proxy.endpoint() …
//! assert_eq!(proxy.count(|call| call.service == Service::Iam && call.is_write()), 10);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Only HTTP/1.1 without TLS, only path-style S3 requests: what an SDK sends to a loopback endpoint.

mod call;
mod fault;
mod forward;
mod proxy;
mod reply;
mod s3;

pub use crate::call::{Call, Service};
pub use crate::fault::{Fault, Injected};
pub use crate::proxy::Proxy;
pub use crate::reply::REQUEST_ID;
