//! What somebody tries who means harm: to fill a stranger's mailbox through every door at once, and to read a database
//! that was stolen without its key.

use rescind_jobs::protection::DataKey;
use rescind_jobs::time::Span;
use rescind_tests::app::{TestApp, eventually};
use rescind_tests::on_both;
use rescind_worker::store::Pool;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Column, Row as _, ValueRef as _};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinSet;

on_both! {
    many_requests_at_once_keep_to_the_caps,
    a_stolen_database_tells_no_address,
}

/// Posts all of them at once, to each of the doors in turn; returns how often each status came.
async fn flood(doors: &[&TestApp], messages: Vec<Value>) -> BTreeMap<u16, usize> {
    let mut posts = JoinSet::new();
    for (n, message) in messages.into_iter().enumerate() {
        let door = doors[n % doors.len()];
        let post = door.http.post(door.url("/v1/messages")).json(&message);
        posts.spawn(async move { post.send().await.expect("an answer").status().as_u16() });
    }
    let mut statuses = BTreeMap::new();
    while let Some(status) = posts.join_next().await {
        *statuses.entry(status.expect("it ran")).or_default() += 1;
    }
    statuses
}

/// Ways to write one mailbox, each with an app's id of its own.
fn at_a_victim(app: &TestApp, count: usize) -> Vec<Value> {
    let spellings = [
        "victim@gmail.com",
        "Victim@Gmail.com",
        "victim+{}@gmail.com",
        "v.ictim+{}@gmail.com",
        "vic.tim@GMAIL.com",
    ];
    let message = |n: usize| {
        let email = spellings[n % spellings.len()].replace("{}", &n.to_string());
        let subject =
            json!({"email": email, "name": format!("Buy now {n}"), "ids": {"shop": format!("id-{n}")}});
        let content = ["newsletter", "recommendations"][n % 2];
        app.message("consent.request.v1", json!({"subject": subject, "contents": [content]}))
    };
    (0..count).map(message).collect()
}

fn at_a_domain(app: &TestApp, count: usize) -> Vec<Value> {
    let message = |n| {
        let subject = json!({"email": format!("user{n}@small.example")});
        app.message("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]}))
    };
    (0..count).map(message).collect()
}

async fn bomb(doors: &[&TestApp]) {
    let one = doors[0];
    flood(doors, at_a_victim(one, 120)).await;
    let statuses = flood(doors, at_a_domain(one, 100)).await;
    assert_eq!(statuses.get(&202), Some(&20), "{statuses:?}");
    one.quiet().await;
    let mails = |to: &str| {
        let of =
            |door: &&TestApp| door.letters().iter().filter(|l| l.to.to_lowercase().ends_with(to)).count();
        doors.iter().map(of).sum::<usize>()
    };
    let to_victim = mails("@gmail.com");
    assert!((1..=5).contains(&to_victim), "{to_victim} mails to one mailbox");
    assert_eq!(mails("@small.example"), 20);
    // nothing else was stored of what was refused, and reminders come at most once each
    let requests = one.count("select count(*) from consent_request").await;
    assert_eq!(usize::try_from(requests).unwrap(), to_victim + 20);
    one.advance(Span::hours(73));
    let reminded = 2 * (to_victim + 20);
    eventually("the reminders have left", async || mails(".com") + mails(".example") == reminded).await;
    one.quiet().await;
    assert_eq!(mails(".com") + mails(".example"), reminded, "one reminder each");
}

async fn many_requests_at_once_keep_to_the_caps(app: TestApp) {
    bomb(&[&app]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_through_two_replicas_keep_to_the_caps() {
    let one = TestApp::postgres().await;
    let two = one.replica().await;
    bomb(&[&one, &two]).await;
}

/// Every cell of every table, byte for byte.
async fn cells(pool: &Pool) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    match pool {
        Pool::Postgres(pool) => {
            let tables: Vec<(String,)> = sqlx::query_as(
                "select table_name::text from information_schema.tables where table_schema = 'public'",
            )
            .fetch_all(pool)
            .await
            .unwrap();
            for (table,) in tables {
                // each column as bytes, whatever its type
                let columns: Vec<(String, String)> = sqlx::query_as(
                    "select column_name::text, data_type::text from information_schema.columns \
                     where table_schema = 'public' and table_name = $1",
                )
                .bind(&table)
                .fetch_all(pool)
                .await
                .unwrap();
                for (column, kind) in columns {
                    let bytes = if kind == "bytea" {
                        format!("\"{column}\"")
                    } else {
                        format!("convert_to(\"{column}\"::text, 'UTF8')")
                    };
                    let query = format!("select {bytes} from \"{table}\" where \"{column}\" is not null");
                    let rows: Vec<(Vec<u8>,)> =
                        sqlx::query_as(AssertSqlSafe(query)).fetch_all(pool).await.unwrap();
                    found.extend(rows.into_iter().map(|row| row.0));
                }
            }
        }
        Pool::Sqlite { readers, .. } => {
            let tables: Vec<(String,)> =
                sqlx::query_as("select name from sqlite_master where type = 'table'")
                    .fetch_all(readers)
                    .await
                    .unwrap();
            for (table,) in tables {
                let query = format!("select * from \"{table}\"");
                for row in sqlx::query(AssertSqlSafe(query)).fetch_all(readers).await.unwrap() {
                    for column in row.columns() {
                        if !row.try_get_raw(column.ordinal()).unwrap().is_null() {
                            let text = row.try_get_unchecked::<Vec<u8>, _>(column.ordinal());
                            found.extend(text.ok());
                        }
                    }
                }
            }
        }
    }
    found
}

/// Forms that a text may hide in.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let reversed: String = text.chars().rev().collect();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    // base64 of a text inside another one depends on where it begins, and its last digits on what follows
    let base64 = (0..3).map(|at| data_encoding::BASE64_NOPAD.encode(&text.as_bytes()[at..]));
    let base64 =
        base64.map(|digits| digits.as_bytes()[..digits.len() - 3].to_vec()).filter(|form| form.len() > 4);
    let mut forms: Vec<_> = base64.collect();
    forms.extend([text.as_bytes().to_vec(), reversed.into_bytes(), wide, hex.into_bytes()]);
    forms
}

async fn a_stolen_database_tells_no_address(mut app: TestApp) {
    let email = "marker.person@canary-domain.example";
    let subject = json!({"email": email, "name": "Marker Person", "phone": "+49 30 5550198", "ids": {"shop": "MARKER-4711"}});
    let evidence = json!({"ip": "203.0.113.78", "user_agent": "MarkerBrowser/1", "form": "marker-form"});
    let asked = json!({"subject": subject, "contents": ["newsletter"], "evidence": evidence});
    app.send("consent.request.v1", asked.clone()).await;
    app.agree(&app.letter(1).await.link()).await;
    // a message that waits, one that is parked, one that was refused
    app.rescind_reading(&app.message("consent.request.v1", asked).to_string(), &["send", "-"]).await;
    let unknown = json!({"subject": subject, "purposes": "all", "reason": "no-such-reason"});
    app.rescind_reading(&app.message("consent.withdraw.v1", unknown.clone()).to_string(), &["send", "-"])
        .await;
    app.post(&app.message("consent.withdraw.v1", unknown)).await;
    app.quiet().await;

    let pool = app.worker().engine.pool().clone();
    let all = cells(&pool).await;
    assert!(all.len() > 100, "the tables were read: {}", all.len());
    let lower: Vec<_> = all.iter().map(|cell| cell.to_ascii_lowercase()).collect();
    let link = app.letter(1).await.link();
    let token = link.rsplit_once('/').expect("a token").1.to_owned();
    let personal = [
        email,
        "marker.person",
        "canary-domain",
        "Marker Person",
        "5550198",
        "MARKER-4711",
        "203.0.113.78",
        "MarkerBrowser",
        "marker-form",
        token.as_str(),
    ];
    for text in personal {
        for form in forms(text) {
            let form = form.to_ascii_lowercase();
            let lies_open = lower.iter().any(|cell| cell.windows(form.len()).any(|part| part == form));
            assert!(!lies_open, "{text} lies open, as {form:?}");
        }
    }

    // whoever has the database and guesses the address cannot make sure: what lies there serves as no key to it
    let indexes: BTreeSet<Vec<u8>> = all.iter().filter(|cell| cell.len() == 32).cloned().collect();
    let guess = rescind_jobs::model::IdentityValue::email(email).expect("an address");
    let real = app.worker().engine.vault().blind_index(&guess);
    assert!(indexes.contains(real.0.as_slice()), "with the key it is found");
    let spellings = [
        email,
        "email",
        "MARKER.PERSON@CANARY-DOMAIN.EXAMPLE",
        &format!("email:{email}"),
        &format!("mailto:{email}"),
    ];
    for text in spellings {
        let hash = Sha256::digest(text.as_bytes()).to_vec();
        assert!(!indexes.contains(&hash), "a bare hash of {text} is found");
    }
    let mut keys: BTreeSet<[u8; 32]> = [[0; 32], [255; 32]].into();
    for cell in &all {
        // stretches of what lies there that could be a key, as they are and hashed
        keys.extend(cell.windows(32).take(50).map(|part| <[u8; 32]>::try_from(part).expect("32 bytes")));
        keys.insert(Sha256::digest(cell).into());
    }
    let zero = || DataKey::new([0; 32]);
    for key in keys {
        let roots = rescind_jobs::protection::RootKeys {
            index: DataKey::new(key),
            link: zero(),
            mac: DataKey::new(key),
        };
        let vault = rescind_jobs::protection::Vault::new(zero(), roots);
        let found = [
            vault.blind_index(&guess).0.to_vec(),
            vault.counter_key("address and day", email.as_bytes()).to_vec(),
        ];
        assert!(found.iter().all(|index| !indexes.contains(index)), "a key lies in the database");
    }
    app.stop().await;
    // and no trace in the files of an embedded database, where deleted rows could linger
    if let Some(file) = app.database.file() {
        let log = file.with_extension("db-wal");
        for bytes in [file, log].map(|file| std::fs::read(file).unwrap_or_default()) {
            for text in personal {
                let open = bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()));
                assert!(!open, "{text} lies in the file");
            }
        }
    }
}
