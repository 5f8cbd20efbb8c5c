//! `/dev/mailbox`: the mails of the development mailbox, for a developer to read and to click through. It exists only
//! while mail goes there and no sources are configured, and only for this machine; to everybody else it is as if
//! it were not there.

mod html;

use super::local;
use super::peer::peer_of;
use super::problem::{Problem, json_response};
use super::state::Site;
use crate::mail::transport::mailbox::{Entry, Mailbox, MailboxError, View};
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{self, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::SecondsFormat;
use serde_json::{Value, json};
use std::sync::Arc;

/// Mails listed.
const LISTED: usize = 200;

/// What the pages of the mailbox may do: the list and a mail show our stylesheet and a frame of ours.
const LIST_POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";
/// What a mail's HTML may do in its frame: be styled, and open links in windows of their own. No scripts, nothing from
/// elsewhere, an origin of its own.
const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
                           style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'self'";

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/dev/mailbox", get(list))
        .route("/dev/mailbox.json", get(list_json))
        .route("/dev/mailbox/{id}", get(show))
        .route("/dev/mailbox/{id}/json", get(show_json))
        .route("/dev/mailbox/{id}/html", get(show_html))
        .route("/dev/mailbox/{id}/raw", get(raw))
}

/// The mailbox, for requests of this machine.
struct Open(Mailbox);

impl FromRequestParts<Arc<Site>> for Open {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Problem> {
        let peer = peer_of(&parts.extensions);
        let local = local::check(peer, &parts.method, &parts.uri, &parts.headers);
        match (&site.web.mailbox, local) {
            (Some(mailbox), Ok(())) if site.serves_mailbox() => Ok(Self(mailbox.clone())),
            _ => Err(Problem::not_found()),
        }
    }
}

type Id = Result<Path<String>, PathRejection>;

async fn list(Open(mailbox): Open) -> Result<Response, Problem> {
    let entries = mailbox.list(LISTED).await.map_err(unreadable)?;
    Ok(framed(html::list(&entries, LISTED), LIST_POLICY))
}

async fn list_json(Open(mailbox): Open) -> Result<Response, Problem> {
    let entries = mailbox.list(LISTED).await.map_err(unreadable)?;
    let entries = entries.iter().map(entry).collect();
    Ok(json_response(StatusCode::OK, "application/json", &Value::Array(entries)))
}

async fn show(Open(mailbox): Open, id: Id) -> Result<Response, Problem> {
    Ok(framed(html::mail(&view(&mailbox, id).await?), LIST_POLICY))
}

async fn show_json(Open(mailbox): Open, id: Id) -> Result<Response, Problem> {
    let view = view(&mailbox, id).await?;
    let mut mail = entry(&view.entry);
    mail["headers"] = view.headers.iter().map(|(name, value)| json!([name, value])).collect();
    mail["text"] = json!(view.text);
    mail["html"] = json!(view.html);
    mail["attachments"] = json!(view.attachments);
    mail["links"] = json!(html::links(view.text.as_deref().unwrap_or_default()));
    Ok(json_response(StatusCode::OK, "application/json", &mail))
}

async fn show_html(Open(mailbox): Open, id: Id) -> Result<Response, Problem> {
    let mail = view(&mailbox, id).await?.html.ok_or_else(Problem::not_found)?;
    let mut response = framed(html::with_links_outside(&mail), MAIL_POLICY);
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

async fn raw(Open(mailbox): Open, id: Id) -> Result<Response, Problem> {
    let bytes = mailbox.read(&name(id)?).await.map_err(unreadable)?.ok_or_else(Problem::not_found)?;
    let plain: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((plain, bytes).into_response())
}

async fn view(mailbox: &Mailbox, id: Id) -> Result<View, Problem> {
    mailbox.view(&name(id)?).await.map_err(unreadable)?.ok_or_else(Problem::not_found)
}

fn name(id: Id) -> Result<String, Problem> {
    id.map(|Path(id)| id).map_err(|_| Problem::not_found())
}

fn unreadable(error: MailboxError) -> Problem {
    tracing::warn!(%error, "the development mailbox cannot be shown");
    Problem::internal()
}

fn entry(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "received_at": entry.received_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "from": entry.from,
        "to": entry.to,
        "subject": entry.subject,
    })
}

fn framed(page: String, policy: &'static str) -> Response {
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response()
}
