//! Numbers and times as people read them.

use crate::{Factor, Level};
use quantity::{Duration, Instant};

/// Significant digits where nothing tells how many there are.
const DIGITS: i32 = 4;

/// The power of ten of the first digit; 0 for zero.
fn magnitude(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() {
        0
    } else {
        value.abs().log10().floor() as i32
    }
}

/// With a number of decimals, a true minus sign, and no minus zero.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().any(|b| (b'1'..=b'9').contains(&b)) => format!("−{rest}"),
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// To four significant digits, without trailing zeros; powers of ten outside of 10⁻⁴ to 10⁶.
pub(crate) fn number(value: f64) -> String {
    digits(value, DIGITS)
}

/// To some significant digits.
pub(crate) fn digits(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let power = magnitude(value);
    if value != 0.0 && !(-4..6).contains(&power) {
        let mantissa = trimmed(fixed(
            value / 10f64.powi(power),
            (digits - 1).max(0) as usize,
        ));
        return format!("{mantissa}·10{}", superscript(power));
    }
    trimmed(fixed(value, (digits - 1 - power).max(0) as usize))
}

fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn superscript(power: i32) -> String {
    power
        .to_string()
        .chars()
        .map(|c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            digit => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(0)).unwrap_or(digit),
        })
        .collect()
}

/// Decimals that show two digits of an uncertainty.
fn decimals(sd: f64) -> usize {
    (1 - magnitude(sd)).clamp(0, 12) as usize
}

/// A value with its standard deviation, both to the second digit of the latter.
pub(crate) fn uncertain(value: f64, sd: f64) -> String {
    if !(sd.is_finite() && sd > 0.0) {
        return number(value);
    }
    let power = magnitude(value.abs().max(sd));
    if !(-4..6).contains(&power) {
        let scale = 10f64.powi(power);
        let decimals = decimals(sd / scale);
        return format!(
            "({} ± {})·10{}",
            fixed(value / scale, decimals),
            fixed(sd / scale, decimals),
            superscript(power)
        );
    }
    let decimals = decimals(sd);
    format!("{} ± {}", fixed(value, decimals), fixed(sd, decimals))
}

/// A probability to three digits; never quite 0 or 1, which no wells can show.
pub(crate) fn chance(share: f64) -> String {
    if share > 0.9995 {
        "> 0.999".into()
    } else if share < 0.0005 {
        "< 0.001".into()
    } else {
        fixed(share, 3)
    }
}

/// A value with its interval in brackets, all to the second digit of the interval's width.
pub(crate) fn with_interval(value: f64, (low, high): (f64, f64)) -> String {
    let width = high - low;
    let power = magnitude(low.abs().max(high.abs()));
    let ends = interval((low, high));
    if !(width.is_finite() && width > 0.0 && (-4..6).contains(&power)) {
        return format!("{} ({ends})", number(value));
    }
    format!("{} ({ends})", fixed(value, decimals(width)))
}

/// An interval, its ends to the second digit of its width.
pub(crate) fn interval((low, high): (f64, f64)) -> String {
    let width = high - low;
    let power = magnitude(low.abs().max(high.abs()));
    if !(width.is_finite() && width > 0.0 && (-4..6).contains(&power)) {
        return format!("{} to {}", number(low), number(high));
    }
    let decimals = decimals(width);
    format!("{} to {}", fixed(low, decimals), fixed(high, decimals))
}

/// A text with its unit, if it has one.
pub(crate) fn with_unit(text: String, unit: &str) -> String {
    match unit {
        "" => text,
        "%" => format!("{text}\u{202f}%"),
        unit => format!("{text}\u{a0}{unit}"),
    }
}

/// A name with its unit in brackets, for axes and heads of columns.
pub(crate) fn named(name: &str, unit: &str) -> String {
    if unit.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({unit})")
    }
}

/// A level with its factor's unit.
pub(crate) fn level(level: &Level, factor: Option<&Factor>) -> String {
    let unit = factor.map_or("", |factor| factor.unit.as_str());
    match level {
        Level::Number(value) => with_unit(number(*value), unit),
        Level::Integer(value) => with_unit(value.to_string().replace('-', "−"), unit),
        Level::Text(text) => text.clone(),
    }
}

/// Hours and minutes since the run's epoch: `2 h 07`, `1 d 02 h 07`.
pub(crate) fn moment(at: Instant) -> String {
    let minutes = at.base().div_euclid(60_000_000_000);
    let sign = if minutes < 0 { "−" } else { "" };
    let minutes = minutes.abs();
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    if days > 0 {
        format!("{sign}{days} d {hours:02} h {minutes:02}")
    } else {
        format!("{sign}{hours} h {minutes:02}")
    }
}

/// A span of time for people: `2 h 07 min`, `41 s`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    if seconds.abs() < 60.0 {
        return format!("{}\u{a0}s", digits(seconds, 2));
    }
    let minutes = (seconds / 60.0).round() as i64;
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{rest}\u{a0}min"),
        (0, _) if rest == 0 => format!("{hours}\u{a0}h"),
        (0, _) => format!("{hours}\u{a0}h\u{a0}{rest:02}\u{a0}min"),
        _ => format!("{days}\u{a0}d\u{a0}{hours:02}\u{a0}h"),
    }
}

/// A share as a percentage: whole from 10 % on, a decimal below, more where it is next to nothing.
pub(crate) fn percent(share: f64) -> String {
    let text = if (0.0..0.001).contains(&share) {
        digits(share * 100.0, 1)
    } else {
        fixed(share * 100.0, if share < 0.1 { 1 } else { 0 })
    };
    format!("{text}\u{202f}%")
}

/// `1 plate`, `3 plates`.
pub(crate) fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count}\u{a0}{}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.1 + 0.2, "0.3"),
            (1234.56, "1235"),
            (-12.345, "−12.35"),
            (0.000_123_456, "0.0001235"),
            (1.5e-7, "1.5·10⁻⁷"),
            (-2e12, "−2·10¹²"),
            (f64::NAN, "–"),
            (f64::INFINITY, "–"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn an_uncertainty_says_how_many_digits_count() {
        assert_eq!(uncertain(0.93123, 0.01234), "0.931 ± 0.012");
        assert_eq!(uncertain(1234.6, 56.0), "1235 ± 56");
        assert_eq!(uncertain(-0.5, 0.25), "−0.50 ± 0.25");
        assert_eq!(uncertain(0.001, 3.0), "0.0 ± 3.0");
        assert_eq!(uncertain(3.2e-9, 1.1e-10), "(3.20 ± 0.11)·10⁻⁹");
        assert_eq!(uncertain(3.0, 0.0), "3");
        assert_eq!(interval((0.9012, 0.9587)), "0.901 to 0.959");
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(moment(Instant::from_secs_f64(7_620.0)), "2 h 07");
        assert_eq!(moment(Instant::from_secs_f64(93_784.5)), "1 d 02 h 03");
        assert_eq!(span(Duration::from_millis(1500)), "1.5\u{a0}s");
        assert_eq!(span(Duration::from_mins(127)), "2\u{a0}h\u{a0}07\u{a0}min");
        assert_eq!(span(Duration::from_hours(6)), "6\u{a0}h");
        assert_eq!(span(Duration::from_hours(51)), "2\u{a0}d\u{a0}03\u{a0}h");
        let shares = [0.953, 0.034, 0.0004, 0.0].map(percent);
        assert_eq!(
            shares,
            ["95\u{202f}%", "3.4\u{202f}%", "0.04\u{202f}%", "0\u{202f}%"]
        );
    }
}
