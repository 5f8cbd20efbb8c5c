//! `/privacy`: the privacy notice, as the policy has it (C6, Art. 13, 14). It needs nothing but the policy in force, so it
//! never says anything else than what is done.

use super::{Reader, controller, page};
use crate::privacy_notice::{maybe, purpose, told};
use crate::render::PrivacyPage;
use crate::web::state::Site;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use rescind_jobs::locale::Texts;
use rescind_jobs::policy::LawfulBasis;
use std::sync::Arc;

pub(in crate::web) async fn show(State(site): State<Arc<Site>>, request: Request) -> Response {
    let reader = Reader::of(request.uri(), request.headers());
    let policy = &site.web.policy;
    let locale = reader.general(policy);
    let notice = &policy.privacy_notice;
    let text = |texts: &Option<Texts>| maybe(texts.as_ref(), locale);
    let bases = || policy.purposes.values().map(|purpose| &purpose.basis);
    let parameters = PrivacyPage {
        // it stands on this very page
        controller: crate::render::ControllerBlock { privacy_url: None, ..controller(&site) },
        officer: notice.officer.clone(),
        purposes: policy.purposes.values().map(|one| purpose(policy, one, locale)).collect(),
        recipients: text(&notice.recipients),
        transfers: text(&notice.transfers),
        sources: policy.data_sources.values().map(|source| told(&source.title, locale)).collect(),
        origins: text(&notice.origins),
        not_providing: text(&notice.not_providing),
        automated_decisions: text(&notice.automated_decisions),
        authority: text(&notice.authority),
        by_consent: bases().any(|basis| *basis == LawfulBasis::Consent),
        objectionable: bases().any(LawfulBasis::is_objectionable)
            || policy.purposes.values().any(|purpose| purpose.marketing),
    };
    page(&site, StatusCode::OK, &parameters, locale)
}
