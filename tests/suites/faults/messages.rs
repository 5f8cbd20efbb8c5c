//! What is sent in a round: a few messages of every sort, each about somebody of its own, so that what became of each
//! can be told apart.

use rescind_jobs::model::IdentityValue;
use rescind_worker::clock::Clock;
use serde_json::{Value, json};

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// A request for consent: a mail leaves.
    Asked,
    /// The same, to an address that does not exist.
    Bad,
    /// A consent that was given elsewhere: an event leaves.
    Told,
    /// A subject as an app knows it.
    Known,
    /// The last two, from the command line into the job table.
    ToldByOperator,
    KnownByOperator,
}

impl Sort {
    /// Whether it goes to the job table.
    pub(super) const fn is_operators(self) -> bool {
        matches!(self, Self::ToldByOperator | Self::KnownByOperator)
    }

    /// Whether a mail comes of it.
    pub(super) const fn is_asked(self) -> bool {
        matches!(self, Self::Asked | Self::Bad)
    }
}

/// A message of a round.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) sort: Sort,
    pub(super) id: String,
    pub(super) email: String,
    pub(super) body: Value,
}

/// The messages of round `round`.
pub(super) fn of_round(round: usize, operators: bool) -> Vec<Message> {
    use Sort::{Asked, Bad, Known, KnownByOperator, Told, ToldByOperator};
    let mut sorts = vec![Asked, Told, Asked, Bad, Asked, Known, Asked, Told, Asked, Bad, Known, Asked];
    if operators {
        sorts.extend([ToldByOperator, KnownByOperator, ToldByOperator]);
    }
    let message = |(n, sort): (usize, Sort)| {
        let local = if sort == Bad { "reject-rcpt" } else { "ana" };
        let (id, email) = (format!("r{round}-{n}"), format!("{local}@n{n}.r{round}.example"));
        Message { sort, body: body(sort, &id, &email), id, email }
    };
    sorts.into_iter().enumerate().map(message).collect()
}

fn body(sort: Sort, id: &str, email: &str) -> Value {
    let subject = json!({"email": email, "ids": {"shop": id}});
    let (kind, data) = match sort {
        Sort::Asked | Sort::Bad => {
            ("consent.request.v1", json!({"subject": subject, "contents": ["newsletter"]}))
        }
        Sort::Told | Sort::ToldByOperator => {
            let consents = json!([{"category": "marketing", "content": "newsletter", "answer": "agree"}]);
            ("consent.record.v1", json!({"subject": subject, "consents": consents}))
        }
        Sort::Known | Sort::KnownByOperator => ("subject.upsert.v1", json!({"subject": subject})),
    };
    json!({"specversion": "1.0", "id": id, "source": "shop", "type": kind, "time": Clock::system().now(),
           "data": data})
}

/// How the subject of a message is found in the store.
pub(super) fn identity(message: &Message) -> IdentityValue {
    IdentityValue::email(&message.email).expect("an address")
}
