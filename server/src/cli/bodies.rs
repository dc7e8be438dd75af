//! `tollhouse org bodies`: an organization's settings for storing request and response bodies.

use std::str::FromStr;

use clap::Args;
use domain::{bodies::BodySettings, organizations::SettingsChanges};
use serde::Serialize;
use services::{Actor, Services, organizations};

use super::{CliError, output};

/// Options of the command. Settings without an option stay as they are.
#[derive(Args, Debug)]
pub struct BodyEdits {
    /// Number of days to store bodies, 1 to 90, or "off"
    #[arg(long, value_name = "DAYS|off")]
    days: Option<Days>,
    /// Maximum size of a stored request or response; longer ones are truncated
    #[arg(long, value_name = "BYTES")]
    limit: Option<u32>,
    /// JSON fields to redact, such as content or metadata.customer; --redact alone redacts none
    #[arg(long, value_name = "FIELD", num_args = 0..)]
    redact: Option<Vec<String>>,
}

/// A number of days, or none.
#[derive(Clone, Copy, Debug)]
struct Days(Option<u32>);

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self(None)),
            days => days.parse().map(|days| Self(Some(days))).map_err(|_| "enter 1 to 90 days, or off".to_owned()),
        }
    }
}

#[derive(Serialize)]
struct BodySettingsRow {
    /// `None` if bodies aren't stored.
    days: Option<u32>,
    /// Whether storing them, or not, was chosen.
    decided: bool,
    limit: u32,
    redact: Vec<String>,
}

impl BodySettingsRow {
    fn line(&self) -> String {
        let stored = match (self.days, self.decided) {
            (Some(days), _) => format!("for {days} days"),
            (None, true) => "no".to_owned(),
            (None, false) => "no (not decided yet)".to_owned(),
        };
        let redact = if self.redact.is_empty() { "none".to_owned() } else { self.redact.join(", ") };
        format!("stored: {stored}  maximum size: {} bytes  redacted fields: {redact}", self.limit)
    }
}

pub(super) async fn run(services: &Services, actor: &Actor, edits: BodyEdits, json: bool) -> Result<(), CliError> {
    let mut settings = organizations::settings(services, actor).await?;
    let BodyEdits { days, limit, redact } = edits;
    if days.is_some() || limit.is_some() || redact.is_some() {
        let before = settings.bodies.clone();
        let bodies = BodySettings {
            days: days.map_or(before.days, |Days(days)| days),
            limit: limit.unwrap_or(before.limit),
            redact: redact.unwrap_or(before.redact),
            undecided: before.undecided && days.is_none(),
        };
        let changes = SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() };
        organizations::update_settings(services, actor, changes).await?;
        settings = organizations::settings(services, actor).await?;
    }
    let BodySettings { days, limit, redact, undecided } = settings.bodies;
    output::data(json, &BodySettingsRow { days, decided: !undecided, limit, redact }, BodySettingsRow::line)
}
