//! What goes by its age: table by table, the old row goes, and the one just young enough stays.

use super::{counted, look, newest};
use rescind_jobs::time::{Span, Timestamp};
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::parts::Parts;
use rescind_worker::store::dialect::Json;
use rescind_worker::store::schedules::RunRow;
use rescind_worker::store::sweeps::SweepState;
use rescind_worker::store::tables::{
    CounterRow, DeliveryRow, EventRow, IdentityRow, InboxRow, JobRow, MailRow, NoticeRow, ObjectionRow,
    ParkedRow, RecordRow, RequestRow, RestrictionRow, StaffTokenRow, SweepRow,
};
use rescind_worker::store::{Ts, inbox, keys};
use uuid::Uuid;

on_both_databases! {
    messages_and_attempts_outlive_the_inbox_by_little,
    settled_mails_and_events_go_and_open_ones_stay,
    parked_messages_go_with_their_period,
    counters_of_past_windows_go,
    closed_requests_go_when_their_own_end_has_passed,
    network_evidence_goes_at_its_own_time,
    a_key_stays_while_it_seals_something,
    acknowledged_notices_go_and_open_ones_stay,
    expired_tokens_go_and_the_newest_stays,
    lifted_restrictions_and_overridden_objections_go_and_what_is_in_force_stays,
    the_newest_run_of_a_schedule_stays,
    old_reports_go,
    orphans_are_counted_and_kept,
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn ago(parts: &Parts, days: i64) -> Ts {
    Ts(parts.now().minus(Span::days(days)))
}

fn text(text: &str) -> String {
    text.to_owned()
}

async fn messages_and_attempts_outlive_the_inbox_by_little(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let at = |days: i64, hours: i64| parts.now().minus(Span::days(days)).minus(Span::hours(hours));
    let times = [at(30, 2), at(30, 0), at(1, 0)];
    let row = |(n, time): (usize, &Timestamp)| InboxRow {
        source: text("shop"),
        id: n.to_string(),
        body_mac: vec![0; 32],
        received_at: Ts(*time),
    };
    parts.put(&times.iter().enumerate().map(row).collect::<Vec<_>>()).await;
    let mut tx = parts.pool().begin().await.expect("a transaction");
    for (n, time) in times.iter().enumerate() {
        inbox::take_off(&mut tx, &(text("shop"), n.to_string()), Ts(*time)).await.expect("written");
    }
    tx.commit().await.expect("a commit");
    look(&parts).await;
    assert_eq!((counted(&parts, "inbox").await, counted(&parts, "flights").await), (1, 1));
    assert_eq!(parts.count("select count(*) from inbox where id = '0'").await, 0);
    assert_eq!(parts.count("select count(*) from inbox").await, 2);
    assert_eq!(parts.count("select count(*) from flight").await, 2);
}

fn mail(n: u128, state: i16, at: Ts) -> MailRow {
    MailRow {
        id: id(n),
        subject_id: Some(id(1)),
        request_id: None,
        notice_id: None,
        purpose: None,
        template: text("confirm_consent"),
        params: Json(text("{}")),
        address: Some(vec![0; 32]),
        staff: None,
        answers_subject: 0,
        state,
        lane: 0,
        due_at: at,
        attempt: 1,
        trouble: None,
        created_at: at,
        settled_at: None,
        gated: 0,
        topic: None,
        sealed: None,
        channel: None,
        correlation: None,
        traceparent: None,
    }
}

fn event(n: u128, state: i16, at: Ts) -> EventRow {
    EventRow {
        id: id(n),
        subject_id: Some(id(1)),
        sequence: 1,
        kind: text("consent.granted.v1"),
        data: Json(text("{}")),
        reply_to: None,
        at,
        state,
        lane: 0,
        due_at: at,
        attempt: 1,
        correlation: None,
        traceparent: None,
    }
}

async fn settled_mails_and_events_go_and_open_ones_stay(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let (old, young) = (ago(&parts, 91), ago(&parts, 89));
    let mut mails: Vec<_> = (0..8).map(|state| mail(state as u128, state, old)).collect();
    mails.extend([3, 4, 5, 6, 7].map(|state| mail(100 + state as u128, state, young)));
    parts.put(&mails).await;
    parts.execute("update mail set settled_at = due_at where state >= 3").await;
    let mut events: Vec<_> = (0..4).map(|state| event(state as u128, state, old)).collect();
    events.extend([2, 3].map(|state| event(100 + state as u128, state, young)));
    parts.put(&events).await;
    parts.execute("update event set published_at = due_at where state >= 2").await;

    let delivery = |n: u128, state: i16, at: Ts| DeliveryRow {
        endpoint: text("no longer in the file"),
        event_id: id(n),
        subject_id: Some(id(1)),
        sequence: 1,
        state,
        due_at: ago(&parts, 0),
        attempt: 0,
        created_at: at,
    };
    parts.put(&[delivery(0, 0, old), delivery(1, 1, old), delivery(2, 0, young)]).await;

    look(&parts).await;
    assert_eq!(counted(&parts, "webhooks").await, 2);
    assert_eq!(parts.count("select count(*) from webhook_delivery").await, 1);
    // sent, bounced, failed, suppressed
    assert_eq!(counted(&parts, "mails").await, 4);
    assert_eq!(parts.count("select count(*) from mail where state in (0, 1, 2)").await, 3);
    assert_eq!(
        parts.count("select count(*) from mail where state = 6").await,
        2,
        "uncertain ones wait for a person"
    );
    assert_eq!(parts.count("select count(*) from mail").await, 4 + 5);
    assert_eq!(counted(&parts, "events").await, 2);
    assert_eq!(parts.count("select count(*) from event").await, 2 + 2);
}

fn parked(n: u128, at: Ts, day: i32) -> ParkedRow {
    ParkedRow {
        id: id(n),
        source: text("shop"),
        message_id: n.to_string(),
        kind: None,
        code: text("invalid_field"),
        detail: text("wrong"),
        fields: Json(text("[]")),
        origin: 0,
        subject_id: None,
        body: vec![1],
        body_mac: n.to_be_bytes().to_vec(),
        day,
        parked_at: at,
    }
}

async fn parked_messages_go_with_their_period(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    parts.put(&[parked(1, ago(&parts, 181), 1), parked(2, ago(&parts, 179), 1)]).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "parked").await, 1);
    assert_eq!(parts.count("select count(*) from parked where message_id = '2'").await, 1);
}

async fn counters_of_past_windows_go(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let counter = |n: u8, window_start| CounterRow { key: vec![n; 32], window_start, used: 1, highest: 9 };
    let hours = |hours| Ts(parts.now().minus(Span::hours(hours)));
    parts.put(&[counter(1, hours(49)), counter(2, hours(47)), counter(3, hours(0))]).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "counters").await, 1);
    assert_eq!(parts.count("select count(*) from counter").await, 2);
}

fn request(n: u128, state: i16, expires_at: Ts, answered_at: Option<Ts>) -> RequestRow {
    RequestRow {
        id: id(n),
        subject_id: id(1),
        purpose: text("newsletter"),
        content: text("newsletter"),
        content_version: 1,
        locale: text("en"),
        address: vec![0; 32],
        state,
        created_at: Ts(expires_at.0.minus(Span::days(7))),
        requested_at: expires_at,
        expires_at,
        mails: 1,
        generation: 0,
        token_hash: n.to_be_bytes().to_vec(),
        source: text("web-form"),
        told_by: text("shop"),
        evidence: None,
        network_evidence: Some(vec![1]),
        answered_at,
        correlation: None,
        traceparent: None,
    }
}

async fn closed_requests_go_when_their_own_end_has_passed(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let (old, young) = (ago(&parts, 21), ago(&parts, 19));
    parts
        .put(&[
            request(1, 0, old, None),
            request(2, 1, old, Some(old)),
            request(3, 3, old, Some(old)),
            request(4, 4, old, Some(young)),
            // answered long ago, but its follow-ups are still to come
            request(5, 4, young, Some(old)),
        ])
        .await;
    look(&parts).await;
    assert_eq!(counted(&parts, "consent_requests").await, 2);
    assert_eq!(parts.count("select count(*) from consent_request where state in (0, 4)").await, 3);
    assert_eq!(parts.count("select count(*) from consent_request").await, 3);
}

async fn network_evidence_goes_at_its_own_time(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let record = |n: u128, until: Option<Ts>| RecordRow {
        id: id(n),
        subject_id: id(1),
        purpose: text("newsletter"),
        expression: 1,
        opt_in: 1,
        category: None,
        content: None,
        content_version: None,
        locale: None,
        source: text("web-form"),
        reason: None,
        regulation: None,
        linked: None,
        expressed_at: ago(&parts, 400),
        recorded_at: ago(&parts, 400),
        told_by: text("shop"),
        evidence: Some(vec![2]),
        network_evidence: Some(vec![1]),
        network_evidence_until: until,
        policy: vec![0; 32],
    };
    parts.put(&[record(1, Some(ago(&parts, 1))), record(2, Some(ago(&parts, -1))), record(3, None)]).await;
    // a request that was closed 366 days ago, still open to follow-ups
    let closed = ago(&parts, 366);
    parts.put(&[request(1, 4, ago(&parts, -1), Some(closed)), request(2, 0, closed, None)]).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "network_evidence").await, 1);
    assert_eq!(
        parts.count("select count(*) from consent_record where network_evidence is not null").await,
        2
    );
    assert_eq!(parts.count("select count(*) from consent_record where evidence is not null").await, 3);
    assert_eq!(counted(&parts, "request_network_evidence").await, 1);
    assert_eq!(
        parts.count("select count(*) from consent_request where network_evidence is not null").await,
        1
    );
}

async fn a_key_stays_while_it_seals_something(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let today = keys::day_of(parts.now());
    let mut rng = parts.opened.randomness.generator().expect("seeded");
    let mut tx = parts.pool().begin().await.expect("a transaction");
    for days in [10, 9, 8, 2, 1, 0] {
        keys::day_key(&mut tx, parts.engine.vault(), today - days, &mut rng).await.expect("a key");
    }
    tx.commit().await.expect("a commit");
    parts.put(&[parked(1, ago(&parts, 10), today - 10)]).await;
    let job = JobRow {
        id: id(1),
        subject_id: None,
        source: text("shop"),
        origin: 1,
        kind: None,
        body: vec![1],
        day: Some(today - 9),
        due_at: ago(&parts, -1),
        lane: 0,
        attempt: 0,
        schedule: None,
        created_at: ago(&parts, 9),
        correlation: None,
        traceparent: None,
    };
    parts.put(&[job]).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "day_keys").await, 1);
    assert_eq!(parts.count("select count(*) from day_key").await, 5);
    let mut tx = parts.pool().begin().await.expect("a transaction");
    let gone =
        keys::known_day_key(&mut tx, parts.engine.vault(), today - 8).await.expect("the store answers");
    assert!(gone.is_none());
}

async fn acknowledged_notices_go_and_open_ones_stay(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let notice = |n: u128, acknowledged_at: Option<Ts>| NoticeRow {
        id: id(n),
        cause: id(n),
        staff: text("bea"),
        subject_id: id(1),
        kind: 0,
        channel: 0,
        state: i16::from(acknowledged_at.is_some()),
        created_at: ago(&parts, 900),
        due_at: ago(&parts, 900),
        reminded_at: None,
        escalated_at: None,
        acknowledged_at,
        generation: 0,
        token_hash: n.to_be_bytes().to_vec(),
        sealed: vec![1],
    };
    let (old, young) = (Some(ago(&parts, 366)), Some(ago(&parts, 364)));
    parts.put(&[notice(1, old), notice(2, old), notice(3, young), notice(4, None)]).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "staff_notices").await, 2);
    assert_eq!(parts.count("select count(*) from staff_notice").await, 2);
    assert_eq!(parts.count("select count(*) from staff_notice where state = 0").await, 1);
}

async fn expired_tokens_go_and_the_newest_stays(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let token = |n: u128, expires_at: Ts| StaffTokenRow {
        id: id(n),
        staff: text("bea"),
        token_hash: n.to_be_bytes().to_vec(),
        created_at: ago(&parts, 900),
        expires_at,
        made_by: text("carl"),
    };
    parts.put(&[token(1, ago(&parts, 366)), token(2, ago(&parts, 364)), token(3, ago(&parts, 366))]).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "staff_tokens").await, 1);
    // once a token was made one is demanded, and that it was made is known by the newest
    parts.clock.advance(Span::days(300));
    look(&parts).await;
    assert_eq!(counted(&parts, "staff_tokens").await, 1);
    assert_eq!(parts.count("select count(*) from staff_token").await, 1);
}

async fn lifted_restrictions_and_overridden_objections_go_and_what_is_in_force_stays(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let (old, young) = (ago(&parts, 1096), ago(&parts, 1094));
    let restriction = |n: u128, state, lifted_at: Option<Ts>| RestrictionRow {
        subject_id: id(n),
        ground: 2,
        state,
        since: ago(&parts, 2000),
        told_by: text("shop"),
        note: Some(vec![1]),
        notice_mail: None,
        lifted_at,
    };
    parts
        .put(&[
            restriction(1, 2, Some(old)),
            restriction(2, 2, Some(young)),
            restriction(3, 0, None),
            restriction(4, 1, None),
        ])
        .await;
    let objection = |n: u128, state, decided_at: Option<Ts>| ObjectionRow {
        subject_id: id(n),
        purpose: text("newsletter"),
        state,
        at: ago(&parts, 2000),
        told_by: text("shop"),
        decided_at,
    };
    parts
        .put(&[
            objection(1, 2, Some(old)),
            objection(2, 2, Some(young)),
            objection(3, 0, None),
            // upheld: it stands in the way for as long as the subject is known
            objection(4, 1, Some(old)),
        ])
        .await;
    let trail = parts.count("select count(*) from audit").await;
    look(&parts).await;
    assert_eq!((counted(&parts, "restrictions").await, counted(&parts, "objections").await), (1, 1));
    assert_eq!(parts.count("select count(*) from restriction").await, 3);
    assert_eq!(parts.count("select count(*) from objection where state < 2").await, 2);
    assert_eq!(parts.count("select count(*) from audit").await, trail);
}

async fn the_newest_run_of_a_schedule_stays(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let run = |schedule: &str, days, n| RunRow {
        schedule: text(schedule),
        due_at: ago(&parts, days),
        fired_at: ago(&parts, days),
        job_id: id(n),
    };
    parts
        .put(&[run("yearly", 800, 1), run("yearly", 400, 2), run("daily", 366, 3), run("daily", 1, 4)])
        .await;
    look(&parts).await;
    assert_eq!(counted(&parts, "schedule_runs").await, 2);
    let left = parts.times("select due_at from schedule_run order by due_at").await;
    assert_eq!(left, [ago(&parts, 400).0, ago(&parts, 1).0]);
}

async fn old_reports_go(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let sweep = |n, days, state| SweepRow {
        id: id(n),
        name: text("housekeeping"),
        source: text("rescind"),
        ordered_at: ago(&parts, days),
        state,
        attempt: 1,
        counts: Json(text("{}")),
    };
    parts.put(&[sweep(1, 400, 2), sweep(2, 366, 3), sweep(3, 364, 2)]).await;
    parts.execute("update sweep_run set finished_at = ordered_at").await;
    look(&parts).await;
    assert_eq!(counted(&parts, "sweep_runs").await, 2);
    assert_eq!(parts.count("select count(*) from sweep_run").await, 2);
}

async fn orphans_are_counted_and_kept(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let known = serde_json::json!({"subject": {"email": "ana@example.org"}});
    parts.send("1", "subject.upsert.v1", known).await;
    let lost = |n: u8| IdentityRow {
        bidx: vec![n; 32],
        ordinal: 0,
        subject_id: id(7),
        kind: text("email"),
        sealed: vec![1],
        is_primary: 1,
        active: 1,
        undeliverable_at: None,
    };
    parts.put(&[lost(1), lost(2)]).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "orphans").await, 2);
    assert_eq!(newest(&parts).await.state, SweepState::Finished, "what is found is told, not failed");
    assert_eq!(parts.count("select count(*) from identity").await, 3);
}
