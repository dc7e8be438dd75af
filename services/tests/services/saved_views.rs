//! Saved views: personal ones exist for their member only, shared ones for all who see the page.

use domain::{
    permissions::Role,
    saved_views::{MAX_SAVED_VIEWS, NewSavedView, SavedView, SavedViewChanges, ViewedPage},
};
use services::{Actor, ServiceError, ServiceResult, former_members, saved_views};

use crate::support::{World, field_error};

fn new_view(page: ViewedPage, name: &str, shared: bool) -> NewSavedView {
    NewSavedView { page, name: name.to_owned(), query: "status=errors&range=7d".to_owned(), shared }
}

async fn save(world: &World, actor: &Actor, page: ViewedPage, name: &str, shared: bool) -> ServiceResult<SavedView> {
    saved_views::create(&world.services, actor, new_view(page, name, shared)).await
}

async fn names(world: &World, actor: &Actor) -> Vec<String> {
    let views = saved_views::list(&world.services, actor).await.unwrap();
    views.into_iter().map(|view| view.name).collect()
}

fn renamed(name: &str) -> SavedViewChanges {
    SavedViewChanges { name: Some(name.to_owned()), shared: None }
}

fn set_shared(shared: bool) -> SavedViewChanges {
    SavedViewChanges { name: None, shared: Some(shared) }
}

/// Number of entries about views in the audit log.
async fn audited(world: &World) -> i64 {
    world.count("audit_entries WHERE action LIKE 'saved_view.%'").await
}

on_both_databases! {
    async fn a_personal_view_exists_for_its_member_only(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let dev = world.member(&admin.organization, "Dev", Role::Developer).await;
        let view = save(world, &dev, ViewedPage::Logs, " Errors ", false).await.unwrap();
        assert_eq!((view.name.as_str(), view.own, view.shared), ("Errors", true, false));
        assert_eq!(saved_views::list(&world.services, &dev).await.unwrap(), std::slice::from_ref(&view));
        assert_eq!(names(world, &olga).await, Vec::<String>::new());
        for attempt in [
            saved_views::edit(&world.services, &olga, view.id, renamed("Mine")).await,
            saved_views::delete(&world.services, &olga, view.id).await,
        ] {
            assert!(matches!(attempt, Err(ServiceError::NotFound)));
        }
        saved_views::edit(&world.services, &dev, view.id, renamed("Mine")).await.unwrap();
        field_error(saved_views::edit(&world.services, &dev, view.id, renamed(" ")).await, "name");
        assert_eq!(names(world, &dev).await, ["Mine"]);
        saved_views::delete(&world.services, &dev, view.id).await.unwrap();
        let again = saved_views::delete(&world.services, &dev, view.id).await;
        assert!(matches!(again, Err(ServiceError::NotFound)));
        assert_eq!((names(world, &dev).await, audited(world).await), (Vec::new(), 0));
    }

    async fn a_shared_view_is_seen_by_all_who_see_its_page(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let adam = world.member(&admin.organization, "Adam", Role::Admin).await;
        let dev = world.member(&admin.organization, "Dev", Role::Developer).await;
        let viewer = world.member(&admin.organization, "Vera", Role::Viewer).await;
        let log = save(world, &olga, ViewedPage::Logs, "Errors", true).await.unwrap();
        save(world, &olga, ViewedPage::Usage, "Spend", true).await.unwrap();
        assert_eq!(names(world, &dev).await, ["Errors", "Spend"]);
        assert_eq!(names(world, &viewer).await, ["Spend"], "viewers see no log");
        assert!(saved_views::list(&world.services, &dev).await.unwrap().iter().all(|view| view.shared && !view.own));
        assert_eq!(audited(world).await, 2);

        // Only who may change settings shares views, and changes shared ones.
        let forbidden = |result: ServiceResult<()>| assert!(matches!(result, Err(ServiceError::Forbidden(_))));
        forbidden(save(world, &dev, ViewedPage::Logs, "Ours", true).await.map(drop));
        forbidden(save(world, &viewer, ViewedPage::Logs, "Mine", false).await.map(drop));
        let own = save(world, &dev, ViewedPage::Logs, "Own", false).await.unwrap();
        forbidden(saved_views::edit(&world.services, &dev, own.id, set_shared(true)).await);
        forbidden(saved_views::edit(&world.services, &dev, log.id, renamed("Ours")).await);
        forbidden(saved_views::delete(&world.services, &dev, log.id).await);
        let unseen = saved_views::delete(&world.services, &viewer, log.id).await;
        assert!(matches!(unseen, Err(ServiceError::NotFound)), "it isn't said to whom the page isn't shown");

        saved_views::edit(&world.services, &adam, log.id, renamed("Failures")).await.unwrap();
        saved_views::edit(&world.services, &adam, log.id, set_shared(false)).await.unwrap();
        assert_eq!(names(world, &adam).await, ["Spend"]);
        assert_eq!(names(world, &olga).await, ["Failures", "Spend"], "it is its member's again");
        saved_views::edit(&world.services, &olga, log.id, set_shared(true)).await.unwrap();
        saved_views::delete(&world.services, &adam, log.id).await.unwrap();
        assert_eq!(audited(world).await, 2 + 4);
    }

    async fn another_organizations_views_do_not_exist(world: &World) {
        let (acme, other) = (world.organization("Acme", "UTC").await, world.organization("Other", "UTC").await);
        let olga = world.member(&acme.organization, "Olga", Role::Owner).await;
        let eve = world.member(&other.organization, "Eve", Role::Owner).await;
        let view = save(world, &olga, ViewedPage::Usage, "Spend", true).await.unwrap();
        assert_eq!(names(world, &eve).await, Vec::<String>::new());
        let edited = saved_views::edit(&world.services, &eve, view.id, renamed("Mine")).await;
        let deleted = saved_views::delete(&world.services, &eve, view.id).await;
        assert!(matches!((edited, deleted), (Err(ServiceError::NotFound), Err(ServiceError::NotFound))));
        assert_eq!(names(world, &olga).await, ["Spend"]);
    }

    async fn a_member_saves_at_most_a_hundred_views(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let dev = world.member(&admin.organization, "Dev", Role::Developer).await;
        for number in 0..MAX_SAVED_VIEWS {
            save(world, &olga, ViewedPage::Usage, &format!("View {number}"), number % 2 == 0).await.unwrap();
        }
        let error = field_error(save(world, &olga, ViewedPage::Logs, "One more", false).await.map(drop), "name");
        assert_eq!(error, "You have 100 views. Delete one first.");
        save(world, &dev, ViewedPage::Usage, "Another's", false).await.unwrap();
        assert_eq!(names(world, &dev).await.len(), 51);
    }

    async fn views_go_with_their_member(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let adam = world.member(&admin.organization, "Adam", Role::Admin).await;
        save(world, &olga, ViewedPage::Usage, "Olga's", true).await.unwrap();
        save(world, &olga, ViewedPage::Usage, "Olga's own", false).await.unwrap();
        save(world, &adam, ViewedPage::Usage, "Adam's", false).await.unwrap();
        former_members::delete_rows(&world.services).await.unwrap();
        assert_eq!(world.count("saved_views").await, 3);
        world.execute("DELETE FROM memberships WHERE user_id IN (SELECT id FROM users WHERE name = 'Olga')").await;
        former_members::delete_rows(&world.services).await.unwrap();
        assert_eq!(names(world, &adam).await, ["Adam's"]);
    }

    async fn only_members_have_views(world: &World) {
        let operator = world.organization("Acme", "UTC").await;
        let listed = saved_views::list(&world.services, &operator).await;
        assert!(matches!(listed, Err(ServiceError::Forbidden(_))));
        let saved = save(world, &operator, ViewedPage::Usage, "Spend", true).await;
        assert!(matches!(saved, Err(ServiceError::Forbidden(_))));
    }
}
