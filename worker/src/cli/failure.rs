//! How a command ends that does not end well.

use crate::app::StartError;
use crate::clock::NoRandomness;
use crate::config::ConfigErrors;
use crate::operator::OperatorError;
use crate::personal_link::LinkError;
use crate::render::RenderError;
use crate::reveal::RevealError;
use crate::staff_token::NotAllowed;
use crate::store::StoreError;
use std::io;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Tried, and failed.
    Failed,
    /// Wrong usage or configuration: nothing was tried.
    Wrong,
}

impl Exit {
    /// The number the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Wrong => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command failed, as a sentence or block for the operator. Holds no personal data.
#[derive(Debug)]
pub(super) enum Failure {
    /// Wrong usage or configuration.
    Wrong(String),
    /// Tried, and failed.
    Failed(String),
    /// Nobody reads the output any more; that is no failure.
    Unread,
}

impl Failure {
    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self::Wrong(text.into())
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    /// The exit code and the text.
    pub(super) fn told(self) -> (Exit, String) {
        match self {
            Self::Wrong(text) => (Exit::Wrong, text),
            Self::Failed(text) => (Exit::Failed, text),
            Self::Unread => (Exit::Done, String::new()),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::Wrong(format!("the configuration is wrong\n\n{errors}"))
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let text = error.to_string();
        match error {
            StartError::Store(_) | StartError::Io { .. } | StartError::Random(_) => Self::Failed(text),
            _ => Self::Wrong(text),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(format!("store: {error}"))
    }
}

impl From<OperatorError> for Failure {
    fn from(error: OperatorError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<RevealError> for Failure {
    fn from(error: RevealError) -> Self {
        let text = error.to_string();
        match error {
            RevealError::Store(_) | RevealError::Random(_) => Self::Failed(text),
            RevealError::UnknownField { .. } | RevealError::Reason(_) => Self::Wrong(text),
        }
    }
}

impl From<NotAllowed> for Failure {
    fn from(error: NotAllowed) -> Self {
        let text = error.to_string();
        match error {
            NotAllowed::UnknownStaff(_) => Self::Wrong(text),
            _ => Self::Failed(text),
        }
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        Self::Wrong(error.to_string())
    }
}
