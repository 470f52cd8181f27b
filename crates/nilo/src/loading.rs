//! Files of every kind, loaded and checked against one another.

use crate::exit::Failure;
use crate::files::{self, Disk, tidy};
use crate::world;
use campaign::CampaignFile;
use lab::{Hall, LabFile};
use labware::Catalogue;
use quantity::Seed;
use source::{Document, Problem, Problems};
use std::path::Path;
use std::sync::Arc;
use twin::TwinConfig;

/// A campaign with everything that it needs.
#[derive(Debug)]
pub struct Loaded {
    /// The campaign file.
    pub file: CampaignFile,
    /// The hall that runs it.
    pub hall: Arc<Hall>,
    /// The files that it was made of: name and text, the campaign file first, the lab file second.
    pub inputs: Vec<(String, Arc<str>)>,
    /// What is odd, but works.
    pub warnings: Problems,
}

/// The kind of a file that is plainly no campaign.
fn other_kind(document: &Document) -> Option<&'static str> {
    let sink = source::Sink::new();
    let root = document.root(&sink);
    match () {
        () if root.has("campaign") => None,
        () if root.has("step") => Some("protocol"),
        () if root.has("station") || root.has("track") => Some("lab"),
        () => None,
    }
}

impl Loaded {
    /// Loads a campaign file and whatever it names, and checks them against one another.
    ///
    /// # Errors
    /// Every problem that was found.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let document = files::document(path)?;
        if let Some(other) = other_kind(&document) {
            return Err(Failure::problem(
                Problem::error(format!("this is a {other} file, and a campaign is wanted"))
                    .in_file(&path.display().to_string())
                    .help(format!(
                        "nilo check {} says whether it is sound",
                        path.display()
                    )),
            ));
        }
        let disk = Disk::of(path);
        let (file, mut warnings) = CampaignFile::read(&document, &Catalogue::standard(), &disk)
            .map_err(Failure::problems)?;
        let lab_path = tidy(&path.parent().unwrap_or(Path::new("")).join(&file.lab.value));
        if !lab_path.exists() {
            return Err(Failure::problem(
                Problem::error(format!("there is no lab file {}", lab_path.display()))
                    .at(&file.lab.span)
                    .expected("the path of a lab file, from the folder of this file"),
            ));
        }
        let lab_document = files::document(&lab_path)?;
        let (lab, lab_warnings) = LabFile::read(&lab_document).map_err(Failure::problems)?;
        warnings.extend(lab_warnings);
        let mut fit = lab::check(&lab.hall, &file.protocol);
        fit.extend(file.check_volumes_in(&lab.hall));
        if fit.errors() > 0 {
            return Err(Failure::problems(fit));
        }
        warnings.extend(fit);
        let mut inputs = file.inputs.clone();
        let lab_text: Arc<str> = lab_document.file().text().into();
        inputs.insert(1, (file.lab.value.clone(), lab_text));
        Ok(Self {
            file,
            hall: lab.hall,
            inputs,
            warnings,
        })
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: Option<u64>) -> Self {
        if let Some(seed) = seed {
            self.file.campaign.seed = Seed(seed);
        }
        self
    }

    /// The twin's world for it.
    ///
    /// # Errors
    /// If the nature does not go with the liquids.
    pub fn world(&self) -> Result<TwinConfig, Failure> {
        world::world(&self.file, self.file.campaign.seed)
            .map_err(|problem| Failure::problem(*problem))
    }
}
