//! Files that iamctl writes for people: never over what is there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::failure::Failure;

/// Refuses a path at which anything is, a broken link included: writing would go where it points to.
pub(crate) fn refuse_to_overwrite(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, format!("`{}` is there already, and is not overwritten", path.display()))
        .help("`--file` names another one; `iamctl import --update` takes over into it what drifted"))
}

/// Writes new files, and the folders they lie in. All of them are looked for before one is written.
pub(crate) fn write_new(files: &[(PathBuf, &str)]) -> Result<(), Failure> {
    for (path, _) in files {
        refuse_to_overwrite(path)?;
    }
    for (path, text) in files {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // `create_new` also refuses what appeared since we looked.
        let written = folder.map_or(Ok(()), fs::create_dir_all).and_then(|()| {
            OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
        });
        written.map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot write `{}`", path.display())).cause(error)
        })?;
    }
    Ok(())
}

/// Replaces a file in one step: nobody sees half of it, and a full disk leaves the old one.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Failed, format!("cannot write `{}`", path.display())).cause(error)
    };
    // Where it really lies: a link stays a link.
    let real = path.canonicalize().map_err(failed)?;
    let mut name = real.file_name().unwrap_or_default().to_os_string();
    name.push(".iamctl-new");
    let new = real.with_file_name(name);
    let permissions = fs::metadata(&real).map_err(failed)?.permissions();
    let written = fs::write(&new, text)
        .and_then(|()| fs::set_permissions(&new, permissions))
        .and_then(|()| fs::rename(&new, &real));
    written.map_err(|error| {
        // What is half written helps nobody.
        let _ = fs::remove_file(&new);
        failed(error)
    })
}
