//! Units of a chart's values, and their formatting.

/// The unit of a chart's values.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Unit {
    #[default]
    Count,
    /// Nano-dollars.
    Money,
    /// Thousandths of a minute.
    Minutes,
    Bytes,
    /// Milliseconds that something took. They don't add up.
    Duration,
}

/// The power of ten that is one dollar.
const DOLLAR: u32 = 9;
/// Powers of ten by which an axis abbreviates values from ten thousand on.
const SCALES: [(u32, &str); 4] = [(12, "T"), (9, "B"), (6, "M"), (3, "K")];

impl Unit {
    /// The power of ten of `1`, `$1`, a minute, a byte or a second.
    const fn exponent(self) -> u32 {
        match self {
            Self::Count | Self::Bytes => 0,
            Self::Money => DOLLAR,
            Self::Minutes | Self::Duration => 3,
        }
    }

    /// Whether the sum of two values means something.
    pub const fn adds_up(self) -> bool {
        !matches!(self, Self::Duration)
    }

    /// The value of `1`, `$1`, a minute, a byte or a second.
    pub(super) fn one(self) -> i128 {
        power(self.exponent())
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Money => "$",
            Self::Count | Self::Minutes | Self::Bytes | Self::Duration => "",
        }
    }

    /// The text after a number of this scale, with a narrow no-break space before a unit.
    fn suffix(self, scale: &str) -> String {
        match (self, scale) {
            (Self::Count | Self::Money, _) => scale.to_owned(),
            (Self::Minutes, _) => format!("{scale}\u{202f}min"),
            (Self::Duration, _) => format!("{scale}\u{202f}s"),
            (Self::Bytes, "B") => "\u{202f}GB".to_owned(),
            (Self::Bytes, "K") => "\u{202f}kB".to_owned(),
            (Self::Bytes, _) => format!("\u{202f}{scale}B"),
        }
    }

    /// Formats `value` for the axis: short, and at one scale for all ticks up to `top`, which are multiples
    /// of `step`.
    pub(super) fn format_tick(self, value: i128, step: i128, top: i128) -> String {
        if value == 0 {
            return format!("{}0", self.sign());
        }
        let one = self.one();
        let least_scaled = if self == Self::Bytes { 1_000 } else { 10_000 };
        let (scale, letter) = SCALES
            .into_iter()
            .filter(|_| top >= one.saturating_mul(least_scaled))
            .find(|(scale, _)| top >= one.saturating_mul(power(*scale)))
            .unwrap_or((0, ""));
        let decimals = decimals_needed(step, self.exponent() + scale);
        let decimals = if self == Self::Money && scale == 0 && decimals == 1 { 2 } else { decimals };
        let number = format_fixed(value, self.exponent() + scale, decimals);
        // "1M" between "0.5M" and "1.5M"; but "$1.00" between "$0.50" and "$1.50".
        let number = if letter.is_empty() { number } else { number.trim_end_matches(".0").to_owned() };
        format!("{}{number}{}", self.sign(), self.suffix(letter))
    }

    /// Formats a part of `total` in a column: from a dollar on to the cent, so that the decimal points align.
    #[cfg(feature = "csr")]
    pub(super) fn format_part(self, value: i128, total: i128) -> String {
        const CENT: i128 = 10_000_000;
        match self {
            Self::Money if total >= power(DOLLAR) && value > 0 && value < CENT => "<$0.01".to_owned(),
            Self::Money if total >= power(DOLLAR) => format!("${}", format_fixed(value, DOLLAR, 2)),
            _ => self.format_exact(value),
        }
    }

    /// Formats `value`, or says that it is unknown if nothing of it is known. Without calls, nothing took any time.
    #[cfg(feature = "csr")]
    pub(super) fn format_known(self, value: i128, is_unknown: bool) -> String {
        match (is_unknown && value == 0, self) {
            (false, _) => self.format_exact(value),
            (true, Self::Duration) => "—".to_owned(),
            (true, _) => "Unknown".to_owned(),
        }
    }

    /// Formats `value` as pages do.
    #[cfg(feature = "csr")]
    pub fn format_exact(self, value: i128) -> String {
        use crate::components::{format_count, format_duration, format_money};
        let rounded = i64::try_from(value).unwrap_or(i64::MAX);
        match self {
            Self::Count => format_count(rounded),
            Self::Money => format_money(domain::money::Money::from_nanos(rounded)),
            Self::Minutes => format!("{}\u{202f}min", format_fixed(value, 3, 1)),
            Self::Bytes => domain::bytes::format_bytes(u64::try_from(value).unwrap_or_default()),
            Self::Duration => format_duration(rounded.saturating_mul(1_000)),
        }
    }
}

fn power(exponent: u32) -> i128 {
    10_i128.saturating_pow(exponent)
}

/// The number of decimals that distinguishes multiples of `step` divided by `10^scale`.
fn decimals_needed(step: i128, scale: u32) -> u32 {
    (0..scale).find(|decimals| step % power(scale - decimals) == 0).unwrap_or(scale)
}

/// Formats `value / 10^scale` with `decimals` decimals, rounded half up, and commas between thousands.
fn format_fixed(value: i128, scale: u32, decimals: u32) -> String {
    let unit = power(scale - decimals);
    let rounded = value.saturating_add(unit / 2).div_euclid(unit);
    let (integer, fraction) = (rounded / power(decimals), rounded % power(decimals));
    let digits = integer.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3 + decimals as usize + 1);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if decimals > 0 {
        grouped.push_str(&format!(".{fraction:0width$}", width = decimals as usize));
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: i128 = 1_000_000_000;

    #[test]
    fn an_axis_keeps_one_scale() {
        let axis = |unit: Unit, step: i128, top: i128| -> Vec<String> {
            (0..=top / step).map(|n| unit.format_tick(n * step, step, top).replace('\u{202f}', " ")).collect()
        };
        assert_eq!(axis(Unit::Count, 500, 1_500), ["0", "500", "1,000", "1,500"]);
        assert_eq!(axis(Unit::Count, 500_000, 1_500_000), ["0", "0.5M", "1M", "1.5M"]);
        assert_eq!(axis(Unit::Count, 5_000, 15_000), ["0", "5K", "10K", "15K"]);
        assert_eq!(axis(Unit::Money, USD / 2, USD), ["$0", "$0.50", "$1.00"]);
        assert_eq!(axis(Unit::Money, 100 * USD, 200 * USD), ["$0", "$100", "$200"]);
        assert_eq!(axis(Unit::Money, USD / 2000, USD / 1000), ["$0", "$0.0005", "$0.0010"]);
        assert_eq!(axis(Unit::Money, 5_000 * USD, 10_000 * USD), ["$0", "$5K", "$10K"]);
        assert_eq!(axis(Unit::Minutes, 500, 1_000), ["0", "0.5 min", "1.0 min"]);
        assert_eq!(axis(Unit::Duration, 250, 500), ["0", "0.25 s", "0.50 s"]);
        assert_eq!(axis(Unit::Bytes, 500, 1_000), ["0", "0.5 kB", "1 kB"]);
        assert_eq!(axis(Unit::Bytes, 2_000_000_000, 4_000_000_000), ["0", "2 GB", "4 GB"]);
    }
}
