//! `rescind consents import`.

use super::*;
use rescind_jobs::time::Span;
use rescind_tests::on_both;
use rescind_tests::operations::example_policy;

on_both! {
    a_list_is_recorded_with_proof_trail_and_events,
    json_lines_are_recorded_alike,
    wrong_lines_cost_themselves_and_are_told_without_personal_data,
    run_again_it_goes_on_and_doubles_nothing,
    nothing_that_was_ended_is_revived,
    an_objection_outlives_the_basis_that_it_was_against,
    a_list_outdoes_no_unclear_withdrawal,
    double_opt_in_cannot_be_claimed,
    a_rehearsal_changes_nothing,
    one_value_may_stand_for_all_lines,
    it_takes_the_role_manage,
    a_quote_left_open_loses_no_line_unseen,
    the_list_is_never_overwritten,
    what_is_no_list_is_told_before_anything_is_recorded,
    who_waits_does_not_wait_for_the_list,
}

const LIST: &str = "\
email,phone,name,locale,ids.shop,content,state,given_at,source,staff,how,form,ip
ana@example.org,+49 30 1234567,Ana Lindqvist,de,C-1,newsletter,single_form,2026-03-01T08:00:00Z,web-form,,,footer/3,203.0.113.7
bob@example.org,,Bob,en,C-2,newsletter,single,2026-03-02,paper,Carl Novak,on paper,,
cleo@example.org,,,fr,C-3,newsletter,opted_out,2026-03-03,phone,,,,
";

async fn import(app: &TestApp, file: &str) -> Value {
    app.rescind(&["consents", "import", file, "--json"]).await.json()
}

fn counts(lines: u64, recorded: u64, known: u64, left_alone: u64, wrong: u64) -> Value {
    json!({"lines": lines, "recorded": recorded, "known": known, "left_alone": left_alone, "wrong": wrong})
}

async fn a_list_is_recorded_with_proof_trail_and_events(app: TestApp) {
    let (path, list) = file(&app, "list.csv", LIST);
    assert_eq!(import(&app, &list).await, counts(3, 3, 0, 0, 0));
    assert_eq!(consents(&app, "email:ana@example.org").await, ["newsletter granted single_form"]);
    assert_eq!(consents(&app, "ids:shop:C-2").await, ["newsletter granted single_staff"]);
    assert_eq!(consents(&app, "email:cleo@example.org").await, ["newsletter refused opted_out_subject"]);
    let told = app.column("select source || ' ' || told_by from consent_record order by expressed_at").await;
    assert_eq!(told, ["web-form import", "paper import", "phone import"]);
    assert_eq!(app.count("select count(*) from consent_record where evidence is not null").await, 3);
    assert_eq!(app.count("select count(*) from consent_record where network_evidence is not null").await, 1);
    assert!(!app.allowed(ANA).await, "a newsletter takes her own confirmation");
    app.quiet().await;
    let mut events = app.events().await;
    events.sort();
    assert_eq!(events, ["consent.granted.v1", "consent.granted.v1", "consent.refused.v1"]);
    assert_eq!(app.count("select count(*) from event where lane = 1").await, 3, "in the background");
    assert_eq!(app.letters().len(), 0);

    let (begun, ended) = (acts(&app, "import_begun").await, acts(&app, "import_ended").await);
    assert_eq!(begun[0]["file"].as_str().expect("a checksum").len(), 64);
    assert_eq!((&ended[0]["file"], &ended[0]["recorded"]), (&begun[0]["file"], &json!(3)));
    assert_eq!(ended[0]["actor"], "local operator");
    let granted = acts(&app, "consent_granted").await;
    assert_eq!((granted.len(), &granted[0]["source"]), (2, &json!("import")));
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert_eq!(errors, "line,column,code,problem\n");
}

async fn json_lines_are_recorded_alike(app: TestApp) {
    let text = format!(
        "{}\n{}\n",
        json!({"email": ANA, "ids": {"shop": "C-1"}, "purpose": "newsletter", "given_at": "2026-03-01"}),
        json!({"email": "bob@example.org", "content": "recommendations", "given_at": "2026-03-01"}),
    );
    let (_, list) = file(&app, "list.ndjson", &text);
    assert_eq!(import(&app, &list).await, counts(2, 2, 0, 0, 0));
    assert_eq!(consents(&app, "ids:shop:C-1").await, ["newsletter granted single_form"]);
    assert_eq!(consents(&app, "bob@example.org").await, ["recommendations granted single_form"]);
}

async fn wrong_lines_cost_themselves_and_are_told_without_personal_data(app: TestApp) {
    let lines = [
        "secret-address,,newsletter,,2026-03-01,,",
        "ana@example.org,,newsletter,,2026-03-01,,",
        ",,newsletter,,2026-03-01,,",
        "b@secret.example,12,newsletter,,2026-03-01,,",
        "c@secret.example,,no-such,,2026-03-01,,",
        "d@secret.example,,newsletter,,01.03.2026,,",
        "e@secret.example,,newsletter,,2036-03-01,,",
        "f@secret.example,,newsletter,maybe,2026-03-01,,",
        "g@secret.example,,newsletter,,,,",
        "h@secret.example,,newsletter,,2026-03-01,smoke,",
        "i@secret.example,,newsletter,,2026-03-01,,Carl",
        "j@secret.example,,terms,,2026-03-01,,",
        "k@secret.example,,newsletter,,2025-12-31,,",
        "l@secret.example,,newsletter,,2026-03-01,,,secret",
    ];
    let (path, list) = file(
        &app,
        "list.csv",
        &format!("email,phone,content,state,given_at,source,staff\n{}", lines.join("\n")),
    );
    let ran = app.rescind(&["consents", "import", &list]).await;
    assert!(ran.out.contains("recorded") && ran.out.contains("wrong"), "{}", ran.out);
    let told = ran.failed();
    assert!(told.contains("13 of 14 lines are wrong") && told.contains("list.csv.errors.csv"), "{told}");
    assert_eq!(app.count("select count(*) from consent_record").await, 1);

    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert!(!errors.contains("secret") && !errors.contains("Carl"), "{errors}");
    let mut named: Vec<(u32, String)> = errors
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let number = cells.next().expect("a number").parse().expect("a number");
            (number, cells.next().expect("a column").to_owned())
        })
        .collect();
    named.sort();
    let wanted = [
        (2, "email"),
        (4, ""),
        (5, "phone"),
        (6, "content"),
        (7, "given_at"),
        (8, "given_at"),
        (9, "state"),
        (10, "given_at"),
        (11, "source"),
        (12, "how"),
        (13, "content"),
        (14, "content"),
        (15, "8"),
    ];
    assert_eq!(named, wanted.map(|(line, column)| (line, column.to_owned())), "{errors}");
}

async fn run_again_it_goes_on_and_doubles_nothing(app: TestApp) {
    // what was done when it was interrupted
    let begun: String = LIST.lines().take(3).map(|line| format!("{line}\n")).collect();
    let (_, begun) = file(&app, "begun.csv", &begun);
    assert_eq!(import(&app, &begun).await, counts(2, 2, 0, 0, 0));
    app.advance(Span::hours(1));
    let (_, list) = file(&app, "list.csv", LIST);
    assert_eq!(import(&app, &list).await, counts(3, 1, 2, 0, 0));
    assert_eq!(import(&app, &list).await, counts(3, 0, 3, 0, 0));
    assert_eq!(app.count("select count(*) from consent_record").await, 3);
    // a line that stands in it twice, and one that was mended
    let mended = LIST.replace("bob@example.org,,Bob,en", "bob@example.org,,Bob,de");
    let twice = format!("{mended}{}\n", LIST.lines().nth(1).expect("a line"));
    let (_, list) = file(&app, "twice.csv", &twice);
    assert_eq!(import(&app, &list).await, counts(4, 1, 3, 0, 0));
    assert_eq!(app.count("select count(*) from consent_record").await, 3, "the act is known already");
    assert_eq!(app.count("select count(*) from subject").await, 3);

    // long after the ids are forgotten, and by a file with other ids
    app.advance(Span::days(400));
    let long_after = LIST.replace("Lindqvist", "L.");
    let (_, list) = file(&app, "late.csv", &long_after);
    import(&app, &list).await;
    assert_eq!(app.count("select count(*) from consent_record").await, 3);
}

async fn nothing_that_was_ended_is_revived(app: TestApp) {
    let people = ["ana", "bob", "cleo", "dan", "eve"];
    let line = |name: &str, day: &str| format!("{name}@example.org,newsletter,{day}\n");
    let list = |day: &str| {
        let lines: String = people.iter().map(|name| line(name, day)).collect();
        format!("email,content,given_at\n{lines}")
    };
    let (_, first) = file(&app, "first.csv", &list("2026-03-01"));
    assert_eq!(import(&app, &first).await, counts(5, 5, 0, 0, 0));
    let of = |name: &str| json!({"email": format!("{name}@example.org")});
    app.send("consent.withdraw.v1", json!({"subject": of("ana"), "purposes": ["newsletter"]})).await;
    let no = json!({"category": "marketing", "content": "newsletter", "answer": "disagree"});
    app.send("consent.record.v1", json!({"subject": of("fay"), "consents": [no]})).await;
    app.send("subject.object.v1", json!({"subject": of("bob"), "purposes": "marketing"})).await;
    app.send("subject.restrict.v1", json!({"subject": of("cleo"), "ground": "legal_claims"})).await;
    app.send("subject.object.v1", json!({"subject": of("gus"), "purposes": ["newsletter"]})).await;
    app.advance(Span::hours(1));

    // the list says that it was given later, and is not believed
    let now = app.clock.now().to_string();
    let more = format!("{}{}{}", list(&now), line("fay", &now), line("gus", &now));
    let (path, second) = file(&app, "second.csv", &more);
    assert_eq!(import(&app, &second).await, counts(7, 2, 0, 5, 0));
    for (name, state) in [
        ("ana", "newsletter withdrawn opted_out_subject"),
        ("bob", "newsletter withdrawn opted_out_subject"),
        ("cleo", "newsletter granted single_form"),
        ("dan", "newsletter granted single_form"),
        ("fay", "newsletter refused opted_out_subject"),
    ] {
        assert_eq!(consents(&app, &format!("{name}@example.org")).await, [state], "{name}");
    }
    assert_eq!(app.count("select count(*) from consent where state = 1").await, 3, "and nothing of gus");
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    let left_alone = errors.lines().filter(|line| line.contains(",left_alone,")).count();
    assert_eq!(left_alone, 4, "{errors}");
    for words in ["withdrawn", "said no", "subject_closed"] {
        assert!(errors.contains(words), "{words} in {errors}");
    }
    // an app that tells of a list is refused alike; what the person says again counts
    let yes = json!({"category": "marketing", "content": "newsletter", "answer": "agree"});
    let told = json!({"subject": of("ana"), "consents": [yes], "imported": true});
    assert_eq!(app.refused("consent.record.v1", told).await["code"], "left_alone");
    app.send("consent.record.v1", json!({"subject": of("ana"), "consents": [yes]})).await;
    assert_eq!(consents(&app, ANA).await, ["newsletter granted single_form"]);
}

async fn an_objection_outlives_the_basis_that_it_was_against(mut app: TestApp) {
    let ads =
        |rest: &str| example_policy(&format!("[purposes.ads]\ntitle.en = \"Ads\"\nmarketing = true\n{rest}"));
    app.restart_with_policy(&ads("basis = \"legitimate_interest\"\nbalancing_test = \"no. 1\"")).await;
    app.send("subject.object.v1", json!({"subject": {"email": ANA}, "purposes": ["ads"]})).await;
    app.advance(Span::hours(1));
    let content = "basis = \"consent\"\n[contents.ads]\npurpose = \"ads\"\n[[contents.ads.versions]]\n\
        version = 1\nvalid_from = \"2026-01-01\"\ntitle.en = \"Ads\"\ntext.en = \"I agree to ads.\"\n";
    app.restart_with_policy(&ads(content)).await;
    let (path, list) = file(&app, "list.csv", "email,content,given_at\nana@example.org,ads,2026-03-01\n");
    assert_eq!(import(&app, &list).await, counts(1, 0, 0, 1, 0));
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert!(errors.contains("objected to this purpose"), "{errors}");
}

async fn a_list_outdoes_no_unclear_withdrawal(app: TestApp) {
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    app.advance(Span::hours(1));
    let said = json!({"subject": {"email": ANA}, "purposes": "all", "unclear": true});
    app.send("consent.withdraw.v1", said).await;
    app.advance(Span::hours(1));
    let text = format!("email,content,given_at\n{ANA},newsletter,{}\n", app.clock.now());
    app.advance(Span::hours(1));
    let (path, list) = file(&app, "list.csv", &text);
    assert_eq!(import(&app, &list).await, counts(1, 0, 0, 1, 0));
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert!(errors.contains("objected to this purpose"), "{errors}");
    // she can be asked, and say yes, again
    app.advance(Span::days(2));
    app.request(ANA).await;
    app.agree(&app.letter(2).await.link()).await;
    assert!(app.allowed(ANA).await);
}

async fn double_opt_in_cannot_be_claimed(app: TestApp) {
    let text = "email,content,state,given_at\nana@example.org,newsletter,double,2026-03-01\n";
    let (path, list) = file(&app, "list.csv", text);
    app.rescind(&["consents", "import", &list]).await.failed();
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert!(errors.contains("2,state,") && errors.contains("consent.request.v1"), "{errors}");
    assert_eq!(app.count("select count(*) from subject").await, 0);
    // and an import demotes nothing that was confirmed
    app.request(ANA).await;
    app.agree(&app.letter(1).await.link()).await;
    let single = text.replace("double", "single").replace("2026-03-01", &app.clock.now().to_string());
    app.advance(Span::minutes(5));
    let (_, list) = file(&app, "single.csv", &single.replace("single,", "single_form,"));
    import(&app, &list).await;
    assert_eq!(consents(&app, ANA).await, ["newsletter granted double"]);
}

async fn a_rehearsal_changes_nothing(app: TestApp) {
    let (path, list) = file(&app, "list.csv", &format!("{LIST}nobody,,,,,newsletter,,2026-03-01,,,,,\n"));
    let ran = app.rescind(&["consents", "import", &list, "--dry-run", "--json"]).await;
    let told: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(told, counts(4, 3, 0, 0, 1));
    ran.failed();
    for table in [
        "select count(*) from subject",
        "select count(*) from consent_record",
        "select count(*) from inbox",
        "select count(*) from audit",
        "select count(*) from event",
    ] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert!(errors.contains("\n5,email,"), "{errors}");
}

async fn one_value_may_stand_for_all_lines(app: TestApp) {
    let (_, list) = file(&app, "list.csv", "email\nana@example.org\nbob@example.org\n");
    let base = ["consents", "import", &list, "--json"];
    app.rescind(&base).await.failed();
    let all = ["--purpose", "newsletter", "--given-at", "2026-03-01", "--source", "paper"];
    let told = app.rescind(&[&base[..], &all[..]].concat()).await.json();
    assert_eq!(told, counts(2, 2, 0, 0, 0));
    assert_eq!(app.count("select count(*) from consent_record where source = 'paper'").await, 2);
    for (name, value) in
        [("--purpose", "order-x"), ("--source", "smoke"), ("--given-at", "2036-01-01"), ("--content", "x")]
    {
        let told = app.rescind(&[&base[..], &[name, value]].concat()).await.wrong();
        assert!(told.contains(name), "{told}");
    }
}

async fn a_quote_left_open_loses_no_line_unseen(app: TestApp) {
    let text = "email,content,given_at,staff,how\n\
        ana@example.org,newsletter,2026-03-01,Carl,\"at the fair\n\
        bob@example.org,newsletter,2026-03-01,Carl,by phone\n\
        cleo@example.org,newsletter,2026-03-01,Carl,\"by mail\"\n\
        dan@example.org,newsletter,2026-03-01,Carl,by phone\n";
    let (path, list) = file(&app, "list.csv", text);
    let told = app.rescind(&["consents", "import", &list]).await.failed();
    assert!(told.contains("1 of 2 lines are wrong"), "{told}");
    let errors = std::fs::read_to_string(path.with_extension("csv.errors.csv")).expect("a file");
    assert!(
        errors.contains("\n2,how,invalid_field,") && errors.contains("from line 2 to line 4"),
        "{errors}"
    );
    assert!(errors.contains("quote") && !errors.contains("fair"), "{errors}");
    assert_eq!(
        app.count("select count(*) from subject").await,
        1,
        "nobody is recorded with the words of others"
    );
}

async fn the_list_is_never_overwritten(app: TestApp) {
    let (path, list) = file(&app, "list.csv", LIST);
    let link = path.with_file_name("link.csv");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    for (errors, more) in [(&path, None), (&link, None), (&path, Some("--dry-run"))] {
        let errors = errors.to_str().expect("a path");
        let mut arguments = vec!["consents", "import", list.as_str(), "--errors", errors];
        arguments.extend(more);
        let told = app.rescind(&arguments).await.wrong();
        assert!(told.contains("is the list itself"), "{told}");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), LIST);
    }
    assert_eq!(app.count("select count(*) from subject").await, 0);
}

async fn it_takes_the_role_manage(app: TestApp) {
    let (_, list) = file(&app, "list.csv", LIST);
    let carl = token(&app, "carl", None).await;
    let bea = token(&app, "bea", Some(&carl)).await;
    let told = run(&app, &["consents", "import", &list], Some(&bea)).await.failed();
    assert!(told.contains("\"manage\""), "{told}");
    assert!(run(&app, &["consents", "import", &list], None).await.failed().contains("RESCIND_STAFF_TOKEN"));
    assert_eq!(app.count("select count(*) from subject").await, 0);
    run(&app, &["consents", "import", &list], Some(&carl)).await.done();
    assert_eq!(acts(&app, "import_ended").await[0]["actor"], "staff/carl");
}

async fn what_is_no_list_is_told_before_anything_is_recorded(app: TestApp) {
    for (name, text, words) in [
        ("a.csv", "ana@secret.example,newsletter\n", "column 1"),
        ("b.csv", "", "empty"),
        ("c.csv", "email,email,content\n", "twice"),
    ] {
        let (_, list) = file(&app, name, text);
        let told = app.rescind(&["consents", "import", &list]).await.failed();
        assert!(told.contains(words) && !told.contains("secret"), "{told}");
    }
    let (_, list) = file(&app, "list.xlsx", "PK");
    assert!(app.rescind(&["consents", "import", &list]).await.wrong().contains("--format"));
    app.rescind(&["consents", "import", "no-such.csv"]).await.failed();
    assert_eq!(app.count("select count(*) from audit").await, 0);
}

async fn who_waits_does_not_wait_for_the_list(app: TestApp) {
    let lines: String = (0..1_500).map(|n| format!("p{n}@example.org,newsletter,2026-03-01\n")).collect();
    let (_, list) = file(&app, "list.csv", &format!("email,content,given_at\n{lines}"));
    app.request(ANA).await;
    let link = app.letter(1).await.link();
    let confirmed = async {
        while app.count("select count(*) from consent_record").await == 0 {
            tokio::task::yield_now().await;
        }
        app.agree(&link).await;
        app.count("select count(*) from consent_record").await
    };
    let (told, by_then) = tokio::join!(import(&app, &list), confirmed);
    assert_eq!(told, counts(1_500, 1_500, 0, 0, 0));
    assert!(by_then < 1_501, "confirmed while the list was being recorded, not after it: {by_then}");
}
