//! Under which licences the crates may be that ours are made of or tested with.

use std::collections::BTreeMap;

use spdx::{Expression, ParseMode};

use crate::check::graph::{From, Graph, Package};

/// Permissive licences, and weak copyleft per file (MPL-2.0): none of them reaches over to iamctl's own code.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(crate) fn check(graph: &Graph) -> Vec<String> {
    let objections: Vec<(&String, String)> = graph
        .packages
        .iter()
        .filter_map(|(id, package)| Some((id, objection(package.licence.as_deref())?)))
        .collect();
    if objections.is_empty() {
        return Vec::new();
    }
    let ways = shortest_ways(graph);
    let describe = |(id, objection): (&String, String)| {
        let Package { name, version, .. } = graph.packages.get(id)?;
        let way = ways.get(id).map(|way| way.join(" → ")).unwrap_or_default();
        Some(format!("{name} {version} {objection}; it comes in by {way}"))
    };
    objections.into_iter().filter_map(describe).collect()
}

/// What is wrong with a licence, if anything.
fn objection(licence: Option<&str>) -> Option<String> {
    let Some(licence) = licence else { return Some("names no licence".to_owned()) };
    // Lax: some older crates write `MIT/Apache-2.0`.
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Ok(expression) if expression.evaluate(is_allowed) => None,
        Ok(_) => Some(format!("is under `{licence}`, which is not on the list")),
        Err(error) => Some(format!("is under `{licence}`, which cannot be read: {}", error.reason)),
    }
}

/// An exception only ever adds a permission, so it is the licence that decides.
fn is_allowed(requirement: &spdx::LicenseReq) -> bool {
    requirement.license.id().is_some_and(|id| ALLOWED.contains(&id.name))
}

/// For every package, the way to it from the crate of ours that is closest.
fn shortest_ways(graph: &Graph) -> BTreeMap<&String, Vec<&str>> {
    let mut shortest: BTreeMap<&String, Vec<&str>> = BTreeMap::new();
    for (member, package) in graph.members() {
        shortest.insert(member, vec![&package.name]);
        for (id, way) in graph.reachable(member, From::All) {
            let known = shortest.entry(id).or_insert_with(|| way.clone());
            if way.len() < known.len() {
                *known = way;
            }
        }
    }
    shortest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_follows_the_expression() {
        for licence in [
            "MIT",
            "MIT/Apache-2.0",
            "Apache-2.0 / MIT",
            "MIT OR GPL-3.0-only",
            "ISC AND (Apache-2.0 OR ISC) AND OpenSSL",
            "Apache-2.0 WITH LLVM-exception",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert_eq!(objection(Some(licence)), None, "{licence}");
        }
        for licence in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "AGPL-3.0-or-later",
            "no licence at all",
            "LicenseRef-own",
        ] {
            assert!(objection(Some(licence)).is_some(), "{licence}");
        }
        assert_eq!(objection(None).unwrap(), "names no licence");
    }

    #[test]
    fn a_violation_names_the_way_that_the_crate_comes_in() {
        let mut graph = Graph::of(
            &[("iamctl-aws", &["sdk"], &[]), ("xtask", &[], &["tool"])],
            &[("sdk", &["tls"]), ("tls", &[]), ("tool", &[])],
        );
        graph.packages.get_mut("tls").unwrap().licence = Some("GPL-2.0-only".to_owned());
        graph.packages.get_mut("tool").unwrap().licence = None;
        assert_eq!(
            check(&graph),
            [
                "tls 1.0.0 is under `GPL-2.0-only`, which is not on the list; it comes in by iamctl-aws → sdk → tls",
                "tool 1.0.0 names no licence; it comes in by xtask → tool",
            ]
        );
    }

    #[test]
    fn every_entry_of_the_list_is_a_licence() {
        for name in ALLOWED {
            assert!(spdx::license_id(name).is_some(), "{name}");
        }
    }
}
