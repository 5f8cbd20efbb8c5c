//! A collector of traces and metrics, as small as it gets: takes OTLP as JSON over HTTP, and keeps it.

use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

type Taken = Arc<Mutex<Vec<(String, Value)>>>;

/// The running collector; stops on drop.
#[derive(Debug)]
pub struct Collector {
    /// Base of its addresses.
    pub url: String,
    taken: Taken,
    task: JoinHandle<()>,
}

/// A span, as it was told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its name.
    pub name: String,
    /// Its trace.
    pub trace: String,
    /// Its id.
    pub id: String,
    /// What it follows from; empty for the first.
    pub parent: String,
}

impl Collector {
    /// Starts it.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let taken = Taken::default();
        let shared = Arc::clone(&taken);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, taken, task }
    }

    /// Everything it was told, as text.
    pub fn text(&self) -> String {
        let taken = self.taken.lock().expect("no panic while held");
        taken.iter().map(|(path, body)| format!("{path} {body}\n")).collect()
    }

    /// The spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let text = |span: &Value, key: &str| span[key].as_str().unwrap_or_default().to_owned();
        let spans = self.items("/v1/traces", ["resourceSpans", "scopeSpans", "spans"]);
        spans
            .iter()
            .map(|span| Span {
                name: text(span, "name"),
                trace: text(span, "traceId"),
                id: text(span, "spanId"),
                parent: text(span, "parentSpanId"),
            })
            .collect()
    }

    /// The metrics of the last report.
    pub fn metrics(&self) -> Vec<Value> {
        self.items("/v1/metrics", ["resourceMetrics", "scopeMetrics", "metrics"])
    }

    fn items(&self, path: &str, levels: [&str; 3]) -> Vec<Value> {
        let taken = self.taken.lock().expect("no panic while held");
        let mut items: Vec<Value> =
            taken.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect();
        for level in levels {
            items = items
                .iter()
                .flat_map(|item| item[level].as_array().expect("an array, as OTLP has it").clone())
                .collect();
        }
        items
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes requests of one connection until the client leaves.
async fn serve(stream: TcpStream, taken: Taken) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut path, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line).await {
                Ok(read) if read > 0 => {}
                _ => return,
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            } else if let Some(rest) = line.strip_prefix("post ") {
                path = rest.split(' ').next().unwrap_or_default().to_owned();
            } else if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        if stream.read_exact(&mut body).await.is_err() {
            return;
        }
        let body = serde_json::from_slice(&body).expect("JSON");
        taken.lock().expect("no panic while held").push((path, body));
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}
