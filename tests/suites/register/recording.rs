//! Consent that was taken elsewhere (`consent.record.v1`).

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::on_both;

on_both! {
    consent_taken_elsewhere_is_recorded,
    givers_are_of_every_kind,
    a_date_is_never_in_the_future,
    only_usable_contents_are_taken,
    each_purpose_has_one_answer,
    a_source_follows_its_chain,
    the_last_source_is_the_operating_unit,
    a_link_must_concern_the_content_and_be_active,
    a_regulation_is_the_contents_own,
    staff_must_say_how,
    a_subject_without_contact_data_takes_part,
}

async fn consent_taken_elsewhere_is_recorded(app: TestApp) {
    let evidence = json!({"ip": "203.0.113.7", "user_agent": "Browser/1", "form": "checkout/7"});
    let data = and(
        of_ana(&[agree("personalisation", "recommendations")]),
        json!({"source": "checkout", "evidence": evidence}),
    );
    app.send("consent.record.v1", data).await;

    assert_eq!(register(&app).await, ["recommendations 1 checkout"]);
    let exact = "select category || ' ' || content || ' ' || content_version || ' ' || locale || ' ' || told_by \
                 from consent_record where expressed_at = recorded_at";
    assert_eq!(app.column(exact).await, ["personalisation recommendations 1 en shop"], "now, if not told");
    let (manner, network) = proof(&app).await;
    assert_eq!(manner, json!({"form": "checkout/7"}));
    assert_eq!(network, json!({"confirmed": {"ip": "203.0.113.7", "user_agent": "Browser/1"}}));
    assert_eq!(
        app.count("select count(*) from consent_record where network_evidence_until > recorded_at").await,
        1,
        "IP and user agent have a period of their own"
    );
    assert_eq!(app.acts().await, ["subject_created", "identity_added", "consent_granted"]);
    app.expect_events(&["consent.granted.v1"]).await;
    assert_eq!(gate(&app, json!({"email": ANA}), "recommendations").await, (true, "consent_granted".into()));
    assert_eq!(app.letters().len(), 0);
}

async fn givers_are_of_every_kind(app: TestApp) {
    for (n, kind) in ["contact", "lead", "employee", "contractor"].into_iter().enumerate() {
        let data = json!({"subject": {"ids": {"shop": n.to_string()}, "kind": kind},
                          "consents": [agree("marketing", "newsletter")]});
        app.send("consent.record.v1", data).await;
    }
    let wrong = json!({"subject": {"ids": {"shop": "5"}, "kind": "user"}, "consents": [agree("marketing", "newsletter")]});
    assert_eq!(fields(&app.refused("consent.record.v1", wrong).await), ["data.subject.kind"]);

    let kinds = "select r.purpose || ' ' || s.kind from consent_record r join subject s on s.id = r.subject_id order by 1";
    assert_eq!(app.column(kinds).await, ["newsletter 0", "newsletter 1", "newsletter 2", "newsletter 3"]);
    assert_eq!(
        app.count("select count(distinct id) from consent_record").await,
        4,
        "each has an id of its own"
    );
}

async fn a_date_is_never_in_the_future(app: TestApp) {
    let at = |span| json!({"given_at": app.clock.now().plus(span)});
    let yes = || of_ana(&[agree("marketing", "newsletter")]);

    let problem = app.refused("consent.record.v1", and(yes(), at(Span::minutes(3)))).await;
    assert_eq!((problem["code"].as_str(), fields(&problem)), (Some("future_time"), vec!["data.given_at"]));
    assert_eq!(register(&app).await.len(), 0);

    app.send("consent.record.v1", and(yes(), json!({"given_at": "2026-03-01T08:00:00+01:00"}))).await;
    app.advance(Span::minutes(1));
    app.send("consent.record.v1", and(yes(), at(Span::minutes(1)))).await;
    let now = "select count(*) from consent_record where expressed_at = recorded_at";
    assert_eq!(app.count(now).await, 1, "a clock that is a minute ahead means now");
    assert_eq!(app.count("select count(*) from consent_record where expressed_at < recorded_at").await, 1);
}

async fn only_usable_contents_are_taken(app: TestApp) {
    let app = with_more(app).await;
    let answers = [
        agree("personalisation", "newsletter"),
        agree("marketing", "no-such-content"),
        agree("no-such-category", "newsletter"),
        agree("marketing", "surveys"),
        agree("terms", "terms"),
        agree("personalisation", "recommendations"),
        and(agree("personalisation", "visits"), json!({"version": 2})),
    ];
    let problem = app.refused("consent.record.v1", of_ana(&answers)).await;

    let named = [
        "data.consents[0].category",
        "data.consents[1].content",
        "data.consents[2].category",
        "data.consents[3].content",
        "data.consents[4].content",
        "data.consents[6].content",
    ];
    assert_eq!(fields(&problem), named, "each that cannot be used, and no other: {problem}");
    let category = problem["errors"][0]["problem"].as_str().expect("a problem");
    assert_eq!(category, "category \"personalisation\" has no usable content \"newsletter\"");
    assert_eq!(app.count("select count(*) from subject").await, 0, "a refusal leaves no trace");
    for (content, code) in [("surveys", "unusable_content"), ("no-such-content", "unknown_content")] {
        let problem = app.refused("consent.record.v1", of_ana(&[agree("marketing", content)])).await;
        assert_eq!(problem["code"], code);
    }
    // valid on the day it was given, not on the day it is told
    let early = and(of_ana(&[agree("marketing", "newsletter")]), json!({"given_at": "2025-12-31T23:59:59Z"}));
    assert_eq!(app.refused("consent.record.v1", early).await["code"], "unusable_content");
}

async fn each_purpose_has_one_answer(app: TestApp) {
    let twice = of_ana(&[agree("marketing", "newsletter"), disagree("marketing", "newsletter")]);
    let problem = app.refused("consent.record.v1", twice).await;
    assert_eq!(fields(&problem), ["data.consents[1].content"]);
    let asked = json!({"subject": {"email": ANA}, "contents": ["newsletter", "newsletter"]});
    assert_eq!(fields(&app.refused("consent.request.v1", asked).await), ["data.contents[1]"]);

    let several = of_ana(&[agree("personalisation", "recommendations"), disagree("marketing", "newsletter")]);
    app.send("consent.record.v1", several).await;
    assert_eq!(register(&app).await, ["newsletter 2 web-form", "recommendations 1 web-form"]);
    app.expect_events(&["consent.granted.v1", "consent.refused.v1"]).await;
    assert_eq!(gate(&app, json!({"email": ANA}), "newsletter").await, (false, "consent_refused".into()));
    assert!(gate(&app, json!({"email": ANA}), "recommendations").await.0);
}

async fn a_source_follows_its_chain(app: TestApp) {
    let yes = || of_ana(&[agree("marketing", "newsletter")]);
    app.send("consent.record.v1", and(yes(), json!({"source": "paper"}))).await;
    app.advance(Span::minutes(1));
    app.send("consent.record.v1", yes()).await;
    assert_eq!(
        register(&app).await,
        ["newsletter 1 paper", "newsletter 1 web-form"],
        "the one given, else the dictionary's default"
    );
    let problem = app.refused("consent.record.v1", and(yes(), json!({"source": "smoke"}))).await;
    assert_eq!((problem["code"].as_str(), fields(&problem)), (Some("unknown_code"), vec!["data.source"]));
}

async fn the_last_source_is_the_operating_unit(app: TestApp) {
    let none = |text: String, name: &str| text.replace(&format!("default = \"{name}\"\n"), "");
    let app = under(app, &none(none(EXAMPLE.to_owned(), "web-form"), "unsubscribe-link")).await;
    app.send("consent.record.v1", of_ana(&[agree("marketing", "newsletter")])).await;
    app.advance(Span::minutes(1));
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["newsletter"]})).await;
    assert_eq!(
        register(&app).await,
        ["newsletter 1 Example Shop Berlin", "newsletter 3 Example Shop Berlin"]
    );
}

async fn a_link_must_concern_the_content_and_be_active(app: TestApp) {
    let app = with_more(app).await;
    let links = json!({"subject": {"email": ANA},
        "addresses": [{"name": "home", "value": "Street 1"}, {"name": "old", "value": "Street 2", "active": false}],
        "contacts": [{"name": "assistant", "value": "Bo"}]});
    app.send("subject.upsert.v1", links).await;
    let yes = |content: &str, more| {
        let category = if content == "newsletter" { "marketing" } else { "personalisation" };
        of_ana(&[and(agree(category, content), more)])
    };

    for (content, link, field) in [
        ("newsletter", json!({"address": {"email": ANA}}), "address"),
        ("newsletter", json!({"contact": "assistant"}), "contact"),
        ("visits", json!({"address": {"post": "old"}}), "address"),
        ("visits", json!({"address": {"post": "assistant"}}), "address"),
        ("visits", json!({"address": {"email": "bo@example.org"}}), "address"),
        ("visits", json!({"contact": "home"}), "contact"),
    ] {
        let problem = app.refused("consent.record.v1", yes(content, link)).await;
        assert_eq!(problem["code"], "invalid_field", "refused, not ignored");
        assert_eq!(fields(&problem), [format!("data.consents[0].{field}")]);
    }
    assert_eq!(register(&app).await.len(), 0);

    let good = [
        json!({"address": {"post": "home"}}),
        json!({"contact": "assistant"}),
        json!({"address": {"email": ANA}}),
    ];
    for link in good {
        app.advance(Span::minutes(1));
        app.send("consent.record.v1", yes("visits", link)).await;
    }
    assert_eq!(app.count("select count(distinct linked) from consent_record").await, 3);
}

async fn a_regulation_is_the_contents_own(app: TestApp) {
    let app = with_more(app).await;
    app.send("consent.record.v1", of_ana(&[agree("personalisation", "visits")])).await;
    let found = app.column("select regulation from consent_record").await;
    assert!(found[0].starts_with("sha256:") && found[0].ends_with(" rules.txt"), "{found:?}");
}

async fn staff_must_say_how(app: TestApp) {
    let entered = and(of_ana(&[agree("marketing", "newsletter")]), json!({"staff": "Bo Staff"}));
    assert_eq!(fields(&app.refused("consent.record.v1", entered.clone()).await), ["data.how"]);
    app.send("consent.record.v1", and(entered, json!({"how": "on paper, at the fair"}))).await;
    let (manner, network) = proof(&app).await;
    assert_eq!(manner, json!({"staff": "Bo Staff", "how": "on paper, at the fair"}));
    assert_eq!(network, Value::Null);
}

async fn a_subject_without_contact_data_takes_part(app: TestApp) {
    let nobody = || json!({"ids": {"shop": "4711"}});
    app.send("subject.upsert.v1", json!({"subject": nobody()})).await;
    let yes = json!({"subject": nobody(), "consents": [agree("personalisation", "recommendations")]});
    app.send("consent.record.v1", yes).await;
    assert!(gate(&app, nobody(), "recommendations").await.0);
    assert_eq!(gate(&app, nobody(), "order").await, (true, "lawful_basis".into()), "the main service runs");
    app.advance(Span::minutes(1));
    app.send("consent.withdraw.v1", json!({"subject": nobody(), "purposes": ["recommendations"]})).await;
    assert_eq!(gate(&app, nobody(), "recommendations").await, (false, "consent_withdrawn".into()));
    app.expect_events(&["consent.granted.v1", "consent.withdrawn.v1", "processing.stop.v1"]).await;
    assert_eq!(app.letters().len(), 0);
}
