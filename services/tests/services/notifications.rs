//! Members' inboxes.

use domain::{
    ids::NotificationId,
    notifications::{Notice, NoticeSubject, PAGE_SIZE, Unread},
    permissions::Role,
};
use services::{
    Actor, ServiceError,
    api_keys::{LeakReport, report_leaks},
    notifications,
};

use crate::support::{World, new_key};

/// Leaks a new key of the organization, which adds a notice to inboxes.
async fn leak(world: &World, admin: &Actor, name: &str) {
    let project = world.default_project(admin).await;
    let (_, secret) = world.secret(admin, new_key(project, name)).await;
    let report = LeakReport { secret: secret.reveal().to_owned(), place: String::new() };
    assert!(report_leaks(&world.services, &[report]).await.unwrap()[0].is_key());
    world.clock.forward_millis(1);
}

/// Names of the keys of a member's unread notices.
async fn unread(world: &World, actor: &Actor) -> Vec<String> {
    let inbox = notifications::list(&world.services, actor, false, None).await.unwrap();
    assert_eq!(inbox.unread, notifications::unread(&world.services, actor).await.unwrap());
    let unread = inbox.notifications.into_iter().filter(|notification| !notification.read);
    unread
        .map(|notification| match notification.notice {
            Notice::KeyLeaked { name, .. } => name,
            other => panic!("{other:?}"),
        })
        .collect()
}

async fn ids(world: &World, actor: &Actor) -> Vec<NotificationId> {
    let inbox = notifications::list(&world.services, actor, false, None).await.unwrap();
    inbox.notifications.iter().map(|notification| notification.id).collect()
}

on_both_databases! {
    async fn an_inbox_is_marked_one_by_one_or_whole(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let ada = world.member(&admin.organization, "Ada", Role::Admin).await;
        for name in ["a", "b", "c"] {
            leak(world, &admin, name).await;
        }
        assert_eq!(unread(world, &olga).await, ["c", "b", "a"]);
        let mark = async |ids: Option<&[NotificationId]>, read| {
            notifications::mark(&world.services, &olga, ids, read).await.unwrap();
        };
        let ids = ids(world, &olga).await;
        mark(Some(&ids[1..2]), true).await;
        mark(Some(&ids[1..2]), true).await;
        assert_eq!(unread(world, &olga).await, ["c", "a"]);
        let only_unread = notifications::list(&world.services, &olga, true, None).await.unwrap();
        assert_eq!(only_unread.notifications.iter().map(|one| one.id).collect::<Vec<_>>(), [ids[0], ids[2]]);
        mark(None, true).await;
        assert!(unread(world, &olga).await.is_empty());
        mark(Some(&ids[..1]), false).await;
        assert_eq!(unread(world, &olga).await, ["c"]);
        mark(Some(&[]), true).await;
        assert_eq!(unread(world, &olga).await, ["c"]);
        // Marks affect only one member's inbox.
        assert_eq!(unread(world, &ada).await, ["c", "b", "a"]);
    }

    async fn each_change_of_an_inbox_has_a_version_of_its_own(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let current = async || notifications::unread(&world.services, &olga).await.unwrap();
        assert_eq!(current().await, Unread { version: 0, count: 0 });
        leak(world, &admin, "a").await;
        leak(world, &admin, "b").await;
        assert_eq!(current().await, Unread { version: 2, count: 2 });
        let ids = ids(world, &olga).await;
        let mark = async |read| notifications::mark(&world.services, &olga, Some(&ids[..1]), read).await.unwrap();
        assert_eq!(mark(true).await, Unread { version: 3, count: 1 });
        assert_eq!(mark(false).await, Unread { version: 4, count: 2 });
        // A mark that changes nothing counts too, since its sender waits for its version.
        assert_eq!(mark(false).await, Unread { version: 5, count: 2 });
        // Concurrent marks get a version each, and the last one the final count.
        let all = futures::future::join_all((0..8).map(|_| mark(true))).await;
        let mut versions: Vec<_> = all.iter().map(|unread| unread.version).collect();
        versions.sort_unstable();
        assert_eq!(versions, (6..14).collect::<Vec<_>>());
        assert_eq!(current().await, Unread { version: 13, count: 1 });
        let listed = notifications::list(&world.services, &olga, false, None).await.unwrap();
        assert_eq!(listed.unread, current().await);
    }

    async fn nobody_reads_or_marks_anothers_inbox(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let ada = world.member(&admin.organization, "Ada", Role::Admin).await;
        let stranger = world.member(&world.organization("Other", "UTC").await.organization, "Stan", Role::Owner).await;
        leak(world, &admin, "a").await;
        let ids = ids(world, &olga).await;
        for other in [&ada, &stranger] {
            notifications::mark(&world.services, other, Some(&ids), true).await.unwrap();
            notifications::mark(&world.services, other, None, true).await.unwrap();
        }
        assert_eq!(unread(world, &olga).await, ["a"]);
        assert!(unread(world, &stranger).await.is_empty());
        // A user has another inbox in another organization.
        let elsewhere = Actor { organization: stranger.organization.clone(), ..olga.clone() };
        assert!(unread(world, &elsewhere).await.is_empty());
    }

    async fn whoever_is_no_member_or_only_looks_has_no_inbox(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        let (program, _) = world.program(&admin, &[]).await;
        for actor in [&admin, &viewer, &program] {
            let refused = notifications::list(&world.services, actor, false, None).await;
            assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
            let refused = notifications::mark(&world.services, actor, None, true).await;
            assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
            let refused = notifications::unread(&world.services, actor).await;
            assert!(matches!(refused, Err(ServiceError::Forbidden(_))));
        }
    }

    async fn a_long_inbox_is_read_page_by_page(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let olga = world.member(&admin.organization, "Olga", Role::Owner).await;
        let all: u32 = PAGE_SIZE + 2;
        for number in 0..all {
            leak(world, &admin, &number.to_string()).await;
        }
        let first = notifications::list(&world.services, &olga, false, None).await.unwrap();
        assert_eq!((first.unread.count, first.more), (i64::from(all), true));
        assert_eq!(first.notifications.len(), PAGE_SIZE as usize);
        let oldest = first.notifications.last().unwrap();
        let second = notifications::list(&world.services, &olga, false, Some(oldest.id)).await.unwrap();
        assert_eq!((second.notifications.len(), second.more), (2, false));
        let at: Vec<_> = first.notifications.iter().chain(&second.notifications).map(|one| one.at).collect();
        assert!(at.is_sorted_by(|newer, older| newer > older));
        let NoticeSubject::ApiKey(api_key) = second.notifications[1].notice.subject() else { panic!("not of a key") };
        assert_eq!(second.notifications[1].notice, Notice::KeyLeaked {
            api_key,
            name: "0".to_owned(),
            place: String::new(),
        });
    }
}
