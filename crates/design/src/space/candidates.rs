//! A finite list of points that exist.

use std::collections::BTreeMap;

use super::point::Point;

/// The only points that exist, each with its row.
#[derive(Clone, Debug, PartialEq)]
pub struct CandidateTable {
    points: Vec<Point>,
    rows: BTreeMap<Point, usize>,
}

impl CandidateTable {
    /// A table of these points. A point that occurs twice keeps its first row.
    #[must_use]
    pub fn new(points: Vec<Point>) -> CandidateTable {
        let mut rows = BTreeMap::new();
        for (row, point) in points.iter().enumerate() {
            rows.entry(point.clone()).or_insert(row);
        }
        CandidateTable { points, rows }
    }

    /// The points, by row.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The number of different points.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.rows.len()
    }

    /// The first row that holds the point.
    #[must_use]
    pub fn position(&self, point: &Point) -> Option<usize> {
        self.rows.get(point).copied()
    }
}
