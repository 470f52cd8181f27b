//! Where the texts come from that a campaign file names.

use std::path::PathBuf;

/// Why a file can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// What is wrong: `there is no such file`.
    pub what: String,
    /// What to do, where that is known.
    pub help: Option<String>,
}

/// Gives the texts of files: the only way in which a campaign file reaches the disk.
pub trait Files {
    /// The text of a file that is named relative to the campaign file, and its path for messages.
    ///
    /// # Errors
    /// If it can't be read.
    fn beside(&self, name: &str) -> Result<(PathBuf, String), FileError>;

    /// The text of a data file, named relative to the folder of data, and its path for messages.
    ///
    /// # Errors
    /// If there is no folder of data, or the file can't be read.
    fn data(&self, name: &str) -> Result<(PathBuf, String), FileError>;
}
