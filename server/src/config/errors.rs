//! Errors in a configuration.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A mistake in the configuration: where it is and what to do about it. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: can't be read: {source}. Check --config (or TOLLHOUSE_CONFIG) and the file's permissions.", file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Not TOML, or a key that is unknown, missing or of the wrong type.
    #[error("{}: {message}", file.display())]
    Form { file: PathBuf, message: String },
    /// An invalid value. `key` is its place, such as `provider "upstream": base_url`.
    #[error("{}: {key}: {advice}", file.display())]
    Value { file: PathBuf, key: String, advice: String },
    /// An invalid flag or environment variable.
    #[error("{name}: {advice}")]
    Setting { name: &'static str, advice: String },
}

/// The place of a mistake: the configuration file.
pub(super) struct ConfigLocation<'a> {
    pub(super) file: &'a Path,
}

impl ConfigLocation<'_> {
    pub(super) fn value(&self, key: String, advice: impl Into<String>) -> ConfigError {
        ConfigError::Value { file: self.file.to_owned(), key, advice: advice.into() }
    }
}
