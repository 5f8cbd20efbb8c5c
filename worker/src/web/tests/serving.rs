//! Connections: what slow clients, many clients, and an end to serving do.

use super::stand::*;
use crate::web::{Guards, serve_with};
use axum::Router;
use axum::routing::get;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const LONG: Duration = Duration::from_secs(10);

struct Served {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

async fn served(router: Router, guards: Guards) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve_with(listener, router, stop.clone(), guards));
    Served { address, stop, task }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    timeout(LONG, stream.read_to_end(&mut text)).await.expect("an end").expect("a text");
    String::from_utf8(text).expect("UTF-8")
}

fn slow_router() -> Router {
    let slow = get(async || {
        sleep(Duration::from_millis(500)).await;
        "slow"
    });
    Router::new().route("/", get(async || "quick")).route("/slow", slow)
}

#[tokio::test]
async fn the_peer_is_known_to_the_routes() {
    let stand = stand().await;
    let served = served(stand.router.clone(), Guards::default()).await;
    let mut stream = served.connect().await;
    let body = r#"{"id":"m1","source":"shop"}"#;
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 202 Accepted\r\n"), "{answer}");
    assert!(answer.contains("content-security-policy:"), "{answer}");
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let guards = Guards { head: Duration::from_millis(200), ..Guards::default() };
    let served = served(slow_router(), guards).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.expect("sent");
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("200"), "{answer}");
}

#[tokio::test]
async fn what_was_begun_is_finished_before_the_end() {
    let served = served(slow_router(), Guards::default()).await;
    let (mut busy, mut idle) = (served.connect().await, served.connect().await);
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    sleep(Duration::from_millis(100)).await;
    served.stop.cancel();
    assert!(rest(&mut busy).await.ends_with("slow"));
    assert_eq!(rest(&mut idle).await, "");
    timeout(LONG, served.task).await.expect("an end").expect("no panic");
    assert!(TcpStream::connect(served.address).await.is_err(), "nothing is taken any more");
}

#[tokio::test]
async fn further_connections_wait_for_a_place() {
    let served = served(slow_router(), Guards { connections: 1, ..Guards::default() }).await;
    let (mut first, mut second) = (served.connect().await, served.connect().await);
    sleep(Duration::from_millis(50)).await;
    second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sent");
    let mut one = [0];
    let early = timeout(Duration::from_millis(200), second.read(&mut one)).await;
    assert!(early.is_err(), "the one place is taken");
    first.shutdown().await.expect("closed");
    assert!(rest(&mut second).await.ends_with("quick"));
}

#[tokio::test]
async fn a_connection_does_not_live_for_ever() {
    let guards = Guards {
        connection: Duration::from_millis(200),
        linger: Duration::from_millis(200),
        ..Guards::default()
    };
    let served = served(slow_router(), guards).await;
    let mut stream = served.connect().await;
    assert_eq!(rest(&mut stream).await, "");
    let mut stream = served.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    assert_eq!(rest(&mut stream).await, "", "not even for an answer");
}
