//! HTTP, byte for byte against a running worker, and messages that are decided and stored: whatever comes is answered,
//! and never by an error of ours.

use super::engine::{self, Target};
use super::examples;
use rescind_tests::app::TestApp;
use rescind_tests::database::TestDatabase;
use rescind_tests::operations::example_policy;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// A worker on SQLite; with sources, or open to this machine.
pub(super) struct Site(TestApp);

impl Site {
    pub(super) async fn start(sources: bool) -> Self {
        let policy = sources.then(|| {
            let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
            example_policy(&format!("[sources.shop]\ntoken_sha256 = \"{hash}\"\ntypes = [\"*\"]\n"))
        });
        Self(TestApp::with(TestDatabase::sqlite().await, policy.as_deref(), &[]).await)
    }

    /// It still works, and no loop of it has ended.
    pub(super) async fn must_be_well(mut self) {
        let (status, report) = self.0.readyz().await;
        assert_eq!(status, 200, "{report}");
        self.0.stop().await;
    }
}

/// Requests to a site.
pub(super) struct Exchange(SocketAddr);

/// Bytes that are no whole request are not answered: after this time their end is told, which also calls off a request
/// that is still being answered.
const ENOUGH: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(20);

impl Exchange {
    pub(super) fn with(site: &Site) -> Self {
        Self(site.0.worker().http)
    }

    /// Sends these bytes, which may be no whole request; returns the status of the first answer, if there is one.
    pub(super) fn send(&self, request: &[u8]) -> Option<u16> {
        self.exchange(request, ENOUGH)
    }

    /// Sends a whole request, and waits for its answer.
    pub(super) fn send_whole(&self, request: &[u8]) -> Option<u16> {
        self.exchange(request, LONG)
    }

    fn exchange(&self, request: &[u8], patience: Duration) -> Option<u16> {
        let mut stream = TcpStream::connect(self.0).expect("it listens");
        stream.set_nodelay(true).expect("an option of the socket");
        stream.set_read_timeout(Some(patience)).expect("an option of the socket");
        // a server that has heard enough closes, and what is sent then fails
        let _ = stream.write_all(request);
        let (mut answer, mut buffer, mut ended) = (Vec::new(), [0; 8192], false);
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => answer.extend_from_slice(&buffer[..read]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    if ended || whole(&answer) {
                        break;
                    }
                    ended = true;
                    let _ = stream.shutdown(Shutdown::Write);
                    stream.set_read_timeout(Some(LONG)).expect("an option of the socket");
                }
                Err(_) => break,
            }
            if whole(&answer) {
                break;
            }
        }
        let text = String::from_utf8_lossy(&answer);
        if text.is_empty() {
            return None;
        }
        let status = text.strip_prefix("HTTP/1.1 ").or(text.strip_prefix("HTTP/1.0 "));
        let status: u16 = status.and_then(|rest| rest.get(..3)?.parse().ok()).expect("an answer of HTTP");
        assert!(status < 500, "an error of ours: {text}");
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        // ids and sources come back by design, so that senders tell their messages apart
        if status >= 400 && !body.starts_with('[') {
            assert!(!body.contains("zq@mark"), "the answer repeats what was sent: {body}");
        }
        Some(status)
    }
}

fn whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let head = head.to_ascii_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const WORDS: &[&str] = &[
    "GET ",
    "POST ",
    "HTTP/1.1\r\n",
    "HTTP/1.0\r\n",
    "\r\n\r\n",
    "Host: ",
    "Content-Length: ",
    "Content-Length: 18446744073709551616\r\n",
    "Transfer-Encoding: chunked\r\n",
    "ffffffffffffffff\r\n",
    "0\r\n\r\n",
    "Expect: 100-continue\r\n",
    "Connection: upgrade\r\nUpgrade: h2c\r\n",
    "Content-Type: application/cloudevents-batch+json\r\n",
    "X-Forwarded-For: zq@mark.er\r\n",
    "Accept-Language: ",
    "/v1/messages",
    "/v1/gate",
    "/c/",
    "/d/",
    "/dev/mailbox/",
    "%00",
    "%ff",
    "//",
    "http://zq@mark.er/",
];

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_http() {
    let site = Site::start(false).await;
    let mut seeds: Vec<_> = [
        "/",
        "/style.css",
        "/c/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "/d/00/a.pdf",
        "/dev/mailbox",
        "/dev/mailbox.json",
    ]
    .iter()
    .map(|path| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes())
    .collect();
    seeds.push(post("/v1/messages", &examples()[0]));
    seeds.push(post("/v1/gate", br#"{"subject":{"email":"ana@example.org"},"purpose":"newsletter"}"#));
    seeds.push(
        b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
          Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
            .to_vec(),
    );
    let target = Target { name: "http", seeds, words: WORDS, json: false, inputs: 300 };
    let exchange = Exchange::with(&site);
    tokio::task::block_in_place(|| {
        engine::run(target, &mut |input| engine::outcome(&exchange.send(input)));
    });
    site.must_be_well().await;
}

/// The whole way of a message, into the store and back.
#[tokio::test(flavor = "multi_thread")]
async fn messages_over_http() {
    let site = Site::start(false).await;
    let mut seeds = examples();
    let first = String::from_utf8_lossy(&seeds[0]).into_owned();
    seeds.push(format!("[{first},{first}]").into());
    let words = [
        "subject",
        "email",
        "phone",
        "ids",
        "fields",
        "contents",
        "newsletter",
        "purposes",
        "all",
        "evidence",
    ];
    let target = Target { name: "http-messages", seeds, words: &words, json: true, inputs: 600 };
    let exchange = Exchange::with(&site);
    let mut turn = 0_u64;
    tokio::task::block_in_place(|| {
        engine::run(target, &mut |input| {
            turn += 1;
            // another id each time, or most would only be told to be known
            let text = String::from_utf8_lossy(input).replacen("\"id\":\"", &format!("\"id\":\"{turn}-"), 1);
            let path = if turn.is_multiple_of(8) { "/v1/gate" } else { "/v1/messages" };
            let status = exchange.send_whole(&post(path, text.as_bytes()));
            assert!(status.is_some(), "a whole request is answered");
            engine::outcome(&(status, text.len() / 64))
        });
    });
    site.must_be_well().await;
}
