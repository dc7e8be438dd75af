//! `tollhouse org calls`: how long an organization keeps its calls.

use std::str::FromStr;

use clap::Args;
use domain::{
    calls::{CallRetention, DEFAULT_CALL_DAYS},
    organizations::SettingsChanges,
};
use serde::Serialize;
use services::{Actor, Services, organizations};

use super::{CliError, output};

/// Options of the command.
#[derive(Args, Debug)]
pub struct CallEdits {
    /// Number of days to keep calls, 35 to 3650, or "forever"; 397 (13 months) unless chosen
    #[arg(long, value_name = "DAYS|forever")]
    days: Option<CallDays>,
}

/// A number of days, or none.
#[derive(Clone, Copy, Debug)]
struct CallDays(Option<u32>);

impl FromStr for CallDays {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "forever" => Ok(Self(None)),
            days => {
                days.parse().map(|days| Self(Some(days))).map_err(|_| "enter 35 to 3650 days, or forever".to_owned())
            }
        }
    }
}

#[derive(Serialize)]
struct CallRetentionRow {
    /// The chosen days; `None` if all calls are kept, or if nothing is chosen.
    days: Option<u32>,
    /// Time from which the default applies; only while nothing is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    default_from: Option<String>,
}

impl CallRetentionRow {
    fn line(&self) -> String {
        match (self.days, &self.default_from) {
            (Some(days), _) => format!("kept: {days} days"),
            (None, Some(from)) => format!("kept: {DEFAULT_CALL_DAYS} days from {from} on, since nothing is chosen"),
            (None, None) => "kept: forever".to_owned(),
        }
    }
}

pub(super) async fn run(services: &Services, actor: &Actor, edits: CallEdits, json: bool) -> Result<(), CliError> {
    if let Some(CallDays(days)) = edits.days {
        let retention = CallRetention::chosen(days);
        let changes = SettingsChanges { call_retention: Some(retention), ..SettingsChanges::default() };
        organizations::update_settings(services, actor, changes).await?;
    }
    let CallRetention { days, default_from } = organizations::settings(services, actor).await?.call_retention;
    let row = CallRetentionRow { days, default_from: default_from.map(|from| from.to_string()) };
    output::data(json, &row, CallRetentionRow::line)
}
