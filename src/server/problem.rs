//! Problem details for HTTP APIs, RFC 9457, <https://www.rfc-editor.org/rfc/rfc9457>: why a request was refused, for programs.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::verify::ForeignSignature;

/// A refusal.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    advice: String,
    signatures: Vec<ForeignSignature>,
}

/// Its members; `advice` and `signatures` are extensions of section 3.2.
#[derive(Serialize)]
struct Members<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    signatures: &'a [ForeignSignature],
}

impl Problem {
    /// Its media type.
    pub(super) const KIND: &'static str = "application/problem+json";

    /// A problem of a kind that scripts know by its code.
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), advice: String::new(), signatures: Vec::new() }
    }

    /// What to do about it.
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// What can be told of signatures in a file that is no copy.
    pub(super) fn signed(self, signatures: Vec<ForeignSignature>) -> Self {
        Self { signatures, ..self }
    }

    /// No room at the moment.
    pub(super) fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "as many requests are under way as may be")
            .advise("send it again in a moment")
    }

    /// More bytes than are taken.
    pub(super) fn too_large(limit: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-many-bytes", format!("a body may have {limit} bytes"))
            .advise(
                "verify it on a machine of one's own, or ask whoever runs the service for more (--max-bytes)",
            )
    }

    /// The document.
    pub(super) fn json(&self) -> String {
        let members = Members {
            // Never fetched: a name (section 3.1.1).
            r#type: format!("https://saoy.invalid/problems/{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Refused"),
            status: self.status.as_u16(),
            detail: &self.detail,
            advice: &self.advice,
            signatures: &self.signatures,
        };
        serde_json::to_string(&members).expect("strings and a number")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(header::CONTENT_TYPE, Self::KIND)], self.json()).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
