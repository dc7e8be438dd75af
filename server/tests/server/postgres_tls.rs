//! TLS between the server and PostgreSQL.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use services::{ServiceError, Services, SystemClock};

use crate::crash::cluster::Cluster;

/// An extension that nobody knows, with NULL as its content.
const UNKNOWN_EXTENSION: ([u64; 9], [u8; 2]) = ([1, 3, 6, 1, 4, 1, 32473, 1, 1], [5, 0]);

/// A self-signed certificate, and its key.
fn certificate(unknown_extension: bool) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    if unknown_extension {
        let (id, content) = UNKNOWN_EXTENSION;
        let mut extension = CustomExtension::from_oid_content(&id, content.to_vec());
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    }
    let certificate = params.self_signed(&key).unwrap();
    (pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
}

fn pem(label: &str, content: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(content);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The error of opening the database with this `sslmode`; `None` if it can be opened.
async fn error_with(cluster: &Cluster, mode: &str) -> Option<String> {
    match Services::open(&format!("{}?sslmode={mode}", cluster.url()), Arc::new(SystemClock)).await {
        Ok(services) => {
            services.database().clone().close().await.unwrap();
            None
        }
        Err(ServiceError::Invalid(fields)) => Some(fields.get("DATABASE_URL").unwrap().to_owned()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_certificate_that_is_refused_is_refused_with_the_sslmode_that_helps() {
    let cluster = Cluster::new();
    let message = error_with(&cluster, "require").await.unwrap();
    assert!(message.contains("sslmode=disable"), "{message}");

    let (unreadable, key) = certificate(true);
    cluster.offer_tls(&unreadable, &key);
    for mode in ["prefer", "require"] {
        let message = error_with(&cluster, mode).await.unwrap();
        assert!(message.contains("certificate") && message.contains("sslmode=disable"), "{message}");
    }
    assert_eq!(error_with(&cluster, "disable").await, None);

    let (self_signed, key) = certificate(false);
    cluster.offer_tls(&self_signed, &key);
    assert_eq!(error_with(&cluster, "prefer").await, None);
    for mode in ["verify-ca", "verify-full"] {
        let message = error_with(&cluster, mode).await.unwrap();
        assert!(message.contains("UnknownIssuer") && message.contains("sslmode=require"), "{message}");
    }
}
