//! nginx with `auth_request` in front of a file, with the configuration from the documentation.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use axum::{
    body::Body,
    http::{Request, Response},
};
use domain::{
    api_keys::{Level, Scope},
    rate_limits::RateLimits,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use patience::find;
use tempfile::TempDir;

use crate::{gateway::upstream::Upstream, process::random_port, world::World};

const DOCUMENTED: &str = include_str!("../../../../docs/nginx-authz.conf");

struct Nginx {
    address: SocketAddr,
    child: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Starts nginx with a report, which checks requests at `hub` with `key`; `scope` is the query of its
    /// route.
    async fn start(hub: SocketAddr, key: &str, scope: &str) -> Self {
        Self::start_before(None, hub, key, scope).await
    }

    /// Starts nginx in front of a server, if one is given.
    async fn start_before(backend: Option<SocketAddr>, hub: SocketAddr, key: &str, scope: &str) -> Self {
        for _ in 0..8 {
            let address = SocketAddr::from(([127, 0, 0, 1], random_port()));
            if let Some(nginx) = Self::start_on(address, backend, hub, key, scope).await {
                return nginx;
            }
        }
        panic!("nginx finds no port");
    }

    /// Starts nginx on this address; `None` if it is in use.
    async fn start_on(
        address: SocketAddr,
        backend: Option<SocketAddr>,
        hub: SocketAddr,
        key: &str,
        scope: &str,
    ) -> Option<Self> {
        let own_folder = tempfile::tempdir().unwrap();
        let folder = own_folder.path();
        std::fs::create_dir(folder.join("files")).unwrap();
        std::fs::write(folder.join("files/report.txt"), "the report").unwrap();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {}/{kind};", folder.display()))
            .join("\n");
        let configuration = DOCUMENTED
            .replace("127.0.0.1:3000", &hub.to_string())
            .replace("127.0.0.1:8080", &address.to_string())
            .replace("/srv/files", &folder.join("files").display().to_string())
            .replace("toll_admin_…", key)
            .replace("http://tollhouse/v1/authz;", &format!("http://tollhouse/v1/authz{scope};"))
            .replace("http {", &format!("http {{\naccess_log off;\n{temporary}"));
        let configuration = match backend {
            None => configuration,
            Some(backend) => configuration
                .replace("# Or: proxy_pass http://backend;", &format!("proxy_pass http://{backend};"))
                .replace("#     proxy_set_header", "proxy_set_header"),
        };
        let own = format!(
            "daemon off;\nmaster_process off;\npid {0}/nginx.pid;\nerror_log {0}/error.log;\n",
            folder.display()
        );
        std::fs::write(folder.join("nginx.conf"), own + &configuration).unwrap();
        let child = Command::new(program())
            .arg("-e")
            .arg(folder.join("error.log"))
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        // It writes this file once it listens, and exits if it can't.
        let pid_file = folder.join("nginx.pid");
        let mut nginx = Self { address, child, _folder: own_folder };
        let listens = find("nginx listens, or ends", async || {
            let ended = nginx.child.try_wait().unwrap().map(|_| false);
            ended.or_else(|| pid_file.exists().then_some(true))
        });
        listens.await.then_some(nginx)
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
        let request = Request::get(format!("http://{}{path}", self.address));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        client.request(request.body(Body::empty()).unwrap()).await.unwrap().map(Body::new)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Debian's nginx isn't in the search path of ordinary users.
fn program() -> &'static str {
    if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" }
}

fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_given_to_whoever_has_a_key_for_it() {
    let world = World::new().await;
    let hub = world.serve("warn").await;
    let proxy = world.admin_key(&[Scope::Authz]).await;
    let nginx = Nginx::start(hub.address, &proxy, "").await;

    let created = world.key_with(Level::Standard, |_| {}).await;
    let good = bearer(&created.secret);
    let answer = nginx.get("/report.txt", &[("authorization", &good)]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["x-served-to"], created.api_key.id.to_string().as_str());
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    assert_eq!(body, "the report");
    assert_eq!(nginx.get("/none.txt", &[("x-api-key", &created.secret)]).await.status(), 404);

    let wrong = bearer("toll_std_000000000000000000000000000000002tlumi");
    for headers in [&[][..], &[("authorization", &*wrong)], &[("authorization", "Basic eA==")]] {
        let refused = nginx.get("/report.txt", headers).await;
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
    }
    let read = bearer(&world.key_with(Level::Read, |_| {}).await.secret);
    assert_eq!(nginx.get("/report.txt", &[("authorization", &read)]).await.status(), 403);
    let narrow = world.key_with(Level::Standard, |key| key.scopes = vec![Scope::Chat]).await;
    let narrow = bearer(&narrow.secret);
    // A client's claims about its path, address or proxy are replaced by nginx.
    let forged = [("authorization", &*narrow), ("x-forwarded-uri", "/v1/chat/completions")];
    assert_eq!(nginx.get("/report.txt", &forged).await.status(), 403);
    let here = world.key_with(Level::Standard, |key| key.ip_allowlist = vec!["192.0.2.0/24".parse().unwrap()]).await;
    let here = bearer(&here.secret);
    let forged = [("authorization", &*here), ("x-forwarded-for", "192.0.2.7")];
    assert_eq!(nginx.get("/report.txt", &forged).await.status(), 403);
    assert_eq!(nginx.get("/tollhouse", &[("authorization", &good)]).await.status(), 404);

    let limits = RateLimits { calls_per_minute: Some(1), tokens_per_minute: None };
    let slow = world.key_with(Level::Standard, |key| key.rate_limits = limits).await;
    let slow = bearer(&slow.secret);
    assert_eq!(nginx.get("/report.txt", &[("authorization", &slow)]).await.status(), 200);
    let refused = nginx.get("/report.txt", &[("authorization", &slow)]).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 61);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_can_take_a_scope_and_nothing_is_given_while_nobody_can_be_asked() {
    let world = World::new().await;
    let hub = world.serve("warn").await;
    let proxy = world.admin_key(&[Scope::Authz]).await;
    let nginx = Nginx::start(hub.address, &proxy, "?scope=files").await;
    let with = |scope| world.key_with(Level::Standard, move |key| key.scopes = vec![scope]);
    let (files, chat) = (bearer(&with(Scope::Files).await.secret), bearer(&with(Scope::Chat).await.secret));
    assert_eq!(nginx.get("/report.txt", &[("authorization", &files)]).await.status(), 200);
    assert_eq!(nginx.get("/report.txt", &[("authorization", &chat)]).await.status(), 403);
    hub.stop().await;
    assert_eq!(nginx.get("/report.txt", &[("authorization", &files)]).await.status(), 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_behind_nginx_sees_no_key_and_whose_it_was() {
    let world = World::new().await;
    let hub = world.serve("warn").await;
    let proxy = world.admin_key(&[Scope::Authz]).await;
    let backend = Upstream::answering(200, &[], "the report").await;
    let nginx = Nginx::start_before(Some(backend.address), hub.address, &proxy, "").await;
    let created = world.key_with(Level::Standard, |_| {}).await;
    let good = bearer(&created.secret);
    let header_sets: [&[(&str, &str)]; 3] = [
        &[("authorization", &good), ("x-api-key", "foreign"), ("x-tollhouse-key-id", "key_claimed")],
        &[("x-goog-api-key", &created.secret), ("ocp-apim-subscription-key", &created.secret)],
        &[("api-key", &created.secret), ("authorization", "Bearer foreign")],
    ];
    for headers in header_sets {
        assert_eq!(nginx.get("/report.txt", headers).await.status(), 200, "{headers:?}");
    }
    let other = bearer("toll_std_000000000000000000000000000000002tlumi");
    let two = [("authorization", &*other), ("x-api-key", &created.secret)];
    assert_eq!(nginx.get("/report.txt", &two).await.status(), 401);
    assert_eq!(
        nginx.get(&format!("/report.txt?key={}", created.secret), &[("authorization", &good)]).await.status(),
        401
    );
    let requests = backend.requests();
    assert_eq!(requests.len(), header_sets.len());
    for request in requests {
        let seen = format!("{:?}", request.headers);
        assert!(!seen.contains(&created.secret) && !seen.contains("foreign"), "{seen}");
        assert_eq!(request.headers["x-tollhouse-key-id"], created.api_key.id.to_string().as_str());
    }
}
