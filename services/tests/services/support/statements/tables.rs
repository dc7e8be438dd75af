//! The places of tables in a distributed database, as `docs/citus.sql` has them.

use std::collections::BTreeSet;

const SCRIPT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/citus.sql"));
/// What precedes the names of tables that stay on the coordinator.
const LOCAL: &str = "-- local:";

/// Tables by where their rows are.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Distributed by `organization_id`.
    pub(crate) distributed: BTreeSet<String>,
    /// Copied to all machines.
    pub(crate) reference: BTreeSet<String>,
    /// On the coordinator alone.
    pub(crate) local: BTreeSet<String>,
}

impl Tables {
    /// The tables of the script.
    pub(crate) fn documented() -> Self {
        let mut tables = Self::default();
        for line in SCRIPT.lines() {
            if let Some(names) = line.strip_prefix(LOCAL) {
                tables.local.extend(names.split(',').map(|name| name.trim().to_owned()));
            } else if let Some(name) = argument(line, "create_reference_table") {
                tables.reference.insert(name);
            } else if let Some(name) = argument(line, "create_distributed_table") {
                assert!(line.contains("'organization_id'"), "{line}");
                tables.distributed.insert(name);
            }
        }
        tables
    }

    /// All tables, sorted; one that is named twice is there twice.
    pub(crate) fn all(&self) -> Vec<&str> {
        let mut all: Vec<&str> =
            [&self.distributed, &self.reference, &self.local].into_iter().flatten().map(String::as_str).collect();
        all.sort_unstable();
        all
    }
}

/// The first argument, a text, of this function's call in a line.
fn argument(line: &str, function: &str) -> Option<String> {
    let (_, arguments) = line.strip_prefix("SELECT ")?.split_once(&format!("{function}('"))?;
    arguments.split('\'').next().map(str::to_owned)
}
