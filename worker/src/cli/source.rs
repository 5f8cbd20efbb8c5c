//! `rescind source`: tokens of the applications that send messages.

use super::failure::Failure;
use super::session::Session;
use rand::Rng;
use rescind_jobs::code::{self, SourceId};
use sha2::{Digest, Sha256};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Make a bearer token; it is shown once and kept nowhere
    Token {
        /// The source's name in the policy
        name: String,
    },
}

pub(super) fn run(session: &mut Session<'_>, command: &Command) -> Result<(), Failure> {
    let Command::Token { name } = command;
    let Some(source) = SourceId::new(name) else {
        return Err(Failure::wrong(format!("{name:?} cannot name a source; expected {}", code::RULE)));
    };
    if matches!(source.as_str(), "rescind" | "broker") {
        return Err(Failure::wrong(format!("\"{source}\" cannot have a token; docs/policy.md says why")));
    }
    let mut bytes = [0; 32];
    session.randomness.generator()?.fill_bytes(&mut bytes);
    let token = data_encoding::BASE64URL_NOPAD.encode(&bytes);
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(token.as_bytes()));
    session.out.line(format!("token         {token}"))?;
    session.out.line("")?;
    session.out.line("It is shown this once. Give it to the application, and this to the policy:")?;
    session.out.line("")?;
    session.out.line(format!("[sources.{}]", key(source.as_str())))?;
    session.out.line(format!("token_sha256 = \"{hash}\""))
}

/// The name as a key of TOML, where a dot would begin another level.
fn key(name: &str) -> String {
    if name.contains('.') { format!("\"{name}\"") } else { name.to_owned() }
}
