//! Projects: containers for keys, usage and access.

use serde::{Deserialize, Serialize};

use crate::ids::ProjectId;

/// A project as its organization's members see it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub slug: String,
    pub description: String,
    pub archived: bool,
}

/// A reference to a project.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProjectRef {
    pub id: ProjectId,
    pub name: String,
}
