//! Names and addresses that look alike are equal.

use domain::accounts::SignIn;
use services::{ServiceError, accounts, api_keys, organizations, projects};

use crate::support::{PASSWORD, device, field_error, new_key, sign_up_input};

on_both_databases! {
    async fn an_address_in_another_form_is_the_same_account(world: &World) {
        let mut first = sign_up_input("Zo\u{eb}", "Acme");
        first.email = "zo\u{eb}@M\u{fc}ller.example".to_owned();
        accounts::sign_up(&world.services, first.clone(), &device()).await.unwrap();
        for same in [
            "zoe\u{308}@mu\u{308}ller.example",
            "ZO\u{cb}@xn--mller-kva.example",
            "ｚｏ\u{eb}＠m\u{fc}ller．example",
        ] {
            let again = domain::accounts::SignUp { email: same.to_owned(), ..first.clone() };
            field_error(accounts::sign_up(&world.services, again, &device()).await, "email");
            let sign_in = SignIn { email: same.to_owned(), password: PASSWORD.to_owned() };
            let user = accounts::sign_in(&world.services, sign_in, &device()).await.unwrap().user;
            assert_eq!(user.email, "zo\u{eb}@xn--mller-kva.example");
        }
        assert_eq!(world.count("users").await, 1);
    }

    async fn nothing_is_hidden_in_names_and_addresses(world: &World) {
        let admin = world.organization("Acme", "UTC").await;
        let project = world.default_project(&admin).await;
        let services = &world.services;
        for hidden in ['\u{200b}', '\u{202e}', '\u{2066}', '\u{ad}', '\u{3164}'] {
            let name = format!("Ac{hidden}me");
            field_error(organizations::create(services, &name, "UTC").await, "name");
            field_error(projects::create(services, &admin, &name, "").await, "name");
            field_error(projects::create(services, &admin, "Fine", &name).await, "description");
            field_error(api_keys::create(services, &admin, new_key(project, &name)).await, "name");
            let mut sign_up = sign_up_input("Mira", &name);
            field_error(accounts::sign_up(services, sign_up.clone(), &device()).await, "organization");
            sign_up.organization = "Fine".to_owned();
            sign_up.email = format!("mi{hidden}ra@example.com");
            field_error(accounts::sign_up(services, sign_up, &device()).await, "email");
            let sign_in = SignIn { email: format!("mi{hidden}ra@example.com"), password: PASSWORD.to_owned() };
            assert!(matches!(accounts::sign_in(services, sign_in, &device()).await, Err(ServiceError::Invalid(_))));
        }
        let key = world.key(&admin, project, "Ｗｅｂ  \u{a0}site").await;
        assert_eq!(key.name, "Web site");
    }
}
