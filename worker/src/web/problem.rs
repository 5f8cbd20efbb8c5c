//! Problems as RFC 9457 writes them. They name fields and never repeat a value, for their readers log them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rescind_jobs::refusal::{FieldProblem, Refusal, RefusalCode};
use serde_json::{Value, json};

/// A problem, ready to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// A [`RefusalCode`], or one of the codes of the web itself; `docs/http.md` lists them.
    pub(super) code: &'static str,
    pub(super) detail: String,
    pub(super) errors: Vec<FieldProblem>,
    /// Seconds after which trying again may help.
    pub(super) retry_after: Option<u32>,
    /// The value of `WWW-Authenticate`.
    pub(super) authenticate: Option<&'static str>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            authenticate: None,
        }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
    }

    pub(super) fn wrong_method() -> Self {
        let detail = "This address does not take this method; the Allow header names those it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let detail = format!("The body is larger than {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, RefusalCode::TooLarge.as_str(), detail)
    }

    pub(super) fn too_slow() -> Self {
        let detail = "The body did not arrive in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail)
    }

    pub(super) fn incomplete() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "incomplete", "The body ended before it was complete.")
    }

    pub(super) fn media_type(expected: &str) -> Self {
        let detail = format!("The body must be sent as {expected}.");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    /// Something does not answer now; nothing is lost by sending the same again.
    pub(super) fn unavailable(code: &'static str, detail: impl Into<String>, retry_after: u32) -> Self {
        let retry_after = Some(retry_after);
        Self { retry_after, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail) }
    }

    /// Our own fault.
    pub(super) fn internal() -> Self {
        let detail = "Something failed on our side; the operator's log says what.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, RefusalCode::InternalError.as_str(), detail)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut problem = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
        });
        if !self.errors.is_empty() {
            problem["errors"] = json!(self.errors);
        }
        problem
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, detail, fields } = refusal;
        Self { errors: fields, ..Self::new(status(code), code.as_str(), detail) }
    }
}

/// The status of a refusal.
const fn status(code: RefusalCode) -> StatusCode {
    match code {
        RefusalCode::MalformedJson | RefusalCode::InvalidEnvelope => StatusCode::BAD_REQUEST,
        RefusalCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        RefusalCode::NotAllowed => StatusCode::FORBIDDEN,
        RefusalCode::LimitReached => StatusCode::TOO_MANY_REQUESTS,
        RefusalCode::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// A JSON answer of any media type.
pub(super) fn json_response(status: StatusCode, media_type: &'static str, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, media_type)], body.to_string()).into_response()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = json_response(self.status, "application/problem+json", &self.to_json());
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(challenge) = self.authenticate {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_status() {
        for code in RefusalCode::ALL {
            let status = status(*code).as_u16();
            let expected = match code.as_str() {
                "malformed_json" | "invalid_envelope" => 400,
                "not_allowed" => 403,
                "too_large" => 413,
                "limit_reached" => 429,
                "internal_error" => 500,
                _ => 422,
            };
            assert_eq!(status, expected, "{code}");
        }
    }

    #[test]
    fn a_problem_names_the_fields() {
        let problem = Problem::from(Refusal::invalid("data.subject.email", "is missing")).to_json();
        assert_eq!(
            problem,
            json!({"type": "about:blank", "title": "Unprocessable Entity", "status": 422,
                   "detail": "data.subject.email: is missing", "code": "invalid_field",
                   "errors": [{"field": "data.subject.email", "problem": "is missing"}]})
        );
    }
}
