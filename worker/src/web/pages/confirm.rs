//! `GET /c/TOKEN`: asks one question, or shows how it was answered. Scanners of mail open every link, so showing the
//! page changes nothing; only its form does (`answer.rs`).

use super::documents;
use super::link::{Opened, open};
use super::{Reader, controller, invalid, page, trouble};
use crate::render::{Answer, AnsweredPage, ConfirmPage, Regulation};
use crate::web::peer::client_of;
use crate::web::state::Site;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use rescind_jobs::locale::Locale;
use rescind_jobs::model::{ConsentRequest, RequestState};
use rescind_jobs::policy::{Content, ContentVersion};
use rescind_jobs::time::Timestamp;
use std::sync::Arc;

pub(in crate::web) async fn show(
    State(site): State<Arc<Site>>,
    token: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let reader = Reader::of(request.uri(), request.headers());
    let client = client_of(request.extensions(), request.headers(), &site.web.config.http);
    // before the look-up, so that it says nothing about this link
    if client.is_some_and(|client| site.misses.is_exhausted(client)) {
        return trouble(&site, &reader, StatusCode::TOO_MANY_REQUESTS, Some(60));
    }
    let token = token.map(|Path(token)| token).unwrap_or_default();
    let opened = match open(&site, &token).await {
        Ok(opened) => opened,
        Err(error) => {
            tracing::warn!(%error, "a link cannot be looked up");
            return trouble(&site, &reader, StatusCode::SERVICE_UNAVAILABLE, Some(5));
        }
    };
    let shown = match &opened {
        // a wording that is not known is one of a policy that this replica has not read yet
        Opened::Open(request) => {
            let page = question(&site, request, &reader, &token, StatusCode::OK, false);
            Some(page.unwrap_or_else(|| trouble(&site, &reader, StatusCode::SERVICE_UNAVAILABLE, Some(15))))
        }
        Opened::Answered(request, own) => {
            let address = own.as_ref().map(|own| site.web.config.http.public_url.link(&format!("/p/{own}")));
            answered(&site, request, address, &reader)
        }
        Opened::Nothing => None,
    };
    shown.unwrap_or_else(|| {
        if let Some(client) = client {
            site.misses.count(client);
        }
        invalid(&site, &reader)
    })
}

/// The content and version that a request asks about; none if the policy no longer has it.
pub(super) fn wording<'s>(
    site: &'s Site,
    request: &ConsentRequest,
) -> Option<(&'s Content, &'s ContentVersion)> {
    let content = site.web.policy.contents.get(&request.content)?;
    Some((content, content.version(request.version)?))
}

/// The page that asks.
pub(super) fn question(
    site: &Site,
    request: &ConsentRequest,
    reader: &Reader<'_>,
    token: &str,
    status: StatusCode,
    box_missing: bool,
) -> Option<Response> {
    let (_, version) = wording(site, request)?;
    let purpose = site.web.policy.purposes.get(&request.purpose)?;
    let locale = reader.of_request(request.locale);
    let (content_locale, content_text) = version.text.get(locale);
    let expires = site.web.renderer.format_date(request.expires_at.to_chrono().date_naive(), locale.as_str());
    let parameters = ConfirmPage {
        controller: controller(site),
        purpose_title: purpose.title.get(locale).1.to_owned(),
        content_title: version.title.get(locale).1.to_owned(),
        content_text: content_text.to_owned(),
        content_version: version.version.to_string(),
        content_locale: content_locale.as_str().to_owned(),
        regulation: version.regulation.as_ref().map(|document| Regulation {
            title: document.filename.clone(),
            url: Some(documents::link(site, document)),
        }),
        nonce: site.web.vault.page_nonce(token, hour(site.web.clock.now())),
        expires_at: expires,
        box_missing,
        locales: version.text.iter().map(|(locale, _)| Locale::as_str(locale)).collect(),
    };
    Some(page(site, status, &parameters, locale))
}

/// The page after the answer, the same at every visit.
fn answered(
    site: &Site,
    request: &ConsentRequest,
    preferences_url: Option<String>,
    reader: &Reader<'_>,
) -> Option<Response> {
    let (_, version) = wording(site, request)?;
    let locale = reader.of_request(request.locale);
    let answer = match request.state {
        RequestState::Confirmed => Answer::Granted,
        RequestState::Refused => Answer::Refused,
        RequestState::Open | RequestState::Expired | RequestState::Voided => return None,
    };
    let parameters = AnsweredPage {
        controller: controller(site),
        content_title: version.title.get(locale).1.to_owned(),
        answer,
        preferences_url,
    };
    Some(page(site, StatusCode::OK, &parameters, locale))
}

/// The number of the hour, by which a page's nonce ages.
pub(super) fn hour(now: Timestamp) -> i64 {
    now.micros().div_euclid(3_600_000_000)
}
