//! The shape of section `mail`; see the rule of the module above.

use schemars::JsonSchema;
use serde::Deserialize;

/// Outgoing mail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Mail {
    /// How mail leaves.
    pub(in crate::config) transport: TransportName,
    /// Mails marked as leaving in one transaction; at most two such groups of each lane are uncertain after a crash.
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::config) group_size: u32,
    /// Wait before the second attempt, in seconds; it doubles with each attempt.
    #[schemars(range(min = 1, max = 86_400))]
    pub(in crate::config) retry_initial_seconds: u32,
    /// Longest wait between two attempts, in seconds.
    #[schemars(range(min = 1, max = 86_400))]
    pub(in crate::config) retry_maximum_seconds: u32,
    /// Time after which a mail that never left counts as failed, in hours.
    #[schemars(range(min = 1, max = 720))]
    pub(in crate::config) retry_give_up_hours: u32,
    #[serde(default)]
    pub(in crate::config) mailbox: Mailbox,
    #[serde(default)]
    pub(in crate::config) maildir: Maildir,
    pub(in crate::config) smtp: Smtp,
}

/// How mail leaves.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum TransportName {
    /// Into the development mailbox; nothing leaves this machine.
    Mailbox,
    /// As files into a Maildir.
    Maildir,
    /// To an SMTP server.
    Smtp,
}

/// The development mailbox, shown at /dev/mailbox.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Mailbox {
    /// Its folder; by default mailbox in the data folder.
    pub(in crate::config) path: Option<String>,
}

/// Transport maildir.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct Maildir {
    /// The Maildir; required with this transport.
    pub(in crate::config) path: Option<String>,
}

/// Transport smtp.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Smtp {
    /// smtp:// (STARTTLS) or smtps:// with host and port, optionally user and password; required with this
    /// transport.
    #[schemars(extend("writeOnly" = true))]
    pub(in crate::config) url: Option<String>,
    /// File that holds the URL.
    #[expect(dead_code, reason = "its content is put into the key it stands for before this is read")]
    pub(in crate::config) url_file: Option<String>,
    /// User name, if it is not part of the URL.
    pub(in crate::config) username: Option<String>,
    /// Password, if it is not part of the URL.
    #[schemars(extend("writeOnly" = true))]
    pub(in crate::config) password: Option<String>,
    /// File that holds the password.
    #[expect(dead_code, reason = "its content is put into the key it stands for before this is read")]
    pub(in crate::config) password_file: Option<String>,
    /// Name to greet the server with; by default the host name of this machine.
    #[schemars(length(max = 255))]
    pub(in crate::config) helo: Option<String>,
    /// Connections at the same time.
    #[schemars(range(min = 1, max = 256))]
    pub(in crate::config) connections: u32,
    /// Longest wait for the connection, TLS included, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub(in crate::config) connect_timeout_seconds: u32,
    /// Longest wait for the answer to a command, in seconds.
    #[schemars(range(min = 1, max = 600))]
    pub(in crate::config) command_timeout_seconds: u32,
    /// Longest wait for sending a body and for the answer to it, in seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub(in crate::config) data_timeout_seconds: u32,
    /// PEM file with certificates to trust beside those of the system.
    pub(in crate::config) root_certificate_file: Option<String>,
}
