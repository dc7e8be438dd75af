use std::collections::HashMap;

use super::*;

/// The reach of every permission for every role.
const ROLES: &str = "
    permission          viewer        developer     admin         owner
    ViewOverview        Organization  Assigned      Organization  Organization
    ViewApiKeys         -             Own           Organization  Organization
    ManageApiKeys       -             Own           Organization  Organization
    ViewAdminKeys       -             -             Organization  Organization
    ManageAdminKeys     -             -             Organization  Organization
    ViewLogs            -             Assigned      Organization  Organization
    ViewBodies          -             Assigned      Organization  Organization
    ViewUsage           Organization  Assigned      Organization  Organization
    CreateProject       -             Organization  Organization  Organization
    ManageSettings      -             -             Organization  Organization
    ViewAuditLog        -             -             Organization  Organization
    ViewNotifications   -             Own           Own           Own
    SendEvents          -             -             Organization  Organization
    VerifyKeys          -             -             Organization  Organization
    AuthorizeRequests   -             -             Organization  Organization
";

/// The reach of every permission that a scope gives to a key of each level. All others are for no key.
const KEYS: &str = "
    scope                 permission          read      standard  admin
    usage.read            ViewUsage           Assigned  -         Organization
    api_keys.read         ViewApiKeys         -         -         Organization
    api_keys.write        ManageApiKeys       -         -         Organization
    admin_api_keys.read   ViewAdminKeys       -         -         Organization
    admin_api_keys.write  ManageAdminKeys     -         -         Organization
    events.write          SendEvents          -         -         Organization
    keys.verify           VerifyKeys          -         -         Organization
    authz                 AuthorizeRequests   -         -         Organization
";

/// The cells of a table's lines, without its head.
fn cells(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().filter(|line| !line.trim().is_empty()).skip(1).map(|line| line.split_whitespace().collect())
}

fn cell(reach: Option<Reach>) -> String {
    reach.map_or_else(|| "-".to_owned(), |reach| format!("{reach:?}"))
}

#[test]
fn each_role_may_do_what_the_table_says() {
    let rows: Vec<_> = cells(ROLES).collect();
    assert_eq!(rows.len(), Permission::ALL.len());
    for (row, permission) in rows.iter().zip(Permission::ALL) {
        let reaches = Role::ALL.map(|role| cell(reach(role, permission)));
        assert_eq!(row[0], format!("{permission:?}"));
        assert_eq!(row[1..], reaches, "{permission:?}");
    }
}

#[test]
fn a_key_of_each_level_may_do_what_the_table_says_for_each_of_its_scopes() {
    let mut expected = HashMap::new();
    for row in cells(KEYS) {
        for (level, reach) in Level::ALL.into_iter().zip(&row[2..]) {
            expected.insert((row[0].to_owned(), level, row[1].to_owned()), (*reach).to_owned());
        }
    }
    let by_scope = |level, scope: Scope, permission: Permission| {
        let key = (scope.name().to_owned(), level, format!("{permission:?}"));
        expected.get(&key).map_or("-", String::as_str)
    };
    for level in Level::ALL {
        for permission in Permission::ALL {
            let of = |scopes: &[Scope]| cell(reach_of_key(level, scopes, permission));
            let by_scopes = |scopes: &[Scope]| {
                scopes
                    .iter()
                    .map(|scope| by_scope(level, *scope, permission))
                    .find(|reach| *reach != "-")
                    .unwrap_or("-")
            };
            assert_eq!(of(&[]), by_scopes(&Scope::ALL), "{level} without a list, {permission:?}");
            assert_eq!(of(&Scope::ALL), by_scopes(&Scope::ALL), "{level} with all scopes, {permission:?}");
            for first in Scope::ALL {
                for second in Scope::ALL {
                    let scopes = [first, second];
                    assert_eq!(of(&scopes), by_scopes(&scopes), "{level} with {first} and {second}, {permission:?}");
                }
            }
        }
    }
}

#[test]
fn each_scope_beyond_inference_belongs_to_one_permission() {
    for scope in Scope::ALL {
        let permissions = Permission::ALL.into_iter().filter(|permission| permission.scope() == Some(scope)).count();
        assert_eq!(permissions, usize::from(scope.group() != "Inference"), "{scope}");
    }
}

#[test]
fn organizations_and_the_installation_are_reached_as_a_whole() {
    let all = [Reach::Own, Reach::Assigned, Reach::Managed, Reach::Organization, Reach::Installation];
    assert_eq!(all.map(Reach::is_organization_wide), [false, false, false, true, true]);
}

#[test]
fn a_viewer_reads_usage_and_nothing_else() {
    for permission in Permission::ALL {
        let reads_usage = matches!(permission, Permission::ViewOverview | Permission::ViewUsage);
        assert_eq!(may(Role::Viewer, permission), reads_usage, "{permission:?}");
    }
}

#[test]
fn owners_and_admins_reach_the_whole_organization() {
    for permission in Permission::ALL {
        // Each member has an inbox of their own, in every role.
        let expected = if permission == Permission::ViewNotifications { Reach::Own } else { Reach::Organization };
        assert_eq!(reach(Role::Owner, permission), Some(expected));
        assert_eq!(reach(Role::Admin, permission), Some(expected));
    }
}

#[test]
fn a_developer_stays_within_assigned_projects() {
    assert_eq!(reach(Role::Developer, Permission::ViewUsage), Some(Reach::Assigned));
    assert_eq!(reach(Role::Developer, Permission::ManageApiKeys), Some(Reach::Own));
    assert!(!may(Role::Developer, Permission::ManageAdminKeys));
}

#[test]
fn a_read_key_reads_its_projects_usage_and_a_standard_key_manages_nothing() {
    for permission in Permission::ALL {
        let expected = (permission == Permission::ViewUsage).then_some(Reach::Assigned);
        assert_eq!(reach_of_key(Level::Read, &[], permission), expected, "{permission:?}");
        assert_eq!(reach_of_key(Level::Standard, &[], permission), None, "{permission:?}");
    }
}

#[test]
fn an_admin_key_does_what_its_scopes_say() {
    let scopes = [Scope::ApiKeysRead];
    assert_eq!(reach_of_key(Level::Admin, &scopes, Permission::ViewApiKeys), Some(Reach::Organization));
    assert_eq!(reach_of_key(Level::Admin, &scopes, Permission::ManageApiKeys), None);
    assert_eq!(reach_of_key(Level::Admin, &[], Permission::ManageAdminKeys), Some(Reach::Organization));
    assert_eq!(reach_of_key(Level::Admin, &[], Permission::ManageSettings), None);
}
