//! The files that a manifest is made of, handed in by whoever has a file system.

use std::collections::BTreeMap;
use std::fmt;

/// The largest file that is read: 8 MiB, some 15,000 users, roles and policies.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

/// Where texts come from.
///
/// All paths are relative to the manifest's folder, with `/` between their parts and without `.` and
/// `..`. An implementation on a real file system must make sure that symbolic links do not lead out
/// of that folder ([`FileError::Outside`]), and must not read more than `limit` bytes.
pub trait Files {
    /// The text of a file.
    ///
    /// # Errors
    ///
    /// When there is no such text, or it is longer than `limit` bytes.
    fn read(&self, path: &str, limit: usize) -> Result<String, FileError>;

    /// What lies directly in a folder, in any order; the empty path is the manifest's folder.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError>;
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderEntry {
    /// The name, without the folder's.
    pub name: String,
    /// Whether it is a folder itself.
    pub is_folder: bool,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    /// There is none.
    NotFound,
    /// It is a folder.
    Folder,
    /// It leads out of the manifest's folder.
    Outside,
    /// It is not valid UTF-8 from this byte on.
    NotText(usize),
    /// It is longer than what is read.
    TooLarge,
    /// The system refuses.
    Other(String),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::NotFound => f.write_str("there is no such file"),
            FileError::Folder => f.write_str("it is a folder, not a file"),
            FileError::Outside => f.write_str("it leads out of the manifest's folder"),
            FileError::NotText(at) => write!(f, "it is not UTF-8 text: byte {at} begins no character"),
            FileError::TooLarge => {
                write!(f, "it is larger than {} MiB, which is the most that is read", MAX_FILE_BYTES >> 20)
            }
            FileError::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for FileError {}

/// Files in memory, by path: for tests, and for manifests that come from elsewhere than a folder.
#[derive(Debug, Clone, Default)]
pub struct FilesInMemory(BTreeMap<String, String>);

impl FilesInMemory {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more file.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.0.insert(path.into(), text.into());
        self
    }
}

impl Files for FilesInMemory {
    fn read(&self, path: &str, limit: usize) -> Result<String, FileError> {
        match self.0.get(path) {
            Some(text) if text.len() > limit => Err(FileError::TooLarge),
            Some(text) => Ok(text.clone()),
            None if self.0.keys().any(|known| known.starts_with(&format!("{path}/"))) => {
                Err(FileError::Folder)
            }
            None => Err(FileError::NotFound),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<FolderEntry>, FileError> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut entries: Vec<_> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => FolderEntry { name: name.to_owned(), is_folder: true },
                None => FolderEntry { name: rest.to_owned(), is_folder: false },
            })
            .collect();
        entries.dedup();
        if entries.is_empty() { Err(FileError::NotFound) } else { Ok(entries) }
    }
}
