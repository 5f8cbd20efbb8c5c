//! `/privacy`: the privacy notice, as the policy has it (C6, Art. 13, 14). It needs nothing but the policy in force, so it
//! never says anything else than what is done.

use super::{Reader, controller, page};
use crate::render::{PrivacyPage, PurposeBlock, Told};
use crate::web::state::Site;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use rescind_jobs::locale::{Locale, Texts};
use rescind_jobs::policy::{LawfulBasis, Policy, Purpose};
use std::sync::Arc;

pub(in crate::web) async fn show(State(site): State<Arc<Site>>, request: Request) -> Response {
    let reader = Reader::of(request.uri(), request.headers());
    let policy = &site.web.policy;
    let locale = reader.general(policy);
    let notice = &policy.privacy_notice;
    let told = |texts: &Option<Texts>| texts.as_ref().map(|texts| told(texts, locale));
    let bases = || policy.purposes.values().map(|purpose| &purpose.basis);
    let parameters = PrivacyPage {
        // it stands on this very page
        controller: crate::render::ControllerBlock { privacy_url: None, ..controller(&site) },
        officer: notice.officer.clone(),
        purposes: policy.purposes.values().map(|purpose| block(policy, purpose, locale)).collect(),
        recipients: told(&notice.recipients),
        transfers: told(&notice.transfers),
        origins: told(&notice.origins),
        not_providing: told(&notice.not_providing),
        automated_decisions: told(&notice.automated_decisions),
        authority: told(&notice.authority),
        by_consent: bases().any(|basis| *basis == LawfulBasis::Consent),
        objectionable: bases().any(LawfulBasis::is_objectionable)
            || policy.purposes.values().any(|purpose| purpose.marketing),
    };
    page(&site, StatusCode::OK, &parameters, locale)
}

fn block(policy: &Policy, purpose: &Purpose, locale: Locale) -> PurposeBlock {
    let notice = policy.privacy_notice.purposes.get(&purpose.id).cloned().unwrap_or_default();
    let told = |texts: &Option<Texts>| texts.as_ref().map(|texts| told(texts, locale));
    PurposeBlock {
        purpose_title: purpose.title.get(locale).1.to_owned(),
        basis: purpose.basis.as_str(),
        special_category: purpose.special_category,
        marketing: purpose.marketing,
        similar_to: match &purpose.basis {
            LawfulBasis::SoftOptIn { similar_to, .. } => Some(similar_to.get(locale).1.to_owned()),
            _ => None,
        },
        data: told(&notice.data),
        interests: told(&notice.interests),
        period: told(&notice.period),
    }
}

fn told(texts: &Texts, locale: Locale) -> Told {
    let (written_in, text) = texts.get(locale);
    Told { text: text.to_owned(), locale: written_in.as_str().to_owned() }
}
