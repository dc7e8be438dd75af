//! Numbers as the browser writes them in English, the pages' language.

use std::cell::RefCell;

use domain::money::Money;
use js_sys::{Array, Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::components::figures::{is_rounded_to_zero, money_decimals, percent, smallest_amount};

const LOCALE: &str = "en-US";
/// The count from which on counts are abbreviated.
const MIN_COMPACT: u64 = 10_000;

/// The form of a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct NumberStyle {
    kind: NumberKind,
    min_decimals: u8,
    max_decimals: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum NumberKind {
    Plain,
    /// In thousands, millions and so on, with their letter.
    Compact,
    Dollars,
    Percent,
}

impl NumberKind {
    /// The options of `Intl.NumberFormat` (ECMA-402, section 16).
    const fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Plain => &[],
            Self::Compact => &[("notation", "compact")],
            Self::Dollars => &[("style", "currency"), ("currency", "USD")],
            Self::Percent => &[("style", "unit"), ("unit", "percent")],
        }
    }
}

thread_local! {
    // Making a formatter takes far longer than using one. There are few, so they needn't be hashed.
    static FORMATTERS: RefCell<Vec<(NumberStyle, Option<Function>)>> = const { RefCell::new(Vec::new()) };
}

impl NumberStyle {
    const fn new(kind: NumberKind, decimals: u8) -> Self {
        Self { kind, min_decimals: decimals, max_decimals: decimals }
    }

    /// Formats a number that is written in digits. It is rounded half away from zero, and never passes through a
    /// float (ECMA-402, `ToIntlMathematicalValue`).
    fn format(self, number: &str) -> String {
        FORMATTERS.with_borrow_mut(|formatters| {
            let index = formatters.iter().position(|(style, _)| *style == self).unwrap_or_else(|| {
                formatters.push((self, self.formatter()));
                formatters.len() - 1
            });
            let format = formatters[index].1.as_ref();
            let text = format.and_then(|format| format.call1(&JsValue::NULL, &number.into()).ok());
            text.and_then(|text| text.as_string()).unwrap_or_else(|| number.to_owned())
        })
    }

    /// Makes the function that formats numbers of this style.
    fn formatter(self) -> Option<Function> {
        let options = Object::new();
        let set = |name: &str, value: JsValue| Reflect::set(&options, &name.into(), &value).ok();
        for (name, value) in self.kind.options() {
            set(name, (*value).into())?;
        }
        set("minimumFractionDigits", self.min_decimals.into())?;
        set("maximumFractionDigits", self.max_decimals.into())?;
        let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
        let class: Function = Reflect::get(&intl, &"NumberFormat".into()).ok()?.dyn_into().ok()?;
        let formatter = Reflect::construct(&class, &Array::of2(&LOCALE.into(), &options)).ok()?;
        Reflect::get(&formatter, &"format".into()).ok()?.dyn_into().ok()
    }
}

/// Formats a count with digits in groups of three: `61,482`.
pub fn format_count(count: i64) -> String {
    NumberStyle::new(NumberKind::Plain, 0).format(&count.to_string())
}

/// Formats a count, abbreviated from ten thousand on, with one decimal: `147.6M`.
pub fn format_compact(count: i64) -> String {
    if count.unsigned_abs() < MIN_COMPACT {
        return format_count(count);
    }
    NumberStyle::new(NumberKind::Compact, 1).format(&count.to_string())
}

/// Formats an amount that stands alone: to cents, and below a dollar to as many decimals as say something.
pub fn format_money(money: Money) -> String {
    let max_decimals = money_decimals(money);
    format_amount(money, NumberStyle { kind: NumberKind::Dollars, min_decimals: 2, max_decimals })
}

/// Formats an amount in a column, in which all have the same number of decimals: 2 in usage, 6 in logs.
pub fn format_dollars(money: Money, decimals: u8) -> String {
    format_amount(money, NumberStyle::new(NumberKind::Dollars, decimals))
}

/// Formats an amount to the nano-dollar.
pub fn format_money_exact(money: Money) -> String {
    format_amount(money, NumberStyle { kind: NumberKind::Dollars, min_decimals: 2, max_decimals: 9 })
}

/// Formats an amount; one that would be rounded to nothing as less than the smallest.
fn format_amount(money: Money, style: NumberStyle) -> String {
    if is_rounded_to_zero(money, style.max_decimals) {
        return format!("<{}", style.format(&smallest_amount(style.max_decimals).to_string()));
    }
    style.format(&money.to_string())
}

/// Formats `part` of `total` in percent, to two decimals below one percent and to one above; `—` if `total`
/// is 0.
pub fn format_percent(part: i64, total: i64) -> String {
    percent(part, total).map_or_else(
        || "—".to_owned(),
        |(number, decimals)| NumberStyle::new(NumberKind::Percent, decimals).format(&number),
    )
}

/// The CSS width of a bar that stands for `part` of `total`.
pub fn bar_width(part: i64, total: i64) -> String {
    format!("calc(100% * {part} / {})", total.max(1))
}

/// A count, shortened where it is long and exact on hover.
#[component]
pub fn Count(value: i64) -> impl IntoView {
    view! { <span class="number" title=format_count(value)>{format_compact(value)}</span> }
}

/// An amount of money, rounded, and exact on hover.
#[component]
pub fn Amount(
    value: Money,
    /// Number of decimals in a column; by default as many as the amount needs.
    #[prop(optional)]
    decimals: Option<u8>,
) -> impl IntoView {
    let text = decimals.map_or_else(|| format_money(value), |decimals| format_dollars(value, decimals));
    view! { <span class="number" title=format_money_exact(value)>{text}</span> }
}
