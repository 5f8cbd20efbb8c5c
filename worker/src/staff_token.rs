//! Who acts: a member of staff by a personal token, or whoever works at a machine where none was ever made.
//!
//! Rule: once a token was made, one is demanded. The one exception opens a door that is shut: while no administrator
//! has a valid token, whoever may read keys and store may make one, and the trail says so.

use crate::app::Opened;
use crate::clock::NoRandomness;
use crate::store::{StoreError, audit, staff};
use rand::Rng;
use rescind_jobs::audit::{Act, Actor, AuditEvent, Cause};
use rescind_jobs::code::StaffId;
use rescind_jobs::policy::{Policy, Role};
use rescind_jobs::protection::{new_id, token_hash};
use rescind_jobs::time::Span;
use uuid::Uuid;

/// Why somebody may not act.
#[derive(Debug, thiserror::Error)]
pub enum NotAllowed {
    /// Tokens were made, and none is given.
    #[error(
        "this needs a personal token: set RESCIND_STAFF_TOKEN, or RESCIND_STAFF_TOKEN_FILE to a file with it"
    )]
    TokenMissing,
    /// Unknown, expired, revoked, or of somebody who has left.
    #[error(
        "the personal token is not valid (any more); an administrator makes a new one: rescind staff token NAME"
    )]
    TokenInvalid,
    /// The role is missing.
    #[error("{staff} lacks the role \"{}\", which the policy gives", role.as_str())]
    RoleMissing {
        /// Who.
        staff: StaffId,
        /// What is needed.
        role: Role,
    },
    /// Nobody of that name.
    #[error("the policy's staff has nobody called {0:?}")]
    UnknownStaff(String),
    /// There is no such token, or it is revoked.
    #[error("there is no token with the id {0} that could be revoked")]
    UnknownToken(Uuid),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The system gives no randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// Who acts under `token`, if that person has `role`.
///
/// # Errors
/// When nobody may.
pub async fn actor(opened: &Opened, token: Option<&str>, role: Role) -> Result<Actor, NotAllowed> {
    let Some(token) = token else {
        return match staff::any(&opened.pool).await? {
            true => Err(NotAllowed::TokenMissing),
            false => Ok(Actor::LocalOperator),
        };
    };
    let found = staff::by_hash(&opened.pool, &token_hash(token.trim())).await?;
    let found = found.filter(|t| t.is_valid(opened.clock.now())).ok_or(NotAllowed::TokenInvalid)?;
    let member = opened.policy.staff.get(&found.staff).ok_or(NotAllowed::TokenInvalid)?;
    if member.has(role) {
        Ok(Actor::Staff(found.staff))
    } else {
        Err(NotAllowed::RoleMissing { staff: found.staff, role })
    }
}

/// Who may make tokens: an administrator, or, while none has a valid one, whoever is at the controls.
///
/// # Errors
/// As [`actor`].
pub async fn token_maker(opened: &Opened, token: Option<&str>) -> Result<Actor, NotAllowed> {
    let (now, policy): (_, &Policy) = (opened.clock.now(), &opened.policy);
    let administers = |t: &staff::StaffToken| {
        t.is_valid(now) && policy.staff.get(&t.staff).is_some_and(|m| m.has(Role::Administer))
    };
    if token.is_none() && !staff::all(&opened.pool).await?.iter().any(administers) {
        return Ok(Actor::LocalOperator);
    }
    actor(opened, token, Role::Administer).await
}

/// Makes a personal token that is valid for so many days. It is kept nowhere; the store has its hash.
///
/// # Errors
/// When the policy has nobody of that name.
pub async fn make(
    opened: &Opened,
    actor: &Actor,
    name: &str,
    days: u32,
) -> Result<(String, staff::StaffToken), NotAllowed> {
    let known = StaffId::new(name).filter(|id| opened.policy.staff.contains_key(id));
    let id = known.ok_or_else(|| NotAllowed::UnknownStaff(name.to_owned()))?;
    let mut rng = opened.randomness.generator()?;
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    let secret = data_encoding::BASE64URL_NOPAD.encode(&bytes);
    let now = opened.clock.now();
    let token = staff::StaffToken {
        id: new_id(now, &mut rng),
        staff: id.clone(),
        created_at: now,
        expires_at: now.plus(Span::days(days.into())),
        revoked_at: None,
        made_by: actor.to_string(),
    };
    let act = Act::StaffTokenMade { token: token.id, staff: id, actor: actor.clone() };
    let event = event(opened, actor, &act, &mut rng);
    let mut tx = opened.pool.begin().await?;
    staff::add(&mut tx, token.clone(), token_hash(&secret)).await?;
    audit::add(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok((secret, token))
}

/// Revokes a token.
///
/// # Errors
/// When there is none of that id, or it is revoked already.
pub async fn revoke(opened: &Opened, actor: &Actor, id: Uuid) -> Result<StaffId, NotAllowed> {
    let known = staff::all(&opened.pool).await?.into_iter().find(|t| t.id == id);
    let known = known.ok_or(NotAllowed::UnknownToken(id))?;
    let mut rng = opened.randomness.generator()?;
    let act = Act::StaffTokenRevoked { token: id, staff: known.staff.clone(), actor: actor.clone() };
    let event = event(opened, actor, &act, &mut rng);
    let mut tx = opened.pool.begin().await?;
    if !staff::revoke(&mut tx, id, opened.clock.now()).await? {
        return Err(NotAllowed::UnknownToken(id));
    }
    audit::add(&mut tx, &[event]).await?;
    tx.commit().await?;
    Ok(known.staff)
}

fn event(opened: &Opened, actor: &Actor, act: &Act, rng: &mut rand::rngs::StdRng) -> AuditEvent {
    let (policy, source) = (opened.policy.hash_hex(), actor.to_string());
    let cause = Cause { source: &source, message: "", policy: &policy };
    AuditEvent::new(act, None, (0, 0), opened.clock.now(), cause, rng)
}
