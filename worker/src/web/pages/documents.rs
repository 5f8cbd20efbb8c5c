//! The policy's linked regulations (A3). They are public texts; a link names one by its checksum, so what a person
//! read before agreeing can be told from what a later version says.

use crate::web::problem::Problem;
use crate::web::state::Site;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rescind_jobs::policy::Document;
use std::sync::Arc;

/// The link to a document of the policy.
pub(super) fn link(site: &Site, document: &Document) -> String {
    let name: String = url::form_urlencoded::byte_serialize(document.filename.as_bytes()).collect();
    let sha256 = data_encoding::HEXLOWER.encode(&document.sha256);
    site.web.config.http.public_url.link(&format!("/d/{sha256}/{}", name.replace('+', "%20")))
}

/// A document, by its checksum.
pub(in crate::web) async fn show(
    State(site): State<Arc<Site>>,
    Path((sha256, _)): Path<(String, String)>,
) -> Response {
    let wanted = data_encoding::HEXLOWER.decode(sha256.as_bytes()).unwrap_or_default();
    let contents = site.web.policy.contents.values();
    let documents = contents.flat_map(|c| &c.versions).filter_map(|v| v.regulation.as_ref());
    let Some(document) = documents.into_iter().find(|d| d.sha256[..] == wanted[..]) else {
        return Problem::not_found().into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, document.media_type.clone()),
        (header::CONTENT_DISPOSITION, "inline".to_owned()),
    ];
    (headers, document.bytes.to_vec()).into_response()
}
