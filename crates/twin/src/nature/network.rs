//! A gene network: who drives whom, with a hidden cause and interventions.
//!
//! *Linear*: expression `x_g = basal_g + sum_p w_pg x_p + h_g u + s_g e_g`, a linear structural
//! equation model (Bollen, *Structural Equations with Latent Variables*, Wiley 1989).
//! *Hill*: activators add `w x^n / (1 + x^n)`, repressors multiply by `1 - |w| x^n / (1 + x^n)`
//! (Alon, *An Introduction to Systems Biology*, CRC 2006, chapter 2), then the hidden cause and
//! noise act as factors, so that expression stays positive.
//!
//! `u` is one standard normal per well that no detector sees: genes with a loading `h` correlate
//! without driving each other. A reagent that knocks a gene down or drives it up scales what drives
//! it by `1 + effect * c / (1 + c)`, `c` its concentration over the half-effective one, and so
//! breaks what comes from above without touching what goes on below, as an intervention should.

use super::{Bound, Channel, Detector, Nature, NatureError, ReagentMeaning, Sample, Signal};
use crate::random::Draws;
use std::sync::Arc;

/// How genes drive each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Sums.
    Linear,
    /// Saturating activation and repression.
    Hill,
}

/// A gene.
#[derive(Clone, Debug, PartialEq)]
pub struct Gene {
    /// Its name, and that of its channel.
    pub name: Arc<str>,
    /// Expression with no driver.
    pub basal: f64,
    /// Standard deviation between wells that are otherwise alike (a factor's, for the Hill form).
    pub noise: f64,
    /// How strongly the hidden cause acts on it.
    pub hidden: f64,
}

/// One gene drives another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drive {
    /// The driver.
    pub from: usize,
    /// The driven.
    pub to: usize,
    /// How strongly; negative represses.
    pub weight: f64,
}

/// The nature.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    genes: Vec<Gene>,
    /// The drivers of each gene.
    drivers: Vec<Vec<(usize, f64)>>,
    /// Genes so that drivers come first.
    order: Vec<usize>,
    form: Form,
    hill: f64,
    /// What a detector reads at an expression of one.
    gain: f64,
}

impl Network {
    /// A network.
    ///
    /// # Errors
    /// If a drive names no gene, a repression of the Hill form is stronger than one, or genes drive
    /// each other in a circle.
    pub fn new(genes: Vec<Gene>, drives: &[Drive], form: Form) -> Result<Self, NatureError> {
        let n = genes.len();
        let mut drivers = vec![Vec::new(); n];
        for drive in drives {
            if drive.from >= n || drive.to >= n || drive.from == drive.to {
                return Err(NatureError::Parameters(format!(
                    "a drive from gene {} to gene {} among {n} genes",
                    drive.from, drive.to
                )));
            }
            if form == Form::Hill && drive.weight < -1.0 {
                return Err(NatureError::Parameters(format!(
                    "{} represses {} by {}, and more than everything can't be taken away",
                    genes[drive.from].name, genes[drive.to].name, -drive.weight
                )));
            }
            drivers[drive.to].push((drive.from, drive.weight));
        }
        let mut order = Vec::with_capacity(n);
        let mut placed = vec![false; n];
        while order.len() < n {
            let next =
                (0..n).find(|g| !placed[*g] && drivers[*g].iter().all(|(from, _)| placed[*from]));
            let Some(next) = next else {
                let left = (0..n).filter(|g| !placed[*g]).map(|g| &*genes[g].name);
                return Err(NatureError::Parameters(format!(
                    "these genes drive each other in a circle: {}",
                    left.collect::<Vec<_>>().join(", ")
                )));
            };
            placed[next] = true;
            order.push(next);
        }
        Ok(Self {
            genes,
            drivers,
            order,
            form,
            hill: 2.0,
            gain: 1000.0,
        })
    }

    /// Eight genes: a chain, a fork, a collider, and a hidden cause of two genes that don't drive each
    /// other. Made up; shaped so that observation alone can't tell it from its rivals.
    ///
    /// # Errors
    /// Never for these numbers; the checks of [`Network::new`] are the same for all.
    pub fn example(form: Form) -> Result<Self, NatureError> {
        let gene = |name: &str, basal, hidden| Gene {
            name: name.into(),
            basal,
            noise: 0.1,
            hidden,
        };
        let genes = vec![
            gene("g1", 1.0, 0.0),
            gene("g2", 0.3, 0.0),
            gene("g3", 0.3, 0.0),
            gene("g4", 1.0, 0.4),
            gene("g5", 1.0, 0.4),
            gene("g6", 0.4, 0.0),
            gene("g7", 0.5, 0.0),
            gene("g8", 0.8, 0.0),
        ];
        let drive = |from: usize, to: usize, weight| Drive {
            from: from - 1,
            to: to - 1,
            weight,
        };
        let drives = [
            drive(1, 2, 0.9),
            drive(2, 3, 0.8),
            drive(4, 6, 0.7),
            drive(5, 6, 0.6),
            drive(3, 7, 0.7),
            drive(6, 7, -0.4),
            drive(1, 8, -0.5),
        ];
        Self::new(genes, &drives, form)
    }

    /// The genes.
    #[must_use]
    pub fn genes(&self) -> &[Gene] {
        &self.genes
    }

    /// The drives: the answer of a campaign that asks for causes; for tests and benches only.
    pub fn drives(&self) -> impl Iterator<Item = Drive> + '_ {
        self.drivers.iter().enumerate().flat_map(|(to, drivers)| {
            drivers.iter().map(move |(from, weight)| Drive {
                from: *from,
                to,
                weight: *weight,
            })
        })
    }

    /// Expression of every gene, given the factor on each gene's drive, the hidden cause and each
    /// gene's own noise (standard normals).
    #[must_use]
    pub fn expression(&self, factors: &[f64], hidden: f64, noise: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; self.genes.len()];
        for &g in &self.order {
            let gene = &self.genes[g];
            let own = gene.hidden * hidden + gene.noise * noise.get(g).copied().unwrap_or(0.0);
            let drive = match self.form {
                Form::Linear => {
                    gene.basal
                        + own
                        + self.drivers[g]
                            .iter()
                            .map(|(from, weight)| weight * x[*from])
                            .sum::<f64>()
                }
                Form::Hill => {
                    let (mut added, mut kept) = (gene.basal, 1.0);
                    for (from, weight) in &self.drivers[g] {
                        let level = mechanism::regulation::saturation(x[*from], self.hill);
                        if *weight >= 0.0 {
                            added += weight * level;
                        } else {
                            kept *= 1.0 + weight * level;
                        }
                    }
                    added * kept * own.exp()
                }
            };
            x[g] = drive * factors.get(g).copied().unwrap_or(1.0);
        }
        x
    }

    fn gene(&self, name: &str) -> Result<usize, NatureError> {
        self.genes
            .iter()
            .position(|gene| &*gene.name == name)
            .ok_or_else(|| {
                NatureError::unknown("gene", name, self.genes.iter().map(|gene| &*gene.name))
            })
    }
}

impl Nature for Network {
    fn bind(&self, meaning: &ReagentMeaning) -> Result<Bound, NatureError> {
        match meaning {
            ReagentMeaning::Inert => Ok(Bound::INERT),
            // Cells: every well that has any expresses.
            ReagentMeaning::Culture { density } => Ok(Bound::of(CELLS, *density)),
            ReagentMeaning::Intervention {
                gene,
                effect,
                strength,
            } => Ok(Bound {
                slot: self.gene(gene)? as u32,
                strength: *strength,
                effect: *effect,
            }),
            other => Err(NatureError::Meaningless {
                reagent: other.to_string(),
                takes: "cells (a culture), interventions on its genes, and inert liquids",
            }),
        }
    }

    fn respond(&self, sample: &Sample<'_>, channel: &Channel) -> Signal {
        let Ok(gene) = self.gene(&channel.name) else {
            return Signal::NotMeasured;
        };
        let cells = sample
            .parts
            .iter()
            .any(|(bound, volume)| bound.slot == CELLS && bound.strength > 0.0 && *volume > 0.0);
        if !cells {
            return Signal::Value(0.0);
        }
        let mut factors = vec![1.0; self.genes.len()];
        for (bound, volume) in sample.parts {
            if let Some(factor) = factors.get_mut(bound.slot as usize) {
                let dose = bound.strength * volume / sample.volume_ul.max(1e-9);
                *factor *= 1.0 + bound.effect * dose / (1.0 + dose);
            }
        }
        // One well is one draw, whatever channel is read and however often.
        let mut draws = Draws::new(sample.seed, "cells", 0);
        let hidden = draws.normal();
        let noise: Vec<f64> = self.genes.iter().map(|_| draws.normal()).collect();
        Signal::Value(self.gain * self.expression(&factors, hidden, &noise)[gene])
    }

    fn channels(&self, _: Detector) -> Vec<Arc<str>> {
        self.genes.iter().map(|gene| gene.name.clone()).collect()
    }
}

/// Slot of the cells.
const CELLS: u32 = u32::MAX - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nature::Exposure;
    use quantity::Seed;

    #[test]
    fn linear_expression_by_hand() {
        let net = Network::example(Form::Linear).unwrap();
        let x = net.expression(&[], 0.0, &[]);
        // g2 = 0.3 + 0.9, g3 = 0.3 + 0.8 g2, g6 = 0.4 + 0.7 + 0.6, g7 = 0.5 + 0.7 g3 - 0.4 g6.
        for (g, expected) in [(1, 1.2), (2, 1.26), (5, 1.7), (6, 0.702), (7, 0.3)] {
            assert!((x[g] - expected).abs() < 1e-12, "g{} {}", g + 1, x[g]);
        }
        // Silencing g2 moves what is below it, and nothing above or beside.
        let mut factors = [1.0; 8];
        factors[1] = 0.0;
        let cut = net.expression(&factors, 0.0, &[]);
        assert_eq!((cut[0], cut[1], cut[5], cut[7]), (x[0], 0.0, x[5], x[7]));
        assert!((cut[2] - 0.3).abs() < 1e-12);
        assert!((cut[6] - (0.5 + 0.21 - 0.68)).abs() < 1e-12);
    }

    #[test]
    fn the_hill_form_saturates_and_stays_positive() {
        let net = Network::example(Form::Hill).unwrap();
        let x = net.expression(&[], 0.0, &[]);
        // g1 = 1: level 1/2; g2 = 0.3 + 0.45; g8 = 0.8 (1 - 0.25).
        assert!((x[1] - 0.75).abs() < 1e-12 && (x[7] - 0.6).abs() < 1e-12);
        let wild = net.expression(&[], -5.0, &[-6.0; 8]);
        assert!(wild.iter().all(|v| *v > 0.0));
    }

    #[test]
    fn the_hidden_cause_correlates_what_does_not_drive() {
        let net = Network::example(Form::Linear).unwrap();
        let culture = net.bind(&ReagentMeaning::Culture { density: 1.0 }).unwrap();
        let knock = net
            .bind(&ReagentMeaning::Intervention {
                gene: "g4".into(),
                effect: -1.0,
                strength: 1e6,
            })
            .unwrap();
        let read = |gene: &str, parts: &[(Bound, f64)], well: u64| {
            let sample = Sample {
                parts,
                volume_ul: 50.0,
                exposure: Exposure { spans: &[] },
                seed: Seed(well),
            };
            let channel = Channel {
                name: gene.into(),
                detector: Detector::Counting,
                nm: None,
            };
            match net.respond(&sample, &channel) {
                Signal::Value(value) => value / 1000.0,
                other => panic!("{other:?}"),
            }
        };
        let parts = [(culture, 50.0)];
        let wells = 2000;
        let pairs: Vec<(f64, f64)> = (0..wells)
            .map(|w| (read("g4", &parts, w), read("g5", &parts, w)))
            .collect();
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / wells as f64;
        let (ma, mb) = (mean(&|p| p.0), mean(&|p| p.1));
        let cov = mean(&|p| (p.0 - ma) * (p.1 - mb));
        // Variance 0.4² + 0.1² = 0.17, covariance 0.16.
        assert!((cov - 0.16).abs() < 0.02, "{cov}");
        // Knocking g4 down leaves g5 as it was: no arrow between them.
        let cut = [(culture, 49.0), (knock, 1.0)];
        let mean_cut = (0..wells).map(|w| read("g5", &cut, w)).sum::<f64>() / wells as f64;
        assert!((mean_cut - mb).abs() < 1e-9);
        assert!(read("g4", &cut, 3).abs() < 1e-3);
        assert_eq!(read("g4", &[(Bound::INERT, 50.0)], 3), 0.0);
    }

    #[test]
    fn circles_are_refused() {
        let gene = |name: &str| Gene {
            name: name.into(),
            basal: 1.0,
            noise: 0.0,
            hidden: 0.0,
        };
        let drive = |from, to| Drive {
            from,
            to,
            weight: 0.5,
        };
        let circle = Network::new(
            vec![gene("a"), gene("b"), gene("c")],
            &[drive(1, 2), drive(2, 1)],
            Form::Linear,
        );
        assert_eq!(
            circle.unwrap_err().to_string(),
            "these genes drive each other in a circle: b, c"
        );
    }
}
