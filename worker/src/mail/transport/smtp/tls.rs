//! The TLS client: ring as provider, the system's authorities and, if configured, one more file of them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::SetupProblem;
use crate::config::{Smtp as Settings, SmtpTls};

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
        let mut roots = RootCertStore::empty();
        // Unreadable entries of the system's store are skipped: what is missing shows as an unknown issuer.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = &settings.root_certificate_file {
            for certificate in read_certificates(path)? {
                roots.add(certificate).map_err(|_| SetupProblem::ExtraRoots)?;
            }
        }
        if roots.is_empty() && settings.server.tls != SmtpTls::Opportunistic {
            return Err(SetupProblem::NoRoots);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SetupProblem::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
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

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupProblem> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|_| SetupProblem::ExtraRoots)?;
    if certificates.is_empty() { Err(SetupProblem::ExtraRoots) } else { Ok(certificates) }
}
