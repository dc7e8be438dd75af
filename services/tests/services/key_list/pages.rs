//! Pages, searches, and ten thousand keys.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    api_keys::{KeyQuery, KeySort, Level, PAGE_SIZE},
    permissions::Role,
};
use futures::TryStreamExt;
use patience::can_finish_within;
use services::{ServiceError, api_keys};

use super::{ids, list, random_organization};
use crate::support::{StoredKey, field_error};

on_both_databases! {
    async fn pages_do_not_overlap_and_end(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let size = PAGE_SIZE as usize;
        // All were created at one moment, so only their ids differ.
        let now = world.services.now();
        let keys: Vec<StoredKey> = (0..2 * size).map(|_| StoredKey::new("web", project, now)).collect();
        world.store_keys(&admin.organization, &keys).await;
        for sort in KeySort::ALL {
            let mut seen = BTreeSet::new();
            for (page, length) in [(0, size), (1, size), (2, 0)] {
                let shown = list(world, &admin, &KeyQuery { sort, page, ..KeyQuery::default() }).await;
                assert_eq!((shown.keys.len(), shown.total), (length, 2 * size as i64));
                seen.extend(ids(&shown.keys));
            }
            assert_eq!(seen.len(), 2 * size, "{sort}");
        }
    }

    async fn a_file_holds_all_pages_in_the_order_of_the_list(world: &World) {
        let (admin, model, _) = random_organization(world, 3).await;
        let query = KeyQuery { sort: KeySort::Spend, reversed: true, page: 1, level: Some(Level::Standard), ..KeyQuery::default() };
        let pages = api_keys::export(&world.services, &admin, &query).await.unwrap();
        let exported = pages.try_collect::<Vec<_>>().await.unwrap().concat();
        let mut expected = Vec::new();
        for page in 0..3 {
            expected.extend(model.list(&KeyQuery { page, ..query.clone() }).0);
        }
        assert_eq!(ids(&exported), expected);
        assert!(exported.len() > PAGE_SIZE as usize);
        let viewer = world.member(&admin.organization, "Vi", Role::Viewer).await;
        assert!(matches!(api_keys::export(&world.services, &viewer, &query).await.map(drop), Err(ServiceError::Forbidden(_))));
    }

    async fn odd_searches_find_nothing_or_what_they_say(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        world.key(&admin, project, "Größe 100%").await;
        let find = async |text: &str| api_keys::list(&world.services, &admin, &KeyQuery { search: text.to_owned(), ..KeyQuery::default() }).await;
        for text in ["GRÖSSE", "%", "größe\u{0}", " GRÖßE ", "", "\n", "TOLL_STD_"] {
            assert_eq!(find(text).await.unwrap().total, 1, "{text:?}");
        }
        for text in ["_", "[", "^", "***:", "(?i)web", "' OR 1=1 --", "$1", "key_01h2xcejqtf2nbrexx3vqjhp41", "a|e", &"ü".repeat(500)] {
            let expected = i64::from(text == "_");
            assert_eq!(find(text).await.unwrap().total, expected, "{text:?}");
        }
        field_error(find(&"x".repeat(501)).await, "search");
    }

    async fn ten_thousand_keys_stay_quick(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let now = world.services.now();
        let key = |number: i64| {
            let created_at = now.plus_minutes(-number);
            let key = StoredKey::new(&format!("service {number:05}"), project, created_at);
            if number % 3 == 0 { key } else { key.used_at(created_at) }
        };
        let keys: Vec<StoredKey> = (0..10_000).map(key).collect();
        world.store_keys(&admin.organization, &keys).await;
        // On a busy machine PostgreSQL's own ANALYZE may take longer to come than this test.
        world.execute("ANALYZE").await;
        for sort in KeySort::ALL {
            for search in ["", "e 099"] {
                let query = KeyQuery { sort, search: search.to_owned(), page: 1, ..KeyQuery::default() };
                let read = async || {
                    let page = list(world, &admin, &query).await;
                    assert_eq!((page.keys.len(), page.total), if search.is_empty() { (50, 10_000) } else { (50, 100) });
                };
                // Ten times the duration on a slow machine: this only detects costs that grow with the number
                // of keys.
                assert!(can_finish_within(Duration::from_secs(2), read).await, "10,000 keys by {sort}, search {search:?}");
            }
        }
    }
}
