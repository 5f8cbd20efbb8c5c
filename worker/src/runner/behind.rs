//! A replica whose policy is behind: another one has published a content that this one does not know yet. What it would
//! refuse for that reason waits until it has read the policy anew.

use crate::live::InForce;
use crate::store::{Result, Tx, published};
use rescind_jobs::decision::CLOCK_TOLERANCE;
use rescind_jobs::refusal::RefusalCode;
use rescind_jobs::time::{Span, Timestamp};

/// How long a message waits before it is tried again.
pub(super) const PATIENCE: Span = Span::seconds(15);
/// For how long a content that others have published makes this replica wait; by then somebody should have reloaded it.
const RECENT: Span = Span::hours(24);

/// Whether a refusal says that the policy lacks something.
pub(super) const fn is_of_the_policy(code: RefusalCode) -> bool {
    matches!(
        code,
        RefusalCode::UnknownContent
            | RefusalCode::UnusableContent
            | RefusalCode::UnknownPurpose
            | RefusalCode::UnknownCode
    )
}

/// Whether something was published since this policy was read that it does not have. What was published earlier and is
/// no longer in the policy was taken out of it.
pub(super) async fn is(tx: &mut Tx, policy: &InForce, now: Timestamp) -> Result<bool> {
    let Some(read_at) = policy.read_at else { return Ok(false) };
    let since = read_at.minus(CLOCK_TOLERANCE).max(now.minus(RECENT));
    let published = published::since(tx, since).await?;
    Ok(published.iter().any(|(content, version)| {
        policy.contents.get(content.as_str()).is_none_or(|known| known.version(*version).is_none())
    }))
}
