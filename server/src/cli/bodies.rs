//! `tollhouse org bodies`: an organization's settings for storing request and response bodies.

use std::str::FromStr;

use clap::Args;
use domain::{bodies::BodySettings, organizations::SettingsChanges};
use serde::Serialize;
use services::{Actor, Services, organizations};

use super::{CliError, output};

/// What can be typed; what isn't stays as it is.
#[derive(Args, Debug)]
pub struct BodyEdits {
    /// For how many days they are kept, 1 to 90, or off
    #[arg(long, value_name = "DAYS|off")]
    days: Option<Days>,
    /// How many bytes of a request, and of an answer, are kept
    #[arg(long, value_name = "BYTES")]
    limit: Option<u32>,
    /// JSON fields whose values aren't kept, such as content or metadata.customer; none for --redact alone
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
            days => days.parse().map(|days| Self(Some(days))).map_err(|_| "give 1 to 90 days, or off".to_owned()),
        }
    }
}

#[derive(Serialize)]
struct BodySettingsRow {
    /// `None` if bodies aren't stored.
    days: Option<u32>,
    limit: u32,
    redact: Vec<String>,
}

impl BodySettingsRow {
    fn line(&self) -> String {
        let days = self.days.map_or_else(|| "off".to_owned(), |days| format!("{days} days"));
        let redact = if self.redact.is_empty() { "nothing".to_owned() } else { self.redact.join(", ") };
        format!("kept: {days}  at most: {} bytes  left out: {redact}", self.limit)
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
        };
        let changes = SettingsChanges { bodies: Some(bodies), ..SettingsChanges::default() };
        organizations::update_settings(services, actor, changes).await?;
        settings = organizations::settings(services, actor).await?;
    }
    let BodySettings { days, limit, redact } = settings.bodies;
    output::data(json, &BodySettingsRow { days, limit, redact }, BodySettingsRow::line)
}
