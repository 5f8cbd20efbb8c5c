//! A relay before a service: cuts its connections, keeps back what clients say, and lets nobody through.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The running relay. Connections end with it.
#[derive(Debug)]
pub struct Relay {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    mute: watch::Sender<bool>,
    relayed: Arc<Mutex<Vec<AbortHandle>>>,
    listener: AbortHandle,
}

impl Relay {
    /// Relays to `upstream`, an address with its port.
    pub async fn to(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let mute = watch::Sender::new(false);
        let relayed = Arc::new(Mutex::new(Vec::<AbortHandle>::new()));
        let (list, muted, upstream) = (Arc::clone(&relayed), mute.clone(), upstream.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let relay = tokio::spawn(relay(near, upstream.clone(), muted.subscribe()));
                list.lock().expect("whole").push(relay.abort_handle());
            }
        });
        Self { port, mute, relayed, listener: task.abort_handle() }
    }

    /// The URL of a service, by way of a relay to it.
    pub async fn before(url: &str) -> (Self, String) {
        let (start, rest) = url.rsplit_once('@').expect("user and host");
        let (host, path) = rest.split_once('/').unwrap_or((rest, "%2f"));
        let upstream = if host.contains(':') { host.to_owned() } else { format!("{host}:5672") };
        let relay = Self::to(&upstream).await;
        let url = format!("{start}@127.0.0.1:{}/{path}", relay.port);
        (relay, url)
    }

    /// Keeps back what clients say from now on; they hear the service all the same.
    pub fn mute(&self) {
        self.mute.send_replace(true);
    }

    /// Cuts every connection without a goodbye, and what was kept back is lost. New ones are let through, and heard.
    pub fn cut(&self) {
        for relay in self.relayed.lock().expect("whole").drain(..) {
            relay.abort();
        }
        self.mute.send_replace(false);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listener.abort();
        self.cut();
    }
}

async fn relay(near: TcpStream, upstream: String, muted: watch::Receiver<bool>) {
    // a service that is away shows as a connection that ends at once
    let Ok(far) = TcpStream::connect(&upstream).await else { return };
    let (near_reads, mut near_writes) = near.into_split();
    let (mut far_reads, far_writes) = far.into_split();
    // either side may end it
    tokio::select! {
        () = forward(near_reads, far_writes, muted) => {}
        _ = copy(&mut far_reads, &mut near_writes) => {}
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, muted: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut buffer).await
        && count > 0
    {
        if *muted.borrow() {
            // until the connection is cut
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
