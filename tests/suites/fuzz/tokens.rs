//! Tokens: of links, of forms, and of sources, each as it comes over HTTP.

use super::engine::{self, Target};
use super::http::{Exchange, Site};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_links_and_sources() {
    let site = Site::start(true).await;
    let seeds = [
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "a2b3c4d5e6f7g2h3a2b3c4d5e6f7g2h3?lang=de",
        "%61%ff%00",
        "../v1",
    ];
    let words =
        ["lang=", "%00", "%2f", "%c3%28", "/", "?", "#", "=", "Bearer ", "YWJj", "A", "7", "==", "\u{130}"];
    let seeds = seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect();
    let target = Target { name: "tokens", seeds, words: &words, json: false, inputs: 400 };
    let exchange = Exchange::with(&site);
    tokio::task::block_in_place(|| {
        engine::run(target, &mut |input| {
            let token: String =
                String::from_utf8_lossy(input).chars().filter(|c| !c.is_whitespace()).collect();
            let token = &token.chars().take(3000).collect::<String>();
            let open = format!("GET /c/{token} HTTP/1.1\r\nHost: x\r\n\r\n");
            let form = format!("nonce={token}&answer=granted&agree=yes");
            let answer = format!(
                "POST /c/{token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\n\r\n{form}",
                form.len()
            );
            let call = format!(
                "POST /v1/gate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
            );
            let statuses = [open, answer, call].map(|request| exchange.send_whole(request.as_bytes()));
            // a slash leads elsewhere, and a dot or a question mark may lead back
            if !token.contains(['/', '?', '#', '.', '%', '\\']) && token.is_ascii() {
                assert!(matches!(
                    statuses,
                    [Some(404 | 400 | 414 | 431), Some(404 | 400 | 414 | 431 | 413), _]
                ));
            }
            assert!(matches!(statuses[2], Some(401 | 400 | 431)), "no token is let in: {statuses:?}");
            engine::outcome(&statuses)
        });
    });
    site.must_be_well().await;
}
