//! Lack of fit: residuals that go together where points lie together.
//!
//! Each factor is cut into cells of neighbouring points, whose wells are near replicates of each other. Under a law
//! that holds, the means of cells scatter no more than wells within them say (Christensen, Ann. Stat. 17 (1989) 673;
//! Neill and Johnson, Commun. Stat. Theory Methods 14 (1985) 2711). The scatter within cells is measured, not taken
//! from anybody's statement of the noise: noise that was stated too small does not make a law wrong here.

use super::Datum;

/// Wells of one cell.
const CELL: usize = 5;
/// Cells below which nothing can be said.
const CELLS_MIN: usize = 4;

/// Residuals of means of neighbours against those within them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LackOfFit {
    /// Which factor it was seen along.
    pub factor: usize,
    /// Mean square between cells over that within.
    pub f: f64,
    /// Variance within cells over what was stated of wells.
    pub within: f64,
    /// Its degrees of freedom.
    pub freedom: usize,
    /// Chance of one as large along any of the factors, were the law true.
    pub p: f64,
}

/// The worst lack of fit along any factor, of residuals beside the data. `None` with too few wells.
///
/// Its freedom is that of all cells, though parameters took some: too careful rather than too quick.
pub(super) fn lack_of_fit(data: &[Datum], residuals: &[f64]) -> Option<LackOfFit> {
    let factors = data.first()?.x.len();
    let along = (0..factors).filter_map(|factor| {
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.sort_by(|a, b| data[*a].x[factor].total_cmp(&data[*b].x[factor]));
        let cells: Vec<&[usize]> = order.chunks_exact(CELL).collect();
        if cells.len() < CELLS_MIN {
            return None;
        }
        let (mut between, mut within) = (0.0, 0.0);
        for cell in &cells {
            let weight = |at: usize| data[at].sd.powi(-2);
            let whole: f64 = cell.iter().map(|at| weight(*at)).sum();
            let sum: f64 = cell.iter().map(|at| weight(*at) * residuals[*at]).sum();
            let mean = sum / whole;
            between += whole * mean * mean;
            within += cell
                .iter()
                .map(|at| weight(*at) * (residuals[*at] - mean).powi(2))
                .sum::<f64>();
        }
        let first = cells.len() as f64;
        let second = (cells.len() * (CELL - 1)) as f64;
        let f = (between / first) / (within / second);
        f.is_finite().then(|| LackOfFit {
            factor,
            f,
            within: within / second,
            freedom: second as usize,
            p: (crate::meta::fisher_p(f, first, second) * factors as f64).min(1.0),
        })
    });
    along.min_by(|a, b| a.p.total_cmp(&b.p))
}
