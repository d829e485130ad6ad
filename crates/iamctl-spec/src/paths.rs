//! Paths and patterns of files inside the manifest's folder.

use iamctl_model::Pattern;

use crate::budget::MAX_NAMES;
use crate::files::{FileError, Files};

/// The path of a file as seen from the manifest's folder: `written` stands in the file `from`.
///
/// # Errors
///
/// When it cannot be the path of a file in that folder; the text says why.
pub fn resolve(from: &str, written: &str) -> Result<String, &'static str> {
    if written.is_empty() {
        return Err("a path cannot be empty");
    }
    if written.starts_with('/') || written.contains('\\') || written.get(1..2) == Some(":") {
        return Err("paths are relative to the file they stand in, with `/` between their parts");
    }
    if written.chars().any(char::is_control) {
        return Err("a path cannot hold control characters");
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err("the path leads out of the manifest's folder");
                }
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { Err("the path names a folder") } else { Ok(parts.join("/")) }
}

/// Whether a text is a pattern rather than the path of one file.
pub(crate) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?'])
}

/// The files that match a pattern, in the order of their paths. `*` and `?` stay within one name, `**`
/// as a whole name stands for any folders; names that begin with a dot must be named. `names_left` says
/// how many names may still be looked at.
pub(crate) fn matching(
    files: &dyn Files,
    pattern: &str,
    names_left: &mut usize,
) -> Result<Vec<String>, FileError> {
    let mut found = Vec::new();
    let mut parts: Vec<&str> = pattern.split('/').collect();
    // Any folders below any folders are any folders; to walk them for each is to walk for ever.
    parts.dedup_by(|one, other| *one == "**" && *other == "**");
    walk(files, "", &parts, names_left, &mut found)?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn walk(
    files: &dyn Files,
    folder: &str,
    parts: &[&str],
    names_left: &mut usize,
    found: &mut Vec<String>,
) -> Result<(), FileError> {
    let Some((part, rest)) = parts.split_first() else { return Ok(()) };
    let join = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    if !is_pattern(part) && !rest.is_empty() {
        return walk(files, &join(part), rest, names_left, found);
    }
    // Each folder on the way down has to be looked at again.
    look_at(folder.split('/').count(), names_left)?;
    let entries = match files.list(folder) {
        Err(FileError::NotFound) => return Ok(()),
        other => other?,
    };
    if *part == "**" {
        walk(files, folder, rest, names_left, found)?;
    }
    for entry in entries {
        look_at(1, names_left)?;
        let hidden = entry.name.starts_with('.') && !part.starts_with('.');
        match (*part, entry.is_folder) {
            ("**", true) if !hidden => walk(files, &join(&entry.name), parts, names_left, found)?,
            ("**", false) if rest.is_empty() && !hidden => found.push(join(&entry.name)),
            ("**", _) => {}
            (part, is_folder) if !hidden && Pattern::new(part).matches_exactly(&entry.name) => {
                if is_folder {
                    walk(files, &join(&entry.name), rest, names_left, found)?;
                } else if rest.is_empty() {
                    found.push(join(&entry.name));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn look_at(count: usize, names_left: &mut usize) -> Result<(), FileError> {
    let too_many = || {
        let why =
            format!("for all patterns together, more than {MAX_NAMES} names would have to be looked at");
        FileError::Other(why)
    };
    *names_left = names_left.checked_sub(count).ok_or_else(too_many)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FilesInMemory;

    #[test]
    fn paths_are_relative_to_the_file_they_stand_in_and_stay_inside() {
        assert_eq!(resolve("desired-state.yaml", "policies/a.json").unwrap(), "policies/a.json");
        assert_eq!(resolve("teams/x/users.yaml", "../shared/./a.json").unwrap(), "teams/shared/a.json");
        for (from, bad) in [
            ("m.yaml", "../a"),
            ("a/m.yaml", "../../b"),
            ("m.yaml", "/etc/passwd"),
            ("m.yaml", "C:/x"),
            ("m.yaml", "a\\b"),
            ("m.yaml", ""),
            ("m.yaml", "."),
            ("m.yaml", "a\u{0}b"),
        ] {
            assert!(resolve(from, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns_find_files_in_a_fixed_order() {
        let mut files = FilesInMemory::new();
        for path in [
            "b.yaml",
            "a.yaml",
            "A.YAML",
            ".hidden.yaml",
            "t/x/u.yaml",
            "t/u.yaml",
            "t/.git/u.yaml",
            "t/n.txt",
        ] {
            files = files.with(path, "");
        }
        let found = |pattern| matching(&files, pattern, &mut 100).unwrap();
        assert_eq!(found("*.yaml"), ["a.yaml", "b.yaml"]);
        assert_eq!(found("t/**/*.yaml"), ["t/u.yaml", "t/x/u.yaml"]);
        assert_eq!(found("**/u.yaml"), ["t/u.yaml", "t/x/u.yaml"]);
        assert_eq!(found("t/?/u.yaml"), ["t/x/u.yaml"]);
        assert_eq!(found("t/**"), ["t/n.txt", "t/u.yaml", "t/x/u.yaml"]);
        assert_eq!(found("no/*.yaml"), Vec::<String>::new());
        assert_eq!(found("**/**/**/u.yaml"), ["t/u.yaml", "t/x/u.yaml"]);
        assert!(matching(&files, "**/u.yaml", &mut 20).is_err());
    }
}
