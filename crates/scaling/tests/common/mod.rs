//! Where the reference's data are.

use std::path::PathBuf;

/// The folder `scaling` of `NILO_DATA`; says so where there is none.
pub fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("NILO_DATA")
        .map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
            PathBuf::from,
        )
        .join("scaling");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: NILO_DATA not found");
    None
}
