//! Proxies in the environment.

use std::{env, net::SocketAddr, process::Command};

use super::{client_of, get, servers::FakeServer};

const TARGET: &str = "OUTGOING_TEST_TARGET";
const PROXY_VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Sends its request in a process of its own, since a process can't safely change its own environment.
#[tokio::test]
async fn a_proxy_in_the_environment_is_ignored() {
    if let Ok(target) = env::var(TARGET) {
        let target: SocketAddr = target.parse().unwrap();
        let response = client_of(target).send(get(format!("http://{target}/"))).await.unwrap();
        assert_eq!(response.status, 204);
        return;
    }
    let (server, proxy) = (FakeServer::start("HTTP/1.1 204 No Content\r\n\r\n"), FakeServer::start(""));
    let name = module_path!().split_once("::").unwrap().1;
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", &format!("{name}::a_proxy_in_the_environment_is_ignored")]);
    child.env(TARGET, server.address.to_string()).env_remove("NO_PROXY").env_remove("no_proxy");
    child.envs(PROXY_VARIABLES.map(|variable| (variable, proxy.url("/"))));
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((server.connections(), proxy.connections()), (1, 0));
}
