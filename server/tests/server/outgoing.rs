//! Calls to providers over TLS.

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

/// Accepts one connection, handles it with `answer`, and returns the result.
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

/// The configuration of a server with a self-signed certificate.
fn self_signed() -> ServerConfig {
    let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key)
        .unwrap()
}

#[tokio::test]
async fn a_provider_that_nobody_vouches_for_is_told_nothing() {
    let config = Arc::new(self_signed());
    let (port, provider) = provider(move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        // Until the handshake is complete or failed.
        let handshake = loop {
            match connection.complete_io(&mut stream) {
                Ok((0, 0)) => break Ok(()),
                Ok(_) if connection.is_handshaking() => {}
                Ok(_) => break Ok(()),
                Err(error) => break Err(error.to_string()),
            }
        };
        let mut received = Vec::new();
        let _ = connection.reader().read_to_end(&mut received);
        (handshake, received)
    });
    let (status, answer) = call(port).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_GATEWAY, &json!("upstream_error")));
    let (handshake, received) = provider.join().unwrap();
    assert!(
        handshake.is_err_and(|error| error.contains("UnknownCA") || error.contains("BadCertificate")),
        "the client said why"
    );
    assert_eq!(received, b"", "no key and no prompt");
}

/// TLS 1.3 and 1.2, as RFC 8446 encodes versions.
const VERSIONS: [u16; 2] = [0x0304, 0x0303];
/// Their suites with authenticated encryption and a new key for each connection (RFC 8446, 5289, 7905), and
/// the value for "no renegotiation" (RFC 5746), which isn't a suite.
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
    // The message's type and length, the legacy version, and 32 random bytes.
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

/// The next field, after its length in so many bytes.
fn take<'a>(rest: &mut &'a [u8], bytes: usize) -> &'a [u8] {
    let length = rest[..bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let (field, left) = rest[bytes..].split_at(length);
    *rest = left;
    field
}

fn numbers(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}
