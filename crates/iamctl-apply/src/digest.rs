//! SHA-256 digests, and the files of a manifest with the digest that names them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written `sha256-` and 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Digest(Box<str>);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256-{}", hex(bytes)).into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a digest: `sha256-` and 64 hexadecimal digits are expected", .0.escape_debug())]
pub struct NotADigest(String);

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        match text.strip_prefix("sha256-") {
            Some(digits) if digits.len() == 64 && digits.bytes().all(is_hex) => Ok(Self(text.into())),
            _ => Err(NotADigest(text.to_owned())),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One file of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFile {
    /// Its path from the manifest's folder, with slashes.
    pub name: String,
    /// Its content, byte for byte.
    pub bytes: Vec<u8>,
}

/// Why files cannot be those of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFilesError {
    /// There is no file.
    #[error("a manifest has at least one file")]
    None,
    /// A name cannot be stored.
    #[error("the file name `{}` cannot be stored in the master copy: {reason}", name.escape_debug())]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Two files have one name.
    #[error("the file `{}` is there twice", .0.escape_debug())]
    Twice(String),
}

/// All files of a manifest: what the master copy stores.
///
/// # The digest
///
/// It is the SHA-256 of a text: the line `iamctl manifest NAME` with the name of the file that iamctl
/// was started with, then one line for each file in the order of their names (by bytes): the SHA-256
/// of its content in hexadecimal digits, two spaces, the name. Every line ends with a line feed. Names
/// hold no line feed, so that no two sets of files have one text. In a shell:
///
/// ```sh
/// export LC_ALL=C
/// { echo "iamctl manifest desired-state.yaml"; find * -type f | sort | xargs -d '\n' sha256sum; } | sha256sum
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFiles {
    main: String,
    files: Vec<ManifestFile>,
    digest: Digest,
}

/// Room in S3's 1,024 bytes for a prefix, the account, the manifest's name and a digest.
const LONGEST_NAME: usize = 600;

impl ManifestFiles {
    /// Checks and digests files; the first one is the file that iamctl was started with.
    ///
    /// # Errors
    ///
    /// When there is none, or a name cannot be a key in S3 without ambiguity.
    pub fn new(mut files: Vec<ManifestFile>) -> Result<Self, ManifestFilesError> {
        let main = files.first().ok_or(ManifestFilesError::None)?.name.clone();
        for file in &files {
            check_name(&file.name)
                .map_err(|reason| ManifestFilesError::Name { name: file.name.clone(), reason })?;
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(twice) = files.windows(2).find_map(|pair| match pair {
            [a, b] if a.name == b.name => Some(a.name.clone()),
            _ => None,
        }) {
            return Err(ManifestFilesError::Twice(twice));
        }
        let lines = files.iter().map(|file| format!("{}  {}\n", hex(&file.bytes), file.name));
        let text: String = std::iter::once(format!("iamctl manifest {main}\n")).chain(lines).collect();
        Ok(Self { digest: Digest::of(text.as_bytes()), main, files })
    }

    /// The name of the file that iamctl was started with.
    #[must_use]
    pub fn main(&self) -> &str {
        &self.main
    }

    /// The digest of all names and contents.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The files, in the order of their names.
    #[must_use]
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }
}

fn check_name(name: &str) -> Result<(), &'static str> {
    if name.len() > LONGEST_NAME {
        return Err("it is longer than 600 bytes");
    }
    if name.chars().any(|c| c.is_control() || c == '\\') {
        return Err("it holds a backslash or a control character");
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("it must be a path inside the manifest's folder, without `.` and `..`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> Result<ManifestFiles, ManifestFilesError> {
        let file = |(name, text): &(&str, &str)| ManifestFile {
            name: (*name).to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        ManifestFiles::new(of.iter().map(file).collect())
    }

    #[test]
    fn the_digest_is_what_coreutils_say() {
        // { echo "iamctl manifest m.yaml"; printf x | sha256sum - …; } | sha256sum
        let manifest = files(&[("m.yaml", "version: 1\n"), ("a/b.json", "{}")]).unwrap();
        assert_eq!(
            manifest.digest().as_str(),
            "sha256-0aad1f598947c6670deaebddd2b37051b68561893f75de1420530c530c02320f"
        );
        assert_eq!(manifest.digest().as_str().parse::<Digest>().unwrap(), *manifest.digest());
        assert_eq!(manifest.main(), "m.yaml");
        let names: Vec<_> = manifest.files().iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a/b.json", "m.yaml"]);
    }

    #[test]
    fn everything_that_differs_changes_the_digest() {
        let base = files(&[("m.yaml", "1"), ("p.json", "2")]).unwrap();
        let same = files(&[("m.yaml", "1"), ("p.json", "2")]).unwrap();
        assert_eq!(base, same);
        for other in [
            &[("m.yaml", "1")][..],
            &[("m.yaml", "1"), ("p.json", "3")],
            &[("m.yaml", "1"), ("q.json", "2")],
            &[("m.yaml", "2"), ("p.json", "1")],
            // The same files, read from the other one.
            &[("p.json", "2"), ("m.yaml", "1")],
            &[("m.yaml", "1"), ("p.json", "2"), ("z", "")],
        ] {
            assert_ne!(files(other).unwrap().digest(), base.digest(), "{other:?}");
        }
    }

    #[test]
    fn names_that_leave_the_folder_or_confuse_the_digest_are_refused() {
        for bad in
            ["", "/etc/passwd", "../x", "a/../x", "a//b", "./a", "a/", "a\nb", "a\\b", &"x".repeat(601)]
        {
            assert!(matches!(files(&[(bad, "")]), Err(ManifestFilesError::Name { .. })), "{bad}");
        }
        assert_eq!(files(&[]), Err(ManifestFilesError::None));
        assert_eq!(files(&[("a", "1"), ("a", "1")]), Err(ManifestFilesError::Twice("a".to_owned())));
        assert!(files(&[("ü mläut/ok.yaml", "")]).is_ok());
    }

    #[test]
    fn only_digests_read_as_digests() {
        for bad in ["", "sha256-", "sha256-zz", &format!("sha256-{}", "A".repeat(64)), &"a".repeat(64)] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
