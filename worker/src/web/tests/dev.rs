//! `/dev/mailbox`.

use super::stand::*;
use crate::mail::transport::Outgoing;
use crate::mail::transport::mailbox::Mailbox;

const MAIL: &str = "From: Shop <shop@example.org>\r\nTo: Ana <ana@example.org>\r\nSubject: Hello <b>\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nOpen http://127.0.0.1:8080/c/abc.\r\n--x\r\n\
    Content-Type: text/html; charset=utf-8\r\n\r\n<html><head></head><body><script>1</script>\
    <a href=\"http://127.0.0.1:8080/c/abc\">x</a></body></html>\r\n--x--\r\n";

async fn with_mail() -> Stand {
    let stand = stand_with(Setup { mailbox: true, ..Setup::default() }).await;
    let mailbox: &Mailbox = stand.state.mailbox.as_ref().expect("a mailbox");
    let mail = Outgoing {
        id: uuid::Uuid::from_u128(1),
        message_id: "<m1@example.org>".into(),
        from: "shop@example.org".into(),
        to: "ana@example.org".into(),
        bytes: MAIL.into(),
    };
    assert_eq!(mailbox.send(vec![mail]).await.len(), 1);
    stand
}

#[tokio::test]
async fn mails_are_listed_and_shown() {
    let stand = with_mail().await;
    let list = stand.send(ask("GET", "/dev/mailbox")).await;
    assert!(list.status == 200 && list.body.contains("/dev/mailbox/m1@example.org"), "{}", list.body);
    assert!(list.body.contains("Hello &lt;b&gt;"));
    let entries = stand.send(ask("GET", "/dev/mailbox.json")).await.json();
    assert_eq!((&entries[0]["id"], entries.as_array().map(Vec::len)), (&"m1@example.org".into(), Some(1)));

    let mail = stand.send(ask("GET", "/dev/mailbox/m1@example.org")).await;
    assert!(mail.body.contains("<iframe src=\"/dev/mailbox/m1@example.org/html\""), "{}", mail.body);
    assert!(
        mail.body.contains("<a href=\"http://127.0.0.1:8080/c/abc\" target=\"_blank\" rel=\"noreferrer\">")
    );
    assert!(!mail.body.contains("<script>"));
    let json = stand.send(ask("GET", "/dev/mailbox/m1@example.org/json")).await.json();
    assert_eq!(json["links"][0], "http://127.0.0.1:8080/c/abc");
    assert!(json["html"].as_str().is_some_and(|html| html.contains("<body>")));
    assert!(stand.send(ask("GET", "/dev/mailbox/m1@example.org/raw")).await.body.starts_with("From: Shop"));
}

#[tokio::test]
async fn a_mail_has_no_rights_in_its_frame() {
    let stand = with_mail().await;
    let html = stand.send(ask("GET", "/dev/mailbox/m1@example.org/html")).await;
    let policy = html.header("content-security-policy");
    assert!(policy.starts_with("sandbox allow-popups ") && !policy.contains("allow-scripts"), "{policy}");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'self'"), "{policy}");
    assert_eq!(html.header("x-frame-options"), "SAMEORIGIN");
    assert!(html.body.contains("<head><base target=\"_blank\">"));
}

#[tokio::test]
async fn it_is_there_for_this_machine_alone() {
    let stand = with_mail().await;
    for path in ["/dev/mailbox", "/dev/mailbox.json", "/dev/mailbox/m1@example.org/json"] {
        for foreign in [
            Ask { peer: "192.0.2.1:4711", ..ask("GET", path) },
            Ask { host: Some("evil.example"), ..ask("GET", path) },
            ask("GET", path).header("x-forwarded-for", "127.0.0.1"),
            ask("GET", path).header("origin", "https://evil.example"),
        ] {
            assert_eq!(stand.send(foreign).await.problem(), (404, "not_found".to_owned()), "{path}");
        }
    }
    for path in ["/dev/mailbox/none@example.org", "/dev/mailbox/..%2Frescind.db", "/dev/mailbox/%ff"] {
        assert_eq!(stand.send(ask("GET", path)).await.problem().0, 404, "{path}");
    }
}

#[tokio::test]
async fn it_is_not_there_once_sources_are_configured() {
    for (sources, mailbox) in [(true, true), (false, false)] {
        let stand = stand_with(Setup { sources, mailbox, ..Setup::default() }).await;
        assert_eq!(stand.send(ask("GET", "/dev/mailbox")).await.problem().0, 404);
    }
}
