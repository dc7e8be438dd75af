//! The audit chain.

use domain::{ids::OrganizationId, permissions::Role};
use sea_orm::{ConnectionTrait, Statement, Value};
use services::{Quotas, accounts, api_keys, audit};
use sha2::{Digest, Sha256};
use uuid::Uuid;

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

/// Actor kind, actor name, action and target of the installation's entries, in their order.
async fn installation_entries(world: &World) -> Vec<[String; 4]> {
    let read = world.services.database().read();
    let sql = "SELECT actor_kind, actor_name, action, target_id FROM audit_entries \
               WHERE organization_id = $1 ORDER BY sequence";
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, [Uuid::nil().into()]);
    let rows = read.query_all_raw(statement).await.unwrap();
    let columns = ["actor_kind", "actor_name", "action", "target_id"];
    rows.iter().map(|row| columns.map(|column| row.try_get("", column).unwrap())).collect()
}

/// Appends an entry about a key as earlier versions wrote it, hashed in the form that the log's head describes.
async fn append_old_entry(world: &World, organization: OrganizationId, kind: &str, name: &str, target: &str) {
    let organization = organization.uuid();
    let transaction = world.services.database().begin().await.unwrap();
    let statement = |sql: &str, values: Vec<Value>| {
        Statement::from_sql_and_values(world.services.database().read().get_database_backend(), sql, values)
    };
    let sql = "SELECT sequence, hash FROM audit_heads WHERE organization_id = $1";
    let head = transaction.query_one_raw(statement(sql, vec![organization.into()])).await.unwrap().unwrap();
    let sequence = head.try_get::<i64>("", "sequence").unwrap() + 1;
    let previous_hash: Vec<u8> = head.try_get("", "hash").unwrap();
    let (at, action) = (1_i64, "api_key.edited");

    let mut hash = Sha256::new();
    let bytes = |hash: &mut Sha256, bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    bytes(&mut hash, b"tollhouse audit 1");
    bytes(&mut hash, organization.as_bytes());
    hash.update(sequence.to_be_bytes());
    hash.update(at.to_be_bytes());
    bytes(&mut hash, kind.as_bytes());
    hash.update([0]);
    for text in [name, action, "api_key", target, ""] {
        bytes(&mut hash, text.as_bytes());
    }
    hash.update([0, 0]);
    bytes(&mut hash, &previous_hash);
    let hash = hash.finalize().to_vec();

    let sql = "INSERT INTO audit_entries (organization_id, sequence, at, actor_kind, actor_name, action, target_kind, \
               target_id, ip, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, 'api_key', $7, '', $8, $9)";
    let values: [Value; 9] = [
        organization.into(),
        sequence.into(),
        at.into(),
        kind.into(),
        name.into(),
        action.into(),
        target.into(),
        previous_hash.into(),
        hash.clone().into(),
    ];
    transaction.execute_raw(statement(sql, values.to_vec())).await.unwrap();
    let sql = "UPDATE audit_heads SET sequence = $1, hash = $2 WHERE organization_id = $3";
    let values = vec![sequence.into(), hash.into(), organization.into()];
    transaction.execute_raw(statement(sql, values)).await.unwrap();
    transaction.commit().await.unwrap();
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
        assert_eq!(verified.installation, 0);
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
        assert_eq!((found.sequence, found.organization), (2, Some(admin.organization.id)));
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

    async fn what_the_operator_does_outside_organizations_is_in_the_installations_chain(world: &World) {
        let services = &world.services;
        let admin = world.organization("Acme", "UTC").await;
        let signed_in = world.sign_up("Mira", "Other").await;
        accounts::grant_operator(services, "mira@example.com").await.unwrap();
        world.offer("gpt-x", "1").await;
        world.offer("gpt-x", "1").await;
        for sessions in [Quotas::default().sessions, 2, 2, 3] {
            services.set_quotas(Quotas { sessions, ..Quotas::default() }).await.unwrap();
        }
        let (organization, user) = (admin.organization.id.to_string(), signed_in.user.user_id.to_string());
        let entries = installation_entries(world).await;
        assert_eq!(entries, [
            ["operator", "Command line", "organization.created", &organization],
            ["operator", "Command line", "user.operator_granted", &user],
            ["operator", "Command line", "model.price_changed", "gpt-x"],
            ["operator", "Configuration file", "quotas.changed", "quotas"],
            ["operator", "Configuration file", "quotas.changed", "quotas"],
        ]);
        // What concerns an organization is in its own chain too.
        assert_eq!(actions(world).await.into_iter().filter(|action| action == "organization.created").count(), 3);
        assert_eq!(actions(world).await.into_iter().filter(|action| action == "user.operator_granted").count(), 2);
        let verified = audit::verify(services).await.unwrap();
        assert_eq!((verified.organizations, verified.installation, verified.first_break), (2, 5, None));
    }

    async fn a_price_and_quotas_are_told_as_they_were_and_as_they_are(world: &World) {
        world.offer("gpt-x", "1").await;
        world.offer("gpt-x", "3").await;
        world.services.set_quotas(Quotas { keys: 7, ..Quotas::default() }).await.unwrap();
        let sql = "SELECT before, after FROM audit_entries ORDER BY sequence";
        let states: Vec<[Option<serde_json::Value>; 2]> = world.rows(sql).await.iter().map(|row| {
            let state = |column| row.try_get::<Option<String>>("", column).unwrap();
            ["before", "after"].map(|column| state(column).map(|text| serde_json::from_str(&text).unwrap()))
        }).collect();
        let price = |input: &str| serde_json::json!({ "input_per_million": input, "output_per_million": "2.00" });
        assert_eq!(states[0], [None, Some(price("1.00"))]);
        assert_eq!(states[1], [Some(price("1.00")), Some(price("3.00"))]);
        let keys = |state: &Option<serde_json::Value>| state.as_ref().unwrap()["keys"].as_u64().unwrap();
        assert_eq!((keys(&states[2][0]), keys(&states[2][1])), (u64::from(Quotas::default().keys), 7));
    }

    async fn what_concerns_a_user_of_no_organization_is_in_the_installations_chain(world: &World) {
        let signed_in = world.sign_up("Mira", "Acme").await;
        world.execute("DELETE FROM memberships").await;
        accounts::grant_operator(&world.services, "mira@example.com").await.unwrap();
        accounts::sign_out(&world.services, &signed_in.user, &device()).await.unwrap();
        let entries = installation_entries(world).await;
        let authors: Vec<_> = entries.iter().map(|[kind, name, action, _]| [kind, name, action]).collect();
        assert_eq!(authors, [
            ["operator", "Command line", "user.operator_granted"],
            ["member", "Mira", "session.signed_out"],
        ]);
        assert_eq!(audit::verify(&world.services).await.unwrap().first_break, None);
    }

    async fn tampering_with_the_installations_chain_is_found(world: &World) {
        let first_break = async || audit::verify(&world.services).await.unwrap().first_break;
        for name in ["A", "B", "C"] {
            world.organization(name, "UTC").await;
        }
        assert_eq!(first_break().await, None);
        let of_installation = "target_kind = 'organization' AND sequence";
        run(world, &format!("UPDATE audit_entries SET target_id = 'x' WHERE {of_installation} = 2")).await;
        let found = first_break().await.unwrap();
        assert_eq!((found.sequence, found.organization), (2, None));
        run(world, &format!("DELETE FROM audit_entries WHERE {of_installation} > 1")).await;
        let found = first_break().await.unwrap();
        assert_eq!((found.sequence, found.organization), (2, None));
        assert!(found.reason.contains("end"));
    }

    async fn entries_of_earlier_versions_stay_as_they_are_and_are_read(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let key = world.key(&admin, world.default_project(&admin).await, "web").await;
        let old = [("command_line", "Command line"), ("somebody", "Somebody"), ("leak_report", "Leak report")];
        for (kind, name) in old {
            append_old_entry(world, admin.organization.id, kind, name, &key.id.to_string()).await;
        }
        api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();
        assert_eq!(audit::verify(&world.services).await.unwrap().first_break, None);
        let history = api_keys::history(&world.services, &admin, key.id).await.unwrap();
        let actors: Vec<_> = history.iter().map(|entry| entry.actor.as_str()).collect();
        assert_eq!(actors, ["Command line", "Leak report", "Somebody", "Command line", "Command line"]);
        let sql = "SELECT actor_kind FROM audit_entries WHERE target_kind = 'api_key' ORDER BY sequence";
        let kinds: Vec<String> =
            world.rows(sql).await.iter().map(|row| row.try_get("", "actor_kind").unwrap()).collect();
        assert_eq!(kinds, ["operator", "command_line", "somebody", "leak_report", "operator"]);
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
