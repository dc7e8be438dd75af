//! `tollhouse org calls`: how long an organization keeps its calls.

use std::str::FromStr;

use clap::Args;
use domain::{calls::CallRetention, organizations::SettingsChanges};
use serde::Serialize;
use services::{Actor, Services, organizations};

use super::{CliError, output};

/// Options of the command.
#[derive(Args, Debug)]
pub struct CallEdits {
    /// Number of days to keep calls, 35 to 3650, or "forever"
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
    /// `None` if all calls are kept.
    days: Option<u32>,
}

impl CallRetentionRow {
    fn line(&self) -> String {
        self.days.map_or_else(|| "kept: forever".to_owned(), |days| format!("kept: {days} days"))
    }
}

pub(super) async fn run(services: &Services, actor: &Actor, edits: CallEdits, json: bool) -> Result<(), CliError> {
    if let Some(CallDays(days)) = edits.days {
        let retention = CallRetention { days };
        let changes = SettingsChanges { call_retention: Some(retention), ..SettingsChanges::default() };
        organizations::update_settings(services, actor, changes).await?;
    }
    let CallRetention { days } = organizations::settings(services, actor).await?.call_retention;
    output::data(json, &CallRetentionRow { days }, CallRetentionRow::line)
}
