//! The arguments of `tollhouse key`.

use clap::{Args, Subcommand};
use domain::{
    api_keys::{Level, Network, Scope},
    ids::ApiKeyId,
};

use super::{GracePeriod, LimitEdits};

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key; the only time its secret is told
    Create(CreateKeyArgs),
    /// List an organization's keys, the newest first
    List {
        /// The organization's id or slug
        #[arg(long)]
        org: String,
    },
    /// Change what may be changed of a key; level and expiry never change
    Edit {
        id: ApiKeyId,
        #[command(flatten)]
        edits: EditKeyArgs,
    },
    /// Give a key a new secret, told this once, while the old one works on for a while
    Rotate {
        id: ApiKeyId,
        /// How long the old secret works on: 0, 30m, 24h, 7d
        #[arg(long)]
        grace: GracePeriod,
        /// A name for this very rotation: asked for again, it isn't done again, and the secret isn't told again
        #[arg(long, value_name = "R")]
        request: Option<String>,
    },
    /// Let the old secret of a rotating key work so long from now on, shorter or longer
    Grace {
        id: ApiKeyId,
        /// How long the old secret works on: 0, 30m, 24h, 7d
        #[arg(long)]
        grace: GracePeriod,
    },
    /// End the old secret of a rotating key now
    EndRotation { id: ApiKeyId },
    /// End keys of one organization for good, all or none
    Revoke {
        #[arg(required = true)]
        ids: Vec<ApiKeyId>,
        /// And all keys that these made or rotated
        #[arg(long)]
        descendants: bool,
    },
    /// Disable the keys whose secrets are read from standard input, one a line
    ///
    /// Secrets are never arguments, since everybody on this machine can see those.
    ReportLeak {
        /// Where they were found, told to their owners
        #[arg(long, value_name = "ADDRESS", default_value = "")]
        place: String,
        /// Taken only to be refused, since the refusal for an unknown argument would repeat it
        #[arg(hide = true)]
        arguments: Vec<String>,
    },
}

#[derive(Args, Debug)]
pub struct CreateKeyArgs {
    /// The organization's id or slug
    #[arg(long)]
    pub org: String,
    /// The project's id or slug; an admin key has none
    #[arg(long)]
    pub project: Option<String>,
    #[arg(long)]
    pub name: String,
    #[arg(long, default_value = "")]
    pub description: String,
    /// read, standard or admin
    #[arg(long)]
    pub level: Level,
    /// A part of the API it may use, such as chat or usage.read; repeat for several, leave out for all of its level
    #[arg(long = "scope", value_name = "S")]
    pub scopes: Vec<Scope>,
    /// A model it may call; repeat for several, leave out for all
    #[arg(long = "model", value_name = "M")]
    pub models: Vec<String>,
    /// An address or network it may be used from; repeat for several, leave out for all
    #[arg(long = "allow-ip", value_name = "CIDR")]
    pub networks: Vec<Network>,
    #[arg(long, value_name = "D")]
    pub expires_in_days: Option<u32>,
    /// Remind its owner to rotate it when its secret is so old
    #[arg(long, value_name = "D")]
    pub rotate_every_days: Option<u32>,
    #[command(flatten)]
    pub limits: LimitEdits,
}

/// At least one of these.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct EditKeyArgs {
    #[arg(long)]
    pub name: Option<String>,
    #[arg(long)]
    pub description: Option<String>,
    /// Move it to the project with this id or slug
    #[arg(long)]
    pub project: Option<String>,
    /// The only parts of the API it may use from now on; repeat for several
    #[arg(long = "scope", value_name = "S", conflicts_with = "all_scopes")]
    pub scopes: Vec<Scope>,
    /// Let it use all of its level
    #[arg(long)]
    pub all_scopes: bool,
    /// The only models it may call from now on; repeat for several
    #[arg(long = "model", value_name = "M", conflicts_with = "all_models")]
    pub models: Vec<String>,
    /// Let it call all models
    #[arg(long)]
    pub all_models: bool,
    /// The only networks it may be used from from now on; repeat for several
    #[arg(long = "allow-ip", value_name = "CIDR", conflicts_with = "allow_all_ips")]
    pub networks: Vec<Network>,
    /// Let it be used from everywhere
    #[arg(long)]
    pub allow_all_ips: bool,
    /// Remind its owner to rotate it when its secret is so old; 0 for never
    #[arg(long, value_name = "D")]
    pub rotate_every_days: Option<u32>,
    /// How many calls it may make within a minute; 0 for no limit
    #[arg(long, value_name = "N")]
    pub calls_per_minute: Option<u32>,
    /// How many tokens its calls may take within a minute, input and output together; 0 for no limit
    #[arg(long, value_name = "N")]
    pub tokens_per_minute: Option<u32>,
}
