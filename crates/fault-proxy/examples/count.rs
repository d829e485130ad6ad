//! Stands in front of a local AWS and counts requests for whoever cannot link the proxy: `count 127.0.0.1:5000`.
//!
//! It prints the URL to give to clients. For each line on standard input it prints three numbers: the requests since
//! the line before, how many of them changed something in IAM, and how many were answered with a server error. It ends
//! when standard input does.

use std::io::{BufRead, Write};

use fault_proxy::{Call, Proxy, Service};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let upstream = std::env::args().nth(1).ok_or("usage: count ADDRESS:PORT")?;
    let proxy = Proxy::start(upstream.parse()?)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", proxy.endpoint())?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let is_done = |call: &Call| call.status.is_some_and(|status| status < 400);
        let writes = proxy.count(|call| call.service == Service::Iam && call.is_write() && is_done(call));
        let broken = proxy.count(|call| call.status.is_some_and(|status| status >= 500));
        writeln!(out, "{} {writes} {broken}", proxy.count(|_| true))?;
        proxy.clear();
    }
    Ok(())
}
