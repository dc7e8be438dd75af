//! The audit chain.

use domain::permissions::Role;
use sea_orm::{ConnectionTrait, Statement};
use services::{accounts, api_keys, audit};

use crate::support::{World, device};

async fn run(world: &World, sql: &str) {
    let transaction = world.services.database().begin().await.unwrap();
    transaction.execute_unprepared(sql).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn actions(world: &World) -> Vec<String> {
    let read = world.services.database().read();
    let sql = "SELECT action FROM audit_entries ORDER BY organization_id, sequence";
    let rows = read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "action").unwrap()).collect()
}

on_both_databases! {
    async fn every_change_is_told_and_the_chain_holds(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let actor = world.actor_of(&signed_in).await;
        let project = world.default_project(&actor).await;
        let key = world.key(&actor, project, "web").await;
        api_keys::revoke(&world.services, &actor, &[key.id]).await.unwrap();
        accounts::rename(&world.services, &signed_in.user, "Mira Lang", &device()).await.unwrap();
        accounts::sign_out(&world.services, &signed_in.user, &device()).await.unwrap();
        assert_eq!(actions(world).await, [
            "organization.created",
            "project.created",
            "member.added",
            "session.signed_in",
            "api_key.created",
            "api_key.revoked",
            "user.renamed",
            "session.signed_out",
        ]);
        let verified = audit::verify(&world.services).await.unwrap();
        assert_eq!((verified.organizations, verified.entries, verified.first_break), (1, 8, None));
    }

    async fn a_refused_change_leaves_no_entry(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let before = actions(world).await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let project = world.default_project(&admin).await;
        let _ = api_keys::create(&world.services, &viewer, crate::support::new_key(project, "x")).await.unwrap_err();
        assert_eq!(actions(world).await.len(), before.len() + 1);
    }

    async fn what_happens_to_an_account_is_told_in_each_of_its_organizations(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        let other = world.organization("Other", "UTC").await.organization;
        let sql = format!(
            "INSERT INTO memberships (organization_id, user_id, role, created_at) \
             SELECT o.id, u.id, 'viewer', 1 FROM organizations o, users u WHERE o.slug = '{}'",
            other.slug
        );
        run(world, &sql).await;
        accounts::sign_out(&world.services, &signed_in.user, &device()).await.unwrap();
        let sign_outs = actions(world).await.into_iter().filter(|action| action == "session.signed_out").count();
        assert_eq!(sign_outs, 2);
        assert_eq!(audit::verify(&world.services).await.unwrap().first_break, None);
    }

    async fn tampering_is_found_where_it_happened(world: &World) {
        let first_break = async || audit::verify(&world.services).await.unwrap().first_break;
        let admin = world.organization("Acme", "UTC").await;
        for name in ["A", "B", "C"] {
            world.project(&admin, name).await;
        }
        assert_eq!(first_break().await, None);
        run(world, "UPDATE audit_entries SET actor_name = 'Nobody' WHERE sequence = 2").await;
        let found = first_break().await.unwrap();
        assert_eq!((found.sequence, found.organization), (2, admin.organization.id));
        run(world, "UPDATE audit_entries SET actor_name = 'Command line' WHERE sequence = 2").await;
        assert_eq!(first_break().await, None);
        run(world, "UPDATE audit_entries SET previous_hash = hash WHERE sequence = 3").await;
        assert_eq!(first_break().await.unwrap().sequence, 3);
        run(world, "DELETE FROM audit_entries WHERE sequence = 3").await;
        assert_eq!(first_break().await.unwrap().sequence, 3);
        run(world, "DELETE FROM audit_entries WHERE sequence > 3").await;
        assert!(first_break().await.unwrap().reason.contains("end"));
        run(world, "DELETE FROM audit_entries").await;
        run(world, "DELETE FROM audit_heads").await;
        assert_eq!(first_break().await.unwrap().sequence, 1);
    }

    async fn many_writers_at_once_keep_the_chain_whole(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let names: Vec<String> = (0..40).map(|number| format!("Project {number}")).collect();
        let made = names.iter().map(|name| world.project(&admin, name));
        futures::future::join_all(made).await;
        let verified = audit::verify(&world.services).await.unwrap();
        assert_eq!((verified.entries, verified.first_break), (42, None));
    }
}
