//! Telling systemd how the service does (sd_notify): a line of text to the socket that it names in `NOTIFY_SOCKET`.
//! Without one, nothing is said.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Whoever started this process and wants to know.
pub(super) struct Notify {
    to: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants a sign of life.
    watchdog: Option<Duration>,
}

impl Notify {
    /// As the environment says.
    pub(super) fn new(environment: &[(String, String)], pid: u32) -> Self {
        let value = |name: &str| environment.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let address = value("NOTIFY_SOCKET").and_then(address);
        let to = address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address)));
        let meant = value("WATCHDOG_PID").is_none_or(|of| of == pid.to_string());
        let micros = value("WATCHDOG_USEC").and_then(|text| text.parse().ok()).filter(|n| *n > 0 && meant);
        let watchdog = micros.map(|micros: u64| Duration::from_micros(micros) / 3);
        Self { watchdog: watchdog.filter(|_| to.is_some()), to }
    }

    /// Waits until a sign of life is due; for ever if nobody wants any.
    pub(super) async fn is_due(&self) {
        match self.watchdog {
            Some(period) => tokio::time::sleep(period).await,
            None => std::future::pending().await,
        }
    }

    /// Says something.
    pub(super) fn say(&self, what: &str) {
        let Some((socket, address)) = &self.to else { return };
        if let Err(error) = socket.send_to_addr(what.as_bytes(), address) {
            tracing::warn!(error = %error.kind(), "the service manager cannot be told: {what}");
        }
    }
}

/// A path, or behind an `@` a name in the abstract namespace.
fn address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name).ok(),
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(text.as_bytes())).ok(),
    }
}
