//! Revocation of keys.

use domain::{api_keys::Status, ids::ApiKeyId};
use services::{
    ServiceError,
    api_keys::{self, MAX_REVOKED_AT_ONCE},
};

use crate::support::{StoredKey, field_error};

on_both_databases! {
    async fn revoking_is_for_good_and_doing_it_again_changes_nothing(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        api_keys::revoke(&world.services, &admin, &[key.id]).await.unwrap();
        let revoked_at = world.services.now();
        let entries = world.count("audit_entries").await;
        world.clock.forward_minutes(5);
        api_keys::revoke(&world.services, &admin, &[key.id, key.id]).await.unwrap();
        api_keys::revoke(&world.services, &admin, &[]).await.unwrap();
        let listed = world.keys(&admin).await;
        assert_eq!((listed[0].status, listed[0].revoked_at), (Status::Revoked, Some(revoked_at)));
        assert_eq!(world.count("audit_entries").await, entries);
        assert_eq!(world.count("changes").await, 1);
        let organization = api_keys::find_organization_of(&world.services, key.id).await.unwrap();
        assert_eq!(organization.id, admin.organization.id);
    }

    async fn as_many_as_may_be_are_revoked_at_once_each_with_its_entry(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let now = world.services.now();
        let stored: Vec<StoredKey> = (0..MAX_REVOKED_AT_ONCE).map(|_| StoredKey::new("web", project, now)).collect();
        world.store_keys(&admin.organization, &stored).await;
        let ids: Vec<ApiKeyId> = stored.iter().map(|key| key.id).collect();
        api_keys::revoke(&world.services, &admin, &ids[..2]).await.unwrap();
        let entries = world.count("audit_entries").await;
        api_keys::revoke(&world.services, &admin, &ids).await.unwrap();
        assert_eq!(world.count("api_keys WHERE revoked_at IS NULL").await, 0);
        assert_eq!(world.count("audit_entries").await, entries + 498);
        assert_eq!(world.count("changes").await, 500);
        assert_eq!(services::audit::verify(&world.services).await.unwrap().first_break, None);
    }

    async fn all_are_revoked_or_none(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let other = world.organization("Other", "UTC").await;
        let project = world.default_project(&admin).await;
        let key = world.key(&admin, project, "web").await;
        let theirs = world.key(&other, world.default_project(&other).await, "web").await;
        let entries = world.count("audit_entries").await;
        for wrong in [theirs.id, ApiKeyId::new(uuid::Uuid::max())] {
            let refused = api_keys::revoke(&world.services, &admin, &[key.id, wrong]).await;
            assert!(matches!(refused, Err(ServiceError::NotFound)), "{refused:?}");
        }
        assert_eq!(world.keys(&admin).await[0].status, Status::Active);
        assert_eq!(world.keys(&other).await[0].status, Status::Active);
        assert_eq!((world.count("audit_entries").await, world.count("changes").await), (entries, 0));
        let many = vec![key.id; MAX_REVOKED_AT_ONCE + 1];
        field_error(api_keys::revoke(&world.services, &admin, &many).await, "ids");
    }
}
