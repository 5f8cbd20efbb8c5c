//! Which source a request speaks for: the one its bearer token names (RFC 6750), or, while none is configured, this
//! machine itself.

use super::local;
use super::peer::peer_of;
use super::problem::Problem;
use crate::runner::message::Sender;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use rescind_jobs::policy::{Policy, Source};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Who calls.
pub(super) enum Caller<'p> {
    /// A source of the policy.
    Source(&'p Source),
    /// This machine, while no sources are configured.
    Local,
}

impl Caller<'_> {
    /// As the runner knows it.
    pub(super) fn sender(&self) -> Sender {
        match self {
            Self::Source(source) => Sender::Authenticated(source.id.clone()),
            Self::Local => Sender::Local,
        }
    }

    /// Whether it may read whom a purpose is allowed for.
    pub(super) const fn may_read_snapshot(&self) -> bool {
        match self {
            Self::Source(source) => source.snapshot,
            Self::Local => true,
        }
    }

    /// Whether it may ask the gate.
    pub(super) const fn may_ask(&self) -> bool {
        match self {
            Self::Source(source) => source.gate,
            Self::Local => true,
        }
    }
}

/// Finds out who calls.
///
/// # Errors
/// 401 for whoever is not known.
pub(super) fn caller<'p>(parts: &Parts, policy: &'p Policy) -> Result<Caller<'p>, Problem> {
    if policy.sources.is_empty() {
        let peer = peer_of(&parts.extensions);
        return match local::check(peer, &parts.method, &parts.uri, &parts.headers) {
            Ok(()) => Ok(Caller::Local),
            Err(why) => {
                let detail = format!(
                    "No sources are configured, so only requests of this machine are taken. This one is not: {why} \
                     Configure a source with a token to send from elsewhere."
                );
                Err(unauthorized(detail, r#"Bearer realm="rescind""#))
            }
        };
    }
    let Some(header) = parts.headers.get(AUTHORIZATION) else {
        let detail = "A bearer token is needed: Authorization: Bearer TOKEN.";
        return Err(unauthorized(detail, r#"Bearer realm="rescind""#));
    };
    let token = header.to_str().ok().and_then(bearer);
    token.and_then(|token| owner(token, policy)).map(Caller::Source).ok_or_else(|| {
        let challenge = r#"Bearer realm="rescind", error="invalid_token""#;
        unauthorized("The token is not one of a source.", challenge)
    })
}

fn unauthorized(detail: impl Into<String>, challenge: &'static str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "not_authenticated", detail);
    Problem { authenticate: Some(challenge), ..problem }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()).filter(|token| !token.is_empty())
}

/// The source that has this token. Looks at every token of every source, whether or not one was found before.
fn owner<'p>(token: &str, policy: &'p Policy) -> Option<&'p Source> {
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let mut found = None;
    for source in policy.sources.values() {
        for known in &source.token_sha256 {
            if known.ct_eq(&hash).into() {
                found = Some(source);
            }
        }
    }
    found
}
