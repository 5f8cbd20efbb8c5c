//! Two ways to speak SMTP over a socket with TCP_NODELAY: through lettre's connection, a reply awaited for every
//! command; and by hand, with the commands of a mail in one group (RFC 2920).

use super::mail::Letter;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Lettre,
    Pipelined,
}

/// A connection to the relay.
pub(crate) enum Sender {
    Lettre(Box<AsyncSmtpConnection>),
    Pipelined(BufReader<TcpStream>),
}

impl Sender {
    pub(crate) async fn connect(port: u16, way: Way) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the relay answers");
        stream.set_nodelay(true).expect("a socket");
        match way {
            Way::Lettre => {
                let hello = ClientId::Domain("bench.example.org".to_owned());
                let connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await;
                Self::Lettre(Box::new(connection.expect("the relay greets")))
            }
            Way::Pipelined => {
                let mut stream = BufReader::new(stream);
                replies(&mut stream, 1).await;
                stream.write_all(b"EHLO bench.example.org\r\n").await.expect("the relay reads");
                replies(&mut stream, 1).await;
                Self::Pipelined(stream)
            }
        }
    }

    /// Sends mails one after the other.
    pub(crate) async fn send(&mut self, mails: Vec<Letter>) {
        match self {
            Self::Lettre(connection) => {
                for mail in &mails {
                    connection.send(&mail.envelope, &mail.bytes).await.expect("the relay takes mail");
                }
            }
            Self::Pipelined(stream) => pipelined(stream, &mails).await,
        }
    }
}

/// The text of a mail may begin a group, so each mail's end goes out with the next one's beginning.
async fn pipelined(stream: &mut BufReader<TcpStream>, mails: &[Letter]) {
    let mut out = Vec::with_capacity(16 * 1024);
    let mut expected = 0;
    for mail in mails {
        let from = mail.envelope.from().expect("a sender");
        out.extend_from_slice(
            format!("MAIL FROM:<{from}>\r\nRCPT TO:<{}>\r\nDATA\r\n", mail.envelope.to()[0]).as_bytes(),
        );
        stream.write_all(&out).await.expect("the relay reads");
        replies(stream, expected + 3).await;
        out.clear();
        stuffed(&mail.bytes, &mut out);
        expected = 1;
    }
    stream.write_all(&out).await.expect("the relay reads");
    replies(stream, expected).await;
}

/// A mail's text with its dots doubled where they begin a line, and the final dot.
fn stuffed(text: &[u8], out: &mut Vec<u8>) {
    for line in text.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !text.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
}

/// Reads so many replies, none of them a refusal.
async fn replies(stream: &mut BufReader<TcpStream>, count: usize) {
    let mut line = String::new();
    for _ in 0..count {
        loop {
            line.clear();
            stream.read_line(&mut line).await.expect("the relay replies");
            assert!(line.starts_with(['2', '3']), "the relay said {line:?}");
            if line.as_bytes().get(3) != Some(&b'-') {
                break;
            }
        }
    }
}
