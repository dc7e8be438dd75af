//! Reads streamed chat completions over several connections:
//! `bench-streams ADDRESS:PORT CONNECTIONS SECONDS`.
//!
//! Each connection sends its next request when its stream has ended. The key comes from the environment, as
//! `KEY`. Prints one line of JSON: streams and tokens that arrived, and microseconds to the first byte of the
//! answer's body.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const BODY: &str = r#"{"model":"bench","stream":true,"messages":[{"role":"user","content":"What does a toll house do, and who writes down what everybody pays?"}]}"#;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Counts of the streams that arrived over a connection.
#[derive(Default)]
struct StreamCounts {
    streams: u64,
    tokens: u64,
    failed: u64,
    /// Time to the first byte of each stream, in microseconds.
    first_bytes: Vec<u64>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: bench-streams ADDRESS:PORT CONNECTIONS SECONDS");
    let [address, connections, seconds] = arguments.as_slice() else { return Err(usage().into()) };
    let address: SocketAddr = address.parse()?;
    let connections: usize = connections.parse()?;
    let authorization = format!("Bearer {}", std::env::var("KEY").unwrap_or_default());

    let started = Instant::now();
    let deadline = started + Duration::from_secs(seconds.parse()?);
    let readers = (0..connections).map(|_| tokio::spawn(read(address, authorization.clone(), deadline)));
    let mut total = StreamCounts::default();
    for counts in join_all(readers).await {
        let counts = counts??;
        total.streams += counts.streams;
        total.tokens += counts.tokens;
        total.failed += counts.failed;
        total.first_bytes.extend(counts.first_bytes);
    }
    total.first_bytes.sort_unstable();
    let percentile = |percent: usize| {
        let last = total.first_bytes.len().saturating_sub(1);
        total.first_bytes.get(last * percent / 100).copied().unwrap_or_default()
    };
    let result = serde_json::json!({
        "streams": total.streams,
        "tokens": total.tokens,
        "failed": total.failed,
        "microseconds": u64::try_from(started.elapsed().as_micros())?,
        "first_byte_p50": percentile(50),
        "first_byte_p99": percentile(99),
    });
    io::Write::write_all(&mut io::stdout(), format!("{result}\n").as_bytes())?;
    Ok(())
}

/// Reads one stream after the other. A stream that has begun before the deadline is read to its end.
async fn read(address: SocketAddr, authorization: String, deadline: Instant) -> Result<StreamCounts, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let mut counts = StreamCounts::default();
    while Instant::now() < deadline {
        let request = Request::post("/v1/chat/completions")
            .header("host", address.to_string())
            .header("content-type", "application/json")
            .header("authorization", &authorization)
            .body(Full::new(Bytes::from_static(BODY.as_bytes())))?;
        let sent_at = Instant::now();
        sender.ready().await?;
        let mut response = sender.send_request(request).await?;
        let mut first = true;
        let mut last = Vec::new();
        while let Some(frame) = response.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if std::mem::take(&mut first) {
                counts.first_bytes.push(u64::try_from(sent_at.elapsed().as_micros())?);
            }
            counts.tokens += count_tokens(&data);
            last = data[data.len().saturating_sub(16)..].to_vec();
        }
        let complete = response.status().is_success() && last.ends_with(b"[DONE]\n\n");
        if complete { counts.streams += 1 } else { counts.failed += 1 }
    }
    drop(sender);
    driver.await??;
    Ok(counts)
}

/// Counts the tokens in a piece of a stream: each has one `"delta"`. One split between pieces isn't counted.
fn count_tokens(piece: &[u8]) -> u64 {
    piece.windows(7).filter(|window| window == b"\"delta\"").count() as u64
}
