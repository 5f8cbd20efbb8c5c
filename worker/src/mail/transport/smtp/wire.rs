//! Bytes to and from the server: lines in, whole writes out, each under a time limit.
//!
//! Rule: a reply is believed only if nothing else was waiting when its command was written. After any error here
//! the connection is out of step and must be dropped.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::reply::{LONGEST_LINE, Reply, ReplyReader};
use super::tls::{Encryption, is_certificate_trouble};
use crate::mail::transport::TroubleKind;

/// Room for what one read brings.
const CHUNK: usize = 4 * 1024;

/// The connection, encrypted or not.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// While a handshake owns the socket, and after one failed.
    Gone,
}

/// One side of an SMTP dialogue.
pub(super) struct Wire {
    stream: Stream,
    /// Read and not yet used.
    waiting: Vec<u8>,
}

/// A write that did not end well.
pub(super) struct WriteBroken {
    pub(super) kind: TroubleKind,
    /// Whether every byte may have left.
    pub(super) whole: bool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), waiting: Vec::new() }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Turns the plain connection into an encrypted one. Anything the server said in clear after its `220` would
    /// be taken for part of the encrypted dialogue (command injection), so it ends the connection.
    pub(super) async fn encrypt(&mut self, with: &Encryption, limit: Duration) -> Result<(), EncryptBroken> {
        if !self.waiting.is_empty() {
            return Err(EncryptBroken { kind: TroubleKind::Protocol, certificate: false });
        }
        let Stream::Plain(plain) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(EncryptBroken { kind: TroubleKind::Protocol, certificate: false });
        };
        match timeout(limit, with.wrap(plain)).await {
            Ok(Ok(stream)) => {
                self.stream = Stream::Tls(Box::new(stream));
                Ok(())
            }
            Ok(Err(error)) => {
                Err(EncryptBroken { kind: TroubleKind::Tls, certificate: is_certificate_trouble(&error) })
            }
            Err(_) => Err(EncryptBroken { kind: TroubleKind::Timeout, certificate: false }),
        }
    }

    /// Writes all of `bytes`.
    pub(super) async fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<(), WriteBroken> {
        let mut written = 0;
        let all = async {
            while written < bytes.len() {
                match self.stream.write(&bytes[written..]).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    count => written += count,
                }
            }
            self.stream.flush().await
        };
        let kind = match timeout(limit, all).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_)) => TroubleKind::Disconnected,
            Err(_) => TroubleKind::Timeout,
        };
        Err(WriteBroken { kind, whole: written == bytes.len() })
    }

    /// Reads one reply, all of its lines within `limit`.
    pub(super) async fn reply(&mut self, limit: Duration) -> Result<Reply, TroubleKind> {
        timeout(limit, self.read_reply()).await.unwrap_or(Err(TroubleKind::Timeout))
    }

    async fn read_reply(&mut self) -> Result<Reply, TroubleKind> {
        let mut reader = ReplyReader::default();
        loop {
            while let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.waiting.drain(..=end).collect();
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if let Some(reply) = reader.line(line).map_err(|_| TroubleKind::Protocol)? {
                    return Ok(reply);
                }
            }
            if self.waiting.len() > LONGEST_LINE {
                return Err(TroubleKind::Protocol);
            }
            let mut chunk = [0; CHUNK];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return Err(TroubleKind::Disconnected),
                Ok(count) => self.waiting.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// Whether the server is silent, as it must be when no command is open: nothing waits here and nothing more,
    /// not even the end of the connection, has arrived.
    pub(super) async fn is_quiet(&mut self) -> bool {
        if !self.waiting.is_empty() {
            return false;
        }
        let mut byte = [0; 1];
        poll_fn(|cx| {
            let mut room = ReadBuf::new(&mut byte);
            Poll::Ready(Pin::new(&mut self.stream).poll_read(cx, &mut room).is_pending())
        })
        .await
    }

    /// Ends the connection in an orderly way, as far as that is quick.
    pub(super) async fn shutdown(mut self, limit: Duration) {
        // Nothing depends on it any more.
        let _ = timeout(limit, self.stream.shutdown()).await;
    }
}

/// A handshake that failed.
pub(super) struct EncryptBroken {
    pub(super) kind: TroubleKind,
    /// The certificate was refused.
    pub(super) certificate: bool,
}

fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, room),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, room),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Gone => Poll::Ready(Err(gone())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}
