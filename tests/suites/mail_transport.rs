//! What becomes of a mail on its way out, over a server that misbehaves as told, a real one, and files.

mod files;
mod pipelining;
mod room;
mod scripted;
mod sink;

use std::path::Path;
use std::time::Duration;

use rescind_jobs::effects::Lane;
use rescind_worker::config::{Credentials, Secret, Smtp as Settings, SmtpServer, SmtpTls};
use rescind_worker::mail::transport::smtp::Smtp;
use rescind_worker::mail::transport::{Delivery, Outgoing, Transport};
use uuid::Uuid;

/// A mail number `number` to `local`@example.net.
fn mail(number: u128, local: &str) -> Outgoing {
    Outgoing {
        id: Uuid::from_u128(number),
        message_id: format!("<{number}@mail.example.org>"),
        from: "privacy@example.org".to_owned(),
        to: format!("{local}@example.net"),
        bytes: format!(
            "Message-ID: <{number}@mail.example.org>\r\nFrom: <privacy@example.org>\r\n\
             To: <{local}@example.net>\r\nSubject: number {number}\r\n\r\nText {number}\r\n.\r\nafter the dot\r\n"
        )
        .into_bytes(),
    }
}

/// Settings for a server on this machine, impatient enough for a test.
fn settings(port: u16) -> Settings {
    let limit = Duration::from_secs(5);
    Settings {
        server: SmtpServer { host: "127.0.0.1".to_owned(), port, tls: SmtpTls::None, is_local: true },
        credentials: None,
        helo: Some("worker.example.org".to_owned()),
        connections: 1,
        connect_timeout: limit,
        command_timeout: limit,
        data_timeout: limit,
        root_certificate_file: None,
    }
}

/// The same by name, with TLS, trusting the certificate in `root`. A password may not go there in clear.
fn tls_settings(port: u16, tls: SmtpTls, root: Option<&Path>) -> Settings {
    let server = SmtpServer { host: "localhost".to_owned(), port, tls, is_local: false };
    Settings { server, root_certificate_file: root.map(Path::to_owned), ..settings(port) }
}

fn login(password: &str) -> Option<Credentials> {
    let secret = |text: &str| Secret::new(text.to_owned());
    Some(Credentials { username: secret("user"), password: secret(password) })
}

fn transport(settings: Settings) -> Transport {
    Transport::Smtp(Smtp::new(settings).expect("the settings are good"))
}

/// The outcomes, after checking that there is one for each mail, in order.
async fn send(transport: &Transport, group: Vec<Outgoing>) -> Vec<Delivery> {
    let ids: Vec<Uuid> = group.iter().map(|mail| mail.id).collect();
    let outcomes = transport.send(group, Lane::Request).await;
    assert_eq!(outcomes.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids, "one outcome a mail, in order");
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

async fn send_one(transport: &Transport, mail: Outgoing) -> Delivery {
    send(transport, vec![mail]).await[0]
}
