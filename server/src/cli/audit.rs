//! `tollhouse audit`.

use services::{
    Services,
    audit::{ChainBreak, ChainVerification},
};

use super::{CliError, output};

pub(super) async fn verify(services: &Services, json: bool) -> Result<(), CliError> {
    let verification = services::audit::verify(services).await?;
    output::data(json, &verification, |verification| {
        let ChainVerification { organizations, installation, entries, .. } = verification;
        format!("Verified: {entries} entries of {organizations} organizations, {installation} of the installation")
    })?;
    match verification.first_break {
        None => Ok(()),
        Some(ChainBreak { organization, sequence, reason }) => {
            let owner = organization.map_or_else(|| "the installation".to_owned(), |id| id.to_string());
            Err(CliError::Refused(format!("the hash chain of {owner} is broken at entry {sequence}: {reason}")))
        }
    }
}
