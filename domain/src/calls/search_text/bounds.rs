//! Bounds of a quantity in a search text: `>1000`, `>=0.5`, `<2s`, `0.01..5`, or one value.

use crate::{calls::Bounds, money::Money};

/// A quantity of a call, counted in its smallest unit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Quantity {
    /// Nano-dollars.
    Cost,
    /// Microseconds.
    Latency,
    Tokens,
}

impl Quantity {
    const fn name(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Latency => "latency",
            Self::Tokens => "number of tokens",
        }
    }

    /// Adds the bounds in `text` to others.
    ///
    /// # Errors
    /// The message for people: the text has no bounds, or they don't go together with the others.
    pub(super) fn add(self, bounds: &mut Bounds<i64>, text: &str) -> Result<(), String> {
        let (min, max) = self.read(text)?;
        let name = self.name();
        if (min.is_some() && bounds.min.is_some()) || (max.is_some() && bounds.max.is_some()) {
            return Err(format!("This bound of {name} is there twice. Leave one out."));
        }
        let both = Bounds { min: min.or(bounds.min), max: max.or(bounds.max) };
        if both.min.zip(both.max).is_some_and(|(min, max)| min > max) {
            return Err(format!("No call can match: the least {name} is above the greatest."));
        }
        *bounds = both;
        Ok(())
    }

    fn read(self, text: &str) -> Result<(Option<i64>, Option<i64>), String> {
        if let Some(least) = text.strip_prefix(">=") {
            return Ok((Some(self.parse(least)?), None));
        }
        if let Some(greatest) = text.strip_prefix("<=") {
            return Ok((None, Some(self.parse(greatest)?)));
        }
        let impossible = || format!("No call can match: none has such a {}.", self.name());
        if let Some(below) = text.strip_prefix('>') {
            return Ok((Some(self.parse(below)?.checked_add(1).ok_or_else(impossible)?), None));
        }
        if let Some(above) = text.strip_prefix('<') {
            let greatest = Some(self.parse(above)? - 1).filter(|greatest| *greatest >= 0);
            return Ok((None, Some(greatest.ok_or_else(impossible)?)));
        }
        if let Some((least, greatest)) = text.split_once("..") {
            return Ok((Some(self.parse(least)?), Some(self.parse(greatest)?)));
        }
        let exact = self.parse(text)?;
        Ok((Some(exact), Some(exact)))
    }

    /// Parses a quantity that isn't negative.
    fn parse(self, text: &str) -> Result<i64, String> {
        match self {
            Self::Cost => {
                let amount = text.strip_prefix('$').unwrap_or(text).parse::<Money>().ok().map(Money::nanos);
                let amount = amount.filter(|nanos| *nanos >= 0);
                amount.ok_or_else(|| format!("{text:?} isn't an amount in US dollars. Write cost:>0.01."))
            }
            Self::Latency => {
                let number = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
                let micros = match &text[number.len()..] {
                    "ms" => parse_millis(number),
                    "s" => parse_decimal(number, 6),
                    "m" => parse_decimal(number, 6).and_then(|micros| micros.checked_mul(60)),
                    _ => None,
                };
                micros.ok_or_else(|| format!("{text:?} isn't a time with its unit. Write latency:>250ms, 2s or 1m."))
            }
            Self::Tokens => {
                parse_decimal(text, 0).ok_or_else(|| format!("{text:?} isn't a number of tokens. Write tokens:>1000."))
            }
        }
    }

    /// Writes bounds as [`add`](Self::add) reads them, one text for each term.
    pub(super) fn print(self, bounds: Bounds<i64>) -> Vec<String> {
        if bounds.min.is_some() && bounds.min == bounds.max {
            return bounds.min.into_iter().map(|exact| self.format(exact)).collect();
        }
        // Of `>1000` and `>=1001`, which are the same bound, the rounder number is the one that was meant.
        let least = bounds.min.map(|min| match min.checked_sub(1) {
            Some(below) if zeros(below) > zeros(min) => format!(">{}", self.format(below)),
            _ => format!(">={}", self.format(min)),
        });
        let greatest = bounds.max.map(|max| match max.checked_add(1) {
            Some(above) if zeros(above) > zeros(max) => format!("<{}", self.format(above)),
            _ => format!("<={}", self.format(max)),
        });
        least.into_iter().chain(greatest).collect()
    }

    fn format(self, quantity: i64) -> String {
        match self {
            Self::Cost => Money::from_nanos(quantity).to_string(),
            Self::Latency if quantity % 1_000_000 == 0 => format!("{}s", quantity / 1_000_000),
            Self::Latency => format!("{}ms", format_millis(quantity)),
            Self::Tokens => quantity.to_string(),
        }
    }
}

/// Number of zeros at the end of a number.
fn zeros(number: i64) -> u32 {
    match number {
        0 => u32::MAX,
        _ if number % 10 != 0 => 0,
        _ => 1 + zeros(number / 10),
    }
}

/// Parses a number such as `12.5`, with at most `decimals` decimals, times ten to their power.
fn parse_decimal(text: &str, decimals: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_complete = !whole.is_empty() && text.len() <= 30 && !text.ends_with('.') && fraction.len() <= decimals;
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_complete || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

/// Parses milliseconds such as `12.5` to microseconds.
pub fn parse_millis(text: &str) -> Option<i64> {
    parse_decimal(text, 3)
}

/// Writes microseconds as milliseconds such as `12.5`.
pub fn format_millis(micros: i64) -> String {
    let text = format!("{}.{:03}", micros / 1_000, micros % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(quantity: Quantity, text: &str) -> Result<(Option<i64>, Option<i64>), String> {
        let mut bounds = Bounds::default();
        quantity.add(&mut bounds, text).map(|()| (bounds.min, bounds.max))
    }

    #[test]
    fn bounds_are_read_in_each_form() {
        for (quantity, text, min, max) in [
            (Quantity::Tokens, ">1000", Some(1_001), None),
            (Quantity::Tokens, ">=1000", Some(1_000), None),
            (Quantity::Tokens, "<1000", None, Some(999)),
            (Quantity::Tokens, "1000..2000", Some(1_000), Some(2_000)),
            (Quantity::Tokens, "0", Some(0), Some(0)),
            (Quantity::Cost, "<=$0.01", None, Some(10_000_000)),
            (Quantity::Cost, "0.01..5", Some(10_000_000), Some(5_000_000_000)),
            (Quantity::Latency, ">=1.5s", Some(1_500_000), None),
            (Quantity::Latency, "<=250ms", None, Some(250_000)),
            (Quantity::Latency, "<=2m", None, Some(120_000_000)),
        ] {
            assert_eq!(read(quantity, text), Ok((min, max)), "{text}");
        }
    }

    #[test]
    fn a_wrong_bound_gets_an_example() {
        for (quantity, text, message) in [
            (Quantity::Tokens, ">1k", "tokens:>1000"),
            (Quantity::Tokens, ">-1", "tokens:>1000"),
            (Quantity::Cost, ">cheap", "cost:>0.01"),
            (Quantity::Cost, "-1", "cost:>0.01"),
            (Quantity::Latency, ">2", "latency:>250ms"),
            (Quantity::Latency, "1.s", "latency:>250ms"),
            (Quantity::Tokens, "<0", "No call can match"),
            (Quantity::Tokens, "5..4", "No call can match"),
            (Quantity::Tokens, ">9223372036854775807", "No call can match"),
        ] {
            let error = read(quantity, text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
        let mut bounds = Bounds { min: Some(1), max: None };
        assert!(Quantity::Tokens.add(&mut bounds, ">5").unwrap_err().contains("twice"));
    }

    #[test]
    fn the_rounder_of_two_forms_is_written() {
        let print = |quantity: Quantity, min, max| quantity.print(Bounds { min, max }).join(" ");
        assert_eq!(print(Quantity::Tokens, Some(1_001), Some(1_999)), ">1000 <2000");
        assert_eq!(print(Quantity::Tokens, Some(1_000), Some(2_000)), ">=1000 <=2000");
        assert_eq!(print(Quantity::Cost, Some(10_000_001), None), ">0.01");
        assert_eq!(print(Quantity::Latency, Some(2_000_001), Some(1_500_250)), ">2s <=1500.25ms");
        assert_eq!(print(Quantity::Tokens, Some(7), Some(7)), "7");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(min in prop::option::of(0..=i64::MAX), more in prop::option::of(0..=i64::MAX), unit in 0usize..3) {
            let quantity = [Quantity::Cost, Quantity::Latency, Quantity::Tokens][unit];
            let written = Bounds { min, max: more.map(|more| min.unwrap_or(0).saturating_add(more)) };
            let mut read = Bounds::default();
            for text in quantity.print(written) {
                prop_assert_eq!(quantity.add(&mut read, &text), Ok(()), "{}", text);
            }
            prop_assert_eq!(read, written);
        }

        #[test]
        fn any_text_is_bounds_or_an_error(text: String, unit in 0usize..3) {
            let _ = read([Quantity::Cost, Quantity::Latency, Quantity::Tokens][unit], &text);
        }
    }
}
