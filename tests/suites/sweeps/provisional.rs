//! Subjects that were only asked go when nothing is left of the asking; whoever said anything stays.

use super::{counted, look};
use rescind_jobs::time::Span;
use rescind_tests::database::TestDatabase;
use rescind_tests::on_both_databases;
use rescind_tests::parts::Parts;
use serde_json::json;

on_both_databases! {
    who_was_only_asked_is_erased_and_who_consented_stays,
    nobody_goes_while_something_is_under_way,
    who_is_asked_again_stays,
    who_is_asked_while_being_erased_is_not_lost,
}

const ASK: &str = "consent.request.v1";

fn asked(email: &str) -> serde_json::Value {
    json!({"subject": {"email": email, "name": "Ana", "locale": "de"}, "contents": ["newsletter"]})
}

/// As if dispatchers had done their work.
async fn settle(parts: &Parts) {
    parts.execute("update mail set state = 3, settled_at = due_at where state in (0, 1, 2)").await;
    parts.execute("update event set state = 3, published_at = due_at where state in (0, 1)").await;
}

/// Lets `days` pass, in steps of a day, each with its due follow-ups.
async fn pass(parts: &Parts, days: i64) {
    for _ in 0..days {
        parts.clock.advance(Span::days(1));
        parts.work().await;
    }
}

async fn who_was_only_asked_is_erased_and_who_consented_stays(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    parts.send("ana", ASK, asked("ana@example.org")).await;
    parts.send("ben", ASK, asked("ben@example.net")).await;
    let given = json!({"subject": {"email": "ben@example.net"},
                       "consents": [{"category": "personalisation", "content": "recommendations", "answer": "agree"}]});
    parts.send("ben-2", "consent.record.v1", given).await;
    parts.send("cora", "subject.upsert.v1", json!({"subject": {"email": "cora@example.com"}})).await;
    assert_eq!(parts.count("select count(*) from subject").await, 3);
    assert_eq!(parts.count("select count(*) from subject where provisional = 1").await, 1);

    pass(&parts, 27).await;
    settle(&parts).await;
    look(&parts).await;
    assert_eq!(
        parts.count("select count(*) from subject").await,
        3,
        "the request expired 20 days ago, not more"
    );
    let trail = parts.count("select count(*) from audit").await;
    pass(&parts, 1).await;
    look(&parts).await;
    assert_eq!(
        (counted(&parts, "consent_requests").await, counted(&parts, "provisional_subjects").await),
        (2, 1)
    );
    assert_eq!(parts.count("select count(*) from subject").await, 2);
    assert_eq!(parts.count("select count(*) from identity").await, 2);
    assert_eq!(parts.count("select count(*) from subject_field").await, 1, "ben's name");
    assert_eq!(parts.count("select count(*) from consent where state = 1").await, 1);
    assert_eq!(parts.count("select count(*) from consent c where not exists (select 1 from subject s where s.id = c.subject_id)").await, 0);
    assert_eq!(
        parts.count("select count(*) from audit").await,
        trail + 1,
        "the trail stays, and tells of it"
    );
    assert_eq!(counted(&parts, "orphans").await, 0);

    // the same person may come again, as somebody new
    parts.send("ana-2", ASK, asked("ana@example.org")).await;
    assert_eq!(parts.count("select count(*) from subject where provisional = 1").await, 1);
}

async fn nobody_goes_while_something_is_under_way(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    parts.send("ana", ASK, asked("ana@example.org")).await;
    pass(&parts, 40).await;
    // the mails never left, the events neither
    look(&parts).await;
    assert_eq!(parts.count("select count(*) from subject").await, 1);
    settle(&parts).await;
    parts.execute("update subject set state = 1").await;
    parts.clock.advance(Span::hours(1));
    look(&parts).await;
    assert_eq!(
        parts.count("select count(*) from subject").await,
        1,
        "restricted data are not erased (Art. 18)"
    );
    parts.execute("update subject set state = 0").await;
    parts.clock.advance(Span::hours(1));
    look(&parts).await;
    assert_eq!(parts.count("select count(*) from subject").await, 0);
}

async fn who_is_asked_again_stays(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    parts.send("ana", ASK, asked("ana@example.org")).await;
    pass(&parts, 26).await;
    parts.send("ana-2", ASK, asked("ana@example.org")).await;
    pass(&parts, 2).await;
    settle(&parts).await;
    look(&parts).await;
    assert_eq!(counted(&parts, "consent_requests").await, 1);
    assert_eq!(parts.count("select count(*) from subject").await, 1, "an open request is left");
}

async fn who_is_asked_while_being_erased_is_not_lost(database: TestDatabase) {
    let parts = Parts::new(database, None).await;
    let emails: Vec<_> = (0..8).map(|n| format!("ana@{n}.example.org")).collect();
    for email in &emails {
        parts.send(email, ASK, asked(email)).await;
    }
    pass(&parts, 28).await;
    settle(&parts).await;
    let ask_all = async {
        for email in &emails {
            parts.send(&format!("again-{email}"), ASK, asked(email)).await;
        }
    };
    let (swept, ()) = tokio::join!(look(&parts), ask_all);
    assert!(swept);
    // whichever came first: everybody is known once, with the request that is open
    assert_eq!(parts.count("select count(*) from subject").await, 8);
    assert_eq!(parts.count("select count(*) from identity").await, 8);
    let asked = "select count(distinct r.subject_id) from consent_request r join subject s on s.id = r.subject_id \
                 where r.state = 0";
    assert_eq!(parts.count(asked).await, 8);
    assert_eq!(counted(&parts, "orphans").await, 0);
}
