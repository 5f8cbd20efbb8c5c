//! What goes wrong with the broker, as a trouble and a text.
//!
//! Rule: no question to the broker waits for ever, and the text holds no secret and nothing of a message.

use std::future::Future;
use std::time::Duration;

use lapin::ErrorKind;
use lapin::types::ShortString;
use tokio::time::timeout;

use super::health::Trouble;

/// How long a single question to the broker may take: opening a channel, declaring, acknowledging.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// Why something with the broker did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    pub(super) detail: String,
}

impl Failure {
    pub(super) fn new(trouble: Trouble, detail: impl Into<String>) -> Self {
        Self { trouble, detail: detail.into() }
    }

    /// What an error of lapin means on an open connection.
    pub(super) fn of(error: &lapin::Error) -> Self {
        let trouble = match error.kind() {
            _ if is_unreadable(error) => Trouble::Undecodable,
            ErrorKind::ProtocolError(e) => match e.get_id() {
                403 => Trouble::Permission,
                _ if error.is_amqp_hard_error() => Trouble::ConnectionLost,
                _ => Trouble::ChannelClosed,
            },
            ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidChannel(_) => Trouble::ChannelClosed,
            _ => Trouble::ConnectionLost,
        };
        Self::new(trouble, error.to_string())
    }

    /// What it means while connecting.
    pub(super) fn of_connecting(error: &lapin::Error) -> Self {
        let trouble = match error.kind() {
            ErrorKind::ProtocolError(e) => match e.get_id() {
                403 => Trouble::Credentials,
                402 | 530 => Trouble::VirtualHost,
                _ => Trouble::Unreachable,
            },
            ErrorKind::AuthProviderError(_) => Trouble::Credentials,
            _ => Trouble::Unreachable,
        };
        Self::new(trouble, error.to_string())
    }
}

/// Whether the client library cannot take in what the broker sent: bytes that it cannot parse, or a frame that is larger
/// than agreed (501). RabbitMQ cuts bodies to the size of a frame, and headers it does not.
pub(super) fn is_unreadable(error: &lapin::Error) -> bool {
    const FRAME_ERROR: u16 = 501;
    match error.kind() {
        ErrorKind::ParsingError(_) => true,
        ErrorKind::ProtocolError(error) => error.get_id() == FRAME_ERROR,
        _ => false,
    }
}

/// Waits for the broker's answer, but not for ever.
pub(super) async fn answered<T>(question: impl Future<Output = lapin::Result<T>>) -> Result<T, Failure> {
    match timeout(ANSWER_LIMIT, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Failure::of(&error)),
        Err(_) => Err(Failure::new(Trouble::Timeout, "no answer")),
    }
}

/// A name as AMQP carries it; lapin would panic on one that is too long.
pub(super) fn short(name: &str) -> Result<ShortString, Failure> {
    ShortString::try_new(name).map_err(|e| Failure::new(Trouble::InvalidName, e.to_string()))
}
