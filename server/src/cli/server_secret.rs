//! The server's own secret: `TOLLHOUSE_SECRET`, or the file `secret` in the data folder, and `tollhouse secret`.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use services::{
    Services, random_hex,
    sealed_secrets::{self, MasterSecret, SecretRotation},
};

use super::{CliError, args::SecretCommand, output};
use crate::config::Config;

/// Name of the file in the data folder. Each line is a secret: the first seals, a second one still opens.
const FILE: &str = "secret";

/// Sets the server's secret, and checks it. Without `TOLLHOUSE_SECRET` and a file, a file is created.
pub(super) async fn set(services: &Services, config: &Config) -> Result<(), CliError> {
    let read: Arc<sealed_secrets::ReadMasterSecret> = match &config.server_secret {
        Some(secret) => {
            let secret = secret.clone();
            Arc::new(move || MasterSecret::parse(secret.reveal()).map_err(|error| format!("TOLLHOUSE_SECRET: {error}")))
        }
        None => {
            let file = config.data.join(FILE);
            if !file.exists() {
                create(&file, &format!("{}\n", new_secret()))?;
            }
            Arc::new(move || read_file(&file))
        }
    };
    Ok(sealed_secrets::set_master_secret(services, read).await?)
}

/// Runs `tollhouse secret`.
pub(super) async fn run(
    services: &Services,
    config: &Config,
    command: SecretCommand,
    json: bool,
) -> Result<(), CliError> {
    let SecretCommand::Rotate = command;
    let rotation = match &config.server_secret {
        Some(_) => sealed_secrets::rotate(services).await?,
        None => rotate_file(services, config).await?,
    };
    output::data(json, &rotation, |SecretRotation { rotated }| format!("{rotated} stored secrets were encrypted again"))
}

/// Puts a new secret before the one in the file, seals everything anew, and removes the old one. A file that holds two
/// secrets already is of a rotation that was interrupted, which goes on.
async fn rotate_file(services: &Services, config: &Config) -> Result<SecretRotation, CliError> {
    let file = config.data.join(FILE);
    let text = fs::read_to_string(&file)?;
    let mut secrets: Vec<String> = text.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    if secrets.len() == 1 {
        secrets.insert(0, new_secret());
        replace(&file, &format!("{}\n", secrets.join("\n")))?;
    }
    set(services, config).await?;
    let rotation = sealed_secrets::rotate(services).await?;
    replace(&file, &format!("{}\n", secrets.first().map_or("", String::as_str)))?;
    Ok(rotation)
}

/// 256 random bits in hexadecimal.
fn new_secret() -> String {
    random_hex() + &random_hex()
}

fn read_file(file: &Path) -> Result<MasterSecret, String> {
    let place = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{place}: {error}"))?;
    MasterSecret::parse(&text).map_err(|error| format!("{place}: {error}"))
}

/// Creates the file, whole and for the server's user alone, unless another process has just done so.
fn create(file: &Path, text: &str) -> io::Result<()> {
    let new = write_beside(file, text)?;
    let linked = fs::hard_link(&new, file);
    fs::remove_file(&new)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

/// Replaces the file at once: it holds the old text or the new one, whatever happens.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    fs::rename(write_beside(file, text)?, file)
}

/// Writes a file with another name to the disk.
fn write_beside(file: &Path, text: &str) -> io::Result<PathBuf> {
    let new = file.with_extension(random_hex());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(&new)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_created_once_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        create(&file, "one").unwrap();
        create(&file, "other").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "one");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        replace(&file, "other").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "other");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
