//! Bodies: read whole, never more of them than the limit, never longer than the request may take.

use super::guard::Deadline;
use super::problem::Problem;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use futures_util::StreamExt;

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// 413 if it is larger, 408 if it is slow, 400 if it breaks off.
pub(super) async fn read(parts: &Parts, body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    let reading = async {
        let mut bytes = Vec::new();
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Problem::incomplete())?;
            if chunk.len() > limit - bytes.len() {
                return Err(Problem::too_large(limit));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    };
    let deadline = Deadline::of(&parts.extensions);
    tokio::time::timeout_at(deadline, reading).await.unwrap_or_else(|_| Err(Problem::too_slow()))
}

/// The media type of the body, in small letters, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
