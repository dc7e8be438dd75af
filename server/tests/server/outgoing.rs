//! How providers are asked over TLS.

use std::{
    io::Read,
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread::JoinHandle,
};

use axum::http::{Method, StatusCode};
use domain::api_keys::Level;
use rustls::{
    ServerConfig, ServerConnection,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::json;

use crate::world::{World, json as body};

/// Takes connections one after another, each with `answer`, and gives what it made of the first.
fn provider<T: Send + 'static>(answer: impl Fn(TcpStream) -> T + Send + 'static) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, std::thread::spawn(move || answer(listener.accept().unwrap().0)))
}

/// Calls a model of a provider at this port.
async fn call(port: u16) -> (StatusCode, serde_json::Value) {
    let toml = format!(
        "[[provider]]\nname = \"p\"\nkind = \"openai\"\nbase_url = \"https://127.0.0.1:{port}/v1\"\napi_key_env = \"PROVIDER_KEY\"\n\
         [[model]]\nname = \"m\"\nproviders = [\"p\"]\nservice = \"chat\"\n[gateway]\nattempts = 1\n"
    );
    let world = World::on(None, &toml).await;
    let key = world.key_with(Level::Standard, |_| {}).await.secret;
    let question = json!({ "model": "m", "messages": [] });
    let answer = world.call(&Method::POST, "/v1/chat/completions", Some(&key), &question).await;
    (answer.status(), body(answer).await)
}

/// The chain and key of a server that vouches for itself.
fn self_signed() -> ServerConfig {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap()
}

#[tokio::test]
async fn a_provider_that_nobody_vouches_for_is_told_nothing() {
    let config = Arc::new(self_signed());
    let (port, provider) = provider(move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        // Until the handshake is done or given up.
        let shaken = loop {
            match connection.complete_io(&mut stream) {
                Ok((0, 0)) => break Ok(()),
                Ok(_) if connection.is_handshaking() => {}
                Ok(_) => break Ok(()),
                Err(error) => break Err(error.to_string()),
            }
        };
        let mut said = Vec::new();
        let _ = connection.reader().read_to_end(&mut said);
        (shaken, said)
    });
    let (status, answer) = call(port).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_GATEWAY, &json!("upstream_error")));
    let (shaken, said) = provider.join().unwrap();
    assert!(
        shaken.is_err_and(|why| why.contains("UnknownCA") || why.contains("BadCertificate")),
        "the client said why"
    );
    assert_eq!(said, b"", "no key and no prompt");
}

/// TLS 1.3 and 1.2, as RFC 8446 writes versions.
const VERSIONS: [u16; 2] = [0x0304, 0x0303];
/// The suites of both that encrypt with authentication and agree on a key anew each time (RFC 8446, 5289, 7905), and the
/// one that is none: "no renegotiation" (RFC 5746).
const SUITES: [u16; 10] = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9, 0x00ff];

#[tokio::test]
async fn providers_are_asked_by_tls_1_2_or_1_3_with_strong_suites_only() {
    let (port, provider) = provider(|mut stream| {
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 22, "a handshake, and nothing in the clear");
        let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut hello).unwrap();
        hello
    });
    assert_eq!(call(port).await.0, StatusCode::BAD_GATEWAY);
    let hello = provider.join().unwrap();
    let (versions, suites) = read_hello(&hello);
    assert!(!versions.is_empty() && versions.iter().all(|version| VERSIONS.contains(version)), "{versions:x?}");
    assert!(!suites.is_empty() && suites.iter().all(|suite| SUITES.contains(suite)), "{suites:x?}");
    assert_eq!(versions[0], VERSIONS[0], "the newest is asked for first");
}

/// The versions and suites that a client offers (RFC 8446, sections 4.1.2 and 4.2.1).
fn read_hello(hello: &[u8]) -> (Vec<u16>, Vec<u16>) {
    // The message's type and length, the version of old, and 32 random bytes.
    let mut rest = &hello[4 + 2 + 32..];
    let _session = take(&mut rest, 1);
    let suites = numbers(take(&mut rest, 2));
    let _compression = take(&mut rest, 1);
    let mut extensions = take(&mut rest, 2);
    while !extensions.is_empty() {
        let kind = u16::from_be_bytes([extensions[0], extensions[1]]);
        extensions = &extensions[2..];
        let mut content = take(&mut extensions, 2);
        if kind == 43 {
            return (numbers(take(&mut content, 1)), suites);
        }
    }
    (Vec::new(), suites)
}

/// What stands next, after its length in so many bytes.
fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> &'a [u8] {
    let length = rest[..bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let (taken, left) = rest[bytes..].split_at(length);
    *rest = left;
    taken
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}
