//! What became of the messages of a round: each is found by its subject's address, and compared with what became of
//! its like when nothing was broken.

use super::messages::{Message, Sort, identity};
use super::report::Figures;
use super::rig::Rig;
use rescind_worker::store::dialect::{Sql, sql};
use rescind_worker::store::{Arg, queue};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

static ENTERED: Sql = sql("select id from inbox where id = any($1::text[])");
static MAILS_OPEN: Sql = sql("select count(*) from mail where state in (0, 1, 2)");
static EVENTS_OPEN: Sql = sql("select count(*) from event where state in (0, 1)");
static DELIVERIES_OPEN: Sql = sql("select count(*) from webhook_delivery");
static PARKED: Sql = sql("select count(*) from parked");
static ROWS: Sql = sql("select i.bidx, \
    (select count(*) from consent_request r where r.subject_id = i.subject_id), \
    (select count(*) from consent_record c where c.subject_id = i.subject_id), \
    (select count(*) from mail m where m.subject_id = i.subject_id), \
    (select count(*) from event e where e.subject_id = i.subject_id), \
    (select count(*) from audit a where a.subject_id = i.subject_id), \
    (select count(*) from job j where j.subject_id = i.subject_id) \
    from identity i where i.bidx = any($1::bytea[])");
static MAILS: Sql = sql("select i.bidx, m.state from mail m join identity i on i.subject_id = m.subject_id \
    where i.bidx = any($1::bytea[])");
static EVENTS: Sql = sql("select i.bidx, e.id from event e join identity i on i.subject_id = e.subject_id \
    where i.bidx = any($1::bytea[])");

const SENT: i16 = 3;
const BOUNCED: i16 = 4;
const UNCERTAIN: i16 = 6;

/// Rows that there are about the subject of a message: requests, records, mails, events, the trail's, follow-ups.
type Rows = [i64; 6];
/// Where the trail's stand among them.
const TRAIL: usize = 4;

/// What comes of each sort of message when nothing is broken.
pub(super) type Expected = BTreeMap<Sort, Rows>;

/// What came of a round.
#[derive(Default)]
pub(super) struct Found {
    pub(super) figures: Figures,
    /// What is wrong, in words.
    pub(super) wrong: Vec<String>,
}

impl Rig {
    async fn read(&self, sql: &'static Sql, args: Vec<Arg>) -> Vec<rescind_worker::store::dialect::Row> {
        self.opened.pool.read(sql, args).await.expect("a query")
    }

    async fn number(&self, sql: &'static Sql) -> i64 {
        self.read(sql, vec![]).await[0].get(0).expect("a number")
    }

    async fn entered(&self, messages: &[Message]) -> HashSet<String> {
        let ids = messages.iter().map(|m| m.id.clone()).collect();
        self.read(&ENTERED, vec![Arg::Texts(ids)])
            .await
            .iter()
            .map(|row| row.get(0).expect("an id"))
            .collect()
    }

    /// Whether all that follows from these messages has been done.
    pub(super) async fn is_settled(&self, messages: &[Message]) -> bool {
        // in the order in which one follows from the other
        self.entered(messages).await.len() == messages.len()
            && self.number(&MAILS_OPEN).await == 0
            && queue::depth(&self.opened.pool, self.opened.clock.now()).await.expect("a query").0 == 0
            && self.number(&EVENTS_OPEN).await == 0
            && self.number(&DELIVERIES_OPEN).await == 0
    }

    /// The rows about each message's subject.
    async fn rows(&self, messages: &[Message]) -> HashMap<Vec<u8>, Rows> {
        let rows = self.read(&ROWS, vec![self.indexes(messages)]).await;
        let number =
            |row: &rescind_worker::store::dialect::Row, at| row.get::<i64>(at + 1).expect("a number");
        rows.iter()
            .map(|row| (row.get(0).expect("an index"), std::array::from_fn(|at| number(row, at))))
            .collect()
    }

    fn index(&self, message: &Message) -> Vec<u8> {
        self.opened.vault.blind_index(&identity(message)).0.to_vec()
    }

    fn indexes(&self, messages: &[Message]) -> Arg {
        Arg::Blobs(messages.iter().map(|m| self.index(m)).collect())
    }

    /// What came of messages that nothing happened to.
    pub(super) async fn expected(&self, messages: &[Message]) -> Expected {
        let rows = self.rows(messages).await;
        let mut expected = Expected::new();
        for message in messages {
            let rows = *rows.get(&self.index(message)).expect("its subject is there");
            let before = expected.insert(message.sort, rows);
            assert!(before.is_none_or(|before| before == rows), "like messages come to the same");
        }
        expected
    }

    /// The recipients of every mail that has arrived.
    fn arrived(&self) -> Vec<String> {
        if let Some(sink) = &self.sink {
            return sink.mails().into_iter().map(|mail| mail.rcpt_to).collect();
        }
        let files = std::fs::read_dir(self.mailbox()).into_iter().flatten().filter_map(Result::ok);
        let mails = files.filter(|file| file.path().extension().is_some_and(|x| x == "eml"));
        let recipient = |file: std::fs::DirEntry| {
            let bytes = std::fs::read(file.path()).expect("a mail");
            let mail = mail_parser::MessageParser::default().parse(&bytes).expect("a mail");
            let to = mail.to().and_then(|to| to.first()).and_then(|to| to.address());
            to.expect("a recipient").to_owned()
        };
        mails.map(recipient).collect()
    }

    /// What came of messages that something happened to.
    pub(super) async fn audit(&self, messages: &[Message], expected: &Expected) -> Found {
        let mut found = Found::default();
        found.figures.messages = messages.len();
        let (rows, entered) = (self.rows(messages).await, self.entered(messages).await);
        let (arrived, mut states) = (self.arrived(), HashMap::new());
        for row in self.read(&MAILS, vec![self.indexes(messages)]).await {
            states.insert(row.get::<Vec<u8>>(0).expect("an index"), row.get::<i16>(1).expect("a state"));
        }
        for message in messages {
            let index = self.index(message);
            let mut wanted = expected[&message.sort];
            if message.sort.is_asked() {
                let copies = arrived.iter().filter(|to| **to == message.email).count();
                let state = states.get(&index).copied();
                self.mail(message, state, copies, &mut found);
                if message.sort == Sort::Bad && state == Some(UNCERTAIN) && self.sink.is_some() {
                    // that its address does not exist is not known
                    wanted[TRAIL] -= 1;
                }
            }
            let rows = rows.get(&index).copied().unwrap_or_default();
            let pairs = || rows.iter().zip(&wanted);
            if !entered.contains(&message.id) || pairs().any(|(is, wanted)| is < wanted) {
                found.figures.lost += 1;
                found.wrong.push(format!("{}: {rows:?} instead of {wanted:?}", message.id));
            }
            if pairs().any(|(is, wanted)| is > wanted) {
                found.figures.decided_twice += 1;
                found.wrong.push(format!("{}: {rows:?} instead of {wanted:?}", message.id));
            }
        }
        self.events(messages, &mut found).await;
        self.webhooks(messages, &mut found).await;
        let parked = self.number(&PARKED).await;
        if parked > 0 {
            found.figures.lost += usize::try_from(parked).expect("few");
            found.wrong.push(format!("{parked} were parked"));
        }
        found
    }

    fn mail(&self, message: &Message, state: Option<i16>, copies: usize, found: &mut Found) {
        let figures = &mut found.figures;
        let is_right = match (state, copies) {
            (Some(SENT), 1) => message.sort == Sort::Asked || self.sink.is_none(),
            (Some(BOUNCED), 0) => message.sort == Sort::Bad,
            (Some(UNCERTAIN), 0 | 1) => {
                figures.uncertain += 1;
                true
            }
            (_, 2..) => {
                figures.mailed_twice += 1;
                false
            }
            _ => {
                figures.lost += 1;
                false
            }
        };
        if !is_right {
            found
                .wrong
                .push(format!("{}: its mail is in state {state:?} and arrived {copies} times", message.id));
        }
    }

    /// Every event has come to the endpoint; what came again did so under the same `webhook-id`.
    async fn webhooks(&self, messages: &[Message], found: &mut Found) {
        let mut came: HashMap<String, usize> = HashMap::new();
        for request in self.endpoint.seen() {
            let (head, body) = request.split_once("\r\n\r\n").expect("a request");
            let id = head.lines().find_map(|line| line.strip_prefix("webhook-id: ")).unwrap_or_default();
            let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            if body["id"] != id {
                found.wrong.push(format!("event {} came under the webhook-id {id:?}", body["id"]));
            }
            *came.entry(id.to_owned()).or_default() += 1;
        }
        for row in self.read(&EVENTS, vec![self.indexes(messages)]).await {
            let id = row.get::<Uuid>(1).expect("an id").to_string();
            match came.get(&id) {
                Some(times) => found.figures.told_again += times - 1,
                None => {
                    found.figures.lost += 1;
                    found.wrong.push(format!("event {id} never came to the endpoint"));
                }
            }
        }
    }

    /// Every event that counts as published has been heard.
    async fn events(&self, messages: &[Message], found: &mut Found) {
        let Some(tap) = &self.tap else { return };
        let heard = tap.heard().await;
        let once: HashSet<&String> = heard.iter().collect();
        found.figures.told_again = heard.len() - once.len();
        for row in self.read(&EVENTS, vec![self.indexes(messages)]).await {
            let id = row.get::<Uuid>(1).expect("an id").to_string();
            if !once.contains(&id) {
                found.figures.lost += 1;
                found.wrong.push(format!("event {id} was never heard"));
            }
        }
    }
}
