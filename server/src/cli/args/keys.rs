//! The arguments of `tollhouse key`.

use clap::{Args, Subcommand};
use domain::{
    api_keys::{Level, Network, Scope},
    ids::ApiKeyId,
};

use super::{GracePeriod, LimitEdits};

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a key and print its secret, which is shown only once
    Create(CreateKeyArgs),
    /// List an organization's keys, the newest first
    List {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
    },
    /// Edit a key; its type and expiration can't be changed
    Edit {
        id: ApiKeyId,
        #[command(flatten)]
        edits: EditKeyArgs,
    },
    /// Rotate a key: print a new secret, and keep the old one working for a grace period
    Rotate {
        id: ApiKeyId,
        /// How long the old secret keeps working, such as 0, 30m, 24h or 7d
        #[arg(long)]
        grace: GracePeriod,
        /// Idempotency key: repeating a rotation with the same one neither rotates again nor prints the secret again
        #[arg(long, value_name = "TEXT")]
        request: Option<String>,
    },
    /// Change the grace period of a rotating key's old secret, counted from now
    Grace {
        id: ApiKeyId,
        /// How long the old secret keeps working, such as 0, 30m, 24h or 7d
        #[arg(long)]
        grace: GracePeriod,
    },
    /// End the old secret of a rotating key now
    EndRotation { id: ApiKeyId },
    /// Revoke keys of one organization permanently, all or none
    Revoke {
        #[arg(required = true)]
        ids: Vec<ApiKeyId>,
        /// Also revoke all keys that these keys created or rotated
        #[arg(long)]
        descendants: bool,
    },
    /// Disable leaked keys; reads their secrets from standard input, one per line
    ///
    /// Secrets are never arguments, which every user of this machine can see.
    ReportLeak {
        /// Where the secrets were found, such as a URL; shown to the keys' owners
        #[arg(long, value_name = "URL", default_value = "")]
        place: String,
        /// Accepted only to be rejected: the error for an unknown argument would repeat it
        #[arg(hide = true)]
        arguments: Vec<String>,
    },
}

#[derive(Args, Debug)]
pub struct CreateKeyArgs {
    /// Organization ID or slug
    #[arg(long)]
    pub org: String,
    /// Project ID or slug; not for admin keys
    #[arg(long)]
    pub project: Option<String>,
    #[arg(long)]
    pub name: String,
    #[arg(long, default_value = "")]
    pub description: String,
    /// Type of the key: read, standard or admin
    #[arg(long)]
    pub level: Level,
    /// Permission, such as chat or usage.read; repeatable, all of its type by default
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<Scope>,
    /// Allowed model; repeatable, all models by default
    #[arg(long = "model", value_name = "MODEL")]
    pub models: Vec<String>,
    /// Allowed IP address or CIDR range; repeatable, any address by default
    #[arg(long = "allow-ip", value_name = "CIDR")]
    pub networks: Vec<Network>,
    /// Days until the key expires; never by default
    #[arg(long, value_name = "DAYS")]
    pub expires_in_days: Option<u32>,
    /// Remind the key's creator to rotate it after this many days
    #[arg(long, value_name = "DAYS")]
    pub rotate_every_days: Option<u32>,
    /// Never store requests and responses of the key's calls, whatever the organization stores
    #[arg(long)]
    pub metadata_only: bool,
    #[command(flatten)]
    pub limits: LimitEdits,
}

/// Options of `key edit`; at least one is required.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct EditKeyArgs {
    #[arg(long)]
    pub name: Option<String>,
    #[arg(long)]
    pub description: Option<String>,
    /// Move the key to this project (ID or slug)
    #[arg(long)]
    pub project: Option<String>,
    /// Replace the permissions with these; repeatable
    #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "all_scopes")]
    pub scopes: Vec<Scope>,
    /// Allow all permissions of its type
    #[arg(long)]
    pub all_scopes: bool,
    /// Replace the allowed models with these; repeatable
    #[arg(long = "model", value_name = "MODEL", conflicts_with = "all_models")]
    pub models: Vec<String>,
    /// Allow all models, including future ones
    #[arg(long)]
    pub all_models: bool,
    /// Replace the allowed IP addresses and CIDR ranges with these; repeatable
    #[arg(long = "allow-ip", value_name = "CIDR", conflicts_with = "allow_all_ips")]
    pub networks: Vec<Network>,
    /// Allow all IP addresses
    #[arg(long)]
    pub allow_all_ips: bool,
    /// Remind the key's creator to rotate it after this many days; 0 for never
    #[arg(long, value_name = "DAYS")]
    pub rotate_every_days: Option<u32>,
    /// Whether to never store requests and responses of the key's calls, whatever the organization stores
    #[arg(long, value_name = "true|false")]
    pub metadata_only: Option<bool>,
    /// Maximum requests per minute; 0 for no limit
    #[arg(long, value_name = "N")]
    pub calls_per_minute: Option<u32>,
    /// Maximum tokens per minute, input and output together; 0 for no limit
    #[arg(long, value_name = "N")]
    pub tokens_per_minute: Option<u32>,
}
