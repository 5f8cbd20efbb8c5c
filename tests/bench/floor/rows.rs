//! The rows of a request for consent, the same as Rescind's, by array inserts.

use super::Request;
use chrono::{DateTime, Utc};
use rescind_jobs::protection::{DataKey, Place, RootKeys, Sealed, Vault, WrappedKey, new_id};
use rescind_worker::clock::Randomness;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, Postgres};
use sqlx::{ConnectOptions as _, PgConnection, Row as _, Transaction};
use uuid::Uuid;

/// What seals.
pub(crate) struct Keys {
    pub(crate) vault: Vault,
    randomness: Randomness,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let randomness = Randomness::seeded(1);
        let mut rng = randomness.generator().expect("randomness");
        let mut key = || DataKey::generate(&mut rng);
        let kek = key();
        let vault = Vault::new(kek, RootKeys { index: key(), link: key(), mac: key() });
        Self { vault, randomness }
    }
}

/// A place of a subject's.
pub(crate) const fn place(table: &'static str, column: &'static str, owner: Uuid) -> Place {
    Place { table, column, owner, key_version: 1 }
}

/// A connection that plans each statement anew, as Rescind's do.
pub(crate) async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("a URL");
    options.options([("plan_cache_mode", "force_custom_plan")]).connect().await.expect("the database answers")
}

/// The columns of a batch.
#[derive(Default)]
struct Columns {
    message: Vec<String>,
    body_mac: Vec<Vec<u8>>,
    subject: Vec<Uuid>,
    contact_key: Vec<Vec<u8>>,
    evidence_key: Vec<Vec<u8>>,
    index: Vec<Vec<u8>>,
    sealed: Vec<Vec<u8>>,
    request: Vec<Uuid>,
    token_hash: Vec<Vec<u8>>,
    evidence: Vec<Vec<u8>>,
    mail: Vec<Uuid>,
    params: Vec<String>,
    audit: Vec<Uuid>,
    ordinal: Vec<i16>,
    detail: Vec<String>,
    salt: Vec<Vec<u8>>,
    leaf: Vec<Vec<u8>>,
    job: Vec<Uuid>,
    bodies: Vec<Vec<u8>>,
    counter: Vec<Vec<u8>>,
}

impl Columns {
    fn of(keys: &Keys, requests: &[Request]) -> Self {
        let mut rng = keys.randomness.generator().expect("randomness");
        let now = rescind_worker::clock::Clock::system().now();
        let mut c = Self::default();
        for request in requests {
            let (subject, id) = (new_id(now, &mut rng), new_id(now, &mut rng));
            let (contact, wrapped) = keys.vault.new_key(place("subject", "contact_key", subject), &mut rng);
            let (evidence, evidence_key) =
                keys.vault.new_key(place("subject", "evidence_key", subject), &mut rng);
            c.message.push(request.id.clone());
            c.body_mac.push(keys.vault.body_mac(&request.body).to_vec());
            c.subject.push(subject);
            c.contact_key.push(wrapped.0);
            c.evidence_key.push(evidence_key.0);
            c.index.push(keys.vault.blind_index_of("email", &request.email).0.to_vec());
            c.sealed.push(
                contact.seal(place("identity", "sealed", subject), request.email.as_bytes(), &mut rng).0,
            );
            c.request.push(id);
            c.token_hash.push(keys.vault.counter_key("token", id.as_bytes()).to_vec());
            let proof = br#"{"requested_at":"2026-11-22T09:00:00.000000Z"}"#;
            c.evidence.push(evidence.seal(place("consent_request", "evidence", id), proof, &mut rng).0);
            c.mail.push(new_id(now, &mut rng));
            c.params.push(format!("{{\"template\":\"confirm_consent\",\"request\":\"{id}\"}}"));
            for (ordinal, act) in [(0, "subject_created"), (1, "consent_requested")] {
                c.audit.push(new_id(now, &mut rng));
                c.ordinal.push(ordinal);
                let detail = format!(
                    "{{\"act\":\"{act}\",\"at\":\"2026-11-22T09:00:00.000000Z\",\"message\":\"{}\",\
                     \"policy\":\"{}\",\"request\":\"{id}\",\"subject\":\"{subject}\"}}",
                    request.id,
                    "0".repeat(64),
                );
                c.leaf.push(keys.vault.body_mac(detail.as_bytes()).to_vec());
                c.detail.push(detail);
                c.salt.push(id.as_bytes().to_vec());
            }
            let body =
                format!("{{\"data\":{{\"request\":\"{id}\"}},\"time\":\"2026-11-22T09:00:00.000000Z\"}}");
            c.bodies.extend([body.clone().into_bytes(), body.into_bytes()]);
            c.job.extend([new_id(now, &mut rng), new_id(now, &mut rng)]);
            c.counter.push(keys.vault.counter_key("address and day", request.email.as_bytes()).to_vec());
        }
        c
    }

    /// Leaves one act a message in the trail.
    fn one_act(&mut self) {
        fn every_other<T>(values: &mut Vec<T>) {
            let mut keep = false;
            values.retain(|_| {
                keep = !keep;
                keep
            });
        }
        every_other(&mut self.audit);
        every_other(&mut self.ordinal);
        every_other(&mut self.detail);
        every_other(&mut self.salt);
        every_other(&mut self.leaf);
    }
}

const INBOX: &str = "insert into inbox (source, id, body_mac, received_at) \
    select 'broker/shop', i, m, now() from unnest($1::text[], $2::bytea[]) t(i, m) \
    on conflict (source, id) do nothing returning id";
const IDENTITY: &str = "insert into identity (bidx, ordinal, subject_id, kind, sealed, is_primary, active) \
    select b, 0, s, 'email', e, 1, 1 from unnest($1::bytea[], $2::uuid[], $3::bytea[]) t(b, s, e) \
    on conflict (bidx, ordinal) do nothing returning bidx";
const SUBJECT: &str = "insert into subject (id, version, state, kind, locale, contact_key, evidence_key, key_version, \
    event_sequence, created_at, provisional) \
    select s, 1, 0, 0, 'en', c, e, 1, 0, now(), 1 from unnest($1::uuid[], $2::bytea[], $3::bytea[]) t(s, c, e)";
const CONSENT: &str = "insert into consent (subject_id, purpose, state, opt_in, since) \
    select s, 'newsletter', 0, 0, now() from unnest($1::uuid[]) t(s)";
const REQUEST: &str = "insert into consent_request (id, subject_id, purpose, content, content_version, locale, address, \
    state, created_at, requested_at, expires_at, mails, generation, token_hash, source, told_by, evidence) \
    select i, s, 'newsletter', 'newsletter', 1, 'en', a, 0, now(), now(), now() + interval '7 days', 1, 0, t, \
    'web-form', 'broker/shop', e \
    from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[]) t(i, s, a, t, e)";
const MAIL: &str = "insert into mail (id, subject_id, request_id, template, params, address, state, due_at, lane, attempt, \
    created_at) select i, s, r, 'confirm_consent', p::jsonb, a, 0, now(), 0, 0, now() \
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[]) t(i, s, r, p, a)";
const AUDIT: &str = "insert into audit (id, subject_id, sequence, ordinal, at, detail, salt, leaf) \
    select i, s, 1, o, now(), d, x, l \
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::int2[]) t(i, s, d, x, l, o)";
const JOB: &str = "insert into job (id, subject_id, source, origin, kind, body, due_at, lane, attempt, created_at) \
    select i, s, 'broker/shop', 0, 'consent.remind.v1', b, now() + interval '3 days', 0, 0, now() \
    from unnest($1::uuid[], $2::uuid[], $3::bytea[]) t(i, s, b)";
const COUNTER: &str = "insert into counter (key, window_start, used, highest) \
    select k, date_trunc('day', now()), 1, 5 from unnest($1::bytea[]) t(k) \
    on conflict (key, window_start) do update set used = counter.used + excluded.used returning key";
const TOTAL: &str = "insert into counter (key, window_start, used, highest) \
    select k, date_trunc('hour', now()), $2, 1000000000 from unnest($1::bytea[]) t(k) \
    on conflict (key, window_start) do update set used = counter.used + excluded.used returning key";

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What no worker can do without: inbox, identity, subject, mail, trail.
    Five,
    /// Every row that Rescind writes, eleven a message.
    Whole,
}

/// Writes the rows of a batch.
pub(crate) async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    keys: &Keys,
    requests: &[Request],
    depth: Depth,
) {
    let mut c = Columns::of(keys, requests);
    if depth == Depth::Five {
        c.one_act();
    }
    let acts = c.audit.len() / c.subject.len();
    let repeated = |times| c.subject.iter().flat_map(|s| std::iter::repeat_n(*s, times)).collect::<Vec<_>>();
    let (subject, index) = (&c.subject, &c.index);
    let mut statements = vec![
        sqlx::query(INBOX).bind(&c.message).bind(&c.body_mac),
        sqlx::query(IDENTITY).bind(index).bind(subject).bind(&c.sealed),
        sqlx::query(SUBJECT).bind(subject).bind(&c.contact_key).bind(&c.evidence_key),
        sqlx::query(MAIL).bind(&c.mail).bind(subject).bind(&c.request).bind(&c.params).bind(index),
        sqlx::query(AUDIT)
            .bind(&c.audit)
            .bind(repeated(acts))
            .bind(&c.detail)
            .bind(&c.salt)
            .bind(&c.leaf)
            .bind(&c.ordinal),
    ];
    if depth == Depth::Whole {
        let used = i64::try_from(requests.len()).expect("a batch is small");
        statements.extend([
            sqlx::query(CONSENT).bind(subject),
            sqlx::query(REQUEST)
                .bind(&c.request)
                .bind(subject)
                .bind(index)
                .bind(&c.token_hash)
                .bind(&c.evidence),
            sqlx::query(JOB).bind(&c.job).bind(repeated(2)).bind(&c.bodies),
            sqlx::query(COUNTER).bind(&c.counter),
            // counted by everybody: the batch before waits no longer than it must
            sqlx::query(TOTAL).bind(vec![vec![1u8; 32], vec![2; 32]]).bind(used),
        ]);
    }
    for statement in statements {
        statement.fetch_all(&mut **tx).await.expect("rows are written");
    }
}

/// A claimed mail, with what its text needs.
pub(crate) struct Claimed {
    pub(crate) id: Uuid,
    pub(crate) subject: Uuid,
    pub(crate) request: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) contact_key: WrappedKey,
    pub(crate) address: Sealed,
}

/// Claims a batch of mails.
pub(crate) async fn claim(database: &mut PgConnection) -> Vec<Claimed> {
    let claim = "with due as materialized (select id from mail where state = 0 and lane = 0 and due_at <= now() \
                 order by due_at, id limit 256 for update skip locked), \
                 claimed as (update mail set state = 1, lease_until = now() + interval '60 seconds', \
                 attempt = attempt + 1 where id in (select id from due) \
                 returning id, subject_id, request_id, address, created_at) \
                 select c.id, c.subject_id, c.request_id, c.created_at, s.contact_key, i.sealed \
                 from claimed c join subject s on s.id = c.subject_id \
                 join identity i on i.bidx = c.address and i.ordinal = 0";
    let rows = sqlx::query(claim).fetch_all(database).await.expect("mails are claimed");
    rows.iter()
        .map(|row| Claimed {
            id: row.get(0),
            subject: row.get(1),
            request: row.get(2),
            created_at: row.get(3),
            contact_key: WrappedKey(row.get(4)),
            address: Sealed(row.get(5)),
        })
        .collect()
}

/// The same rows as JSON lists, a text a table, in the order of [`Depth::Five`]'s tables and then the others'.
pub(crate) struct Lists(pub(crate) Vec<String>);

impl Lists {
    /// Of a batch.
    pub(crate) fn of(keys: &Keys, requests: &[Request], depth: Depth) -> Self {
        let mut c = Columns::of(keys, requests);
        if depth == Depth::Five {
            c.one_act();
        }
        let acts = c.audit.len() / c.subject.len();
        let count = c.subject.len();
        let id = |id: &Uuid| serde_json::Value::String(id.simple().to_string());
        let hex = |bytes: &[u8]| serde_json::Value::String(data_hex(bytes));
        let all = |count: usize, row: &dyn Fn(usize) -> serde_json::Value| {
            serde_json::Value::Array((0..count).map(row).collect()).to_string()
        };
        let mut lists = vec![
            all(count, &|i| json!([c.message[i], hex(&c.body_mac[i])])),
            all(count, &|i| json!([hex(&c.index[i]), id(&c.subject[i]), hex(&c.sealed[i])])),
            all(count, &|i| json!([id(&c.subject[i]), hex(&c.contact_key[i]), hex(&c.evidence_key[i])])),
            all(count, &|i| {
                json!([id(&c.mail[i]), id(&c.subject[i]), id(&c.request[i]), c.params[i], hex(&c.index[i])])
            }),
            all(c.audit.len(), &|i| {
                let subject = id(&c.subject[i / acts]);
                json!([id(&c.audit[i]), subject, c.ordinal[i], c.detail[i], hex(&c.salt[i]), hex(&c.leaf[i])])
            }),
        ];
        if depth == Depth::Whole {
            lists.extend([
                all(count, &|i| json!([id(&c.subject[i])])),
                all(count, &|i| {
                    let (request, subject) = (id(&c.request[i]), id(&c.subject[i]));
                    json!([request, subject, hex(&c.index[i]), hex(&c.token_hash[i]), hex(&c.evidence[i])])
                }),
                all(c.job.len(), &|i| json!([id(&c.job[i]), id(&c.subject[i / 2]), hex(&c.bodies[i])])),
                all(count, &|i| json!([hex(&c.counter[i])])),
            ]);
        }
        Self(lists)
    }
}

fn data_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}
