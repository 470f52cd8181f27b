//! Functions of encoded points that are climbed.

use super::pool::Source;
use crate::encode::Rows;
use crate::gp::{Around, Exact, Paths, SlopeWork, mean_slope, means_beside};

/// A function of encoded points.
pub(crate) trait Height {
    /// Its value at a point, and its slope along numeric columns.
    fn slope(&mut self, row: &[f64], slope: &mut [f64]) -> f64;

    /// Its values at points that differ from one in a few columns.
    fn beside(&mut self, row: &[f64], others: &Rows) -> Vec<f64> {
        let mut slope = vec![0.0; row.len()];
        (0..others.len())
            .map(|place| self.slope(others.row(place), &mut slope))
            .collect()
    }
}

impl<F: FnMut(&[f64], &mut [f64]) -> f64> Height for F {
    fn slope(&mut self, row: &[f64], slope: &mut [f64]) -> f64 {
        self(row, slope)
    }
}

/// One draw from a process, or what it expects.
#[derive(Clone, Debug)]
pub(super) struct Response<'a> {
    of: Of<'a>,
    work: SlopeWork,
    around: Around,
}

#[derive(Clone, Copy, Debug)]
enum Of<'a> {
    Draw(&'a Paths<'a>, usize),
    Mean(&'a Exact),
}

impl<'a> Response<'a> {
    pub(super) fn draw(paths: &'a Paths<'a>, draw: usize) -> Response<'a> {
        Response::of(Of::Draw(paths, draw))
    }

    pub(super) fn mean(process: &'a Exact) -> Response<'a> {
        Response::of(Of::Mean(process))
    }

    fn of(of: Of<'a>) -> Response<'a> {
        Response {
            of,
            work: SlopeWork::default(),
            around: Around::default(),
        }
    }
}

impl Height for Response<'_> {
    fn slope(&mut self, row: &[f64], slope: &mut [f64]) -> f64 {
        match self.of {
            Of::Draw(paths, draw) => paths.slope(draw, row, &mut self.work, slope),
            Of::Mean(process) => mean_slope(process, row, &mut self.work, slope),
        }
    }

    fn beside(&mut self, row: &[f64], others: &Rows) -> Vec<f64> {
        match self.of {
            Of::Draw(paths, draw) => paths.beside(draw, row, others, &mut self.around),
            Of::Mean(process) => means_beside(process, row, others, &mut self.around),
        }
    }
}

/// The smooth utility of what all responses are at a point.
#[derive(Clone, Debug)]
pub(super) struct Together<'a> {
    source: Source<'a>,
    direction: Vec<f64>,
    /// One for each model.
    responses: Vec<Response<'a>>,
    slopes: Vec<Vec<f64>>,
}

impl<'a> Together<'a> {
    pub(super) fn new(
        source: &Source<'a>,
        direction: Vec<f64>,
        responses: Vec<Response<'a>>,
    ) -> Together<'a> {
        Together {
            source: *source,
            direction,
            slopes: vec![vec![0.0; source.encoding.width]; responses.len()],
            responses,
        }
    }
}

impl Height for Together<'_> {
    fn slope(&mut self, row: &[f64], slope: &mut [f64]) -> f64 {
        let models = self.source.models;
        // Monotone warps don't move the top of a single response.
        if let [response] = &mut self.responses[..] {
            return response.slope(row, slope);
        }
        let mut values = Vec::with_capacity(models.len());
        let responses = self.responses.iter_mut().zip(&mut self.slopes);
        for (model, (response, slope)) in models.iter().zip(responses) {
            values.push(model.warp.back(response.slope(row, slope)));
        }
        let mut weights = vec![0.0; models.len()];
        let utility = self.source.utility;
        let height = utility.smooth(&values, &self.direction, &mut weights);
        slope.fill(0.0);
        for (response, model) in models.iter().enumerate() {
            let weight = weights[response] * (-model.warp.log_slope(values[response])).exp();
            if weight != 0.0 {
                let own = slope.iter_mut().zip(&self.slopes[response]);
                own.for_each(|(slope, own)| *slope += weight * own);
            }
        }
        height
    }

    fn beside(&mut self, row: &[f64], others: &Rows) -> Vec<f64> {
        if let [response] = &mut self.responses[..] {
            return response.beside(row, others);
        }
        let models = self.source.models;
        let responses = self.responses.iter_mut();
        let all: Vec<Vec<f64>> = responses.map(|r| r.beside(row, others)).collect();
        let mut weights = vec![0.0; models.len()];
        (0..others.len())
            .map(|place| {
                let at = models.iter().zip(&all);
                let values: Vec<f64> = at.map(|(m, own)| m.warp.back(own[place])).collect();
                let utility = self.source.utility;
                utility.smooth(&values, &self.direction, &mut weights)
            })
            .collect()
    }
}
