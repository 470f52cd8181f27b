//! Reading files that people name.

use crate::env;
use crate::exit::Failure;
use campaign::{FileError, Files};
use source::{Document, MAX_FILE_BYTES};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The text of a file.
///
/// # Errors
/// Says what is wrong with the path, and what is near it.
pub fn text(path: &Path) -> Result<String, Failure> {
    read(path).map_err(|error| {
        let mut failure = Failure::refused(format!("{}: {}", path.display(), error.what));
        failure.help = error.help;
        failure
    })
}

/// A TOML file with its places.
///
/// # Errors
/// If it can't be read, or is not TOML.
pub fn document(path: &Path) -> Result<Document, Failure> {
    let text = text(path)?;
    Document::parse(path.display().to_string(), text).map_err(Failure::problems)
}

fn read(path: &Path) -> Result<String, FileError> {
    let wrong = |what: &str, help: Option<String>| FileError {
        what: what.to_owned(),
        help,
    };
    let meta = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => wrong("there is no such file", neighbour(path)),
        _ => wrong(&error.to_string(), None),
    })?;
    if meta.is_dir() {
        return Err(wrong("this is a folder", Some("name a file in it".into())));
    }
    if meta.len() > MAX_FILE_BYTES {
        let most = MAX_FILE_BYTES >> 20;
        return Err(wrong(
            &format!(
                "the file has {} MiB, and {most} MiB is the most",
                meta.len() >> 20
            ),
            None,
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(&error.to_string(), None))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        wrong(
            &format!("byte {at} is not UTF-8 text"),
            Some("save the file as UTF-8".into()),
        )
    })
}

/// The nearest name in the folder where a file was looked for.
fn neighbour(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) => return Some(format!("there is no folder {} either", folder.display())),
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort();
    let near = quantity::nearest(&name, names.iter().map(String::as_str))?;
    Some(format!(
        "did you mean {}?",
        path.with_file_name(near).display()
    ))
}

/// The files that a campaign file names: beside it, or in the folder of data.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// For a campaign file at this path.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self {
            folder: path.parent().map(Path::to_path_buf).unwrap_or_default(),
        }
    }
}

impl Files for Disk {
    fn beside(&self, name: &str) -> Result<(PathBuf, String), FileError> {
        let path = tidy(&self.folder.join(name));
        read(&path).map(|text| (path, text))
    }

    fn data(&self, name: &str) -> Result<(PathBuf, String), FileError> {
        let (folder, named) = env::data();
        if !folder.is_dir() {
            let what = if named {
                format!(
                    "{} is {}, and there is no such folder",
                    env::NILO_DATA,
                    folder.display()
                )
            } else {
                format!(
                    "{} is not set, and there is no folder {}",
                    env::NILO_DATA,
                    folder.display()
                )
            };
            let help = format!("set {} to the folder that holds {name}", env::NILO_DATA);
            return Err(FileError {
                what,
                help: Some(help),
            });
        }
        let path = folder.join(name);
        read(&path).map(|text| (path, text))
    }
}

/// `a/b/../c` as `a/c`, so that messages show the path that a person would write.
#[must_use]
pub fn tidy(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut parts: Vec<Component> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            (Component::CurDir, Some(_)) => {}
            _ => parts.push(part),
        }
    }
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_as_people_write_them() {
        for (found, shown) in [
            ("campaigns/../labs/bench.toml", "labs/bench.toml"),
            ("../../x", "../../x"),
            ("./a/./b", "./a/b"),
            ("/a/../../b", "/../b"),
        ] {
            assert_eq!(tidy(Path::new(found)), Path::new(shown), "{found}");
        }
    }
}
