//! The pages that people see. Each is rendered whole, in the reader's language, and works without scripts.
//!
//! Rule: a link that opens nothing tells nothing: unknown, expired, voided and foreign ones get the same answer.

pub(super) mod address;
pub(super) mod answer;
pub(super) mod confirm;
pub(super) mod documents;
mod form;
pub(super) mod form_page;
mod language;
mod link;
pub(super) mod notice;
pub(super) mod preferences;
pub(super) mod privacy;
pub(super) mod unsubscribe;

use crate::render::{ControllerBlock, HomePage, LinkInvalidPage, PageParameters, TroublePage};
use crate::web::state::Site;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use language::Reader;
use rescind_jobs::locale::Locale;
use std::sync::Arc;

pub(super) async fn home(State(site): State<Arc<Site>>, request: Request) -> Response {
    let reader = Reader::of(request.uri(), request.headers());
    page(&site, StatusCode::OK, &HomePage {}, reader.general(&site.web.policy))
}

pub(super) async fn style(State(site): State<Arc<Site>>) -> Response {
    let stylesheet = site.web.renderer.stylesheet().to_owned();
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], stylesheet).into_response()
}

pub(super) async fn robots() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "User-agent: *\nDisallow: /\n").into_response()
}

pub(super) async fn favicon() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Renders a page.
fn page<P: PageParameters>(site: &Site, status: StatusCode, parameters: &P, locale: Locale) -> Response {
    match site.web.renderer.page(parameters, locale.as_str()) {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            // samples of every page were rendered at start, so this is a template's fault that they do not show
            tracing::error!(%error, "a page cannot be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown at the moment.\n").into_response()
        }
    }
}

/// The one answer to every link that opens nothing.
fn invalid(site: &Site, reader: &Reader<'_>) -> Response {
    let parameters = LinkInvalidPage { controller: controller(site) };
    page(site, StatusCode::NOT_FOUND, &parameters, reader.general(&site.web.policy))
}

/// Something of ours does not work, or a request is not taken; `retry_after` in seconds.
fn trouble(site: &Site, reader: &Reader<'_>, status: StatusCode, retry_after: Option<u32>) -> Response {
    let mut response = page(site, status, &TroublePage {}, reader.general(&site.web.policy));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Who is responsible, as shown below every page.
fn controller(site: &Site) -> ControllerBlock {
    crate::staff_notice::controller(&site.web.policy)
}

/// Whether a form was sent by a page of another site. Pages of ours ask for no referrer, so browsers send `Origin:
/// null` with our own forms too (Fetch, "append a request `Origin` header"): only `Sec-Fetch-Site`, or an origin that
/// names somebody else, tells.
fn is_cross_site(site: &Site, uri: &Uri, headers: &HeaderMap) -> bool {
    if let Some(from) = headers.get("sec-fetch-site") {
        return from != "same-origin" && from != "none";
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
    let public = site.web.config.http.public_url.as_str();
    headers.get_all(header::ORIGIN).iter().any(|origin| match origin.to_str() {
        Ok("null") => false,
        Ok(origin) => {
            let named = origin.split_once("://").map_or("", |(_, authority)| authority);
            let rest = public.strip_prefix(origin);
            let ours = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            !ours && !named.eq_ignore_ascii_case(host)
        }
        Err(_) => true,
    })
}
