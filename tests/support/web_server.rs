//! A web server that answers with the bytes a test gives it, well-formed or not.

use crate::certificate::Certificate;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is answered to a request.
pub struct Served {
    bytes: Vec<u8>,
    again: Option<Vec<u8>>,
    holds: bool,
}

impl Served {
    /// These bytes, and the connection closed.
    pub fn text(text: impl Into<String>) -> Self {
        Self { bytes: text.into().into_bytes(), again: None, holds: false }
    }

    /// Then nothing more, with the connection open.
    pub fn holding(self) -> Self {
        Self { holds: true, ..self }
    }

    /// Then these again and again, as long as they are taken.
    pub fn again(self, text: impl Into<String>) -> Self {
        Self { again: Some(text.into().into_bytes()), ..self }
    }
}

type Answers = Arc<dyn Fn(&str) -> Served + Send + Sync>;

/// A server on a port of this machine; it ends with the test's runtime.
pub struct WebServer {
    /// Where it listens.
    pub address: SocketAddr,
    scheme: &'static str,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl WebServer {
    /// Answers each request, handed in as it came, one a connection.
    pub async fn start(answer: impl Fn(&str) -> Served + Send + Sync + 'static) -> Self {
        Self::launch(Arc::new(answer), None).await
    }

    /// The same with TLS; at `localhost`, for which the certificate is made.
    pub async fn start_tls(
        certificate: &Certificate,
        answer: impl Fn(&str) -> Served + Send + Sync + 'static,
    ) -> Self {
        let chain = CertificateDer::pem_file_iter(&certificate.certificate).expect("the certificate");
        let chain: Vec<_> = chain.map(|one| one.expect("PEM")).collect();
        let key = PrivateKeyDer::from_pem_file(&certificate.key).expect("the key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("they belong together");
        Self::launch(Arc::new(answer), Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn launch(answer: Answers, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            scheme: if tls.is_some() { "https" } else { "http" },
            connections: Arc::default(),
            seen: Arc::default(),
        };
        let (connections, seen) = (Arc::clone(&server.connections), Arc::clone(&server.seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (answer, seen, tls) = (Arc::clone(&answer), Arc::clone(&seen), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &answer, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &answer, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    /// A URL on it.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Requests so far, as they came.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }
}

/// Where a request ends, by its length; `None` while it is not whole.
fn whole(request: &str) -> Option<()> {
    let (head, body) = request.split_once("\r\n\r\n")?;
    let head = head.to_ascii_lowercase();
    let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next()?.parse().ok());
    (body.len() >= length.unwrap_or(0)).then_some(())
}

// a client that goes away ends its connection, which is what most of these tests are about
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &Answers, seen: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while whole(&String::from_utf8_lossy(&request)).is_none() {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let served = answer(&request);
    seen.lock().expect("no panic").push(request);
    if stream.write_all(&served.bytes).await.is_err() {
        return;
    }
    while let Some(again) = &served.again {
        if stream.write_all(again).await.is_err() {
            return;
        }
    }
    if served.holds {
        // until the client closes
        let _ = stream.read(&mut buffer).await;
    }
    let _ = stream.shutdown().await;
}
