//! Which crate may depend on which: the arrows of the design, and the purity of the crates that decide.

use crate::check::graph::{From, Graph, Package};

/// For each crate of our own, those of our own that it may be made of. What its tests use is free, but see
/// [`PURE_CRATES`].
///
/// A crate that may depend on `model` may name `policy` too: the types of the model are made of its documents.
const ARROWS: &[(&str, &[&str])] = &[
    ("iamctl-policy", &[]),
    ("iamctl-data", &[]),
    ("iamctl-lint", &["iamctl-policy", "iamctl-data"]),
    ("iamctl-model", &["iamctl-policy"]),
    ("iamctl-spec", &["iamctl-model", "iamctl-policy", "iamctl-data", "iamctl-lint"]),
    ("iamctl-access", &["iamctl-model", "iamctl-policy", "iamctl-data"]),
    ("iamctl-diff", &["iamctl-model", "iamctl-policy"]),
    ("iamctl-snapshot", &["iamctl-model", "iamctl-policy"]),
    ("iamctl-import", &["iamctl-model", "iamctl-policy", "iamctl-spec"]),
    ("iamctl-apply", &["iamctl-model", "iamctl-policy"]),
    ("iamctl-aws", &["iamctl-model", "iamctl-policy", "iamctl-apply"]),
    (
        "iamctl",
        &[
            "iamctl-policy",
            "iamctl-data",
            "iamctl-lint",
            "iamctl-model",
            "iamctl-spec",
            "iamctl-access",
            "iamctl-diff",
            "iamctl-snapshot",
            "iamctl-import",
            "iamctl-apply",
            "iamctl-aws",
        ],
    ),
    // Test support: nothing that ships may be made of these.
    ("iamctl-testing", &["iamctl-policy", "iamctl-model", "iamctl-apply"]),
    ("local-aws", &[]),
    ("fault-proxy", &[]),
    ("xtask", &["local-aws"]),
];

/// The only crate that is made of the AWS SDK.
const SDK_CRATE: &str = "iamctl-aws";

/// Crates that take values and return values. Nothing in them may wait for anything, so no runtime and no client may
/// be anywhere among their dependencies. Their tests may use a runtime (the in-memory account has async ports), but
/// no client: a test of theirs that needs the network belongs elsewhere.
const PURE_CRATES: &[&str] = &[
    "iamctl-policy",
    "iamctl-data",
    "iamctl-lint",
    "iamctl-model",
    "iamctl-spec",
    "iamctl-access",
    "iamctl-diff",
    "iamctl-snapshot",
    "iamctl-import",
];

pub(crate) fn check(graph: &Graph) -> Vec<String> {
    let mut violations = Vec::new();
    for (id, package) in graph.members() {
        violations.extend(check_arrows(graph, package));
        violations.extend(check_sdk(graph, package));
        if PURE_CRATES.contains(&package.name.as_str()) {
            violations.extend(check_purity(graph, id));
        }
    }
    violations
}

fn check_arrows(graph: &Graph, package: &Package) -> Vec<String> {
    let Some((name, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!(
            "the crate {} is not in the table of arrows of this check: add it",
            package.name
        )];
    };
    graph
        .get(&package.normal)
        .filter(|dependency| dependency.is_member && !allowed.contains(&dependency.name.as_str()))
        .map(|dependency| format!("{name} → {}: the design has no such arrow", dependency.name))
        .collect()
}

fn check_sdk(graph: &Graph, package: &Package) -> Vec<String> {
    graph
        .get(&package.normal)
        .filter(|dependency| is_sdk(&dependency.name) && package.name != SDK_CRATE)
        .map(|dependency| {
            format!("{} → {}: only {SDK_CRATE} names the AWS SDK", package.name, dependency.name)
        })
        .collect()
}

fn check_purity(graph: &Graph, id: &str) -> Vec<String> {
    let is_client = |name: &str| is_sdk(name) || name == "hyper";
    let is_runtime = |name: &str| name == "tokio";
    let impure = |from, is_impure: &dyn Fn(&str) -> bool, why: &str| {
        let ways = graph.reachable(id, from);
        // The first impure crate on a way is the one to get rid of: what comes behind it says nothing new.
        let ways = ways.values().filter(|way| {
            way.split_last()
                .is_some_and(|(last, before)| is_impure(last) && !before.iter().any(|name| is_impure(name)))
        });
        ways.map(|way| format!("{}: {why}", way.join(" → "))).collect::<Vec<_>>()
    };
    let normal =
        impure(From::Normal, &|name| is_client(name) || is_runtime(name), "a pure crate does not wait");
    let dev = impure(From::Dev, &is_client, "tests of a pure crate use no network");
    [normal, dev].concat()
}

fn is_sdk(name: &str) -> bool {
    name.starts_with("aws-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_of_the_design_are_allowed() {
        let graph = Graph::of(
            &[
                ("iamctl-policy", &["serde"], &[]),
                ("iamctl-model", &["iamctl-policy"], &[]),
                ("iamctl-apply", &["iamctl-model", "tokio"], &[]),
                ("iamctl-aws", &["iamctl-model", "iamctl-apply", "aws-sdk-iam"], &[]),
                ("iamctl-testing", &["iamctl-apply", "tokio"], &[]),
                ("iamctl-diff", &["iamctl-model"], &["iamctl-testing"]),
            ],
            &[("serde", &[]), ("tokio", &[]), ("aws-sdk-iam", &["hyper"]), ("hyper", &[])],
        );
        assert_eq!(check(&graph), [""; 0]);
    }

    #[test]
    fn an_arrow_backwards_is_a_violation_and_the_same_in_tests_is_not() {
        let graph = Graph::of(
            &[
                ("iamctl-apply", &["iamctl-diff"], &[]),
                ("iamctl-diff", &[], &[]),
                ("iamctl-aws", &[], &["iamctl-diff"]),
            ],
            &[],
        );
        assert_eq!(check(&graph), ["iamctl-apply → iamctl-diff: the design has no such arrow"]);
    }

    #[test]
    fn nothing_that_ships_is_made_of_test_support() {
        let graph = Graph::of(&[("iamctl", &["local-aws"], &[]), ("local-aws", &[], &[])], &[]);
        assert_eq!(check(&graph), ["iamctl → local-aws: the design has no such arrow"]);
    }

    #[test]
    fn a_crate_that_nobody_decided_about_is_a_violation() {
        let graph = Graph::of(&[("iamctl-new", &[], &[])], &[]);
        assert_eq!(
            check(&graph),
            ["the crate iamctl-new is not in the table of arrows of this check: add it"]
        );
    }

    #[test]
    fn only_one_crate_is_made_of_the_sdk_but_tests_may_use_it() {
        let graph = Graph::of(
            &[("iamctl", &["aws-config"], &["aws-sdk-s3"])],
            &[("aws-config", &[]), ("aws-sdk-s3", &[])],
        );
        assert_eq!(check(&graph), ["iamctl → aws-config: only iamctl-aws names the AWS SDK"]);
    }

    #[test]
    fn a_pure_crate_has_no_runtime_anywhere_and_the_way_to_it_is_named() {
        let graph = Graph::of(
            &[("iamctl-spec", &["yaml"], &[])],
            &[("yaml", &["reader"]), ("reader", &["tokio"]), ("tokio", &[])],
        );
        assert_eq!(check(&graph), ["iamctl-spec → yaml → reader → tokio: a pure crate does not wait"]);
    }

    #[test]
    fn tests_of_a_pure_crate_may_have_a_runtime_but_no_client() {
        let graph = Graph::of(
            &[("iamctl-diff", &[], &["tokio", "fault-proxy"]), ("fault-proxy", &["hyper"], &[])],
            &[("tokio", &[]), ("hyper", &["tokio"])],
        );
        assert_eq!(
            check(&graph),
            ["iamctl-diff → fault-proxy → hyper: tests of a pure crate use no network"]
        );
    }

    #[test]
    fn all_violations_are_reported_at_once() {
        let graph = Graph::of(
            &[("iamctl-policy", &["iamctl-model", "aws-types"], &[]), ("iamctl-model", &[], &[])],
            &[("aws-types", &[])],
        );
        assert_eq!(
            check(&graph),
            [
                "iamctl-policy → iamctl-model: the design has no such arrow",
                "iamctl-policy → aws-types: only iamctl-aws names the AWS SDK",
                "iamctl-policy → aws-types: a pure crate does not wait",
            ]
        );
    }
}
