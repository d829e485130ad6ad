//! The real file system for the manifest reader: everything stays inside the manifest's folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use iamctl_spec::{FileError, Files, FolderEntry};

/// The folder of a manifest.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// The same without symbolic links, to see whether something lies in it.
    real: PathBuf,
}

impl Folder {
    /// The folder of a manifest, and the manifest's name in it.
    pub(crate) fn of(manifest: &Path) -> Result<(Self, String), FileError> {
        let name = manifest.file_name().ok_or(FileError::Folder)?.to_string_lossy().into_owned();
        let path = match manifest.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let real = path.canonicalize().map_err(|error| refused(&error))?;
        Ok((Self { path, real }, name))
    }

    /// What to write before names of files in messages.
    pub(crate) fn prefix(&self) -> String {
        match self.path.to_str() {
            Some(".") => String::new(),
            Some(path) if path.ends_with('/') => path.to_owned(),
            _ => format!("{}/", self.path.display()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The real place of something below the folder.
    fn resolve(&self, path: &str) -> Result<PathBuf, FileError> {
        let real = self.path.join(path).canonicalize().map_err(|error| refused(&error))?;
        if real.starts_with(&self.real) { Ok(real) } else { Err(FileError::Outside) }
    }
}

impl Files for Folder {
    fn read(&self, path: &str, limit: usize) -> Result<String, FileError> {
        let path = self.resolve(path)?;
        // Before it is opened: to open a pipe is to wait for somebody who writes into it.
        let metadata = path.metadata().map_err(|error| refused(&error))?;
        if metadata.is_dir() {
            return Err(FileError::Folder);
        }
        if !metadata.is_file() {
            return Err(FileError::Other("it is neither a file nor a folder".to_owned()));
        }
        text(File::open(path).map_err(|error| refused(&error))?, limit)
    }

    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError> {
        let entries = fs::read_dir(self.resolve(folder)?).map_err(|error| refused(&error))?;
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| refused(&error))?;
            // Names that are not UTF-8 can be named in no manifest.
            if let Some(name) = entry.file_name().to_str() {
                let kind = entry.file_type().map_err(|error| refused(&error))?;
                let is_folder = if kind.is_symlink() { entry.path().is_dir() } else { kind.is_dir() };
                listed.push(FolderEntry { name: name.to_owned(), is_folder });
            }
        }
        Ok(listed)
    }
}

/// The text of something that lies anywhere, and may be a pipe: `<(sops -d secrets.yaml)`.
pub(crate) fn read_anywhere(path: &Path, limit: usize) -> Result<String, FileError> {
    let file = File::open(path).map_err(|error| refused(&error))?;
    text(file, limit)
}

fn text(file: File, limit: usize) -> Result<String, FileError> {
    let mut bytes = Vec::new();
    // One byte more shows that there is more.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    if bytes.len() > limit {
        return Err(FileError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| FileError::NotText(error.utf8_error().valid_up_to()))
}

fn refused(error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound => FileError::NotFound,
        io::ErrorKind::IsADirectory => FileError::Folder,
        _ => FileError::Other(error.to_string()),
    }
}
