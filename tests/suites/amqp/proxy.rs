//! A relay before the broker whose connections a test can cut, and whose peers the broker can be asked to close.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

pub(crate) struct Proxy {
    /// The broker's URL by way of the relay.
    pub(crate) url: String,
    relayed: Arc<Mutex<Vec<(AbortHandle, SocketAddr)>>>,
}

impl Proxy {
    pub(crate) async fn new() -> Self {
        let target = super::rig::url();
        let (start, rest) = target.rsplit_once('@').expect("user and host");
        let (host, path) = rest.split_once('/').unwrap_or((rest, "%2f"));
        let upstream = if host.contains(':') { host.to_owned() } else { format!("{host}:5672") };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let url = format!("{start}@127.0.0.1:{port}/{path}");
        let relayed = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&relayed);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = TcpStream::connect(&upstream).await.expect("the broker");
                let address = far.local_addr().expect("an address");
                let relay =
                    tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await.map(drop) });
                list.lock().expect("whole").push((relay.abort_handle(), address));
            }
        });
        Self { url, relayed }
    }

    /// Cuts every connection without a goodbye; new ones are let through.
    pub(crate) fn cut(&self) {
        for (relay, _) in self.relayed.lock().expect("whole").drain(..) {
            relay.abort();
        }
    }

    /// Has the broker close our connections, and only ours. False where its command line is not at hand.
    pub(crate) async fn close_at_the_broker(&self) -> bool {
        let ports: Vec<String> = self
            .relayed
            .lock()
            .expect("whole")
            .iter()
            .map(|(_, address)| address.port().to_string())
            .collect();
        tokio::task::spawn_blocking(move || {
            let Some(list) = rabbitmqctl(&["-q", "list_connections", "pid", "peer_port"]) else {
                return false;
            };
            let list = String::from_utf8_lossy(&list.stdout).into_owned();
            list.lines().filter_map(|line| line.split_once('\t')).any(|(pid, port)| {
                ports.iter().any(|p| p == port.trim())
                    && rabbitmqctl(&["-q", "close_connection", pid, "asked by a test"]).is_some()
            })
        })
        .await
        .expect("ran")
    }
}

/// The command line of the broker that the suites use: the private one's own, else this machine's.
pub(crate) fn rabbitmqctl(arguments: &[&str]) -> Option<Output> {
    let mut command = match std::env::var_os("RESCIND_TEST_RABBITMQ_FOLDER") {
        Some(folder) => {
            let mut script = Command::new(crate::layout::root().join("scripts/services/rabbitmq"));
            script.arg("ctl").arg(folder);
            script
        }
        None => Command::new("rabbitmqctl"),
    };
    command.args(arguments).output().ok().filter(|output| output.status.success())
}
