//! Putting the files into a folder.

use crate::{Run, Shared, html, shared_html, wells_csv, wells_parquet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The files of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `report.html`.
    pub html: PathBuf,
    /// `data/wells.parquet`.
    pub parquet: PathBuf,
    /// `data/wells.csv`.
    pub csv: PathBuf,
}

/// A file of the report can't be written.
#[derive(Debug, thiserror::Error)]
#[error("{} can't be written: {why}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub why: std::io::Error,
}

/// Writes the report into a folder, which is made if it is not there. Each file is written beside
/// its place and then moved there, so that there is never half a file.
///
/// # Errors
/// Names the file that can't be written.
pub fn write(run: &Run, folder: &Path) -> Result<Written, WriteError> {
    let written = Written {
        html: folder.join("report.html"),
        parquet: folder.join("data").join("wells.parquet"),
        csv: folder.join("data").join("wells.csv"),
    };
    put(&written.parquet, |out| wells_parquet(run, out))?;
    put(&written.csv, |out| wells_csv(run, out))?;
    put(&written.html, |out| out.write_all(html(run).as_bytes()))?;
    Ok(written)
}

/// Writes the page of a shared hall into its folder, as [`write`] does that of a campaign; the path.
///
/// # Errors
/// Names the file that can't be written.
pub fn write_shared(shared: &Shared, folder: &Path) -> Result<PathBuf, WriteError> {
    let page = folder.join("report.html");
    put(&page, |out| out.write_all(shared_html(shared).as_bytes()))?;
    Ok(page)
}

fn put(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), WriteError> {
    let draft = path.with_extension("part");
    let done = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut out = BufWriter::new(File::create(&draft)?);
        fill(&mut out)?;
        out.flush()?;
        std::fs::rename(&draft, path)
    };
    done().map_err(|why| WriteError {
        path: path.to_owned(),
        why,
    })
}
