//! The projects that a file may hold: whoever loses access to one of them afterwards doesn't get the file.

use std::collections::BTreeSet;

use domain::ids::ProjectId;

use crate::{ServiceError, ServiceResult, projects::ProjectScope};

/// The text that is stored for `scope`; `None` for all projects.
pub(super) fn to_text(scope: &ProjectScope) -> Option<String> {
    let ProjectScope::Only(projects) = scope else { return None };
    let sorted: BTreeSet<String> = projects.iter().map(ToString::to_string).collect();
    Some(sorted.into_iter().collect::<Vec<_>>().join(" "))
}

/// Whether everything that was within the stored scope is within `scope`.
pub(super) fn is_within(stored: Option<&str>, scope: &ProjectScope) -> ServiceResult<bool> {
    let Some(stored) = stored else { return Ok(*scope == ProjectScope::All) };
    for project in stored.split_whitespace() {
        let project: ProjectId =
            project.parse().map_err(|error| ServiceError::Internal(format!("scope of an export: {error}")))?;
        if !scope.contains(project) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;

    fn only(projects: &[u128]) -> ProjectScope {
        ProjectScope::Only(projects.iter().map(|id| ProjectId::new(Uuid::from_u128(*id))).collect::<HashSet<_>>())
    }

    #[test]
    fn a_file_of_more_projects_than_are_reached_now_is_out_of_reach() {
        let is_within = |before: &ProjectScope, now: &ProjectScope| is_within(to_text(before).as_deref(), now).unwrap();
        assert!(is_within(&ProjectScope::All, &ProjectScope::All));
        assert!(!is_within(&ProjectScope::All, &only(&[1, 2])));
        assert!(is_within(&only(&[1, 2]), &ProjectScope::All));
        assert!(is_within(&only(&[1]), &only(&[1, 2])));
        assert!(!is_within(&only(&[1, 2]), &only(&[1])));
        assert!(is_within(&only(&[]), &only(&[])));
    }
}
