//! A measured landscape: a table of what somebody measured, and no answer for anything else.

use super::csv::records;
use super::{Bound, Channel, Nature, NatureError, ReagentMeaning, Sample, Signal, Strength};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// What a column of the table is.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// The sequence of a library member ([`ReagentMeaning::Variant`]).
    Variant,
    /// The same for double-stranded DNA: a word and its reverse complement are one.
    DoubleStrand,
    /// The option of a categorical factor ([`ReagentMeaning::Level`]).
    Level {
        /// The factor.
        factor: Arc<str>,
    },
    /// The share of a mixture's component by volume ([`ReagentMeaning::Component`]).
    Share {
        /// The component's factor.
        factor: Arc<str>,
        /// How far a well may be from a row.
        tolerance: f64,
    },
    /// The concentration of a substance ([`ReagentMeaning::Solution`]), in mol/L or mg/L as its stock is
    /// given.
    Concentration {
        /// The substance.
        substance: Arc<str>,
        /// How far a well may be from a row.
        tolerance: f64,
    },
    /// The highest temperature that was held, in degrees Celsius.
    Temperature {
        /// How far a well may be from a row.
        tolerance: f64,
    },
}

/// How to read a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Names of the columns for a file without a header line; `None` if the first line names them.
    pub header: Option<Vec<Arc<str>>>,
    /// The columns that say which point a row is.
    pub keys: Vec<(Arc<str>, Key)>,
    /// The column of the value.
    pub value: Arc<str>,
    /// Numbers for values that are words: `clear_solution` is 0.
    pub scale: Vec<(Arc<str>, f64)>,
    /// What the detector reads for a value of one, above `offset`.
    pub gain: f64,
    /// What the detector reads for a value of zero.
    pub offset: f64,
}

impl Mapping {
    /// Rows by the sequence in one column, values in another.
    #[must_use]
    pub fn of_variants(sequence: &str, value: &str) -> Self {
        Self {
            header: None,
            keys: vec![(sequence.into(), Key::Variant)],
            value: value.into(),
            scale: Vec::new(),
            gain: 1.0,
            offset: 0.0,
        }
    }
}

/// Contaminants below this share of a mixture are not looked up by themselves.
const TRACE: f64 = 0.01;
/// When more than this share of a mixture was never measured, there is no answer.
const UNMEASURED_MAX: f64 = 0.05;
/// Key columns at most: a slot keeps the column in its upper bits.
const KEYS_MAX: usize = 30;
/// Levels of one column at most.
const LEVELS_MAX: usize = 1 << 24;

/// One key column as the table uses it.
#[derive(Clone, Debug)]
struct Column {
    key: Key,
    /// Levels that it has, for words.
    levels: HashMap<Arc<str>, u32>,
}

impl Column {
    /// A word as this column keeps it.
    fn word<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.key {
            Key::DoubleStrand => {
                let other = reverse_complement(text);
                if *other < *text {
                    Cow::Owned(other)
                } else {
                    Cow::Borrowed(text)
                }
            }
            _ => Cow::Borrowed(text),
        }
    }

    fn tolerance(&self) -> Option<f64> {
        match self.key {
            Key::Variant | Key::DoubleStrand | Key::Level { .. } => None,
            Key::Share { tolerance, .. }
            | Key::Concentration { tolerance, .. }
            | Key::Temperature { tolerance } => Some(tolerance),
        }
    }
}

/// Rows that share all their words.
#[derive(Clone, Debug, Default)]
struct Group {
    /// Numbers of the row, in order of numeric columns, the sum of its values, how often it was
    /// measured.
    rows: Vec<(Vec<f64>, f64, u32)>,
}

/// The nature.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    groups: HashMap<Vec<u32>, Group>,
    gain: f64,
    offset: f64,
    /// Every distinct row's mean value, ascending: for ranks.
    sorted: Vec<f64>,
}

impl Table {
    /// Reads a table. Rows whose value is empty or no number were not measured and are left out;
    /// rows with the same key are averaged.
    ///
    /// # Errors
    /// If a column is missing, a record has too few fields, or a number can't be read.
    pub fn from_csv(text: &str, mapping: &Mapping) -> Result<Self, NatureError> {
        let whole = |problem: String| NatureError::Table { line: 0, problem };
        if mapping.keys.is_empty() || mapping.keys.len() > KEYS_MAX {
            return Err(whole(format!(
                "{} key columns, expected 1 to {KEYS_MAX}",
                mapping.keys.len()
            )));
        }
        let mut table = Self {
            columns: mapping
                .keys
                .iter()
                .map(|(_, key)| Column {
                    key: key.clone(),
                    levels: HashMap::new(),
                })
                .collect(),
            groups: HashMap::new(),
            gain: mapping.gain,
            offset: mapping.offset,
            sorted: Vec::new(),
        };
        let mut places = match &mapping.header {
            Some(names) => Some(Places::find(mapping, names)?),
            None => None,
        };
        records(text, |line, fields| match &places {
            None => {
                places = Some(Places::find(mapping, fields)?);
                Ok(())
            }
            Some(places) => table.row(line, fields, places, mapping),
        })?;
        if table.groups.is_empty() {
            return Err(whole("no row has a value".to_owned()));
        }
        table.sorted = table
            .groups
            .values()
            .flat_map(|group| group.rows.iter().map(|(_, sum, n)| sum / f64::from(*n)))
            .collect();
        table.sorted.sort_by(f64::total_cmp);
        Ok(table)
    }

    fn row(
        &mut self,
        line: usize,
        fields: &[&str],
        places: &Places,
        mapping: &Mapping,
    ) -> Result<(), NatureError> {
        let wrong = |problem: String| NatureError::Table { line, problem };
        let field = |at: usize| {
            fields.get(at).map(|text| text.trim()).ok_or_else(|| {
                wrong(format!(
                    "{} fields, expected at least {}",
                    fields.len(),
                    at + 1
                ))
            })
        };
        let text = field(places.value)?;
        let value = match mapping.scale.iter().find(|(word, _)| **word == *text) {
            Some((_, value)) => *value,
            None => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => value,
                Ok(_) => return Ok(()),
                Err(_) if text.is_empty() => return Ok(()),
                Err(_) => {
                    return Err(wrong(format!("the value is '{text}', expected a number")));
                }
            },
        };
        let (mut words, mut numbers) = (Vec::new(), Vec::new());
        for (column, at) in self.columns.iter_mut().zip(&places.keys) {
            let text = field(*at)?;
            if column.tolerance().is_some() {
                numbers.push(
                    text.parse::<f64>()
                        .map_err(|_| wrong(format!("the key is '{text}', expected a number")))?,
                );
                continue;
            }
            let next = column.levels.len();
            let text = &*column.word(text);
            let level = match column.levels.get(text) {
                Some(level) => *level,
                None if next >= LEVELS_MAX => {
                    return Err(wrong(format!(
                        "more than {LEVELS_MAX} levels in one column"
                    )));
                }
                None => {
                    column.levels.insert(text.into(), next as u32);
                    next as u32
                }
            };
            words.push(level);
        }
        let group = self.groups.entry(words).or_default();
        match group.rows.iter_mut().find(|(at, ..)| *at == numbers) {
            Some((_, sum, n)) => {
                *sum += value;
                *n += 1;
            }
            None => group.rows.push((numbers, value, 1)),
        }
        Ok(())
    }

    /// Distinct points that were measured.
    #[must_use]
    pub fn measured(&self) -> usize {
        self.sorted.len()
    }

    /// The best value there is: greatest, or least. For tests and benches only.
    #[must_use]
    pub fn optimum(&self, greatest: bool) -> f64 {
        let end = if greatest {
            self.sorted.last()
        } else {
            self.sorted.first()
        };
        end.copied().unwrap_or(f64::NAN)
    }

    /// How many measured points are greater than this value (or less). For tests and benches only.
    #[must_use]
    pub fn better_than(&self, value: f64, greatest: bool) -> usize {
        if greatest {
            self.sorted.len() - self.sorted.partition_point(|v| *v <= value)
        } else {
            self.sorted.partition_point(|v| *v < value)
        }
    }

    /// The value of one point, by the texts of its words and its numbers in order of the columns;
    /// `None` if it was never measured.
    #[must_use]
    pub fn value(&self, words: &[&str], numbers: &[f64]) -> Option<f64> {
        let mut levels = Vec::with_capacity(words.len());
        let columns = self.columns.iter().filter(|c| c.tolerance().is_none());
        for (column, word) in columns.zip(words) {
            levels.push(level_of(column, word)?);
        }
        self.nearest(&levels, numbers)
    }

    /// The value of the nearest row with these words whose every number is within tolerance.
    fn nearest(&self, words: &[u32], numbers: &[f64]) -> Option<f64> {
        let group = self.groups.get(words)?;
        let tolerances = || self.columns.iter().filter_map(Column::tolerance);
        let mut best: Option<(f64, f64)> = None;
        for (at, sum, n) in &group.rows {
            let mut distance = 0.0;
            let mut near = true;
            for ((want, have), tolerance) in at.iter().zip(numbers).zip(tolerances()) {
                let off = (want - have).abs() / tolerance.max(1e-12);
                near &= off <= 1.0;
                distance += off * off;
            }
            if near && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, sum / f64::from(*n)));
            }
        }
        best.map(|(_, value)| value)
    }

    fn column_of(&self, fits: impl Fn(&Key) -> bool) -> Option<usize> {
        self.columns.iter().position(|column| fits(&column.key))
    }

    /// The slot of a level of a column.
    fn level_slot(&self, column: usize, word: &str) -> Result<Bound, NatureError> {
        let level = level_of(&self.columns[column], word).unwrap_or(u32::MAX >> 8);
        Ok(Bound::of((column as u32) << 24 | level, 0.0))
    }
}

/// The other strand of a DNA word, read in its own direction.
fn reverse_complement(word: &str) -> String {
    let other = |base: char| match base {
        'A' => 'T',
        'T' => 'A',
        'C' => 'G',
        'G' => 'C',
        other => other,
    };
    word.chars().rev().map(other).collect()
}

/// The level of a word; numbers match however they are written.
fn level_of(column: &Column, word: &str) -> Option<u32> {
    if let Some(level) = column.levels.get(&*column.word(word)) {
        return Some(*level);
    }
    let number: f64 = word.parse().ok()?;
    column
        .levels
        .iter()
        .filter(|(text, _)| text.parse::<f64>().is_ok_and(|value| value == number))
        .map(|(_, level)| *level)
        .min()
}

/// Where the columns are.
struct Places {
    keys: Vec<usize>,
    value: usize,
}

impl Places {
    fn find<S: AsRef<str>>(mapping: &Mapping, names: &[S]) -> Result<Self, NatureError> {
        let place = |wanted: &str| {
            names
                .iter()
                .position(|name| name.as_ref().trim() == wanted)
                .ok_or_else(|| {
                    let known = names.iter().map(AsRef::as_ref);
                    NatureError::unknown("column", wanted, known)
                })
        };
        Ok(Self {
            keys: mapping
                .keys
                .iter()
                .map(|(name, _)| place(name))
                .collect::<Result<_, _>>()?,
            value: place(&mapping.value)?,
        })
    }
}

impl Nature for Table {
    fn bind(&self, meaning: &ReagentMeaning) -> Result<Bound, NatureError> {
        let no_factor = |what: &'static str, factor: &str| {
            let known = self.columns.iter().filter_map(|column| match &column.key {
                Key::Level { factor } | Key::Share { factor, .. } => Some(&**factor),
                Key::Concentration { substance, .. } => Some(&**substance),
                _ => None,
            });
            NatureError::unknown(what, factor, known)
        };
        match meaning {
            ReagentMeaning::Inert | ReagentMeaning::Culture { .. } => Ok(Bound::INERT),
            ReagentMeaning::Variant { sequence } => {
                match self.column_of(|key| matches!(key, Key::Variant | Key::DoubleStrand)) {
                    Some(column) => self.level_slot(column, sequence),
                    None => Err(NatureError::Meaningless {
                        reagent: meaning.to_string(),
                        takes: "what its key columns name, and that is no sequence",
                    }),
                }
            }
            ReagentMeaning::Level { factor, level } => {
                let column = self
                    .column_of(|key| matches!(key, Key::Level { factor: f } if f == factor))
                    .ok_or_else(|| no_factor("factor", factor))?;
                let column_levels = &self.columns[column];
                if level_of(column_levels, level).is_none() {
                    let mut known: Vec<&str> =
                        column_levels.levels.keys().map(|text| &**text).collect();
                    known.sort_unstable();
                    return Err(NatureError::unknown("level", level, known));
                }
                self.level_slot(column, level)
            }
            ReagentMeaning::Component { factor } => {
                let column = self
                    .column_of(|key| matches!(key, Key::Share { factor: f, .. } if f == factor))
                    .ok_or_else(|| no_factor("component", factor))?;
                Ok(Bound::of((column as u32) << 24, 1.0))
            }
            ReagentMeaning::Solution {
                substance,
                strength,
            } => {
                let column = self
                    .column_of(
                        |key| matches!(key, Key::Concentration { substance: s, .. } if s == substance),
                    )
                    .ok_or_else(|| no_factor("substance", substance))?;
                let strength = match strength {
                    Strength::Molar(molar) => molar.as_mol_per_l(),
                    Strength::Mass(mass) => mass.as_mg_per_l(),
                };
                Ok(Bound::of((column as u32) << 24, strength))
            }
            other => Err(NatureError::Meaningless {
                reagent: other.to_string(),
                takes: "what its key columns name",
            }),
        }
    }

    fn respond(&self, sample: &Sample<'_>, _: &Channel) -> Signal {
        // Weights of the words of each column by volume, and the numbers.
        let mut weights: Vec<Vec<(u32, f64)>> = vec![Vec::new(); self.columns.len()];
        let mut amounts = vec![0.0; self.columns.len()];
        let mut components = 0.0;
        let mut any = false;
        for (bound, volume) in sample.parts {
            if bound.is_inert() || *volume <= 0.0 {
                continue;
            }
            any = true;
            let (column, level) = ((bound.slot >> 24) as usize, bound.slot & 0xff_ffff);
            match self.columns.get(column).map(|c| &c.key) {
                Some(Key::Variant | Key::DoubleStrand | Key::Level { .. }) => {
                    match weights[column].iter_mut().find(|(l, _)| *l == level) {
                        Some((_, weight)) => *weight += volume,
                        None => weights[column].push((level, *volume)),
                    }
                }
                Some(Key::Share { .. }) => {
                    amounts[column] += volume;
                    components += volume;
                }
                Some(Key::Concentration { .. }) => amounts[column] += bound.strength * volume,
                _ => {}
            }
        }
        if !any {
            return Signal::Value(self.offset);
        }
        let mut numbers = Vec::new();
        for (column, amount) in self.columns.iter().zip(&amounts) {
            match column.key {
                Key::Share { .. } => numbers.push(amount / f64::max(components, 1e-12)),
                Key::Concentration { .. } => numbers.push(amount / sample.volume_ul.max(1e-12)),
                Key::Temperature { .. } => numbers.push(sample.exposure.hottest()),
                _ => {}
            }
        }
        // Every combination of words that is more than a trace, by its weight.
        let mut points: Vec<(Vec<u32>, f64)> = vec![(Vec::new(), 1.0)];
        for (column, weights) in self.columns.iter().zip(&weights) {
            if column.tolerance().is_some() {
                continue;
            }
            let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
            if total <= 0.0 {
                return Signal::NotMeasured;
            }
            let mut next = Vec::with_capacity(points.len() * weights.len());
            for (words, weight) in &points {
                for (level, part) in weights {
                    let share = weight * part / total;
                    if share >= TRACE {
                        let mut words = words.clone();
                        words.push(*level);
                        next.push((words, share));
                    }
                }
            }
            points = next;
        }
        let all: f64 = points.iter().map(|(_, weight)| weight).sum();
        let (mut found, mut sum) = (0.0, 0.0);
        for (words, weight) in &points {
            if let Some(value) = self.nearest(words, &numbers) {
                found += weight;
                sum += weight * value;
            }
        }
        if found < (1.0 - UNMEASURED_MAX) * all || found <= 0.0 {
            return Signal::NotMeasured;
        }
        Signal::Value(self.offset + self.gain * sum / found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nature::{Detector, Exposure};
    use quantity::Seed;

    fn channel() -> Channel {
        Channel {
            name: "fluorescence".into(),
            detector: Detector::Fluorescence,
            nm: None,
        }
    }

    fn read(table: &Table, parts: &[(Bound, f64)], spans: &[(f64, f64)]) -> Signal {
        let sample = Sample {
            parts,
            volume_ul: parts.iter().map(|p| p.1).sum(),
            exposure: Exposure { spans },
            seed: Seed(0),
        };
        table.respond(&sample, &channel())
    }

    fn variant(table: &Table, sequence: &str) -> Bound {
        table
            .bind(&ReagentMeaning::Variant {
                sequence: sequence.into(),
            })
            .unwrap()
    }

    #[test]
    fn variants_answer_only_if_measured_and_mix_by_volume() {
        let csv = "variant,n,fitness\nAAAA,1,2.0\nAAAC,1,4.0\nAAAG,0,\n";
        let mut mapping = Mapping::of_variants("variant", "fitness");
        mapping.gain = 10.0;
        mapping.offset = 1.0;
        let table = Table::from_csv(csv, &mapping).unwrap();
        assert_eq!((table.measured(), table.optimum(true)), (2, 4.0));
        assert_eq!(table.better_than(2.0, true), 1);
        let (a, c) = (variant(&table, "AAAA"), variant(&table, "AAAC"));
        let (g, never) = (variant(&table, "AAAG"), variant(&table, "TTTT"));
        assert_eq!(read(&table, &[(a, 5.0)], &[]), Signal::Value(21.0));
        assert_eq!(
            read(&table, &[(a, 15.0), (c, 5.0), (Bound::INERT, 20.0)], &[]),
            Signal::Value(1.0 + 10.0 * 2.5)
        );
        assert_eq!(read(&table, &[(g, 5.0)], &[]), Signal::NotMeasured);
        assert_eq!(read(&table, &[(never, 5.0)], &[]), Signal::NotMeasured);
        assert_eq!(
            read(&table, &[(Bound::INERT, 5.0)], &[]),
            Signal::Value(1.0)
        );
        // A trace of something unmeasured does not silence a well, a tenth of it does.
        assert_eq!(
            read(&table, &[(a, 100.0), (never, 0.5)], &[]),
            Signal::Value(21.0)
        );
        assert_eq!(
            read(&table, &[(a, 9.0), (never, 1.0)], &[]),
            Signal::NotMeasured
        );
    }

    #[test]
    fn both_strands_are_one_word() {
        let mut mapping = Mapping::of_variants("seq", "score");
        mapping.keys[0].1 = Key::DoubleStrand;
        let table = Table::from_csv("seq,score\nTTTC,0.5\nACGT,0.1\n", &mapping).unwrap();
        for word in ["TTTC", "GAAA"] {
            let bound = variant(&table, word);
            assert_eq!(read(&table, &[(bound, 5.0)], &[]), Signal::Value(0.5));
        }
        assert_eq!(table.value(&["ACGT"], &[]), Some(0.1));
        assert_eq!(table.value(&["CTTT"], &[]), None);
    }

    #[test]
    fn categories_and_temperatures_pick_a_row() {
        let csv = "base,ligand,conc,temp,yield\nKOAc,XPhos,0.1,90,10\nKOAc,SPhos,0.1,90,40\n\
                   KOAc,SPhos,0.1,120,70\nKOAc,SPhos,0.10,120,72\n";
        let level = |factor: &str| Key::Level {
            factor: factor.into(),
        };
        let mapping = Mapping {
            header: None,
            keys: vec![
                ("base".into(), level("base")),
                ("ligand".into(), level("ligand")),
                ("temp".into(), Key::Temperature { tolerance: 2.0 }),
            ],
            value: "yield".into(),
            scale: Vec::new(),
            gain: 1.0,
            offset: 0.0,
        };
        let table = Table::from_csv(csv, &mapping).unwrap();
        let bind = |factor: &str, level: &str| {
            table.bind(&ReagentMeaning::Level {
                factor: factor.into(),
                level: level.into(),
            })
        };
        let (koac, sphos) = (
            bind("base", "KOAc").unwrap(),
            bind("ligand", "SPhos").unwrap(),
        );
        let parts = [(koac, 10.0), (sphos, 10.0)];
        let hot = [(3600.0, 120.4), (0.0, 22.0)];
        assert_eq!(read(&table, &parts, &hot), Signal::Value(71.0));
        assert_eq!(read(&table, &parts, &[(3600.0, 90.0)]), Signal::Value(40.0));
        assert_eq!(
            read(&table, &parts, &[(3600.0, 100.0)]),
            Signal::NotMeasured
        );
        assert_eq!(read(&table, &parts[..1], &hot), Signal::NotMeasured);
        assert_eq!(table.value(&["KOAc", "XPhos"], &[90.0]), Some(10.0));
        assert_eq!(
            bind("ligand", "SPos").unwrap_err().to_string(),
            "this nature knows no level 'SPos' (did you mean 'SPhos'?)"
        );
        assert!(
            bind("lignd", "SPhos")
                .unwrap_err()
                .to_string()
                .contains("'ligand'")
        );
    }

    #[test]
    fn shares_match_within_tolerance() {
        let share = |factor: &str| Key::Share {
            factor: factor.into(),
            tolerance: 0.03,
        };
        let mapping = Mapping {
            header: Some(vec!["a".into(), "b".into(), "d".into()]),
            keys: vec![("a".into(), share("a")), ("b".into(), share("b"))],
            value: "d".into(),
            scale: Vec::new(),
            gain: 1.0,
            offset: 0.0,
        };
        let table = Table::from_csv("0.5,0.5,3\n0.45,0.55,4\n1,0,9\n", &mapping).unwrap();
        let bind = |factor: &str| {
            table
                .bind(&ReagentMeaning::Component {
                    factor: factor.into(),
                })
                .unwrap()
        };
        let well = |a: f64, b: f64| read(&table, &[(bind("a"), a), (bind("b"), b)], &[]);
        assert_eq!(well(49.0, 51.0), Signal::Value(3.0));
        assert_eq!(well(46.0, 54.0), Signal::Value(4.0));
        assert_eq!(well(30.0, 70.0), Signal::NotMeasured);
        assert_eq!(well(40.0, 0.4), Signal::Value(9.0));
    }

    #[test]
    fn broken_tables_are_named() {
        let of = |csv: &str| {
            Table::from_csv(csv, &Mapping::of_variants("variant", "fitness"))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            of("varint,fitness\nA,1\n"),
            "this nature knows no column 'variant' (did you mean 'varint'?)"
        );
        assert_eq!(
            of("variant,fitness\nA,1\nC,x\n"),
            "line 3: the value is 'x', expected a number"
        );
        assert_eq!(
            of("variant,fitness\nA\n"),
            "line 2: 1 fields, expected at least 2"
        );
        assert_eq!(of("variant,fitness\n"), "no row has a value");
    }
}
