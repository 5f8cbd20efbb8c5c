//! Subjects' own pages: whose an address is, and whether it still holds. And the terms that subjects accepted.

use super::Arg;
use super::dialect::{Row, queries};
use super::error::Result;
use super::load::unreadable;
use super::pool::{Pool, Tx};
use super::tables::{AcceptanceRow, PageRow, TopicRow};
use super::value::Ts;
use rescind_jobs::code::{PurposeId, TopicId};
use rescind_jobs::model::{Acceptance, NewAddress, PageCode, PersonalPage, Subject, SubjectId, TopicChoice};
use rescind_jobs::protection::Sealed;
use rescind_jobs::time::Timestamp;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

queries! {
    // 2 and 3: being erased, and erased
    BY_TOKEN = "select p.subject_id from personal_page p join subject s on s.id = p.subject_id \
                where p.token_hash = $1 and s.state not in (2, 3)";
    PAGES = "select subject_id, generation, token_hash, code_id, code_until, code_tries, address_id, address_token, \
             address_sealed, address_until from personal_page where subject_id = any($1::uuid[])";
    // 2 and 3: being erased, and erased
    BY_ADDRESS_TOKEN = "select p.subject_id from personal_page p join subject s on s.id = p.subject_id \
                        where p.address_token = $1 and p.address_until > $2 and s.state not in (2, 3)";
    TOPICS = "select subject_id, purpose, topic, subscribed, at, told_by from topic_choice \
              where subject_id = any($1::uuid[])";
    ACCEPTANCES = "select id, content, content_version, locale, source, told_by, accepted_at, recorded_at \
                   from acceptance where subject_id = $1 order by accepted_at, id";
    CHANGE = "update personal_page set generation = $2, token_hash = $3, code_id = $4, code_until = $5, \
              code_tries = $6 where subject_id = $1";
    REVOKE = "update personal_page set generation = $2, token_hash = null, code_id = null, code_until = null, \
              code_tries = 0 where subject_id = $1";
    ASK_AT_ADDRESS = "update personal_page set address_id = $2, address_token = $3, address_sealed = $4, address_until = $5 \
                      where subject_id = $1";
    FORGET_ADDRESS = "update personal_page set address_id = null, address_token = null, address_sealed = null, \
                      address_until = null where subject_id = $1";
}

fn page(row: &Row) -> Result<(SubjectId, PersonalPage)> {
    let hash = row.get::<Option<Vec<u8>>>(2)?;
    let hash = hash.map(|hash| hash.try_into().map_err(|_| unreadable("personal_page", "token_hash")));
    let code = match (row.get::<Option<Uuid>>(3)?, row.get::<Option<Ts>>(4)?) {
        (Some(id), Some(until)) => Some(PageCode { id, until: until.0, tries: row.get(5)? }),
        _ => None,
    };
    let address = match (row.get::<Option<Uuid>>(6)?, row.get::<Option<Vec<u8>>>(7)?) {
        (Some(id), Some(hash)) => {
            let token_hash = hash.try_into().map_err(|_| unreadable("personal_page", "address_token"))?;
            Some(NewAddress { id, token_hash, sealed: Sealed(row.get(8)?), until: row.get::<Ts>(9)?.0 })
        }
        _ => None,
    };
    let page = PersonalPage { generation: row.get(1)?, token_hash: hash.transpose()?, code, address };
    Ok((SubjectId(row.get(0)?), page))
}

/// Whose page has the address with the token of this hash.
///
/// # Errors
/// When the store does not answer.
pub async fn by_token(pool: &Pool, hash: &[u8; 32]) -> Result<Option<SubjectId>> {
    let rows = pool.read(&BY_TOKEN, vec![Arg::Blob(hash.to_vec())]).await?;
    rows.first().map(|row| Ok(SubjectId(row.get(0)?))).transpose()
}

/// Whose page waits for the new address whose link has the token of this hash to be confirmed.
///
/// # Errors
/// When the store does not answer.
pub async fn by_address_token(pool: &Pool, hash: &[u8; 32], now: Timestamp) -> Result<Option<SubjectId>> {
    let rows = pool.read(&BY_ADDRESS_TOKEN, vec![Arg::Blob(hash.to_vec()), Arg::Ts(Ts(now))]).await?;
    rows.first().map(|row| Ok(SubjectId(row.get(0)?))).transpose()
}

/// The pages of these subjects, as far as they have one.
///
/// # Errors
/// When the store does not answer.
pub async fn of(pool: &Pool, subjects: Vec<Uuid>) -> Result<HashMap<SubjectId, PersonalPage>> {
    if subjects.is_empty() {
        return Ok(HashMap::new());
    }
    pool.read(&PAGES, vec![Arg::Uuids(subjects)]).await?.iter().map(page).collect()
}

fn topic(row: &Row) -> Result<(SubjectId, (PurposeId, TopicId), TopicChoice)> {
    let wrong = |column| unreadable("topic_choice", column);
    let purpose = PurposeId::new(&row.get::<String>(1)?).ok_or(wrong("purpose"))?;
    let topic = TopicId::new(&row.get::<String>(2)?).ok_or(wrong("topic"))?;
    let subscribed = row.get::<i16>(3)? != 0;
    let choice = TopicChoice { subscribed, at: row.get::<Ts>(4)?.0, told_by: row.get(5)? };
    Ok((SubjectId(row.get(0)?), (purpose, topic), choice))
}

/// What a subject said of topics.
///
/// # Errors
/// When the store does not answer.
pub async fn topics(pool: &Pool, subject: SubjectId) -> Result<BTreeMap<(PurposeId, TopicId), TopicChoice>> {
    let rows = pool.read(&TOPICS, vec![Arg::Uuids(vec![subject.0])]).await?;
    rows.iter().map(|row| topic(row).map(|(_, key, choice)| (key, choice))).collect()
}

/// Terms that a subject accepted, as they are listed.
pub struct AcceptanceLine {
    /// The record.
    pub id: Uuid,
    /// Which terms, in which version and language.
    pub content: (String, i32, String),
    /// Where they were accepted.
    pub source: String,
    /// The source of the message.
    pub told_by: String,
    /// When they were accepted.
    pub accepted_at: Timestamp,
    /// When that was recorded.
    pub recorded_at: Timestamp,
}

/// The terms that a subject accepted, oldest first.
///
/// # Errors
/// When the store does not answer.
pub async fn acceptances(pool: &Pool, subject: SubjectId) -> Result<Vec<AcceptanceLine>> {
    let rows = pool.read(&ACCEPTANCES, vec![Arg::Uuid(subject.0)]).await?;
    let line = |row: &Row| {
        Ok(AcceptanceLine {
            id: row.get(0)?,
            content: (row.get(1)?, row.get(2)?, row.get(3)?),
            source: row.get(4)?,
            told_by: row.get(5)?,
            accepted_at: row.get::<Ts>(6)?.0,
            recorded_at: row.get::<Ts>(7)?.0,
        })
    };
    rows.iter().map(line).collect()
}

/// Adds the pages of these subjects to them.
pub(super) async fn add(
    tx: &mut Tx,
    wanted: &[Uuid],
    subjects: &mut HashMap<SubjectId, Subject>,
) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    for row in tx.rows(&PAGES, vec![Arg::Uuids(wanted.to_vec())]).await? {
        let (id, page) = page(&row)?;
        if let Some(subject) = subjects.get_mut(&id) {
            subject.page = Some(page);
        }
    }
    for row in tx.rows(&TOPICS, vec![Arg::Uuids(wanted.to_vec())]).await? {
        let (id, key, choice) = topic(&row)?;
        if let Some(subject) = subjects.get_mut(&id) {
            subject.topics.insert(key, choice);
        }
    }
    Ok(())
}

/// Keeps acceptances of terms.
pub(super) async fn accept(tx: &mut Tx, acceptances: &[Acceptance]) -> Result<()> {
    let rows: Vec<AcceptanceRow> = acceptances
        .iter()
        .map(|a| AcceptanceRow {
            id: a.id,
            subject_id: a.subject.0,
            content: a.content.0.to_string(),
            content_version: i32::try_from(a.content.1).unwrap_or(i32::MAX),
            locale: a.content.2.as_str().to_owned(),
            source: a.source.clone(),
            told_by: a.told_by.clone(),
            accepted_at: Ts(a.accepted_at),
            recorded_at: Ts(a.recorded_at),
            evidence: a.evidence.as_ref().map(|sealed| sealed.0.clone()),
            policy: a.policy.to_vec(),
        })
        .collect();
    tx.put(&rows).await.map(drop)
}

/// What changed in pages.
#[derive(Default)]
pub(super) struct Changed {
    opened: Vec<PageRow>,
    changed: Vec<(Uuid, PersonalPage)>,
    addresses: Vec<(Uuid, Option<NewAddress>)>,
    topics: Vec<TopicRow>,
}

impl Changed {
    pub(super) fn collect(&mut self, before: Option<&Subject>, after: &Subject) {
        for ((purpose, topic), choice) in &after.topics {
            let key = (purpose.clone(), topic.clone());
            if before.and_then(|b| b.topics.get(&key)) != Some(choice) {
                self.topics.push(TopicRow {
                    subject_id: after.id.0,
                    purpose: purpose.to_string(),
                    topic: topic.to_string(),
                    subscribed: i16::from(choice.subscribed),
                    at: Ts(choice.at),
                    told_by: choice.told_by.clone(),
                });
            }
        }
        let Some(page) = &after.page else { return };
        let known = before.and_then(|b| b.page.as_ref());
        if known.and_then(|known| known.address.as_ref()) != page.address.as_ref() {
            self.addresses.push((after.id.0, page.address.clone()));
        }
        match known {
            None => self.opened.push(PageRow {
                subject_id: after.id.0,
                generation: page.generation,
                token_hash: page.token_hash.map(|hash| hash.to_vec()),
                code_id: page.code.as_ref().map(|code| code.id),
                code_until: page.code.as_ref().map(|code| Ts(code.until)),
                code_tries: page.code.as_ref().map_or(0, |code| code.tries),
            }),
            Some(known) if known == page => {}
            Some(_) => self.changed.push((after.id.0, page.clone())),
        }
    }

    pub(super) async fn save(self, tx: &mut Tx) -> Result<()> {
        tx.put(&self.opened).await?;
        tx.put(&self.topics).await?;
        for (subject, page) in self.changed {
            let (id, generation) = (Arg::Uuid(subject), Arg::I16(page.generation));
            match page.token_hash {
                Some(hash) => {
                    let code = page.code.as_ref();
                    let args = vec![
                        id,
                        generation,
                        Arg::Blob(hash.to_vec()),
                        Arg::OptUuid(code.map(|code| code.id)),
                        Arg::OptTs(code.map(|code| Ts(code.until))),
                        Arg::I16(code.map_or(0, |code| code.tries)),
                    ];
                    tx.run(&CHANGE, args).await?
                }
                None => tx.run(&REVOKE, vec![id, generation]).await?,
            };
        }
        for (subject, address) in self.addresses {
            match address {
                Some(address) => {
                    let args = vec![
                        Arg::Uuid(subject),
                        Arg::Uuid(address.id),
                        Arg::Blob(address.token_hash.to_vec()),
                        Arg::Blob(address.sealed.0),
                        Arg::Ts(Ts(address.until)),
                    ];
                    tx.run(&ASK_AT_ADDRESS, args).await?
                }
                None => tx.run(&FORGET_ADDRESS, vec![Arg::Uuid(subject)]).await?,
            };
        }
        Ok(())
    }
}
