//! Serves a router on a listener. Slow and stuck clients are cut off, and there are never more connections than the
//! process can carry: further ones wait in the system's own queue.

use super::peer::Peer;
use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// What clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    /// Time for the head of a request, and for idling between two requests.
    pub head: Duration,
    /// Time a connection may live. What it is answering then is finished; a client that does not read its answer
    /// loses the connection after `linger`.
    pub connection: Duration,
    /// Time to finish once a connection is to end.
    pub linger: Duration,
    /// Most connections at a time.
    pub connections: u32,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(20),
            connection: Duration::from_secs(600),
            linger: Duration::from_secs(60),
            connections: 1024,
        }
    }
}

/// Largest head of a request, in bytes.
const LARGEST_HEAD: usize = 64 * 1024;
/// Wait after a connection could not be accepted: most often there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop`, then finishes what was begun and returns.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    serve_with(listener, router, stop, Guards::default()).await;
}

/// [`serve`] with other guards.
pub async fn serve_with(listener: TcpListener, router: Router, stop: CancellationToken, guards: Guards) {
    let free = Arc::new(Semaphore::new(guards.connections as usize));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &free) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let (router, stop) = (router.clone(), stop.clone());
        tokio::spawn(async move {
            connection(stream, peer, router, stop, guards).await;
            drop(place);
        });
    }
    drop(listener);
    // every place is free again when the last connection has ended; the semaphore is never closed
    let _ = free.acquire_many(guards.connections).await;
}

/// The next connection, with its place; none if it could not be accepted.
async fn accept(
    listener: &TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(free).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            tracing::warn!(kind = %error.kind(), "a connection could not be accepted");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
    guards: Guards,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(kind = %error.kind(), "no TCP_NODELAY");
    }
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(guards.head).max_buf_size(LARGEST_HEAD);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
        () = sleep(guards.connection) => None,
    };
    let ended = match ended {
        Some(ended) => Ok(ended),
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(guards.linger, connection.as_mut()).await
        }
    };
    match ended {
        Ok(Ok(())) => {}
        // clients go away in the middle of things all the time
        Ok(Err(error)) => tracing::debug!(timeout = error.is_timeout(), "a connection broke off"),
        Err(_) => tracing::debug!("a connection was cut off"),
    }
}
