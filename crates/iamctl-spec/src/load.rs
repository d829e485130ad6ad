//! From the manifest's path to trees of values: all files read, variables replaced, includes followed.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use iamctl_lint::Finding;
use iamctl_model::{Account, AccountId, Partition};
use iamctl_policy::{Diagnostic, Diagnostics, Node, SourceId, Sources, Span, parse_json_within};

use crate::Options;
use crate::block::Reader;
use crate::budget::{Budget, MAX_FILES, MAX_INCLUDE_DEPTH, MAX_TOTAL_BYTES};
use crate::files::{FileError, Files, MAX_FILE_BYTES};
use crate::keys;
use crate::paths;
use crate::variables::{Given, Variables, given_by_file};
use crate::yaml::parse_yaml;

/// One YAML file of the manifest.
pub(crate) struct Part {
    /// Its path in the manifest's folder.
    pub(crate) path: String,
    pub(crate) node: Node,
    /// Whether it is the manifest itself and not an included file.
    pub(crate) is_manifest: bool,
}

/// Where the ARNs of a manifest get their account from.
#[derive(Debug, Clone)]
pub(crate) struct EffectiveAccount {
    /// Account and partition that ARNs carry.
    pub(crate) account: Account,
    /// Whether the account is more than a stand-in.
    pub(crate) is_known: bool,
    /// The manifest's `account:`.
    pub(crate) guard: Option<AccountId>,
}

/// Reads files, each once, and remembers their texts.
pub(crate) struct Loader<'a> {
    files: &'a dyn Files,
    folder: &'a str,
    pub(crate) sources: Sources,
    /// Path and exact text of everything read, in the order of reading.
    pub(crate) read: Vec<(String, String)>,
    pub(crate) found: Diagnostics,
    variables: Option<Variables>,
    left: Budget,
    /// The paths of the manifest and of all included files.
    included: HashSet<String>,
    /// Whether policy documents are looked through.
    pub(crate) looks_for_findings: bool,
    /// What was found in policy documents.
    pub(crate) findings: Vec<Finding>,
    /// The documents in files of their own, by path.
    pub(crate) trees: BTreeMap<String, Option<Rc<Node>>>,
    /// Files that are taken as they are, by path.
    plain: BTreeMap<String, Option<(SourceId, String)>>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(files: &'a dyn Files, options: &'a Options) -> Self {
        Self {
            files,
            folder: &options.folder,
            sources: Sources::new(),
            read: Vec::new(),
            found: Diagnostics::new(),
            variables: None,
            left: Budget::new(),
            included: HashSet::new(),
            looks_for_findings: options.findings,
            findings: Vec::new(),
            trees: BTreeMap::new(),
            plain: BTreeMap::new(),
        }
    }

    /// Reads the manifest and everything it includes. The account is `None` when the manifest itself
    /// could not be read.
    pub(crate) fn load(
        &mut self,
        manifest: &str,
        options: &Options,
    ) -> (Vec<Part>, Option<EffectiveAccount>) {
        let node = self.tree(manifest, None);
        let given = self.given_variables(options);
        let Some(mut node) = node else { return (Vec::new(), None) };
        let Some(account) = self.settle_variables(&mut node, &given, options) else {
            return (Vec::new(), None);
        };
        let mut parts = Vec::new();
        let part = Part { path: manifest.to_owned(), node, is_manifest: true };
        self.follow_includes(part, &mut Way::default(), &mut parts);
        (parts, Some(account))
    }

    /// The values given from outside, the ones that win last.
    fn given_variables(&mut self, options: &Options) -> Vec<Given> {
        let mut given = Vec::new();
        for file in &options.variable_files {
            let text = match &file.text {
                Ok(text) if text.len() <= MAX_FILE_BYTES => text,
                Ok(_) => {
                    self.unreadable_variables(&file.name, &FileError::TooLarge);
                    continue;
                }
                Err(error) => {
                    self.unreadable_variables(&file.name, error);
                    continue;
                }
            };
            let source = self.sources.add(file.name.clone(), text.clone());
            let is_json = file.name.to_ascii_lowercase().ends_with(".json");
            let parse = if is_json { parse_json_within } else { parse_yaml };
            if let Some(node) = self.parsed(parse, text, source, None) {
                given.extend(given_by_file(&node, &mut self.found));
            }
        }
        given.extend(options.variables.iter().map(|(name, text)| Given::by_command_line(name, text)));
        given
    }

    fn unreadable_variables(&mut self, name: &str, error: &FileError) {
        let message = format!("`{name}` cannot be read: {error}");
        self.found.push(Diagnostic::error("file-unreadable", Span::NONE, message));
    }

    fn settle_variables(
        &mut self,
        node: &mut Node,
        given: &[Given],
        options: &Options,
    ) -> Option<EffectiveAccount> {
        // What is wrong with the manifest's other keys is told when they are read.
        let mut elsewhere = Diagnostics::new();
        let mut manifest = Reader::open(node, &keys::MANIFEST, "a manifest", &mut self.found)?;
        let mut variables = Variables::declared(&mut manifest, given, &mut self.found);
        let guard = manifest.get("account", &mut elsewhere).and_then(|node| {
            if node.as_str().is_some_and(|text| text.contains("${account_id}")) {
                self.found.push(
                    Diagnostic::error("account", node.span, "the account guard cannot be the account itself")
                        .help("write the twelve digits, or leave `account` out"),
                );
                return None;
            }
            let mut node = node.clone();
            variables.apply(&mut node, &self.sources, &mut elsewhere);
            AccountId::parse(&node.expect_scalar("`account`", &mut elsewhere)?).ok()
        });
        let account = EffectiveAccount {
            account: options.account.clone().unwrap_or_else(|| Account {
                id: guard.clone().unwrap_or_else(AccountId::stand_in),
                partition: Partition::aws(),
            }),
            is_known: options.account.is_some() || guard.is_some(),
            guard,
        };
        let mut variables = variables.with_account(&account.account, &self.sources, &mut self.found);
        variables.apply(node, &self.sources, &mut self.found);
        self.variables = Some(variables);
        Some(account)
    }

    /// The values of all variables.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        self.variables.as_ref().map(Variables::texts).unwrap_or_default()
    }

    fn follow_includes(&mut self, part: Part, way: &mut Way, parts: &mut Vec<Part>) {
        let block = if part.is_manifest { &keys::MANIFEST } else { &keys::INCLUDED };
        let include = Reader::open(&part.node, block, "an included file", &mut Diagnostics::new())
            .and_then(|mut reader| reader.get("include", &mut Diagnostics::new()).cloned());
        if let Some(node) = include.as_ref().filter(|node| node.one_or_many().is_empty()) {
            self.found.push(
                Diagnostic::error("empty-list", node.span, "this list cannot be empty")
                    .help("remove `include`, or name files"),
            );
        }
        way.down(&part.path);
        self.included.insert(part.path.clone());
        parts.push(part);
        for item in include.as_ref().map(Node::one_or_many).unwrap_or_default() {
            for path in self.included_paths(item, way) {
                if self.included.contains(&path) {
                    continue;
                }
                if let Some(mut node) = self.tree(&path, Some(item.span)) {
                    self.replace_variables(&mut node);
                    self.follow_includes(Part { path, node, is_manifest: false }, way, parts);
                }
            }
        }
        way.up();
    }

    /// The files that one item of `include:` names, without those that lead into a circle.
    fn included_paths(&mut self, item: &Node, way: &Way) -> Vec<String> {
        let Some(written) = item.expect_str("an item of `include`", &mut self.found) else {
            return Vec::new();
        };
        let from = way.files.last().map_or("", String::as_str);
        let resolved = match paths::resolve(from, written) {
            Ok(path) if !paths::is_pattern(&path) => Ok(vec![path]),
            Ok(pattern) => {
                let matching = paths::matching(self.files, &pattern, &mut self.left.names);
                matching.map_err(|error| error.to_string())
            }
            Err(problem) => Err(problem.to_owned()),
        };
        let found = match resolved {
            Ok(found) => found,
            Err(problem) => {
                let message = format!("`{written}` cannot be included: {problem}");
                self.found.push(Diagnostic::error("include-path", item.span, message));
                return Vec::new();
            }
        };
        if found.is_empty() {
            self.found.push(
                Diagnostic::error("include-nothing", item.span, format!("no file matches `{written}`"))
                    .help("`*` stays within one name, `**/` stands for any folders"),
            );
        }
        let (circular, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| way.leads_through(path));
        if let Some(path) = circular.first() {
            let through = way.files.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(" → ");
            self.found.push(
                Diagnostic::error("include-cycle", item.span, format!("`{path}` includes itself"))
                    .label("includes a file that led here")
                    .help(format!("the way here: {through} → `{path}`")),
            );
        }
        if way.files.len() > MAX_INCLUDE_DEPTH && !rest.is_empty() {
            let message = format!("more than {MAX_INCLUDE_DEPTH} files lead to one another by `include:`");
            self.found.push(
                Diagnostic::error("too-much", item.span, message)
                    .help("include files from the manifest itself: `include: [\"teams/**/*.yaml\"]`"),
            );
            return Vec::new();
        }
        rest
    }

    /// Where a file lies that is named in `from`.
    fn path_of(&mut self, from: &str, item: &Node, key: &str) -> Option<String> {
        let written = item.expect_str(key, &mut self.found)?;
        let path = paths::resolve(from, written);
        if let Err(problem) = path {
            let message = format!("`{written}` cannot be read: {problem}");
            self.found.push(Diagnostic::error("file-path", item.span, message));
        }
        path.ok()
    }

    /// The text of a file that is taken as it is; read once however often it is named.
    pub(crate) fn plain(&mut self, from: &str, item: &Node) -> Option<(SourceId, String)> {
        let path = self.path_of(from, item, "`metadata_file`")?;
        if let Some(known) = self.plain.get(&path) {
            return known.clone();
        }
        let text = self.text(&path, Some(item.span));
        self.plain.insert(path, text.clone());
        text
    }

    /// The tree of a document's file, with variables replaced; read once however often it is named.
    pub(crate) fn document(&mut self, from: &str, item: &Node) -> Option<(String, Rc<Node>)> {
        let path = self.path_of(from, item, "`file`")?;
        if let Some(known) = self.trees.get(&path) {
            return known.clone().map(|node| (path, node));
        }
        let node = self.tree(&path, Some(item.span)).map(|mut node| {
            self.replace_variables(&mut node);
            Rc::new(node)
        });
        self.trees.insert(path.clone(), node.clone());
        node.map(|node| (path, node))
    }

    fn replace_variables(&mut self, node: &mut Node) {
        if let Some(variables) = &mut self.variables {
            variables.apply(node, &self.sources, &mut self.found);
        }
    }

    /// Reads and parses one file. `named_at` is where it is named, for errors.
    fn tree(&mut self, path: &str, named_at: Option<Span>) -> Option<Node> {
        let (source, text) = self.text(path, named_at)?;
        let parse = match path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()) {
            Some(extension) if extension == "json" => parse_json_within,
            Some(extension) if extension == "yaml" || extension == "yml" => parse_yaml,
            // The manifest itself may have any name.
            _ if named_at.is_none() => parse_yaml,
            _ => {
                self.found.push(
                    Diagnostic::error(
                        "file-extension",
                        named_at.unwrap_or(Span::NONE),
                        format!("`{path}` is neither JSON nor YAML by its name"),
                    )
                    .help("name it `….json`, `….yaml` or `….yml`"),
                );
                return None;
            }
        };
        self.parsed(parse, &text, source, named_at)
    }

    fn parsed(
        &mut self,
        parse: fn(&str, SourceId, usize, &mut Diagnostics) -> Option<Node>,
        text: &str,
        source: SourceId,
        named_at: Option<Span>,
    ) -> Option<Node> {
        let mut found = Diagnostics::new();
        let mut node = parse(text, source, self.left.nodes, &mut found);
        self.left.charge(text, node.as_mut(), &mut found);
        for diagnostic in found.iter() {
            let named = named_at.unwrap_or(Span::NONE);
            self.found.push(diagnostic.clone().related(named, "this file is named here"));
        }
        node
    }

    fn text(&mut self, path: &str, named_at: Option<Span>) -> Option<(SourceId, String)> {
        let limit = MAX_FILE_BYTES.min(self.left.bytes);
        let refused = if self.left.files == 0 {
            format!("a manifest has at most {MAX_FILES} files")
        } else {
            self.left.files = self.left.files.saturating_sub(1);
            match self.files.read(path, limit) {
                Ok(text) if text.len() <= limit => {
                    self.left.bytes = self.left.bytes.saturating_sub(text.len());
                    let source = self.sources.add(format!("{}{path}", self.folder), text.clone());
                    self.read.push((path.to_owned(), text.clone()));
                    return Some((source, text));
                }
                Ok(_) | Err(FileError::TooLarge) if limit < MAX_FILE_BYTES => {
                    format!("all files together have more than {} MiB", MAX_TOTAL_BYTES >> 20)
                }
                Ok(_) => FileError::TooLarge.to_string(),
                Err(error) => error.to_string(),
            }
        };
        let shown = format!("{}{path}", self.folder);
        let error = Diagnostic::error(
            "file-unreadable",
            named_at.unwrap_or(Span::NONE),
            format!("`{shown}` cannot be read: {refused}"),
        );
        let is_missing = refused == FileError::NotFound.to_string();
        let error =
            if is_missing && self.found.are_few() { self.with_suggestion(error, path) } else { error };
        self.found.push(error);
        None
    }

    /// Offers the file of the same folder that was probably meant.
    fn with_suggestion(&self, error: Diagnostic, path: &str) -> Diagnostic {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = self.files.list(folder).unwrap_or_default();
        let names = beside.iter().filter(|entry| !entry.is_folder).map(|entry| entry.name.as_str());
        error.did_you_mean(name, names)
    }
}

/// The files that lead to one another, from the manifest on.
#[derive(Debug, Default)]
struct Way {
    files: Vec<String>,
    known: HashSet<String>,
}

impl Way {
    fn down(&mut self, path: &str) {
        self.files.push(path.to_owned());
        self.known.insert(path.to_owned());
    }

    fn up(&mut self) {
        if let Some(path) = self.files.pop() {
            self.known.remove(&path);
        }
    }

    fn leads_through(&self, path: &str) -> bool {
        self.known.contains(path)
    }
}
