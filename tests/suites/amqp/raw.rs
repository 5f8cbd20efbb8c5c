//! A publisher below any library, for what libraries refuse to write: bytes that are not UTF-8 in a property.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;

struct Raw(TcpStream);

impl Raw {
    async fn send(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let mut frame = vec![kind];
        frame.extend(channel.to_be_bytes());
        frame.extend(u32::try_from(payload.len()).expect("short").to_be_bytes());
        frame.extend(payload);
        frame.push(0xCE);
        self.0.write_all(&frame).await.expect("written");
    }

    /// Reads frames up to the method `class`.`method`.
    async fn expect(&mut self, class: u8, method: u8) {
        loop {
            let mut head = [0; 7];
            self.0.read_exact(&mut head).await.expect("a frame");
            let length = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
            let mut payload = vec![0; usize::try_from(length).expect("small") + 1];
            self.0.read_exact(&mut payload).await.expect("a payload");
            if head[0] == METHOD && payload.starts_with(&[0, class, 0, method]) {
                return;
            }
        }
    }
}

fn short(text: &[u8]) -> Vec<u8> {
    [&[u8::try_from(text.len()).expect("short")], text].concat()
}

/// Publishes `{}` with these bytes as its `correlation_id`, and waits for the broker's confirm.
pub(crate) async fn publish(url: &str, exchange: &str, correlation_id: &[u8]) {
    let (user, rest) =
        url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).expect("user and host");
    let (user, password) = user.split_once(':').expect("user and password");
    let host = rest.split('/').next().expect("a host");
    let host = if host.contains(':') { host.to_owned() } else { format!("{host}:5672") };
    let mut raw = Raw(TcpStream::connect(host).await.expect("the broker"));

    raw.0.write_all(b"AMQP\x00\x00\x09\x01").await.expect("written");
    raw.expect(10, 10).await;
    let login = [b"\0", user.as_bytes(), b"\0", password.as_bytes()].concat();
    let login_length = u32::try_from(login.len()).expect("short").to_be_bytes();
    let start =
        [&[0, 10, 0, 11, 0, 0, 0, 0][..], &short(b"PLAIN"), &login_length, &login, &short(b"en_US")].concat();
    raw.send(METHOD, 0, &start).await;
    raw.expect(10, 30).await;
    raw.send(METHOD, 0, &[0, 10, 0, 31, 7, 255, 0, 2, 0, 0, 0, 0]).await;
    raw.send(METHOD, 0, &[&[0, 10, 0, 40][..], &short(b"/"), &short(b""), &[0]].concat()).await;
    raw.expect(10, 41).await;
    raw.send(METHOD, 1, &[&[0, 20, 0, 10][..], &short(b"")].concat()).await;
    raw.expect(20, 11).await;
    raw.send(METHOD, 1, &[0, 85, 0, 10, 0]).await;
    raw.expect(85, 11).await;
    let publish = [&[0, 60, 0, 40, 0, 0][..], &short(exchange.as_bytes()), &short(b"key"), &[0]].concat();
    raw.send(METHOD, 1, &publish).await;
    let header = [&[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 0][..], &short(correlation_id)].concat();
    raw.send(HEADER, 1, &header).await;
    raw.send(BODY, 1, b"{}").await;
    raw.expect(60, 80).await;
}
