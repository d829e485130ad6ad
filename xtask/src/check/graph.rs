//! The dependency graph, as much of it as the rules look at.

use std::collections::{BTreeMap, VecDeque};

use cargo_metadata::{DependencyKind, Metadata, Package as CargoPackage, PackageId};

/// Every package that cargo resolved, on every platform, by an id that is unique.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) packages: BTreeMap<String, Package>,
}

/// One package, and what it depends on directly.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    pub(crate) is_member: bool,
    /// Ids of what it needs to be built or to run.
    pub(crate) normal: Vec<String>,
    /// Ids of what only its tests and examples need.
    pub(crate) dev: Vec<String>,
}

/// Which dependencies of the crate that a path starts at are followed. Behind it, it is always the normal ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    /// What the crate itself is made of.
    Normal,
    /// What its tests are made of.
    Dev,
    /// Both.
    All,
}

impl Graph {
    pub(crate) fn from_metadata(metadata: &Metadata) -> Self {
        let mut packages: BTreeMap<String, Package> = metadata
            .packages
            .iter()
            .map(|package| (package.id.repr.clone(), Package::new(package, &metadata.workspace_members)))
            .collect();
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        for node in nodes {
            let Some(package) = packages.get_mut(&node.id.repr) else { continue };
            for dependency in &node.deps {
                let has = |kind| dependency.dep_kinds.iter().any(|found| found.kind == kind);
                if has(DependencyKind::Normal) || has(DependencyKind::Build) {
                    package.normal.push(dependency.pkg.repr.clone());
                }
                if has(DependencyKind::Development) {
                    package.dev.push(dependency.pkg.repr.clone());
                }
            }
        }
        Self { packages }
    }

    /// The packages of the workspace, with their ids.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&String, &Package)> {
        self.packages.iter().filter(|(_, package)| package.is_member)
    }

    /// The packages with these ids.
    pub(crate) fn get<'a>(&'a self, ids: &'a [String]) -> impl Iterator<Item = &'a Package> {
        ids.iter().filter_map(|id| self.packages.get(id))
    }

    /// Everything that `start` brings in, each with the names along one of the shortest ways to it.
    pub(crate) fn reachable(&self, start: &str, from: From) -> BTreeMap<&String, Vec<&str>> {
        let Some((start, package)) = self.packages.get_key_value(start) else { return BTreeMap::new() };
        let first: Vec<&String> = match from {
            From::Normal => package.normal.iter().collect(),
            From::Dev => package.dev.iter().collect(),
            From::All => package.normal.iter().chain(&package.dev).collect(),
        };
        let mut ways = BTreeMap::from([(start, vec![package.name.as_str()])]);
        let mut queue = VecDeque::from([(start, first)]);
        while let Some((at, next)) = queue.pop_front() {
            let way = ways.get(at).cloned().unwrap_or_default();
            for id in next {
                let Some(package) = self.packages.get(id) else { continue };
                if !ways.contains_key(id) {
                    ways.insert(id, way.iter().copied().chain([package.name.as_str()]).collect());
                    queue.push_back((id, package.normal.iter().collect()));
                }
            }
        }
        ways.remove(start);
        ways
    }
}

impl Package {
    fn new(package: &CargoPackage, members: &[PackageId]) -> Self {
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            is_member: members.contains(&package.id),
            normal: Vec::new(),
            dev: Vec::new(),
        }
    }
}

#[cfg(test)]
impl Graph {
    /// A graph of packages under MIT, whose ids are their names: `member("a", &["b"], &["c"])` for our own, with
    /// normal and dev dependencies; whatever is only depended on is added as a package from outside.
    pub(crate) fn of(members: &[(&str, &[&str], &[&str])], others: &[(&str, &[&str])]) -> Self {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let package = |name: &str, is_member, normal: &[&str], dev: &[&str]| {
            let licence = Some("MIT".to_owned());
            let (name, version) = (name.to_owned(), "1.0.0".to_owned());
            (
                name.clone(),
                Package { name, version, licence, is_member, normal: owned(normal), dev: owned(dev) },
            )
        };
        let members = members.iter().map(|(name, normal, dev)| package(name, true, normal, dev));
        let others = others.iter().map(|(name, normal)| package(name, false, normal, &[]));
        Self { packages: members.chain(others).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_package_is_the_shortest_and_names_every_crate_on_it() {
        let graph = Graph::of(
            &[("ours", &["far", "near"], &["tests-only"])],
            &[
                ("far", &["middle"]),
                ("middle", &["leaf"]),
                ("near", &["leaf"]),
                ("leaf", &[]),
                ("tests-only", &[]),
            ],
        );
        let ways = graph.reachable("ours", From::Normal);
        assert_eq!(ways[&"leaf".to_owned()], ["ours", "near", "leaf"]);
        assert!(!ways.contains_key(&"tests-only".to_owned()));
        assert!(graph.reachable("ours", From::Dev).contains_key(&"tests-only".to_owned()));
    }

    #[test]
    fn packages_that_need_each_other_for_tests_are_no_endless_way() {
        let graph = Graph::of(&[("a", &["b"], &[]), ("b", &[], &["a"])], &[]);
        assert_eq!(graph.reachable("b", From::All).len(), 1);
    }

    #[test]
    fn this_workspace_is_read_with_its_members_and_their_dependencies() {
        let manifest = crate::build::root().join("Cargo.toml");
        let metadata = cargo_metadata::MetadataCommand::new().manifest_path(manifest).exec().unwrap();
        let graph = Graph::from_metadata(&metadata);
        let (id, _) = graph.members().find(|(_, package)| package.name == "xtask").unwrap();
        let ways = graph.reachable(id, From::Normal);
        assert!(ways.values().any(|way| *way == ["xtask", "local-aws", "sha2"]));
        assert!(!graph.members().any(|(_, package)| package.name == "serde"));
    }
}
