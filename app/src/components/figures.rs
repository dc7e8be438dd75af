//! Rounding of figures for people, which needs no browser.

use domain::money::Money;

/// Number of decimals of an amount that stands alone: two from a dollar on, up to four from a cent on, and up to
/// six below. Beyond cents, zeros at the end are left out.
pub const fn money_decimals(money: Money) -> u8 {
    match money.nanos().unsigned_abs() {
        0 | 1_000_000_000.. => 2,
        10_000_000.. => 4,
        _ => 6,
    }
}

/// The smallest amount with this many decimals, up to nine.
pub const fn smallest_amount(decimals: u8) -> Money {
    Money::from_nanos(10_i64.pow(9_u32.saturating_sub(decimals as u32)))
}

/// Whether an amount would be rounded to zero, though it isn't.
pub const fn is_rounded_to_zero(money: Money, decimals: u8) -> bool {
    money.nanos() != 0 && money.nanos().unsigned_abs() < smallest_amount(decimals).nanos().unsigned_abs().div_ceil(2)
}

/// `part` of `total` in percent, as decimal text with its number of decimals: two below one percent, and one above.
/// `None` if `total` is 0.
pub fn percent(part: i64, total: i64) -> Option<(String, u8)> {
    let rounded = |scale: i128| (i128::from(part) * scale * 2 / i128::from(total) + 1).div_euclid(2);
    let text = |number: i128, scale: i128, decimals: u8| {
        let sign = if number < 0 { "-" } else { "" };
        let (integer, fraction) = (number.abs() / scale, number.abs() % scale);
        (format!("{sign}{integer}.{fraction:0width$}", width = usize::from(decimals)), decimals)
    };
    match total {
        0 => None,
        _ if rounded(10_000).abs() < 100 => Some(text(rounded(10_000), 100, 2)),
        _ => Some(text(rounded(1_000), 10, 1)),
    }
}

/// Formats microseconds in a suitable unit: `0.41 ms`, `38 ms`, `1.24 s`, `2 min 5 s`.
pub fn format_duration(micros: i64) -> String {
    let rounded = |unit: i64| (micros + unit / 2) / unit;
    // Rounded before the unit is chosen: 999.96 ms are 1.00 s.
    match (rounded(10), rounded(1_000), rounded(10_000), rounded(1_000_000)) {
        (hundredths @ ..1_000, ..) => format!("{}.{:02}\u{202f}ms", hundredths / 100, hundredths % 100),
        (_, millis @ ..1_000, ..) => format!("{millis}\u{202f}ms"),
        (_, _, hundredths @ ..6_000, _) => format!("{}.{:02}\u{202f}s", hundredths / 100, hundredths % 100),
        (.., seconds) => format!("{}\u{202f}min {}\u{202f}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_rounded_before_its_unit_is_chosen() {
        for (micros, text) in [
            (0, "0.00 ms"),
            (414, "0.41 ms"),
            (9_994, "9.99 ms"),
            (9_995, "10 ms"),
            (38_400, "38 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (999_960, "1.00 s"),
            (3_254_999, "3.25 s"),
            (59_994_999, "59.99 s"),
            (59_995_000, "1 min 0 s"),
            (125_400_000, "2 min 5 s"),
        ] {
            assert_eq!(format_duration(micros).replace('\u{202f}', " "), text, "{micros}");
        }
    }

    #[test]
    fn a_share_has_two_decimals_below_one_percent() {
        for (part, total, text) in [
            (0, 7, "0.00"),
            (46, 10_000, "0.46"),
            (9_949, 1_000_000, "0.99"),
            (9_950, 1_000_000, "1.0"),
            (1, 3, "33.3"),
            (7, 7, "100.0"),
            (-1, 8, "-12.5"),
            (i64::MAX, 1, "922337203685477580700.0"),
        ] {
            assert_eq!(percent(part, total).unwrap().0, text, "{part} of {total}");
        }
        assert_eq!(percent(1, 0), None);
    }

    #[test]
    fn the_less_money_the_more_decimals() {
        let decimals = |nanos| money_decimals(Money::from_nanos(nanos));
        assert_eq!([0, 1, 9_999_999].map(decimals), [2, 6, 6]);
        assert_eq!([10_000_000, 999_999_999, -10_000_000].map(decimals), [4, 4, 4]);
        assert_eq!([1_000_000_000, i64::MAX, i64::MIN].map(decimals), [2, 2, 2]);
    }

    #[test]
    fn an_amount_below_half_of_the_smallest_is_rounded_to_zero() {
        let is_lost = |nanos, decimals| is_rounded_to_zero(Money::from_nanos(nanos), decimals);
        assert!(is_lost(1, 2) && is_lost(-4_999_999, 2) && is_lost(499, 6));
        assert!(!is_lost(0, 2) && !is_lost(5_000_000, 2) && !is_lost(500, 6) && !is_lost(1, 9));
    }
}
