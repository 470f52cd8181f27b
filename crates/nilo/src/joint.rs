//! Campaigns that run side by side in one hall, loaded and held against one another; or one that has it for itself.

use crate::exit::Failure;
use crate::files::tidy;
use crate::folder::{self, Folder, key};
use crate::loading::Loaded;
use campaign::{Campaign, Campaigns, Loop, share_out};
use journal::Header;
use lab::Hall;
use quantity::{ReagentId, Seed};
use source::Problem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twin::{FaultRates, TwinConfig};

/// The most campaigns that one hall takes side by side.
pub const CAMPAIGNS_MAX: usize = 64;

/// A campaign with its file's path, as it was given.
#[derive(Debug)]
pub struct Member {
    /// The path.
    pub path: PathBuf,
    /// The campaign with everything that it needs.
    pub loaded: Loaded,
}

impl Member {
    /// The campaign.
    #[must_use]
    pub fn campaign(&self) -> &Campaign {
        &self.loaded.file.campaign
    }
}

/// Campaigns for one hall, by name, with ids that do not meet.
#[derive(Debug)]
pub struct Joint {
    each: Vec<Member>,
}

impl Joint {
    /// A campaign that is loaded already and has the hall for itself.
    #[must_use]
    pub fn alone(path: PathBuf, loaded: Loaded) -> Self {
        Self {
            each: vec![Member { path, loaded }],
        }
    }

    /// Loads campaign files and holds them against one another. With a seed, each has that one.
    ///
    /// # Errors
    /// What is wrong with a file, or why these can't share a hall.
    pub fn open(paths: &[PathBuf], seed: Option<u64>) -> Result<Self, Failure> {
        let seeds = vec![seed; paths.len()];
        Self::with_seeds(paths, &seeds)
    }

    /// The campaigns of a run that was begun, as the header of its journal names them.
    ///
    /// # Errors
    /// See [`Joint::open`].
    pub fn of(header: &Header) -> Result<Self, Failure> {
        let seed = |key: &str| header.get(key).and_then(|seed| seed.parse().ok());
        if let Some(path) = header.get(key::CAMPAIGN) {
            return Self::with_seeds(&[path.into()], &[seed(key::SEED)]);
        }
        let each = (0..CAMPAIGNS_MAX).map_while(|place| {
            let path = header.get(&numbered(key::CAMPAIGN, place))?;
            Some((path.into(), seed(&numbered(key::SEED, place))))
        });
        let (paths, seeds): (Vec<PathBuf>, Vec<Option<u64>>) = each.unzip();
        Self::with_seeds(&paths, &seeds)
    }

    fn with_seeds(paths: &[PathBuf], seeds: &[Option<u64>]) -> Result<Self, Failure> {
        if paths.is_empty() || paths.len() > CAMPAIGNS_MAX {
            return Err(Failure::problem(
                Problem::error(format!("a hall takes no {} campaigns", paths.len()))
                    .expected(format!("from 1 to {CAMPAIGNS_MAX} campaign files")),
            ));
        }
        let mut each = Vec::with_capacity(paths.len());
        for (path, seed) in paths.iter().zip(seeds) {
            each.push(Member {
                path: path.clone(),
                loaded: Loaded::open(path)?.with_seed(*seed),
            });
        }
        // In whatever order they are named, it is the same run.
        each.sort_by(|a, b| a.campaign().name.cmp(&b.campaign().name));
        for pair in each.windows(2) {
            fit(&pair[0], &pair[1])?;
        }
        if each.len() > 1 {
            let mut campaigns: Vec<&mut Campaign> = each
                .iter_mut()
                .map(|one| &mut one.loaded.file.campaign)
                .collect();
            share_out(&mut campaigns);
        }
        Ok(Self { each })
    }

    /// Each of them, by name.
    #[must_use]
    pub fn each(&self) -> &[Member] {
        &self.each
    }

    /// Their hall.
    #[must_use]
    pub fn hall(&self) -> &Arc<Hall> {
        &self.each[0].loaded.hall
    }

    /// What the run is called where nothing else is said: their names.
    #[must_use]
    pub fn name(&self) -> String {
        let names: Vec<&str> = self.each.iter().map(|one| &*one.campaign().name).collect();
        names.join("+")
    }

    /// The campaigns at their beginning, as the customer of a conductor.
    ///
    /// # Errors
    /// If the policy of one can't be made for its space and question.
    pub fn customer(&self) -> Result<Campaigns, Failure> {
        let each = self.each.iter().map(|one| {
            Loop::new(Arc::new(one.campaign().clone()))
                .map_err(|why| Failure::problem(Problem::error(why.to_string())))
        });
        Ok(Campaigns::new(each.collect::<Result<_, _>>()?))
    }

    /// The twin's world: the nature of each answers the plates that hold its liquids, and as much goes wrong as in the
    /// campaign in which most does.
    ///
    /// # Errors
    /// If a nature does not go with its liquids.
    pub fn world(&self) -> Result<TwinConfig, Failure> {
        let mut world = self.each[0].loaded.world()?;
        for one in &self.each[1..] {
            let other = one.loaded.world()?;
            let first = ReagentId(u32::try_from(world.reagents.len()).unwrap_or(u32::MAX));
            world.seed = Seed(world.seed.0).derive("hall", other.seed.0);
            world.nature = world
                .nature
                .and(first, other.nature.of(ReagentId(0)).clone());
            world.reagents.extend(other.reagents);
        }
        if self.each.len() > 1 {
            let scales = self.each.iter().map(|one| one.loaded.file.faults);
            world.faults = FaultRates::scaled(scales.fold(0.0, f64::max));
        }
        Ok(world)
    }

    /// What the journal of the run is of.
    #[must_use]
    pub fn header(&self, folder: &Folder) -> Header {
        if let [own] = self.each.as_slice() {
            return folder::header(folder, &own.path, &own.loaded);
        }
        let mut header = folder::blank(folder);
        for (place, one) in self.each.iter().enumerate() {
            let campaign = one.campaign();
            header = header
                .with(
                    numbered(key::CAMPAIGN, place),
                    one.path.display().to_string(),
                )
                .with(numbered(key::NAME, place), &*campaign.name)
                .with(numbered(key::STEM, place), &*campaign.numbers.stem)
                .with(numbered(key::SEED, place), campaign.seed.0.to_string());
            let inputs = format!("{}{place:02}.", key::INPUT);
            header = folder::with_inputs(header, &inputs, &one.loaded);
        }
        header
    }

    /// Where the report of each is written.
    #[must_use]
    pub fn folder(&self, folder: &Folder, place: usize) -> PathBuf {
        match self.each.as_slice() {
            [_] => folder.0.clone(),
            each => folder.0.join(plain(each[place].campaign())),
        }
    }
}

/// The name of a campaign as that of a folder.
#[must_use]
pub fn plain(campaign: &Campaign) -> &str {
    let sound = |c: char| c.is_alphanumeric() || "-_".contains(c);
    if campaign.name.chars().all(sound) && !campaign.name.is_empty() {
        &campaign.name
    } else {
        &campaign.numbers.stem
    }
}

/// The key of what one of several campaigns has: `seed.01`.
#[must_use]
pub fn numbered(key: &str, place: usize) -> String {
    format!("{key}.{place:02}")
}

/// Whether two campaigns can share a hall.
fn fit(one: &Member, other: &Member) -> Result<(), Failure> {
    let (path, name) = (other.path.display(), &other.campaign().name);
    if one.campaign().name == *name {
        let there = one.path.display();
        return Err(Failure::problem(
            Problem::error(format!("{there} and {path} are both named '{name}'")).help(
                "campaigns in one hall have names of their own: write another [campaign] name into one of the files \
                 (the same question twice, with two seeds, is two files)",
            ),
        ));
    }
    let lab = |member: &Member| {
        let beside = member.path.parent().unwrap_or(Path::new(""));
        let path = tidy(&beside.join(&member.loaded.file.lab.value));
        path.canonicalize().unwrap_or(path)
    };
    let (here, there) = (lab(other), lab(one));
    if here != there {
        let first = &one.campaign().name;
        return Err(Failure::problem(
            Problem::error(format!(
                "'{name}' and '{first}' can't run side by side: they name different lab files"
            ))
            .at(&other.loaded.file.lab.span)
            .expected(format!("the lab file of '{first}', {}", one.loaded.file.lab.value))
            .help("campaigns that run together share one hall; run those of another one by a command of their own"),
        ));
    }
    Ok(())
}
