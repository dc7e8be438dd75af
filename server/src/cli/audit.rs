//! `tollhouse audit`.

use services::Services;

use super::{CliError, output};

pub(super) async fn verify(services: &Services, json: bool) -> Result<(), CliError> {
    let verification = services::audit::verify(services).await?;
    output::data(json, &verification, |found| {
        format!("{} entries of {} organizations", found.entries, found.organizations)
    })?;
    match verification.first_break {
        None => Ok(()),
        Some(at) => Err(CliError::Refused(format!(
            "the chain of {} breaks at entry {}: {}",
            at.organization, at.sequence, at.reason
        ))),
    }
}
