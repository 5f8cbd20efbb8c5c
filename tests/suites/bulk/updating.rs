//! `consent.update_many.v1` and `rescind consents update`.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::app::eventually;
use rescind_tests::on_both;

on_both! {
    many_are_corrected_after_a_look_at_the_count,
    the_token_stands_for_filter_values_and_count,
    consents_move_to_the_purpose_that_was_meant,
    nothing_that_was_ended_becomes_a_consent,
    a_wrong_filter_is_told_with_what_is_allowed,
    what_was_recorded_after_the_count_is_not_touched,
    no_date_makes_a_consent_newer_than_its_record,
    a_corrected_source_leaves_the_proof_as_it_was,
    many_pages_are_corrected_once_each,
    it_takes_the_role_manage,
}

/// A consent of the newsletter, given on paper.
async fn on_paper(app: &TestApp, name: &str, day: &str) {
    let yes = json!({"category": "marketing", "content": "newsletter", "answer": "agree"});
    let data = json!({"subject": {"email": format!("{name}@example.org")}, "consents": [yes],
        "source": "paper", "given_at": format!("{day}T08:00:00Z")});
    app.send("consent.record.v1", data).await;
}

/// The count that fits, and the token.
async fn preview(app: &TestApp, which: &str, set: &str) -> (u64, String) {
    let arguments = ["consents", "update", "--where", which, "--set", set, "--json"];
    let told = app.rescind(&arguments).await.json();
    (told["count"].as_u64().expect("a count"), told["token"].as_str().expect("a token").to_owned())
}

/// Counts, confirms, and waits until it is done; returns how many fitted.
async fn update(app: &TestApp, which: &str, set: &str) -> u64 {
    let (count, token) = preview(app, which, set).await;
    let arguments = ["consents", "update", "--where", which, "--set", set, "--confirm", &token];
    let told = app.rescind(&arguments).await.done();
    assert!(told.contains(&format!("{count} consents")), "{told}");
    app.quiet().await;
    assert_eq!(app.column("select detail from parked").await, Vec::<String>::new());
    count
}

const RECORDS: &str = "select purpose || ' ' || source || ' ' || content || ' ' || told_by from consent_record \
                       order by recorded_at, subject_id, purpose";

async fn many_are_corrected_after_a_look_at_the_count(app: TestApp) {
    for name in ["ana", "bob"] {
        on_paper(&app, name, "2026-03-01").await;
    }
    on_paper(&app, "cleo", "2026-05-01").await;
    app.advance(Span::hours(1));
    let which = "purpose=newsletter,source=paper,state=granted,given_before=2026-04-01";
    let arguments = ["consents", "update", "--where", which, "--set", "source=import,date=2026-02-01"];
    let told = app.rescind(&arguments).await.done();
    assert!(told.contains("2 consents fit") && told.contains("--confirm "), "{told}");
    assert_eq!(app.count("select count(*) from job where kind is null").await, 0, "nothing is changed yet");

    assert_eq!(update(&app, which, "source=import,date=2026-02-01").await, 2);
    let records = app.column(RECORDS).await;
    assert_eq!(records.len(), 5, "what stood there before is kept");
    assert_eq!(records[3..], ["newsletter import newsletter operator"; 2]);
    let since = app
        .column("select source from consent_record r join consent c on c.record_id = r.id order by 1")
        .await;
    assert_eq!(since, ["import", "import", "paper"]);
    let shown = app.rescind(&["consents", "show", "ana@example.org", "--json"]).await.json();
    assert_eq!(shown[0]["consents"][0]["since"], "2026-02-01T00:00:00Z");
    let corrected = acts(&app, "consent_corrected").await;
    assert_eq!(corrected.len(), 2);
    assert_eq!(corrected[0]["source"], "operator");
    assert_eq!(acts(&app, "expanded").await[0]["job"], "consent.update.v1");
    // the same filter fits nothing any more
    assert_eq!(preview(&app, which, "source=import").await.0, 0);
}

async fn the_token_stands_for_filter_values_and_count(app: TestApp) {
    on_paper(&app, "ana", "2026-03-01").await;
    let (_, token) = preview(&app, "source=paper", "source=import").await;
    let confirm = async |which: &str, set: &str, token: &str| {
        let arguments = ["consents", "update", "--where", which, "--set", set, "--confirm", token];
        app.rescind(&arguments).await.failed()
    };
    for (which, set) in [("source=paper", "source=phone"), ("source=paper,state=granted", "source=import")] {
        assert!(confirm(which, set, &token).await.contains("another filter"));
    }
    for wrong in ["x", "1-2", &token[..token.len() - 1]] {
        assert!(confirm("source=paper", "source=import", wrong).await.contains("stands for another"));
    }
    app.advance(Span::minutes(16));
    assert!(confirm("source=paper", "source=import", &token).await.contains("no longer holds"));
    let (_, token) = preview(&app, "source=paper", "source=import").await;
    on_paper(&app, "bob", "2026-03-01").await;
    assert!(confirm("source=paper", "source=import", &token).await.contains("2 consents fit now"));
    assert_eq!(app.count("select count(*) from consent_record").await, 2);
}

async fn consents_move_to_the_purpose_that_was_meant(app: TestApp) {
    on_paper(&app, "ana", "2026-03-01").await;
    on_paper(&app, "bob", "2026-03-01").await;
    let no = json!({"category": "personalisation", "content": "recommendations", "answer": "disagree"});
    app.send("consent.record.v1", json!({"subject": {"email": "bob@example.org"}, "consents": [no]})).await;
    // confirmed by herself, which the new wording is not
    app.request("cleo@example.org").await;
    app.agree(&app.letter(1).await.link()).await;
    app.advance(Span::hours(1));

    assert_eq!(update(&app, "purpose=newsletter,state=granted", "purpose=recommendations").await, 3);
    assert_eq!(
        consents(&app, "ana@example.org").await,
        ["newsletter expired none", "recommendations granted single_form"]
    );
    assert_eq!(
        consents(&app, "bob@example.org").await,
        ["newsletter granted single_form", "recommendations refused opted_out_subject"],
        "he has said no to that"
    );
    assert_eq!(
        consents(&app, "cleo@example.org").await,
        ["newsletter expired none", "recommendations granted single_staff"]
    );
    assert!(!app.allowed("cleo@example.org").await);
    assert_eq!(app.gate("ana@example.org", "recommendations").await["allowed"], json!(true));
    let of_ana = "select kind from event where subject_id = (select subject_id from consent where purpose = \
                  'recommendations' and opt_in = 2) order by sequence";
    assert_eq!(app.column(of_ana).await, ["consent.granted.v1", "processing.stop.v1", "consent.granted.v1"]);
    let corrected = acts(&app, "consent_corrected").await;
    assert!(corrected.iter().all(|act| act["purpose"] == "newsletter" && act["to"] == "recommendations"));
    assert_eq!(app.staff_letters().len(), 0, "nobody has withdrawn");
}

async fn nothing_that_was_ended_becomes_a_consent(app: TestApp) {
    for name in ["ana", "bob", "cleo", "dan"] {
        on_paper(&app, name, "2026-03-01").await;
    }
    let of = |name: &str| json!({"email": format!("{name}@example.org")});
    app.send("consent.withdraw.v1", json!({"subject": of("ana"), "purposes": ["newsletter"]})).await;
    app.send("subject.restrict.v1", json!({"subject": of("bob"), "ground": "legal_claims"})).await;
    app.advance(Span::hours(1));
    let (count, token) = preview(&app, "purpose=newsletter,state=granted", "date=2026-02-01").await;
    assert_eq!(count, 3);
    // between the order and its turn somebody withdraws
    app.send("consent.withdraw.v1", json!({"subject": of("cleo"), "purposes": ["newsletter"]})).await;
    let filter =
        ["consents", "update", "--where", "purpose=newsletter,state=granted", "--set", "date=2026-02-01"];
    app.rescind(&[&filter[..], &["--confirm", &token]].concat()).await.failed();
    assert_eq!(update(&app, "purpose=newsletter,state=granted", "date=2026-02-01").await, 2);
    assert_eq!(
        update(&app, "purpose=newsletter,state=withdrawn", "source=phone").await,
        2,
        "where it came from, at most"
    );
    for (name, state) in [
        ("ana", "newsletter withdrawn opted_out_subject"),
        ("bob", "newsletter granted single_form"),
        ("cleo", "newsletter withdrawn opted_out_subject"),
        ("dan", "newsletter granted single_form"),
    ] {
        assert_eq!(consents(&app, &format!("{name}@example.org")).await, [state], "{name}");
    }
    let skipped = acts(&app, "statement_without_effect").await;
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0]["why"], "restricted");
    assert_eq!(acts(&app, "consent_corrected").await.len(), 3);
}

async fn a_wrong_filter_is_told_with_what_is_allowed(app: TestApp) {
    for (which, set, told) in [
        ("colour=red", "source=paper", "--where: expected KEY=VALUE with a key of purpose, source, state"),
        ("state=maybe", "source=paper", "--where state: must be one of requested, granted"),
        ("given_before=soon", "source=paper", "--where given_before: must be a day"),
        ("purpose=order", "source=paper", "--where.purpose: must be a purpose by consent: one of newsletter"),
        (
            "source=paper",
            "colour=red",
            "--set: expected KEY=VALUE with a key of purpose, basis, source, date",
        ),
        ("source=paper", "source=smoke", "--set.source: is not in the dictionary; one of"),
        ("source=paper", "date=2036-01-01", "--set.date: lies in the future"),
        ("source=paper", "date=2026-01-01", "--where.state: must be granted"),
        ("state=granted", "purpose=newsletter", "--where.purpose: must name the purpose"),
        (
            "state=granted,purpose=newsletter",
            "basis=terms",
            "--set.basis: must be a content of \"newsletter\": one of newsletter",
        ),
        ("state=granted,purpose=newsletter", "basis=newsletter/9", "has no version 9"),
        ("source=", "source=paper", "--where source: must have a value"),
    ] {
        let found = app.rescind(&["consents", "update", "--where", which, "--set", set]).await.wrong();
        assert!(found.contains(told), "{which} {set}: {found}");
    }
    let nothing = json!({"where": {}, "set": {"source": "paper"}});
    let problem = app.refused("consent.update_many.v1", nothing).await;
    assert_eq!(problem["errors"][0]["field"], "data.where");
    let unknown = json!({"where": {"colour": "red"}, "set": {"source": "paper"}});
    assert_eq!(app.refused("consent.update_many.v1", unknown).await["code"], "invalid_field");
}

async fn what_was_recorded_after_the_count_is_not_touched(app: TestApp) {
    on_paper(&app, "ana", "2026-03-01").await;
    let (which, set) = ("purpose=newsletter,state=granted", "basis=newsletter/1");
    let (count, token) = preview(&app, which, set).await;
    assert_eq!(count, 1);
    app.advance(Span::minutes(1));
    app.request("bob@example.org").await;
    app.agree(&app.letter(1).await.link()).await;
    let arguments = ["consents", "update", "--where", which, "--set", set, "--confirm", &token];
    app.rescind(&arguments).await.done();
    app.quiet().await;
    assert_eq!(consents(&app, "bob@example.org").await, ["newsletter granted double"], "nobody has seen his");
    assert_eq!(acts(&app, "consent_corrected").await.len(), 1);
    // a message speaks of what was recorded until its own time
    let mut message = app.message(
        "consent.update_many.v1",
        json!({"where": {"purpose": "newsletter", "state": "granted"}, "set": {"basis": {"content": "newsletter"}}}),
    );
    app.advance(Span::minutes(1));
    message["time"] = json!(app.clock.now());
    app.advance(Span::minutes(1));
    app.request("cleo@example.org").await;
    app.agree(&app.letter(2).await.link()).await;
    assert_eq!(app.post(&message).await.0, 202);
    app.quiet().await;
    assert_eq!(consents(&app, "cleo@example.org").await, ["newsletter granted double"]);
    assert_eq!(consents(&app, "bob@example.org").await, ["newsletter granted single_staff"], "he was meant");
}

async fn no_date_makes_a_consent_newer_than_its_record(app: TestApp) {
    on_paper(&app, "ana", "2026-11-20").await;
    app.advance(Span::days(10));
    // after it was recorded, though not in the future
    let later = app.clock.now().minus(Span::days(1)).to_string();
    let (which, set) = ("purpose=newsletter,state=granted", format!("date={later}"));
    assert_eq!(update(&app, which, &set).await, 1);
    let shown = app.rescind(&["consents", "show", "ana@example.org", "--json"]).await.json();
    assert_eq!(shown[0]["consents"][0]["since"], "2026-11-20T08:00:00Z");
    assert_eq!(acts(&app, "statement_without_effect").await[0]["why"], "outdated");
    assert_eq!(update(&app, which, "date=2026-11-19").await, 1);
    assert_eq!(acts(&app, "consent_corrected").await.len(), 1, "an earlier one is");
    // over, whether or not that was recorded
    app.execute("update consent set expires_at = since").await;
    assert_eq!(update(&app, which, "date=2026-11-18").await, 1);
    let skipped = acts(&app, "statement_without_effect").await;
    assert!(skipped.iter().any(|act| act["why"] == "already_ended"), "{skipped:?}");
    assert!(!app.allowed("ana@example.org").await);
}

async fn a_corrected_source_leaves_the_proof_as_it_was(app: TestApp) {
    on_paper(&app, "ana", "2026-03-01").await;
    let withdrawal = json!({"subject": {"email": "ana@example.org"}, "purposes": ["newsletter"],
        "reason": "too-many"});
    app.send("consent.withdraw.v1", withdrawal).await;
    let no = json!({"category": "marketing", "content": "newsletter", "answer": "disagree"});
    app.send("consent.record.v1", json!({"subject": {"email": "bob@example.org"}, "consents": [no]})).await;
    app.advance(Span::hours(1));
    let said = "select r.expression || ' ' || coalesce(r.reason, '-') || ' ' || coalesce(r.category, '-') || ' ' || \
                coalesce(r.content, '-') || ' ' || coalesce(r.content_version, 0) || ' ' || coalesce(r.locale, '-') from \
                consent_record r join consent c on c.record_id = r.id order by r.expression";
    let before = app.column(said).await;
    assert!(before.iter().any(|record| record.contains("too-many")), "{before:?}");
    assert!(before.iter().any(|record| record.contains("newsletter 1")), "{before:?}");
    assert_eq!(update(&app, "purpose=newsletter", "source=paper").await, 2);
    assert_eq!(acts(&app, "consent_corrected").await.len(), 2);
    assert_eq!(app.column(said).await, before);
}

async fn many_pages_are_corrected_once_each(mut app: TestApp) {
    let lines: String =
        (0..1_203).map(|n| format!("p{n}@example.org,newsletter,2026-03-01,paper\n")).collect();
    let (_, list) = file(&app, "list.csv", &format!("email,content,given_at,source\n{lines}"));
    app.rescind(&["consents", "import", &list]).await.done();
    let (count, token) = preview(&app, "source=paper", "source=import").await;
    assert_eq!(count, 1_203);
    let arguments =
        ["consents", "update", "--where", "source=paper", "--set", "source=import", "--confirm", &token];
    app.rescind(&arguments).await.done();
    // stopped on the way, it goes on
    let corrected = "select count(*) from consent_record where source = 'import'";
    eventually("it has begun", async || app.count(corrected).await > 0).await;
    app.stop().await;
    app.start().await;
    app.quiet().await;
    assert_eq!(app.count(corrected).await, 1_203);
    assert_eq!(app.count("select count(*) from consent_record").await, 2_406);
    assert_eq!(app.count("select count(*) from parked").await, 0);
}

async fn it_takes_the_role_manage(app: TestApp) {
    on_paper(&app, "ana", "2026-03-01").await;
    let carl = token(&app, "carl", None).await;
    let bea = token(&app, "bea", Some(&carl)).await;
    let arguments = ["consents", "update", "--where", "source=paper", "--set", "source=import", "--json"];
    assert!(run(&app, &arguments, Some(&bea)).await.failed().contains("\"manage\""));
    let told = run(&app, &arguments, Some(&carl)).await.json();
    let confirm = ["--confirm", told["token"].as_str().expect("a token")];
    run(&app, &[&arguments[..], &confirm].concat(), Some(&carl)).await.done();
    app.quiet().await;
    assert_eq!(acts(&app, "consent_corrected").await[0]["source"], "staff/carl");
}
