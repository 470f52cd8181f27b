//! Types that a value can be read as.

use crate::item::Item;
use quantity::{
    Acceleration, Angle, Concentration, Duration, Jerk, Kind, Length, Mass, MassConcentration,
    QuantityError, Ratio, Rotation, Speed, Temperature, Text, Volume, Wavelength,
};
use std::sync::Arc;

/// A type that a value of a file can be read as.
pub trait Read: Sized {
    /// Reads it, or puts a problem into the item's sink.
    fn read(item: &Item<'_>) -> Option<Self>;
    /// What a person calls it, for the message when it is missing: `a time such as '90 s'`.
    fn expected() -> String;
}

impl Read for String {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.text("a text").map(str::to_owned)
    }

    fn expected() -> String {
        "a text in quotes".to_owned()
    }
}

impl Read for Arc<str> {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.text("a text").map(Into::into)
    }

    fn expected() -> String {
        String::expected()
    }
}

impl Read for bool {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.boolean()
    }

    fn expected() -> String {
        "true or false".to_owned()
    }
}

impl Read for f64 {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.number()
    }

    fn expected() -> String {
        "a number".to_owned()
    }
}

impl Read for i64 {
    fn read(item: &Item<'_>) -> Option<Self> {
        item.integer()
    }

    fn expected() -> String {
        "a whole number".to_owned()
    }
}

macro_rules! counts {
    ($($name:ident)*) => {$(
        impl Read for $name {
            fn read(item: &Item<'_>) -> Option<Self> {
                let most = i64::try_from($name::MAX).unwrap_or(i64::MAX);
                item.integer_in(0..=most).and_then(|value| value.try_into().ok())
            }

            fn expected() -> String {
                "a whole number, zero or more".to_owned()
            }
        }
    )*};
}

counts!(u8 u16 u32 u64 usize);

fn quantity<T: Text>(item: &Item<'_>) -> Option<T> {
    parse(item, T::parse, expected_quantity::<T>)
}

/// Reads a quantity; a bare number is a quantity only of a kind that has a unit without a symbol.
fn parse<T>(
    item: &Item<'_>,
    parse: impl Fn(&str) -> Result<T, QuantityError>,
    expected: impl Fn() -> String,
) -> Option<T> {
    let written;
    let text = if item.is_number() {
        written = item.shown();
        written.as_str()
    } else {
        item.text(&expected())?
    };
    parse(text)
        .map_err(|error| {
            item.push(if item.is_number() {
                item.problem(format!("{text} has no unit"))
                    .expected(error.expected)
                    .help("write number and unit together, in quotes")
            } else {
                item.problem(format!("can't read '{text}'"))
                    .expected(error.expected)
                    .nearest(error.nearest)
            });
        })
        .ok()
}

impl Item<'_> {
    /// A quantity of a kind that is known only now, in base units.
    pub fn quantity(&self, kind: Kind) -> Option<i64> {
        parse(self, |text| kind.parse(text), || kind.expected())
    }
}

fn expected_quantity<T: Text>() -> String {
    match T::parse("") {
        Err(error) => error.expected,
        Ok(_) => "a quantity".to_owned(),
    }
}

macro_rules! quantities {
    ($($name:ident)*) => {$(
        impl Read for $name {
            fn read(item: &Item<'_>) -> Option<Self> {
                quantity(item)
            }

            fn expected() -> String {
                expected_quantity::<Self>()
            }
        }
    )*};
}

quantities!(Duration Length Volume Temperature Mass Speed Acceleration Jerk Angle Rotation Wavelength Concentration MassConcentration Ratio);
