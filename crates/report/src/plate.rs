//! Plates, their wells, and how good they were.

use crate::Level;
use quantity::{BatchId, Instant, InstrumentId, OrderId, PlateId, Volume};

/// A plate, as it was filled and read.
#[derive(Clone, Debug, PartialEq)]
pub struct Plate {
    /// Its id.
    pub id: PlateId,
    /// The order that ran it.
    pub order: OrderId,
    /// What its barcode says.
    pub barcode: String,
    /// Its labware: `384-well flat`.
    pub labware: String,
    /// Rows of wells.
    pub rows: u8,
    /// Columns of wells.
    pub columns: u8,
    /// The ask that most of its points come from; none for a confirmation.
    pub batch: Option<BatchId>,
    /// The policy that asked for its points.
    pub policy: String,
    /// What it was for, if not for the points of its batch: `confirmation`, `repeat of plate-3`.
    pub purpose: Option<String>,
    /// When its first step began.
    pub began: Option<Instant>,
    /// When its last step ended.
    pub ended: Option<Instant>,
    /// The unit of raw values as text.
    pub raw_unit: String,
    /// The unit of corrected values as text.
    pub corrected_unit: String,
    /// Whether it counts.
    pub verdict: Verdict,
    /// How good it was.
    pub quality: Quality,
    /// Its wells, empty ones may be left out; in row-major order.
    pub wells: Vec<Well>,
}

/// Whether a plate counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its wells count.
    Accepted,
    /// It failed quality control: its wells do not count, and its points were asked again.
    Repeated(Vec<String>),
    /// It never gave values, and why.
    Lost(String),
    /// It was still under way when the run ended.
    Unfinished,
}

/// How good a plate was. Absent where the assay has not what is needed for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Z′ of the controls: 1 − 3 (s₊ + s₋) / |m₊ − m₋| (Zhang, Chung and Oldenburg, J. Biomol.
    /// Screen. 4 (1999) 67).
    pub z_prime: Option<f64>,
    /// The same with medians and median absolute deviations.
    pub robust_z_prime: Option<f64>,
    /// Strictly standardised mean difference of the controls (Zhang, Genomics 89 (2007) 552).
    pub ssmd: Option<f64>,
    /// Coefficient of variation of the controls, a share of 1.
    pub control_cv: Option<f64>,
    /// Pooled standard deviation of replicates, in the corrected unit.
    pub replicate_sd: Option<f64>,
    /// Wells that gave a value that counts.
    pub valid: u32,
    /// Wells that were to give one.
    pub wanted: u32,
}

/// A well.
#[derive(Clone, Debug, PartialEq)]
pub struct Well {
    /// Row, from 0.
    pub row: u8,
    /// Column, from 0.
    pub column: u8,
    /// What it is for.
    pub role: Role,
    /// The point in it.
    pub point: Option<PointInWell>,
    /// What was dispensed, in the order of dispensing.
    pub liquids: Vec<Liquid>,
    /// What was read, if it was.
    pub reading: Option<Reading>,
    /// What casts doubt on it: `saturated`, `lag broken`, `edge`.
    pub flags: Vec<String>,
    /// Why it has no value that counts, if it has none.
    pub failed: Option<String>,
}

/// What a well is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds a point.
    Sample,
    /// A control whose response is known to be high, with its name.
    Positive(String),
    /// A control whose response is known to be low or none, with its name.
    Negative(String),
    /// A control of another kind, with its name.
    Control(String),
    /// Everything but what is measured.
    Blank,
    /// Nothing.
    Empty,
}

/// Which point a well holds.
#[derive(Clone, Debug, PartialEq)]
pub struct PointInWell {
    /// The experiment's number in the campaign.
    pub point: u32,
    /// Which of its replicates, from 0.
    pub replicate: u32,
    /// The ask that it belongs to.
    pub batch: BatchId,
    /// The setting.
    pub levels: Vec<Level>,
}

/// A liquid in a well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Liquid {
    /// Its name.
    pub name: String,
    /// How much was dispensed.
    pub volume: Volume,
}

/// What an instrument read in a well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The instrument.
    pub instrument: InstrumentId,
    /// When the read of the plate began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// The value as read, in the plate's raw unit.
    pub raw: f64,
    /// The value after blank, position effects and controls, in the plate's corrected unit.
    pub corrected: Option<f64>,
}

impl Plate {
    /// A well's name for people: `B7`, or `AA3` past the 26th row.
    #[must_use]
    pub fn well_name(row: u8, column: u8) -> String {
        let letter = |index: u8| char::from(b'A' + index % 26);
        let first = row.checked_sub(26).map(|over| letter(over / 26));
        let mut name = String::new();
        name.extend(first);
        name.push(letter(row));
        name.push_str(&(u16::from(column) + 1).to_string());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wells_are_named_as_on_the_plate() {
        let names = [(0, 0), (7, 11), (25, 0), (26, 0), (31, 47)];
        let named = names.map(|(row, column)| Plate::well_name(row, column));
        assert_eq!(named, ["A1", "H12", "Z1", "AA1", "AF48"]);
    }
}
