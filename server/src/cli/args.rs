//! The command line's arguments.

mod grace;
mod help;
mod keys;
mod limits;

use clap::{Args, FromArgMatches, Parser, Subcommand};
use domain::permissions::Role;
use services::jobs::JobState;
use uuid::Uuid;

pub(super) use grace::GracePeriod;
pub(super) use keys::{CreateKeyArgs, EditKeyArgs, KeyCommand};
pub(super) use limits::LimitEdits;

use super::{bodies::BodyEdits, body_deletion::BodyDeletionArgs, calls::CallEdits};
use crate::config::ProcessOptions;

/// The self-hosted hub for AI APIs.
#[derive(Parser)]
#[command(name = "tollhouse", version)]
pub struct Cli {
    #[command(flatten)]
    pub options: ProcessOptions,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Parses the arguments of this process; ends it for `--help`, `--version` and wrong usage.
    pub fn from_command_line() -> Self {
        Self::from_arg_matches(&help::command().get_matches()).unwrap_or_else(|error| error.exit())
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server; migrates the database first (default command)
    Serve,
    /// Update the database schema; long changes continue in the background
    Migrate {
        /// Show the schema version and pending migrations without applying any
        #[arg(long)]
        status: bool,
    },
    /// Check configuration, database, clock and providers
    Doctor,
    /// Manage organizations and their settings
    #[command(subcommand)]
    Org(OrgCommand),
    /// Manage user accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Manage operators of this server
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Manage projects
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Manage API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Verify the audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Rotate the secret that encrypts stored secrets
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Count, list and replay background jobs
    Jobs {
        #[command(subcommand)]
        command: Option<JobCommand>,
    },
    /// Create a demo organization with generated calls
    Demo(DemoOptions),
}

#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Create an organization with a default project
    Create {
        #[arg(long)]
        name: String,
        /// IANA time zone of its reports, such as Europe/Berlin
        #[arg(long, default_value = "UTC")]
        time_zone: String,
    },
    /// List all organizations
    List,
    /// Show or change whether request and response bodies are stored
    Bodies {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
        #[command(flatten)]
        bodies: BodyEdits,
    },
    /// Delete the stored requests and responses of some calls; the calls and their figures stay
    DeleteBodies {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
        #[command(flatten)]
        wanted: BodyDeletionArgs,
    },
    /// Show or change how long calls are kept
    Calls {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
        #[command(flatten)]
        calls: CallEdits,
    },
    /// Show or change the rate limits of an organization
    Limits {
        /// Organization ID or slug
        org: String,
        #[command(flatten)]
        limits: LimitEdits,
    },
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user to an organization; creates an account unless the email address has one
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// Organization ID or slug
        #[arg(long)]
        org: String,
        /// Role: owner, admin, developer or viewer
        #[arg(long)]
        role: Role,
        /// Read the password from standard input; an existing account keeps its password
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Set a user's password and sign them out everywhere
    Password {
        #[arg(long)]
        email: String,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Make a user an operator of this server
    Grant {
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Create a project
    Create {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
        #[arg(long)]
        name: String,
        /// Monthly spending cap in US dollars
        #[arg(long, value_name = "USD")]
        cap: Option<String>,
    },
    /// List an organization's projects
    List {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
    },
    /// Show or change the rate limits of a project
    Limits {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
        /// Project ID or slug
        #[arg(long)]
        project: String,
        #[command(flatten)]
        limits: LimitEdits,
    },
    /// Assign a project to a member
    Assign {
        /// Organization ID or slug
        #[arg(long)]
        org: String,
        /// Project ID or slug
        #[arg(long)]
        project: String,
        /// Email address of the member
        #[arg(long)]
        user: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verify the hash chain of every organization and of the installation
    Verify,
}

#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Encrypt all stored secrets again, with a new secret or the first of two in TOLLHOUSE_SECRET
    Rotate,
}

#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// List the newest jobs
    List {
        /// Only jobs of this kind
        #[arg(long)]
        kind: Option<String>,
        /// Only jobs in this state: waiting, running, done or dead
        #[arg(long)]
        state: Option<JobState>,
    },
    /// Retry dead jobs
    Replay {
        /// Job IDs
        #[arg(required_unless_present = "kind")]
        ids: Vec<Uuid>,
        /// Retry all dead jobs of this kind
        #[arg(long)]
        kind: Option<String>,
    },
}

#[derive(Args, Debug)]
pub struct DemoOptions {
    /// Number of calls
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub calls: u64,
    /// Number of days until now over which the calls are spread
    #[arg(long, default_value_t = 396, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// Seed of the random numbers; the same seed creates the same calls
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}
