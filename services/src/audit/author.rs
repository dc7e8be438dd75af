//! Authors of audit entries.

use std::net::IpAddr;

use domain::ids::UserId;
use uuid::Uuid;

use crate::{Actor, ActorKind, OperatorSource, SystemTask};

/// The author of an entry.
///
/// Entries are hashed and never rewritten, so the kinds of earlier versions stay in the log: `command_line` of
/// the operator, and `leak_report` of the task. What is shown of an entry is the name in it.
#[derive(Clone, Debug)]
pub(crate) struct AuditAuthor {
    pub(super) kind: &'static str,
    pub(super) id: Option<Uuid>,
    pub(super) name: String,
    pub(super) ip: Option<IpAddr>,
}

impl AuditAuthor {
    /// The rows that the permissions of a member or key depend on must be locked, as
    /// [`AuditedChange`](crate::audited_change::AuditedChange) does.
    pub(crate) fn of(actor: &Actor) -> Self {
        match &actor.kind {
            ActorKind::Member { id, name, .. } => Self::member(*id, name, actor.ip),
            ActorKind::ApiKey { id, name, .. } => {
                Self { kind: "api_key", id: Some(id.uuid()), name: name.clone(), ip: actor.ip }
            }
            ActorKind::Operator(source) => Self { ip: actor.ip, ..Self::operator(*source) },
            ActorKind::System(task) => {
                Self { kind: "system", id: None, name: task_name(*task).to_owned(), ip: actor.ip }
            }
        }
    }

    pub(crate) fn member(id: UserId, name: &str, ip: Option<IpAddr>) -> Self {
        Self { kind: "member", id: Some(id.uuid()), name: name.to_owned(), ip }
    }

    /// The operator, who also acts outside organizations.
    pub(crate) fn operator(source: OperatorSource) -> Self {
        let name = match source {
            OperatorSource::CommandLine => "Command line",
            OperatorSource::ConfigurationFile => "Configuration file",
        };
        Self { kind: "operator", id: None, name: name.to_owned(), ip: None }
    }

    /// An unknown client that sent a wrong password.
    pub(crate) fn anonymous(ip: Option<IpAddr>) -> Self {
        Self { kind: "somebody", id: None, name: "Somebody".to_owned(), ip }
    }
}

const fn task_name(task: SystemTask) -> &'static str {
    match task {
        SystemTask::LeakReport => "Leak report",
    }
}
