//! Formatting of numbers for people.

use domain::money::Money;
use leptos::prelude::*;

const NANOS_PER_DOLLAR: u64 = 1_000_000_000;

/// Formats a count with digits in groups of three: `61,482`.
pub fn format_count(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if count < 0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a count, abbreviated from ten thousand on, rounded half up to one decimal: `147.6 M`.
pub fn format_compact(count: i64) -> String {
    const UNITS: [(u64, &str); 4] = [(1_000_000_000_000, "T"), (1_000_000_000, "B"), (1_000_000, "M"), (10_000, "K")];
    let size = count.unsigned_abs();
    let Some((min, unit)) = UNITS.into_iter().find(|(min, _)| size >= *min) else {
        return format_count(count);
    };
    let step = if unit == "K" { 1_000 } else { min };
    let tenths = (u128::from(size) * 10 + u128::from(step) / 2) / u128::from(step);
    let sign = if count < 0 { "−" } else { "" };
    format!("{sign}{}.{}\u{202f}{unit}", tenths / 10, tenths % 10)
}

/// Formats an amount, rounded half up to cents; below a dollar to four decimals and below a cent to six,
/// without trailing zeros beyond cents.
pub fn format_money(money: Money) -> String {
    let nanos = money.nanos().unsigned_abs();
    let sign = if money.nanos() < 0 { "−" } else { "" };
    let decimals: u32 = match nanos {
        0 | NANOS_PER_DOLLAR.. => 2,
        10_000_000.. => 4,
        _ => 6,
    };
    let step = 10_u64.pow(9 - decimals);
    let rounded = nanos / step + u64::from(nanos % step >= step / 2);
    if rounded == 0 && nanos > 0 {
        return format!("<{sign}$0.000001");
    }
    let scale = 10_u64.pow(decimals);
    let fraction = format!("{:0width$}", rounded % scale, width = decimals as usize);
    let needed = fraction.trim_end_matches('0').len().max(2);
    let dollars = format_count(i64::try_from(rounded / scale).unwrap_or(i64::MAX));
    format!("{sign}${dollars}.{}", &fraction[..needed])
}

/// Formats an amount to the nano-dollar.
pub fn format_money_exact(money: Money) -> String {
    match money.to_string().strip_prefix('-') {
        Some(amount) => format!("−${amount}"),
        None => format!("${money}"),
    }
}

/// Formats `part` of `total` in percent, to two decimals below one percent and to one above; `—` if `total`
/// is 0.
pub fn format_percent(part: i64, total: i64) -> String {
    if total == 0 {
        return "—".to_owned();
    }
    let hundredths = (i128::from(part) * 20_000 / i128::from(total) + 1).div_euclid(2);
    if hundredths.abs() < 100 {
        return format!("{}.{:02}\u{202f}%", hundredths / 100, hundredths.abs() % 100);
    }
    let tenths = (hundredths + 5).div_euclid(10);
    format!("{}.{}\u{202f}%", tenths / 10, tenths.abs() % 10)
}

/// The CSS width of a bar that stands for `part` of `total`.
pub fn bar_width(part: i64, total: i64) -> String {
    format!("calc(100% * {part} / {})", total.max(1))
}

/// Formats microseconds in a suitable unit: `0.41 ms`, `38 ms`, `1.24 s`, `2 min 5 s`.
pub fn format_duration(micros: i64) -> String {
    match micros {
        ..10_000 => format!("{}.{:02}\u{202f}ms", micros / 1_000, micros % 1_000 / 10),
        10_000..1_000_000 => format!("{}\u{202f}ms", (micros + 500) / 1_000),
        1_000_000..60_000_000 => format!("{}.{:02}\u{202f}s", micros / 1_000_000, micros % 1_000_000 / 10_000),
        _ => format!("{}\u{202f}min {}\u{202f}s", micros / 60_000_000, micros % 60_000_000 / 1_000_000),
    }
}

/// A count, shortened where it is long and exact on hover.
#[component]
pub fn Count(value: i64) -> impl IntoView {
    view! { <span class="number" title=format_count(value)>{format_compact(value)}</span> }
}

/// An amount of money, rounded, and exact on hover.
#[component]
pub fn Amount(value: Money) -> impl IntoView {
    view! { <span class="number" title=format_money_exact(value)>{format_money(value)}</span> }
}
