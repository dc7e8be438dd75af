//! `tollhouse audit`.

use services::Services;

use super::{CliError, output};

pub(super) async fn verify(services: &Services, json: bool) -> Result<(), CliError> {
    let verification = services::audit::verify(services).await?;
    output::data(json, &verification, |verification| {
        format!("{} entries of {} organizations", verification.entries, verification.organizations)
    })?;
    match verification.first_break {
        None => Ok(()),
        Some(first_break) => Err(CliError::Refused(format!(
            "the chain of {} breaks at entry {}: {}",
            first_break.organization, first_break.sequence, first_break.reason
        ))),
    }
}
