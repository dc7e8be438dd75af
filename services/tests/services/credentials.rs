//! The form and storage of passwords, session tokens and keys.

use std::collections::HashSet;

use domain::accounts::SignIn;
use sea_orm::{ConnectionTrait, Statement};
use services::accounts;

use crate::support::{device, new_key, sign_up_input};

/// Tries to sign in, from another address each time, so that attempts aren't throttled.
async fn signs_in(world: &crate::support::World, password: &str, number: u8) -> bool {
    let input = SignIn { email: "mira@example.com".to_owned(), password: password.to_owned() };
    let from = accounts::Device { ip: Some([203, 0, 113, number].into()), ..device() };
    accounts::sign_in(&world.services, input, &from).await.is_ok()
}

on_both_databases! {
    async fn a_password_is_used_just_as_it_was_typed(world: &World) {
        // Any letters, spaces at both ends, and nearly the maximum length.
        let password = format!("  Kupferne Laterne, {} \u{1f30a} ", "treibt nordwärts ".repeat(6));
        assert!(password.chars().count() > 64 && password.chars().count() <= 128);
        let mut input = sign_up_input("Mira", "Acme");
        input.password.clone_from(&password);
        accounts::sign_up(&world.services, input, &device()).await.unwrap();
        let cut: String = password.chars().take(password.chars().count() - 1).collect();
        let others = [password.trim().to_owned(), password.to_lowercase(), cut, password.clone() + "x"];
        for (number, other) in others.iter().enumerate() {
            assert!(!signs_in(world, other, u8::try_from(number).unwrap()).await, "{other:?}");
        }
        assert!(signs_in(world, &password, 9).await);
    }

    async fn a_password_is_stored_as_argon2id_with_a_salt_of_its_own(world: &World) {
        world.sign_up("Mira", "Acme").await;
        world.sign_up("Noor", "Other").await;
        let database = world.services.database().read();
        let all = Statement::from_string(database.get_database_backend(), "SELECT password_hash FROM users");
        let rows = database.query_all_raw(all).await.unwrap();
        let hashes: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(hashes.len(), 2);
        for hash in &hashes {
            // OWASP's Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane.
            assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
            // 16 and 32 bytes in base64.
            let lengths: Vec<usize> = hash.split('$').skip(4).map(str::len).collect();
            assert_eq!(lengths, [22, 43]);
        }
        // Both have the same password.
        assert_ne!(hashes[0], hashes[1]);
    }

    async fn a_session_token_is_256_bits_that_nobody_foresees(world: &World) {
        world.sign_up("Mira", "Acme").await;
        let mut tokens = HashSet::new();
        for number in 0..20 {
            let input = SignIn { email: "mira@example.com".to_owned(), password: crate::support::PASSWORD.to_owned() };
            let from = accounts::Device { ip: Some([203, 0, 113, number].into()), ..device() };
            let token = accounts::sign_in(&world.services, input, &from).await.unwrap().token;
            assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
            tokens.insert(token);
        }
        assert_eq!(tokens.len(), 20);
        // Every digit varies: that one is equal in all 20 has a probability below 10⁻²².
        for position in 0..64 {
            let digits: HashSet<u8> = tokens.iter().map(|token| token.as_bytes()[position]).collect();
            assert!(digits.len() > 1, "{position}");
        }
    }

    async fn a_key_is_32_digits_that_nobody_foresees(world: &World) {
        let actor = world.organization("Acme", "UTC").await;
        let project = world.default_project(&actor).await;
        let mut keys = HashSet::new();
        for _ in 0..20 {
            let (_, secret) = world.secret(&actor, new_key(project, "k")).await;
            let digits = secret.reveal().rsplit('_').next().unwrap()[..32].to_owned();
            assert!(digits.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            keys.insert(digits);
        }
        // 32 digits of 62 are 190 bits; that one digit is equal in all 20 has a probability of 10⁻³⁴.
        for position in 0..32 {
            let digits: HashSet<u8> = keys.iter().map(|key| key.as_bytes()[position]).collect();
            assert!(digits.len() > 1, "{position}");
        }
    }

    async fn a_new_server_has_no_accounts(world: &World) {
        let database = world.services.database().read();
        for table in ["users", "organizations", "memberships", "sessions", "api_keys"] {
            let count = Statement::from_string(database.get_database_backend(), format!("SELECT COUNT(*) FROM {table}"));
            let rows: i64 = database.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap();
            assert_eq!(rows, 0, "{table}");
        }
    }

    async fn a_password_never_runs_out(world: &World) {
        world.sign_up("Mira", "Acme").await;
        world.clock.forward_minutes(10 * 365 * 24 * 60);
        assert!(signs_in(world, crate::support::PASSWORD, 1).await);
    }
}
