//! Amounts of money in results.

use domain::money::Money;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::tables::Cell;

/// An amount of money.
#[derive(Serialize, ToSchema)]
pub(super) struct Amount {
    /// US dollars, exact to the nano-dollar.
    #[schema(value_type = f64)]
    value: Box<RawValue>,
    #[schema(example = "usd")]
    currency: &'static str,
}

impl Amount {
    /// The amount in dollars.
    pub(super) fn new(money: Money) -> Self {
        // Money is formatted like a JSON number: with a point, without an exponent.
        let value = RawValue::from_string(money.to_string()).unwrap_or_default();
        Self { value, currency: "usd" }
    }
}

impl Cell for Amount {
    fn cell(&self) -> String {
        self.value.get().to_owned()
    }
}
