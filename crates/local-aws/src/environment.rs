//! The private Python environment: built once for each content of `requirements.txt`, whole or not at all.
//!
//! ```text
//! .local-aws/
//!   lock                 held while an environment is built
//!   building-<pid>/      being built; garbage whenever nobody holds the lock
//!   env-<digest>/        complete, because it got this name by one rename
//!     build              which build this is: tells a repaired environment from the broken one
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::python::{self, Python};
use crate::{Error, Options, PYTHON_VARIABLE};

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");
const BUILDING: &str = "building-";
const BUILD_FILE: &str = "build";

/// A complete environment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    folder: PathBuf,
    build: String,
}

impl Environment {
    /// Its interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        interpreter(&self.folder)
    }
}

/// The environment, if it has been built and its interpreter is still there (it is a link to the machine's own,
/// which may have been removed since).
pub(crate) fn find(state: &Path) -> Option<Environment> {
    let folder = state.join(folder_name(REQUIREMENTS));
    let build = fs::read_to_string(folder.join(BUILD_FILE)).ok()?;
    interpreter(&folder).exists().then_some(Environment { folder, build })
}

/// The environment, built if need be.
pub(crate) fn ensure(options: &Options) -> Result<Environment, Error> {
    match find(&options.folder()) {
        Some(environment) => Ok(environment),
        None => build(options, None),
    }
}

/// Builds the environment again, because `broken` turned out not to work. If another process has replaced it in
/// the meantime, that one is returned.
pub(crate) fn repair(options: &Options, broken: &Environment) -> Result<Environment, Error> {
    build(options, Some(broken))
}

fn build(options: &Options, broken: Option<&Environment>) -> Result<Environment, Error> {
    let state = options.folder();
    fs::create_dir_all(&state).map_err(Error::io("create the folder", &state))?;
    // Held until the end of this function, and released by the system if the process is killed.
    let _lock = lock(&state.join("lock"))?;
    if let Some(environment) = find(&state).filter(|found| Some(found) != broken) {
        return Ok(environment);
    }
    remove_unfinished(&state)?;

    let from_variable =
        std::env::var_os(PYTHON_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let python = Python::find(options.python.as_ref().or(from_variable.as_ref()).map(PathBuf::as_path))?;
    let unfinished = state.join(format!("{BUILDING}{}", std::process::id()));
    create_venv(&python, &unfinished)?;
    write_build_file(&unfinished)?;

    let folder = state.join(folder_name(REQUIREMENTS));
    remove_folder(&folder)?;
    fs::rename(&unfinished, &folder).map_err(Error::io("put into place", &folder))?;
    find(&state).ok_or_else(|| Error::Io {
        action: "find again what was just put into place as",
        path: folder,
        source: std::io::ErrorKind::NotFound.into(),
    })
}

fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::io("open the lock file", path))?;
    file.lock().map_err(Error::io("lock", path))?;
    Ok(file)
}

/// What an earlier set-up left when it was killed. Only called with the lock held, so nobody works in it.
fn remove_unfinished(state: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(state).map_err(Error::io("read the folder", state))? {
        let entry = entry.map_err(Error::io("read the folder", state))?;
        if entry.file_name().to_string_lossy().starts_with(BUILDING) {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove the folder", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Makes a virtual environment and installs the packages in it.
///
/// Debian splits `ensurepip` off into the package `python3-venv`. Where that is missing but pip is there, a bare
/// environment is filled from outside.
fn create_venv(python: &Python, folder: &Path) -> Result<(), Error> {
    let run = |arguments: &[&str]| {
        python.command().args(arguments).arg(folder).output().map_err(Error::io("run", python.name()))
    };
    let usual = run(&["-m", "venv"])?;
    if usual.status.success() {
        return install(python::command(&interpreter(folder)), None);
    }
    let has_pip =
        python.command().args(["-m", "pip", "--version"]).output().is_ok_and(|output| succeeded(&output));
    if has_pip && run(&["-m", "venv", "--clear", "--without-pip"])?.status.success() {
        return install(python.command(), Some(&packages_folder(folder)?));
    }
    Err(Error::NoVenv { python: python.name(), version: python.version(), said: python::last_words(&usual) })
}

/// Installs exactly the packages of `requirements.txt`: nothing is built, nothing is resolved, every file's hash
/// is checked.
fn install(mut python: std::process::Command, target: Option<&Path>) -> Result<(), Error> {
    python.args(["-m", "pip", "install", "--require-hashes", "--only-binary", ":all:", "--no-deps"]);
    python.args(["--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--quiet"]);
    if let Some(target) = target {
        python.arg("--target").arg(target);
    }
    python.arg("--requirement").arg(data_file("requirements.txt"));
    let output = python.output().map_err(Error::io("run", python.get_program()))?;
    if succeeded(&output) { Ok(()) } else { Err(Error::Packages { said: python::last_words(&output) }) }
}

/// Where an environment looks for its packages.
fn packages_folder(folder: &Path) -> Result<PathBuf, Error> {
    const PRINT_FOLDER: &str = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let program = interpreter(folder);
    let output = python::command(&program)
        .args(["-I", "-c", PRINT_FOLDER])
        .output()
        .map_err(Error::io("run", &program))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The process and the time together name this build: no two of them run in one process within a nanosecond.
fn write_build_file(folder: &Path) -> Result<(), Error> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let path = folder.join(BUILD_FILE);
    fs::write(&path, format!("{}-{}\n", std::process::id(), since_epoch.as_nanos()))
        .map_err(Error::io("write", path))
}

/// A file of this crate that is data for Python.
pub(crate) fn data_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

fn succeeded(output: &Output) -> bool {
    output.status.success()
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin").join("python")
}

fn folder_name(requirements: &str) -> String {
    let digest = Sha256::digest(requirements.as_bytes());
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("env-{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_pinned_and_hashed() {
        for (line, next) in REQUIREMENTS.lines().zip(REQUIREMENTS.lines().skip(1)) {
            if !line.starts_with(char::is_whitespace) {
                assert!(line.contains("=="), "not pinned: {line}");
                assert!(next.trim_start().starts_with("--hash=sha256:"), "not hashed: {line}");
            }
        }
        assert!(REQUIREMENTS.contains("\nmoto==5.2."), "the version of moto that the tests were written for");
    }

    #[test]
    fn another_content_of_the_requirements_gets_another_folder() {
        assert_ne!(folder_name("a"), folder_name("b"));
    }

    #[test]
    fn a_folder_without_a_build_file_is_not_an_environment() {
        let state = tempfile::tempdir().unwrap();
        let bin = state.path().join(folder_name(REQUIREMENTS)).join("bin");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("python"), "").unwrap();

        assert_eq!(find(state.path()), None);
    }

    #[test]
    fn what_a_killed_set_up_left_is_removed_and_nothing_else() {
        let state = tempfile::tempdir().unwrap();
        fs::create_dir_all(state.path().join("building-1").join("lib")).unwrap();
        fs::create_dir_all(state.path().join("env-0").join("lib")).unwrap();

        remove_unfinished(state.path()).unwrap();

        assert!(!state.path().join("building-1").exists());
        assert!(state.path().join("env-0").exists());
    }
}
