//! Opt-in states, the page that asks, and the trail of it all.

use super::*;
use rescind_jobs::audit::leaf;
use rescind_jobs::time::Span;
use rescind_tests::app::{eventually, nonce};
use rescind_tests::on_both;

on_both! {
    opt_in_states_open_what_the_policy_says,
    a_new_primary_address_resets_the_opt_in,
    what_was_asked_at_the_former_address_confirms_nothing,
    what_is_recorded_later_demotes_no_confirmed_consent,
    a_wording_covers_its_channels,
    the_page_says_who_asks_for_what,
    history_is_only_added_to,
    every_act_is_in_the_trail_with_its_leaf,
    nothing_personal_lies_open_in_the_store,
}

async fn opt_in_states_open_what_the_policy_says(app: TestApp) {
    let app = with_more(app).await;
    let answers = [
        agree("marketing", "newsletter"),
        agree("personalisation", "recommendations"),
        agree("marketing", "calls"),
    ];
    app.send("consent.record.v1", of_ana(&answers)).await;
    let staff =
        json!({"subject": {"ids": {"shop": "1"}}, "consents": answers, "staff": "Bo", "how": "by phone"});
    app.send("consent.record.v1", staff).await;

    let (form, staff) = (json!({"email": ANA}), json!({"ids": {"shop": "1"}}));
    let too_little = (false, "opt_in_insufficient".to_owned());
    let enough = (true, "consent_granted".to_owned());
    // newsletter: double alone; recommendations: any; calls: staff alone
    assert_eq!(gate(&app, form.clone(), "newsletter").await, too_little);
    assert_eq!(gate(&app, staff.clone(), "newsletter").await, too_little);
    assert_eq!(gate(&app, form.clone(), "recommendations").await, enough);
    assert_eq!(gate(&app, staff.clone(), "recommendations").await, enough);
    assert_eq!(gate(&app, form, "calls").await, too_little);
    assert_eq!(gate(&app, staff.clone(), "calls").await, enough);

    // a single opt-in may be confirmed, and then opens the newsletter
    app.advance(Span::minutes(1));
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    assert!(app.allowed(ANA).await);

    // ended by staff, and by the subject
    app.advance(Span::minutes(5));
    let ended = json!({"subject": staff, "purposes": ["calls"], "staff": "Bo"});
    app.send("consent.withdraw.v1", ended).await;
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": ["calls"]})).await;
    let states = "select purpose || ' ' || opt_in from consent order by 1";
    assert_eq!(
        app.column(states).await,
        ["calls 4", "calls 5", "newsletter 1", "newsletter 3", "recommendations 1", "recommendations 2"],
        "1 single by staff, 2 single by form, 3 double, 4 opted out by staff, 5 by the subject"
    );
}

async fn a_new_primary_address_resets_the_opt_in(app: TestApp) {
    let ana = |email: &str| json!({"email": email, "ids": {"shop": "4711"}});
    app.send("consent.request.v1", json!({"subject": ana(ANA), "contents": ["newsletter"]})).await;
    app.agree(&app.letter(1).await.link()).await;

    app.advance(Span::days(2));
    let new = "ana.new@example.org";
    // the same address again changes nothing
    app.send("subject.upsert.v1", json!({"subject": ana(ANA), "primary_email": ANA})).await;
    assert!(app.allowed(ANA).await);
    app.send("subject.upsert.v1", json!({"subject": ana(new), "primary_email": new})).await;
    for email in [ANA, new] {
        let answer = gate(&app, json!({"email": email}), "newsletter").await;
        assert_eq!(answer, (false, "opt_in_insufficient".into()));
    }
    let acts = app.acts().await;
    assert!(acts.ends_with(&["primary_email_changed".into(), "opt_in_reset".into()]), "{acts:?}");

    // who has the new address can confirm anew
    app.send("consent.request.v1", json!({"subject": {"ids": {"shop": "4711"}}, "contents": ["newsletter"]}))
        .await;
    let mail = app.letter(2).await;
    assert_eq!(mail.to, new);
    app.agree(&mail.link()).await;
    assert!(app.allowed(new).await);
}

async fn what_was_asked_at_the_former_address_confirms_nothing(app: TestApp) {
    let ana = |email: &str| json!({"email": email, "ids": {"shop": "4711"}});
    app.send("consent.request.v1", json!({"subject": ana(ANA), "contents": ["newsletter"]})).await;
    let asked = app.letter(1).await;
    // a page that was open before the change
    let (_, page) = app.get(&asked.link()).await;
    let new = "ana.new@example.org";
    app.send("subject.upsert.v1", json!({"subject": ana(new), "primary_email": new})).await;
    let (status, _) = app.get(&asked.link()).await;
    assert_eq!(status, 404);
    let nonce = nonce(&page);
    let form = [("nonce", nonce.as_str()), ("answer", "granted"), ("agree", "yes")];
    app.http.post(asked.link()).form(&form).send().await.expect("an answer");
    for email in [ANA, new] {
        assert!(!app.allowed(email).await, "{email}");
    }
    assert_eq!(app.count("select count(*) from consent where state = 1").await, 0);
    eventually("the apps are told", async || {
        app.count("select count(*) from event where kind = 'consent.request_expired.v1'").await == 1
    })
    .await;

    // a day later the new address can be asked
    app.advance(Span::days(2));
    app.send("consent.request.v1", json!({"subject": ana(new), "contents": ["newsletter"]})).await;
    let mail = app.letter(2).await;
    assert_eq!(mail.to, new);
    app.agree(&mail.link()).await;
    assert!(app.allowed(new).await);
}

async fn what_is_recorded_later_demotes_no_confirmed_consent(app: TestApp) {
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    assert!(app.allowed(ANA).await);
    // the same box ticked once more, in an app's own form, and told to staff
    for staff in [None, Some("Bo")] {
        app.advance(Span::hours(1));
        let mut again = of_ana(&[agree("marketing", "newsletter")]);
        if let Some(staff) = staff {
            again["staff"] = json!(staff);
            again["how"] = json!("by phone");
        }
        app.send("consent.record.v1", again).await;
        assert!(app.allowed(ANA).await, "the newsletter needs a double opt-in, which was given");
    }
    // each record says how it was taken
    let records = "select opt_in || '' from consent_record order by recorded_at";
    assert_eq!(app.column(records).await, ["3", "2", "1"]);

    // taken back and recorded anew, it is a single opt-in
    app.advance(Span::hours(1));
    app.send("consent.withdraw.v1", json!({"subject": {"email": ANA}, "purposes": "all"})).await;
    app.advance(Span::hours(1));
    app.send("consent.record.v1", of_ana(&[agree("marketing", "newsletter")])).await;
    let answer = gate(&app, json!({"email": ANA}), "newsletter").await;
    assert_eq!(answer, (false, "opt_in_insufficient".into()));
}

async fn a_wording_covers_its_channels(app: TestApp) {
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    for (channel, allowed) in [("email", true), ("phone", false), ("post", false)] {
        let question = json!({"subject": {"email": ANA}, "purpose": "newsletter", "channel": channel});
        let answer = app.http.post(app.url("/v1/gate")).json(&question).send().await.expect("an answer");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["allowed"], allowed, "{channel}: {answer}");
        assert_eq!(answer["reason"] == "channel_not_covered", !allowed);
    }
}

async fn the_page_says_who_asks_for_what(app: TestApp) {
    app.request(ANA).await;
    let (_, page) = app.get(&app.letter(1).await.link()).await;
    for said in [
        "Example Shop GmbH",
        "privacy@example.org",
        "Newsletter per E-Mail",
        "etwa einmal im Monat",
        "value=\"granted\"",
        "value=\"refused\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains(" checked"), "nothing is ticked beforehand");
}

async fn history_is_only_added_to(app: TestApp) {
    let of_newsletter = |answer| of_ana(&[answer]);
    app.send("consent.record.v1", of_newsletter(agree("marketing", "newsletter"))).await;
    let first =
        app.column("select opt_in || ' ' || expressed_at || ' ' || told_by from consent_record").await;
    app.advance(Span::hours(1));
    app.send("consent.record.v1", of_newsletter(disagree("marketing", "newsletter"))).await;
    app.advance(Span::hours(1));
    app.send("consent.record.v1", of_newsletter(agree("marketing", "newsletter"))).await;

    assert_eq!(
        register(&app).await,
        ["newsletter 1 web-form", "newsletter 3 web-form", "newsletter 1 web-form"],
        "a no after a yes is a withdrawal"
    );
    let all = app
        .column(
            "select opt_in || ' ' || expressed_at || ' ' || told_by from consent_record order by recorded_at",
        )
        .await;
    assert_eq!(all[0], first[0], "what was recorded stays as it was");
    let told: Vec<Value> =
        trail(&app).await.iter().map(|(_, _, d)| serde_json::from_str(d).expect("JSON")).collect();
    let acts: Vec<&str> = told.iter().filter_map(|d| d["act"].as_str()).collect();
    assert_eq!(
        acts,
        [
            "subject_created",
            "identity_added",
            "consent_granted",
            "consent_withdrawn",
            "staff_notified",
            "consent_granted"
        ]
    );
    assert!(told.iter().all(|d| d["source"] == "shop"), "by whom: {told:?}");
    assert_eq!(told[5]["at"], json!(app.clock.now()), "when");
    assert!(told.iter().all(|d| d["policy"].as_str().is_some_and(|p| p.len() == 64)), "under which rules");
}

async fn every_act_is_in_the_trail_with_its_leaf(app: TestApp) {
    let subject = json!({"email": ANA, "name": "Ana Unmistakable", "phone": "+49 30 5550199"});
    let evidence = json!({"ip": "203.0.113.77", "form": "footer/3"});
    let data = json!({"subject": subject, "contents": ["newsletter"], "evidence": evidence});
    app.send("consent.request.v1", data).await;
    app.agree(&app.letter(1).await.link()).await;
    app.send(
        "subject.upsert.v1",
        json!({"subject": {"email": ANA}, "fields": {"company": "Unmistakable Ltd"}}),
    )
    .await;
    app.quiet().await;

    let trail = trail(&app).await;
    assert!(trail.len() >= 5);
    for (salt, kept, detail) in &trail {
        assert_eq!(leaf(salt, detail)[..], kept[..], "SHA-256 of 0, salt and detail");
        for personal in ["example.org", "Unmistakable", "5550199", "203.0.113", "footer/3"] {
            assert!(!detail.contains(personal), "{detail}");
        }
    }
    // an act that was refused is not in it
    app.refused("subject.upsert.v1", json!({"subject": {"email": ANA}, "fields": {"no-such-field": "x"}}))
        .await;
    assert_eq!(super::opting_in::trail(&app).await.len(), trail.len());
}

/// Salt, leaf and detail of each event of the trail, in order.
async fn trail(app: &TestApp) -> Vec<(Vec<u8>, Vec<u8>, String)> {
    let query = "select salt, leaf, detail from audit order by at, subject_id, sequence, ordinal";
    let rows = rows(app, query).await;
    rows.iter()
        .map(|r| (r.get(0).expect("a salt"), r.get(1).expect("a leaf"), r.get(2).expect("a detail")))
        .collect()
}

/// Where values of subjects end up.
const TABLES: &[&str] = &[
    "subject",
    "identity",
    "subject_field",
    "subject_link",
    "consent",
    "consent_record",
    "consent_request",
    "mail",
    "event",
    "job",
    "inbox",
    "parked",
    "audit",
    "counter",
];

async fn nothing_personal_lies_open_in_the_store(mut app: TestApp) {
    let subject = json!({"email": "marker@example.org", "name": "Marker Person", "phone": "+49 30 5550198"});
    let evidence = json!({"ip": "203.0.113.78", "user_agent": "MarkerBrowser/1", "form": "marker-form"});
    let data = json!({"subject": subject, "contents": ["newsletter"], "evidence": evidence, "staff": "Marker Staff"});
    app.send("consent.request.v1", data).await;
    let links = json!({"subject": {"email": "marker@example.org"}, "fields": {"company": "Marker Ltd"},
                       "addresses": [{"name": "marker-home", "value": "Marker Street 1"}]});
    app.send("subject.upsert.v1", links).await;
    app.agree(&app.letter(1).await.link()).await;
    app.quiet().await;

    let mut everything = Vec::new();
    if let Some(file) = app.database.file() {
        app.stop().await;
        for file in [file.clone(), file.with_extension("db-wal")] {
            everything.extend(std::fs::read(file).unwrap_or_default());
        }
    } else {
        for table in TABLES {
            let query = Box::leak(format!("select t::text from {table} t").into_boxed_str());
            everything.extend(app.column(query).await.join("\n").into_bytes());
        }
    }
    let everything = String::from_utf8_lossy(&everything).to_lowercase();
    assert!(everything.contains("newsletter"), "the store was read");
    for personal in ["marker", "5550198", "203.0.113.78"] {
        let hex: String = personal.bytes().map(|b| format!("{b:02x}")).collect();
        assert!(!everything.contains(personal) && !everything.contains(&hex), "{personal} lies open");
    }
}
