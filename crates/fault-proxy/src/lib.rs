//! Test support: a proxy that counts AWS requests and makes chosen ones fail.
