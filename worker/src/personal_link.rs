//! The address of a subject's own page, for staff: looked up, replaced by another one, or taken away.
//!
//! It changes a subject outside of the runner, in the way of a batch: under its lock, read whole, saved with its entry in the
//! trail.

use crate::app::Opened;
use crate::clock::NoRandomness;
use crate::store::{StoreError, audit, load, save};
use rescind_jobs::audit::{Act, Actor, AuditEvent, Cause};
use rescind_jobs::model::{PersonalPage, Subject, SubjectId, SubjectState};
use std::collections::HashMap;

/// What is done with the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is shown; a subject that has none yet gets one.
    Show,
    /// Another one takes its place.
    Reissue,
    /// It opens nothing any more.
    Revoke,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nobody of that id, or on the way out.
    #[error("no data subject answers to that")]
    UnknownSubject,
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// Does it, and returns the address that holds now; none if it is revoked.
///
/// # Errors
/// When there is no such subject, or the store does not answer.
pub async fn link(
    opened: &Opened,
    actor: &Actor,
    id: SubjectId,
    wish: Wish,
) -> Result<Option<String>, LinkError> {
    let mut rng = opened.randomness.generator()?;
    let (now, vault) = (opened.clock.now(), &opened.vault);
    let mut tx = opened.pool.begin().await?;
    let wanted = load::Wanted { pages: vec![id.0], ..load::Wanted::default() };
    let before = load::subjects(&mut tx, &[id], now, &wanted).await?.remove(&id);
    let before = before.filter(|s| matches!(s.state, SubjectState::Active | SubjectState::Restricted));
    let before = before.ok_or(LinkError::UnknownSubject)?;
    let mut after = Subject { version: before.version + 1, ..before.clone() };
    let actor_name = actor.to_string();
    let page = after.open_page(vault);
    let actor = actor.clone();
    let act = match wish {
        Wish::Show => Act::PageLinkShown { actor },
        Wish::Reissue => {
            page.reissue(id, vault);
            Act::PageLinkReissued { actor }
        }
        Wish::Revoke => {
            page.revoke();
            Act::PageLinkRevoked { actor }
        }
    };
    let token = page.token(id, vault);
    let cause = Cause { source: &actor_name, message: "", policy: &opened.policy.hash_hex() };
    let event = AuditEvent::new(&act, Some(id), (after.version, 0), now, cause, &mut rng);
    save::subjects(&mut tx, &[save::Change { before: Some(&before), after: &after }], &HashMap::new())
        .await?;
    audit::add(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(token.map(|token| opened.config.http.public_url.link(&format!("/p/{token}"))))
}

/// The address of a page as it stands in mails; none if it is revoked.
pub(crate) fn address(
    page: Option<&PersonalPage>,
    subject: SubjectId,
    vault: &rescind_jobs::protection::Vault,
    config: &crate::config::Config,
) -> Option<String> {
    let token = page?.token(subject, vault)?;
    Some(config.http.public_url.link(&format!("/p/{token}")))
}
