//! Mail to a relay over SMTP.
//!
//! Our own dialogue rather than a library's: the outcome of a mail depends on the exact step that failed, on
//! noticing replies that nobody asked for, and on which bytes had left; libraries keep these to themselves, and
//! take any 2xx or 3xx for a yes. Rule: a connection belongs to one task at a time and is dropped at the first
//! sign of disorder.

mod body;
mod classify;
mod envelope;
mod group;
mod hello;
mod opening;
mod reply;
mod session;
mod tls;
mod wire;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rescind_jobs::effects::Lane;
use thiserror::Error;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use uuid::Uuid;

use self::group::Group;
use self::session::{Fate, Session};
use self::tls::Encryption;
use super::{Delivery, Outgoing, Phase, Trouble, TroubleKind};
use crate::config::Smtp as Settings;
use crate::trust::TrustProblem;

/// How long a connection may rest unless told otherwise.
const REST: Duration = Duration::from_secs(15);

/// The relay cannot be used as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SetupProblem {
    /// TLS needs a host name or an IP address.
    #[error("the SMTP host is neither a host name nor an IP address")]
    Host,
    /// The EHLO name holds a character it must not.
    #[error("the SMTP EHLO name is not a host name nor an address literal")]
    Helo,
    /// No connections, or more than 1,000.
    #[error("the number of SMTP connections must lie between 1 and 1000")]
    Connections,
    /// A step may take no time at all.
    #[error("an SMTP timeout is zero")]
    Timeout,
    /// Certificates to trust cannot be read.
    #[error("mail.smtp: {0}")]
    Trust(#[from] TrustProblem),
    /// The system has no certificate authorities and none were given.
    #[error("no certificate authorities are installed, and none are configured")]
    NoRoots,
}

/// A relay and the connections to it.
pub struct Smtp {
    pool: Arc<Pool>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("connections", &self.connections()).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Checks the settings and reads the certificate authorities. Connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, SetupProblem> {
        Self::resting(settings, REST)
    }

    /// The same with another time for connections to rest than 15 seconds: after it they are closed, after a
    /// fifth of it they are asked whether they still work.
    pub fn resting(settings: Settings, rest: Duration) -> Result<Self, SetupProblem> {
        if !(1..=1000).contains(&settings.connections) {
            return Err(SetupProblem::Connections);
        }
        let own_name = hello::own_name(settings.helo.as_deref());
        if !own_name.as_deref().is_none_or(hello::is_fit) {
            return Err(SetupProblem::Helo);
        }
        let Settings { connect_timeout, command_timeout, data_timeout, .. } = settings;
        if [connect_timeout, command_timeout, data_timeout].contains(&Duration::ZERO) {
            return Err(SetupProblem::Timeout);
        }
        let encryption = Encryption::new(&settings)?;
        let places = Semaphore::new(settings.connections);
        let patient = Semaphore::new(settings.connections.saturating_sub(1).max(1));
        let (resting, closing) = (Mutex::default(), AtomicBool::new(false));
        let urgent = AtomicUsize::new(0);
        let pool = Pool { settings, encryption, own_name, places, patient, urgent, rest, resting, closing };
        Ok(Self { pool: Arc::new(pool) })
    }

    /// Most connections at once.
    pub fn connections(&self) -> usize {
        self.pool.settings.connections
    }

    /// Sends the mails of `group` over as many connections as are allowed; see [`super::Transport::send`].
    pub async fn send(&self, group: Vec<Outgoing>, lane: Lane) -> Vec<(Uuid, Delivery)> {
        let tasks = self.connections().min(group.len());
        let group = Arc::new(Group::new(group));
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            running.spawn(work(Arc::clone(&self.pool), Arc::clone(&group), lane));
        }
        // A task that panicked has settled its mails but one, which the group knows about.
        while running.join_next().await.is_some() {}
        close_later(&self.pool);
        group.outcomes()
    }

    /// Waits until a connection is free for mails of this lane, as they would: the background gives way to those that
    /// somebody waits for, and leaves them one.
    pub async fn room(&self, lane: Lane) {
        let _share = if lane == Lane::Background { self.pool.patient.acquire().await.ok() } else { None };
        drop(self.pool.place(lane).await);
    }

    /// Opens a connection, up to and including the login, and keeps it for the next mail; see
    /// [`super::Transport::knock`].
    pub async fn knock(&self) -> Result<(), Delivery> {
        // one at rest may be all that the server allows
        let session = match self.pool.take().await {
            Some(session) => session,
            None => self.pool.open().await?,
        };
        self.pool.lock().push(session);
        close_later(&self.pool);
        Ok(())
    }

    /// Ends all connections at rest.
    pub async fn close(&self) {
        self.pool.quit_resting(Duration::ZERO).await;
    }
}

struct Pool {
    settings: Settings,
    encryption: Option<Encryption>,
    /// For EHLO; without one our address does.
    own_name: Option<String>,
    /// How long a connection may rest.
    rest: Duration,
    /// One for each connection that may be in use, over all calls of `send`.
    places: Semaphore,
    /// One for each connection that mails in the background may use: all but one, if there are several.
    patient: Semaphore,
    /// How many wait for a connection whose mails somebody waits for.
    urgent: AtomicUsize,
    resting: Mutex<Vec<Session>>,
    /// Whether a task is waiting to close what rests too long.
    closing: AtomicBool,
}

impl Pool {
    /// A connection at rest that still works, the one used last first.
    async fn take(&self) -> Option<Session> {
        let limit = self.rest;
        loop {
            let mut session = self.lock().pop()?;
            let idle = session.idle();
            if idle < limit / 5 || (idle < limit && session.is_alive().await) {
                return Some(session);
            }
        }
    }

    /// Waits for a connection to be free; who comes first is served first.
    async fn place(&self, lane: Lane) -> Result<SemaphorePermit<'_>, AcquireError> {
        let _waits = (lane == Lane::Request).then(|| Waits::new(&self.urgent));
        self.places.acquire().await
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self) -> Result<Session, Delivery> {
        Session::open(&self.settings, self.encryption.as_ref(), self.own_name.as_deref()).await
    }

    /// Ends the connections that have rested for `idle` or longer.
    async fn quit_resting(&self, idle: Duration) {
        let old: Vec<Session> = {
            let mut resting = self.lock();
            let (old, kept) = std::mem::take(&mut *resting).into_iter().partition(|s| s.idle() >= idle);
            *resting = kept;
            old
        };
        let mut farewells = JoinSet::new();
        for session in old {
            farewells.spawn(session.quit());
        }
        while farewells.join_next().await.is_some() {}
    }
}

/// Counts itself as long as it lives.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Closes what rests too long, by one task while anything rests. It ends with the transport.
fn close_later(pool: &Arc<Pool>) {
    if pool.lock().is_empty() || pool.closing.swap(true, Ordering::AcqRel) {
        return;
    }
    let (pool, limit) = (Arc::downgrade(pool), pool.rest);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(limit / 3).await;
            let Some(pool) = pool.upgrade() else { return };
            pool.quit_resting(limit).await;
            // In this order, or a connection laid down in between would have nobody to close it.
            pool.closing.store(false, Ordering::Release);
            if pool.lock().is_empty() || pool.closing.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    });
}

/// Sends mails of `group` over one connection at a time until none is left or no connection can be had. In the
/// background it queues up anew after a mail when others wait: they go first, and then it has its turn.
async fn work(pool: Arc<Pool>, group: Arc<Group>, lane: Lane) {
    let patient = lane == Lane::Background;
    let _share = if patient { pool.patient.acquire().await.ok() } else { None };
    let Ok(mut place) = pool.place(lane).await else { return };
    let mut session = pool.take().await;
    while let Some((number, mail)) = group.take() {
        match send_one(&pool, &mut session, &mail).await {
            Ok(outcome) => group.settle(number, outcome),
            Err(no_connection) => {
                group.settle(number, no_connection);
                group.no_connection(no_connection);
                return;
            }
        }
        if patient && pool.urgent.load(Ordering::Acquire) > 0 {
            pool.lock().extend(session.take());
            drop(place);
            match pool.place(lane).await {
                Ok(next) => place = next,
                Err(_) => return,
            }
            session = pool.take().await;
        }
    }
    if let Some(session) = session {
        pool.lock().push(session);
    }
}

/// Sends one mail, opening a connection if there is none. The error is the reason why there is still none.
async fn send_one(pool: &Pool, session: &mut Option<Session>, mail: &Outgoing) -> Result<Delivery, Delivery> {
    loop {
        let mut open = match session.take() {
            Some(open) => open,
            None => pool.open().await?,
        };
        let was_used = open.is_used();
        let (outcome, fate) = open.deliver(mail).await;
        if was_used && may_be_stale(&outcome) {
            // Nothing of the mail has left: ask again where no other mail's reply can be in the way.
            continue;
        }
        if fate == Fate::Keep {
            *session = Some(open);
        }
        return Ok(outcome);
    }
}

/// Whether this outcome on a connection that was used before may be owed to the mail before, or to a server that
/// had enough of the connection, rather than to this mail.
fn may_be_stale(outcome: &Delivery) -> bool {
    let (Delivery::Deferred(trouble) | Delivery::OurFault(trouble) | Delivery::Rejected(trouble)) = outcome
    else {
        return false;
    };
    let Trouble { phase, kind, .. } = trouble;
    matches!(phase, Phase::Mail | Phase::Data)
        && matches!(kind, TroubleKind::Disconnected | TroubleKind::Protocol | TroubleKind::Reply)
}
