//! How each job comes about: what happened before, and the message or the row of the job table that it comes in.

use super::play::Given;
use rescind_jobs::job::Job;
use rescind_jobs::jobs::{
    AcceptTerms, AcknowledgeNotice, AnswerConsent, AskAgain, ChangePurpose, CheckGate, ChooseTopic,
    ConfirmAddress, CorrectSubject, EscalateNotices, ExpireConsent, ExpireRequest, GiveAddress, GiveConsent,
    MailPageCode, MarkUndeliverable, ObjectToUse, RecordConsent, RecordSoftOptIn, RemindConsent, RemindStaff,
    RequestConsent, RestrictSubject, RunSweep, SendMailing, SettleMail, SubmitForm, UnlockPage,
    UnrestrictSubject, UpdateConsent, UpdateConsents, UpsertSubject, WithdrawConsent,
};
use rescind_jobs::time::Span;
use rescind_tests::parts::Parts;
use rescind_worker::store::dialect::{Sql, sql};
use rescind_worker::store::queue::{Origin, follow_up_body};
use rescind_worker::store::tables::JobRow;
use rescind_worker::store::{Arg, Ts};
use serde_json::{Value, json};
use uuid::Uuid;

/// Brings about what comes before, and returns the job; none if there is no example.
pub(super) async fn example(kind: &str, parts: &Parts) -> Option<Given> {
    let ana = json!({"email": "ana@example.org", "name": "Ana", "ids": {"shop": "4711"}});
    let evidence = json!({"ip": "203.0.113.7", "user_agent": "Browser/1", "form": "footer"});
    Some(match kind {
        RequestConsent::KIND => {
            let contents = ["newsletter", "recommendations"];
            Given::message(parts, kind, json!({"subject": ana, "contents": contents, "evidence": evidence}))
        }
        RecordConsent::KIND => {
            let consents = [answer("marketing", "newsletter"), answer("personalisation", "recommendations")];
            Given::message(parts, kind, json!({"subject": ana, "consents": consents, "evidence": evidence}))
        }
        WithdrawConsent::KIND => {
            record(parts, &ana).await;
            Given::message(parts, kind, json!({"subject": ana, "purposes": ["newsletter"]}))
        }
        UpsertSubject::KIND => {
            record(parts, &ana).await;
            let known = json!({"email": "ana@example.net", "name": "Ana B", "ids": {"shop": "4711"}});
            Given::message(parts, kind, json!({"subject": known}))
        }
        ChangePurpose::KIND => {
            record(parts, &ana).await;
            record(parts, &json!({"email": "bob@example.net"})).await;
            Given::message(parts, kind, json!({"purpose": "newsletter", "content": "newsletter"}))
        }
        CheckGate::KIND => {
            record(parts, &ana).await;
            Given::message(parts, kind, json!({"subject": ana, "purpose": "newsletter"}))
        }
        UpdateConsents::KIND => {
            record(parts, &ana).await;
            record(parts, &json!({"email": "bob@example.net"})).await;
            let (which, set) = (json!({"purpose": "newsletter"}), json!({"source": "paper"}));
            Given::message(parts, kind, json!({"where": which, "set": set}))
        }
        UpdateConsent::KIND => {
            record(parts, &ana).await;
            let record = id(parts, "select record_id from consent where purpose = 'newsletter'").await;
            let set = json!({"date": "2026-02-01T00:00:00Z"});
            let data = json!({"purpose": "newsletter", "record": record, "source": "web-form", "set": set});
            order(parts, kind, &data).await;
            Given::row(parts, kind).await
        }
        SendMailing::KIND => {
            record(parts, &ana).await;
            let words =
                json!({"subject": ana, "purpose": "recommendations", "title": "New", "text": "For you."});
            Given::message(parts, kind, words)
        }
        RunSweep::KIND => Given::message(parts, kind, json!({"sweep": "housekeeping"})),
        AnswerConsent::KIND => {
            request(parts, &ana).await;
            let request = id(parts, "select id from consent_request").await;
            let data = json!({"request": request, "answer": "agree", "locale": "en", "evidence": evidence});
            Given::internal(parts, kind, data)
        }
        RemindConsent::KIND => {
            request(parts, &ana).await;
            parts.clock.advance(Span::days(3));
            Given::row(parts, kind).await
        }
        ExpireRequest::KIND => {
            request(parts, &ana).await;
            parts.execute("delete from job where kind = 'consent.remind.v1'").await;
            parts.clock.advance(Span::days(7));
            Given::row(parts, kind).await
        }
        ExpireConsent::KIND => {
            record(parts, &ana).await;
            parts.clock.advance(Span::days(731));
            Given::row(parts, kind).await
        }
        AskAgain::KIND => {
            record(parts, &ana).await;
            order(parts, kind, &json!({"content": "newsletter"})).await;
            Given::row(parts, kind).await
        }
        MarkUndeliverable::KIND => {
            request(parts, &ana).await;
            let mail = id(parts, "select id from mail").await;
            let email = rescind_jobs::model::IdentityValue::email("ana@example.org").expect("an address");
            let address: String =
                parts.opened.vault.blind_index(&email).0.iter().map(|byte| format!("{byte:02x}")).collect();
            order(parts, kind, &json!({"mail": mail, "address": address})).await;
            Given::row(parts, kind).await
        }
        RestrictSubject::KIND => {
            record(parts, &ana).await;
            Given::message(parts, kind, json!({"subject": ana, "ground": "accuracy_contested", "note": "x"}))
        }
        UnrestrictSubject::KIND => {
            restrict(parts, &ana).await;
            Given::message(parts, kind, json!({"subject": ana}))
        }
        ObjectToUse::KIND => {
            record(parts, &ana).await;
            Given::message(parts, kind, json!({"subject": ana, "purposes": "all", "evidence": evidence}))
        }
        SettleMail::KIND => {
            restrict(parts, &ana).await;
            parts.send("ending", UnrestrictSubject::KIND, json!({"subject": ana})).await;
            parts.execute("delete from job where kind = 'mail.settled.v1'").await;
            let mail = id(parts, "select notice_mail from restriction").await;
            order(parts, kind, &json!({"mail": mail, "sent": true})).await;
            Given::row(parts, kind).await
        }
        AcknowledgeNotice::KIND => {
            withdraw(parts, &ana).await;
            let data = json!({
                "subject": id(parts, "select subject_id from staff_notice").await,
                "cause": id(parts, "select cause from staff_notice").await,
                "notice": id(parts, "select id from staff_notice").await,
            });
            Given::internal(parts, kind, data)
        }
        RecordSoftOptIn::KIND => {
            let purposes = ["similar_products"];
            let told =
                json!({"subject": ana, "purposes": purposes, "could_object": true, "evidence": evidence});
            Given::message(parts, kind, told)
        }
        AcceptTerms::KIND => Given::message(parts, kind, json!({"subject": ana, "content": "terms"})),
        SubmitForm::KIND => {
            let answers = json!({"newsletter": "agree", "recommendations": "disagree"});
            let data = json!({"subject": {"email": "ana@example.org"}, "form": "sign-up", "answers": answers,
                              "locale": "en", "evidence": evidence});
            Given::internal(parts, kind, data)
        }
        MailPageCode::KIND => {
            record(parts, &ana).await;
            Given::internal(parts, kind, json!({"subject": id(parts, "select id from subject").await}))
        }
        UnlockPage::KIND => {
            record(parts, &ana).await;
            let subject = id(parts, "select id from subject").await;
            order(parts, MailPageCode::KIND, &json!({"subject": subject})).await;
            parts.work().await;
            let code = id(parts, "select code_id from personal_page").await;
            Given::internal(parts, kind, json!({"subject": subject, "code": code, "right": true}))
        }
        GiveConsent::KIND => {
            withdraw(parts, &ana).await;
            parts.clock.advance(Span::hours(1));
            let subject = id(parts, "select id from subject").await;
            let data = json!({"subject": subject, "content": "newsletter", "version": 1, "locale": "en",
                              "evidence": evidence});
            Given::internal(parts, kind, data)
        }
        ChooseTopic::KIND => {
            record(parts, &ana).await;
            let subject = id(parts, "select id from subject").await;
            let data =
                json!({"subject": subject, "purpose": "newsletter", "topic": "offers", "subscribed": false});
            Given::internal(parts, kind, data)
        }
        CorrectSubject::KIND => {
            record(parts, &ana).await;
            let subject = id(parts, "select id from subject").await;
            Given::internal(parts, kind, json!({"subject": subject, "fields": {"company": "Quay Ltd"}}))
        }
        GiveAddress::KIND => {
            record(parts, &ana).await;
            let subject = id(parts, "select id from subject").await;
            Given::internal(parts, kind, json!({"subject": subject, "email": "ana@example.net"}))
        }
        ConfirmAddress::KIND => {
            record(parts, &ana).await;
            let subject = id(parts, "select id from subject").await;
            let given = json!({"subject": subject, "email": "ana@example.net"});
            order(parts, GiveAddress::KIND, &given).await;
            parts.work().await;
            let address = id(parts, "select address_id from personal_page").await;
            let named = json!({"id": subject, "email": "ana@example.net"});
            Given::internal(parts, kind, json!({"subject": named, "address": address}))
        }
        RemindStaff::KIND => {
            withdraw(parts, &ana).await;
            parts.clock.advance(Span::hours(24));
            Given::row(parts, kind).await
        }
        EscalateNotices::KIND => {
            withdraw(parts, &ana).await;
            parts.execute("delete from job where kind = 'staff.remind.v1'").await;
            parts.clock.advance(Span::hours(72));
            Given::row(parts, kind).await
        }
        _ => return None,
    })
}

fn answer(category: &str, content: &str) -> Value {
    json!({"category": category, "content": content, "answer": "agree"})
}

async fn record(parts: &Parts, subject: &Value) {
    let consents = [answer("marketing", "newsletter"), answer("personalisation", "recommendations")];
    let data = json!({"subject": subject, "consents": consents});
    parts.send(&format!("before {}", subject["email"]), RecordConsent::KIND, data).await;
}

async fn withdraw(parts: &Parts, subject: &Value) {
    record(parts, subject).await;
    let data = json!({"subject": subject, "purposes": ["newsletter"]});
    parts.send("withdrawn before", WithdrawConsent::KIND, data).await;
}

async fn restrict(parts: &Parts, subject: &Value) {
    record(parts, subject).await;
    let data = json!({"subject": subject, "ground": "legal_claims"});
    parts.send("restricted before", RestrictSubject::KIND, data).await;
}

async fn request(parts: &Parts, subject: &Value) {
    let data = json!({"subject": subject, "contents": ["newsletter"]});
    parts.send("before", RequestConsent::KIND, data).await;
}

async fn id(parts: &Parts, query: &'static str) -> Uuid {
    let query: &'static Sql = Box::leak(Box::new(sql(query)));
    parts.pool().read(query, Vec::<Arg>::new()).await.unwrap()[0].get(0).unwrap()
}

/// A follow-up about Ana, as an expansion or a dispatcher orders it.
async fn order(parts: &Parts, kind: &str, data: &Value) {
    let subject = id(parts, "select id from subject").await;
    let row = JobRow {
        id: Uuid::from_u128(7),
        subject_id: Some(subject),
        source: "rescind".to_owned(),
        origin: Origin::FollowUp as i16,
        kind: Some(kind.to_owned()),
        body: follow_up_body(parts.now(), data),
        day: None,
        due_at: Ts(parts.now()),
        lane: 0,
        attempt: 0,
        schedule: None,
        created_at: Ts(parts.now()),
        correlation: None,
        traceparent: None,
    };
    parts.put(&[row]).await;
}
