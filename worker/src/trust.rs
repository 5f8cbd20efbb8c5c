//! Whom a TLS client of ours believes: the system's authorities and, if configured, one more file of them; with ring
//! as the one provider of cryptography.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// Why no TLS client can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustProblem {
    /// The additional file.
    #[error("root_certificate_file cannot be read as PEM, or holds no certificate that can be used")]
    ExtraRoots,
    /// The provider.
    #[error("TLS cannot be set up")]
    Tls,
}

/// The authorities to believe. Unreadable entries of the system's store are skipped: what is missing shows as an
/// unknown issuer.
///
/// # Errors
/// If the additional file, a PEM, cannot be used.
pub fn roots(extra: Option<&Path>) -> Result<RootCertStore, TrustProblem> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = extra {
        for certificate in read(path)? {
            roots.add(certificate).map_err(|_| TrustProblem::ExtraRoots)?;
        }
    }
    Ok(roots)
}

/// A client that believes `roots`.
///
/// # Errors
/// If the provider lacks what TLS needs.
pub fn config(roots: RootCertStore) -> Result<ClientConfig, TrustProblem> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TrustProblem::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// A client that believes the system's authorities and those of the file.
///
/// # Errors
/// As [`roots`] and [`config`].
pub fn client(extra: Option<&Path>) -> Result<ClientConfig, TrustProblem> {
    config(roots(extra)?)
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustProblem> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|_| TrustProblem::ExtraRoots)?;
    if certificates.is_empty() { Err(TrustProblem::ExtraRoots) } else { Ok(certificates) }
}
