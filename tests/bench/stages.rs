//! Each stage of a message alone, on one core where it has no I/O.

use crate::cpu::Tree;
use crate::database::RunDatabase;
use crate::in_process::{BATCH, Rig, bodies};
use crate::place::Place;
use crate::report::{Figures, short, table};
use crate::sink::Sink;
use rescind_jobs::decision::{MessageContext, Surroundings, decide};
use rescind_jobs::effects::{Effects, Lane, Trace};
use rescind_jobs::envelope::Envelope;
use rescind_jobs::model::Subject;
use rescind_jobs::registry;
use rescind_worker::app::renderer;
use rescind_worker::config::{Config, Transport as Chosen};
use rescind_worker::mail::compose::{Composition, Party, message_id};
use rescind_worker::mail::transport::{Delivery, Outgoing, Transport};
use rescind_worker::render::{ConfirmConsent, ControllerBlock, RenderedMail, Renderer};
use rescind_worker::store::save::{self, Change};
use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

const STAGES: [&str; 8] = [
    "decode: the envelope and its data",
    "decide: a subject, its keys, one request",
    "seal: one address",
    "open: one address",
    "render: subject, text and HTML",
    "compose: the mail",
    "save: the rows of a decision, 256 a transaction",
    "send: pipelined, 8 connections, 64 mails a group",
];

/// Microseconds: by the clock, of our own CPU, of the database's or the relay's.
type Cost = [f64; 3];

/// Runs every stage, several times over.
pub(crate) async fn run(place: &Place) {
    let count = place.scaled(20_000);
    let mut all: Vec<[Figures; 3]> = STAGES.iter().map(|_| Default::default()).collect();
    for _ in 0..place.rounds {
        let costs = once(place, count).await;
        for (figures, cost) in all.iter_mut().zip(costs) {
            for (figures, figure) in figures.iter_mut().zip(cost) {
                figures.push(figure);
            }
        }
    }
    let row = |(stage, figures): (&&str, &[Figures; 3])| {
        let a_second = 1e6 / figures[0].median();
        let other = figures[2].median();
        vec![
            (*stage).to_owned(),
            figures[0].range(),
            short(a_second),
            short(figures[1].median()),
            if other > 0.0 { short(other) } else { short(f64::NAN) },
        ]
    };
    let rows: Vec<_> = STAGES.iter().zip(&all).map(row).collect();
    let head = ["stage", "µs each", "each second", "CPU µs: own", "database or sink"];
    table("Stages alone", &head, &rows);
}

async fn once(place: &Place, count: usize) -> Vec<Cost> {
    let database = RunDatabase::new(place).await;
    let rig = Rig::open(&database.url).await;
    let mut costs = Vec::new();
    let bodies = bodies(0, count);
    costs.push(alone(count, || {
        for body in &bodies {
            let envelope = Envelope::parse(body).expect("an envelope");
            black_box(registry::kind(&envelope.kind).expect("a type").parse(&envelope.data).expect("data"));
        }
    }));
    let (mut effects, mut subjects) = (Effects::default(), Vec::with_capacity(count));
    costs.push(decisions(&rig, &bodies, &mut effects, &mut subjects));
    let (sealing, opening) = seals(&rig, &subjects);
    costs.extend([sealing, opening]);
    let (rendering, composing, letters) = letters(&rig, &effects, count);
    costs.extend([rendering, composing]);
    costs.push(saving(place, &rig, &subjects, effects, count).await);
    costs.push(sending(letters).await);
    rig.close().await;
    database.drop().await;
    costs
}

/// What something without I/O costs.
fn alone(count: usize, work: impl FnOnce()) -> Cost {
    let me = Tree::of(std::process::id());
    let (begin, cpu) = (Instant::now(), me.cpu());
    work();
    let each = 1e6 / count as f64;
    [begin.elapsed().as_secs_f64() * each, (me.cpu() - cpu) * each, 0.0]
}

fn decisions(rig: &Rig, bodies: &[Vec<u8>], effects: &mut Effects, subjects: &mut Vec<Subject>) -> Cost {
    let jobs: Vec<_> = bodies
        .iter()
        .map(|body| {
            let envelope = Envelope::parse(body).expect("an envelope");
            let job = registry::kind(&envelope.kind).expect("a type").parse(&envelope.data).expect("data");
            let message = MessageContext {
                source: "broker/shop".to_owned(),
                message: envelope.id.clone(),
                id: envelope.id,
                reply_to: None,
                time: envelope.time,
                trace: Trace::default(),
                lane: Lane::Request,
            };
            (job, message)
        })
        .collect();
    let policy_hex = rig.opened.policy.hash_hex();
    let (counters, claimed) = (HashMap::new(), HashMap::new());
    let mut rng = rig.opened.randomness.generator().expect("randomness");
    alone(jobs.len(), || {
        for (job, message) in &jobs {
            let around = Surroundings {
                now: rig.opened.clock.now(),
                policy: &rig.opened.policy,
                policy_hex: &policy_hex,
                vault: &rig.opened.vault,
                counters: &counters,
                claimed: &claimed,
            };
            let mut subject = Subject::new(around.now, around.vault, &mut rng);
            decide(&**job, message, around, &mut rng, &mut subject, effects).expect("it is decided");
            subjects.push(subject);
        }
    })
}

fn seals(rig: &Rig, subjects: &[Subject]) -> (Cost, Cost) {
    let mut rng = rig.opened.randomness.generator().expect("randomness");
    let vault = &rig.opened.vault;
    let keys: Vec<_> = subjects.iter().map(|s| s.contact_key(vault).expect("a key")).collect();
    let mut sealed = Vec::with_capacity(subjects.len());
    let sealing = alone(subjects.len(), || {
        for (subject, key) in subjects.iter().zip(&keys) {
            sealed.push(key.seal(subject.place("identity", "sealed"), b"subject12345@example.org", &mut rng));
        }
    });
    let opening = alone(subjects.len(), || {
        for ((subject, key), sealed) in subjects.iter().zip(&keys).zip(&sealed) {
            black_box(key.open_text(subject.place("identity", "sealed"), sealed).expect("it opens"));
        }
    });
    (sealing, opening)
}

fn parameters() -> ConfirmConsent {
    ConfirmConsent {
        controller: ControllerBlock {
            name: "Example Shop GmbH".to_owned(),
            address: "Example Street 1\n10115 Berlin".to_owned(),
            email: "privacy@example.org".to_owned(),
            phone: None,
            privacy_url: Some("https://www.example.org/privacy".to_owned()),
        },
        recipient_name: None,
        purpose_title: "Newsletter".to_owned(),
        content_title: "Newsletter by email".to_owned(),
        content_text:
            "I agree that Example Shop GmbH sends me its newsletter by email: about once a month, with news \
                       about its products, offers and events.\n\nI can withdraw my consent at any time."
                .to_owned(),
        content_version: "1".to_owned(),
        confirm_url: "http://127.0.0.1:8080/c/mfrggzdfmztwq2lknnwg23tpobyxe43u".to_owned(),
        requested_at: "22 November 2026".to_owned(),
        expires_at: "29 November 2026".to_owned(),
        document_attached: false,
    }
}

fn rendered(renderer: &Renderer, parameters: &ConfirmConsent) -> RenderedMail {
    renderer.mail(parameters, "en").expect("the template renders")
}

fn letters(rig: &Rig, effects: &Effects, count: usize) -> (Cost, Cost, Vec<Outgoing>) {
    let renderer = renderer(&rig.opened.config).expect("templates");
    let parameters = parameters();
    let rendering = alone(count, || {
        for _ in 0..count {
            black_box(rendered(&renderer, black_box(&parameters)));
        }
    });
    let mail = rendered(&renderer, &parameters);
    let mut letters = Vec::with_capacity(count);
    let composing = alone(count, || {
        for (number, order) in effects.mails.iter().enumerate() {
            let (message_id, to) =
                (message_id(order.id, "example.org"), format!("subject{number}@example.org"));
            let party = |address| Party { name: None, address };
            let bytes = Composition {
                message_id: &message_id,
                from: party("consent@example.org"),
                reply_to: None,
                to: party(&to),
                subject: &mail.subject,
                text: &mail.text,
                html: &mail.html,
                date: order.due_at.to_chrono(),
                attachments: &[],
                headers: &[],
            }
            .compose()
            .expect("a mail");
            letters.push(Outgoing {
                id: order.id,
                message_id,
                from: "consent@example.org".to_owned(),
                to,
                bytes,
            });
        }
    });
    (rendering, composing, letters)
}

async fn saving(place: &Place, rig: &Rig, subjects: &[Subject], mut effects: Effects, count: usize) -> Cost {
    let share = |all: usize| all.div_ceil(count.div_ceil(BATCH));
    let (audit, follow_ups) = (share(effects.audit.len()), share(effects.follow_ups.len()));
    let me = Tree::of(std::process::id());
    let (begin, own, other) = (Instant::now(), me.cpu(), place.postgres_tree.cpu());
    for batch in subjects.chunks(BATCH) {
        let take = |n: usize, len: usize| n.min(len);
        let mut part = Effects::default();
        part.audit = effects.audit.drain(..take(audit, effects.audit.len())).collect();
        part.mails = effects.mails.drain(..take(batch.len(), effects.mails.len())).collect();
        part.follow_ups = effects.follow_ups.drain(..take(follow_ups, effects.follow_ups.len())).collect();
        part.uses = effects.uses.extract_if(|_, _| true).take(batch.len()).collect();
        let changes: Vec<_> = batch.iter().map(|after| Change { before: None, after }).collect();
        let mut tx = rig.engine.pool().begin().await.expect("a transaction");
        save::subjects(&mut tx, &changes, &HashMap::new()).await.expect("subjects are saved");
        let now = rig.engine.clock().now();
        save::effects(&mut tx, &part, now).await.expect("effects are saved");
        tx.commit().await.expect("a commit");
    }
    let each = 1e6 / count as f64;
    let own = me.cpu() - own;
    [begin.elapsed().as_secs_f64() * each, own * each, (place.postgres_tree.cpu() - other) * each]
}

async fn sending(letters: Vec<Outgoing>) -> Cost {
    let sink = Sink::start().await;
    let settings = [
        ("RESCIND_MAIL__TRANSPORT".to_owned(), "smtp".to_owned()),
        ("RESCIND_MAIL__SMTP__URL".to_owned(), format!("smtp://127.0.0.1:{}?tls=none", sink.port)),
    ];
    let config = Config::load(None, settings.into_iter()).unwrap_or_else(|e| panic!("configuration:\n{e}"));
    assert!(matches!(config.mail.transport, Chosen::Smtp(_)));
    let transport = Transport::open(&config.mail.transport).expect("a transport");
    let group = config.mail.group_size;
    let count = letters.len();
    let me = Tree::of(std::process::id());
    let of_sink = sink.tree();
    let mut letters = letters.into_iter().peekable();
    // what this process costs includes the sink, which it has started
    let (begin, both, other) = (Instant::now(), me.cpu(), of_sink.cpu());
    while letters.peek().is_some() {
        let deliveries = transport.send(letters.by_ref().take(group).collect(), Lane::Request).await;
        assert!(deliveries.iter().all(|(_, d)| matches!(d, Delivery::Sent)), "the relay takes mail");
    }
    let seconds = begin.elapsed().as_secs_f64();
    let (both, other) = (me.cpu() - both, of_sink.cpu() - other);
    transport.close().await;
    let each = 1e6 / count as f64;
    [seconds * each, (both - other) * each, other * each]
}
