//! One connection to the broker: opened, watched, closed, each within a time.
//!
//! Why so: lapin's own recovery replays acknowledgements and consumers across connections, which is more than we want
//! to trust; here a connection that breaks is dropped whole and made anew by its user. lapin has no limit on how long
//! a peer may stay mute while connecting, and a future that is given up leaves its thread behind: so the socket is
//! kept at hand and shut down when time is up, which ends that thread too. Rule: a `Link` that goes out of scope is
//! cut, so that the broker gives its deliveries back at once.

use std::fmt;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use lapin::tcp::{AsyncTcpStream, OwnedTLSConfig};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, Connection, ConnectionProperties, Event};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::backoff::Pace;
use super::failure::{Failure, answered, is_unreadable};
use super::health::Trouble;
use crate::config::Secret;

/// The largest frame, in bytes, unless the URL says another. lapin keeps room for 32 frames in each direction of each
/// connection: with the 128 KiB that RabbitMQ proposes, three connections hold 24 MiB. A body that is longer comes in
/// several frames; headers do not, and what has longer ones is a message that cannot be read.
const FRAME: u32 = 32 * 1024;

/// Where the broker is and how to behave towards it.
#[derive(Clone, Debug)]
pub struct Broker {
    /// `amqp://` or `amqps://`, with user, password, host and virtual host.
    pub url: Secret,
    /// Heartbeat, whole seconds.
    pub heartbeat: Duration,
    /// How long connecting may take, TLS and login included.
    pub connect_timeout: Duration,
    /// Waits between attempts.
    pub pace: Pace,
}

impl Broker {
    /// The broker at `url`, with ten seconds to connect and the usual waits.
    pub fn new(url: Secret, heartbeat: Duration) -> Self {
        Self { url, heartbeat, connect_timeout: Duration::from_secs(10), pace: Pace::default() }
    }

    fn uri(&self) -> Result<AMQPUri, Failure> {
        // The parsers' own messages may quote the URL.
        let mut uri: AMQPUri =
            self.url.expose().parse().map_err(|_| Failure::new(Trouble::InvalidUrl, "not an AMQP URL"))?;
        // lapin takes an IPv6 address for no host at all and would go to localhost.
        let host = url::Url::parse(self.url.expose()).ok().and_then(|url| match url.host() {
            Some(url::Host::Ipv6(address)) => Some(address.to_string()),
            _ => None,
        });
        if let Some(host) = host {
            uri.authority.host = host;
        }
        uri.query.heartbeat = Some(u16::try_from(self.heartbeat.as_secs()).unwrap_or(u16::MAX).max(1));
        uri.query.frame_max.get_or_insert(FRAME);
        Ok(uri)
    }
}

/// A second handle on the connection's socket.
#[derive(Clone, Default)]
struct Socket(Arc<Mutex<Option<TcpStream>>>);

impl Socket {
    fn keep(&self, stream: TcpStream) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
    }

    fn cut(&self) {
        if let Some(stream) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
            && let Err(error) = stream.shutdown(Shutdown::Both)
            && error.kind() != std::io::ErrorKind::NotConnected
        {
            tracing::debug!(%error, "closing a socket to RabbitMQ");
        }
    }
}

/// How a connection ended, noted by a task that listens to it.
#[derive(Clone, Default)]
struct Fate {
    lost: CancellationToken,
    unreadable: Arc<AtomicBool>,
}

impl Fate {
    /// Listens until the connection breaks. A closed channel is an error event too, but not the connection's end.
    async fn watch(self, events: impl Stream<Item = Event>) {
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.next().await {
            if let Event::Error(error) = event
                && !error.is_amqp_soft_error()
            {
                self.unreadable.fetch_or(is_unreadable(&error), Ordering::SeqCst);
                self.lost.cancel();
            }
        }
    }
}

/// An open connection. Dropping it cuts it.
pub(super) struct Link {
    connection: Connection,
    socket: Socket,
    fate: Fate,
    watcher: AbortHandle,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("up", &self.is_up()).finish()
    }
}

impl Link {
    /// Connects and logs in. `name` is what the broker's lists call the connection.
    pub(super) async fn open(broker: &Broker, name: &str) -> Result<Self, Failure> {
        let uri = broker.uri()?;
        let socket = Socket::default();
        match timeout(broker.connect_timeout, connect(uri, name, socket.clone(), broker.connect_timeout))
            .await
        {
            Ok(Ok(connection)) => {
                let fate = Fate::default();
                let watcher = tokio::spawn(fate.clone().watch(connection.events_listener())).abort_handle();
                Ok(Self { connection, socket, fate, watcher })
            }
            Ok(Err(error)) => {
                socket.cut();
                Err(Failure::of_connecting(&error))
            }
            Err(_) => {
                socket.cut();
                Err(Failure::new(Trouble::Timeout, "connecting took too long"))
            }
        }
    }

    /// Ends when the connection has broken. A question that was under way then may never be answered.
    pub(super) async fn lost(&self) -> Failure {
        self.fate.lost.cancelled().await;
        self.reason(Failure::new(Trouble::ConnectionLost, "the connection broke"))
    }

    /// The reason behind a failure on this connection: once it has broken, channels say little more than that they
    /// are closed.
    pub(super) fn reason(&self, failure: Failure) -> Failure {
        if self.fate.unreadable.load(Ordering::SeqCst) {
            Failure { trouble: Trouble::Undecodable, ..failure }
        } else {
            failure
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.connection.status().connected()
    }

    /// Whether the broker asked us not to publish. lapin then writes nothing at all.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    pub(super) async fn channel(&self) -> Result<Channel, Failure> {
        answered(self.connection.create_channel()).await
    }

    /// Says goodbye, for at most `limit`; what is still open then is cut.
    pub(super) async fn close(self, limit: Duration) {
        if self.is_up() {
            match timeout(limit, self.connection.close(200, "OK".into())).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "closing a connection to RabbitMQ"),
                Err(_) => tracing::debug!("RabbitMQ did not answer the goodbye in time"),
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.watcher.abort();
        self.socket.cut();
    }
}

async fn connect(uri: AMQPUri, name: &str, socket: Socket, limit: Duration) -> lapin::Result<Connection> {
    let properties = ConnectionProperties::default().with_connection_name(name.into());
    let runtime = lapin::runtime::default_runtime()?;
    let tls = OwnedTLSConfig::default();
    Connection::connector(
        uri,
        runtime,
        async move |uri, runtime| {
            let opening = async {
                let address = (uri.authority.host.clone(), uri.authority.port);
                let stream = AsyncTcpStream::connect(&runtime, runtime.to_socket_addrs(address)).await?;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    socket.keep(plain.get_ref().as_fd().try_clone_to_owned()?.into());
                }
                match uri.scheme {
                    AMQPScheme::AMQP => Ok(stream),
                    AMQPScheme::AMQPS => stream.into_tls(&uri.authority.host, tls.as_ref()).await,
                }
            };
            // Runs in lapin's thread, which outlives a caller that gave up: it needs a limit of its own.
            let stream = timeout(limit, opening)
                .await
                .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
            Ok(stream)
        },
        properties,
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(url: &str) -> Broker {
        Broker::new(Secret::new(url.to_owned()), Duration::from_secs(10))
    }

    #[test]
    fn reads_hosts_of_every_kind() {
        for (url, host) in [
            ("amqp://u:p@broker.example/%2f", "broker.example"),
            ("amqps://u:p@[2001:db8::1]:5671/v", "2001:db8::1"),
            ("amqp://127.0.0.1", "127.0.0.1"),
        ] {
            let uri = broker(url).uri().expect("a URL");
            assert_eq!((uri.authority.host.as_str(), uri.query.heartbeat), (host, Some(10)));
            assert_eq!(uri.query.frame_max, Some(FRAME));
        }
        let uri = broker("amqp://127.0.0.1?frame_max=65536").uri().expect("a URL");
        assert_eq!(uri.query.frame_max, Some(65_536), "what the URL says holds");
    }

    #[test]
    fn an_error_does_not_quote_the_url() {
        let failure = broker("amqp:hunter2").uri().expect_err("not a URL");
        assert_eq!(failure.trouble, Trouble::InvalidUrl);
        assert!(!format!("{failure:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn a_mute_peer_is_given_up_and_its_socket_closed() {
        use tokio::io::AsyncReadExt;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let peer = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a visitor");
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.map(|_| bytes)
        });
        let mut broker = broker(&format!("amqp://guest:guest@127.0.0.1:{port}/%2f"));
        broker.connect_timeout = Duration::from_millis(300);
        let failure = Link::open(&broker, "test").await.expect_err("nobody speaks");
        assert_eq!(failure.trouble, Trouble::Timeout);
        let heard = timeout(Duration::from_secs(5), peer).await.expect("closed").expect("ran");
        assert_eq!(heard.ok().as_deref().map(|b| &b[..4]), Some(&b"AMQP"[..]));
    }

    #[tokio::test]
    async fn tls_to_a_peer_without_it_fails_without_a_panic() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let peer = tokio::spawn(async move { listener.accept().await.map(drop) });
        let failure = Link::open(&broker(&format!("amqps://u:hunter2@127.0.0.1:{port}/%2f")), "test")
            .await
            .expect_err("no TLS");
        assert_eq!(failure.trouble, Trouble::Unreachable);
        assert!(!format!("{failure:?}").contains("hunter2"));
        peer.await.expect("ran").expect("accepted");
    }
}
