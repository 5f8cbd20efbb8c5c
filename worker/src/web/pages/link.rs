//! What a link opens.

use super::form::Trouble;
use crate::store::Result;
use crate::store::requests::{self, Found};
use crate::web::peer::client_of;
use crate::web::state::Site;
use axum::http::StatusCode;
use axum::http::request::Parts;
use rescind_jobs::model::{ConsentRequest, RequestState, SubjectState};
use rescind_jobs::protection::{LinkKind, token_hash};
use rescind_jobs::time::Span;

/// What a link opens.
pub(super) enum Opened {
    /// A request that waits for its answer.
    Open(Box<ConsentRequest>),
    /// A request that was answered, and the token of the subject's own page, if it has one.
    Answered(Box<ConsentRequest>, Option<String>),
    /// Nothing: unknown, expired, voided, of a subject that is gone, or no token at all.
    Nothing,
}

/// How long after the answer its link leads to the subject's own page.
const LEADS_ON: Span = Span::days(1);
/// Characters of a token: 160 bits in base32.
const TOKEN_LENGTH: usize = 32;

/// Whether a text can be a token at all.
pub(super) fn is_token(token: &str) -> bool {
    token.len() == TOKEN_LENGTH && token.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
}

/// Looks up what the link with this token opens. Whatever is well formed costs the same one look-up.
pub(super) async fn open(site: &Site, token: &str) -> Result<Opened> {
    if !is_token(token) {
        return Ok(Opened::Nothing);
    }
    let found = requests::by_token_hash(&site.web.pool, &token_hash(token)).await?;
    let Some(Found { request, subject, state, page }) = found else { return Ok(Opened::Nothing) };
    if matches!(state, SubjectState::Erasing | SubjectState::Erased) {
        return Ok(Opened::Nothing);
    }
    Ok(match request.state {
        RequestState::Open if request.expires_at > site.web.clock.now() => Opened::Open(Box::new(request)),
        RequestState::Confirmed | RequestState::Refused => {
            let token = |generation| site.web.vault.link_token(LinkKind::Preferences, subject.0, generation);
            // an old mail that was passed on must not lead to an address that took the place of another
            let fresh = request.answered_at.is_some_and(|at| at.plus(LEADS_ON) > site.web.clock.now());
            Opened::Answered(Box::new(request), page.filter(|_| fresh).map(token))
        }
        RequestState::Open | RequestState::Expired | RequestState::Voided => Opened::Nothing,
    })
}

/// Looks something up that a link names. Misses are counted by address, and whoever has guessed too often is asked to wait
/// before the look-up, so that the answer says nothing about this link.
pub(super) async fn guarded<T>(
    site: &Site,
    parts: &Parts,
    look_up: impl Future<Output = Result<Option<T>>>,
) -> std::result::Result<Option<T>, Trouble> {
    let client = client_of(&parts.extensions, &parts.headers, &site.web.config.http);
    if client.is_some_and(|client| site.misses.is_exhausted(client)) {
        return Err(Trouble(StatusCode::TOO_MANY_REQUESTS, Some(60)));
    }
    let found = look_up.await.map_err(|error| {
        tracing::warn!(%error, "a link cannot be looked up");
        Trouble::unavailable(5)
    })?;
    if let (None, Some(client)) = (&found, client) {
        site.misses.count(client);
    }
    Ok(found)
}
