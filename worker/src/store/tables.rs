//! The tables that are written in sets. Column order is free; names are those of the migrations.

use super::dialect::{Json, table};
use super::value::Ts;
use uuid::Uuid;

table! { SubjectRow in "subject" {
    id: Uuid, version: i64, state: i16, kind: i16, locale: Option<String>, contact_key: Option<Vec<u8>>,
    evidence_key: Option<Vec<u8>>, key_version: i16, event_sequence: i64, created_at: Ts, provisional: i16,
    caretaker: Option<String>, child: i16,
} "on conflict (id) do update set version = excluded.version, state = excluded.state, kind = excluded.kind, \
   locale = excluded.locale, contact_key = excluded.contact_key, evidence_key = excluded.evidence_key, \
   key_version = excluded.key_version, event_sequence = excluded.event_sequence, provisional = excluded.provisional, \
   caretaker = excluded.caretaker, child = excluded.child" }

table! {
    /// Claims an identity for a subject just heard of; what another transaction has claimed is left alone.
    IdentityClaim in "identity" {
    bidx: Vec<u8>, ordinal: i16, subject_id: Uuid, kind: String, sealed: Vec<u8>, is_primary: i16, active: i16,
} "on conflict (bidx, ordinal) do nothing returning bidx" }

table! { IdentityRow in "identity" {
    bidx: Vec<u8>, ordinal: i16, subject_id: Uuid, kind: String, sealed: Vec<u8>, is_primary: i16, active: i16,
    undeliverable_at: Option<Ts>,
} "on conflict (bidx, ordinal) do update set sealed = excluded.sealed, is_primary = excluded.is_primary, \
   active = excluded.active, undeliverable_at = excluded.undeliverable_at" }

table! { FieldRow in "subject_field" { subject_id: Uuid, field: String, sealed: Vec<u8> }
"on conflict (subject_id, field) do update set sealed = excluded.sealed" }

table! { LinkRow in "subject_link" { subject_id: Uuid, kind: i16, bidx: Vec<u8>, sealed: Vec<u8>, active: i16 }
"on conflict (subject_id, kind, bidx) do update set sealed = excluded.sealed, active = excluded.active" }

table! { ConsentRow in "consent" {
    subject_id: Uuid, purpose: String, state: i16, opt_in: i16, since: Ts, act_kind: Option<i16>, act_at: Option<Ts>,
    act_source: Option<String>, withdrawn_at: Option<Ts>, expires_at: Option<Ts>, content: Option<String>,
    content_version: Option<i32>, record_id: Option<Uuid>,
} "on conflict (subject_id, purpose) do update set state = excluded.state, opt_in = excluded.opt_in, \
   since = excluded.since, act_kind = excluded.act_kind, act_at = excluded.act_at, act_source = excluded.act_source, \
   withdrawn_at = excluded.withdrawn_at, expires_at = excluded.expires_at, content = excluded.content, \
   content_version = excluded.content_version, record_id = excluded.record_id" }

table! { RecordRow in "consent_record" {
    id: Uuid, subject_id: Uuid, purpose: String, expression: i16, opt_in: i16, category: Option<String>,
    content: Option<String>, content_version: Option<i32>, locale: Option<String>, source: String,
    reason: Option<String>, regulation: Option<String>, linked: Option<Vec<u8>>, expressed_at: Ts, recorded_at: Ts,
    told_by: String, evidence: Option<Vec<u8>>, network_evidence: Option<Vec<u8>>,
    network_evidence_until: Option<Ts>, policy: Vec<u8>,
} "" }

table! { RequestRow in "consent_request" {
    id: Uuid, subject_id: Uuid, purpose: String, content: String, content_version: i32, locale: String,
    address: Vec<u8>, state: i16, created_at: Ts, requested_at: Ts, expires_at: Ts, mails: i16, generation: i16,
    token_hash: Vec<u8>, source: String, told_by: String, evidence: Option<Vec<u8>>,
    network_evidence: Option<Vec<u8>>, answered_at: Option<Ts>, correlation: Option<String>,
    traceparent: Option<String>,
} "on conflict (id) do update set state = excluded.state, mails = excluded.mails, generation = excluded.generation, \
   token_hash = excluded.token_hash, network_evidence = excluded.network_evidence, \
   answered_at = excluded.answered_at" }

table! {
    /// What is told to staff has an id that follows from what it is: told again, it is not written again.
    MailRow in "mail" {
    id: Uuid, subject_id: Option<Uuid>, request_id: Option<Uuid>, notice_id: Option<Uuid>, purpose: Option<String>,
    template: String, params: Json, address: Option<Vec<u8>>, staff: Option<String>, answers_subject: i16, state: i16,
    lane: i16, due_at: Ts, attempt: i32, trouble: Option<String>, created_at: Ts, settled_at: Option<Ts>,
    gated: i16, topic: Option<String>, sealed: Option<Vec<u8>>, channel: Option<String>, correlation: Option<String>,
    traceparent: Option<String>,
} "on conflict (id) do nothing" }

table! {
    /// The link that ends mailings under a purpose; it is made once and stays.
    UnsubscribeRow in "unsubscribe_link" {
    subject_id: Uuid, purpose: String, token_hash: Vec<u8>, created_at: Ts,
} "on conflict (subject_id, purpose) do nothing" }

table! {
    /// A notice to staff that was made; one that is there already stays as it is.
    NoticeRow in "staff_notice" {
    id: Uuid, cause: Uuid, staff: String, subject_id: Uuid, kind: i16, channel: i16, state: i16, created_at: Ts,
    due_at: Ts, reminded_at: Option<Ts>, escalated_at: Option<Ts>, acknowledged_at: Option<Ts>, generation: i16,
    token_hash: Vec<u8>, sealed: Vec<u8>,
} "on conflict (cause, staff) do nothing" }

table! { StaffTokenRow in "staff_token" {
    id: Uuid, staff: String, token_hash: Vec<u8>, created_at: Ts, expires_at: Ts, made_by: String,
} "" }

table! { RestrictionRow in "restriction" {
    subject_id: Uuid, ground: i16, state: i16, since: Ts, told_by: String, note: Option<Vec<u8>>,
    notice_mail: Option<Uuid>, lifted_at: Option<Ts>,
} "on conflict (subject_id, ground) do update set state = excluded.state, since = excluded.since, \
   told_by = excluded.told_by, note = excluded.note, notice_mail = excluded.notice_mail, \
   lifted_at = excluded.lifted_at" }

table! { ObjectionRow in "objection" {
    subject_id: Uuid, purpose: String, state: i16, at: Ts, told_by: String, decided_at: Option<Ts>,
} "on conflict (subject_id, purpose) do update set state = excluded.state, at = excluded.at, \
   told_by = excluded.told_by, decided_at = excluded.decided_at" }

table! { OriginRow in "data_origin" {
    subject_id: Uuid, source: String, state: i16, since: Ts, told_by: String, mail_id: Option<Uuid>,
} "on conflict (subject_id, source) do update set state = excluded.state, since = excluded.since, \
   mail_id = excluded.mail_id" }
table! { SoftOptInRow in "soft_opt_in" {
    subject_id: Uuid, purpose: String, sold_at: Ts, email: Option<Vec<u8>>, phone: Option<Vec<u8>>, source: String,
    told_by: String, recorded_at: Ts, evidence: Option<Vec<u8>>, policy: Vec<u8>,
} "on conflict (subject_id, purpose) do update set sold_at = excluded.sold_at, email = excluded.email, \
   phone = excluded.phone, source = excluded.source, told_by = excluded.told_by, \
   recorded_at = excluded.recorded_at, evidence = excluded.evidence, policy = excluded.policy" }

table! {
    /// The page of a subject that had none; one that is there already stays as it is.
    PageRow in "personal_page" {
    subject_id: Uuid, generation: i16, token_hash: Option<Vec<u8>>, code_id: Option<Uuid>, code_until: Option<Ts>,
    code_tries: i16,
}
"on conflict (subject_id) do nothing" }

table! { TopicRow in "topic_choice" {
    subject_id: Uuid, purpose: String, topic: String, subscribed: i16, at: Ts, told_by: String,
} "on conflict (subject_id, purpose, topic) do update set subscribed = excluded.subscribed, at = excluded.at, \
   told_by = excluded.told_by" }

table! { AcceptanceRow in "acceptance" {
    id: Uuid, subject_id: Uuid, content: String, content_version: i32, locale: String, source: String, told_by: String,
    accepted_at: Ts, recorded_at: Ts, evidence: Option<Vec<u8>>, policy: Vec<u8>,
} "" }

table! { EventRow in "event" {
    id: Uuid, subject_id: Option<Uuid>, sequence: i64, kind: String, data: Json, reply_to: Option<String>, at: Ts,
    state: i16, lane: i16, due_at: Ts, attempt: i32, correlation: Option<String>, traceparent: Option<String>,
} "" }

table! {
    /// An event that waits for an endpoint.
    DeliveryRow in "webhook_delivery" {
    endpoint: String, event_id: Uuid, subject_id: Option<Uuid>, sequence: i64, state: i16, due_at: Ts, attempt: i32,
    created_at: Ts,
} "on conflict (endpoint, event_id) do nothing" }

table! {
/// An endpoint that is heard of for the first time.
EndpointRow in "webhook_endpoint" { name: String, state: i16, failures: i32 } "on conflict (name) do nothing" }

table! { JobRow in "job" {
    id: Uuid, subject_id: Option<Uuid>, source: String, origin: i16, kind: Option<String>, body: Vec<u8>,
    day: Option<i32>, due_at: Ts, lane: i16, attempt: i32, schedule: Option<String>, created_at: Ts,
    correlation: Option<String>, traceparent: Option<String>,
} "on conflict (id) do nothing returning id" }

table! { InboxRow in "inbox" { source: String, id: String, body_mac: Vec<u8>, received_at: Ts }
"on conflict (source, id) do nothing returning source, id" }

table! { ParkedRow in "parked" {
    id: Uuid, source: String, message_id: String, kind: Option<String>, code: String, detail: String, fields: Json,
    origin: i16, subject_id: Option<Uuid>, body: Vec<u8>, body_mac: Vec<u8>, day: i32, parked_at: Ts,
} "on conflict (body_mac) do nothing" }

table! {
/// Adds to counters; a counter that would go beyond its limit is not returned.
CounterRow in "counter" { key: Vec<u8>, window_start: Ts, used: i64, highest: i64 }
"on conflict (key, window_start) do update set used = counter.used + excluded.used, highest = excluded.highest \
 where counter.used + excluded.used <= excluded.highest returning key" }

table! { AuditRow in "audit" {
    id: Uuid, subject_id: Option<Uuid>, sequence: i64, ordinal: i16, at: Ts, detail: String, salt: Vec<u8>, leaf: Vec<u8>,
} "" }

table! { SweepRow in "sweep_run" {
    id: Uuid, name: String, source: String, ordered_at: Ts, state: i16, attempt: i32, counts: Json,
} "" }

table! { PublishedRow in "content_published" {
    content: String, version: i32, locale: String, text_hash: Vec<u8>, published_at: Ts,
} "on conflict (content, version, locale) do nothing" }
