//! The registers: everything a look-up needs, and nothing personal in the open.

use rescind_tests::app::TestApp;
use rescind_tests::on_both;
use serde_json::{Value, json};

on_both! {
    consents_are_listed_and_shown,
    a_subject_is_shown_by_any_of_its_names,
    accepted_terms_are_shown,
    lists_come_in_pages,
}

/// Ana gives consent to the newsletter; Bob is only asked.
async fn two_people(app: &TestApp) {
    let subject = json!({"email": "ana@example.org", "name": "Ana Lindqvist", "phone": "+49 30 1234567",
        "ids": {"shop": "C-4711"}, "locale": "de"});
    let evidence = json!({"ip": "203.0.113.7", "user_agent": "Canary/1.0", "form": "footer/3"});
    app.send(
        "consent.request.v1",
        json!({"subject": subject, "contents": ["newsletter"], "evidence": evidence}),
    )
    .await;
    let link = app.letter(1).await.link();
    app.agree(&link).await;
    app.request("bob@example.org").await;
    app.letter(2).await;
    app.quiet().await;
}

async fn accepted_terms_are_shown(app: TestApp) {
    let terms = json!({"subject": {"email": "ana@example.org", "locale": "de"}, "content": "terms",
        "accepted_at": "2026-02-03T08:00:00Z", "source": "checkout", "evidence": {"form": "footer/7"}});
    app.send("terms.accept.v1", terms).await;
    let shown = app.rescind(&["subjects", "show", "email:ana@example.org", "--json"]).await.json();
    let accepted = &shown[0]["accepted_terms"][0];
    assert_eq!((&accepted["content"], &accepted["version"]), (&json!("terms"), &json!(1)));
    assert_eq!((&accepted["locale"], &accepted["source"]), (&json!("de"), &json!("checkout")));
    assert_eq!(accepted["accepted_at"], "2026-02-03T08:00:00Z");
    let shown = app.rescind(&["subjects", "show", "email:ana@example.org"]).await.done();
    assert!(shown.contains("accepted terms") && shown.contains("2026-02-03T08:00:00Z"), "{shown}");
    assert_nothing_personal(&shown);
}

fn assert_nothing_personal(text: &str) {
    for marker in ["ana@", "bob@", "Lindqvist", "1234567", "4711", "203.0.113.7", "Canary", "footer"] {
        assert!(!text.contains(marker), "{marker} in\n{text}");
    }
}

async fn consents_are_listed_and_shown(app: TestApp) {
    two_people(&app).await;
    let list = app.rescind(&["consents", "list", "--json"]).await.done();
    assert_nothing_personal(&list);
    let granted = app
        .rescind(&["consents", "list", "--state", "granted", "--purpose", "newsletter", "--json"])
        .await
        .json();
    let consents = granted.as_array().expect("an array");
    assert_eq!(consents.len(), 1);
    let ana = &consents[0];
    assert_eq!(ana["email"], "a••@e••••••.org");
    assert_eq!((&ana["state"], &ana["opt_in"]), (&json!("granted"), &json!("double")));
    assert_eq!(
        (&ana["content"], &ana["version"], &ana["locale"]),
        (&json!("newsletter"), &json!(1), &json!("de"))
    );

    let of_ana =
        app.rescind(&["consents", "list", "--subject", "email:Ana@example.org", "--json"]).await.json();
    assert_eq!(of_ana, granted);
    assert_eq!(app.rescind(&["consents", "list", "--purpose", "offers", "--json"]).await.json(), json!([]));
    assert!(
        app.rescind(&["consents", "list", "--purpose", "offers"]).await.done().contains("no such consents")
    );

    let record = ana["record"].as_str().expect("a record");
    let shown = app.rescind(&["consents", "show", record]).await.done();
    assert_nothing_personal(&shown);
    for part in [
        "a••@e••••••.org",
        "granted at",
        "newsletter 1 de",
        "present",
        "consent_requested",
        "consent_granted",
    ] {
        assert!(shown.contains(part), "{part} missing in\n{shown}");
    }
    let shown = app.rescind(&["consents", "show", record, "--json"]).await.json();
    assert_eq!(shown["record"]["network_evidence"], "present");
    let acts: Vec<&Value> = shown["history"].as_array().expect("a list").iter().map(|e| &e["act"]).collect();
    assert_eq!(acts, ["consent_requested", "consent_granted"]);

    let by_subject = app.rescind(&["consents", "show", "email:ana@example.org"]).await.done();
    assert_nothing_personal(&by_subject);
    assert!(by_subject.contains(record), "{by_subject}");
    let by_subject = app.rescind(&["consents", "show", "email:ana@example.org", "--json"]).await.json();
    assert_eq!(by_subject[0]["records"][0]["id"], record);
    assert_eq!(by_subject[0]["consents"][0], *ana);

    let told = app.rescind(&["consents", "show", "email:eve@example.org"]).await.failed();
    assert!(!told.contains("eve"), "{told}");
    let told = app.rescind(&["consents", "list", "--state", "maybe"]).await.wrong();
    assert!(told.contains("expected one of requested, granted"), "{told}");
}

async fn a_subject_is_shown_by_any_of_its_names(app: TestApp) {
    two_people(&app).await;
    let by_email = app.rescind(&["subjects", "show", "email:ana@example.org", "--json"]).await.json();
    let id = by_email[0]["id"].as_str().expect("an id");
    for name in ["ana@example.org", "phone:+49301234567", "ids:shop:C-4711", id] {
        assert_eq!(app.rescind(&["subjects", "show", name, "--json"]).await.json(), by_email, "{name}");
    }
    let ana = &by_email[0];
    assert_eq!(
        (&ana["state"], &ana["locale"], &ana["provisional"]),
        (&json!("active"), &json!("de"), &json!(false))
    );
    assert_eq!(ana["fields"], json!({"name": "A••••"}));
    assert_eq!(ana["mails"], json!({"sent": 1}));
    let identities: Vec<&str> =
        ana["identities"].as_array().expect("a list").iter().filter_map(|i| i["value"].as_str()).collect();
    assert_eq!(identities, ["a••@e••••••.org", "C••••", "+49••••••67"]);
    assert_eq!(ana["consents"][0]["state"], "granted");
    assert_eq!(ana["open_requests"], json!([]));

    let bob = app.rescind(&["subjects", "show", "email:bob@example.org"]).await.done();
    assert_nothing_personal(&bob);
    assert!(bob.contains("only asked so far") && bob.contains("open request"), "{bob}");
    assert_nothing_personal(&app.rescind(&["subjects", "show", id]).await.done());

    for unknown in ["email:eve@example.org", "0192d7a0-0000-7000-8000-000000000001"] {
        assert!(app.rescind(&["subjects", "show", unknown]).await.failed().contains("no data subject"));
    }
    let told = app.rescind(&["subjects", "show", "email:not-an-address"]).await.wrong();
    assert!(told.contains("must be an email address"), "{told}");
}

async fn lists_come_in_pages(app: TestApp) {
    let consents: Vec<Value> = (0..5)
        .map(|n| {
            let consent = json!({"category": "marketing", "content": "newsletter", "answer": "agree"});
            app.message(
                "consent.record.v1",
                json!({"subject": {"email": format!("p{n}@example.org")}, "consents": [consent]}),
            )
        })
        .collect();
    let (status, answer) = app.post(&Value::Array(consents)).await;
    assert_eq!(status, 202, "{answer}");
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut arguments = vec!["consents", "list", "--limit", "2", "--json"];
        if let Some(after) = &after {
            arguments.extend(["--after", after]);
        }
        let page = app.rescind(&arguments).await.json();
        let page = page.as_array().expect("an array").clone();
        let Some(last) = page.last() else { break };
        after = Some(format!("{}/{}", last["subject"].as_str().unwrap(), last["purpose"].as_str().unwrap()));
        seen.extend(page.iter().map(|c| c["subject"].to_string()));
    }
    assert_eq!(seen.len(), 5);
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted, seen);
}
