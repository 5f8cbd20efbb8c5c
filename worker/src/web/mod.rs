//! Everything that is reached by HTTP: messages and the gate for applications, the pages that links in mails lead to,
//! the development mailbox, and on a listener of its own what operators need.
//!
//! Rule: the web makes envelopes or reads. It decides nothing and writes nothing; what changes something goes through
//! the [`Door`](crate::runner::door::Door). GET and HEAD never change anything. No body, no address and no token is
//! ever repeated in an answer, a log line or an error.

mod api;
mod auth;
mod body;
mod dev;
mod guard;
mod limiter;
mod local;
mod ops;
mod pages;
mod peer;
mod problem;
mod serve;
mod state;
#[cfg(test)]
mod tests;

pub use ops::{Metrics, ops_router};
pub use peer::Peer;
pub use serve::{Guards, serve, serve_with};
pub use state::{Health, HealthReport, PartHealth, PartState, PolicyHealth, WebState};

use crate::live::Live;
use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use problem::Problem;
use state::Site;
use std::sync::Arc;
use tower::ServiceExt;

/// The public listener: `/v1`, the pages, and `/dev/mailbox` where the state has a mailbox.
pub fn public_router(state: WebState) -> Router {
    let site = Arc::new(Site::new(state));
    let mut router = Router::new()
        .route("/", get(pages::home))
        .route("/style.css", get(pages::style))
        .route("/robots.txt", get(pages::robots))
        .route("/favicon.ico", get(pages::favicon))
        .route("/c/{token}", get(pages::confirm::show).post(pages::answer::take))
        .route("/s/{token}", get(pages::notice::show).post(pages::notice::take))
        .route("/a/{token}", get(pages::address::show).post(pages::address::take))
        .route("/u/{token}", get(pages::unsubscribe::show).post(pages::unsubscribe::take))
        .route("/privacy", get(pages::privacy::show))
        .route("/form/{name}", get(pages::form_page::show).post(pages::form_page::take))
        .route("/p/{token}", get(pages::preferences::show))
        .route(
            "/p/{token}/topics/{purpose}/{topic}",
            get(pages::preferences::topics::ask).post(pages::preferences::topics::take),
        )
        .route("/p/{token}/change", get(pages::preferences::unlock::ask))
        .route(
            "/p/{token}/code",
            get(pages::preferences::unlock::begin).post(pages::preferences::unlock::send),
        )
        .route(
            "/p/{token}/unlock",
            get(pages::preferences::unlock::begin).post(pages::preferences::unlock::enter),
        )
        .route("/p/{token}/edit", get(pages::preferences::unlock::begin).post(pages::preferences::edit::take))
        .route(
            "/p/{token}/withdraw",
            get(pages::preferences::withdraw::ask_all).post(pages::preferences::withdraw::take_all),
        )
        .route(
            "/p/{token}/withdraw/{purpose}",
            get(pages::preferences::withdraw::ask_one).post(pages::preferences::withdraw::take_one),
        )
        .route("/d/{sha256}/{filename}", get(pages::documents::show))
        .route("/v1/messages", post(api::messages::take))
        .route("/v1/gate", post(api::gate::ask))
        .route("/v1/snapshot", get(api::snapshot::show));
    if site.serves_mailbox() {
        router = router.merge(dev::routes());
    }
    router
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(guard::Guard::of(&site.web.config), guard::guard))
        .with_state(site)
}

/// Whatever router there is when a request comes: it keeps it to its end, while another may take its place.
pub fn following(live: Live<Router>) -> Router {
    Router::new().fallback(move |request: Request| {
        let router = Router::clone(&live.now());
        async move { router.oneshot(request).await }
    })
}

async fn unknown() -> Problem {
    Problem::not_found()
}

async fn wrong_method() -> Problem {
    Problem::wrong_method()
}
