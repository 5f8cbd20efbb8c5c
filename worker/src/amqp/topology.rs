//! What we declare at the broker.
//!
//! Why so little: whatever a queue is declared with can never be changed but by deleting it. So only its type is
//! declared; limits, dead-lettering and the rest are policies (`config/rabbitmq/`), which an operator may change at any
//! time. Declared again on every connection, because somebody may have deleted it meanwhile.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};

use super::failure::{Failure, answered, short};
use super::health::Trouble;
use super::supervisor::Link;

/// Names at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The quorum queue that messages are taken from.
    pub queue: String,
    /// The topic exchange it is bound to with `#`.
    pub exchange: String,
    /// The topic exchange that events go to.
    pub events_exchange: String,
}

/// Declares everything; the error says which thing is in the way.
pub(super) async fn declare(link: &Link, names: &Names) -> Result<(), Failure> {
    let channel = link.channel().await?;
    declare_exchange(&channel, &names.exchange).await?;
    declare_exchange(&channel, &names.events_exchange).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    declared(answered(channel.queue_declare(short(&names.queue)?, options, arguments)).await)?;
    declared(
        answered(channel.queue_bind(
            short(&names.queue)?,
            short(&names.exchange)?,
            "#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        ))
        .await,
    )?;
    answered(channel.close(200, "OK".into())).await
}

/// Declares a durable topic exchange.
pub(super) async fn declare_exchange(channel: &Channel, name: &str) -> Result<(), Failure> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let question =
        channel.exchange_declare(short(name)?, ExchangeKind::Topic, options, FieldTable::default());
    declared(answered(question).await)
}

/// While declaring, a closed channel means that something of the same name is different.
fn declared<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    match answer {
        Ok(_) => Ok(()),
        Err(mut failure) => {
            if failure.detail.contains("PRECONDITION_FAILED") {
                failure.trouble = Trouble::TopologyMismatch;
            }
            Err(failure)
        }
    }
}
