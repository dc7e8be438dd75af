//! What members chose for the dashboard.

use domain::{calls::LogColumn, permissions::Role};
use services::{Actor, ServiceError, former_members, member_settings};

use crate::support::field_error;

on_both_databases! {
    async fn each_member_keeps_the_columns_they_chose(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let ada = world.member(&admin.organization, "Ada", Role::Admin).await;
        let columns = async |actor: &Actor| member_settings::log_columns(&world.services, actor).await.unwrap();
        let set = async |columns: &[LogColumn]| member_settings::set_log_columns(&world.services, &olga, columns).await;
        assert_eq!(columns(&olga).await, LogColumn::DEFAULT);

        set(&[LogColumn::Cost, LogColumn::Provider, LogColumn::Cost]).await.unwrap();
        assert_eq!(columns(&olga).await, [LogColumn::Provider, LogColumn::Cost]);
        assert_eq!(columns(&ada).await, LogColumn::DEFAULT);
        set(&[LogColumn::Id]).await.unwrap();
        assert_eq!(columns(&olga).await, [LogColumn::Id]);
        field_error(set(&[]).await, "columns");
        assert_eq!(columns(&olga).await, [LogColumn::Id]);

        // The default is no choice.
        set(&LogColumn::DEFAULT).await.unwrap();
        set(&LogColumn::DEFAULT).await.unwrap();
        assert_eq!(columns(&olga).await, LogColumn::DEFAULT);
        assert_eq!(world.count("member_settings").await, 0);
    }

    async fn columns_of_a_newer_server_are_left_out(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        member_settings::set_log_columns(&world.services, &olga, &[LogColumn::Id]).await.unwrap();
        world.execute(r#"UPDATE member_settings SET value = '["mood", "cost"]'"#).await;
        let columns = member_settings::log_columns(&world.services, &olga).await.unwrap();
        assert_eq!(columns, [LogColumn::Cost]);
    }

    async fn settings_go_with_their_member(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let ada = world.member(&admin.organization, "Ada", Role::Admin).await;
        for member in [&olga, &ada] {
            member_settings::set_log_columns(&world.services, member, &[LogColumn::Id]).await.unwrap();
        }
        world.execute("DELETE FROM memberships WHERE user_id IN (SELECT id FROM users WHERE name = 'Olga')").await;
        former_members::delete_rows(&world.services).await.unwrap();
        assert_eq!(world.count("member_settings").await, 1);
        assert_eq!(member_settings::log_columns(&world.services, &ada).await.unwrap(), [LogColumn::Id]);
    }

    async fn only_members_have_settings(world: &World) {
        let operator = world.organization("Acme", "UTC").await;
        let columns = member_settings::log_columns(&world.services, &operator).await;
        assert!(matches!(columns, Err(ServiceError::Forbidden(_))));
        let set = member_settings::set_log_columns(&world.services, &operator, &[LogColumn::Id]).await;
        assert!(matches!(set, Err(ServiceError::Forbidden(_))));
    }
}
