//! Organizations and their projects.

use domain::permissions::Role;
use services::{ServiceError, organizations, projects};

use crate::support::field_error;

on_both_databases! {
    async fn every_organization_gets_a_slug_of_its_own(world: &World) {
        let mut slugs = Vec::new();
        for name in ["Acme", "ACME!", "Acme", "new", "Acme 2"] {
            slugs.push(organizations::create(&world.services, name, "UTC").await.unwrap().slug);
        }
        assert_eq!((&*slugs[0], &*slugs[4]), ("acme", "acme-2"));
        for (slug, stem) in slugs[1..4].iter().zip(["acme-", "acme-", "new-"]) {
            assert!(slug.strip_prefix(stem).is_some_and(|end| end.len() == 6), "{slug}");
        }
        let found = organizations::find(&world.services, &slugs[1]).await.unwrap();
        assert_eq!(organizations::find(&world.services, &found.id.to_string()).await.unwrap().name, "ACME!");
        assert_eq!(organizations::list(&world.services).await.unwrap().len(), 5);
    }

    async fn a_slug_doesnt_tell_whether_somebody_else_has_the_name(world: &World) {
        let suffix = async |name: &str, organization: &str| {
            let signed_in = world.sign_up(name, organization).await;
            let slug = world.actor_of(&signed_in).await.organization.slug;
            slug.strip_prefix("acme-").unwrap().to_owned()
        };
        let (first, second) = (suffix("Mira", "Acme").await, suffix("Eve", "ACME").await);
        assert!(first.len() == 6 && second.len() == 6 && first != second, "{first} {second}");
        // Nor does a project's slug, to a member who doesn't see the other projects.
        let admin = world.organization("Other", "UTC").await;
        world.project(&admin, "Secret").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        for name in ["Secret", "Unheard of"] {
            let slug = world.project(&developer, name).await.slug;
            assert!(slug.rsplit_once('-').is_some_and(|(_, end)| end.len() == 6), "{slug}");
        }
    }

    async fn slugs_stay_unique_when_many_sign_up_at_once(world: &World) {
        let made = (0..12).map(|_| organizations::create(&world.services, "Acme", "UTC"));
        let mut slugs: Vec<_> =
            futures::future::join_all(made).await.into_iter().map(|made| made.unwrap().slug).collect();
        slugs.sort();
        slugs.dedup();
        assert_eq!(slugs.len(), 12);
    }

    async fn wrong_input_is_named(world: &World) {
        field_error(organizations::create(&world.services, " ", "UTC").await, "name");
        field_error(organizations::create(&world.services, "Acme", "Berlin").await, "time_zone");
        let actor = world.organization("Acme", "UTC").await;
        field_error(projects::create(&world.services, &actor, "", "").await, "name");
        let project = world.default_project(&actor).await;
        field_error(projects::assign(&world.services, &actor, project, "nobody@example.com").await, "email");
    }

    async fn a_developer_sees_the_projects_assigned_to_them(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let developer = world.member(&admin.organization, "Dev", Role::Developer).await;
        let assigned = world.project(&admin, "Website").await;
        world.project(&admin, "Secret").await;
        assert_eq!(projects::list(&world.services, &developer).await.unwrap(), []);
        world.assign(&admin, assigned.id, "Dev").await;
        world.assign(&admin, assigned.id, "Dev").await;
        assert_eq!(projects::list(&world.services, &developer).await.unwrap(), [assigned]);
        assert!(matches!(projects::find(&world.services, &developer, "secret").await, Err(ServiceError::NotFound)));
        // A project's creator is a member of it.
        let own = world.project(&developer, "Experiment").await;
        assert!(projects::list(&world.services, &developer).await.unwrap().contains(&own));
    }

    async fn only_administrators_change_settings_and_assign(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        for role in [Role::Viewer, Role::Developer] {
            let member = world.member(&admin.organization, role.name(), role).await;
            let settings = organizations::settings(&world.services, &member).await;
            assert!(matches!(settings, Err(ServiceError::Forbidden(_))));
            let assigned = projects::assign(&world.services, &member, project, "x@example.com").await;
            assert!(matches!(assigned, Err(ServiceError::Forbidden(_))));
        }
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(matches!(projects::create(&world.services, &viewer, "P", "").await, Err(ServiceError::Forbidden(_))));
    }
}
