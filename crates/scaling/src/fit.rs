//! Robust fits of sums of power-law terms, and their uncertainty.

use crate::linear::{nonnegative_least_squares, quantile};
use crate::newton::{Local, minimise};
use crate::{Loss, Table, TableError, Terms};
use quantity::Seed;
use rand::RngExt;

/// Exponents tried for each resource of each term before the descent.
const EXPONENTS: [f64; 9] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.5];
/// Starts that are taken from that grid into the full descent.
const STARTS: usize = 12;
/// A coefficient that the projection set to zero starts this far below the smallest response.
const ABSENT_LOG: f64 = -6.0;
/// The loss is approached from least squares by shrinking `delta` by this factor.
const SHRINK: f64 = 0.25;

/// A fitted law.
#[derive(Clone, Debug, PartialEq)]
pub struct TermsFit {
    /// The law.
    pub law: Terms,
    /// Its parameters, coefficients as natural logarithms.
    pub parameters: Vec<f64>,
    /// Its loss.
    pub loss: Loss,
    /// The summed loss of the logarithmic residuals.
    pub objective: f64,
    /// Rows that it was fitted to.
    pub rows: usize,
    /// Starts that ended in the same optimum, of all that were run: one of many is a warning.
    pub agreeing_starts: (usize, usize),
}

impl TermsFit {
    /// The law's value at these resources.
    #[must_use]
    pub fn value(&self, resources: &[f64]) -> f64 {
        let log_x: Vec<f64> = resources.iter().map(|x| x.ln()).collect();
        self.law.log_value(&self.parameters, &log_x).exp()
    }

    /// A parameter by its readable name (`E`, `A`, `alpha`, `B`, `beta`).
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<f64> {
        let at = self.law.names().iter().position(|n| n == name)?;
        Some(self.law.readable(&self.parameters)[at])
    }

    /// Root mean square of the logarithmic residuals on a table.
    #[must_use]
    pub fn log_error(&self, table: &Table) -> f64 {
        let residuals = residuals(&self.law, &self.parameters, table);
        (residuals.iter().map(|r| r * r).sum::<f64>() / residuals.len().max(1) as f64).sqrt()
    }
}

fn row(table: &Table, row: usize, log_x: &mut [f64]) {
    for (resource, x) in log_x.iter_mut().enumerate() {
        *x = table.log_resource(resource)[row];
    }
}

/// Observed minus predicted logarithm, by row.
pub(crate) fn residuals(law: &Terms, parameters: &[f64], table: &Table) -> Vec<f64> {
    let mut log_x = vec![0.0; table.resources().len()];
    (0..table.rows())
        .map(|at| {
            row(table, at, &mut log_x);
            table.response()[at].ln() - law.log_value(parameters, &log_x)
        })
        .collect()
}

/// A law on a table under a loss, with the logarithms at hand.
struct Objective<'a> {
    law: &'a Terms,
    loss: Loss,
    x: Vec<f64>,
    log_y: Vec<f64>,
    width: usize,
}

impl<'a> Objective<'a> {
    fn new(law: &'a Terms, table: &Table, loss: Loss) -> Self {
        let width = table.resources().len();
        let mut x = vec![0.0; width * table.rows()];
        for at in 0..table.rows() {
            row(table, at, &mut x[at * width..(at + 1) * width]);
        }
        Self {
            law,
            loss,
            x,
            log_y: table.response().iter().map(|y| y.ln()).collect(),
            width,
        }
    }

    fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.x
            .chunks(self.width.max(1))
            .zip(self.log_y.iter().copied())
    }

    fn value(&self, parameters: &[f64]) -> f64 {
        self.rows()
            .map(|(x, y)| self.loss.of(y - self.law.log_value(parameters, x)))
            .sum::<f64>()
            / self.loss.scale()
    }

    fn local(&self, parameters: &[f64]) -> Local {
        let n = parameters.len();
        let mut here = Local {
            value: 0.0,
            gradient: vec![0.0; n],
            hessian: vec![0.0; n * n],
        };
        let mut slope = vec![0.0; n];
        for (x, y) in self.rows() {
            let (log, shares) = self.law.derivatives(parameters, x, &mut slope);
            let residual = y - log;
            let (first, second) = (self.loss.slope(residual), self.loss.curvature(residual));
            here.value += self.loss.of(residual);
            for i in 0..n {
                here.gradient[i] -= first * slope[i];
                for j in 0..n {
                    here.hessian[i * n + j] += second * slope[i] * slope[j];
                }
            }
            self.law
                .add_hessian(&shares, x, &slope, -first, &mut here.hessian);
        }
        let scale = self.loss.scale();
        here.value /= scale;
        here.gradient.iter_mut().for_each(|g| *g /= scale);
        here.hessian.iter_mut().for_each(|h| *h /= scale);
        here
    }

    fn descend(&self, start: &[f64]) -> (Vec<f64>, f64) {
        let (parameters, value) = minimise(start, |p| self.value(p), |p| self.local(p));
        (parameters, value * self.loss.scale())
    }
}

/// Descends through shrinking `delta` down to the loss asked for, so that each stage starts near its
/// optimum and the corner of the loss is met last.
fn descend_through(
    law: &Terms,
    table: &Table,
    loss: Loss,
    start: &[f64],
    from: f64,
) -> (Vec<f64>, f64) {
    let mut at = start.to_vec();
    let mut delta = from;
    while delta > loss.delta {
        at = Objective::new(law, table, Loss { delta }).descend(&at).0;
        delta *= SHRINK;
    }
    Objective::new(law, table, loss).descend(&at)
}

/// Starts from variable projection: given the exponents the law is linear in its coefficients, so
/// only the exponents are searched (Golub and Pereyra, SIAM J. Numer. Anal. 10 (1973) 413).
fn projected_starts(law: &Terms, table: &Table) -> Vec<Vec<f64>> {
    let slots: Vec<(usize, usize)> = law
        .terms
        .iter()
        .enumerate()
        .flat_map(|(k, term)| term.resources.iter().map(move |&resource| (k, resource)))
        .collect();
    // Relative errors to first order: weights 1/y^2.
    let weight: Vec<f64> = table.response().iter().map(|y| 1.0 / (y * y)).collect();
    let means: Vec<f64> = (0..table.resources().len())
        .map(|r| table.log_resource(r).iter().sum::<f64>() / table.rows() as f64)
        .collect();
    let combinations = EXPONENTS.len().pow(slots.len() as u32);
    let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
    for mut code in 0..combinations {
        let exponents: Vec<f64> = slots
            .iter()
            .map(|_| {
                let exponent = EXPONENTS[code % EXPONENTS.len()];
                code /= EXPONENTS.len();
                exponent
            })
            .collect();
        // Resources centred on the logarithm keep the columns near one.
        let columns: Vec<Vec<f64>> = (0..law.terms.len())
            .map(|k| {
                (0..table.rows())
                    .map(|at| {
                        slots
                            .iter()
                            .zip(&exponents)
                            .filter(|((term, _), _)| *term == k)
                            .map(|((_, r), e)| -e * (table.log_resource(*r)[at] - means[*r]))
                            .sum::<f64>()
                            .exp()
                    })
                    .collect()
            })
            .collect();
        let (coefficients, rss) = nonnegative_least_squares(&columns, table.response(), &weight);
        if !rss.is_finite() {
            continue;
        }
        let least = table
            .response()
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min)
            .ln();
        let mut parameters = Vec::with_capacity(law.parameters());
        for (k, coefficient) in coefficients.iter().enumerate() {
            let own = || {
                slots
                    .iter()
                    .zip(&exponents)
                    .filter(move |((term, _), _)| *term == k)
            };
            let shift: f64 = own().map(|((_, r), e)| e * means[*r]).sum();
            parameters.push(
                if *coefficient > 0.0 {
                    coefficient.ln()
                } else {
                    least + ABSENT_LOG
                } + shift,
            );
            parameters.extend(own().map(|(_, e)| *e));
        }
        found.push((rss, parameters));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Neighbours on the grid lead to the same place: keep the best, and every third after it.
    found
        .into_iter()
        .step_by(3)
        .take(STARTS)
        .map(|(_, parameters)| parameters)
        .collect()
}

/// Fits a law by the summed loss of `log y - log law`, from many starts.
///
/// # Errors
/// If there are too few rows for the law's parameters.
pub fn fit_terms(law: &Terms, table: &Table, loss: Loss) -> Result<TermsFit, TableError> {
    if table.rows() <= law.parameters() {
        return Err(TableError::TooFew {
            rows: table.rows(),
            parameters: law.parameters(),
        });
    }
    let ends: Vec<(Vec<f64>, f64)> = projected_starts(law, table)
        .iter()
        .map(|start| descend_through(law, table, loss, start, 0.1))
        .filter(|(_, objective)| objective.is_finite())
        .collect();
    let best = ends.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let Some((parameters, objective)) = best.cloned() else {
        return Err(TableError::TooFew {
            rows: table.rows(),
            parameters: law.parameters(),
        });
    };
    let near = |o: f64| o <= objective * (1.0 + 1e-5) + 1e-300;
    let agreeing = ends.iter().filter(|(_, o)| near(*o)).count();
    Ok(TermsFit {
        law: law.clone(),
        parameters,
        loss,
        objective,
        rows: table.rows(),
        agreeing_starts: (agreeing, ends.len()),
    })
}

/// An interval between two quantiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Fits to resampled rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    /// Readable parameters of each resample, in the order of [`Terms::names`].
    pub draws: Vec<Vec<f64>>,
}

impl Bootstrap {
    /// Standard deviation of a parameter over the resamples.
    #[must_use]
    pub fn standard_error(&self, parameter: usize) -> f64 {
        let n = self.draws.len() as f64;
        let mean = self.draws.iter().map(|d| d[parameter]).sum::<f64>() / n;
        (self
            .draws
            .iter()
            .map(|d| (d[parameter] - mean).powi(2))
            .sum::<f64>()
            / (n - 1.0))
            .sqrt()
    }

    /// Percentile interval of a function of the readable parameters.
    #[must_use]
    pub fn interval(&self, level: f64, of: impl Fn(&[f64]) -> f64) -> Interval {
        let mut values: Vec<f64> = self.draws.iter().map(|d| of(d)).collect();
        values.sort_by(f64::total_cmp);
        Interval {
            low: quantile(&values, 0.5 - level / 2.0),
            high: quantile(&values, 0.5 + level / 2.0),
        }
    }
}

/// Refits to `resamples` draws of whole rows with replacement (Efron, Ann. Statist. 7 (1979) 1), each
/// from the fitted parameters and through a softened loss.
#[must_use]
pub fn bootstrap(fit: &TermsFit, table: &Table, resamples: usize, seed: Seed) -> Bootstrap {
    let draws = (0..resamples)
        .map(|number| {
            let mut rng = seed.derive("bootstrap", number as u64).rng();
            let rows: Vec<usize> = (0..table.rows())
                .map(|_| rng.random_range(0..table.rows()))
                .collect();
            let sample = table.select(&rows);
            let from = (fit.loss.delta * 16.0).min(0.1);
            let (parameters, _) =
                descend_through(&fit.law, &sample, fit.loss, &fit.parameters, from);
            fit.law.readable(&parameters)
        })
        .collect();
    Bootstrap { draws }
}
