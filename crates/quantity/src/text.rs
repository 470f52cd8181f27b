//! Quantities as people write them: `37 °C`, `50 µL`, `2 min 30 s`.

use crate::kinds::*;
use crate::{Kind, Unit, nearest};
use std::fmt;

/// Why a text is not the quantity that was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantityError {
    /// The text as it was found.
    pub found: String,
    /// What would have been right, with an example.
    pub expected: String,
    /// The nearest right thing, where there is one.
    pub nearest: Option<String>,
}

impl QuantityError {
    pub(crate) fn id(found: &str, expected: &str) -> Self {
        Self {
            found: found.to_owned(),
            expected: expected.to_owned(),
            nearest: None,
        }
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not {}", self.found, self.expected)?;
        if let Some(nearest) = &self.nearest {
            write!(f, " (did you mean '{nearest}'?)")?;
        }
        Ok(())
    }
}

impl std::error::Error for QuantityError {}

/// A quantity that is read from and written as text with its unit.
pub trait Text: Copy {
    /// Reads `"<number> <unit>"`; several parts may follow one another and add up (`2 min 30 s`).
    ///
    /// # Errors
    /// Names the expected kind and its units, and the nearest unit if one is near.
    fn parse(text: &str) -> Result<Self, QuantityError>;
}

fn split(text: &str) -> Option<Vec<(f64, &str)>> {
    let mut rest = text.trim();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let exponent = matches!(c, 'e' | 'E')
                && rest[at + 1..].starts_with(|n: char| n.is_ascii_digit() || n == '-' || n == '+');
            let sign = matches!(c, '+' | '-') && (at == 0 || rest[..at].ends_with(['e', 'E']));
            if c.is_ascii_digit() || c == '.' || c == '_' || exponent || sign {
                end = at + c.len_utf8();
            } else {
                break;
            }
        }
        let number: f64 = rest[..end].replace('_', "").parse().ok()?;
        rest = rest[end..].trim_start();
        let stop = rest
            .char_indices()
            .find(|(at, c)| {
                c.is_whitespace()
                    || (*at > 0 && c.is_ascii_digit() && !rest[..*at].contains(['/', '^']))
            })
            .map_or(rest.len(), |(at, _)| at);
        parts.push((number, &rest[..stop]));
        rest = rest[stop..].trim_start();
    }
    if parts.is_empty() { None } else { Some(parts) }
}

fn example(kind: Kind) -> &'static str {
    match kind {
        Kind::Time => "90 s",
        Kind::Length => "9 mm",
        Kind::Volume => "50 µL",
        Kind::Temperature => "37 °C",
        Kind::Mass => "350 g",
        Kind::Speed => "2 m/s",
        Kind::Acceleration => "10 m/s²",
        Kind::Jerk => "100 m/s³",
        Kind::Angle => "0.4 deg",
        Kind::Rotation => "800 rpm",
        Kind::Wavelength => "600 nm",
        Kind::Concentration => "10 µmol/L",
        Kind::MassConcentration => "2 mg/L",
        Kind::Ratio => "5 %",
    }
}

/// Base units of `text` read as `kind`.
pub(crate) fn parse_base(kind: Kind, text: &str) -> Result<f64, QuantityError> {
    let symbols: Vec<&str> = kind
        .units()
        .iter()
        .map(|u| u.symbol)
        .filter(|s| !s.is_empty())
        .collect();
    let wrong = |near: Option<String>| QuantityError {
        found: text.to_owned(),
        expected: format!(
            "{} such as '{}' (units: {})",
            kind.described(),
            example(kind),
            symbols.join(", ")
        ),
        nearest: near,
    };
    let parts = split(text).ok_or_else(|| wrong(None))?;
    let several = parts.len() > 1;
    let mut sum = 0.0;
    for (number, symbol) in parts {
        let unit = kind.unit(symbol).filter(|u| !several || u.offset == 0.0);
        let Some(unit) = unit else {
            let spellings = kind
                .units()
                .iter()
                .flat_map(|u| u.aliases.iter().copied().chain([u.symbol]));
            let near = nearest(symbol, spellings)
                .and_then(|spelling| kind.unit(spelling))
                .map(|unit| format!("{number} {}", unit.symbol));
            return Err(wrong(near));
        };
        sum += unit.to_base(number);
    }
    if sum.is_finite() && sum.abs() < i64::MAX as f64 {
        Ok(sum)
    } else {
        Err(wrong(None))
    }
}

/// Up to six significant decimals, trailing zeros cut.
fn trimmed(value: f64) -> String {
    let magnitude = if value == 0.0 {
        0.0
    } else {
        value.abs().log10().floor()
    };
    let decimals = (5.0 - magnitude).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn write_in(f: &mut fmt::Formatter<'_>, base: f64, unit: &Unit) -> fmt::Result {
    let gap = if unit.symbol.is_empty() { "" } else { " " };
    write!(f, "{}{gap}{}", trimmed(unit.from_base(base)), unit.symbol)
}

fn natural(kind: Kind, base: f64) -> &'static Unit {
    let units = kind.units();
    match kind {
        Kind::Temperature => &units[0],
        Kind::Ratio => &units[1],
        Kind::Angle => &units[2],
        _ => units
            .iter()
            .rev()
            .find(|u| base.abs() >= u.scale && (kind != Kind::Length || u.symbol != "cm"))
            .unwrap_or(if base == 0.0 {
                &units[units.len() / 2]
            } else {
                &units[0]
            }),
    }
}

impl Kind {
    /// Base units of a text read as this kind, for readers that learn the kind from a file.
    ///
    /// # Errors
    /// As [`Text::parse`].
    pub fn parse(self, text: &str) -> Result<i64, QuantityError> {
        parse_base(self, text).map(|base| base.round() as i64)
    }

    /// So many base units as text in the natural unit.
    #[must_use]
    pub fn show(self, base: i64) -> String {
        struct Shown(Kind, f64);
        impl fmt::Display for Shown {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_in(f, self.1, natural(self.0, self.1))
            }
        }
        Shown(self, base as f64).to_string()
    }

    /// What a text of this kind looks like: `a time such as '90 s' (units: …)`.
    #[must_use]
    pub fn expected(self) -> String {
        match parse_base(self, "") {
            Err(error) => error.expected,
            Ok(_) => self.name().to_owned(),
        }
    }
}

macro_rules! text {
    ($($name:ident)*) => {$(
        impl Text for $name {
            fn parse(text: &str) -> Result<Self, QuantityError> {
                parse_base(Self::KIND, text).map(Self::from_base_f64)
            }
        }
        impl std::str::FromStr for $name {
            type Err = QuantityError;
            fn from_str(text: &str) -> Result<Self, QuantityError> {
                Text::parse(text)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let base = self.base() as f64;
                write_in(f, base, natural(Self::KIND, base))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

text!(Duration Length Volume Temperature Mass Speed Acceleration Jerk Angle Rotation Wavelength Concentration MassConcentration Ratio);

impl fmt::Display for Instant {
    /// Days, hours, minutes, seconds and milliseconds since the epoch: `1d 02:03:04.567`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.base().div_euclid(1_000_000);
        let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
        if days != 0 {
            write!(f, "{days}d ")?;
        }
        let (hours, minutes) = (rest / 3_600_000, rest / 60_000 % 60);
        write!(
            f,
            "{hours:02}:{minutes:02}:{:02}.{:03}",
            rest / 1000 % 60,
            rest % 1000
        )
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!("2 min 30 s".parse(), Ok(Duration::from_secs(150)));
        assert_eq!("2min30s".parse(), Ok(Duration::from_secs(150)));
        assert_eq!("1.5h".parse(), Ok(Duration::from_mins(90)));
        assert_eq!("50 uL".parse(), Ok(Volume::from_ul(50.0)));
        assert_eq!("-20 °C".parse(), Ok(Temperature::from_celsius(-20.0)));
        assert_eq!("10 m/s2".parse(), Ok(Acceleration::from_m_per_s2(10.0)));
        assert_eq!(
            "1e-3 mol/L".parse(),
            Ok(Concentration::from_mol_per_l(1e-3))
        );
        assert_eq!("0.05".parse(), Ok(Ratio::from_f64(0.05)));
        assert_eq!("5 %".parse(), Ok(Ratio::from_f64(0.05)));
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["1.5 h", "30 s", "250 ms", "0 s"] {
            assert_eq!(
                text.parse::<Duration>().unwrap().to_string().parse(),
                text.parse::<Duration>()
            );
        }
        assert_eq!(Temperature::from_celsius(37.0).to_string(), "37 °C");
        assert_eq!(Volume::from_ul(12.5).to_string(), "12.5 µL");
        assert_eq!(Duration::from_secs(90).to_string(), "1.5 min");
        assert_eq!(
            Instant::from_secs_f64(93_784.5).to_string(),
            "1d 02:03:04.500"
        );
    }

    #[test]
    fn kinds_read_and_show_too() {
        assert_eq!(Kind::Time.parse("90 s"), Ok(90_000_000_000));
        assert_eq!(Kind::Time.show(90_000_000_000), "1.5 min");
        assert_eq!(Kind::Speed.show(2_000_000), "2 m/s");
        assert!(Kind::Length.expected().starts_with("a length such as"));
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = "37 µl".parse::<Temperature>().unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "'37 µl' is not a temperature such as '37 °C' (units: °C, K)"
        );
        let near = "5 ulL".parse::<Volume>().unwrap_err();
        assert_eq!(near.nearest.as_deref(), Some("5 µL"));
        for bad in ["", "s", "1", "NaN s", "inf s", "1e300 d", "1 s 2"] {
            assert!(bad.parse::<Duration>().is_err(), "{bad}");
        }
        assert!("1 °C 2 °C".parse::<Temperature>().is_err());
    }
}
