//! Calls to the outside over real connections: what may be called, and what an answer may do to us.

use rescind_tests::certificate::Certificate;
use rescind_tests::temp_folder::TempFolder;
use rescind_tests::web_server::{Served, WebServer};
use rescind_worker::config::Config;
use rescind_worker::egress::{Answer, Call, Egress, EgressError, HeaderMap, HeaderValue, Method};

fn egress(settings: &[(&str, &str)]) -> Egress {
    let variables = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = Config::load(None, variables).unwrap_or_else(|e| panic!("{e}"));
    Egress::new(&config.egress).expect("a client")
}

/// A client that may call this machine.
fn at_home(more: &[(&str, &str)]) -> Egress {
    let allowed =
        [("RESCIND_EGRESS__SCHEMES", "any"), ("RESCIND_EGRESS__ALLOWED_NETWORKS", "127.0.0.0/8,::1")];
    egress(&[&allowed, more].concat())
}

async fn call(egress: &Egress, url: &str) -> Result<Answer, EgressError> {
    let mut headers = HeaderMap::new();
    headers.insert("x-signature", HeaderValue::from_static("v1=abc"));
    let url = url.parse().expect("a URL");
    egress.send(Call { method: Method::POST, url, headers, body: b"{\"a\":1}".to_vec() }).await
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-told: yes\r\n\r\ndone";

#[tokio::test]
async fn a_call_is_sent_as_given_and_its_answer_read_whole() {
    let server = WebServer::start(|_| Served::text(OK)).await;
    let answer = call(&at_home(&[]), &server.url("/hook?a=b")).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"done"[..]));
    assert_eq!(answer.headers["x-told"], "yes");
    let seen = server.seen();
    let request = seen[0].to_ascii_lowercase();
    assert!(request.starts_with("post /hook?a=b http/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nx-signature: v1=abc\r\n") && request.ends_with("\r\n\r\n{\"a\":1}"));
    assert!(!request.contains("referer") && !request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn only_https_unless_allowed() {
    let server = WebServer::start(|_| Served::text(OK)).await;
    let strict = egress(&[("RESCIND_EGRESS__ALLOWED_NETWORKS", "127.0.0.1")]);
    assert!(matches!(call(&strict, &server.url("/")).await, Err(EgressError::Scheme)));
    for url in ["ftp://example.org/", "file:///etc/passwd", "data:,x", "gopher://127.0.0.1:25/x"] {
        assert!(matches!(call(&at_home(&[]), url).await, Err(EgressError::Scheme)), "{url}");
    }
    assert_eq!(server.connections(), 0);
}

/// However the address is written, and whatever name leads to it.
#[tokio::test]
async fn addresses_inside_are_never_connected_to() {
    let server = WebServer::start(|_| Served::text(OK)).await;
    let outside = egress(&[("RESCIND_EGRESS__SCHEMES", "any")]);
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "１２７.0.0.1",
    ];
    for host in hosts {
        let url = format!("http://{host}:{}/secret", server.address.port());
        let error = call(&outside, &url).await.expect_err(host);
        assert!(matches!(error, EgressError::Private), "{host}: {error:?}");
        assert!(!error.to_string().contains("secret") && !error.may_pass());
    }
    for host in ["169.254.169.254", "10.0.0.1", "192.168.1.1", "[fd00:ec2::254]", "[fe80::1]"] {
        let error = call(&outside, &format!("http://{host}/latest/meta-data")).await.expect_err(host);
        assert!(matches!(error, EgressError::Private), "{host}: {error:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_it_leads_to() {
    let server = WebServer::start(|_| Served::text(OK)).await;
    let url = format!("http://localhost:{}/", server.address.port());
    assert!(call(&at_home(&[]), &url).await.is_ok(), "its network was allowed");
    let error = call(&at_home(&[]), "http://no-such-name.invalid/").await.expect_err("no address");
    assert!(matches!(error, EgressError::Unknown) && error.may_pass(), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let inside = WebServer::start(|_| Served::text(OK)).await;
    let to = inside.url("/inside");
    let server = WebServer::start(move |_| {
        Served::text(format!("HTTP/1.1 307 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"))
    })
    .await;
    let answer = call(&at_home(&[]), &server.url("/")).await.expect("an answer");
    assert_eq!(answer.status.as_u16(), 307);
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn user_and_password_in_an_address_are_refused() {
    let error = call(&at_home(&[]), "http://user:hunter2@127.0.0.1:1/").await.expect_err("refused");
    assert!(matches!(error, EgressError::Credentials));
    assert!(!error.to_string().contains("hunter2"));
}

#[tokio::test]
async fn answers_have_a_limit_of_size() {
    let small = at_home(&[("RESCIND_EGRESS__RESPONSE_LIMIT_BYTES", "1024")]);
    let announced = WebServer::start(|_| {
        Served::text("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").holding()
    })
    .await;
    assert!(matches!(call(&small, &announced.url("/")).await, Err(EgressError::TooLarge(1024))));
    // without a length, chunk after chunk
    let endless = WebServer::start(|_| {
        let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
        Served::text(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}")).again(chunk)
    })
    .await;
    assert!(matches!(call(&small, &endless.url("/")).await, Err(EgressError::TooLarge(1024))));
    let exact = WebServer::start(|_| {
        Served::text(format!("HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n{}", "x".repeat(1024)))
    })
    .await;
    assert_eq!(call(&small, &exact.url("/")).await.expect("an answer").body.len(), 1024);
    // heads without end
    let heads = WebServer::start(|_| Served::text("HTTP/1.1 200 OK\r\n").again("x-more: yes\r\n")).await;
    assert!(matches!(call(&small, &heads.url("/")).await, Err(EgressError::Broken)));
}

#[tokio::test]
async fn answers_have_a_limit_of_time() {
    let hasty = at_home(&[("RESCIND_EGRESS__TIMEOUT_SECONDS", "1")]);
    for begun in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"] {
        let server = WebServer::start(move |_| Served::text(begun).holding()).await;
        let error = call(&hasty, &server.url("/")).await.expect_err("no answer");
        assert!(matches!(error, EgressError::TooSlow) && error.may_pass(), "{begun:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_breaks_off_or_is_not_http_is_told_from_what_does_not_listen() {
    for answered in ["", "220 mail.example.org ESMTP\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"]
    {
        let server = WebServer::start(move |_| Served::text(answered)).await;
        let error = call(&at_home(&[]), &server.url("/")).await.expect_err("no answer");
        assert!(matches!(error, EgressError::Broken), "{answered:?}: {error:?}");
    }
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = gone.local_addr().expect("an address");
    drop(gone);
    let error = call(&at_home(&[]), &format!("http://{address}/")).await.expect_err("nobody there");
    assert!(matches!(error, EgressError::Unreachable), "{error:?}");
}

#[tokio::test]
async fn certificates_are_checked() {
    let folder = TempFolder::new("egress");
    let certificate = Certificate::self_signed(folder.path());
    let server = WebServer::start_tls(&certificate, |_| Served::text(OK)).await;
    let allowed = ("RESCIND_EGRESS__ALLOWED_NETWORKS", "127.0.0.0/8,::1");
    let stranger = call(&egress(&[allowed]), &server.url("/")).await.expect_err("unknown issuer");
    assert!(matches!(stranger, EgressError::Unreachable), "{stranger:?}");
    assert!(server.seen().is_empty(), "nothing was sent to whom nobody vouches for");
    let file = certificate.certificate.display().to_string();
    let trusting = egress(&[allowed, ("RESCIND_EGRESS__ROOT_CERTIFICATE_FILE", &file)]);
    assert_eq!(call(&trusting, &server.url("/")).await.expect("an answer").status.as_u16(), 200);
    let missing = folder.path().join("missing.pem").display().to_string();
    let config =
        Config::load(None, [("RESCIND_EGRESS__ROOT_CERTIFICATE_FILE".to_owned(), missing)].into_iter());
    assert!(matches!(Egress::new(&config.unwrap().egress), Err(EgressError::Trust(_))));
}

/// What calls out by itself calls nobody but this worker (the health check, the demo) or the collector that the operator
/// has configured.
#[test]
fn nothing_calls_out_but_through_it() {
    let sources = crate::layout::root().join("worker/src");
    let mut folders = vec![sources.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let name = entry.strip_prefix(&sources).expect("below it").display().to_string();
            let text = std::fs::read_to_string(&entry).expect("a source");
            if text.contains("reqwest::") && !name.starts_with("egress/") {
                found.push(name);
            }
        }
    }
    found.sort();
    assert_eq!(found, ["cli/health.rs", "demo/story.rs", "telemetry/export.rs"]);
}
