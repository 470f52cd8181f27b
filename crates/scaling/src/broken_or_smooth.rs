//! Whether data speak for a break, or for saturation, against a plain power law.

use crate::{Loss, Table, TableError, Terms, broken, fit_terms};
use quantity::Seed;

/// Akaike's criterion with the correction for small samples of each shape (Hurvich and Tsai, Biometrika 76
/// (1989) 297), all for normal errors of `ln y`; infinite where too few rows are left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shapes {
    /// `A x^-alpha`.
    pub power: f64,
    /// `E + A x^-alpha`: it saturates.
    pub floor: f64,
    /// One smooth break.
    pub broken: f64,
}

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A plain power law.
    Power,
    /// A power law that saturates at a floor.
    Saturating,
    /// A power law with a break.
    Broken,
}

impl Shapes {
    /// The shape of the least criterion, simple ones first among those within 2 of it (Burnham and
    /// Anderson, *Model Selection and Multimodel Inference*, 2002, p. 70).
    #[must_use]
    pub fn best(&self) -> Shape {
        let least = self.power.min(self.floor).min(self.broken);
        if self.power <= least + 2.0 {
            Shape::Power
        } else if self.floor <= least + 2.0 {
            Shape::Saturating
        } else {
            Shape::Broken
        }
    }
}

/// Compares the shapes on a table with one resource.
///
/// # Errors
/// With too few rows even for a plain power law.
pub fn shapes(table: &Table, seed: Seed) -> Result<Shapes, TableError> {
    let n = table.rows() as f64;
    let criterion = |error: f64, parameters: f64| {
        // The variance of the errors is a parameter too.
        let k = parameters + 1.0;
        if n <= k + 1.0 || !error.is_finite() {
            return f64::INFINITY;
        }
        // Below this the data are exact to rounding, and every further law is as good.
        let variance = (error * error).max(1e-24);
        n * variance.ln() + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)
    };
    let terms = |law: &Terms| -> Result<f64, TableError> {
        let fit = fit_terms(law, table, Loss::SQUARES)?;
        Ok(criterion(fit.log_error(table), law.parameters() as f64))
    };
    let power = terms(&Terms::power())?;
    let floor = terms(&Terms::power_with_floor()).unwrap_or(f64::INFINITY);
    let broken = if n > 8.0 {
        broken::fit(table, seed).map_or(f64::INFINITY, |fit| criterion(fit.error, 6.0))
    } else {
        f64::INFINITY
    };
    Ok(Shapes {
        power,
        floor,
        broken,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_is_told_by_its_data() {
        let law = broken::Broken {
            a: 0.05,
            b: 2.0,
            c0: 0.1,
            c1: 0.8,
            d1: 300.0,
            f1: 0.1,
        };
        let x: Vec<f64> = (0..30)
            .map(|i| 10f64.powf(1.0 + f64::from(i) / 8.0))
            .collect();
        let shape = |of: &dyn Fn(f64) -> f64| {
            let noise = |i: usize| 1.0 + 0.01 * ((i * 7919 % 101) as f64 / 50.0 - 1.0);
            let y = x
                .iter()
                .enumerate()
                .map(|(i, x)| of(*x) * noise(i))
                .collect();
            let table = Table::new(vec![("x".into(), x.clone())], ("y", y)).unwrap();
            shapes(&table, Seed(1)).unwrap().best()
        };
        assert_eq!(shape(&|x| 3.0 * x.powf(-0.4)), Shape::Power);
        assert_eq!(shape(&|x| 0.4 + 3.0 * x.powf(-0.6)), Shape::Saturating);
        assert_eq!(shape(&|x| law.value(x)), Shape::Broken);
    }
}
