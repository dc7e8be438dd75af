//! Secrets are planted, used, rotated, revoked and leaked, and then searched for everywhere: neither they nor
//! their hashes occur in any answer, page, file, log line or table, except where they must.

pub(crate) mod dump;
mod planted;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use domain::{
    accounts::SignIn,
    api_keys::{Level, NewApiKey},
};
use serde_json::{Value, json};
use server::{router, server_functions};
use services::accounts::Device;

use self::{dump::dump, planted::Canary};
use crate::{
    postgres::Postgres,
    process::Process,
    world::{PASSWORD, World, json as body},
};

struct Story {
    world: World,
    server: Process,
    canaries: Vec<Canary>,
    searched: usize,
}

impl Story {
    fn plant(&mut self, answer: &Value) -> String {
        let secret =
            ["secret", "value"].iter().find_map(|name| answer[name].as_str()).unwrap_or_else(|| panic!("{answer}"));
        self.canaries.push(Canary::new(secret));
        secret.to_owned()
    }

    fn search(&mut self, source: &str, text: &str) {
        for canary in &self.canaries {
            assert!(!canary.is_in(text), "{source} tells {}", &canary.secret[..14]);
        }
        self.searched += 1;
    }

    /// The answer to a request of the owner's dashboard.
    async fn dashboard(&self, method: Method, path: &str, input: Value) -> Value {
        let mut input = input;
        input["organization"] = "acme".into();
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, format!("tollhouse={}", self.world.owner.token))
            .header("sec-fetch-site", "same-origin")
            .body(if method == Method::GET { Body::empty() } else { Body::from(input.to_string()) });
        body(self.server.send(request.unwrap()).await).await
    }

    /// Creates keys in every possible way, and does everything possible with them; every secret on the way is
    /// planted.
    async fn live(&mut self) {
        let admin = self.world.admin_key(&[]).await;
        self.canaries.push(Canary::new(&admin));
        let project = self.world.project.id;
        let keys = format!("/v1/organization/projects/{project}/api_keys");
        let input = json!({ "input": { "name": "k", "project_id": project, "level": "standard" } });
        let created = self.dashboard(Method::POST, "/api/api_keys/create", input).await;
        let dashboard_secret = self.plant(&created);
        let dashboard_key_id = created["api_key"]["id"].clone();
        let (_, created) = self.server.call(Method::POST, &keys, &admin, &json!({ "name": "k" })).await;
        let program_secret = self.plant(&created);
        let path = format!("{keys}/{}", created["id"].as_str().unwrap());
        for secret in [&dashboard_secret, &program_secret] {
            self.use_and_misuse(secret).await;
        }
        self.write_into_texts(&program_secret).await;
        let rotation = json!({ "id": dashboard_key_id, "rotation": { "grace_seconds": 600, "request": "once" } });
        let rotated = self.dashboard(Method::POST, "/api/api_keys/rotate", rotation.clone()).await;
        let rotated = self.plant(&rotated);
        let again = self.dashboard(Method::POST, "/api/api_keys/rotate", rotation).await;
        self.search("a rotation that is asked for again", &again.to_string());
        let (_, rotated_program_secret) =
            self.server.call(Method::POST, &format!("{path}/rotate"), &admin, &json!({})).await;
        let rotated_program_secret = self.plant(&rotated_program_secret);
        for secret in [&dashboard_secret, &rotated, &rotated_program_secret] {
            self.use_and_misuse(secret).await;
        }
        self.query_everything(&admin, &path).await;
        let report = json!([{ "token": rotated, "url": format!("https://git.example/?found={rotated}") }]);
        // The answer contains a hash, but only for the client that sent the secret.
        self.server.call(Method::POST, "/v1/keys/report-leak", "none", &report).await;
        self.server.call(Method::DELETE, &path, &admin, &Value::Null).await;
        for secret in [&rotated, &rotated_program_secret] {
            self.use_and_misuse(secret).await;
        }
        self.query_everything(&admin, &path).await;
    }

    /// Writes a secret into all texts that are stored.
    async fn write_into_texts(&mut self, secret: &str) {
        let (services, actor) = (&self.world.services, &self.world.owner.actor);
        let project =
            services::projects::create(services, actor, &format!("P {secret}"), &format!("of {secret}")).await.unwrap();
        let new_key = NewApiKey::plain(format!("k {secret}"), Level::Standard, Some(project.id));
        let first =
            services::api_keys::create_once(services, actor, new_key.clone(), format!("r {secret}")).await.unwrap();
        let again = services::api_keys::create_once(services, actor, new_key, format!("r {secret}")).await.unwrap();
        assert_eq!((first.0.id, again.1), (again.0.id, None), "the same request makes no other key");
        let device = Device { ip: None, user_agent: format!("{}{secret}", "x".repeat(370)) };
        let input = SignIn { email: self.world.owner.email.clone(), password: PASSWORD.to_owned() };
        services::accounts::sign_in(services, input, &device).await.unwrap();
        self.canaries.push(Canary::new(&first.1.unwrap()));
        for agent in [secret.to_owned(), format!("curl/8 {secret}"), format!("{}{secret}", "x".repeat(70))] {
            let request = Request::post("/v1/chat/completions")
                .header(header::AUTHORIZATION, format!("Bearer {secret}"))
                .header(header::USER_AGENT, agent)
                .body(Body::from(r#"{"model":"sandbox-1","messages":[{"role":"user","content":"hello"}]}"#));
            let answer = body(self.server.send(request.unwrap()).await).await;
            assert!(answer["id"].is_string(), "{answer}");
        }
        let event = json!({ "specversion": "1.0", "type": "tollhouse.tokens", "source": "test", "id": secret,
            "data": { "model": secret, "provider": secret, "endpoint": secret, "input_tokens": 1 } });
        let admin = self.world.admin_key(&[]).await;
        self.canaries.push(Canary::new(&admin));
        self.server.call(Method::POST, "/v1/events", &admin, &event).await;
    }

    /// Uses a secret, correctly and in all wrong places.
    async fn use_and_misuse(&mut self, secret: &str) {
        let question = |model: &str, text: &str| json!({ "model": model, "messages": [{ "role": "user", "content": text }], "user": text });
        let mut mistyped = secret.to_owned();
        mistyped.push('x');
        for (method, path, key, body) in [
            (Method::POST, "/v1/chat/completions".to_owned(), secret, question("sandbox-1", "hello")),
            (Method::POST, "/v1/chat/completions".to_owned(), secret, question(secret, "hello")),
            (Method::POST, "/v1/chat/completions".to_owned(), &mistyped, question("sandbox-1", "hello")),
            (Method::GET, format!("/v1/models/{secret}"), secret, Value::Null),
            (Method::GET, format!("/v1/models?key={secret}"), secret, Value::Null),
            (Method::GET, format!("/v1/{secret}"), secret, Value::Null),
            (Method::GET, format!("/v1/organization/admin_api_keys/{secret}"), secret, Value::Null),
            (Method::GET, format!("/v1/organization/costs?{secret}=1"), secret, Value::Null),
            (Method::GET, format!("/v1/organization/costs?start_time={secret}"), secret, Value::Null),
            (Method::POST, "/v1/organization/admin_api_keys".to_owned(), secret, json!({ secret: 1 })),
        ] {
            let (_, answer) = self.server.call(method, &path, key, &body).await;
            self.search(&format!("the answer of {}", path.replace(secret, "…")), &answer.to_string());
        }
    }

    /// Sends every query that exists.
    async fn query_everything(&mut self, admin: &str, key: &str) {
        let id = key.rsplit('/').next().unwrap();
        let call = json!({ "query": {} });
        let calls = self.dashboard(Method::POST, "/api/calls/list", call).await;
        let call = &calls["calls"][0]["id"];
        for path in server_functions::paths().iter().filter(|path| is_read_only(path)) {
            let id = if path.starts_with("/api/calls/") || path.starts_with("/api/bodies/") {
                call.clone()
            } else {
                json!(id)
            };
            let input =
                json!({ "id": id, "ids": [id], "query": {}, "unread_only": false, "before": null, "watching": false });
            let answer = self.dashboard(Method::POST, path, input).await;
            self.search(path, &answer.to_string());
        }
        let start = "start_time=1700000000&limit=1";
        for (method, path) in router::api_routes() {
            let path = path.replace("{project}", &self.world.project.id.to_string()).replace("{key}", id);
            let path = if path.contains("usage") || path.contains("costs") { format!("{path}?{start}") } else { path };
            if method == Method::GET {
                let (_, answer) = self.server.call(method, &path, admin, &Value::Null).await;
                self.search(&path, &answer.to_string());
            }
        }
        let pages = ["", "/keys", "/logs", "/usage", "/settings"].map(|page| format!("/o/acme{page}"));
        let key_page = format!("/o/acme/keys/{id}");
        let files =
            router::session_paths().into_iter().filter(|path| path.ends_with(".csv") || path.ends_with(".jsonl"));
        let files = files.map(|path| format!("{path}?organization=acme"));
        for path in pages.into_iter().chain([key_page, "/readyz".to_owned()]).chain(files) {
            let text = self.dashboard(Method::GET, &path, json!({})).await;
            assert!(text.to_string().len() > 4, "{path} is empty");
            self.search(&path, &text.to_string());
        }
    }
}

/// Whether a server function changes nothing.
fn is_read_only(path: &str) -> bool {
    let verbs =
        ["list", "get", "history", "descendants", "recent_use", "policy", "report", "settings", "sessions", "welcome"];
    verbs.contains(&path.rsplit('/').next().unwrap())
}

async fn search_everywhere(database: Option<Postgres>) {
    let world = World::on(database.as_ref().map(|database| database.url.clone()), "").await;
    let server = world.serve("trace").await;
    let mut story = Story { world, server, canaries: Vec::new(), searched: 0 };
    story.live().await;
    assert!(story.searched > 100, "{}", story.searched);

    let Story { world, server, canaries, .. } = story;
    let log = server.stop().await;
    assert!(log.contains("DEBUG"), "everything was to be logged");
    for canary in &canaries {
        assert!(!canary.is_in(&log), "the log tells {}", &canary.secret[..14]);
    }
    let dumped = dump(world.services.database().read()).await;
    assert!(dumped.len() > 15, "{}", dumped.len());
    let mut hashes = 0;
    for (table, rows) in &dumped {
        for canary in &canaries {
            let is_in = canary.is_in(rows);
            if table == "key_directory" {
                assert!(is_in && !rows.contains(&canary.forms[0]), "only the hash is there");
                hashes += 1;
            } else {
                assert!(!is_in, "{table} tells {}", &canary.secret[..14]);
            }
        }
    }
    assert_eq!(hashes, canaries.len());
    match database {
        Some(database) => {
            drop(world);
            database.drop().await;
        }
        None => search_file(&world, &canaries),
    }
}

/// Searches the database's file, including deleted rows.
fn search_file(world: &World, canaries: &[Canary]) {
    let database = world.database_file();
    let mut bytes = std::fs::read(&database).unwrap();
    bytes.extend(std::fs::read(database.with_extension("db-wal")).unwrap_or_default());
    let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    for canary in canaries {
        assert!(!contains(canary.forms[0].as_bytes()), "the file holds {}", &canary.secret[..14]);
        assert!(contains(&canary.hash), "the hashes are where they belong");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_or_kept_on_sqlite() {
    search_everywhere(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_or_kept_on_postgresql() {
    search_everywhere(Some(Postgres::new().await)).await;
}
