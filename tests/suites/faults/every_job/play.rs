//! Hands a job in, as its sender would: again and again until it is taken, and what a fault of the store has parked is
//! tried again by the operator. Then what it ordered is done, the same way.

use rescind_jobs::audit::Actor;
use rescind_jobs::effects::Lane;
use rescind_jobs::refusal::RefusalCode;
use rescind_tests::fault::{Failure, failing};
use rescind_tests::parts::Parts;
use rescind_worker::fault::Point;
use rescind_worker::operator::Operator;
use rescind_worker::runner::message::{Answering, Incoming, OnRefusal, Outcome, Sender};
use rescind_worker::store::dialect::{Sql, sql};
use rescind_worker::store::tables::JobRow;
use rescind_worker::store::{Arg, parked, queue};
use serde_json::{Value, json};

static ROW: Sql =
    sql("select id, subject_id, source, origin, kind, body, day, due_at, lane, attempt, schedule, \
                       created_at, correlation, traceparent from job where kind = $1");

/// How a job is given.
pub(super) enum Given {
    /// As a message.
    Message(Incoming),
    /// As a row of the job table, which is there already.
    Row(Box<JobRow>),
}

/// The most tries that a single failure may cost.
const TRIES: usize = 3;

impl Given {
    /// A message of an app.
    pub(super) fn message(parts: &Parts, kind: &str, data: Value) -> Self {
        Self::from(parts, kind, data, "shop", Sender::Local)
    }

    /// A message of Rescind's own pages.
    pub(super) fn internal(parts: &Parts, kind: &str, data: Value) -> Self {
        Self::from(parts, kind, data, "rescind", Sender::Internal)
    }

    fn from(parts: &Parts, kind: &str, data: Value, source: &str, sender: Sender) -> Self {
        let message = json!({"specversion": "1.0", "id": "example", "source": source, "type": kind,
                             "time": parts.now(), "data": data});
        let body = message.to_string().into_bytes();
        let answer = Answering::default();
        Self::Message(Incoming { body, sender, on_refusal: OnRefusal::Park, redelivered: false, answer })
    }

    /// The row of this type in the job table; nothing else may be due.
    pub(super) async fn row(parts: &Parts, kind: &str) -> Self {
        let (due, _) = queue::depth(parts.pool(), parts.now()).await.unwrap();
        assert_eq!(due, 1, "{kind} is due, and nothing else");
        let rows = parts.pool().read(&ROW, vec![Arg::Text(kind.to_owned())]).await.unwrap();
        let [row] = &rows[..] else { panic!("{} rows of {kind}", rows.len()) };
        Self::Row(Box::new(JobRow {
            id: row.get(0).unwrap(),
            subject_id: row.get(1).unwrap(),
            source: row.get(2).unwrap(),
            origin: row.get(3).unwrap(),
            kind: row.get(4).unwrap(),
            body: row.get(5).unwrap(),
            day: row.get(6).unwrap(),
            due_at: row.get(7).unwrap(),
            lane: row.get(8).unwrap(),
            attempt: row.get(9).unwrap(),
            schedule: row.get(10).unwrap(),
            created_at: row.get(11).unwrap(),
            correlation: row.get(12).unwrap(),
            traceparent: row.get(13).unwrap(),
        }))
    }

    /// The same, redelivered by a broker or not; none for a row that would be.
    pub(super) fn redelivered(self, redelivered: bool) -> Option<Self> {
        match self {
            Self::Message(message) => Some(Self::Message(Incoming { redelivered, ..message })),
            Self::Row(_) if redelivered => None,
            row @ Self::Row(_) => Some(row),
        }
    }

    /// Gives it once more: a row is put back.
    pub(super) async fn again(&self, parts: &Parts) {
        if let Self::Row(row) = self {
            parts.put(std::slice::from_ref(&**row)).await;
        }
    }
}

/// Hands the job in and does what is due, while the store fails at the call of that number. Returns the calls.
pub(super) async fn play(parts: &Parts, given: &Given, fails: Option<(usize, Failure)>) -> Vec<Point> {
    let playing = async {
        if let Given::Message(message) = given {
            hand_in(parts, message.clone()).await;
        }
        work(parts).await;
    };
    let ((), calls) = failing(fails, playing).await;
    let held = parked::list(parts.pool(), None, 10).await.unwrap();
    assert!(
        held.is_empty() || fails.is_some_and(|(_, failure)| failure == Failure::Data),
        "parked for nothing"
    );
    for parked in held {
        assert_eq!(parked.code, RefusalCode::NotStorable.as_str());
        Operator::new(&parts.opened, Actor::LocalOperator).retry(parked.id).await.unwrap();
    }
    work(parts).await;
    calls
}

/// As the broker does: what is not decided comes again.
async fn hand_in(parts: &Parts, mut message: Incoming) {
    for _ in 0..TRIES {
        match parts.engine.handle(vec![message.clone()]).await {
            Ok(outcomes) => {
                let is_taken = match &outcomes[..] {
                    [Outcome::Done | Outcome::Duplicate] => true,
                    [Outcome::Refused(refusal)] => refusal.code == RefusalCode::NotStorable,
                    _ => false,
                };
                assert!(is_taken, "{outcomes:?}");
                return;
            }
            Err(_) => message.redelivered = true,
        }
    }
    panic!("one failure of the store has cost {TRIES} tries");
}

/// As the loops of a worker do, without their waits.
async fn work(parts: &Parts) {
    let mut failures = 0;
    loop {
        let mut done = 0;
        for lane in [Lane::Request, Lane::Background] {
            match parts.work_once(lane).await {
                Ok(rows) => done += rows,
                Err(_) => {
                    (failures, done) = (failures + 1, done + 1);
                    assert!(failures < TRIES, "one failure of the store has cost {TRIES} tries");
                }
            }
        }
        if done == 0 {
            return;
        }
    }
}
