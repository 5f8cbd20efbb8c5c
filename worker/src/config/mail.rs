//! Section `mail`: how mail leaves, and when it is tried again.
//!
//! Rule: a section of a transport that is not in use is checked too, so that switching to it is no surprise.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file;
use super::problem::quoted;
use super::resolve::{Resolver, seconds, size};
use super::secret::Secret;
use super::smtp::{self, Credentials, Smtp, SmtpServer};
use super::types::{Mail, Retry, Transport};

impl Resolver<'_> {
    pub(super) fn mail(&mut self, mail: file::Mail, data_dir: &Path) -> Option<Mail> {
        let retry = self.retry(&mail);
        let smtp = self.smtp(mail.smtp);
        let transport = match mail.transport {
            file::TransportName::Mailbox => Some(Transport::Mailbox(
                mail.mailbox.path.map_or_else(|| data_dir.join("mailbox"), PathBuf::from),
            )),
            file::TransportName::Maildir => {
                if mail.maildir.path.is_none() {
                    let expected = "the folder of the Maildir, as mail.transport is \"maildir\"";
                    self.missing("mail.maildir.path", "mail.transport", expected);
                }
                mail.maildir.path.map(|path| Transport::Maildir(PathBuf::from(path)))
            }
            file::TransportName::Smtp => match smtp {
                Ok(None) => {
                    let expected = "the address of the server, as mail.transport is \"smtp\"";
                    self.missing("mail.smtp.url", "mail.transport", expected);
                    None
                }
                Ok(smtp) => smtp.map(Transport::Smtp),
                Err(Refused) => None,
            },
        };
        Some(Mail { transport: transport?, group_size: size(mail.group_size), retry: retry? })
    }

    fn retry(&mut self, mail: &file::Mail) -> Option<Retry> {
        let retry = Retry {
            initial: seconds(mail.retry_initial_seconds),
            maximum: seconds(mail.retry_maximum_seconds),
            give_up: Duration::from_secs(u64::from(mail.retry_give_up_hours) * 3600),
        };
        if retry.initial > retry.maximum {
            let found = mail.retry_maximum_seconds.to_string();
            let expected = format!("at least mail.retry_initial_seconds, {}", mail.retry_initial_seconds);
            self.refuse("mail.retry_maximum_seconds", found, expected);
            return None;
        }
        if retry.maximum > retry.give_up {
            let found = mail.retry_give_up_hours.to_string();
            let expected =
                format!("at least mail.retry_maximum_seconds, {} seconds", mail.retry_maximum_seconds);
            self.refuse("mail.retry_give_up_hours", found, expected);
            return None;
        }
        Some(retry)
    }

    /// `Ok(None)`: no server is given.
    fn smtp(&mut self, section: file::Smtp) -> Result<Option<Smtp>, Refused> {
        let helo = self.helo(section.helo);
        let Some(url) = section.url else { return helo.map(|_| None) };
        let (server, from_url) = match smtp::parse(&url) {
            Ok(parsed) => parsed,
            Err(expected) => {
                self.refuse("mail.smtp.url", "a URL that is not shown", expected);
                return Err(Refused);
            }
        };
        let credentials = self.credentials(&server, from_url, section.username, section.password)?;
        Ok(Some(Smtp {
            server,
            credentials,
            helo: helo?,
            connections: size(section.connections),
            connect_timeout: seconds(section.connect_timeout_seconds),
            command_timeout: seconds(section.command_timeout_seconds),
            data_timeout: seconds(section.data_timeout_seconds),
            root_certificate_file: section.root_certificate_file.map(PathBuf::from),
        }))
    }

    fn credentials(
        &mut self,
        server: &SmtpServer,
        from_url: Option<Credentials>,
        username: Option<String>,
        password: Option<String>,
    ) -> Result<Option<Credentials>, Refused> {
        let credentials = match (from_url, username, password) {
            (from_url, None, None) => from_url,
            (Some(_), Some(_), _) => {
                self.refuse("mail.smtp.username", "a user in the URL too", "one of the two");
                return Err(Refused);
            }
            (Some(_), None, Some(_)) => {
                self.refuse("mail.smtp.password", "a password in the URL too", "one of the two");
                return Err(Refused);
            }
            (None, Some(username), Some(password)) => {
                Some(Credentials { username: Secret::new(username), password: Secret::new(password) })
            }
            (None, Some(_), None) => {
                let expected = "the password that belongs to mail.smtp.username";
                self.missing("mail.smtp.password", "mail.smtp.username", expected);
                return Err(Refused);
            }
            (None, None, Some(_)) => {
                let expected = "the user that belongs to mail.smtp.password";
                self.missing("mail.smtp.username", "mail.smtp.password", expected);
                return Err(Refused);
            }
        };
        if credentials.is_some() && !server.keeps_passwords() {
            self.refuse(
                "mail.smtp.url",
                "a password for a server to which it might go in the clear",
                "smtps://, or smtp:// with tls=required",
            );
            return Err(Refused);
        }
        Ok(credentials)
    }

    fn helo(&mut self, helo: Option<String>) -> Result<Option<String>, Refused> {
        let Some(name) = helo else { return Ok(None) };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        if !name.bytes().all(allowed) {
            self.refuse("mail.smtp.helo", quoted(&name), "a host name or an address in brackets");
            return Err(Refused);
        }
        Ok(Some(name))
    }
}

/// Something was wrong and has been noted.
struct Refused;
