//! Encryption of a connection to the relay.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::SetupProblem;
use crate::config::{Smtp as Settings, SmtpTls};
use crate::trust;

/// Makes TLS connections to one host.
#[derive(Clone)]
pub(super) struct Encryption {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Encryption {
    /// `None` where the settings never encrypt. Reads files; for start-up.
    pub(super) fn new(settings: &Settings) -> Result<Option<Self>, SetupProblem> {
        if settings.server.tls == SmtpTls::None {
            return Ok(None);
        }
        let name = ServerName::try_from(settings.server.host.clone()).map_err(|_| SetupProblem::Host)?;
        let roots = trust::roots(settings.root_certificate_file.as_deref())?;
        if roots.is_empty() && settings.server.tls != SmtpTls::Opportunistic {
            return Err(SetupProblem::NoRoots);
        }
        let config = trust::config(roots)?;
        Ok(Some(Self { connector: TlsConnector::from(Arc::new(config)), name }))
    }

    /// The handshake.
    pub(super) async fn wrap(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// Whether the handshake failed because of the certificate: waiting does not mend that.
pub(super) fn is_certificate_trouble(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidCertificate(_)))
}
