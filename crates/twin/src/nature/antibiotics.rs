//! Combinations of antibiotics against *Escherichia coli*.
//!
//! **One drug.** The pharmacodynamic function of Regoes et al., Antimicrob. Agents Chemother. 48
//! (2004) 3670: net growth rate, in decades an hour, at concentration `c`
//! `psi(c) = psi_max - (psi_max - psi_min) x^k / (x^k - psi_min / psi_max)`, `x = c / zMIC`,
//! with their table's four parameters for *E. coli* O18:K1:H7. At `c = zMIC` it is zero.
//!
//! **Several drugs.** Each drug changes how potent the others are: the effective concentration of
//! drug i is `c_i / (1 + sum_j a_ij y_j / (1 + y_j))`, with `y_j` the effective concentration of
//! drug j over its half-inhibitory one (the form of Zimmer et al., PNAS 113 (2016) 10442: negative `a`
//! is synergy, positive antagonism). The remaining shares of growth multiply (Bliss independence); kill rates add.
//! Most signs of `a` follow what is known of the classes: aminoglycosides enter more easily where a
//! beta-lactam opens the wall; inhibitors of protein synthesis protect against quinolones
//! (Bollenbach et al., Cell 139 (2009) 707) and, being static, against beta-lactams (Ocampo et al.,
//! Antimicrob. Agents Chemother. 58 (2014) 4573), and against aminoglycosides, whose uptake needs
//! protein synthesis. Their sizes, and the synergy of the quinolone with the beta-lactam and the
//! aminoglycoside, are ours: no one table gives all pairs.
//!
//! **Growth.** After a lag, logistic growth to a carrying capacity, faster or slower by the cardinal
//! temperature model (Rosso et al., J. Theor. Biol. 162 (1993) 447; for *E. coli* 4.9, 41.3 and
//! 47.5 °C) relative to 37 °C. Dead cells scatter light like living ones, so the optical density
//! never falls.

use super::optimum::{Optimum, maximise_in_box, maximise_on_simplex};
use super::{
    Bound, Channel, Detector, Exposure, Nature, NatureError, ReagentMeaning, Sample, Signal,
    Strength,
};
use mechanism::growth;
use std::sync::Arc;

/// A drug.
#[derive(Clone, Debug, PartialEq)]
pub struct Drug {
    /// Its name.
    pub name: Arc<str>,
    /// Net growth without drug, decades an hour.
    pub psi_max: f64,
    /// Net growth at high concentration, decades an hour; negative.
    pub psi_min: f64,
    /// Concentration of no net growth, mg/L.
    pub zmic: f64,
    /// Hill coefficient.
    pub kappa: f64,
    /// Molar mass, g/mol.
    pub molar_mass: f64,
}

impl Drug {
    /// The concentration at which half of the growth is left, over zMIC.
    #[must_use]
    pub fn half(&self) -> f64 {
        growth::half(self.psi_min / self.psi_max, self.kappa)
    }

    /// The concentration at which half of the growth is left, mg/L.
    #[must_use]
    pub fn half_dose(&self) -> f64 {
        self.half() * self.zmic
    }

    /// Net growth over growth without drug, at a concentration over zMIC: one without drug, zero at
    /// zMIC, negative above.
    #[must_use]
    pub fn share(&self, x: f64) -> f64 {
        growth::share(x, self.psi_min / self.psi_max, self.kappa)
    }
}

/// The culture in the wells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Growth without drug at 37 °C, decades an hour.
    pub rate: f64,
    /// Lag at 37 °C, hours (typical).
    pub lag: f64,
    /// Carrying capacity, optical density at 1 cm (typical of rich medium in a plate).
    pub capacity: f64,
}

/// The nature.
#[derive(Clone, Debug, PartialEq)]
pub struct Antibiotics {
    drugs: Vec<Drug>,
    /// `a_ij` by rows: how drug j changes the potency of drug i.
    interactions: Vec<f64>,
    growth: Growth,
    /// Half-inhibitory concentrations over zMIC, by drug.
    halves: Vec<f64>,
}

/// Slot of the culture.
const CULTURE: u32 = u32::MAX - 1;
/// The most drugs, so that a response needs no allocation.
const DRUGS_MAX: usize = 12;

/// Cardinal temperatures of growth, °C: least, best, greatest.
const CARDINAL: [f64; 3] = [4.9, 41.3, 47.5];

/// Growth at a temperature over growth at 37 °C.
fn warmth(celsius: f64) -> f64 {
    let [least, best, most] = CARDINAL;
    let rate = |t: f64| {
        if t <= least || t >= most {
            return 0.0;
        }
        (t - most) * (t - least).powi(2)
            / ((best - least)
                * ((best - least) * (t - best) - (best - most) * (best + least - 2.0 * t)))
    };
    rate(celsius) / rate(37.0)
}

impl Antibiotics {
    /// Ampicillin, ciprofloxacin, rifampin, streptomycin and tetracycline.
    #[must_use]
    pub fn published() -> Self {
        let drug = |name: &str, psi_max, psi_min, zmic, kappa, molar_mass| Drug {
            name: name.into(),
            psi_max,
            psi_min,
            zmic,
            kappa,
            molar_mass,
        };
        let drugs = vec![
            drug("ampicillin", 0.75, -4.0, 3.4, 0.75, 349.4),
            drug("ciprofloxacin", 0.88, -6.5, 0.017, 1.1, 331.3),
            drug("rifampin", 0.70, -4.3, 12.0, 2.5, 822.9),
            drug("streptomycin", 0.89, -8.8, 18.5, 1.9, 581.6),
            drug("tetracycline", 0.81, -8.1, 0.67, 0.61, 444.4),
        ];
        #[rustfmt::skip]
        let interactions = vec![
            // amp   cip   rif   str   tet     <- changed by
            0.0,  -0.5,  0.2, -0.6,  0.9, // ampicillin
            -0.6,  0.0,  0.5, -0.6,  1.5, // ciprofloxacin
            0.0,   0.3,  0.0,  0.0,  0.2, // rifampin
            -0.9, -0.6,  0.2,  0.0,  0.8, // streptomycin
            0.3,   0.3,  0.0,  0.4,  0.0, // tetracycline
        ];
        let growth = Growth {
            rate: 0.85,
            lag: 0.5,
            capacity: 1.6,
        };
        Self::of(drugs, interactions, growth)
    }

    /// Drugs with interactions of one's own: `interactions[i * n + j]` is how drug j changes the
    /// potency of drug i.
    ///
    /// # Errors
    /// If the numbers don't fit together.
    pub fn new(
        drugs: Vec<Drug>,
        interactions: Vec<f64>,
        growth: Growth,
    ) -> Result<Self, NatureError> {
        let wrong = |text: String| Err(NatureError::Parameters(text));
        if drugs.is_empty() || drugs.len() > DRUGS_MAX {
            return wrong(format!("{} drugs, expected 1 to {DRUGS_MAX}", drugs.len()));
        }
        if interactions.len() != drugs.len() * drugs.len() {
            return wrong(format!(
                "{} interactions for {} drugs, expected {}",
                interactions.len(),
                drugs.len(),
                drugs.len() * drugs.len()
            ));
        }
        for drug in &drugs {
            if !(drug.psi_max > 0.0 && drug.psi_min < 0.0 && drug.zmic > 0.0 && drug.kappa > 0.0) {
                return wrong(format!(
                    "{}: growth must be above zero without drug and below at high doses, zMIC and kappa above zero",
                    drug.name
                ));
            }
        }
        Ok(Self::of(drugs, interactions, growth))
    }

    fn of(drugs: Vec<Drug>, interactions: Vec<f64>, growth: Growth) -> Self {
        Self {
            halves: drugs.iter().map(Drug::half).collect(),
            drugs,
            interactions,
            growth,
        }
    }

    /// The drugs, in order of slot.
    #[must_use]
    pub fn drugs(&self) -> &[Drug] {
        &self.drugs
    }

    /// The drug with this name.
    ///
    /// # Errors
    /// Names the nearest one.
    pub fn drug(&self, name: &str) -> Result<usize, NatureError> {
        self.drugs
            .iter()
            .position(|drug| &*drug.name == name)
            .ok_or_else(|| {
                NatureError::unknown("drug", name, self.drugs.iter().map(|drug| &*drug.name))
            })
    }

    /// Net growth at 37 °C in decades an hour, under doses in mg/L in order of drug.
    #[must_use]
    pub fn net_growth(&self, doses: &[f64]) -> f64 {
        let n = self.drugs.len();
        let mut dose = [0.0_f64; DRUGS_MAX];
        let mut x = [0.0_f64; DRUGS_MAX];
        for (i, drug) in self.drugs.iter().enumerate() {
            dose[i] = doses.get(i).copied().unwrap_or(0.0).max(0.0) / drug.zmic;
        }
        growth::effective(&dose[..n], &self.halves, &self.interactions, &mut x[..n]);
        let each = self.drugs.iter().zip(x).map(|(drug, x)| drug.share(x));
        self.growth.rate * growth::together(each)
    }

    /// The hours at 37 °C that count as much for growth as what a culture was exposed to.
    #[must_use]
    pub fn hours(exposure: &Exposure<'_>) -> f64 {
        exposure.integrate(warmth) / 3600.0
    }

    /// Optical density at 1 cm of a culture that started at `inoculum` and grew for so many hours at
    /// 37 °C under doses in mg/L.
    #[must_use]
    pub fn optical_density(&self, doses: &[f64], inoculum: f64, hours: f64) -> f64 {
        if inoculum <= 0.0 {
            return 0.0;
        }
        let rate = self.net_growth(doses).max(0.0) * std::f64::consts::LN_10;
        let time = (hours - self.growth.lag).max(0.0);
        let capacity = self.growth.capacity.max(inoculum);
        growth::logistic(inoculum, capacity, rate * time)
    }

    /// The share of the untreated culture's rise in optical density that doses in mg/L prevent: zero
    /// untreated, one where nothing grows.
    #[must_use]
    pub fn inhibition(&self, doses: &[f64], inoculum: f64, hours: f64) -> f64 {
        let free = self.optical_density(&[], inoculum, hours) - inoculum;
        let held = self.optical_density(doses, inoculum, hours) - inoculum;
        1.0 - held / free.max(1e-12)
    }

    /// The best doses in a box, by a score of one's own; doses in mg/L in order of drug.
    #[must_use]
    pub fn optimum(&self, bounds: &[(f64, f64)], score: impl Fn(&[f64]) -> f64) -> Optimum {
        maximise_in_box(bounds, score)
    }

    /// The best shares of a total dose among some drugs, by a score of one's own: shares, in the
    /// order of the drugs given, of a total that counts each drug by its half-inhibitory dose.
    #[must_use]
    pub fn optimum_of_shares(
        &self,
        drugs: &[usize],
        total: f64,
        score: impl Fn(&[f64]) -> f64,
    ) -> Optimum {
        maximise_on_simplex(drugs.len(), |shares| {
            score(&self.doses_of_shares(drugs, total, shares))
        })
    }

    /// Doses in mg/L, in order of drug, for shares of a total that counts each drug by its
    /// half-inhibitory dose.
    #[must_use]
    pub fn doses_of_shares(&self, drugs: &[usize], total: f64, shares: &[f64]) -> Vec<f64> {
        let mut doses = vec![0.0; self.drugs.len()];
        for (drug, share) in drugs.iter().zip(shares) {
            doses[*drug] = share * total * self.drugs[*drug].half_dose();
        }
        doses
    }
}

impl Nature for Antibiotics {
    fn bind(&self, meaning: &ReagentMeaning) -> Result<Bound, NatureError> {
        match meaning {
            ReagentMeaning::Inert => Ok(Bound::INERT),
            ReagentMeaning::Culture { density } => Ok(Bound::of(CULTURE, *density)),
            ReagentMeaning::Solution {
                substance,
                strength,
            } => {
                let slot = self.drug(substance)?;
                let mg_per_l = match strength {
                    Strength::Mass(mass) => mass.as_mg_per_l(),
                    Strength::Molar(molar) => {
                        molar.as_mol_per_l() * self.drugs[slot].molar_mass * 1e3
                    }
                };
                Ok(Bound::of(slot as u32, mg_per_l))
            }
            other => Err(NatureError::Meaningless {
                reagent: other.to_string(),
                takes: "cultures, solutions of its drugs, and inert liquids",
            }),
        }
    }

    fn respond(&self, sample: &Sample<'_>, channel: &Channel) -> Signal {
        if channel.detector != Detector::Absorbance {
            return Signal::NotMeasured;
        }
        let mut doses = [0.0_f64; DRUGS_MAX];
        let mut inoculum = 0.0;
        if sample.volume_ul > 0.0 {
            for (bound, volume) in sample.parts {
                let amount = bound.strength * volume / sample.volume_ul;
                match bound.slot {
                    CULTURE => inoculum += amount,
                    slot => {
                        if let Some(dose) = doses.get_mut(slot as usize) {
                            *dose += amount;
                        }
                    }
                }
            }
        }
        let hours = Self::hours(&sample.exposure);
        let density = self.optical_density(&doses[..self.drugs.len()], inoculum, hours);
        // Scattering falls with the square of the wavelength, about (typical for bacteria).
        let colour = channel.nm.map_or(1.0, |nm| (600.0 / nm).powi(2));
        Signal::PerCentimetre(density * colour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nature::Exposure;
    use quantity::{MassConcentration, Seed};

    const INOCULUM: f64 = 0.005;
    const HOURS: f64 = 6.0;

    fn alone(name: &str, x: f64) -> Vec<f64> {
        let nature = Antibiotics::published();
        let mut doses = vec![0.0; nature.drugs().len()];
        let drug = nature.drug(name).unwrap();
        doses[drug] = x * nature.drugs()[drug].zmic;
        doses
    }

    /// By hand from the published parameters: ciprofloxacin at 0.0625 mg/L, x = 3.676, x^1.1 = 4.188,
    /// psi = 0.88 - 7.38 x 4.188 / (4.188 + 7.386) = -1.790 decades an hour, 3.6 in two hours, which is
    /// the decline that the same paper reports.
    #[test]
    fn single_drugs_follow_the_published_function() {
        let nature = Antibiotics::published();
        let cipro = &nature.drugs()[nature.drug("ciprofloxacin").unwrap()];
        let psi = cipro.psi_max * cipro.share(0.0625 / cipro.zmic);
        assert!((psi - -1.790).abs() < 0.005, "{psi}");
        for drug in nature.drugs() {
            assert!((drug.share(0.0) - 1.0).abs() < 1e-12);
            assert!(drug.share(1.0).abs() < 1e-12, "zMIC of {}", drug.name);
            let far = drug.psi_max * drug.share(1e9);
            assert!((far - drug.psi_min).abs() < 0.01, "{far}");
        }
    }

    #[test]
    fn growth_is_logistic_after_the_lag() {
        let nature = Antibiotics::published();
        // 0.85 decades an hour for 5.5 hours: exp(10.765) = 47330; 1.6 / (1 + 319 / 47330) = 1.5893.
        let free = nature.optical_density(&[], INOCULUM, HOURS);
        assert!((free - 1.5893).abs() < 1e-3, "{free}");
        assert_eq!(nature.optical_density(&[], INOCULUM, 0.4), INOCULUM);
        let killed = nature.optical_density(&alone("ampicillin", 3.0), INOCULUM, HOURS);
        assert_eq!(killed, INOCULUM);
        assert!(
            (nature.inhibition(&alone("ampicillin", 3.0), INOCULUM, HOURS) - 1.0).abs() < 1e-12
        );
        assert!(warmth(37.0) == 1.0 && warmth(25.0) < 0.5 && warmth(60.0) == 0.0);
        assert!(warmth(41.3) > 1.0);
    }

    #[test]
    fn pairs_interact_as_their_signs_say() {
        let nature = Antibiotics::published();
        // Excess over Bliss of the remaining shares of growth.
        let excess = |a: &str, b: &str| {
            let (one, two) = (alone(a, 0.3), alone(b, 0.3));
            let both: Vec<f64> = one.iter().zip(&two).map(|(x, y)| x + y).collect();
            let share = |doses: &[f64]| nature.net_growth(doses) / nature.growth.rate;
            share(&one) * share(&two) - share(&both)
        };
        assert!(excess("ampicillin", "streptomycin") > 0.01, "synergy");
        assert!(
            excess("ciprofloxacin", "tetracycline") < -0.01,
            "antagonism"
        );
    }

    #[test]
    fn half_doses_leave_half_of_the_growth() {
        for drug in Antibiotics::published().drugs() {
            assert!(
                (drug.share(drug.half()) - 0.5).abs() < 1e-12,
                "{}",
                drug.name
            );
        }
    }

    /// Nine tenths of a half-inhibitory dose in all: the best is a mixture of three of the five drugs,
    /// far above each alone and above equal parts.
    #[test]
    fn the_best_mixture_is_inside_and_not_at_equal_parts() {
        let nature = Antibiotics::published();
        let drugs = [0, 1, 2, 3, 4];
        let score = |doses: &[f64]| nature.inhibition(doses, INOCULUM, 5.0);
        let best = nature.optimum_of_shares(&drugs, 0.9, score);
        let of = |shares: &[f64]| score(&nature.doses_of_shares(&drugs, 0.9, shares));
        assert!((of(&best.point) - best.value).abs() < 1e-12);
        assert!((best.value - 0.893).abs() < 0.002, "{best:?}");
        for single in 0..5 {
            let mut shares = [0.0; 5];
            shares[single] = 1.0;
            assert!(of(&shares) < best.value - 0.1, "{single}");
        }
        assert!(of(&[0.2; 5]) < best.value - 0.3);
        let used: Vec<bool> = best.point.iter().map(|share| *share > 0.1).collect();
        assert_eq!(used, [true, true, false, true, false]);
    }

    #[test]
    fn a_well_answers_by_its_contents() {
        let nature = Antibiotics::published();
        let culture = nature
            .bind(&ReagentMeaning::Culture { density: 0.01 })
            .unwrap();
        let amp = nature
            .bind(&ReagentMeaning::Solution {
                substance: "ampicillin".into(),
                strength: Strength::Mass(MassConcentration::from_mg_per_l(6.8)),
            })
            .unwrap();
        let spans = [(6.0 * 3600.0, 37.0)];
        let channel = Channel {
            name: "absorbance 600 nm".into(),
            detector: Detector::Absorbance,
            nm: Some(600.0),
        };
        let read = |parts: &[(Bound, f64)], volume_ul: f64| {
            let sample = Sample {
                parts,
                volume_ul,
                exposure: Exposure { spans: &spans },
                seed: Seed(0),
            };
            match nature.respond(&sample, &channel) {
                Signal::PerCentimetre(value) => value,
                other => panic!("{other:?}"),
            }
        };
        let free = read(&[(culture, 25.0), (Bound::INERT, 25.0)], 50.0);
        assert!((free - nature.optical_density(&[], 0.005, 6.0)).abs() < 1e-12);
        // 25 µL of 6.8 mg/L in 50 µL is 3.4 mg/L: no net growth.
        let held = read(&[(culture, 25.0), (amp, 25.0)], 50.0);
        assert!((held - 0.005).abs() < 1e-9);
        assert_eq!(read(&[(Bound::INERT, 50.0)], 50.0), 0.0);
        let wrong = nature.bind(&ReagentMeaning::Solution {
            substance: "ampicilin".into(),
            strength: Strength::Mass(MassConcentration::from_mg_per_l(1.0)),
        });
        assert_eq!(
            wrong.unwrap_err().to_string(),
            "this nature knows no drug 'ampicilin' (did you mean 'ampicillin'?)"
        );
    }
}
