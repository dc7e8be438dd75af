//! The command line's arguments.

mod grace;
mod keys;
mod limits;

use clap::{Args, Parser, Subcommand};
use domain::permissions::Role;
use services::jobs::JobState;
use uuid::Uuid;

pub(super) use grace::GracePeriod;
pub(super) use keys::{CreateKeyArgs, EditKeyArgs, KeyCommand};
pub(super) use limits::LimitEdits;

use super::{bodies::BodyEdits, calls::CallEdits};
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

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve dashboard, gateway and APIs; migrates first (the default)
    Serve,
    /// Bring the schema up to date; servers make the rest of the changes in the background
    Migrate {
        /// Show the schema's version, pending migrations and those in the background, and apply none
        #[arg(long)]
        status: bool,
    },
    /// Check configuration, database, clock and upstreams
    Doctor,
    /// Organizations
    #[command(subcommand)]
    Org(OrgCommand),
    /// People
    #[command(subcommand)]
    User(UserCommand),
    /// Who runs this server
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Projects
    #[command(subcommand)]
    Project(ProjectCommand),
    /// API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The secret that the server's stored secrets are sealed with
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Background jobs: how many wait, run or were given up
    Jobs {
        #[command(subcommand)]
        command: Option<JobCommand>,
    },
    /// Fill a demo organization, the same for the same seed
    Demo(DemoOptions),
}

#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Make an organization with a default project
    Create {
        #[arg(long)]
        name: String,
        /// Its IANA time zone
        #[arg(long, default_value = "UTC")]
        time_zone: String,
    },
    /// List all organizations
    List,
    /// Show whether and how what is said in an organization's calls is kept, or change it
    Bodies {
        /// The organization's id or slug
        #[arg(long)]
        org: String,
        #[command(flatten)]
        bodies: BodyEdits,
    },
    /// Show how long an organization's calls are kept, or change it
    Calls {
        /// The organization's id or slug
        #[arg(long)]
        org: String,
        #[command(flatten)]
        calls: CallEdits,
    },
    /// Show how fast an organization's keys may be used together, or change it
    Limits {
        /// The organization's id or slug
        org: String,
        #[command(flatten)]
        limits: LimitEdits,
    },
}

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user, or take an existing one, and add them to an organization
    Create {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// The organization's id or slug
        #[arg(long)]
        org: String,
        /// owner, admin, developer or viewer
        #[arg(long)]
        role: Role,
        /// Read the password from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Set a user's password and end all their sessions
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
    /// Make a user an operator
    Grant {
        #[arg(long)]
        email: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Make a project
    Create {
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
        #[arg(long)]
        org: String,
    },
    /// Show how fast a project's keys may be used together, or change it
    Limits {
        #[arg(long)]
        org: String,
        /// The project's id or slug
        #[arg(long)]
        project: String,
        #[command(flatten)]
        limits: LimitEdits,
    },
    /// Assign a project to a member
    Assign {
        #[arg(long)]
        org: String,
        /// The project's id or slug
        #[arg(long)]
        project: String,
        /// The member's mail address
        #[arg(long)]
        user: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Walk the hash chain of every organization
    Verify,
}

#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Seal all stored secrets anew: with a new secret, or with the first of two in TOLLHOUSE_SECRET
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
    /// Let jobs that were given up be tried again
    Replay {
        /// Ids of jobs
        #[arg(required_unless_present = "kind")]
        ids: Vec<Uuid>,
        /// All of this kind
        #[arg(long)]
        kind: Option<String>,
    },
}

#[derive(Args, Debug)]
pub struct DemoOptions {
    /// How many calls to make
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub calls: u64,
    /// Over how many days, until now
    #[arg(long, default_value_t = 396, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}
