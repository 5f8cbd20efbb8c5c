//! A decision counts whole or not at all; what is sealed opens in its place alone.

use super::*;
use crate::code::PurposeId;
use crate::job::Concerns;
use crate::model::{Consent, ConsentState, IdentityValue};
use crate::policy::file::{PolicyFile, load};
use crate::protection::{DataKey, LinkKind, Place, RootKeys};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Numbers that follow from a seed: enough randomness for a test, and the same at every run.
struct Numbers(u64);

impl rand_core::TryRng for Numbers {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|n| (n >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(self.0 ^ (self.0 >> 29))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in dst.chunks_mut(8) {
            let bytes = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Numbers {}

/// Does everything a job can do, and then what it is told.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Busy {
    end: String,
}

impl Job for Busy {
    const KIND: &'static str = "test.busy.v1";

    fn concerns(&self) -> Concerns<'_> {
        Concerns::Known(SubjectId(Uuid::nil()))
    }

    fn decide(&self, subject: &mut Subject, cx: &mut Decision<'_>) -> Result<(), Refusal> {
        let purpose = PurposeId::new("newsletter").expect("a name");
        let consent = Consent { state: ConsentState::Granted, ..Consent::none(cx.now()) };
        subject.consents.insert(purpose.clone(), consent);
        cx.count("test", b"x", Span::hours(1), 2)?;
        cx.record(&Act::ConsentExpired { purpose });
        cx.later(cx.now(), &Self { end: "well".into() });
        cx.mail(BlindIndex([1; 32]), None, Mail::ConfirmConsent { request: Uuid::nil() });
        match self.end.as_str() {
            "well" => Ok(()),
            "refused" => Err(Refusal::invalid("data.end", "must be well")),
            _ => panic!("a bug in a job"),
        }
    }
}

struct World {
    policy: Policy,
    vault: Vault,
    rng: Numbers,
    now: Timestamp,
}

fn world() -> World {
    let text = include_str!("../../config/policy/example.toml").to_owned();
    let types: Vec<&str> = crate::registry::public_names().collect();
    let files = [PolicyFile { name: "example.toml".into(), text }];
    let policy = load(&files, &|_| Err("no documents".into()), &types).expect("the example holds").policy;
    let mut rng = Numbers(7);
    let mut key = || DataKey::generate(&mut rng);
    let vault = Vault::new(key(), RootKeys { index: key(), link: key(), mac: key() });
    World { policy, vault, rng, now: Timestamp::parse_rfc3339("2026-11-22T09:00:00Z").expect("a time") }
}

impl World {
    fn subject(&mut self) -> Subject {
        let mut subject = Subject::new(self.now, &self.vault, &mut self.rng);
        subject.version = 1;
        subject
    }

    fn decide(&mut self, end: &str, subject: &mut Subject, out: &mut Effects) -> Result<(), Refusal> {
        let message = MessageContext {
            source: "shop".into(),
            id: "m-1".into(),
            reply_to: None,
            message: "m".into(),
            time: self.now,
            lane: Lane::Request,
            trace: Trace::default(),
        };
        let (counters, claimed) = (HashMap::new(), HashMap::new());
        let hex = self.policy.hash_hex();
        let around = Surroundings {
            now: self.now,
            policy: &self.policy,
            policy_hex: &hex,
            vault: &self.vault,
            counters: &counters,
            claimed: &claimed,
        };
        decide(&Busy { end: end.into() }, &message, around, &mut self.rng, subject, out)
    }
}

fn sizes(out: &Effects) -> (usize, usize, usize, u32) {
    (out.audit.len(), out.mails.len(), out.follow_ups.len(), out.uses.values().map(|u| u.added).sum())
}

#[test]
fn a_refusal_and_a_panic_leave_nothing_behind() {
    let mut world = world();
    let mut subject = world.subject();
    let mut out = Effects::default();
    world.decide("well", &mut subject, &mut out).expect("it is decided");
    assert_eq!(sizes(&out), (1, 1, 1, 1));
    let before = subject.clone();
    assert_eq!(before.version, 2);
    for (end, code) in [("refused", RefusalCode::InvalidField), ("panic", RefusalCode::InternalError)] {
        let refusal = world.decide(end, &mut subject, &mut out).expect_err("it ends badly");
        assert_eq!(refusal.code, code);
        assert!(!refusal.detail.contains("a bug"), "what a panic says is not for senders");
        assert_eq!(subject, before);
        assert_eq!(sizes(&out), (1, 1, 1, 1));
    }
    world.decide("well", &mut subject, &mut out).expect("the one after it is decided");
    assert_eq!(sizes(&out), (2, 2, 2, 2));
}

#[test]
fn a_limit_holds_within_a_batch() {
    let mut world = world();
    let mut subject = world.subject();
    let mut out = Effects::default();
    for _ in 0..2 {
        world.decide("well", &mut subject, &mut out).expect("below the limit");
    }
    let refusal = world.decide("well", &mut subject, &mut out).expect_err("at the limit");
    assert_eq!(refusal.code, RefusalCode::LimitReached);
}

#[test]
fn every_event_of_the_trail_proves_itself() {
    let mut world = world();
    let mut subject = world.subject();
    let mut out = Effects::default();
    world.decide("well", &mut subject, &mut out).expect("it is decided");
    let event = &out.audit[0];
    assert_eq!(crate::audit::leaf(&event.salt, &event.detail), event.leaf);
    let value: serde_json::Value = serde_json::from_str(&event.detail).expect("JSON");
    assert_eq!(serde_json_canonicalizer::to_string(&value).expect("canonical"), event.detail, "RFC 8785");
    let changed = event.detail.replace("newsletter", "newslettes");
    assert_ne!(crate::audit::leaf(&event.salt, &changed), event.leaf);
}

#[test]
fn what_is_sealed_opens_in_its_place_alone() {
    let mut world = world();
    let key = DataKey::generate(&mut world.rng);
    let here = Place { table: "identity", column: "sealed", owner: Uuid::from_u128(1), key_version: 1 };
    let sealed = key.seal(here, b"ana@example.org", &mut world.rng);
    assert_eq!(key.open(here, &sealed).expect("it opens"), b"ana@example.org");
    for elsewhere in [
        Place { table: "subject_field", ..here },
        Place { column: "other", ..here },
        Place { owner: Uuid::from_u128(2), ..here },
        Place { key_version: 2, ..here },
    ] {
        assert!(key.open(elsewhere, &sealed).is_err());
    }
    let other = DataKey::generate(&mut world.rng);
    assert!(other.open(here, &sealed).is_err());
    assert!(!sealed.0.windows(3).any(|w| w == b"ana"));
    assert_ne!(key.seal(here, b"ana@example.org", &mut world.rng), sealed, "a fresh nonce each time");
}

#[test]
fn indexes_and_links_follow_from_keys() {
    let (one, mut other) = (world(), world());
    let ana = IdentityValue::email("ana@example.org").expect("an address");
    assert_eq!(one.vault.blind_index(&ana), other.vault.blind_index(&ana));
    let mut key = || DataKey::generate(&mut other.rng);
    let stranger = Vault::new(key(), RootKeys { index: key(), link: key(), mac: key() });
    assert_ne!(one.vault.blind_index(&ana), stranger.blind_index(&ana));
    let id = Uuid::from_u128(7);
    let token = one.vault.link_token(LinkKind::Confirm, id, 0);
    assert_eq!(token.len(), 32, "160 bits in base32");
    assert!(token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    assert_ne!(token, one.vault.link_token(LinkKind::Confirm, id, 1), "a higher generation revokes it");
    assert_ne!(token, stranger.link_token(LinkKind::Confirm, id, 0));
}
