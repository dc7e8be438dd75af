//! The gateway and the endpoint for proxies agree on the key of a request.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use domain::api_keys::{Level, Scope, Secret};

use crate::world::World;

type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn a_proxy_is_told_of_the_same_key_that_the_gateway_goes_by() {
    let world = World::new().await;
    let proxy = format!("Bearer {}", world.admin_key(&[Scope::Authz]).await);
    let good = world.key_with(Level::Standard, |_| {}).await.secret;
    let other = Secret::from_digits(Level::Standard, [7; 32]).reveal().to_owned();
    let (bearer, others_bearer) = (format!("Bearer {good}"), format!("Bearer {other}"));
    let both = format!("{bearer}, {others_bearer}");
    let ways: [(Headers<'_>, &str, bool); 20] = [
        (&[("authorization", &bearer)], "", true),
        (&[("x-api-key", &good)], "", true),
        (&[("api-key", &good)], "", true),
        (&[("x-goog-api-key", &good)], "", true),
        (&[("ocp-apim-subscription-key", &good)], "", true),
        (&[("authorization", "Basic eA=="), ("x-api-key", &good)], "", true),
        (&[("authorization", "Bearer sk-foreign"), ("api-key", &good)], "", true),
        (&[("authorization", &bearer), ("x-api-key", "foreign")], "api_key=foreign", true),
        (&[("authorization", &bearer), ("x-api-key", &good)], "a=b", true),
        (&[("authorization", &others_bearer)], "", false),
        (&[("authorization", &others_bearer), ("x-api-key", &good)], "", false),
        (&[("authorization", &bearer), ("x-api-key", &other)], "", false),
        (&[("authorization", &bearer), ("authorization", &others_bearer)], "", false),
        (&[("authorization", &both)], "", false),
        (&[("x-goog-api-key", &other), ("api-key", &good)], "", false),
        (&[("cookie", &good)], "", false),
        (&[("authorization", &good)], "", false),
        (&[("authorization", &bearer)], &format!("api_key={other}"), false),
        (&[("authorization", &bearer)], &format!("api_key={good}"), false),
        (&[], &format!("key={good}"), false),
    ];
    for (headers, query, passes) in ways {
        let path = if query.is_empty() { "/v1/models".to_owned() } else { format!("/v1/models?{query}") };
        let asks = |to: String, more: &[(&str, &str)]| {
            let request = headers
                .iter()
                .chain(more)
                .fold(Request::get(to), |request, (name, value)| request.header(*name, *value));
            world.send(request.body(Body::empty()).unwrap())
        };
        let expected = if passes { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(asks(path.clone(), &[]).await.status(), expected, "gateway: {headers:?} {query}");
        // As nginx and Traefik ask, and then as Envoy does.
        let own = ("x-tollhouse-authorization", &*proxy);
        let by_header = asks("/v1/authz".to_owned(), &[own, ("x-forwarded-uri", &path)]).await;
        assert_eq!(by_header.status(), expected, "authz: {headers:?} {query}");
        assert_eq!(asks(format!("/v1/authz{path}"), &[own]).await.status(), expected, "authz: {headers:?} {query}");
    }
}
