//! What lies around every route: the time a request may take, and the headers that every answer carries.

use super::problem::Problem;
use crate::config::Config;
use axum::extract::{Request, State};
use axum::http::Extensions;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::time::Instant;

/// What is laid around the routes of a listener.
#[derive(Clone, Copy)]
pub(super) struct Guard {
    timeout: Duration,
    https: bool,
}

impl Guard {
    pub(super) fn of(config: &Config) -> Self {
        Self { timeout: config.http.request_timeout, https: config.http.public_url.is_https() }
    }

    pub(super) const fn of_operations() -> Self {
        Self { timeout: Duration::from_secs(10), https: false }
    }
}

/// When a request must be answered.
#[derive(Clone, Copy)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// The deadline of a request; without one, at once.
    pub(super) fn of(extensions: &Extensions) -> Instant {
        extensions.get::<Self>().map_or_else(Instant::now, |deadline| deadline.0)
    }
}

/// Handlers keep the deadline themselves and know best what to say; this much later they are cut off.
const GRACE: Duration = Duration::from_secs(1);

pub(super) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let deadline = Instant::now() + guard.timeout;
    request.extensions_mut().insert(Deadline(deadline));
    let answered = tokio::time::timeout_at(deadline + GRACE, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| late().into_response());
    protect(response.headers_mut(), guard.https);
    response
}

/// It took too long; whether it was decided is not known, and sending it again finds out.
pub(super) fn late() -> Problem {
    let detail = "It took too long. Send it again under the same id: what was decided is not decided twice.";
    Problem::unavailable("late", detail, 5)
}

/// What pages may do: load the one stylesheet of ours, and send a form to us.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; \
                           frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 8] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY)),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// Adds what is missing; a handler that set one of them knew why.
fn protect(headers: &mut HeaderMap, https: bool) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
    if https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
}
