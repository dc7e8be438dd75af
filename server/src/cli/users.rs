//! `tollhouse user` and `tollhouse operator`.

use std::io::Read;

use serde_json::json;
use services::{
    Services,
    accounts::{self, NewUser},
};

use super::{
    CliError,
    args::{OperatorCommand, UserCommand},
    output,
};

pub(super) async fn run(services: &Services, command: UserCommand, json: bool) -> Result<(), CliError> {
    match command {
        UserCommand::Create { email, name, org, role, password_stdin: _ } => {
            let organization = services::organizations::find(services, &org).await?;
            let existing = accounts::add_existing_user(services, &organization, &email, role).await?;
            let id = match existing {
                Some(id) => id,
                None => {
                    let user = NewUser { email: email.clone(), name, role, password: read_password()? };
                    accounts::create_user(services, &organization, user).await?
                }
            };
            let note = if existing.is_some() { " They keep their name and password." } else { "" };
            output::data(json, &json!({ "id": id, "created": existing.is_none() }), |_| {
                format!("{email} ({id}) is {role} of {}.{note}", organization.name)
            })
        }
        UserCommand::Password { email, password_stdin: _ } => {
            accounts::set_password(services, &email, &read_password()?).await?;
            output::done(json, "The password was set, and the user was signed out everywhere.")
        }
    }
}

pub(super) async fn operator(services: &Services, command: OperatorCommand, json: bool) -> Result<(), CliError> {
    let OperatorCommand::Grant { email } = command;
    accounts::grant_operator(services, &email).await?;
    output::done(json, &format!("{email} is now an operator."))
}

/// Reads the password from standard input, without one line break at its end.
fn read_password() -> Result<String, CliError> {
    /// Maximum bytes read: far more than any accepted password.
    const MAX_PASSWORD_BYTES: u64 = 4096;
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_PASSWORD_BYTES).read_to_string(&mut text)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
