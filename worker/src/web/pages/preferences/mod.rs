//! `/p/TOKEN`: a subject's own page, at its permanent address. Newsletters get forwarded, so the address alone shows what
//! was agreed to, without anything that tells who it is, and takes it back; nothing more.

pub(in crate::web) mod edit;
pub(in crate::web) mod topics;
pub(in crate::web) mod unlock;
pub(in crate::web) mod withdraw;

use super::confirm::hour;
use super::form::Trouble;
use super::link::{guarded, is_token};
use super::{Reader, controller, invalid, page, trouble};
use crate::render::{PreferencesPage, PurposeLine, TopicLine, WordingBlock};
use crate::store::{Result, pages, registers};
use crate::web::state::Site;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use rescind_jobs::locale::{Locale, Texts};
use rescind_jobs::model::{Consent, ConsentState, Subject};
use rescind_jobs::policy::{LawfulBasis, Purpose};
use rescind_jobs::protection::token_hash;
use rescind_jobs::time::Timestamp;
use std::sync::Arc;
use url::form_urlencoded;

pub(in crate::web) async fn show(
    State(site): State<Arc<Site>>,
    token: std::result::Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    match visit(&site, &token, &parts, &reader).await {
        Ok(subject) => preferences(&site, &subject, &token, &parts, &reader),
        Err(answer) => answer,
    }
}

/// The subject whose page this is; or what a visitor is answered who has no valid address.
async fn visit(
    site: &Site,
    token: &str,
    parts: &Parts,
    reader: &Reader<'_>,
) -> std::result::Result<Subject, Response> {
    match guarded(site, parts, find(site, token)).await {
        Ok(Some(subject)) => Ok(subject),
        Ok(None) => Err(invalid(site, reader)),
        Err(Trouble(status, retry_after)) => Err(trouble(site, reader, status, retry_after)),
    }
}

async fn find(site: &Site, token: &str) -> Result<Option<Subject>> {
    if !is_token(token) {
        return Ok(None);
    }
    match pages::by_token(&site.web.pool, &token_hash(token)).await? {
        Some(id) => registers::subject(&site.web.pool, id).await,
        None => Ok(None),
    }
}

/// The language of a subject's own page.
fn language(site: &Site, subject: &Subject, reader: &Reader<'_>) -> Locale {
    reader.of_request(subject.locale.unwrap_or(site.web.policy.default_locale))
}

/// What follows an address of the page in links, so that a chosen language stays.
fn suffix(reader: &Reader<'_>) -> String {
    reader.chosen.map_or_else(String::new, |locale| format!("?lang={locale}"))
}

/// Every purpose that a subject ends by itself here: what rests on consent, and what rests on soft opt-in.
fn endable(site: &Site) -> impl Iterator<Item = &Purpose> {
    let endable = |p: &&Purpose| p.basis == LawfulBasis::Consent || p.basis.is_soft_opt_in();
    site.web.policy.purposes.values().filter(endable)
}

/// Whether there is something to end: a consent that stands, or a customer who has not objected.
fn stands(purpose: &Purpose, subject: &Subject, now: Timestamp) -> bool {
    if purpose.basis.is_soft_opt_in() {
        return subject.soft_opt_ins.contains_key(&purpose.id) && objection(purpose, subject).is_none();
    }
    subject.consents.get(&purpose.id).is_some_and(|consent| consent.is_granted(now))
}

/// Since when the subject objects to a purpose by soft opt-in.
fn objection(purpose: &Purpose, subject: &Subject) -> Option<Timestamp> {
    subject.objections.get(&purpose.id).filter(|objection| objection.blocks(None)).map(|o| o.at)
}

/// Every purpose that a subject consents to.
fn consented(site: &Site) -> impl Iterator<Item = &Purpose> {
    site.web.policy.purposes.values().filter(|purpose| purpose.basis == LawfulBasis::Consent)
}

fn preferences(site: &Site, subject: &Subject, token: &str, parts: &Parts, reader: &Reader<'_>) -> Response {
    let locale = language(site, subject, reader);
    let now = site.web.clock.now();
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let done = form_urlencoded::parse(query).any(|(name, _)| name == "done");
    let suffix = suffix(reader);
    let stands = |purpose: &Purpose| stands(purpose, subject, now);
    let purposes = endable(site).filter_map(|purpose| {
        let withdraw = stands(purpose).then(|| format!("{token}/withdraw/{}{suffix}", purpose.id));
        let topics = match stands(purpose) {
            true => topic_lines(site, subject, purpose, token, &suffix, locale),
            false => Vec::new(),
        };
        let line = match &purpose.basis {
            LawfulBasis::SoftOptIn { similar_to, .. } => {
                customer_line(site, purpose, subject, similar_to, withdraw, locale)?
            }
            _ => line(site, purpose, subject.consents.get(&purpose.id), withdraw, locale),
        };
        Some(PurposeLine { topics, ..line })
    });
    let parameters = PreferencesPage {
        controller: controller(site),
        done,
        purposes: purposes.collect(),
        withdraw_all_url: endable(site).any(stands).then(|| format!("{token}/withdraw{suffix}")),
        change_url: format!("{token}/change{suffix}"),
    };
    page(site, StatusCode::OK, &parameters, locale)
}

fn line(
    site: &Site,
    purpose: &Purpose,
    consent: Option<&Consent>,
    withdraw_url: Option<String>,
    locale: Locale,
) -> PurposeLine {
    let now = site.web.clock.now();
    let date = |at: Timestamp| site.web.renderer.format_date(at.to_chrono().date_naive(), locale.as_str());
    let granted = consent.is_some_and(|consent| consent.is_granted(now));
    let counts = consent.is_some_and(|consent| purpose.allowed_by.contains(&consent.opt_in));
    let state = match consent.map(|consent| (consent.state, consent.last_act.is_some())) {
        _ if granted && counts => "granted",
        _ if granted => "unconfirmed",
        // nothing was ever said
        None | Some((ConsentState::Expired, false)) => "none",
        Some((ConsentState::Requested, _)) => "requested",
        Some((ConsentState::Granted | ConsentState::Expired, _)) => "expired",
        Some((ConsentState::Refused, _)) => "refused",
        Some((ConsentState::Withdrawn, _)) => "withdrawn",
    };
    let over = |consent: &Consent| match consent.state {
        ConsentState::Granted if !granted => consent.expires_at.unwrap_or(consent.since),
        _ => consent.since,
    };
    let wording = consent.filter(|_| granted).and_then(|consent| {
        let (content, version) = consent.content.as_ref()?;
        let version = site.web.policy.contents.get(content)?.version(*version)?;
        let (content_locale, text) = version.text.get(locale);
        Some(WordingBlock {
            content_title: version.title.get(locale).1.to_owned(),
            content_text: text.to_owned(),
            content_version: version.version.to_string(),
            content_locale: content_locale.as_str().to_owned(),
        })
    });
    PurposeLine {
        purpose_title: purpose.title.get(locale).1.to_owned(),
        state,
        since: consent.map(|consent| date(over(consent))).unwrap_or_default(),
        expires_at: consent.filter(|_| granted).and_then(|consent| consent.expires_at).map(date),
        similar_to: None,
        wording,
        topics: Vec::new(),
        withdraw_url,
    }
}

/// A purpose by soft opt-in; none if the subject is no customer, and has said nothing.
fn customer_line(
    site: &Site,
    purpose: &Purpose,
    subject: &Subject,
    similar_to: &Texts,
    withdraw_url: Option<String>,
    locale: Locale,
) -> Option<PurposeLine> {
    let (state, since) = match (objection(purpose, subject), subject.soft_opt_ins.get(&purpose.id)) {
        (Some(at), _) => ("objected", at),
        (None, Some(known)) => ("customer", known.sold_at),
        (None, None) => return None,
    };
    let since = site.web.renderer.format_date(since.to_chrono().date_naive(), locale.as_str());
    let similar_to = Some(similar_to.get(locale).1.to_owned()).filter(|_| state == "customer");
    let purpose_title = purpose.title.get(locale).1.to_owned();
    let (expires_at, wording, topics) = (None, None, Vec::new());
    Some(PurposeLine { purpose_title, state, since, expires_at, similar_to, wording, topics, withdraw_url })
}

fn topic_lines(
    site: &Site,
    subject: &Subject,
    purpose: &Purpose,
    token: &str,
    suffix: &str,
    locale: Locale,
) -> Vec<TopicLine> {
    let topics = purpose.topics.iter().filter_map(|topic| site.web.policy.topics.get(topic));
    topics
        .map(|topic| {
            let said = subject.topics.get(&(purpose.id.clone(), topic.id.clone()));
            let left = said.filter(|choice| !choice.subscribed);
            let date =
                |at: Timestamp| site.web.renderer.format_date(at.to_chrono().date_naive(), locale.as_str());
            let here = || format!("{token}/topics/{}/{}{suffix}", purpose.id, topic.id);
            TopicLine {
                topic_title: topic.title.get(locale).1.to_owned(),
                left_at: left.map(|choice| date(choice.at)),
                leave_url: left.is_none().then(here),
            }
        })
        .collect()
}

/// The nonce of a form on this subject's page, in this hour.
fn nonce(site: &Site, token: &str) -> String {
    site.web.vault.page_nonce(token, hour(site.web.clock.now()))
}
