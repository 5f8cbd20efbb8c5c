//! Why a call had no answer. No error repeats anything of the address or of what was sent.

use super::resolver::Refused;
use crate::trust::TrustProblem;
use std::error::Error;

/// Why a call had no answer.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// Certificates to trust cannot be read.
    #[error(transparent)]
    Trust(TrustProblem),
    /// The client cannot be set up.
    #[error("no HTTP client can be set up")]
    Setup,
    /// Not https, and nothing else is allowed.
    #[error("only https addresses are called; egress.schemes may allow http")]
    Scheme,
    /// User or password in the address.
    #[error("user and password do not belong in an address")]
    Credentials,
    /// The host is, or its name leads to, an address inside a network.
    #[error("the host's address is not a public one; egress.allowed_networks may allow its network")]
    Private,
    /// The name of the host leads nowhere.
    #[error("the name of the host is not known")]
    Unknown,
    /// No connection, or no handshake.
    #[error("no connection to the host")]
    Unreachable,
    /// It took too long.
    #[error("no answer in time")]
    TooSlow,
    /// The answer is larger than the limit, in bytes.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection broke off, or what came back is not HTTP.
    #[error("the answer broke off or is not HTTP")]
    Broken,
}

impl EgressError {
    /// Whether it may be otherwise later, without anybody changing the address or the configuration. A name may lead
    /// elsewhere tomorrow, but one that leads inside is not tried again by itself.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unknown | Self::Unreachable | Self::TooSlow | Self::Broken)
    }

    pub(super) fn of(error: reqwest::Error) -> Self {
        let mut cause = error.source();
        while let Some(inner) = cause {
            match inner.downcast_ref::<Refused>() {
                Some(Refused::Private) => return Self::Private,
                Some(Refused::Unknown) => return Self::Unknown,
                None => cause = inner.source(),
            }
        }
        if error.is_timeout() {
            Self::TooSlow
        } else if error.is_connect() {
            Self::Unreachable
        } else {
            Self::Broken
        }
    }
}
