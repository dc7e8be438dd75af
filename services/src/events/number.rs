//! Deserializes whole numbers, including forms like `100.0`, which JavaScript and decimal types produce.

use std::fmt;

use serde::{
    Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// Maximum value that a floating-point number holds exactly: 2⁵³.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Deserializes a whole number that fits into `T`; `None` for null.
pub(super) fn deserialize_whole<'de, D: Deserializer<'de>, T: TryFrom<i64>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(number) = deserializer.deserialize_any(Whole)? else { return Ok(None) };
    T::try_from(number).map(Some).map_err(|_| D::Error::invalid_value(Unexpected::Signed(number), &Whole))
}

struct Whole;

impl Visitor<'_> for Whole {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(Some).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.fract() != 0.0 || number.abs() > MAX_EXACT {
            return Err(E::invalid_type(Unexpected::Float(number), &self));
        }
        #[expect(clippy::cast_possible_truncation, reason = "held within limits above")]
        Ok(Some(number as i64))
    }
}
