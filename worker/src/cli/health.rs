//! `rescind health`: asks the running worker whether it is ready. The health check of the container, where there is
//! no other program to ask with.

use super::failure::Failure;
use super::session::Session;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Longer than this, a worker that answers is not healthy.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn health(session: &mut Session<'_>) -> Result<(), Failure> {
    let address = reachable(session.config()?.ops.listen);
    let failed =
        |error: reqwest::Error| Failure::failed(format!("{address} does not answer: {}", kind(&error)));
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(failed)?;
    let answer = client.get(format!("http://{address}/readyz")).send().await.map_err(failed)?;
    match answer.status() {
        reqwest::StatusCode::OK => session.out.line("ready"),
        status => Err(Failure::failed(format!("not ready: {address} answers {status}"))),
    }
}

/// Where a listener on all addresses is reached from this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "nothing listens there"
    } else {
        "not by HTTP"
    }
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn all_addresses_are_asked_at_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8081", "127.0.0.1:8081"),
            ("[::]:8081", "[::1]:8081"),
            ("192.0.2.7:81", "192.0.2.7:81"),
            ("127.0.0.1:8081", "127.0.0.1:8081"),
        ] {
            let listen = listen.parse().expect("an address");
            assert_eq!(reachable(listen).to_string(), asked);
        }
    }
}
