//! What the address of a page alone does not allow: giving consent and correcting data, after a mailed code (D6, G7).

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::on_both;

on_both! {
    consent_is_given_after_a_mailed_code,
    data_are_corrected_after_a_mailed_code,
    the_address_alone_gives_nothing_and_shows_nothing,
    a_code_is_for_few_tries_and_a_quarter_of_an_hour,
    a_page_locks_itself_again,
    codes_are_capped,
    a_restricted_subject_only_withdraws,
    a_child_does_not_grow_up_by_a_click,
    every_language_has_the_code,
    what_answers_a_form_offers_every_language,
}

/// Ana is known and has consented to nothing yet.
async fn known(app: &TestApp) {
    let subject = json!({"email": ANA, "name": "Ana Lindqvist", "ids": {"shop": "4711"}, "locale": "de"});
    let fields = json!({"birthday": "1990-12-31", "first_name": "Ana"});
    app.send("subject.upsert.v1", json!({"subject": subject, "fields": fields})).await;
    app.advance(Span::hours(1));
}

/// Has the n-th mail to subjects bring the code; returns it, and the nonce of the page that asks for it.
async fn code(app: &TestApp, address: &str, n: usize) -> (String, String) {
    let (status, page) = app.get(&format!("{address}/change")).await;
    assert_eq!(status, 200, "{page}");
    let (status, page) = post(app, address, "code", &[("nonce", &nonce(&page))]).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("autocomplete=\"one-time-code\""), "{page}");
    let letter = app.letter(n).await;
    assert_eq!(letter.to, ANA);
    let line = letter
        .text
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 9 && line.chars().all(|c| c.is_ascii_digit() || c == ' '));
    (line.expect("a code").to_owned(), nonce(&page))
}

/// A page that the code has unlocked.
pub(super) async fn unlocked(app: &TestApp, address: &str, n: usize) -> String {
    let (code, nonce) = code(app, address, n).await;
    let (status, page) = post(app, address, "unlock", &[("nonce", &nonce), ("code", &code)]).await;
    assert_eq!(status, 200, "{page}");
    page
}

async fn post(app: &TestApp, address: &str, to: &str, form: &[(&str, &str)]) -> (u16, String) {
    let response = app.http.post(format!("{address}/{to}")).form(form).send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("a page"))
}

/// The value of a hidden field.
pub(super) fn hidden(page: &str, name: &str) -> String {
    let rest = page.split_once(&format!("name=\"{name}\" value=\"")).expect("the field").1;
    rest.split_once('"').expect("an end").0.to_owned()
}

async fn consent_is_given_after_a_mailed_code(app: TestApp) {
    known(&app).await;
    let address = address(&app).await;
    let page = unlocked(&app, &address, 1).await;
    assert!(page.contains("Ich willige ein, dass mir die Example Shop GmbH ihren Newsletter"), "{page}");
    assert!(page.contains("type=\"checkbox\"") && !page.contains(" checked"), "nothing is pre-ticked");
    let (nonce, pass) = (hidden(&page, "nonce"), hidden(&page, "pass"));
    let mut form = vec![("nonce", nonce.as_str()), ("pass", &pass), ("give", "newsletter"), ("version", "1")];
    let (status, page) = post(&app, &address, "edit", &form).await;
    assert!(
        status == 422 && page.contains("id=\"missing-newsletter\""),
        "no consent without the box: {page}"
    );
    assert_eq!(app.gate(ANA, "newsletter").await["reason"], "no_consent");
    form.push(("agree", "yes"));
    let (status, page) = post(&app, &address, "edit", &form).await;
    assert!(status == 200 && page.contains("role=\"status\""), "{page}");
    assert!(!page.contains("value=\"newsletter\"") && page.contains("value=\"recommendations\""), "{page}");
    assert!(app.allowed(ANA).await, "it counts as confirmed");
    let proof = "select purpose || ' ' || content || ' ' || content_version || ' ' || locale || ' ' || told_by || ' ' || source \
                 from consent_record where expression = 1 and opt_in = 3 and evidence is not null \
                 and network_evidence is not null";
    assert_eq!(app.column(proof).await, ["newsletter newsletter 1 de subject preference-page"]);
    app.expect_events(&["consent.granted.v1"]).await;
    // a wording that is not in use, and what is no question
    for (content, version) in [("newsletter", "2"), ("terms", "1"), ("nothing", "1"), ("newsletter", "x")] {
        let form = [
            ("nonce", nonce.as_str()),
            ("pass", &pass),
            ("give", content),
            ("version", version),
            ("agree", "yes"),
        ];
        let (_, page) = post(&app, &address, "edit", &form).await;
        assert!(!page.contains("role=\"status\""), "{content}: {page}");
    }
    assert_eq!(app.count("select count(*) from consent_record").await, 1);

    // taken back and given again within a minute: the person's last word counts
    submit(&app, &format!("{address}/withdraw/newsletter"), &[]).await;
    assert!(!app.allowed(ANA).await);
    app.advance(Span::seconds(20));
    let (status, _) = post(&app, &address, "edit", &form).await;
    assert_eq!(status, 200);
    assert!(app.allowed(ANA).await);
}

async fn data_are_corrected_after_a_mailed_code(app: TestApp) {
    known(&app).await;
    let address = address(&app).await;
    let page = unlocked(&app, &address, 1).await;
    for shown in
        ["value=\"Ana Lindqvist\"", "value=\"1990-12-31\"", "type=\"date\"", "autocomplete=\"given-name\""]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let (nonce, pass) = (hidden(&page, "nonce"), hidden(&page, "pass"));
    let form = |fields: &[(&'static str, &'static str)]| {
        let own = [("nonce", nonce.clone()), ("pass", pass.clone()), ("correct", "yes".to_owned())];
        own.into_iter().chain(fields.iter().map(|(n, v)| (*n, (*v).to_owned()))).collect::<Vec<_>>()
    };
    let send = async |fields: &[(&'static str, &'static str)]| {
        let response = app.http.post(format!("{address}/edit")).form(&form(fields)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, page) = send(&[("field.birthday", "yesterday"), ("field.company", "Quay Ltd")]).await;
    assert!(status == 422 && page.contains("id=\"wrong-birthday\""), "{page}");
    assert!(
        page.contains("value=\"yesterday\"") && page.contains("value=\"Quay Ltd\""),
        "nothing is lost: {page}"
    );
    assert_eq!(app.count("select count(*) from subject_field where field = 'company'").await, 0);
    let (status, page) = send(&[
        ("field.name", "Ana Strand"),
        ("field.first_name", ""),
        ("field.company", "Quay <Ltd>"),
        ("field.birthday", "1990-12-31"),
        ("field.nothing", "x"),
    ])
    .await;
    assert!(status == 200 && page.contains("role=\"status\""), "{page}");
    assert!(page.contains("value=\"Ana Strand\"") && page.contains("Quay &lt;Ltd&gt;"), "{page}");
    assert_eq!(
        app.column("select field from subject_field order by field").await,
        ["birthday", "company", "name"]
    );
    let acts = app.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "fields_changed").count(), 2, "{acts:?}");
}

async fn the_address_alone_gives_nothing_and_shows_nothing(app: TestApp) {
    known(&app).await;
    let address = address(&app).await;
    let (_, page) = app.get(&format!("{address}/change")).await;
    let nonce = nonce(&page);
    for place in ["", "/change"] {
        let (_, page) = app.get(&format!("{address}{place}")).await;
        assert!(PERSONAL.iter().all(|text| !page.contains(text)), "{page}");
    }
    let forged = "00000000000000000000000000000000.9999999999999999.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for pass in ["", "x", "..", forged] {
        for what in [
            vec![("give", "newsletter"), ("version", "1"), ("agree", "yes")],
            vec![("correct", "yes"), ("field.name", "Eve")],
        ] {
            let form: Vec<_> = [("nonce", nonce.as_str()), ("pass", pass)].into_iter().chain(what).collect();
            let (status, page) = post(&app, &address, "edit", &form).await;
            assert_eq!(status, 422);
            assert!(PERSONAL.iter().all(|text| !page.contains(text)), "{page}");
        }
    }
    let (status, page) = post(&app, &address, "unlock", &[("nonce", &nonce), ("code", "12345678")]).await;
    assert!(
        status == 422 && PERSONAL.iter().all(|text| !page.contains(text)),
        "no code was asked for: {page}"
    );
    // whoever reloads such an address begins anew
    for place in ["code", "unlock", "edit"] {
        let url = format!("{address}/{place}");
        let response = app.http.get(&url).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["location"]),
            (303, &"change".parse().unwrap())
        );
    }
    for place in ["change", "code", "unlock", "edit"] {
        let url = app.url(&format!("/p/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/{place}"));
        assert_eq!(app.get(&url).await.0, 404);
    }
    assert_eq!(app.count("select count(*) from consent_record").await, 0);
    assert_eq!(app.letters().len(), 0);
}

async fn a_code_is_for_few_tries_and_a_quarter_of_an_hour(app: TestApp) {
    known(&app).await;
    let address = address(&app).await;
    let (right, nonce) = code(&app, &address, 1).await;
    assert_eq!(app.count("select count(*) from mail where template = 'page_code'").await, 1);
    let wrong = if right.starts_with("0000") { "1111 1111" } else { "0000 0000" };
    for _ in 0..5 {
        let (status, page) = post(&app, &address, "unlock", &[("nonce", &nonce), ("code", wrong)]).await;
        assert!(status == 422 && page.contains("id=\"problem\""), "{page}");
    }
    let (status, _) = post(&app, &address, "unlock", &[("nonce", &nonce), ("code", &right)]).await;
    assert_eq!(status, 422, "the right one comes too late");

    let (first, again) = code(&app, &address, 2).await;
    let (status, _) = post(&app, &address, "code", &[("nonce", &again)]).await;
    app.quiet().await;
    assert_eq!((status, app.letters().len()), (200, 2), "pressed twice, mailed once");
    app.advance(Span::minutes(1));
    let (second, nonce) = code(&app, &address, 3).await;
    let (status, _) = post(&app, &address, "unlock", &[("nonce", &nonce), ("code", &first)]).await;
    assert!(status == 422 || first == second, "a new one takes the place of the one before");
    app.advance(Span::minutes(16));
    let (status, _) = post(&app, &address, "unlock", &[("nonce", &nonce), ("code", &second)]).await;
    assert_eq!(status, 422, "it is too old");

    let (code, nonce) = code(&app, &address, 4).await;
    let spaced = format!(" {}-{} ", &code[..4], &code[5..]);
    let (status, _) = post(&app, &address, "unlock", &[("nonce", &nonce), ("code", &spaced)]).await;
    assert_eq!(status, 200, "as people write it");
    let (status, _) = post(&app, &address, "unlock", &[("nonce", &nonce), ("code", &code)]).await;
    assert_eq!(status, 200, "pressed twice");
}

async fn a_page_locks_itself_again(app: TestApp) {
    known(&app).await;
    let first = address(&app).await;
    let page = unlocked(&app, &first, 1).await;
    let pass = hidden(&page, "pass");
    let form = |nonce: &str| {
        [
            ("nonce", nonce.to_owned()),
            ("pass", pass.clone()),
            ("correct", "yes".into()),
            ("field.name", "Eve".into()),
        ]
    };
    app.advance(Span::minutes(31));
    let (_, page) = app.get(&format!("{first}/change")).await;
    let late = app.http.post(format!("{first}/edit")).form(&form(&nonce(&page))).send().await.unwrap();
    assert_eq!(late.status().as_u16(), 422, "half an hour is over");
    // a pass of one address is none of another
    let second = link(&app, &["--reissue"]).await.trim().to_owned();
    let (_, page) = app.get(&format!("{second}/change")).await;
    let other = app.http.post(format!("{second}/edit")).form(&form(&nonce(&page))).send().await.unwrap();
    assert_eq!(other.status().as_u16(), 422);
    let acts = app.acts().await;
    assert_eq!(acts.iter().filter(|act| *act == "fields_changed").count(), 1, "{acts:?}");
}

async fn codes_are_capped(app: TestApp) {
    known(&app).await;
    let address = address(&app).await;
    for n in 1..=5 {
        code(&app, &address, n).await;
        app.advance(Span::minutes(1));
    }
    let (_, page) = app.get(&format!("{address}/change")).await;
    let (status, page) = post(&app, &address, "code", &[("nonce", &nonce(&page))]).await;
    assert!(status == 429 && page.contains("id=\"problem\""), "{page}");
    app.quiet().await;
    assert_eq!(app.letters().len(), 5);
    app.advance(Span::days(1));
    code(&app, &address, 6).await;
}

async fn a_restricted_subject_only_withdraws(app: TestApp) {
    consented(&app).await;
    let address = address(&app).await;
    let page = unlocked(&app, &address, 1).await;
    let (nonce, pass) = (hidden(&page, "nonce"), hidden(&page, "pass"));
    let restriction = json!({"subject": {"email": ANA}, "ground": "legal_claims"});
    app.send("subject.restrict.v1", restriction).await;
    let form = [("nonce", nonce.as_str()), ("pass", &pass), ("correct", "yes"), ("field.name", "Eve")];
    let (status, page) = post(&app, &address, "edit", &form).await;
    assert!(status == 422 && page.contains("id=\"problem\""), "{page}");
    let (status, _) = post(&app, &address, "code", &[("nonce", &nonce)]).await;
    assert_eq!(status, 422);
    submit(&app, &format!("{address}/withdraw/newsletter"), &[]).await;
    let state = app.column("select cast(state as text) from consent where purpose = 'newsletter'").await;
    assert_eq!(state, ["3"], "withdrawing always works");
}

async fn a_child_does_not_grow_up_by_a_click(app: TestApp) {
    let subject = json!({"email": ANA, "locale": "en"});
    app.send("subject.upsert.v1", json!({"subject": subject, "fields": {"birthday": "2014-05-01"}})).await;
    let address = address(&app).await;
    let page = unlocked(&app, &address, 1).await;
    let (nonce, pass) = (hidden(&page, "nonce"), hidden(&page, "pass"));
    let own = [("nonce", nonce.as_str()), ("pass", pass.as_str())];
    let give = [("give", "newsletter"), ("version", "1"), ("agree", "yes")];
    let (_, page) = post(&app, &address, "edit", &own.into_iter().chain(give).collect::<Vec<_>>()).await;
    assert!(!page.contains("role=\"status\""), "{page}");
    for birthday in ["1990-05-01", ""] {
        let grow = [("correct", "yes"), ("field.birthday", birthday)];
        let form: Vec<_> = own.into_iter().chain(grow).collect();
        let (status, _) = post(&app, &address, "edit", &form).await;
        assert_eq!(status, 422, "{birthday:?}");
    }
    assert_eq!(app.count("select count(*) from consent_record").await, 0);
}

async fn every_language_has_the_code(app: TestApp) {
    known(&app).await;
    let address = address(&app).await;
    for locale in ["en", "de", "fr", "pl", "bg", "ru", "uk"] {
        let (status, page) = app.get(&format!("{address}/change?lang={locale}")).await;
        assert!(status == 200 && page.contains(&format!("<html lang=\"{locale}\"")), "{page}");
        assert!(plain(&page).contains(&format!("action=\"code?lang={locale}\"")), "{page}");
        let response = app
            .http
            .post(format!("{address}/unlock?lang={locale}"))
            .form(&[("nonce", nonce(&page)), ("code", "1".into())])
            .send()
            .await
            .unwrap();
        let page = response.text().await.unwrap();
        assert!(page.contains(&format!("<html lang=\"{locale}\"")), "{page}");
        assert!(plain(&page).contains(&format!("action=\"unlock?lang={locale}\"")), "{page}");
    }
}

async fn what_answers_a_form_offers_every_language(app: TestApp) {
    known(&app).await;
    let address = address(&app).await;
    let edit = unlocked(&app, &address, 1).await;
    // the very code opens it once more
    let there = follow(&format!("{address}/unlock"), &edit, "lang=fr");
    let (status, page) = app.get(&there).await;
    assert!(status == 200 && page.contains("autocomplete=\"one-time-code\""), "{there}: {page}");
    let own = nonce(&edit);
    for (place, form) in [
        ("code", vec![("nonce", own.as_str())]),
        ("code", vec![("nonce", "stale")]),
        ("unlock", vec![("nonce", own.as_str()), ("code", "1")]),
        ("edit", vec![("nonce", own.as_str())]),
    ] {
        let (_, page) = post(&app, &address, place, &form).await;
        let there = follow(&format!("{address}/{place}"), &page, "lang=fr");
        let (status, page) = app.get(&there).await;
        assert!(status == 200 && page.contains("<html lang=\"fr\""), "{place}: {there}: {page}");
        assert!(PERSONAL.iter().all(|text| !page.contains(text)), "{page}");
    }
}
