//! Nobody who waits stands behind the background: mails, events and connections, by order and counts.

use rescind_jobs::effects::Lane;
use rescind_jobs::time::{Span, Timestamp};
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::operations::example_policy;
use rescind_tests::parts::Parts;
use rescind_tests::smtp_script::{Act, Script, SmtpScript};
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};
use rescind_tests::{on_both, on_both_databases};
use rescind_worker::store::Ts;
use rescind_worker::store::dialect::Json;
use rescind_worker::store::outbox::{events, mails};
use rescind_worker::store::tables::{EventRow, MailRow};
use serde_json::json;
use uuid::Uuid;

mod claims {
    use super::*;

    on_both_databases! {
        a_mail_that_somebody_waits_for_is_claimed_before_older_ones_of_the_background,
        events_that_somebody_waits_for_come_first_and_the_others_keep_a_share,
        an_event_waits_for_the_earlier_ones_of_its_subject_whatever_their_lane,
    }

    fn mail(n: u128, lane: Lane, due_at: Timestamp) -> MailRow {
        MailRow {
            id: Uuid::from_u128(n),
            subject_id: Some(Uuid::from_u128(n)),
            request_id: None,
            notice_id: None,
            purpose: None,
            template: "confirm_consent".to_owned(),
            params: Json(json!({"template": "confirm_consent", "request": Uuid::from_u128(n)}).to_string()),
            address: Some(vec![0; 32]),
            staff: None,
            answers_subject: 0,
            state: 0,
            lane: lane as i16,
            due_at: Ts(due_at),
            attempt: 0,
            trouble: None,
            created_at: Ts(due_at),
            settled_at: None,
            gated: 0,
            topic: None,
            sealed: None,
            channel: None,
            correlation: None,
            traceparent: None,
        }
    }

    fn event(n: u128, subject: u128, sequence: i64, lane: Lane, due_at: Timestamp) -> EventRow {
        let data =
            json!({"type": "consent.expired.v1", "data": {"purpose": "newsletter", "expired_at": due_at}});
        EventRow {
            id: Uuid::from_u128(n),
            subject_id: Some(Uuid::from_u128(subject)),
            sequence,
            kind: "consent.expired.v1".to_owned(),
            data: Json(data.to_string()),
            reply_to: None,
            at: Ts(due_at),
            state: 0,
            lane: lane as i16,
            due_at: Ts(due_at),
            attempt: 0,
            correlation: None,
            traceparent: None,
        }
    }

    async fn a_mail_that_somebody_waits_for_is_claimed_before_older_ones_of_the_background(
        database: TestDatabase,
    ) {
        let parts = Parts::new(database, None).await;
        let (now, before) = (parts.now(), parts.now().minus(Span::hours(1)));
        let mut rows: Vec<_> = (1..=2000).map(|n| mail(n, Lane::Background, before)).collect();
        rows.push(mail(5000, Lane::Request, now));
        parts.put(&rows).await;
        let (holder, lease) = (Uuid::from_u128(1), now.plus(Span::minutes(1)));
        let claim = async |lane| {
            let claimed = mails::claim(parts.pool(), lane, now, 64, lease, holder).await.unwrap();
            claimed.iter().map(|m| m.id.as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(claim(Lane::Request).await, [5000], "by itself, not as the last of 2,001");
        assert_eq!(mails::next_due(parts.pool(), Lane::Request).await.unwrap(), None);
        assert_eq!(mails::next_due(parts.pool(), Lane::Background).await.unwrap(), Some(before));
        let mut group = claim(Lane::Background).await;
        group.sort_unstable();
        assert_eq!(group, (1..=64).collect::<Vec<u128>>(), "no more than a group, oldest first");
    }

    async fn events_that_somebody_waits_for_come_first_and_the_others_keep_a_share(database: TestDatabase) {
        let parts = Parts::new(database, None).await;
        let (now, before) = (parts.now(), parts.now().minus(Span::hours(1)));
        let mut rows: Vec<_> = (1..=500).map(|n| event(n, n, 1, Lane::Background, before)).collect();
        rows.extend((1001..=1100).map(|n| event(n, n, 1, Lane::Request, now)));
        parts.put(&rows).await;
        let (holder, lease) = (Uuid::from_u128(1), now.plus(Span::minutes(1)));
        let mut shares = Vec::new();
        for _ in 0..4 {
            let claimed = events::claim(parts.pool(), now, 64, lease, holder).await.unwrap();
            let urgent = claimed.iter().filter(|e| e.id.as_u128() > 1000).count();
            shares.push((urgent, claimed.len() - urgent));
        }
        assert_eq!(shares, [(56, 8), (44, 20), (0, 64), (0, 64)]);
        assert_eq!(events::next_due(parts.pool()).await.unwrap(), Some(before));
    }

    async fn an_event_waits_for_the_earlier_ones_of_its_subject_whatever_their_lane(database: TestDatabase) {
        let parts = Parts::new(database, None).await;
        let (now, holder) = (parts.now(), Uuid::from_u128(1));
        parts.put(&[event(1, 1, 1, Lane::Background, now), event(2, 1, 2, Lane::Request, now)]).await;
        for expected in [1, 2] {
            let claimed =
                events::claim(parts.pool(), now, 64, now.plus(Span::minutes(1)), holder).await.unwrap();
            assert_eq!(claimed.iter().map(|e| e.id.as_u128()).collect::<Vec<_>>(), [expected]);
            let (id, state) = (claimed[0].id, rescind_worker::store::outbox::EventState::Kept);
            let settled = events::Settlement { id, state, due_at: now, trouble: None };
            events::settle(parts.pool(), &[settled], holder, now).await.unwrap();
        }
    }
}

on_both! {
    a_confirmation_leaves_while_a_reminder_hangs,
}

mod imports {
    use super::*;

    on_both_databases! {
        a_confirmation_does_not_wait_behind_an_import,
    }

    async fn a_confirmation_does_not_wait_behind_an_import(database: TestDatabase) {
        const MANY: usize = 300;
        let (broker, sink) = (TestBroker::shared(), SmtpSink::start(SinkOptions::default()).await);
        let smtp = format!("smtp://127.0.0.1:{}", sink.port);
        let mut settings = broker.settings();
        settings.extend([("RESCIND_MAIL__TRANSPORT", "smtp"), ("RESCIND_MAIL__SMTP__URL", &smtp)]);
        let sources = include_str!("../../config/sources.toml");
        let mut app = TestApp::with(database, Some(&example_policy(sources)), &settings).await;
        app.ready().await;
        app.stop().await;

        // while nobody takes them, the import comes in first
        let request = |name: &str, n: usize| {
            json!({"specversion": "1.0", "id": format!("{name}-{n}"), "source": "shop",
                   "type": "consent.request.v1", "time": app.clock.now(),
                   "data": {"subject": {"email": format!("{name}@d{n}.example")}, "contents": ["newsletter"]}})
        };
        broker.publish_in_bulk(&(0..MANY).map(|n| request("imported", n)).collect::<Vec<_>>());
        broker.publish(&[], &[request("ana", MANY)]);
        app.start().await;

        let asked = || sink.mails().iter().position(|mail| mail.rcpt_to.contains("ana@"));
        eventually("she was asked", async || asked().is_some()).await;
        let place = asked().expect("she was");
        assert!(place < MANY / 2, "she was asked behind {place} others");
        let behind = "select count(*) from mail where lane = 1";
        let many = i64::try_from(MANY).unwrap();
        eventually("all is decided, and what follows from it waits too", async || {
            app.count(behind).await == many
        })
        .await;
        app.stop().await;
        assert_eq!(broker.waiting_in(&broker.bulk_queue).await, Some(0));
    }
}

async fn a_confirmation_leaves_while_a_reminder_hangs(mut app: TestApp) {
    let hangs = Script::friendly().on("MAIL", Act::Ordinary).on("MAIL", Act::Hang);
    let server = SmtpScript::start(vec![hangs, Script::friendly()]).await;
    app.mail_to(server.port).await;
    app.restart_with(&[("RESCIND_MAIL__SMTP__CONNECTIONS", "2")]).await;
    app.request("ana@example.org").await;
    eventually("the first mail is there", async || server.taken().len() == 1).await;
    app.quiet().await;
    app.advance(Span::days(3));
    let reminders = "select count(*) from mail where state = 2 and lane = 1";
    eventually("the reminder hangs", async || app.count(reminders).await == 1).await;

    app.request("ben@example.org").await;
    eventually("the confirmation is there", async || server.taken().len() == 2).await;
    assert_eq!(server.taken()[1].rcpt, "RCPT TO:<ben@example.org>");
    assert_eq!(app.count(reminders).await, 1, "the reminder hangs still");
    drop(server);
}
