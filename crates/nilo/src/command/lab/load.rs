//! The load of a hall, as people say it: protocol files with plates an hour of each.

use crate::exit::Failure;
use crate::files;
use labware::Catalogue;
use layout::load::{Mix, Recipe};
use layout::simulate::REAGENTS;
use protocol::ProtocolFile;
use std::path::{Path, PathBuf};

/// Protocols and rates.
#[derive(Debug, clap::Args)]
pub struct LoadArgs {
    /// Protocol files, each with its share of the plates if they differ: elisa.toml=2
    #[arg(required = true)]
    pub protocols: Vec<String>,
}

/// What was read.
#[derive(Debug)]
pub struct Loaded {
    /// The mix.
    pub mix: Mix,
    /// The protocols as files.
    pub files: Vec<ProtocolFile>,
}

impl LoadArgs {
    /// Reads the files.
    pub fn read(&self) -> Result<Loaded, Failure> {
        let catalogue = Catalogue::standard();
        let mut parts = Vec::new();
        let mut read = Vec::new();
        for word in &self.protocols {
            let (path, weight) = share(word)?;
            let document = files::document(&path)?;
            let (file, _) = ProtocolFile::read(&document, &catalogue).map_err(Failure::problems)?;
            parts.push((Recipe::new(file.protocol.clone(), REAGENTS), weight));
            read.push(file);
        }
        Ok(Loaded {
            mix: Mix::new(parts),
            files: read,
        })
    }
}

/// `FILE` or `FILE=SHARE`.
fn share(word: &str) -> Result<(PathBuf, f64), Failure> {
    match word.rsplit_once('=') {
        Some((path, weight)) if !Path::new(word).exists() => match weight.parse::<f64>() {
            Ok(weight) if weight.is_finite() && weight > 0.0 => Ok((path.into(), weight)),
            _ => Err(
                Failure::refused(format!("{word}: '{weight}' is not a share of plates"))
                    .help("write a number above zero after '=', such as elisa.toml=2"),
            ),
        },
        _ => Ok((word.into(), 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_refused() {
        assert_eq!(share("a.toml").unwrap(), ("a.toml".into(), 1.0));
        assert_eq!(share("a.toml=2.5").unwrap(), ("a.toml".into(), 2.5));
        assert!(share("a.toml=0").unwrap_err().what.contains("'0'"));
        assert!(share("a.toml=x").is_err());
    }
}
