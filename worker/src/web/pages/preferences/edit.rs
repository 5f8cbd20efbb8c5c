//! `POST /p/TOKEN/edit`: with the pass, the subject gives consent and corrects its data (D6, G7).

use super::unlock::{holds, shown};
use super::{consented, language, nonce, stands, suffix, topics, visit};
use crate::render::{EditEmail, EditField, EditPage, Offer, TopicOffer, WordingBlock};
use crate::store::registers;
use crate::web::pages::form::{Form, Trouble, evidence, hand_in, is_nonce};
use crate::web::pages::{Reader, controller, invalid, page, trouble};
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use rescind_jobs::code::{ContentId, FieldId};
use rescind_jobs::job::Job;
use rescind_jobs::jobs::{ChooseTopic, CorrectSubject, GiveAddress, GiveConsent, PREFERENCE_PAGE};
use rescind_jobs::locale::Locale;
use rescind_jobs::model::{IdentityKind, Subject};
use rescind_jobs::policy::{Content, ContentVersion, Feature, Field, FieldKind};
use rescind_jobs::refusal::{Refusal, RefusalCode};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A value has a thousand characters at most, and a policy a handful of fields.
const LARGEST: usize = 64 * 1024;

/// What came of what was sent.
#[derive(Default)]
pub(super) struct State {
    done: bool,
    /// The button was pressed without the box of this content being ticked.
    missing: Option<ContentId>,
    /// Values that were sent.
    sent: BTreeMap<FieldId, String>,
    /// Those of them that cannot be taken.
    wrong: BTreeSet<FieldId>,
    /// The email address that was sent.
    email: String,
    /// What came of it.
    address: Address,
}

/// What came of a new email address.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Address {
    /// None was sent.
    #[default]
    None,
    /// A mail is on its way there.
    Asked,
    /// It is no address.
    Wrong,
    /// Too many mails were asked for.
    Many,
}

pub(in crate::web) async fn take(
    Shared(site): Shared<Arc<Site>>,
    token: std::result::Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let token = token.map(|Path(token)| token).unwrap_or_default();
    change(&site, &token, &parts, body, &reader)
        .await
        .unwrap_or_else(|Trouble(status, retry_after)| trouble(&site, &reader, status, retry_after))
}

async fn change(
    site: &Site,
    token: &str,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let form = Form::take(site, parts, body, LARGEST).await?;
    let subject = match visit(site, token, parts, reader).await {
        Ok(subject) => subject,
        Err(answer) => return Ok(answer),
    };
    let pass = form.get("pass");
    if !is_nonce(&site.web, token, form.get("nonce")) || !holds(site, token, pass) {
        return Ok(shown(site, &subject, token, reader, "ask", Some("stale")));
    }
    let state = if !form.get("give").is_empty() {
        give(site, &subject, &form, parts, reader).await?
    } else if !form.get("choose").is_empty() {
        choose(site, &subject, &form, parts).await?
    } else if form.sent("email").is_some() {
        give_address(site, &subject, &form, parts).await?
    } else {
        correct(site, &subject, &form, parts).await?
    };
    let Some(state) = state else {
        return Ok(shown(site, &subject, token, reader, "ask", Some("closed")));
    };
    // as it is now
    let subject = registers::subject(&site.web.pool, subject.id).await.map_err(|error| {
        tracing::warn!(%error, "a subject cannot be read");
        Trouble::unavailable(5)
    })?;
    let Some(subject) = subject else { return Ok(invalid(site, reader)) };
    Ok(unlocked(site, &subject, token, reader, pass, &state))
}

/// None: the subject's data may not be changed at present.
async fn give(
    site: &Site,
    subject: &Subject,
    form: &Form,
    parts: &Parts,
    reader: &Reader<'_>,
) -> Result<Option<State>, Trouble> {
    let content = ContentId::new(form.get("give"));
    let (Some(content), Ok(version)) = (content, form.get("version").parse()) else {
        return Ok(Some(State::default()));
    };
    if form.get("agree") != "yes" {
        return Ok(Some(State { missing: Some(content), ..State::default() }));
    }
    let job = GiveConsent {
        subject: subject.id,
        content,
        version,
        locale: language(site, subject, reader),
        evidence: evidence(site, parts, Some(PREFERENCE_PAGE)),
    };
    Ok(match hand_in(site, GiveConsent::KIND, &job, None, parts).await? {
        Ok(()) => Some(State { done: true, ..State::default() }),
        Err(refusal) if refusal.code == RefusalCode::SubjectClosed => None,
        // another wording came into use, or a guardian has to consent: the page shows what can be agreed to now
        Err(refusal)
            if matches!(refusal.code, RefusalCode::UnusableContent | RefusalCode::GuardianRequired) =>
        {
            tracing::info!(code = %refusal.code, "consent on a subject's page was refused");
            Some(State::default())
        }
        Err(refusal) => return Err(unexpected(&refusal)),
    })
}

/// Chooses a topic again. None: the subject's data may not be changed at present.
async fn choose(
    site: &Site,
    subject: &Subject,
    form: &Form,
    parts: &Parts,
) -> Result<Option<State>, Trouble> {
    let found = topics::find(site, form.get("choose"), form.get("topic"));
    let Some((purpose, topic)) = found else { return Ok(Some(State::default())) };
    let (purpose, topic) = (purpose.id.clone(), topic.id.clone());
    let job = ChooseTopic { subject: subject.id, purpose, topic, subscribed: true };
    match hand_in(site, ChooseTopic::KIND, &job, None, parts).await? {
        Ok(()) => Ok(Some(State { done: true, ..State::default() })),
        Err(refusal) if refusal.code == RefusalCode::SubjectClosed => Ok(None),
        Err(refusal) => Err(unexpected(&refusal)),
    }
}

/// What no page can put right: nothing was changed, and nothing may look as if it were.
fn unexpected(refusal: &Refusal) -> Trouble {
    tracing::warn!(code = %refusal.code, "what was sent on a subject's page cannot be taken");
    Trouble::unavailable(60)
}

/// None: the subject's data may not be changed at present.
async fn correct(
    site: &Site,
    subject: &Subject,
    form: &Form,
    parts: &Parts,
) -> Result<Option<State>, Trouble> {
    let sent: BTreeMap<FieldId, String> = own_fields(site)
        .filter_map(|field| {
            Some((field.id.clone(), form.sent(&format!("field.{}", field.id))?.trim().to_owned()))
        })
        .filter(|(field, value)| *value != value_of(site, subject, field))
        .collect();
    let job = CorrectSubject { subject: subject.id, fields: sent };
    let refused = match hand_in(site, CorrectSubject::KIND, &job, None, parts).await? {
        Ok(()) => return Ok(Some(State { done: true, ..State::default() })),
        Err(refusal) if refusal.code == RefusalCode::SubjectClosed => return Ok(None),
        Err(refusal) => refusal,
    };
    let of = |problem: &rescind_jobs::refusal::FieldProblem| {
        FieldId::new(problem.field.strip_prefix("data.fields.")?)
    };
    let wrong: BTreeSet<FieldId> = refused.fields.iter().filter_map(of).collect();
    if wrong.is_empty() {
        return Err(unexpected(&refused));
    }
    Ok(Some(State { sent: job.fields, wrong, ..State::default() }))
}

/// Has the subject asked at a new email address. Whether the address is known is not told here. None: the subject's data
/// may not be changed at present.
async fn give_address(
    site: &Site,
    subject: &Subject,
    form: &Form,
    parts: &Parts,
) -> Result<Option<State>, Trouble> {
    let email = form.get("email").trim().to_owned();
    let job = GiveAddress { subject: subject.id, email };
    let outcome = hand_in(site, GiveAddress::KIND, &job, None, parts).await?;
    let address = match outcome {
        Ok(()) => return Ok(Some(State { address: Address::Asked, ..State::default() })),
        Err(refusal) => match refusal.code {
            RefusalCode::InvalidField => Address::Wrong,
            RefusalCode::LimitReached => Address::Many,
            RefusalCode::SubjectClosed => return Ok(None),
            _ => return Err(unexpected(&refusal)),
        },
    };
    Ok(Some(State { email: job.email, address, ..State::default() }))
}

/// The email address, where the policy lets subjects change it.
fn edited_email(site: &Site, subject: &Subject, state: &State) -> Option<EditEmail> {
    if !site.web.policy.features.contains(&Feature::AddressChanges) {
        return None;
    }
    let known = subject.primary(&IdentityKind::Email)?;
    let current = subject.open_identity(known, &site.web.vault).unwrap_or_else(|error| {
        tracing::error!(%error, "an address cannot be opened");
        String::new()
    });
    Some(EditEmail {
        current,
        given: state.email.clone(),
        wrong: state.address == Address::Wrong,
        many: state.address == Address::Many,
        sent: state.address == Address::Asked,
    })
}

/// The fields that the policy lets subjects correct.
fn own_fields(site: &Site) -> impl Iterator<Item = &Field> {
    site.web.policy.fields.values().filter(|field| field.self_service)
}

/// The value of a field, empty if there is none.
fn value_of(site: &Site, subject: &Subject, field: &FieldId) -> String {
    let Some(sealed) = subject.fields.get(field) else { return String::new() };
    let place = subject.place("subject_field", "sealed");
    let opened = subject.contact_key(&site.web.vault).and_then(|key| key.open_text(place, sealed));
    opened.unwrap_or_else(|error| {
        tracing::error!(%error, "a field cannot be opened");
        String::new()
    })
}

/// The page of whoever entered the code.
pub(super) fn unlocked(
    site: &Site,
    subject: &Subject,
    token: &str,
    reader: &Reader<'_>,
    pass: &str,
    state: &State,
) -> Response {
    let locale = language(site, subject, reader);
    let now = site.web.clock.now();
    let open = consented(site).filter(|purpose| {
        let consent = subject.consents.get(&purpose.id);
        !consent
            .is_some_and(|consent| consent.is_granted(now) && purpose.allowed_by.contains(&consent.opt_in))
    });
    let offers = open.flat_map(|purpose| {
        let of_it = site.web.policy.contents.values().filter(move |c| c.purpose == purpose.id && !c.terms);
        let current = of_it.filter_map(move |content| Some((content, content.current(now)?)));
        current.map(move |(content, version)| {
            let purpose_title = purpose.title.get(locale).1.to_owned();
            offer(content, version, purpose_title, state, locale)
        })
    });
    let parameters = EditPage {
        controller: controller(site),
        done: state.done,
        pass: pass.to_owned(),
        nonce: nonce(site, token),
        suffix: suffix(reader),
        offers: offers.collect(),
        topics: left_topics(site, subject, locale),
        fields: own_fields(site).map(|field| edited(site, subject, field, state, locale)).collect(),
        email: edited_email(site, subject, state),
        back_url: format!("../{token}{}", suffix(reader)),
    };
    let wrong = state.missing.is_some() || !state.wrong.is_empty() || state.address == Address::Wrong;
    let status = match (wrong, state.address) {
        (true, _) => StatusCode::UNPROCESSABLE_ENTITY,
        (false, Address::Many) => StatusCode::TOO_MANY_REQUESTS,
        (false, _) => StatusCode::OK,
    };
    page(site, status, &parameters, locale)
}

/// The topics that were left, of purposes whose consent or soft opt-in stands.
fn left_topics(site: &Site, subject: &Subject, locale: Locale) -> Vec<TopicOffer> {
    let now = site.web.clock.now();
    let left = subject.topics.iter().filter(|((purpose, _), choice)| {
        let purpose = site.web.policy.purposes.get(purpose);
        !choice.subscribed && purpose.is_some_and(|purpose| stands(purpose, subject, now))
    });
    left.filter_map(|((purpose, topic), _)| {
        let (purpose, topic) = topics::find(site, purpose.as_str(), topic.as_str())?;
        Some(TopicOffer {
            purpose: purpose.id.to_string(),
            topic: topic.id.to_string(),
            topic_title: topic.title.get(locale).1.to_owned(),
            purpose_title: purpose.title.get(locale).1.to_owned(),
        })
    })
    .collect()
}

fn offer(
    content: &Content,
    version: &ContentVersion,
    purpose_title: String,
    state: &State,
    locale: Locale,
) -> Offer {
    let (content_locale, text) = version.text.get(locale);
    Offer {
        content: content.id.to_string(),
        purpose_title,
        wording: WordingBlock {
            content_title: version.title.get(locale).1.to_owned(),
            content_text: text.to_owned(),
            content_version: version.version.to_string(),
            content_locale: content_locale.as_str().to_owned(),
        },
        box_missing: state.missing.as_ref() == Some(&content.id),
    }
}

fn edited(site: &Site, subject: &Subject, field: &Field, state: &State, locale: Locale) -> EditField {
    let input = match field.kind {
        FieldKind::Text => "text",
        FieldKind::Email => "email",
        FieldKind::Phone => "tel",
        FieldKind::Date => "date",
    };
    let autocomplete = match (field.id.as_str(), field.kind) {
        ("name", _) => "name",
        ("first_name", _) => "given-name",
        ("last_name", _) => "family-name",
        ("company", _) => "organization",
        ("birthday", _) => "bday",
        ("address", _) => "street-address",
        (_, FieldKind::Email) => "email",
        (_, FieldKind::Phone) => "tel",
        (_, FieldKind::Text | FieldKind::Date) => "off",
    };
    EditField {
        name: field.id.to_string(),
        label: field.title.get(locale).1.to_owned(),
        value: state.sent.get(&field.id).cloned().unwrap_or_else(|| value_of(site, subject, &field.id)),
        input,
        autocomplete,
        wrong: state.wrong.contains(&field.id),
    }
}
