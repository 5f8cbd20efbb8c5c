//! Sends events and says of each what the broker did with it.
//!
//! Why so: an event counts as published when the broker has confirmed it and has not returned it; anything less is a
//! guess. A group is sent at once and its confirms awaited together. lapin hands a returned message to whichever
//! confirm comes next, which need not be its own when the broker confirms several at once; so returns are told apart by
//! `message_id`. Rule: in doubt `Failed`; the outbox sends it again under the same id, and the receiver knows it by
//! that. A group that a caller gives up leaves no half-used channel behind.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::backoff::Backoff;
use super::failure::{Failure, answered, short};
use super::supervisor::{Broker, Link};
use super::topology::declare_exchange;
use super::{Health, Trouble};
use crate::config::Amqp;

/// How often it is looked at whether the broker still takes messages while confirms are awaited.
const LOOK: Duration = Duration::from_millis(500);

/// What the publisher needs to know.
#[derive(Clone, Debug)]
pub struct PublisherSettings {
    /// Where the broker is.
    pub broker: Broker,
    /// The topic exchange that events go to; declared on connecting.
    pub events_exchange: String,
    /// How long sending a group and its confirms may take.
    pub confirm_timeout: Duration,
    /// For the random part of waits.
    pub jitter_seed: u64,
}

impl PublisherSettings {
    /// As configured, with thirty seconds for confirms.
    pub fn new(amqp: &Amqp, jitter_seed: u64) -> Self {
        Self {
            broker: Broker::new(amqp.url.clone(), amqp.heartbeat),
            events_exchange: amqp.events_exchange.clone(),
            confirm_timeout: Duration::from_secs(30),
            jitter_seed,
        }
    }
}

/// An event on its way out. Not printable, because of its body.
#[derive(Clone)]
pub struct OutgoingEvent {
    /// Its id, the same on every attempt.
    pub id: Uuid,
    /// Exchange; empty for the default one, which leads to the queue that the routing key names (replies).
    pub exchange: String,
    /// Routing key: the event's type, or the queue of a reply.
    pub routing_key: String,
    /// The envelope as structured JSON.
    pub body: Vec<u8>,
    /// Given back to whoever asked.
    pub correlation_id: Option<String>,
    /// The event's type.
    pub kind: String,
}

/// What the broker did with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is stored with every queue that wants it.
    Confirmed,
    /// No queue wants it: nothing is bound, or the queue of the reply is gone.
    Unroutable,
    /// Not known, or refused for the moment: send it again.
    Failed,
}

/// A connection for publishing, opened when it is first needed and again when it broke.
pub struct Publisher {
    settings: PublisherSettings,
    health: Arc<Health>,
    state: Mutex<State>,
}

struct State {
    link: Option<Link>,
    channel: Option<Channel>,
    backoff: Backoff,
    not_before: Option<Instant>,
}

impl Publisher {
    /// Makes a publisher; connects to nothing yet.
    pub fn new(settings: PublisherSettings, health: Arc<Health>) -> Self {
        let backoff = Backoff::new(settings.broker.pace, settings.jitter_seed);
        let state = Mutex::new(State { link: None, channel: None, backoff, not_before: None });
        Self { settings, health, state }
    }

    /// Whether events can be sent now; connects if need be. Asked before claiming from the outbox, it keeps a broker
    /// that is down from using up attempts.
    pub async fn ready(&self) -> bool {
        let mut state = self.state.lock().await;
        let channel = self.channel(&mut state).await;
        state.channel = channel;
        state.channel.is_some()
    }

    /// Sends the events in order and waits for the broker's word on each, for at most the time to connect and to
    /// confirm. Groups go one after another. While the broker is known to be away, everything fails at once.
    pub async fn publish(&self, events: Vec<OutgoingEvent>) -> Vec<(Uuid, Published)> {
        if events.is_empty() {
            return Vec::new();
        }
        let mut state = self.state.lock().await;
        // Taken out for the time of the group, so that a caller who gives up takes the channel along.
        let Some(channel) = self.channel(&mut state).await else {
            return events.iter().map(|event| (event.id, Published::Failed)).collect();
        };
        let group = self
            .watched(&state, send(&channel, events, Instant::now() + self.settings.confirm_timeout))
            .await;
        match group.broken {
            None => {
                state.channel = Some(channel);
                state.backoff.reset();
            }
            Some(failure) => {
                drop(channel);
                self.failed(&mut state, &failure);
            }
        }
        group.results
    }

    /// Sends a group, and notices meanwhile whether the broker still takes anything: it says so only after somebody has
    /// sent to it.
    async fn watched(&self, state: &State, sending: impl Future<Output = Group>) -> Group {
        let mut sending = std::pin::pin!(sending);
        loop {
            tokio::select! {
                group = &mut sending => return group,
                () = sleep(LOOK) => self.health.set_blocked(state.link.as_ref().is_some_and(Link::is_blocked)),
            }
        }
    }

    /// Closes the connection, for at most `limit`. The next event would open it again.
    pub async fn close(&self, limit: Duration) {
        let mut state = self.state.lock().await;
        state.channel = None;
        if let Some(link) = state.link.take() {
            link.close(limit).await;
        }
        self.health.set_closed();
    }

    /// A channel in confirm mode, taken out of the state.
    async fn channel(&self, state: &mut State) -> Option<Channel> {
        if let Some(link) = state.link.take_if(|link| !link.is_up()) {
            state.channel = None;
            drop(link);
            self.health.set_closed();
            self.health.trouble(Trouble::ConnectionLost, "");
        }
        let blocked = state.link.as_ref().is_some_and(Link::is_blocked);
        self.health.set_blocked(blocked);
        if blocked {
            return None;
        }
        if let Some(channel) = state.channel.take().filter(|channel| channel.status().connected()) {
            return Some(channel);
        }
        if state.not_before.is_some_and(|time| Instant::now() < time) {
            return None;
        }
        match self.open(state).await {
            Ok(channel) => {
                state.not_before = None;
                Some(channel)
            }
            Err(failure) => {
                self.failed(state, &failure);
                None
            }
        }
    }

    async fn open(&self, state: &mut State) -> Result<Channel, Failure> {
        let link = match state.link.take() {
            Some(link) => link,
            None => {
                let link = Link::open(&self.settings.broker, "rescind publisher").await?;
                self.health.set_connected();
                link
            }
        };
        let link = state.link.insert(link);
        let opening = async {
            let channel = link.channel().await?;
            declare_exchange(&channel, &self.settings.events_exchange).await?;
            answered(channel.confirm_select(ConfirmSelectOptions::default())).await?;
            Ok(channel)
        };
        tokio::select! {
            failure = link.lost() => Err(failure),
            opened = opening => opened,
        }
    }

    fn failed(&self, state: &mut State, failure: &Failure) {
        self.health.trouble(failure.trouble, &failure.detail);
        state.not_before = Some(Instant::now() + state.backoff.wait_after(failure.trouble));
        // A blocked connection writes nothing, not even a goodbye; it is kept until the alarm is over, or else every
        // attempt would leave one behind.
        let keep = state.link.as_ref().is_some_and(|link| {
            link.is_up() && (link.is_blocked() || failure.trouble == Trouble::ChannelClosed)
        });
        if !keep {
            state.link = None;
            self.health.set_closed();
        }
    }
}

/// What became of a group, and why its channel is of no further use, if so.
struct Group {
    results: Vec<(Uuid, Published)>,
    broken: Option<Failure>,
}

async fn send(channel: &Channel, events: Vec<OutgoingEvent>, deadline: Instant) -> Group {
    let mut results = Vec::with_capacity(events.len());
    let mut awaited: Vec<(Uuid, PublisherConfirm)> = Vec::with_capacity(events.len());
    let mut broken = None;
    for event in events {
        if broken.is_some() {
            results.push((event.id, Published::Failed));
            continue;
        }
        // No queue and no exchange can have a name that AMQP cannot carry.
        let (Ok(exchange), Ok(routing_key)) = (short(&event.exchange), short(&event.routing_key)) else {
            results.push((event.id, Published::Unroutable));
            continue;
        };
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let sending = channel.basic_publish(exchange, routing_key, options, &event.body, properties(&event));
        match timeout_at(deadline, sending).await {
            Ok(Ok(confirm)) => awaited.push((event.id, confirm)),
            Ok(Err(error)) => {
                broken = Some(Failure::of(&error));
                results.push((event.id, Published::Failed));
            }
            Err(_) => {
                broken = Some(Failure::new(Trouble::Timeout, "sending events"));
                results.push((event.id, Published::Failed));
            }
        }
    }

    let mut returned = HashSet::new();
    let mut settled = Vec::with_capacity(awaited.len());
    for (id, confirm) in awaited {
        let (acknowledged, message) = match timeout_at(deadline, confirm).await {
            Ok(Ok(Confirmation::Ack(message))) => (true, message),
            Ok(Ok(Confirmation::Nack(message))) => (false, message),
            Ok(Ok(Confirmation::NotRequested)) => {
                broken.get_or_insert_with(|| Failure::new(Trouble::NotConfirmed, "confirms are off"));
                (false, None)
            }
            Ok(Err(error)) => {
                broken.get_or_insert_with(|| Failure::of(&error));
                (false, None)
            }
            Err(_) => {
                broken.get_or_insert_with(|| Failure::new(Trouble::Timeout, "waiting for confirms"));
                (false, None)
            }
        };
        settled.push((id, acknowledged));
        let id_of_returned = message
            .and_then(|m| m.delivery.properties.message_id().as_ref().map(|id| id.as_str().parse::<Uuid>()));
        if let Some(Ok(id)) = id_of_returned {
            returned.insert(id);
        }
    }
    results.extend(settled.into_iter().map(|(id, acknowledged)| {
        let published = match (returned.contains(&id), acknowledged) {
            (true, _) => Published::Unroutable,
            (false, true) => Published::Confirmed,
            (false, false) => Published::Failed,
        };
        (id, published)
    }));
    Group { results, broken }
}

fn properties(event: &OutgoingEvent) -> BasicProperties {
    // What cannot be carried as a property still stands in the body.
    let fits = |text: &str| ShortString::try_new(text).ok();
    let mut properties = BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_message_id(event.id.to_string().into())
        .with_delivery_mode(2);
    if let Some(kind) = fits(&event.kind) {
        properties = properties.with_type(kind);
    }
    if let Some(correlation_id) = event.correlation_id.as_deref().and_then(fits) {
        properties = properties.with_correlation_id(correlation_id);
    }
    properties
}
