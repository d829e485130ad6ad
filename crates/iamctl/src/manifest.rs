//! Loads the manifest that the command line names, and says what is wrong with it.

use std::path::Path;

use iamctl_apply::{ManifestFile, ManifestFiles};
use iamctl_import::{Drifted, Updated};
use iamctl_model::{Account, Live, Partition};
use iamctl_policy::Diagnostics;
use iamctl_spec::{
    FileError, MAX_FILE_BYTES, Manifest, Options, Rejected, VariableFile, parse, parse_for_editing,
};

use crate::cli::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::{Folder, read_anywhere};
use crate::render::diagnostics::{self, harmless_json};
use crate::render::page::Ink;
use crate::terminal::Terminal;

/// The manifest of this call, before and after the account is known.
pub(crate) struct Loader<'g> {
    global: &'g Global,
    terminal: Terminal,
    pub(crate) folder: Folder,
    name: String,
    options: Options,
}

impl<'g> Loader<'g> {
    pub(crate) fn new(global: &'g Global, terminal: Terminal) -> Result<Self, Failure> {
        let shown = global.file.display();
        let (folder, name) = Folder::of(&global.file).map_err(|error| {
            let failure = Failure::new(Exit::Invalid, format!("cannot read the manifest `{shown}`: {error}"));
            match error {
                FileError::NotFound => {
                    failure.help("`iamctl init` writes a first one; `--file` names another one")
                }
                _ => failure,
            }
        })?;
        let variables = global.vars.iter().cloned().collect();
        let variable_files = global.var_files.iter().map(|path| variable_file(path)).collect();
        let folder_shown = folder.prefix();
        let options =
            Options { variables, variable_files, account: None, folder: folder_shown, findings: false };
        Ok(Self { global, terminal, folder, name, options })
    }

    /// Reads the manifest and looks its policy documents through. Nothing is told: it is the result.
    pub(crate) fn load_with_findings(&self) -> Result<Manifest, Box<Rejected>> {
        parse(&self.folder, &self.name, &Options { findings: true, ..self.options.clone() })
    }

    /// Reads the manifest, for an account when it is known. Warnings are told the first time only.
    pub(crate) fn load(&self, account: Option<&Account>) -> Result<Manifest, Failure> {
        let options = Options { account: account.cloned(), ..self.options.clone() };
        match parse(&self.folder, &self.name, &options) {
            Ok(manifest) => {
                if account.is_none() {
                    self.report(&manifest.warnings, &manifest.sources);
                }
                Ok(manifest)
            }
            Err(rejected) => {
                self.report(&rejected.diagnostics, &rejected.sources);
                self.tell_of_init();
                Err(Failure::silent(Exit::Invalid))
            }
        }
    }

    /// Whoever has no manifest yet has not made a mistake in it.
    pub(crate) fn tell_of_init(&self) {
        if self.global.format == Format::Json || !matches!(self.global.file.try_exists(), Ok(false)) {
            return;
        }
        let mut page = self.terminal.page();
        let text = "`iamctl init` writes a first manifest; `--file` names another one";
        page.words(2, 6, &[(Ink::Hint, "help: "), (Ink::Plain, text)]);
        self.terminal.complain_page(&page);
    }

    /// The manifest for an account, once that is known. One that names its account was read for it already:
    /// reading is most of the time that a large manifest takes.
    pub(crate) fn load_for(&self, offline: Manifest, account: &Account) -> Result<Manifest, Failure> {
        let was_for_it =
            offline.desired.account.as_ref() == Some(&account.id) && account.partition == Partition::aws();
        if was_for_it { Ok(offline) } else { self.load(Some(account)) }
    }

    /// Edits the manifest's texts so that they say of some things what is in the account.
    pub(crate) fn update(
        &self,
        account: &Account,
        live: &Live,
        drifted: &[Drifted],
    ) -> Result<Updated, Failure> {
        let options = Options { account: Some(account.clone()), ..self.options.clone() };
        let read = parse_for_editing(&self.folder, &self.name, &options).map_err(|rejected| {
            self.report(&rejected.diagnostics, &rejected.sources);
            Failure::silent(Exit::Invalid)
        })?;
        Ok(iamctl_import::update(&read, &self.name, &options, live, drifted))
    }

    /// Findings go to standard error as text; as JSON they are the result.
    fn report(&self, found: &Diagnostics, sources: &iamctl_policy::Sources) {
        if found.is_empty() {
            return;
        }
        match self.global.format {
            Format::Text | Format::Markdown | Format::Sarif => {
                self.terminal.complain(&diagnostics::text(found, sources, self.terminal.look()));
            }
            Format::Json => {
                let json = serde_json::json!({"diagnostics": diagnostics::json(found, sources)});
                match found.has_errors() {
                    true => self.terminal.print_json(&json),
                    // The result of the command will be on standard output.
                    false => self.terminal.complain(&format!("{}\n", harmless_json(&json.to_string()))),
                }
            }
        }
    }
}

/// A file of `--var-file`. What is wrong with it is told with what is wrong with the manifest.
fn variable_file(path: &Path) -> VariableFile {
    VariableFile { name: path.display().to_string(), text: read_anywhere(path, MAX_FILE_BYTES) }
}

/// The manifest's files as the master copy stores them.
pub(crate) fn stored_files(manifest: &Manifest) -> Result<ManifestFiles, Failure> {
    let files = manifest
        .files
        .iter()
        .map(|(path, text)| ManifestFile { name: path.clone(), bytes: text.clone().into_bytes() });
    ManifestFiles::new(files.collect()).map_err(|error| {
        Failure::new(Exit::Invalid, "the manifest's files cannot be stored in the master copy").cause(error)
    })
}
