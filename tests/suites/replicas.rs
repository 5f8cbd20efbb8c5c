//! Several workers on one database and one queue: what comes to two of them at once acts once (M2, M4).

use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::broker::TestBroker;
use rescind_tests::database::TestDatabase;
use rescind_tests::operations::example_policy;
use rescind_tests::smtp_sink::{SinkOptions, SmtpSink};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// Messages that both replicas may be handed at the same moment.
const MANY: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_of_a_queue_act_once() {
    let broker = TestBroker::shared();
    let sink = SmtpSink::start(SinkOptions::default()).await;
    let smtp = format!("smtp://127.0.0.1:{}", sink.port);
    let mut settings = broker.settings();
    settings.extend([
        // little at a time, so that the queue is shared out evenly
        ("RESCIND_INTAKE__AMQP__PREFETCH", "10"),
        ("RESCIND_RUNNER__BATCH_SIZE", "10"),
        ("RESCIND_MAIL__TRANSPORT", "smtp"),
        ("RESCIND_MAIL__SMTP__URL", &smtp),
    ]);
    let policy = example_policy("[sources.broker]\ntypes = [\"*\"]\n");
    let mut one = TestApp::with(TestDatabase::postgres().await, Some(&policy), &settings).await;
    let mut two = one.replica().await;
    one.ready().await;
    two.ready().await;

    let messages: Vec<Value> = (0..MANY)
        .map(|n| {
            let subject = json!({"email": format!("ana@d{n}.example"), "ids": {"shop": format!("{n}")}});
            json!({"specversion": "1.0", "id": format!("m-{n}"), "source": "shop", "type": "consent.request.v1",
                   "time": one.clock.now(), "data": {"subject": subject, "contents": ["newsletter"]}})
        })
        .collect();
    // each right behind its twin, which the broker gives to another consumer
    let twice: Vec<Value> = messages.iter().flat_map(|m| [m.clone(), m.clone()]).collect();
    broker.publish(&[], &twice);

    let outcome = async |app: &TestApp, outcome: &str| {
        app.metric(&format!("rescind_messages_total{{outcome=\"{outcome}\",code=\"\"}}")).await
    };
    eventually("all are decided", async || {
        let done = outcome(&one, "done").await + outcome(&two, "done").await;
        let duplicate = outcome(&one, "duplicate").await + outcome(&two, "duplicate").await;
        (done, duplicate) == (200.0, 200.0)
    })
    .await;
    assert!(outcome(&one, "done").await > 0.0 && outcome(&two, "done").await > 0.0, "both took part");
    let mails = sink.wait_for(MANY).await;
    let to: BTreeSet<_> = mails.iter().map(|mail| mail.rcpt_to.clone()).collect();
    assert_eq!(to.len(), MANY, "one mail each");
    one.quiet().await;
    assert_eq!(sink.mails().len(), MANY);
    assert_eq!(one.count("select count(*) from subject").await, 200);
    assert_eq!(one.count("select count(distinct subject_id) from consent_request").await, 200);
    assert_eq!(one.count("select count(*) from consent_request").await, 200);
    assert_eq!(one.count("select count(*) from parked").await, 0);

    // a link answers at every replica, whoever mailed it
    let link = rescind_tests::app::link_in(&mails[0].text);
    let path = link.split_once("/c/").map(|(_, token)| format!("/c/{token}")).expect("a link");
    two.agree(&two.url(&path)).await;
    let (status, shown) = one.get(&one.url(&path)).await;
    let (same_status, same) = two.get(&two.url(&path)).await;
    // each leads to the person's page at the address that is its own
    assert_eq!((status, shown.replace(&one.url(""), "")), (same_status, same.replace(&two.url(""), "")));
    assert_eq!(one.count("select count(*) from consent where state = 1").await, 1);
    one.stop().await;
    two.stop().await;
    assert_eq!(broker.waiting().await, 0, "everything was acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_posted_to_two_replicas_at_once_acts_once() {
    let one = TestApp::postgres().await;
    let two = one.replica().await;
    for n in 0..20 {
        let subject = json!({"email": format!("ana@d{n}.example")});
        let message =
            one.message("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]}));
        let ((first, told), (second, also)) = tokio::join!(one.post(&message), two.post(&message));
        assert_eq!((first, second), (202, 202), "{told} {also}");
        let statuses = BTreeSet::from([told["status"].as_str(), also["status"].as_str()]);
        assert_eq!(statuses, BTreeSet::from([Some("accepted"), Some("duplicate")]), "message {n}");
    }
    one.quiet().await;
    assert_eq!(one.count("select count(*) from consent_request").await, 20);
    assert_eq!(one.letters().len() + two.letters().len(), 20, "one mail each, whichever replica sends it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_met_by_two_replicas_at_once_is_one_subject() {
    let one = TestApp::postgres().await;
    let two = one.replica().await;
    for n in 0..15 {
        // different messages that share an identity, and each bring in another
        let message = |id: &str| {
            let subject = json!({"email": format!("ana{n}@example.org"), "ids": {id: format!("{n}")}});
            one.message("subject.upsert.v1", json!({"subject": subject}))
        };
        let (first, second) = (message("shop"), message("crm"));
        let ((first, told), (second, also)) = tokio::join!(one.post(&first), two.post(&second));
        assert_eq!((first, second), (202, 202), "{told} {also}");
    }
    assert_eq!(one.count("select count(*) from subject").await, 15);
    assert_eq!(one.count("select count(*) from identity").await, 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_told_to_two_replicas_at_once_end_as_ordered_by_time() {
    let one = TestApp::postgres().await;
    let two = one.replica().await;
    let (subjects, acts) = (10, 6);
    let mut posts = JoinSet::new();
    for act in 0..acts {
        for subject in 0..subjects {
            // the last act of even subjects is a withdrawal, that of odd ones a grant
            let granted = (act + subject) % 2 == 0;
            let at = one.clock.now().minus(Span::minutes(i64::from(acts - act)));
            let named = json!({"email": format!("ana{subject}@example.org")});
            let message = if granted {
                let answer =
                    json!({"category": "personalisation", "content": "recommendations", "answer": "agree"});
                let data = json!({"subject": named, "consents": [answer], "given_at": at});
                one.message("consent.record.v1", data)
            } else {
                let data = json!({"subject": named, "purposes": ["recommendations"], "withdrawn_at": at});
                one.message("consent.withdraw.v1", data)
            };
            let app = if (act / 2 + subject) % 2 == 0 { &one } else { &two };
            let post = app.http.post(app.url("/v1/messages")).json(&message).send();
            posts.spawn(async move { post.await.expect("an answer").status().as_u16() });
        }
    }
    while let Some(status) = posts.join_next().await {
        assert_eq!(status.expect("it ran"), 202);
    }
    for subject in 0..subjects {
        let email = format!("ana{subject}@example.org");
        let (here, there) =
            (one.gate(&email, "recommendations").await, two.gate(&email, "recommendations").await);
        assert_eq!(here, there);
        let granted = (acts - 1 + subject) % 2 == 0;
        assert_eq!(here["allowed"], json!(granted), "{email}: {here}");
        assert_eq!(here["since"], json!(one.clock.now().minus(Span::minutes(1))), "{email}");
    }
    one.quiet().await;
    assert_eq!(one.count("select count(*) from subject").await, 10);
    assert_eq!(one.count("select count(*) from consent_record").await, 60, "everything said is kept");
    let doubles =
        "select count(*) from (select 1 from event group by subject_id, sequence having count(*) > 1) d";
    assert_eq!(one.count(doubles).await, 0, "each event has a number of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_told_to_two_replicas_tells_each_person_once() {
    let one = TestApp::postgres().await;
    let two = one.replica().await;
    let people = 10;
    for n in 0..people {
        let subject = json!({"email": format!("ana{n}@example.org"), "ids": {"shop": format!("{n}")}});
        one.send("subject.upsert.v1", json!({"subject": subject, "caretaker": "carl"})).await;
    }
    one.advance(Span::hours(1));
    let at = one.clock.now();
    for n in 0..people {
        // the same act as two apps tell it, each under an id of its own; and one of them twice
        let told = |name: serde_json::Value| {
            one.message(
                "consent.withdraw.v1",
                json!({"subject": name, "purposes": "all", "withdrawn_at": at}),
            )
        };
        let (first, second) = (
            told(json!({"email": format!("ana{n}@example.org")})),
            told(json!({"ids": {"shop": format!("{n}")}})),
        );
        let (a, b, c) = tokio::join!(one.post(&first), two.post(&second), two.post(&first));
        assert_eq!((a.0, b.0, c.0), (202, 202, 202), "{} {} {}", a.1, b.1, c.1);
    }
    one.quiet().await;
    assert_eq!(one.count("select count(*) from staff_notice").await, 2 * people);
    assert_eq!(one.staff_letters().len() + two.staff_letters().len(), 20, "Bea and Carl, once about each");
}
