//! Secrets are planted, used, rotated, revoked and leaked, and then looked for everywhere: neither they nor their hashes
//! are in any answer, page, file, log line or table, but where they must be.

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
use server::{management, server_functions};
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

    fn search(&mut self, what: &str, text: &str) {
        for canary in &self.canaries {
            assert!(!canary.is_in(text), "{what} tells {}", &canary.secret[..14]);
        }
        self.searched += 1;
    }

    /// What the dashboard of the owner would be answered.
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

    /// Makes keys by all ways there are, and does to them all that can be done; every secret on the way is planted.
    async fn live(&mut self) {
        let admin = self.world.admin_key(&[]).await;
        self.canaries.push(Canary::new(&admin));
        let project = self.world.project.id;
        let keys = format!("/v1/organization/projects/{project}/api_keys");
        let asked = json!({ "input": { "name": "k", "project_id": project, "level": "standard" } });
        let made = self.dashboard(Method::POST, "/api/api_keys/create", asked).await;
        let by_dashboard = self.plant(&made);
        let made_here = made["api_key"]["id"].clone();
        let (_, made) = self.server.call(Method::POST, &keys, &admin, &json!({ "name": "k" })).await;
        let by_program = self.plant(&made);
        let path = format!("{keys}/{}", made["id"].as_str().unwrap());
        for secret in [&by_dashboard, &by_program] {
            self.use_and_misuse(secret).await;
        }
        self.write_into_texts(&by_program).await;
        let rotation = json!({ "id": made_here, "rotation": { "grace_seconds": 600, "request": "once" } });
        let rotated = self.dashboard(Method::POST, "/api/api_keys/rotate", rotation.clone()).await;
        let rotated = self.plant(&rotated);
        let again = self.dashboard(Method::POST, "/api/api_keys/rotate", rotation).await;
        self.search("a rotation that is asked for again", &again.to_string());
        let (_, by_program_rotated) =
            self.server.call(Method::POST, &format!("{path}/rotate"), &admin, &json!({})).await;
        let by_program_rotated = self.plant(&by_program_rotated);
        for secret in [&by_dashboard, &rotated, &by_program_rotated] {
            self.use_and_misuse(secret).await;
        }
        self.look_around(&admin, &path).await;
        let report = json!([{ "token": rotated, "url": format!("https://git.example/?found={rotated}") }]);
        // The answer tells a hash, to whoever told the secret.
        self.server.call(Method::POST, "/v1/keys/report-leak", "none", &report).await;
        self.server.call(Method::DELETE, &path, &admin, &Value::Null).await;
        for secret in [&rotated, &by_program_rotated] {
            self.use_and_misuse(secret).await;
        }
        self.look_around(&admin, &path).await;
    }

    /// Writes a secret into all texts that are stored.
    async fn write_into_texts(&mut self, secret: &str) {
        let (services, actor) = (&self.world.services, &self.world.owner.actor);
        let project =
            services::projects::create(services, actor, &format!("P {secret}"), &format!("of {secret}")).await.unwrap();
        let new = NewApiKey::plain(format!("k {secret}"), Level::Standard, Some(project.id));
        let made = services::api_keys::create_once(services, actor, new.clone(), format!("r {secret}")).await.unwrap();
        let again = services::api_keys::create_once(services, actor, new, format!("r {secret}")).await.unwrap();
        assert_eq!((made.0.id, again.1), (again.0.id, None), "the same request makes no other key");
        let device = Device { ip: None, user_agent: format!("{}{secret}", "x".repeat(370)) };
        let input = SignIn { email: self.world.owner.email.clone(), password: PASSWORD.to_owned() };
        services::accounts::sign_in(services, input, &device).await.unwrap();
        self.canaries.push(Canary::new(&made.1.unwrap()));
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

    /// Uses a secret, rightly and in all wrong places.
    async fn use_and_misuse(&mut self, secret: &str) {
        let question = |model: &str, text: &str| json!({ "model": model, "messages": [{ "role": "user", "content": text }], "user": text });
        let mut mistyped = secret.to_owned();
        mistyped.push('x');
        for (method, path, key, asked) in [
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
            let (_, answer) = self.server.call(method, &path, key, &asked).await;
            self.search(&format!("the answer of {}", path.replace(secret, "…")), &answer.to_string());
        }
    }

    /// Asks for everything that can be asked.
    async fn look_around(&mut self, admin: &str, key: &str) {
        let id = key.rsplit('/').next().unwrap();
        let call = json!({ "query": {} });
        let calls = self.dashboard(Method::POST, "/api/calls/list", call).await;
        let call = &calls["calls"][0]["id"];
        for path in server_functions::paths().iter().filter(|path| only_asks(path)) {
            let id = if path.starts_with("/api/calls/") || path.starts_with("/api/bodies/") {
                call.clone()
            } else {
                json!(id)
            };
            let input = json!({ "id": id, "ids": [id], "query": {}, "unread_only": false, "before": null });
            let answer = self.dashboard(Method::POST, path, input).await;
            self.search(path, &answer.to_string());
        }
        let start = "start_time=1700000000&limit=1";
        for (method, path) in management::routes() {
            let path = path.replace("{project}", &self.world.project.id.to_string()).replace("{key}", id);
            let path = if path.contains("usage") || path.contains("costs") { format!("{path}?{start}") } else { path };
            if method == Method::GET {
                let (_, answer) = self.server.call(method, &path, admin, &Value::Null).await;
                self.search(&path, &answer.to_string());
            }
        }
        let pages = ["", "/keys", "/logs", "/usage", "/settings"].map(|page| format!("/o/acme{page}"));
        let of_key = format!("/o/acme/keys/{id}");
        let files = server::router::session_paths().into_iter().filter(|path| path.ends_with(".csv"));
        let files = files.map(|path| format!("{path}?organization=acme"));
        for path in pages.into_iter().chain([of_key, "/readyz".to_owned()]).chain(files) {
            let text = self.dashboard(Method::GET, &path, json!({})).await;
            assert!(text.to_string().len() > 4, "{path} is empty");
            self.search(&path, &text.to_string());
        }
    }
}

/// Whether a server function changes nothing.
fn only_asks(path: &str) -> bool {
    let verbs =
        ["list", "get", "history", "descendants", "recent_use", "policy", "report", "settings", "sessions", "welcome"];
    verbs.contains(&path.rsplit('/').next().unwrap())
}

async fn nothing_tells(database: Option<Postgres>) {
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
        None => no_secret_is_in_the_file(&world, &canaries),
    }
}

/// Also where rows were that are no more.
fn no_secret_is_in_the_file(world: &World, canaries: &[Canary]) {
    let database = world.database_file();
    let mut bytes = std::fs::read(&database).unwrap();
    bytes.extend(std::fs::read(database.with_extension("db-wal")).unwrap_or_default());
    let found = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    for canary in canaries {
        assert!(!found(canary.forms[0].as_bytes()), "the file holds {}", &canary.secret[..14]);
        assert!(found(&canary.hash), "the hashes are where they belong");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_or_kept_on_sqlite() {
    nothing_tells(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_or_kept_on_postgresql() {
    nothing_tells(Some(Postgres::new().await)).await;
}
