//! `/form/NAME`: a form for consent that the policy lays down (C11). Showing it needs no link and stores nothing; what it
//! sends is asked for by mail.

use super::confirm::hour;
use super::form::{Form, Trouble, evidence, hand_in, is_nonce};
use super::{Reader, controller, page, trouble};
use crate::render::{FormPage, FormSentPage, Question, WordingBlock};
use crate::web::problem::Problem;
use crate::web::state::Site;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use rescind_jobs::code::ContentId;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::SubmitForm;
use rescind_jobs::locale::Locale;
use rescind_jobs::model::{Answer, IdentityValue};
use rescind_jobs::policy::{ConsentForm, ContentVersion};
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::subject_ref::SubjectRef;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::form_urlencoded;

/// Twenty answers and an address.
const LARGEST: usize = 8 * 1024;

/// What was sent, and what is wrong with it.
#[derive(Default)]
struct Sent {
    answers: BTreeMap<ContentId, Answer>,
    email: String,
    incomplete: bool,
    email_wrong: bool,
    terms_missing: bool,
    problem: Option<&'static str>,
}

type Name = std::result::Result<Path<String>, PathRejection>;

pub(in crate::web) async fn show(State(site): State<Arc<Site>>, name: Name, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let Some(form) = find(&site, name) else { return Problem::not_found().into_response() };
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let sent = form_urlencoded::parse(query).find(|(name, _)| name == "sent");
    if let Some((_, sent)) = sent {
        let parameters = FormSentPage { controller: controller(&site), asked: sent != "0" };
        return page(&site, StatusCode::OK, &parameters, reader.general(&site.web.policy));
    }
    shown(&site, form, &reader, &Sent::default(), StatusCode::OK)
}

fn find(site: &Site, name: Name) -> Option<&ConsentForm> {
    let Path(name) = name.ok()?;
    site.web.policy.forms.get(name.as_str())
}

pub(in crate::web) async fn take(State(site): State<Arc<Site>>, name: Name, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let reader = Reader::of(&parts.uri, &parts.headers);
    let Some(form) = find(&site, name) else { return Problem::not_found().into_response() };
    submit(&site, form, &parts, body, &reader)
        .await
        .unwrap_or_else(|Trouble(status, retry_after)| trouble(&site, &reader, status, retry_after))
}

async fn submit(
    site: &Site,
    form: &ConsentForm,
    parts: &Parts,
    body: Body,
    reader: &Reader<'_>,
) -> Result<Response, Trouble> {
    let filled = Form::take(site, parts, body, LARGEST).await?;
    let email = filled.get("email").trim().to_owned();
    let mut sent = Sent { email_wrong: IdentityValue::email(&email).is_err(), email, ..Sent::default() };
    let asked: Vec<&ContentId> =
        form.contents.iter().filter(|id| current(site, Some(id)).is_some()).collect();
    for content in &asked {
        let answer = match filled.get(&format!("answer.{content}")) {
            "agree" => Answer::Agree,
            "disagree" => Answer::Disagree,
            _ => continue,
        };
        sent.answers.insert((*content).clone(), answer);
    }
    sent.incomplete = sent.answers.len() < asked.len();
    let terms = current(site, form.terms.as_ref());
    // of the version that was shown, not of one that came into use meanwhile
    let accepted = filled.get("terms").parse().ok();
    sent.terms_missing = terms.is_some_and(|(_, version)| accepted != Some(version.version));
    if !is_nonce(&site.web, &place(form), filled.get("nonce")) {
        sent.problem = Some("stale");
    }
    if sent.incomplete || sent.email_wrong || sent.terms_missing || sent.problem.is_some() {
        return Ok(shown(site, form, reader, &sent, StatusCode::UNPROCESSABLE_ENTITY));
    }
    let locale = reader.general(&site.web.policy);
    if !sent.answers.values().any(|answer| *answer == Answer::Agree) {
        return Ok(done(form, reader, false));
    }
    let job = SubmitForm {
        subject: SubjectRef {
            email: Some(sent.email.clone()),
            locale: Some(locale.as_str().to_owned()),
            ..SubjectRef::default()
        },
        form: form.id.clone(),
        answers: sent.answers.clone(),
        terms: terms.map(|(_, version)| version.version),
        locale,
        evidence: evidence(site, parts, Some(&place(form))),
    };
    match hand_in(site, SubmitForm::KIND, &job, None, parts).await? {
        Ok(()) => Ok(done(form, reader, true)),
        // of one address: whoever fills in a form must not learn whether others have written there
        Err(refusal) if refusal.code == RefusalCode::LimitReached && !refusal.fields.is_empty() => {
            Ok(done(form, reader, true))
        }
        Err(refusal) if refusal.code == RefusalCode::LimitReached => {
            sent.problem = Some("many");
            Ok(shown(site, form, reader, &sent, StatusCode::TOO_MANY_REQUESTS))
        }
        Err(refusal) if refusal.code == RefusalCode::FeatureDisabled => {
            tracing::error!("a form needs the feature consent_requests, which the policy does not switch on");
            Err(Trouble(StatusCode::SERVICE_UNAVAILABLE, None))
        }
        // whatever is known of that person, whoever fills in a form must not learn it
        Err(refusal)
            if matches!(
                refusal.code,
                RefusalCode::SubjectClosed
                    | RefusalCode::GuardianRequired
                    | RefusalCode::ConflictingIdentities
                    | RefusalCode::SubjectUnreachable
            ) =>
        {
            tracing::info!(code = %refusal.code, "a form was refused");
            Ok(done(form, reader, true))
        }
        // nothing was kept, and nothing may look as if it were
        Err(refusal) => {
            tracing::warn!(code = %refusal.code, "a form cannot be taken");
            Err(Trouble::unavailable(60))
        }
    }
}

/// What a form's nonce is bound to, and the name of the form in the evidence.
fn place(form: &ConsentForm) -> String {
    format!("form/{}", form.id)
}

/// To the page that says what happens next. Relative, so that it holds below any path the service is published under.
fn done(form: &ConsentForm, reader: &Reader<'_>, asked: bool) -> Response {
    let language = reader.chosen.map_or_else(String::new, |locale| format!("&lang={locale}"));
    let place = format!("{}?sent={}{language}", form.id, u8::from(asked));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// A content in the version in use.
fn current<'s>(site: &'s Site, content: Option<&ContentId>) -> Option<(&'s ContentId, &'s ContentVersion)> {
    let content = site.web.policy.contents.get(content?)?;
    Some((&content.id, content.current(site.web.clock.now())?))
}

fn wording(version: &ContentVersion, locale: Locale) -> WordingBlock {
    let (content_locale, text) = version.text.get(locale);
    WordingBlock {
        content_title: version.title.get(locale).1.to_owned(),
        content_text: text.to_owned(),
        content_version: version.version.to_string(),
        content_locale: content_locale.as_str().to_owned(),
    }
}

fn shown(site: &Site, form: &ConsentForm, reader: &Reader<'_>, sent: &Sent, status: StatusCode) -> Response {
    let policy = &site.web.policy;
    let locale = reader.general(policy);
    let questions = form.contents.iter().filter_map(|id| {
        let content = policy.contents.get(id)?;
        let purpose = policy.purposes.get(&content.purpose)?;
        let (_, version) = current(site, Some(id))?;
        let answer = sent.answers.get(id);
        Some(Question {
            content: id.to_string(),
            purpose_title: purpose.title.get(locale).1.to_owned(),
            wording: wording(version, locale),
            answer: answer.map(|answer| match answer {
                Answer::Agree => "agree",
                Answer::Disagree => "disagree",
            }),
            missing: sent.incomplete && answer.is_none(),
        })
    });
    let parameters = FormPage {
        controller: controller(site),
        title: form.title.get(locale).1.to_owned(),
        intro: form.intro.as_ref().map(|intro| intro.get(locale).1.to_owned()),
        questions: questions.collect(),
        terms: current(site, form.terms.as_ref()).map(|(_, version)| wording(version, locale)),
        terms_missing: sent.terms_missing,
        email: sent.email.clone(),
        email_wrong: sent.email_wrong,
        problem: sent.problem,
        nonce: site.web.vault.page_nonce(&place(form), hour(site.web.clock.now())),
    };
    page(site, status, &parameters, locale)
}
