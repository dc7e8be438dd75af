//! Answers of servers that are slow, too large, redirects, or not HTTP.

use std::{fmt::Write, time::Duration};

use patience::{wait_for, wait_until};

use super::{client_of, get, servers::FakeServer};
use crate::{
    error::OutgoingError,
    limits::{MAX_ANSWER_BYTES, MAX_HEADER_BYTES},
};

fn answer(length: usize) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length))
}

/// Sends a request to a server with this answer, and checks that its connection is closed then, though the server leaves it open.
async fn error_of(answer: impl Into<Vec<u8>>) -> Option<OutgoingError> {
    let server = FakeServer::start(answer);
    let response = wait_for("a response", client_of(server.address).send(get(server.url("/")))).await;
    wait_until("the client closed the connection", async || server.closed() == 1).await;
    response.err()
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = FakeServer::start(answer(1));
    for status in [301, 302, 303, 307, 308] {
        let location = target.url("/secret");
        let server = FakeServer::start(format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\nrefresh: 0; url={location}\r\ncontent-length: 0\r\n\r\n"
        ));
        let response = client_of(server.address).send(get(server.url("/"))).await.unwrap();
        assert_eq!((response.status.as_u16(), response.headers["location"].to_str().unwrap()), (status, &*location));
        assert_eq!(server.connections(), 1);
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_slow_answer_times_out() {
    let beginnings =
        ["", "HTTP/1.1 ", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\n"];
    for beginning in beginnings {
        let server = FakeServer::start(beginning);
        let client = client_of(server.address).with_timeout(Duration::from_millis(300));
        let response = wait_for("a timeout", client.send(get(server.url("/")))).await;
        assert_eq!(response.err(), Some(OutgoingError::Timeout), "{beginning}");
        wait_until("no connection is left", async || server.closed() == server.requests().len()).await;
    }
}

#[tokio::test]
async fn an_answer_of_the_largest_size_is_read_and_no_larger_one() {
    let server = FakeServer::start(answer(MAX_ANSWER_BYTES));
    let response = client_of(server.address).send(get(server.url("/"))).await.unwrap();
    assert_eq!(response.body.len(), MAX_ANSWER_BYTES);
    assert_eq!(error_of(answer(MAX_ANSWER_BYTES + 1)).await, Some(OutgoingError::AnswerTooLarge));
    // Without a length, and without an end.
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", chunk.repeat(17));
    assert_eq!(error_of(endless).await, Some(OutgoingError::AnswerTooLarge));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MAX_ANSWER_BYTES + 1));
    assert_eq!(error_of(endless).await, Some(OutgoingError::AnswerTooLarge));
}

#[tokio::test]
async fn headers_that_are_too_large_are_not_read() {
    let large = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(MAX_HEADER_BYTES));
    assert_eq!(error_of(large).await, Some(OutgoingError::HeadersTooLarge));
    let many = (0..1000).fold("HTTP/1.1 200 OK\r\n".to_owned(), |mut many, number| {
        let _ = write!(many, "x{number}: \r\n");
        many
    });
    assert_eq!(error_of(many + "\r\n").await, Some(OutgoingError::HeadersTooLarge));
    let fitting = format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(MAX_HEADER_BYTES - 100));
    assert_eq!(error_of(fitting).await, None);
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_an_error() {
    for answer in
        ["SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "<html></html>", "+OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"]
    {
        assert_eq!(error_of(answer).await, Some(OutgoingError::InvalidAnswer), "{answer}");
    }
}
