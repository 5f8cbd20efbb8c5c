//! Soft opt-in (ePrivacy Directive 13(2)): a basis of its own, with its own conditions (A8).

use rescind_jobs::effects::Lane;
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually, nonce};
use rescind_tests::on_both;
use rescind_worker::store::outbox::mails;
use serde_json::{Value, json};
use uuid::Uuid;

on_both! {
    a_sale_opens_it_and_an_objection_ends_it_for_good,
    what_is_called_a_withdrawal_ends_it_too,
    an_objection_at_the_sale_holds_whenever_other_sales_were,
    its_conditions_are_asked_for,
    customers_are_written_to_at_the_address_of_the_sale,
    claimed_and_objected_to_it_does_not_leave,
    what_was_withdrawn_under_another_basis_stays_so,
    the_persons_page_shows_it_and_stops_it,
    registers_and_the_snapshot_know_it,
    no_list_opens_it,
}

const ANA: &str = "ana@example.org";
const PURPOSE: &str = "similar_products";

fn sale(email: &str, more: Value) -> Value {
    let mut data = json!({"subject": {"email": email, "locale": "en"}, "purposes": [PURPOSE], "could_object": true,
                          "source": "checkout", "evidence": {"form": "checkout/7"}});
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    data
}

async fn sold(app: &TestApp, email: &str, more: Value) {
    app.send("soft_opt_in.record.v1", sale(email, more)).await;
}

async fn reason(app: &TestApp, email: &str) -> String {
    app.gate(email, PURPOSE).await["reason"].as_str().expect("a reason").to_owned()
}

fn mailing(email: &str, more: Value) -> Value {
    let mut data =
        json!({"subject": {"email": email}, "purpose": PURPOSE, "title": "New", "text": "Two books."});
    if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
        data.extend(more);
    }
    data
}

/// The address of somebody's own page, as a path.
async fn page(app: &TestApp, email: &str) -> String {
    let out = app.rescind(&["subjects", "link", &format!("email:{email}")]).await.done();
    let at = out.find("/p/").expect("an address");
    app.url(out[at..].trim())
}

async fn a_sale_opens_it_and_an_objection_ends_it_for_good(app: TestApp) {
    assert_eq!(reason(&app, ANA).await, "unknown_subject");
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}})).await;
    assert_eq!(reason(&app, ANA).await, "no_sale_known");
    let sold_at = app.clock.now().minus(Span::minutes(5));
    sold(&app, ANA, json!({"sold_at": sold_at})).await;
    let answer = app.gate(ANA, PURPOSE).await;
    assert_eq!(
        answer,
        json!({"allowed": true, "reason": "soft_opt_in", "basis": "soft_opt_in", "since": sold_at})
    );
    assert_eq!(app.acts().await.last().map(String::as_str), Some("soft_opt_in_recorded"));
    let kept = "select source || ' ' || told_by from soft_opt_in where evidence is not null";
    assert_eq!(app.column(kept).await, ["checkout shop"]);
    app.expect_events(&["soft_opt_in.recorded.v1"]).await;
    // an older sale, told later, changes nothing; a newer one counts
    sold(&app, ANA, json!({"sold_at": sold_at.minus(Span::days(1))})).await;
    assert_eq!(app.gate(ANA, PURPOSE).await["since"], json!(sold_at));
    app.advance(Span::hours(1));
    sold(&app, ANA, json!({})).await;
    assert_eq!(app.gate(ANA, PURPOSE).await["since"], json!(app.clock.now()));

    app.send("subject.object.v1", json!({"subject": {"email": ANA}, "purposes": [PURPOSE]})).await;
    assert_eq!(reason(&app, ANA).await, "objected");
    assert!(app.staff_letter(1).await.subject.contains("Ähnliche Produkte"), "staff stop");
    app.advance(Span::hours(2));
    sold(&app, ANA, json!({})).await;
    assert_eq!(reason(&app, ANA).await, "objected", "no later sale lifts it");
    let without_effect = app.acts().await.into_iter().filter(|act| act == "statement_without_effect").count();
    assert_eq!(without_effect, 2, "the older sale, and the one after the objection");
    app.expect_events(&["soft_opt_in.recorded.v1", "soft_opt_in.recorded.v1", "processing.stop.v1"]).await;
}

async fn what_is_called_a_withdrawal_ends_it_too(app: TestApp) {
    for (email, purposes) in [
        ("one@example.org", json!([PURPOSE])),
        ("current@example.org", json!("current")),
        ("all@example.org", json!("all")),
    ] {
        sold(&app, email, json!({})).await;
        assert_eq!(reason(&app, email).await, "soft_opt_in");
        app.send("consent.withdraw.v1", json!({"subject": {"email": email}, "purposes": purposes})).await;
        assert_eq!(reason(&app, email).await, "objected", "{email}");
    }
    let unclear = json!({"subject": {"email": ANA}, "purposes": "all", "unclear": true});
    sold(&app, ANA, json!({})).await;
    app.send("consent.withdraw.v1", unclear).await;
    assert_eq!(reason(&app, ANA).await, "objected");
    app.quiet().await;
    // whoever listens learns that it was an objection
    let cause = if app.worker().engine.pool().is_postgres() {
        "select data #>> '{data,cause}' from event where kind = 'processing.stop.v1' \
         and data #>> '{data,purpose}' = 'similar_products'"
    } else {
        "select data ->> '$.data.cause' from event where kind = 'processing.stop.v1' \
         and data ->> '$.data.purpose' = 'similar_products'"
    };
    assert_eq!(app.column(cause).await, ["objection"; 4]);
    assert_eq!(app.count("select count(*) from consent where purpose = 'similar_products'").await, 0);
}

async fn an_objection_at_the_sale_holds_whenever_other_sales_were(app: TestApp) {
    let at = |hours| app.clock.now().minus(Span::hours(hours));
    // told before the earlier sale
    sold(&app, ANA, json!({"objected": true, "sold_at": at(5)})).await;
    assert_eq!(reason(&app, ANA).await, "objected");
    sold(&app, ANA, json!({"sold_at": at(9)})).await;
    sold(&app, ANA, json!({"sold_at": at(1)})).await;
    assert_eq!(reason(&app, ANA).await, "objected");
    // told after it
    sold(&app, "bob@example.net", json!({"sold_at": at(1)})).await;
    sold(&app, "bob@example.net", json!({"objected": true, "sold_at": at(5)})).await;
    assert_eq!(reason(&app, "bob@example.net").await, "objected");
    app.quiet().await;
    assert_eq!(app.count("select count(*) from staff_notice").await, 1, "where there was something to stop");
    // whom it may be of several, it is of each
    let two = json!({"subject": {"email": "carl@example.org", "ids": {"shop": "1"}}});
    app.send("subject.upsert.v1", two).await;
    app.send("subject.upsert.v1", json!({"subject": {"email": "dora@example.org", "ids": {"shop": "2"}}}))
        .await;
    let both = json!({"email": "carl@example.org", "ids": {"shop": "2"}});
    let refused = app.refused("soft_opt_in.record.v1", sale("x", json!({"subject": both}))).await;
    assert_eq!(refused["code"], "conflicting_identities");
    sold(&app, "x", json!({"subject": both, "objected": true})).await;
    for email in ["carl@example.org", "dora@example.org"] {
        eventually("it is told for each", async || reason(&app, email).await == "objected").await;
    }
}

async fn its_conditions_are_asked_for(app: TestApp) {
    let ahead = app.clock.now().plus(Span::hours(1));
    for (more, code, field) in [
        (json!({"could_object": false}), "invalid_field", "data.could_object"),
        (json!({"sold_at": ahead}), "future_time", "data.sold_at"),
        (json!({"purposes": ["newsletter"]}), "invalid_field", "data.purposes[0]"),
        (json!({"purposes": [PURPOSE, "nothing"]}), "unknown_purpose", "data.purposes[1]"),
        (json!({"purposes": []}), "invalid_field", "data.purposes"),
        (json!({"source": "smoke"}), "unknown_code", "data.source"),
        (json!({"subject": {"ids": {"shop": "7"}}}), "invalid_field", "data.subject"),
        (json!({"subject": {"phone": "+49 30 1234567"}}), "invalid_field", "data.subject"),
    ] {
        let problem = app.refused("soft_opt_in.record.v1", sale(ANA, more)).await;
        let told = (problem["code"].as_str(), problem["errors"][0]["field"].as_str());
        assert_eq!(told, (Some(code), Some(field)), "{problem}");
    }
    let problem = app.refused("soft_opt_in.record.v1", sale(ANA, json!({"could_object": false}))).await;
    assert!(problem["detail"].as_str().is_some_and(|told| told.contains("consent.request.v1")), "{problem}");
    assert_eq!(app.count("select count(*) from subject").await, 0, "nothing is left of what was refused");
    let child = json!({"subject": {"email": "kim@example.org"}, "child": true});
    app.send("subject.upsert.v1", child).await;
    let problem = app.refused("soft_opt_in.record.v1", sale("kim@example.org", json!({}))).await;
    assert_eq!(problem["code"], "guardian_required");
    // whose data are restricted says no all the same
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA}})).await;
    let restrict = json!({"subject": {"email": ANA}, "ground": "legal_claims", "confirm": false});
    app.send("subject.restrict.v1", restrict).await;
    assert_eq!(app.refused("soft_opt_in.record.v1", sale(ANA, json!({}))).await["code"], "subject_closed");
    sold(&app, ANA, json!({"objected": true})).await;
    assert_eq!(app.count("select count(*) from objection").await, 1);
    app.quiet().await;
}

async fn customers_are_written_to_at_the_address_of_the_sale(app: TestApp) {
    app.send("subject.upsert.v1", json!({"subject": {"email": "work@example.org", "ids": {"shop": "1"}}}))
        .await;
    app.send("mail.send.v1", mailing("work@example.org", json!({}))).await;
    sold(&app, ANA, json!({"subject": {"email": ANA, "ids": {"shop": "1"}}})).await;
    app.send("mail.send.v1", mailing("work@example.org", json!({}))).await;
    let letter = app.letter(1).await;
    assert_eq!(letter.to, ANA, "no address but the one that was given with the sale");
    app.quiet().await;
    assert_eq!(app.letters().len(), 1, "none before the sale");
    // every mail says how to object (RFC 8058); once is enough for what is queued, too
    let later = json!({"not_before": app.clock.now().plus(Span::hours(2))});
    app.send("mail.send.v1", mailing(ANA, later)).await;
    let start = letter.text.find("/u/").expect("a link");
    let link = app.url(letter.text[start..].split_whitespace().next().expect("a link"));
    let sent = app.http.post(&link).header("content-type", "application/x-www-form-urlencoded");
    let answer = sent.body("List-Unsubscribe=One-Click").send().await.expect("an answer");
    assert!(
        answer.status().is_success() && answer.text().await.expect("a page").contains("have been stopped")
    );
    assert_eq!(reason(&app, ANA).await, "objected");
    assert_eq!(app.count("select count(*) from mail where gated = 3 and state = 7").await, 1);
    app.advance(Span::hours(3));
    app.send("mail.send.v1", mailing(ANA, json!({}))).await;
    app.quiet().await;
    assert_eq!(app.letters().len(), 1);
}

/// What a worker has claimed, it looks at once more in the statement that lets it leave.
async fn claimed_and_objected_to_it_does_not_leave(app: TestApp) {
    let people = [ANA, "bob@example.net", "eve@example.org"];
    let later = app.clock.now().plus(Span::hours(2));
    for person in people {
        sold(&app, person, json!({})).await;
        app.send("mail.send.v1", mailing(person, json!({"not_before": later}))).await;
    }
    let (pool, holder) = (app.worker().engine.pool(), Uuid::from_u128(7));
    let lease = later.plus(Span::hours(1));
    let claimed = mails::claim(pool, Lane::Background, later, 10, lease, holder).await.expect("the store");
    assert_eq!(claimed.len(), 3);
    app.send("subject.object.v1", json!({"subject": {"email": ANA}, "purposes": [PURPOSE]})).await;
    // of another sale nothing is known any more
    let forget = "delete from soft_opt_in where subject_id = (select w.subject_id from soft_opt_in w \
                  where w.subject_id not in (select subject_id from objection) order by w.subject_id limit 1)";
    app.execute(forget).await;
    let ids = claimed.iter().map(|mail| mail.id).collect();
    let leaving = mails::sending(pool, ids, holder, later, lease).await.expect("the store");
    assert_eq!(leaving.len(), 1, "neither whoever objected, nor whoever is no customer");
}

async fn what_was_withdrawn_under_another_basis_stays_so(mut app: TestApp) {
    let example = include_str!("../../config/policy/example.toml");
    let policy =
        |basis: &str| format!("{example}\n[purposes.ads]\ntitle.en = \"Ads\"\nmarketing = true\n{basis}");
    let consent = "basis = \"consent\"\nallowed_by = [\"single_form\"]\n[contents.ads]\npurpose = \"ads\"\n\
                   [[contents.ads.versions]]\nversion = 1\nvalid_from = \"2026-01-01\"\ntitle.en = \"Ads\"\n\
                   text.en = \"I agree to ads.\"\n";
    app.restart_with_policy(&policy(consent)).await;
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["ads"]})).await;
    app.advance(Span::hours(1));
    app.restart_with_policy(&policy("basis = \"soft_opt_in\"\nsimilar_to.en = \"books\"\n")).await;
    for person in [ANA, "bob@example.net"] {
        sold(&app, person, json!({"purposes": ["ads"]})).await;
    }
    assert_eq!(app.gate(ANA, "ads").await["reason"], "consent_withdrawn");
    assert_eq!(app.gate("bob@example.net", "ads").await["reason"], "soft_opt_in");
}

async fn the_persons_page_shows_it_and_stops_it(app: TestApp) {
    app.send("subject.upsert.v1", json!({"subject": {"email": ANA, "locale": "en"}})).await;
    let address = page(&app, ANA).await;
    let (_, shown) = app.get(&address).await;
    assert!(!shown.contains("Similar products"), "who is no customer sees nothing of it: {shown}");
    sold(&app, ANA, json!({})).await;
    let (_, shown) = app.get(&address).await;
    assert!(shown.contains("You bought from us on 22 November 2026"), "{shown}");
    assert!(shown.contains("Similar to what you bought: books and stationery."), "{shown}");
    let question = format!("{address}/withdraw/{PURPOSE}");
    let (status, asked) = app.get(&question).await;
    assert!(status == 200 && asked.contains("Stop this?") && asked.contains("no later purchase"), "{asked}");
    assert_eq!(reason(&app, ANA).await, "soft_opt_in", "asking ends nothing");
    let form = [("nonce", nonce(&asked))];
    let answer = app.http.post(&question).form(&form).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 303);
    assert_eq!(reason(&app, ANA).await, "objected");
    let (_, shown) = app.get(&address).await;
    assert!(shown.contains("You objected on 22 November 2026.") && !shown.contains("/withdraw"), "{shown}");
    // "everything" covers it too
    sold(&app, "bob@example.net", json!({})).await;
    let all = format!("{}/withdraw", page(&app, "bob@example.net").await);
    let (_, asked) = app.get(&all).await;
    assert!(asked.contains("<li>Similar products for customers</li>"), "{asked}");
    let form = [("nonce", nonce(&asked))];
    assert_eq!(app.http.post(&all).form(&form).send().await.expect("an answer").status().as_u16(), 303);
    assert_eq!(reason(&app, "bob@example.net").await, "objected");
    // and the privacy notice says what it is
    let (_, notice) = app.get(&app.url("/privacy?lang=en")).await;
    assert!(notice.contains("Directive 2002/58/EC") && notice.contains("books and stationery"), "{notice}");
}

async fn registers_and_the_snapshot_know_it(app: TestApp) {
    for (number, person) in [ANA, "bob@example.net", "eve@example.org"].into_iter().enumerate() {
        let subject = json!({"email": person, "ids": {"shop": number.to_string()}});
        sold(&app, person, json!({"subject": subject})).await;
    }
    app.send("subject.upsert.v1", json!({"subject": {"email": "nobody@example.org"}})).await;
    app.send("subject.object.v1", json!({"subject": {"email": ANA}, "purposes": "marketing"})).await;
    let url = app.url(&format!("/v1/snapshot?purpose={PURPOSE}"));
    let found: Value = app.http.get(url).send().await.expect("an answer").json().await.expect("JSON");
    let subjects = found["subjects"].as_array().expect("a list");
    let mut shops: Vec<_> = subjects.iter().map(|s| s["subject"]["ids"]["shop"].as_str().unwrap()).collect();
    shops.sort_unstable();
    assert_eq!(shops, ["1", "2"], "customers who have not objected, and nobody else");
    assert_eq!(subjects[0]["basis"], "soft_opt_in");
    let listed = app.rescind(&["consents", "customers", "--json"]).await.json();
    let listed = listed.as_array().expect("a list");
    assert_eq!(listed.len(), 3);
    assert_eq!(listed.iter().filter(|line| line.get("objected_at").is_some()).count(), 1);
    assert_eq!((&listed[0]["contacts"], &listed[0]["evidence"]), (&json!(["email"]), &json!(true)));
    let masked = listed[0]["email"].as_str().expect("an address");
    assert!(masked.contains('•'), "{masked}");
    let of_ana = ["consents", "customers", "--subject", "email:ana@example.org", "--purpose", PURPOSE];
    let table = app.rescind(&of_ana).await.done();
    assert!(table.contains("checkout") && table.lines().count() == 2, "{table}");
    let shown = app.rescind(&["subjects", "show", "email:bob@example.net", "--json"]).await.json();
    assert_eq!(shown[0]["sales"][PURPOSE], json!(app.clock.now()));
    let text = app.rescind(&["subjects", "show", "email:bob@example.net"]).await.done();
    assert!(text.contains("customer for") && text.contains(PURPOSE), "{text}");
}

async fn no_list_opens_it(app: TestApp) {
    let path = app.folder.path().join("list.csv");
    std::fs::write(&path, "email,given_at,purpose\nana@example.org,2026-03-01,similar_products\n")
        .expect("a file");
    app.rescind(&["consents", "import", &path.display().to_string()]).await.failed();
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert!(errors.contains("2,purpose,") && errors.contains("soft_opt_in.record.v1"), "{errors}");
    assert_eq!(app.count("select count(*) from subject").await, 0);
}
